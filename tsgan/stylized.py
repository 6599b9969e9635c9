"""Stylised facts of returns: memory, leverage, tails, spread; pure functions of arrays.

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

BATCH_VALUES = 1 << 20
"""Values that are Fourier transformed at a time: bounds the memory, not the result."""


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
        centred = x - x.mean(axis=-1, keepdims=True)
        return _correlation(centred, centred, lags)

    return _in_batches(batch, paths, lags)


def leverage(paths: FloatArray, lags: int) -> FloatArray:
    """Return ``L(τ) = Corr(r_t, r²_{t+τ})`` of each path, τ = 1..lags.

    ``(paths, steps) -> (paths, lags)``; lags < steps. Negative where losses raise the volatility
    that follows. Normalised as :func:`autocorrelation` is.

    Source: Bouchaud, Matacz & Potters (2001), as a correlation as in Wiese et al. (2020).
    """

    def batch(x: FloatArray) -> FloatArray:
        square = np.square(x)
        return _correlation(
            x - x.mean(axis=-1, keepdims=True), square - square.mean(axis=-1, keepdims=True), lags
        )

    return _in_batches(batch, paths, lags)


def _correlation(x: FloatArray, y: FloatArray, lags: int) -> FloatArray:
    """Return ``Σ_t x_t y_{t+τ} / √(Σ x² Σ y²)`` of centred rows, τ = 1..lags; 0 for rows of 0."""
    length = scipy.fft.next_fast_len(x.shape[-1] + lags, real=True)  # no wrap within the lags
    spectrum_x = scipy.fft.rfft(x, length)
    spectrum_y = spectrum_x if y is x else scipy.fft.rfft(y, length)
    products = scipy.fft.irfft(np.conj(spectrum_x) * spectrum_y, length)[..., 1 : lags + 1]
    scale = np.sqrt(_sum_of_squares(x) * _sum_of_squares(y))[..., None]
    return np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)


def _sum_of_squares(x: FloatArray) -> FloatArray:
    total: FloatArray = np.einsum("...t,...t->...", x, x)
    return total


def _in_batches(
    function: Callable[[FloatArray], FloatArray], paths: FloatArray, lags: int
) -> FloatArray:
    """Apply ``function``, (rows, steps) -> (rows, lags), to a bounded number of rows at a time."""
    result = np.empty((paths.shape[0], lags))
    rows = max(BATCH_VALUES // paths.shape[1], 1)
    for start in range(0, paths.shape[0], rows):
        result[start : start + rows] = function(paths[start : start + rows])
    return result


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


def volatility_dispersion(paths: FloatArray, window: int = TRADING_YEAR) -> float:
    """Return the standard deviation of the log of realised one-year volatility.

    ``(paths, steps) -> ()``, over all overlapping windows of all paths, volatility
    ``√(Σ r² / window)``. Paths that all look alike, or that never leave their regime, have less
    than the real series.
    """
    realised_variance = overlapping_sums(np.square(paths), window) / window
    return float(np.std(0.5 * np.log(realised_variance)))


def standard_deviation(values: FloatArray) -> float:
    """Return the standard deviation (divided by n) of values (n,), in their unit."""
    return float(np.std(values))


def skewness(values: FloatArray) -> float:
    """Return ``m₃ / m₂^{3/2}``, central moments of values (n,): 0 for a symmetric distribution."""
    centred = values - np.mean(values)
    square = centred * centred
    return float(np.mean(square * centred) / np.mean(square) ** 1.5)


def excess_kurtosis(values: FloatArray) -> float:
    """Return ``m₄ / m₂² − 3``, central moments of values (n,): 0 for a normal distribution."""
    square = np.square(values - np.mean(values))
    return float(np.mean(square * square) / np.mean(square) ** 2 - 3)
