"""How far two samples of one variable are apart: pure functions of numbers."""

from __future__ import annotations

import math

import numpy as np

from tsgan.results import FloatArray

POINTS_PER_BIN = 20
"""Real points in each bin of :func:`dragulescu_yakovenko`."""


def wasserstein_1(x: FloatArray, y: FloatArray, *, ordered: bool = False) -> float:
    """Return the Wasserstein-1 distance ``∫ |F_x(v) − F_y(v)| dv = ∫₀¹ |F_x⁻¹(u) − F_y⁻¹(u)| du``.

    Exact for samples of different sizes: both quantile functions are steps, of height one
    observation and of width 1/n and 1/m, so the integral is a sum over the union of their levels.

    Args:
        x: (n,) values; y: (m,) values in the same unit.
        ordered: both are already ascending, so that sorting them again can be left out.

    Returns:
        The distance in the unit of the values.

    Source: Vallender (1974) for the equality of the two integrals.
    """
    if not ordered:
        x, y = np.sort(x), np.sort(y)
    if x.size == y.size:
        return float(np.mean(np.abs(x - y)))
    shared = math.gcd(x.size, y.size)
    width_x, width_y = y.size // shared, x.size // shared  # in units of 1 / lcm(n, m): exact
    ends = np.concatenate([np.arange(1, x.size + 1) * width_x, np.arange(1, y.size + 1) * width_y])
    ends.sort(kind="stable")  # merges two ascending runs in linear time
    gap = np.abs(x[(ends - 1) // width_x] - y[(ends - 1) // width_y])
    return float(gap @ np.diff(ends, prepend=0)) / (x.size * width_x)


def dragulescu_yakovenko(
    real: FloatArray, synthetic: FloatArray, *, ordered: bool = False
) -> float:
    """Return ``DY = Σ_b |ln p_real(b) − ln p_synthetic(b)|``: the tails weigh like the middle.

    Bins hold equal counts of real points, about 20 each; the outer two are open. A bin without a
    point counts as half a point. Equal real values never fall into different bins.

    Args:
        real: (n,) values; synthetic: (m,) values in the same unit.
        ordered: both are already ascending.

    Returns:
        The sum over the bins, without unit. It grows with the number of bins, hence with n.

    Source: Drăgulescu & Yakovenko (2002), as in Wiese et al. (2020).
    """
    if not ordered:
        real, synthetic = np.sort(real), np.sort(synthetic)
    bins = max(real.size // POINTS_PER_BIN, 1)
    first = np.arange(1, bins) * real.size // bins  # index of the first point of each bin but one
    edges = np.unique(real[first])
    edges = edges[edges > real[0]]  # below the smallest value there is no real point
    log_real, log_synthetic = (_log_shares(sample, edges) for sample in (real, synthetic))
    return float(np.sum(np.abs(log_real - log_synthetic)))


def _log_shares(ordered: FloatArray, edges: FloatArray) -> FloatArray:
    """Return (len(edges) + 1,) logarithms of the share of ``ordered`` in each bin [edge, next)."""
    below = np.concatenate([[0], np.searchsorted(ordered, edges), [ordered.size]])
    shares: FloatArray = np.log(np.maximum(np.diff(below), 0.5) / ordered.size)
    return shares
