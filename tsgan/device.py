"""Where tensors live, in which precision they are multiplied, and by how many threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Precision:
    """In which precision the forward passes of training are computed on a kind of device.

    Weights, their steps, losses and the gradient penalty are in float32 always.
    """

    device: str = "cpu"
    dtype: torch.dtype = torch.float32

    @property
    def scales_loss(self) -> bool:
        """Return whether gradients would vanish unless the loss is scaled up: in float16."""
        return self.dtype == torch.float16

    def forward(self) -> AbstractContextManager[object]:
        """Return the context in which a forward pass runs."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device, self.dtype)


def resolve_precision(name: str, device: torch.device) -> Precision:
    """Return the precision called ``auto``, ``float32``, ``bfloat16`` or ``float16`` on ``device``.

    ``auto`` is bfloat16 on CUDA, float16 where the card has none, and float32 elsewhere.

    Raises:
        ConfigError: for a lower precision than float32 on MPS, which has not been tried.
    """
    if name == "auto":
        name = "float32"
        if device.type == "cuda":
            name = (
                "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
            )
    if device.type == "mps" and name != "float32":
        raise ConfigError(f"precision: expected float32 on mps, got {name!r}")
    return Precision(device.type, getattr(torch, name))


@contextmanager
def ieee_float32() -> Iterator[None]:
    """Let float32 on CUDA be float32 within the block, not TF32.

    Ten bits are too few for the penalty, and a run on a GPU would differ from one on a CPU by more
    than rounding; what is meant to be quick is in bfloat16.
    """
    backends: list[Any] = []
    if torch.cuda.is_available():
        backends = [torch.backends.cuda.matmul, torch.backends.cudnn]
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = False
    try:
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use ``count`` threads within the block, at most as many as there are processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(count, os.cpu_count() or 1)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
