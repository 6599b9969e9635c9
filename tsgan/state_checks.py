"""Whether a training state that anybody may have written is one of these networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

HISTORY, SCALE = "history.", "scale"
GROWING = (HISTORY, "frames.")
"""Begin the names of what gets longer in the course of a run."""

SLOTS = frozenset(
    ("step", "exp_avg", "exp_avg_sq", "square_avg", "momentum_buffer", "grad_avg", "max_exp_avg_sq")
)
"""What torch's optimisers remember of a weight."""

LARGEST_NUMBER = 2.0**53


def demand_state(
    tensors: Mapping[str, Tensor],
    numbers: Mapping[str, Any],
    own: tuple[Mapping[str, Tensor], Mapping[str, Any]],
    moved: Mapping[str, Sequence[nn.Parameter]],
) -> None:
    """Raise ValueError for tensors or numbers that no run of the same networks writes.

    What is missing is left to whoever takes it.

    Args:
        tensors, numbers: given.
        own: those of a run of the same settings, at its beginning.
        moved: weights of each descent, by what its tensors' names begin with.
    """
    for name, tensor in tensors.items():
        descent = next((begin for begin in moved if name.startswith(begin)), None)
        if descent is not None:
            fits = _is_slot(name.removeprefix(descent), tensor, moved[descent])
        elif name not in own[0]:
            fits = False
        elif name.startswith(GROWING):
            mine = own[0][name]
            fits = (tensor.dtype, tensor.ndim) == (mine.dtype, mine.ndim)
            fits = fits and tensor.shape[1:] == mine.shape[1:]
        else:
            fits = tensor.dtype == own[0][name].dtype and tensor.shape == own[0][name].shape
        if not fits or (tensor.is_floating_point() and not bool(tensor.isfinite().all())):
            raise ValueError(f"{name[:60]}: {tensor.dtype} {tuple(tensor.shape)}")
    if len({len(tensor) for name, tensor in tensors.items() if name.startswith(HISTORY)}) > 1:
        raise ValueError("histories of several lengths")
    for name, value in own[1].items():
        given = numbers.get(name, value)
        if type(value) in (int, float) and not _is_number(given):
            raise ValueError(f"{name}: {str(given)[:40]}")


def _is_slot(name: str, tensor: Tensor, weights: Sequence[nn.Parameter]) -> bool:
    """Return whether ``index.slot`` is what an optimiser remembers of its weight."""
    if name == SCALE:
        return tensor.shape == (2,)
    index, _, slot = name.partition(".")
    known = index.isascii() and index.isdigit() and len(index) < 7 and int(index) < len(weights)
    if not known or slot not in SLOTS or tensor.dtype != torch.float32:
        return False
    return tensor.ndim == 0 if slot == "step" else tensor.shape == weights[int(index)].shape


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= LARGEST_NUMBER  # type: ignore[operator]
