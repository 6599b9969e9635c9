"""Slow noise of many particles, step by step; see ``tsgan.slow_noise`` for all steps at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan.slow_noise import GRID, grid_points


class SlowTracks:
    """Straight lines between points of a grid, the next of which is drawn once it is needed.

    Args:
        time_constants: of each channel, in steps; none is fine.
        memory: steps that ``white`` looks back.
        particles: how many.
        stream: of the points.
        phase: steps from the first step to the first point of the grid, 0 to GRID − 1.
    """

    def __init__(
        self,
        time_constants: Sequence[float],
        memory: int,
        particles: int,
        stream: np.random.Generator,
        phase: int = 0,
    ) -> None:
        self._stream = stream
        constants = np.array(time_constants, dtype=np.float64)
        self._keep = np.exp(-GRID / constants).astype(np.float32)
        self._news = np.sqrt(1 - np.exp(-2 * GRID / constants)).astype(np.float32)
        self._points = torch.zeros(grid_points(memory), particles, len(time_constants))
        self._points[-1] = self._drawn()
        self._place = GRID
        if phase:
            self._append()
            self._place = GRID - phase

    def step(self) -> Tensor:
        """Return the slow noise of the next step: (particles, channels)."""
        if self._place == GRID:
            self._append()
        before, after = self._points[-2:]
        value = torch.lerp(before, after, self._place / GRID)
        self._place += 1
        return value

    def resample(self, parents: Tensor) -> None:
        """Let particle k become what ``parents[k]`` is, (particles,) int64."""
        self._points = self._points.index_select(1, parents)

    def branch(self, chosen: Tensor) -> Self:
        """Return copies of the particles ``chosen``, which know the two latest points only."""
        branch = copy.copy(self)
        branch._points = self._points[-2:].index_select(1, chosen)
        return branch

    def white(self) -> npt.NDArray[np.float32] | None:
        """Return white numbers of which ``slow_noise`` makes the last ``memory`` steps.

        The first of these steps must have been a point of the grid.
        """
        points = self._points.numpy()
        if not points.shape[2]:
            return None
        shocks = (points[1:] - self._keep * points[:-1]) / self._news
        return np.concatenate([points[:1], shocks])

    def _append(self) -> None:
        news = torch.from_numpy(self._news) * self._drawn()
        point = torch.from_numpy(self._keep) * self._points[-1] + news
        self._points = torch.cat([self._points[1:], point[None]])
        self._place = 0

    def _drawn(self) -> Tensor:
        shape = self._points.shape[1:]
        return torch.from_numpy(self._stream.standard_normal(shape, dtype=np.float32))
