"""The innovation ``ξ = ε₀ + h(ε)`` of a generator, both ways: its density, and ε given ξ.

Its law is the same at every step, and known by a large sample of it, sorted once. The density is a
spacing estimate (Loftsgaarden & Quesenberry 1965): the share of the sample between two of its
quantiles over their distance. Beyond the outermost quantiles it goes on as a power, straight in
log ξ and log density, so that no return, however far out, is impossible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from tsgan.networks import Generator

FloatArray = npt.NDArray[np.float64]

SAMPLE, CHUNK = 1 << 18, 1 << 15
"""Innovations in the sample, and how many of them are computed at a time."""

SPACING, OUTERMOST = 0.15, 100
"""Distance of the density's knots in the logit of their level; innovations beyond the last one."""

TAIL_KNOTS = 8
"""Knots of each side that the power beyond them is fitted to."""

FLATTEST, STEEPEST = -2.0, -40.0
"""Powers of the density beyond its knots."""

NEIGHBOURS = 32
"""Ranks around a given ξ among which ε is drawn: a share of 2 · 10⁻⁴ of the sample.

Beyond the sample they are its last ones: a generator is not asked what follows noise that it never
heard in training, which may be anything.
"""


@dataclass(frozen=True, eq=False)
class Innovations:
    """The law of one channel's innovation.

    Attributes:
        values: (SAMPLE,) ascending float64; noise: (SAMPLE, noise channels) float32, their ε.
        knots, logs: (k,) places and logarithm of the density, straight between.
        powers: of the density below the first knot and above the last.
    """

    values: FloatArray
    noise: npt.NDArray[np.float32]
    knots: FloatArray
    logs: FloatArray
    powers: tuple[float, float]

    @classmethod
    def of(cls, generator: Generator, stream: np.random.Generator, channel: int = 0) -> Self:
        """Return the law of the innovation of ``channel``, by a sample from ``stream``."""
        noise = stream.standard_normal((SAMPLE, generator.noise_channels), dtype=np.float32)
        with torch.no_grad():
            parts = [
                part[:, channel] + generator.innovation(part)[:, channel]
                for part in torch.split(torch.from_numpy(noise), CHUNK)
            ]
        values = torch.cat(parts).double().numpy()
        order = np.argsort(values, kind="stable")
        values = values[order]
        knots, logs = _density(values)
        return cls(values, noise[order], knots, logs, (_power(knots, logs), _power(knots, logs, 1)))

    def log_density(self, innovation: FloatArray) -> FloatArray:
        """Return the logarithm of the density, shape of ``innovation``; finite where that is."""
        inside = np.interp(innovation, self.knots, self.logs)
        for side, power in zip((0, -1), self.powers, strict=True):
            end = self.knots[side]
            beyond = innovation < end if side == 0 else innovation > end
            inside[beyond] += power * np.log1p(np.abs(innovation[beyond] - end) / _unit(end))
        return inside

    def noise_given(
        self, innovation: FloatArray, stream: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """Return ε (n, noise channels) drawn from its law given each ξ, (n,)."""
        spread = stream.integers(-NEIGHBOURS, NEIGHBOURS, size=innovation.size, endpoint=True)
        rank = np.searchsorted(self.values, innovation) + spread
        drawn: npt.NDArray[np.float32] = self.noise[np.clip(rank, 0, self.values.size - 1)]
        return drawn

    def draw(
        self, count: int, stream: np.random.Generator
    ) -> tuple[FloatArray, npt.NDArray[np.float32]]:
        """Return ``count`` innovations (count,) and their noise (count, noise channels)."""
        rank = stream.integers(self.values.size, size=count)
        return self.values[rank], self.noise[rank]


def _density(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return knots and log densities by the spacings of ascending ``values``."""
    edge = np.log(values.size / OUTERMOST - 1)
    logits = np.linspace(-edge, edge, 2 * round(edge / SPACING) + 1)
    ranks = np.unique(np.rint((values.size - 1) / (1 + np.exp(-logits))).astype(np.int64))
    places = values[ranks]
    rises = np.append(True, np.diff(places) > 0)
    ranks, places = ranks[rises], places[rises]
    density = (ranks[2:] - ranks[:-2]) / (values.size * (places[2:] - places[:-2]))
    return places[1:-1], np.log(density)


def _unit(end: float) -> float:
    return max(abs(end), 1e-3)


def _power(knots: FloatArray, logs: FloatArray, side: int = 0) -> float:
    """Return the power that the density follows towards one end of its knots, within bounds."""
    part = slice(-TAIL_KNOTS, None) if side else slice(TAIL_KNOTS)
    end = knots[-1 if side else 0]
    distance = np.log(np.maximum(1 + (np.abs(knots[part]) - abs(end)) / _unit(end), 1e-3))
    slope = np.polyfit(distance, logs[part], 1)[0] if np.ptp(distance) > 0 else STEEPEST
    return float(np.clip(slope, STEEPEST, FLATTEST))
