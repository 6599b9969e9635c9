"""Noise that changes slowly: what a causal network of bounded memory cannot make of fast noise.

Each channel is a stationary autoregression of order one, an Ornstein–Uhlenbeck process (Uhlenbeck &
Ornstein 1930) seen every ``GRID`` steps with straight lines between, so that it costs next to
nothing: autocorrelation ``exp(−lag / time constant)``, mean 0, variance 1 on the grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

GRID = 16
"""Steps between two points at which slow noise is drawn."""

AT_ONCE = 128
"""Grid points that are computed in one matrix product."""


def grid_points(steps: int) -> int:
    """Return how many white numbers of each channel ``steps`` steps need."""
    return (steps - 1) // GRID + 2


def slow_noise(white: Tensor, time_constants: Sequence[float], steps: int) -> Tensor:
    """Return ``steps`` steps of slow noise.

    Args:
        white: (grid_points(steps), batch, channels) standard normal.
        time_constants: of each channel, in steps.

    Returns:
        (steps, batch, channels); the first s steps depend on the first grid_points(s) numbers only.
    """
    with torch.autocast(white.device.type, enabled=False):
        channels = [
            _autoregression(white[..., i], math.exp(-GRID / constant))
            for i, constant in enumerate(time_constants)
        ]
    points = torch.stack(channels, dim=2)
    time = torch.arange(steps, device=white.device)
    before, part = time // GRID, (time % GRID).to(white.dtype)[:, None, None] / GRID
    return torch.lerp(points[before], points[before + 1], part)


def _autoregression(white: Tensor, coefficient: float) -> Tensor:
    """Return ``z_j = φ z_{j−1} + √(1 − φ²) e_j`` from e, (points, batch), with ``z_0 = e_0``."""
    lags = torch.arange(AT_ONCE, device=white.device, dtype=white.dtype)
    powers = coefficient**lags
    weights = torch.tril(coefficient ** (lags[:, None] - lags).clamp_min(0))
    shocks = white * (1 - coefficient**2) ** 0.5
    shocks[0] = white[0]
    pieces: list[Tensor] = []
    for start in range(0, len(white), AT_ONCE):
        chunk = shocks[start : start + AT_ONCE]
        size = len(chunk)
        piece = weights[:size, :size] @ chunk
        if pieces:
            piece = piece + coefficient * powers[:size, None] * pieces[-1][-1]
        pieces.append(piece)
    return torch.cat(pieces)
