"""Where tensors live, and how many threads a network of this size is worth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tsgan.errors import ConfigError


def resolve_device(name: str) -> torch.device:
    """Return the device called ``auto``, ``cpu``, ``cuda`` or ``mps``.

    ``auto`` takes CUDA where there is one and the CPU otherwise; MPS is taken when asked for.

    Raises:
        ConfigError: if this machine, or this build of torch, has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name not in there:
        raise ConfigError(f"device: expected auto, cpu, cuda or mps, got {name!r}")
    if not there[name]:
        raise ConfigError(
            f"device: expected one that is here, got {name!r}, which torch {torch.__version__} "
            "does not find on this machine; use --device cpu"
        )
    return torch.device(name)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use ``count`` threads within the block, at most as many as there are processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(count, os.cpu_count() or 1)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
