"""Windows of a scaled series, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def windows_at(series: Tensor, first: Tensor, length: int) -> Tensor:
    """Cut windows that begin at ``first``, (count,), and go round: after the last step, the first.

    Going round (Politis & Romano 1992) gives every return the same weight; without it the ends of a
    series would hardly be seen by long windows.

    Args:
        series: (n, assets).
        first: indices in [0, n).
        length: at most n.

    Returns:
        (count, assets, length).
    """
    index = (first[:, None] + torch.arange(length, device=first.device)) % series.shape[0]
    return series[index].transpose(1, 2)


def sliding_windows(series: Tensor, length: int) -> Tensor:
    """Return all windows of the series that do not go round: (n − length + 1, assets, length)."""
    return series.unfold(0, length, 1)
