"""Stylised facts of returns: memory, leverage, shape, spread; pure functions of arrays.

Returns are log returns, not in percent. A path is a row: arrays are (paths, steps) where a
statistic belongs to a path, and (n,) where all values are pooled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft

from tsgan.results import FloatArray

TRADING_YEAR = 252
"""Steps in a year of daily returns."""

BATCH_VALUES = 1 << 16
"""Values that are worked on at a time: they stay in the cache, and the result is the same."""

ROUNDING = 1e-12
"""Values that differ by a smaller share of the largest are equal."""

SMALLEST_SHARE = 1e-6
"""Of the mean variance: a year without a move has a logarithm all the same."""

HALF_WIDTH_95 = 1.959964
"""Standard errors to either side of a 95 % interval."""

BLOCKS = 20
"""Fewest blocks whose means :func:`hurst_exponent` takes the variance of."""


def overlapping_sums(paths: FloatArray, k: int) -> FloatArray:
    """Return the overlapping ``k``-step log returns ``r_t + … + r_{t+k−1}`` within each path.

    ``(paths, steps) -> (paths, steps − k + 1)``; no sum crosses from one path into the next.
    """
    if k == 1:
        return paths
    total = np.cumsum(paths, axis=-1)
    sums = total[..., k - 1 :].copy()
    sums[..., 1:] -= total[..., :-k]
    return sums


def autocorrelation(paths: FloatArray, lags: int) -> FloatArray:
    """Return ``C(τ) = Σ_t (x_t − x̄)(x_{t+τ} − x̄) / Σ_t (x_t − x̄)²`` of each path, τ = 1..lags.

    ``(paths, steps) -> (paths, lags)``; lags < steps. The usual estimator with the sum over
    n − τ terms divided by n: biased towards 0, and down for short paths. A constant path has 0.

    Source: Box & Jenkins (1976); through the Wiener–Khinchin theorem.
    """

    def batch(x: FloatArray) -> FloatArray:
        centred = _centred(x)
        return _correlation(centred, centred, lags)

    return _in_batches(batch, paths, lags)


def leverage(paths: FloatArray, lags: int) -> FloatArray:
    """Return ``L(τ) = Corr(r_t, r²_{t+τ})`` of each path, τ = 1..lags.

    ``(paths, steps) -> (paths, lags)``; lags < steps. Negative where losses raise the volatility
    that follows. Normalised as :func:`autocorrelation` is.

    Source: Bouchaud, Matacz & Potters (2001), as a correlation as in Wiese et al. (2020).
    """

    def batch(x: FloatArray) -> FloatArray:
        return _correlation(_centred(x), _centred(np.square(x)), lags)

    return _in_batches(batch, paths, lags)


def _centred(x: FloatArray) -> FloatArray:
    """Return each row less its mean; zeros where only rounding is left of it."""
    centred: FloatArray = x - x.mean(axis=-1, keepdims=True)
    still = np.ptp(x, axis=-1) <= ROUNDING * np.abs(x).max(axis=-1)
    centred[still] = 0.0
    return centred


def _correlation(x: FloatArray, y: FloatArray, lags: int) -> FloatArray:
    """Return ``Σ_t x_t y_{t+τ} / √(Σ x² Σ y²)`` of centred rows, τ = 1..lags; 0 for rows of 0."""
    length = scipy.fft.next_fast_len(x.shape[-1] + lags, real=True)  # no wrap within the lags
    spectrum = scipy.fft.rfft(x, length)
    if y is x:
        cross = np.square(spectrum.real) + np.square(spectrum.imag)
    else:
        cross = np.conj(spectrum) * scipy.fft.rfft(y, length)
    products = scipy.fft.irfft(cross, length)[..., 1 : lags + 1]
    scale = np.sqrt(_sum_of_squares(x) * _sum_of_squares(y))[..., None]
    return np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)


def _sum_of_squares(x: FloatArray) -> FloatArray:
    total: FloatArray = np.einsum("...t,...t->...", x, x)
    return total


def _in_batches(
    function: Callable[[FloatArray], FloatArray], paths: FloatArray, width: int, copies: int = 1
) -> FloatArray:
    """Apply ``function``, (rows, steps) -> (rows, width), to a bounded number of rows at a time.

    ``copies``: how many arrays as large as its rows it makes.
    """
    result = np.empty((paths.shape[0], width))
    rows = max(BATCH_VALUES // (paths.shape[1] * copies), 1)
    for start in range(0, paths.shape[0], rows):
        result[start : start + rows] = function(paths[start : start + rows])
    return result


def autocorrelation_error(path: FloatArray, lags: int) -> FloatArray:
    """Return the half width of the 95 % interval of C(τ) around 0 of an uncorrelated series.

    ``(n,) -> (lags,)``; lags < n. ``1.96 √(Σ_t e_t² e_{t+τ}² / (Σ_t e_t²)²)`` with e the demeaned
    path: valid whatever the volatility does, while 1.96/√n is too narrow where it clusters. 0 for
    a path of zeros.

    Source: Taylor (1984), Lo & MacKinlay (1988), after White (1980).
    """
    square = np.square(path - path.mean())[None]
    variance = _correlation(square, square, lags)[0] * _sum_of_squares(square)
    total = np.square(square.sum())
    error: FloatArray = np.sqrt(np.maximum(variance, 0) / (total if total > 0 else 1))
    return HALF_WIDTH_95 * error


def ljung_box(paths: FloatArray, lags: int = 20) -> FloatArray:
    """Return ``Q = n (n + 2) Σ_τ C(τ)² / (n − τ)`` of each path, τ = 1..lags.

    ``(paths, steps) -> (paths,)``; lags < steps. χ² with ``lags`` degrees of freedom for
    independent values; larger for returns whose volatility clusters, even uncorrelated ones.

    Source: Ljung & Box (1978).
    """
    steps = paths.shape[1]
    weights = steps * (steps + 2) / (steps - np.arange(1, lags + 1))
    result: FloatArray = np.square(autocorrelation(paths, lags)) @ weights
    return result


def arch_lm(paths: FloatArray, lags: int = 5) -> FloatArray:
    """Return ``T R²`` of the regression of squared demeaned returns on a constant and their lags.

    ``(paths, steps) -> (paths,)``; T = steps − lags, steps > 2 lags. χ² with ``lags`` degrees of
    freedom where volatility does not cluster. 0 where the squares do not vary.

    Source: Engle (1982).
    """

    def batch(x: FloatArray) -> FloatArray:
        square = np.square(x - x.mean(axis=-1, keepdims=True))
        square /= np.maximum(square.mean(axis=-1, keepdims=True), np.finfo(float).tiny)
        lagged = np.moveaxis(np.lib.stride_tricks.sliding_window_view(square, lags + 1, -1), -1, 1)
        lagged = lagged - lagged.mean(axis=-1, keepdims=True)  # (rows, lags + 1, T), latest last
        product = lagged @ np.swapaxes(lagged, -1, -2)
        between, total = product[:, :-1, -1:], product[:, -1, -1]
        slopes = np.linalg.pinv(product[:, :-1, :-1], rcond=1e-12, hermitian=True) @ between
        explained = np.sum(slopes * between, axis=(-1, -2))
        length = lagged.shape[-1]
        varies = total > 1e-20 * length
        r_squared = np.where(varies, explained / np.where(varies, total, 1), 0)
        statistics: FloatArray = length * r_squared[:, None]
        return statistics

    return _in_batches(batch, paths, 1, copies=lags + 1)[:, 0]


def hurst_exponent(paths: FloatArray) -> FloatArray:
    """Return the Hurst exponent H of |r| of each path: ½ without long memory, up to 1 with it.

    ``(paths, steps) -> (paths,)``. The variance of the means of disjoint blocks of m values
    decays like m^{2H−2}; H from the least-squares slope of its logarithm over ln m, m from 5 to
    steps / 20, equally spaced in ln m. Known to be biased down for strong memory: about −.04 at
    H = .8 and 5,000 steps, sd .04. NaN for fewer than 200 steps and for a path in which the means
    do not vary.

    Source: aggregated variance method, Taqqu, Teverovsky & Willinger (1995).
    """
    steps = paths.shape[1]
    if steps < 10 * BLOCKS:
        return np.full(paths.shape[0], np.nan)
    sizes = np.unique(np.geomspace(5, steps // BLOCKS, 12).round().astype(np.int64))
    total = np.cumsum(np.pad(np.abs(paths), ((0, 0), (1, 0))), axis=1)
    variances = np.stack(
        [np.var(np.diff(total[:, ::m], axis=1) / m, axis=1, ddof=1) for m in sizes], axis=1
    )
    moves = variances.min(axis=1) > 1e-20 * np.square(total[:, -1] / steps)
    log_size = np.log(sizes) - np.mean(np.log(sizes))
    slope = np.log(np.where(moves[:, None], variances, 1)) @ log_size / (log_size @ log_size)
    return np.where(moves, 1 + slope / 2, np.nan)


def volatility_dispersion(paths: FloatArray, window: int = TRADING_YEAR) -> float:
    """Return the standard deviation of the log of realised one-year volatility.

    ``(paths, steps) -> ()``, over all overlapping windows of all paths, volatility
    ``√(Σ r² / window)``. Paths that all look alike, or that never leave their regime, have less
    than the real series. A year of less than SMALLEST_SHARE of the mean variance counts as that.
    """
    square = np.square(paths)
    realised_variance = overlapping_sums(square, window) / window
    floor = SMALLEST_SHARE * float(np.mean(square))
    return float(np.std(0.5 * np.log(np.maximum(realised_variance, floor))))


def standard_deviation(values: FloatArray) -> float:
    """Return the standard deviation (divided by n) of values (n,), in their unit."""
    return float(np.std(values))


def skewness(paths: FloatArray) -> FloatArray:
    """Return ``m₃ / m₂^{3/2}`` of each path, central moments: 0 for a symmetric distribution.

    ``(..., steps) -> (...)``; NaN where nothing moves.
    """
    centred = _centred(paths)
    variance = np.mean(np.square(centred), axis=-1)
    return _ratio(np.mean(np.square(centred) * centred, axis=-1), variance**1.5)


def excess_kurtosis(paths: FloatArray) -> FloatArray:
    """Return ``m₄ / m₂² − 3`` of each path, central moments: 0 for a normal distribution.

    ``(..., steps) -> (...)``; NaN where nothing moves. Of sums of k returns it falls towards 0 as k
    grows: aggregational Gaussianity (Cont 2001).
    """
    square = np.square(_centred(paths))
    return _ratio(np.mean(np.square(square), axis=-1), np.mean(square, axis=-1) ** 2) - 3


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return the quotient, NaN where ``below`` is 0."""
    ratio: FloatArray = np.full(np.shape(above), np.nan)
    return np.divide(above, below, out=ratio, where=below > 0)


def gain_loss_asymmetry(paths: FloatArray, rise: float = 5, horizon: int = 60) -> float:
    """Return how much longer one waits for a gain than for a loss, as a logarithm of the ratio.

    ``(paths, steps) -> ()``: ``mean ln min(τ₊, horizon) − mean ln min(τ₋, horizon)``, τ± the steps
    until the cumulative return, less the path's mean, first reaches ±ρ, ρ = ``rise`` standard
    deviations of the path's one-step returns. Every step with ``horizon`` steps after it is a
    start, pooled over paths; a wait that does not finish within ``horizon`` counts as ``horizon``.

    0 for a symmetric process, positive for a market that falls faster than it rises. NaN for paths
    shorter than ``horizon`` and where nothing moves.

    Source: inverse statistics of Jensen, Johansen & Simonsen (2003).
    """
    starts = paths.shape[1] - horizon + 1
    centred = paths - paths.mean(axis=1, keepdims=True)
    level = rise * centred.std(axis=1, keepdims=True)
    moves = level[:, 0] > ROUNDING * np.abs(paths).max(axis=1)
    if starts < 1 or not moves.any():
        return float("nan")
    cumulative = np.cumsum(np.pad(centred[moves], ((0, 0), (1, 0))), axis=1)
    waiting = np.zeros((2, horizon - 1))  # starts whose ±ρ is not reached after 1, 2, … steps
    rows = max(BATCH_VALUES // (2 * starts), 1)
    for first in range(0, cumulative.shape[0], rows):
        batch, rho = cumulative[first : first + rows], level[moves][first : first + rows]
        now = batch[:, :starts]
        above, below, highest, lowest = now + rho, now - rho, now.copy(), now.copy()
        for step in range(1, horizon):
            later = batch[:, step : step + starts]
            np.maximum(highest, later, out=highest)
            np.minimum(lowest, later, out=lowest)
            waiting[0, step - 1] += np.count_nonzero(highest < above)
            waiting[1, step - 1] += np.count_nonzero(lowest > below)
    longer = np.log1p(1 / np.arange(1, horizon))  # ln min(τ, h) = Σ ln((j + 1) / j) while τ > j
    gain, loss = waiting @ longer / (cumulative.shape[0] * starts)
    return float(gain - loss)


def volatility_of_volatility(paths: FloatArray, window: int = 20) -> float:
    """Return the standard deviation of the change of log volatility between disjoint windows.

    ``(paths, steps) -> ()``; volatility ``√(Σ r² / window)`` of each of the successive windows of a
    path, the steps after the last full one left out; changes pooled over paths. A window in which
    nothing moves has no logarithm: its two changes are left out. NaN with fewer than 2 changes.
    """
    windows = paths.shape[1] // window
    blocks = paths[:, : windows * window].reshape(paths.shape[0], windows, window)
    energy = _sum_of_squares(blocks)
    moves = energy > 0
    change = np.diff(0.5 * np.log(np.where(moves, energy, 1)), axis=1)
    change = change[moves[:, 1:] & moves[:, :-1]]
    return float(np.std(change)) if change.size > 1 else float("nan")
