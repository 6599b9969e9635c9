"""Options of the commands that let many processes work."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.errors import ConfigError

if TYPE_CHECKING:
    from tsgan.engines import Engine

PANEL = "Many processes"


class EngineName(StrEnum):
    """What does tasks."""

    local = "local"
    ray = "ray"


EngineOption = Annotated[
    EngineName | None,
    typer.Option(
        "--engine",
        help="Work on processes of this machine, or on a Ray cluster (pip install 'tsgan[ray]').",
        rich_help_panel=PANEL,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Tasks at a time; default: one for each processor.",
        rich_help_panel=PANEL,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT|auto",
        help="Ray cluster to use; auto: the one that this machine belongs to; default: that in "
        "RAY_ADDRESS, or else one that is begun on this machine.",
        rich_help_panel=PANEL,
    ),
]


def engine_of(name: EngineName | None, workers: int | None, address: str | None) -> Engine | None:
    """Return what was asked for, None where nothing was.

    Raises:
        ConfigError: of ``--workers`` or ``--address`` without an engine that takes it.
    """
    if name is None:
        for option, value in (("--workers", workers), ("--address", address)):
            if value is not None:
                raise ConfigError(
                    f"{option}: expected --engine local or --engine ray beside it, got neither; "
                    "name one, or leave it out"
                )
        return None
    from tsgan.engines import Engine

    return Engine(name.value, workers, address)
