"""Windows of a scaled series, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def windows_at(series: Tensor, first: Tensor, length: int, bounds: Tensor | None = None) -> Tensor:
    """Cut windows that begin at ``first``, (count,), and go round: after the last step, the first.

    Going round (Politis & Romano 1992) gives every return the same weight; without it the ends of a
    series would hardly be seen by long windows.

    Args:
        series: (n, assets).
        first: indices in [0, n).
        length: at most n.
        bounds: (stretches + 1,) where the stretches of the series begin and end, 0, …, n: a window
            stays in its own and goes round in it. Without, all is one stretch.

    Returns:
        (count, assets, length).
    """
    begin, size = torch.zeros_like(first), torch.full_like(first, series.shape[0])
    if bounds is not None:
        own = torch.searchsorted(bounds, first, right=True) - 1
        begin, size = bounds[own], bounds[own + 1] - bounds[own]
    along = first[:, None] - begin[:, None] + torch.arange(length, device=first.device)
    index = begin[:, None] + along % size[:, None]
    return series[index].transpose(1, 2)


def first_steps(bounds: Tensor, length: int, *, round: bool) -> Tensor:
    """Return where windows of ``length`` may begin: in stretches that are as long, in order.

    Args:
        bounds: (stretches + 1,) as in ``windows_at``.
        length: steps of a window.
        round: they go round; else they end before their stretch does.
    """
    sizes = torch.diff(bounds)
    room = torch.where(sizes >= length, sizes if round else sizes - length + 1, 0)
    pairs = zip(bounds.tolist(), room.tolist(), strict=False)  # a bound more than stretches
    parts = [torch.arange(count) + begin for begin, count in pairs]
    return torch.cat(parts)


def sliding_windows(series: Tensor, length: int) -> Tensor:
    """Return all windows of the series that do not go round: (n − length + 1, assets, length)."""
    return series.unfold(0, length, 1)
