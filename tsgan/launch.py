"""What torchrun, or another launcher, tells each of the processes that it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tsgan.errors import ConfigError

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Launch:
    """The place of this process among those that were started together.

    Attributes:
        rank: its number, from 0; ranks: of all of them, two or more.
        local_rank: its number on this machine; local_ranks: of those on this machine.
    """

    rank: int
    ranks: int
    local_rank: int
    local_ranks: int

    @property
    def command(self) -> str:
        """Return the command that starts as many, as far as it is known here."""
        nodes = self.ranks // self.local_ranks
        several = f" --nnodes={nodes}" if nodes > 1 else ""
        more = " …" if nodes > 1 else ""
        return f"torchrun{several} --nproc-per-node={self.local_ranks}{more} -m tsgan"


def launched(told: Mapping[str, str] | None = None) -> Launch | None:
    """Return the place of this process, None if it was started alone.

    Args:
        told: default: the environment.

    Raises:
        ConfigError: if the place is none.
    """
    told = os.environ if told is None else told
    if any(name not in told for name in NEEDED):
        return None
    rank, ranks = _number(told, "RANK"), _number(told, "WORLD_SIZE")
    if rank >= ranks:
        raise ConfigError(
            f"environment: expected RANK below WORLD_SIZE, got {rank} and {ranks}; start with "
            "torchrun, or without these variables"
        )
    if ranks == 1:
        return None
    local = {"LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": ranks}
    local_rank, local_ranks = (
        _number(told, name) if name in told else number for name, number in local.items()
    )
    return Launch(rank, ranks, local_rank, max(local_ranks, 1))


def _number(told: Mapping[str, str], name: str) -> int:
    text = told[name]
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(
            f"environment: expected a whole number in {name}, got {text!r}; start with torchrun, "
            "or without this variable"
        )
    return int(text)
