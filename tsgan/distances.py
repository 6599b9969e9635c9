"""How far two samples of one variable are apart: pure functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan.errors import ConfigError, DataError
from tsgan.results import FloatArray

EQUAL = 1e-9
"""Values nearer than so many standard deviations differ by rounding alone."""

POINTS_PER_BIN = 20
"""Real points in each bin of :func:`dragulescu_yakovenko`."""

VALUES_AT_ONCE = 1 << 15
"""Observations that are compared at a time: bounds the memory, not the result."""

ROUNDING = 1e-6
"""Negative eigenvalues of a covariance up to this part of the largest one are taken as 0."""


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
    return _mean_cost(x, y, _magnitude)


def wasserstein_p(x: FloatArray, y: FloatArray, p: float, *, ordered: bool = False) -> float:
    """Return the Wasserstein-p distance ``(∫₀¹ |F_x⁻¹(u) − F_y⁻¹(u)|^p du)^{1/p}``.

    Exact for samples of different sizes, as :func:`wasserstein_1` is; it grows with p.

    Args:
        x: (n,) values; y: (m,) values in the same unit.
        p: order, 1 ≤ p < ∞.
        ordered: both are already ascending.

    Returns:
        The distance in the unit of the values.

    Raises:
        ConfigError: p is outside its range.

    Source: Dall'Aglio (1956) for the optimal coupling by quantiles.
    """
    if not 1 <= p < math.inf:
        raise ConfigError(f"expected an order p of at least 1, and finite, got {p}")
    if not ordered:
        x, y = np.sort(x), np.sort(y)
    if p == 1:
        return wasserstein_1(x, y, ordered=True)
    largest = _largest_gap(x, y)  # keeps powers between 0 and 1
    if largest == 0:
        return 0.0
    mean = _mean_cost(x, y, lambda gap: np.power(_magnitude(gap) / largest, p))
    return largest * math.pow(mean, 1 / p)


def gaussian_wasserstein_2(
    mean_x: FloatArray | float,
    covariance_x: FloatArray | float,
    mean_y: FloatArray | float,
    covariance_y: FloatArray | float,
) -> float:
    """Return the Wasserstein-2 distance, not squared, between two normal distributions.

    ``W² = ‖m_x − m_y‖² + tr(Σ_x + Σ_y − 2 (Σ_x^½ Σ_y Σ_x^½)^½)``, taken as the sum of squares
    ``min_U ‖Σ_x^½ − Σ_y^½ U‖²`` over orthogonal U, which loses no digits where both are alike.

    Args:
        mean_x, mean_y: (d,), or numbers where d = 1.
        covariance_x, covariance_y: (d, d) symmetric, singular ones too; variances where d = 1.

    Returns:
        The distance in the unit of the means.

    Raises:
        DataError: the shapes do not fit, or a covariance has a negative variance.

    Source: Dowson & Landau (1982); Givens & Shortt (1984); Bhatia, Jain & Lim (2019) for U.
    """
    means = [np.atleast_1d(np.asarray(mean, dtype=float)) for mean in (mean_x, mean_y)]
    matrices = [np.atleast_2d(np.asarray(c, dtype=float)) for c in (covariance_x, covariance_y)]
    size = means[0].size
    if {mean.shape for mean in means} != {(size,)} or {c.shape for c in matrices} != {(size, size)}:
        shapes = ", ".join(str(array.shape) for array in (*means, *matrices))
        raise DataError(f"expected two means (d,) and two covariances (d, d), got {shapes}")
    root_x, root_y = (_square_root(matrix) for matrix in matrices)
    left, _, right = np.linalg.svd(root_y @ root_x)
    apart = np.linalg.norm(root_x - root_y @ left @ right)
    return math.hypot(float(np.linalg.norm(means[0] - means[1])), float(apart))


def sliced_wasserstein_1(
    x: FloatArray, y: FloatArray, directions: int, generator: np.random.Generator
) -> float:
    """Return the mean :func:`wasserstein_1` of two samples of vectors, seen along random lines.

    Args:
        x: (n, d) values; y: (m, d) values in the same unit.
        directions: number of lines, uniform on the unit sphere.
        generator: draws the lines.

    Returns:
        The distance in the unit of the values; :func:`wasserstein_1` itself where d = 1.

    Raises:
        ConfigError: there is no direction.
        DataError: the vectors are not of the same size.

    Source: Rabin, Peyré, Delon & Bernot (2011); Bonneel, Rabin, Peyré & Pfister (2015).
    """
    if directions < 1:
        raise ConfigError(f"expected at least 1 direction, got {directions}")
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise DataError(f"expected samples (n, d) and (m, d), got {x.shape} and {y.shape}")
    lines = generator.standard_normal((directions, x.shape[1]))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    return float(np.mean([wasserstein_1(x @ line, y @ line) for line in lines]))


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
    edges = equal_count_edges(real, max(real.size // POINTS_PER_BIN, 1))
    log_real, log_synthetic = (np.log(shares(sample, edges)) for sample in (real, synthetic))
    return float(np.sum(np.abs(log_real - log_synthetic)))


def equal_count_edges(real: FloatArray, bins: int) -> FloatArray:
    """Return (< bins,) ascending lower edges of all bins but the lowest, of ascending (n,) values.

    Bins hold equal counts of ``real``, but equal values never fall into different bins, equal
    within EQUAL standard deviations, as sums of the same ticks are. Edges lie as far below a point.
    """
    first = np.arange(1, bins) * real.size // bins  # index of the first point of each bin but one
    tolerance = EQUAL * float(np.std(real))
    points = np.concatenate([real[:1], real[first]])  # below the lowest there is no real point
    edges: FloatArray = points[1:][np.diff(points) > tolerance] - tolerance
    return edges


def shares(ordered: FloatArray, edges: FloatArray) -> FloatArray:
    """Return (len(edges) + 1,) shares of ``ordered`` in the bins [edge, next), at least ½ / n."""
    below = np.concatenate([[0], np.searchsorted(ordered, edges), [ordered.size]])
    counted: FloatArray = np.maximum(np.diff(below), 0.5) / ordered.size
    return counted


def _magnitude(gap: FloatArray) -> FloatArray:
    np.abs(gap, out=gap)
    return gap


def _mean_cost(x: FloatArray, y: FloatArray, cost: Callable[[FloatArray], FloatArray]) -> float:
    """Return ``∫₀¹ cost(F_x⁻¹(u) − F_y⁻¹(u)) du`` of ascending (n,), (m,); ``cost`` is even.

    A step of the longer sample meets at most two of the shorter one's, so nothing is merged.
    """
    if x.size == y.size:
        parts = (slice(i, i + VALUES_AT_ONCE) for i in range(0, x.size, VALUES_AT_ONCE))
        return sum(float(np.sum(cost(x[part] - y[part]))) for part in parts) / x.size
    if x.size < y.size:
        x, y = y, x
    width_x, width_y = _widths(x, y)
    total = 0.0
    for first in range(0, x.size, VALUES_AT_ONCE):
        steps = x[first : first + VALUES_AT_ONCE]
        begin = np.arange(first, first + steps.size) * width_x
        met = begin // width_y
        shared = np.minimum((met + 1) * width_y - begin, width_x)
        total += float(cost(steps - y[met]) @ shared)
        crossing = np.flatnonzero(shared < width_x)
        next_gap = steps[crossing] - y[met[crossing] + 1]
        total += float(cost(next_gap) @ (width_x - shared[crossing]))
    return total / (x.size * width_x)


def _largest_gap(x: FloatArray, y: FloatArray) -> float:
    """Return ``max_u |F_x⁻¹(u) − F_y⁻¹(u)|`` of ascending samples: W_p for p → ∞.

    Over each step of y it lies at the first or at the last step of x that meets it.
    """
    width_x, width_y = _widths(x, y)
    begin = np.arange(y.size) * width_y
    first, last = x[begin // width_x], x[(begin + width_y - 1) // width_x]
    return float(max(np.max(np.abs(y - first)), np.max(np.abs(y - last))))


def _widths(x: FloatArray, y: FloatArray) -> tuple[int, int]:
    """Return 1/n and 1/m in units of 1 / lcm(n, m), which are exact."""
    shared = math.gcd(x.size, y.size)
    return y.size // shared, x.size // shared


def _square_root(covariance: FloatArray) -> FloatArray:
    """Return the symmetric (d, d) root; negative eigenvalues within rounding count as 0."""
    eigenvalues, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if eigenvalues[0] < -ROUNDING * np.max(np.abs(eigenvalues)):
        raise DataError(
            f"expected a covariance without negative eigenvalues, got {eigenvalues[0]:g}"
        )
    root: FloatArray = (vectors * np.sqrt(np.maximum(eigenvalues, 0))) @ vectors.T
    return root
