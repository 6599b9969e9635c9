"""How far a pair of networks has grown at each point of a run."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tsgan.images.config import SIZE

SIDES = (SIZE // 4, SIZE // 2, SIZE)
"""Pixels of a side in each stage."""

FADES = ((0.10, 0.20), (0.30, 0.40))
"""From which to which part of the run the second and the third stage fade in."""


class Stage(NamedTuple):
    """How far a network has grown.

    Attributes:
        level: place in ``SIDES`` of the resolution that is reached.
        alpha: share of its newest layer, in [0, 1].
    """

    level: int
    alpha: float

    @property
    def fading(self) -> bool:
        """Return whether the stage before still has a share."""
        return self.alpha < 1


def stage_at(fraction: float) -> Stage:
    """Return the stage after ``fraction`` of the run."""
    level, alpha = 0, 1.0
    for place, (first, last) in enumerate(FADES, start=1):
        if fraction >= first:
            level, alpha = place, min((fraction - first) / (last - first), 1.0)
    return Stage(level, alpha)


class Growing(nn.Module):
    """Keeps how much of the run is done, a float32 buffer of ()."""

    done: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("done", torch.zeros(()))

    @property
    def stage(self) -> Stage:
        """Return how far it has grown."""
        return stage_at(self.done.item())
