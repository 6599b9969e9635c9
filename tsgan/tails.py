"""Tails and losses: tail indices, quantiles, drawdowns; pure functions of arrays.

Returns are log returns, not in percent. Pooled values are (n,); paths are (paths, steps), one path
a row. For the left tail pass −r, for both |r|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.special

from tsgan.results import FloatArray

LEAST_EXCEEDANCES = 10
"""Fewest values above the threshold that a generalised Pareto distribution is fitted to."""

BATCH_VALUES = 1 << 14
"""Values whose drawdowns are computed at a time, few enough to stay in the cache."""


def hill(values: FloatArray, fraction: float) -> float:
    """Return the Hill tail index ``α = 1 / mean(ln x_(i) − ln x_(k+1))`` of the largest values.

    ``x_(1) ≥ x_(2) ≥ …`` are the ``values`` (n,) in descending order and k = ⌊fraction · n⌋. The
    tail decays like ``P(X > x) ~ x^−α``; about 3 for daily stock returns. NaN if the threshold
    ``x_(k+1)`` is not positive. For the left tail pass −r, for both |r|.

    Source: Hill (1975).
    """
    k = int(fraction * values.size)
    tail = np.partition(values, values.size - k - 1)[values.size - k - 1 :]
    threshold = tail[0]
    if k == 0 or threshold <= 0:
        return float("nan")
    mean_excess = float(np.mean(np.log(tail[1:] / threshold)))
    return 1 / mean_excess if mean_excess > 0 else float("inf")


def hill_interval(values: FloatArray, fraction: float, level: float = 0.95) -> tuple[float, float]:
    """Return the asymptotic interval ``α (1 ± z / √k)`` of :func:`hill` of values (n,).

    It holds for independent values; extremes that come in clusters, as those of returns do, make
    it too narrow. NaN where the index is; infinite where it is.

    Source: Hall (1982).
    """
    index = hill(values, fraction)
    if not math.isfinite(index):
        return index, index
    half = _quantile_of_normal(level) / math.sqrt(int(fraction * values.size))
    return index * (1 - half), index * (1 + half)


def hill_curve(values: FloatArray, fractions: FloatArray) -> FloatArray:
    """Return :func:`hill` of values (n,) at each of the fractions (m,), from one sort: a Hill plot.

    ``mean_{i≤k}(ln x_(i) − ln x_(k+1)) = Σ_{j≤k} j (ln x_(j) − ln x_(j+1)) / k`` (Rényi 1953).
    """
    k = (np.asarray(fractions) * values.size).astype(np.int64)
    largest = int(k.max()) + 1
    top = np.sort(np.partition(values, values.size - largest)[values.size - largest :])[::-1]
    logs = np.log(top[top > 0])
    mean_excess = np.full(largest, np.nan)  # [k − 1], NaN where x_(k+1) is not positive
    spacings = -np.diff(logs)
    rank = np.arange(1, spacings.size + 1)
    mean_excess[: spacings.size] = np.cumsum(rank * spacings) / rank
    chosen = np.where(k > 0, mean_excess[k - 1], np.nan)
    index: FloatArray = np.divide(1, chosen, out=np.full(chosen.shape, np.inf), where=chosen != 0)
    return index


def value_at_risk(values: FloatArray, level: float) -> float:
    """Return the ``level`` quantile of the returns (n,): the loss side below ½, the gains above."""
    return float(np.quantile(values, level))


def expected_shortfall(values: FloatArray, level: float) -> float:
    """Return the mean return (n,) at or beyond the ``level`` quantile, on the outer side of it.

    Source: Acerbi & Tasche (2002), for a continuous distribution.
    """
    quantile = np.quantile(values, level)
    beyond = values[values <= quantile] if level < 0.5 else values[values >= quantile]
    return float(np.mean(beyond))


def share_beyond(values: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Return the share of values (n,) below ``low``, and the share above ``high``."""
    return float(np.mean(values < low)), float(np.mean(values > high))


@dataclass(frozen=True)
class GPDFit:
    """A generalised Pareto distribution of excesses, ``P(Y > y) = (1 + ξ y / σ)^{−1/ξ}``.

    Attributes:
        shape: ξ; 1/ξ is the tail index of a heavy tail, and below 0 the tail ends.
        scale: σ, in the unit of the values.
        threshold: above which values are taken.
        exceedances: number of values above it.
        shape_error: asymptotic standard error of ξ, ``(1 + ξ) / √exceedances``; NaN for ξ ≤ −½,
            where it does not hold.
    """

    shape: float
    scale: float
    threshold: float
    exceedances: int
    shape_error: float


def fit_generalised_pareto(values: FloatArray, fraction: float = 0.05) -> GPDFit:
    """Fit the excesses of values (n,) over the threshold ``x_(k+1)`` by maximum likelihood.

    ``x_(k+1)`` is the empirical 1 − fraction quantile, k = ⌊fraction · n⌋, as in :func:`hill`;
    values equal to it are left out. The likelihood is maximised over ξ ≥ −1, below which it has
    no bound. Shape, scale and error are NaN with fewer than 10 excesses, or if they are all equal.

    Source: Pickands (1975), Davison & Smith (1990); profile likelihood of Grimshaw (1993).
    """
    k = int(fraction * values.size)
    tail = np.partition(values, values.size - k - 1)[values.size - k - 1 :]
    threshold = float(tail[0])
    excesses = tail[tail > threshold] - threshold
    count = excesses.size
    if count < LEAST_EXCEEDANCES or excesses.min() == excesses.max():
        return GPDFit(math.nan, math.nan, threshold, count, math.nan)
    unit = float(excesses.mean())
    shape, scale = _most_likely(excesses / unit)
    error = (1 + shape) / math.sqrt(count) if shape > -0.5 else math.nan
    return GPDFit(shape, scale * unit, threshold, count, error)


def gpd_interval(fit: GPDFit, level: float = 0.95) -> tuple[float, float]:
    """Return the asymptotic interval of ξ; too narrow where extremes cluster; NaN as the error."""
    half = _quantile_of_normal(level) * fit.shape_error
    return fit.shape - half, fit.shape + half


def _most_likely(excesses: FloatArray) -> tuple[float, float]:
    """Return ξ and σ of excesses (k,) of mean 1.

    With θ = ξ / σ fixed, ξ = mean ln(1 + θ y) is the most likely shape, and what is left is
    minus the log likelihood per excess, ``ln(ξ / θ) + ξ + 1``. θ is searched as
    s = ln(1 + θ max y): over all reals, smooth through θ = 0. The end ξ = −1 is the uniform
    distribution up to the largest excess, of which it is ``ln max y``.
    """
    top = float(excesses.max())

    def parameters(s: float) -> tuple[float, float]:
        theta = math.expm1(s) / top
        shape = float(np.mean(np.log1p(theta * excesses)))
        return shape, shape / theta if theta else 1.0

    def cost(s: float) -> float:
        shape, scale = parameters(s)
        return math.log(scale) + shape + 1

    grid, costs = _costs_on_grid(excesses, top)
    best = int(np.argmin(costs))
    found = scipy.optimize.minimize_scalar(
        cost,
        bounds=(grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    shape, scale = parameters(float(found.x))
    if shape <= -1 or math.log(top) < found.fun:
        return -1.0, top
    return shape, scale


def _costs_on_grid(excesses: FloatArray, top: float) -> tuple[FloatArray, FloatArray]:
    """Return s, one apart and none of them 0, and the cost at each; infinite for ξ < −1."""
    grid = np.arange(-15.5, 45)
    theta = np.expm1(grid) / top
    shape = np.array([np.mean(np.log(1 + each * excesses)) for each in theta])
    return grid, np.where(shape >= -1, np.log(shape / theta) + shape + 1, np.inf)


def _quantile_of_normal(level: float) -> float:
    """Return z such that a normal variable lies within ± z with probability ``level``."""
    return float(scipy.special.ndtri((1 + level) / 2))


def maximum_drawdowns(paths: FloatArray, window: int = 252, stride: int = 21) -> FloatArray:
    """Return the largest fall of the price from an earlier peak, within stretches of each path.

    ``(paths, steps) -> (paths, windows)``, a share of the peak price: ``1 − exp(−depth)``. A
    stretch of ``window`` steps begins every ``stride`` steps; its peak may be the price before its
    first step. ``windows = (steps − window) // stride + 1``, 0 for shorter paths.

    The depth of two adjoining stretches together is the largest of either depth and of the first
    one's maximum less the second one's minimum. So a stretch is put together from stretches of
    1, 2, 4, … prices, each made of two of half the length: exact in log₂ window passes.
    """
    windows = max((paths.shape[1] - window) // stride + 1, 0)
    result = np.empty((paths.shape[0], windows))
    rows = max(BATCH_VALUES // paths.shape[1], 1)
    for first in range(0, paths.shape[0] if windows else 0, rows):
        prices = _log_prices(paths[first : first + rows])
        starts = np.arange(windows) * stride
        result[first : first + rows] = _depths(prices, window, starts)
    return -np.expm1(-result)


@dataclass(frozen=True)
class _Stretches:
    """Highest and lowest log price, and depth, of stretches of equal length, one a column."""

    high: FloatArray
    low: FloatArray
    depth: FloatArray

    def take(self, columns: npt.NDArray[np.int64] | slice) -> _Stretches:
        return _Stretches(self.high[:, columns], self.low[:, columns], self.depth[:, columns])

    def then(self, later: _Stretches) -> _Stretches:
        """Return each stretch joined with the one that follows it."""
        across = self.high - later.low
        return _Stretches(
            np.maximum(self.high, later.high),
            np.minimum(self.low, later.low),
            np.maximum(across, np.maximum(self.depth, later.depth)),
        )


def _depths(prices: FloatArray, window: int, starts: npt.NDArray[np.int64]) -> FloatArray:
    """Return (rows, starts) depths of the price before each start and the ``window`` after it."""
    doubling = _Stretches(prices, prices, np.zeros_like(prices))
    joined, done = doubling.take(starts), 1
    for bit in range(window.bit_length()):
        size = 1 << bit
        if bit > 0:
            half = size // 2
            doubling = doubling.take(slice(None, -half)).then(doubling.take(slice(half, None)))
        if window & size:
            joined, done = joined.then(doubling.take(starts + done)), done + size
    return joined.depth


def whole_drawdown(paths: FloatArray) -> FloatArray:
    """Return the largest fall of the price from an earlier peak of each whole path, as a share.

    ``(paths, steps) -> (paths,)``; the peak may be the price before the first step.
    """
    prices = _log_prices(paths)
    depth: FloatArray = np.max(np.maximum.accumulate(prices, axis=1) - prices, axis=1)
    return -np.expm1(-depth)


def _log_prices(paths: FloatArray) -> FloatArray:
    """Return (paths, steps + 1) cumulative log returns that start at 0."""
    return np.cumsum(np.pad(paths, ((0, 0), (1, 0))), axis=1)
