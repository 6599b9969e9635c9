"""How far two histograms are apart: information-theoretic divergences of shares in bins."""

from __future__ import annotations

import numpy as np
import scipy.special

from tsgan.distances import equal_count_edges, shares
from tsgan.errors import ConfigError
from tsgan.results import FloatArray


def histograms(
    real: FloatArray, synthetic: FloatArray, bins: int = 50, *, ordered: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return the shares of both samples in bins that hold equal counts of real values.

    The outer two bins are open. Equal real values never fall into different bins, so that there
    are fewer bins where values repeat. A bin without a point counts as half a point; the shares
    are normalised after that, so that each sample's sum to 1 and none is 0.

    Args:
        real: (n,) values; synthetic: (m,) values in the same unit.
        bins: number of bins, at least 1.
        ordered: both are already ascending.

    Returns:
        Two arrays (≤ bins,).

    Raises:
        ConfigError: there is no bin.
    """
    if bins < 1:
        raise ConfigError(f"expected at least 1 bin, got {bins}")
    if not ordered:
        real, synthetic = np.sort(real), np.sort(synthetic)
    edges = equal_count_edges(real, bins)
    p, q = shares(real, edges), shares(synthetic, edges)
    return p / p.sum(), q / q.sum()


def kullback_leibler(p: FloatArray, q: FloatArray) -> float:
    """Return ``KL(p ‖ q) = Σ_b p_b ln(p_b / q_b)`` in nats; p, q: (bins,) shares that sum to 1.

    Infinite where p has a share in a bin in which q has none.

    Source: Kullback & Leibler (1951).
    """
    return max(float(np.sum(scipy.special.rel_entr(p, q))), 0.0)


def jensen_shannon(p: FloatArray, q: FloatArray) -> float:
    """Return ``½ KL(p ‖ m) + ½ KL(q ‖ m)``, m = ½ (p + q), in nats: 0..ln 2.

    The divergence, not its square root, of (bins,) shares p, q that sum to 1.

    Source: Lin (1991).
    """
    middle = (p + q) / 2
    return (kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2


def total_variation(p: FloatArray, q: FloatArray) -> float:
    """Return ``½ Σ_b |p_b − q_b|``, 0..1; p, q: (bins,) shares that sum to 1."""
    return float(np.sum(np.abs(p - q))) / 2
