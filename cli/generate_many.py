"""``tsgan generate --engine``: a folder of scenario files, written by many processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from tsgan.cli.progress import progress_bar
from tsgan.errors import ConfigError

if TYPE_CHECKING:
    from tsgan.engines import Engine
    from tsgan.production import Production
    from tsgan.scenario_requests import WriteRequest


def folder_of(out: str, default: str, others: Mapping[str, object]) -> str:
    """Return the folder to write, with a slash at its end.

    Args:
        out: as it was given; ``default`` if it was not.
        others: by option, what was given of those that a folder by many processes cannot have.

    Raises:
        ConfigError: if one of them was given.
    """
    for name, value in others.items():
        if value:
            raise ConfigError(
                f"{name}: expected none beside --engine, which writes a folder of Parquet files, "
                "each by one process; leave out one of the two"
            )
    folder = default.rpartition(".")[0] if out == default else out
    return folder.rstrip("/") + "/"


def write_by_many(
    folder: str, production: Production, request: WriteRequest, engine: Engine
) -> None:
    """Write the folder; say by whom before, and what is there after."""
    from tsgan.engines import opened
    from tsgan.partitions import write_partitions

    paths, steps = request.paths, request.horizon
    files = -(-paths // request.file_paths)
    with opened(engine) as workers:
        each = "1 path" if request.file_paths == 1 else f"{request.file_paths:,} paths"
        typer.echo(
            f"Writing {files:,} {'file' if files == 1 else 'files'} of {each} to {folder}, a file "
            f"at a time by each of {workers.described}."
        )
        if files < workers.count:
            typer.echo(
                f"  {workers.count - files:,} of {workers.count:,} have nothing to do; smaller "
                "files, --partition PATHS, give work to more."
            )
        with progress_bar(f"writing {paths:,} paths of {steps:,} steps", paths) as advance:
            written = write_partitions(folder, production.groups, request, workers, advance)
    kept = f", {written.reused:,} of which were there" if written.reused else ""
    if written.lost:
        typer.echo(
            f"  {written.lost:,} of the processes {'was' if written.lost == 1 else 'were'} lost in "
            "the middle, for want of memory perhaps; others wrote their files anew, the same bytes."
        )
    typer.echo(
        f"Wrote {'1 path' if paths == 1 else f'{paths:,} paths'} of {steps:,} steps to {folder} "
        f"(seed {production.request.seed}){kept}."
    )
