"""Rows about bars: is the day inside as the real ones are, beside its open, wicks and volume.

Bars are plain channels as of :mod:`tsgan.bar_channels`: r, g, u, d and, with volumes, v. Relative
to the close before, a bar opens at g, closes at r, is at most ``max(g, r) + u`` and at least
``min(g, r) − d``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan.distances import wasserstein_1
from tsgan.log_bars import DOWN, GAP, RETURN, UP, VOLUME
from tsgan.metric import LAGS, Metric, Sample, difference, relative
from tsgan.results import FloatArray, Group
from tsgan.stylized import autocorrelation

GROUP: Group = "bars"

LEAST_BARS = 100

SMALLEST_RANGE = 0.01
"""Of the median range: a bar without a range has a logarithm all the same."""

CLOSE_WEIGHT = 2 * math.log(2) - 1
"""Of the squared body in the practical estimator of Garman & Klass."""


class BarSample(Sample):
    """Bars of several paths; as a plain sample it is their returns."""

    def __init__(self, plain: FloatArray) -> None:
        """Take ``plain`` (paths, steps, 4), or 5 with volumes."""
        super().__init__(np.ascontiguousarray(plain[..., RETURN]))
        self.plain = plain
        self._parts: dict[str, FloatArray] = {}

    def part(self, name: str) -> FloatArray:
        """Return (paths, steps) of one of :data:`PARTS`, computed once."""
        if name not in self._parts:
            self._parts[name] = PARTS[name](self.plain)
        return self._parts[name]

    def scattered(self, name: str) -> FloatArray:
        """Return all finite values of a part, pooled and ascending."""
        key = f"{name}, ascending"
        if key not in self._parts:
            values = self.part(name)
            self._parts[key] = np.sort(values[np.isfinite(values)], axis=None)
        return self._parts[key]

    def memory(self, name: str) -> FloatArray:
        """Return (LAGS,) autocorrelations of a part, mean of the paths."""
        key = f"{name}, memory"
        if key not in self._parts:
            self._parts[key] = autocorrelation(self.part(name), LAGS).mean(axis=0)
        return self._parts[key]


def extremes(plain: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log high and low over the close before, (…,) each, of plain channels."""
    opens, close = plain[..., GAP], plain[..., RETURN]
    return np.maximum(opens, close) + plain[..., UP], np.minimum(opens, close) - plain[..., DOWN]


def ranges(plain: FloatArray) -> FloatArray:
    """Return ``ln H/L`` of each bar, (…,) of plain channels."""
    high, low = extremes(plain)
    return np.asarray(high - low)


def parkinson(plain: FloatArray) -> FloatArray:
    """Return each bar's variance by its range, ``(ln H/L)² / (4 ln 2)``; without the gap.

    Unbiased for a Brownian motion without drift that is watched all the time.

    Source: Parkinson (1980).
    """
    return np.asarray(np.square(ranges(plain)) / (4 * math.log(2)))


def garman_klass(plain: FloatArray) -> FloatArray:
    """Return each bar's variance ``½ (ln H/L)² − (2 ln 2 − 1) (ln C/O)²``; without the gap.

    Source: Garman & Klass (1980), their practical estimator.
    """
    body = plain[..., RETURN] - plain[..., GAP]
    return np.asarray(0.5 * np.square(ranges(plain)) - CLOSE_WEIGHT * np.square(body))


def close_position(plain: FloatArray) -> FloatArray:
    """Return ``(C − L) / (H − L)`` in log prices, from 0 at the low to 1; NaN without a range."""
    high, low = extremes(plain)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (plain[..., RETURN] - low) / (high - low)
    return np.where(high > low, np.clip(share, 0.0, 1.0), np.nan)


def log_ranges(plain: FloatArray) -> FloatArray:
    """Return ``ln ln H/L``, the range at least a hundredth of its median."""
    width = ranges(plain)
    some = width[width > 0]
    least = SMALLEST_RANGE * float(np.median(some)) if some.size else 1.0
    return np.log(np.maximum(width, least))


PARTS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "return": lambda plain: plain[..., RETURN],
    "gap": lambda plain: plain[..., GAP],
    "upper wick": lambda plain: plain[..., UP],
    "lower wick": lambda plain: plain[..., DOWN],
    "volume": lambda plain: plain[..., VOLUME],
    "range": ranges,
    "log range": log_ranges,
    "close position": close_position,
}
"""What of bars is compared, by its name."""


def _bars(sample: Sample) -> BarSample:
    if not isinstance(sample, BarSample):
        raise TypeError(f"expected a sample of bars, got {type(sample).__name__}")
    return sample


def _distribution(name: str, of: str, meaning: str, *, scaled: bool = True) -> Metric:
    """Return the row of W1 between a part's distributions, in real standard deviations of it."""

    def distance(real: Sample, synthetic: Sample) -> float:
        own, other = _bars(real).scattered(of), _bars(synthetic).scattered(of)
        if not own.size or not other.size:
            return float("nan")
        gap = wasserstein_1(own, other, ordered=True)
        return float(np.divide(gap, own.std())) if scaled else gap

    return Metric(name, meaning, GROUP, LEAST_BARS, 2, distance)


def _volatility(name: str, estimator: Callable[[FloatArray], FloatArray], meaning: str) -> Metric:
    def statistic(sample: Sample) -> float:
        return float(np.sqrt(np.mean(estimator(_bars(sample).plain))))

    return relative(name, meaning, GROUP, LEAST_BARS, statistic)


def _memory(name: str, of: str, meaning: str) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        gap = _bars(real).memory(of) - _bars(synthetic).memory(of)
        return float(np.linalg.norm(gap)) / math.sqrt(LAGS)

    text = f"Root mean square gap between the autocorrelations of {meaning}, lags 1 to {LAGS}."
    return Metric(name, text, GROUP, 2 * LAGS, 2 * LAGS, distance)


def _correlation(name: str, one: str, other: str, meaning: str, *, lag: int = 0) -> Metric:
    """Return the row of ``Corr(one_t, other_{t+lag})``, pairs of all paths pooled."""

    def statistic(sample: Sample) -> float:
        x, y = _bars(sample).part(one), _bars(sample).part(other)
        x, y = x[:, : x.shape[1] - lag], y[:, lag:]
        x, y = x - x.mean(), y - y.mean()
        return float(np.divide(np.sum(x * y), np.sqrt(np.sum(x * x) * np.sum(y * y))))

    return difference(name, meaning, GROUP, LEAST_BARS, statistic)


PRICE_BAR_METRICS: tuple[Metric, ...] = (
    _distribution(
        "gap W1/sd",
        "gap",
        "Distance W1 between the gaps from a close to the next open, in real sd.",
    ),
    _distribution(
        "range W1/sd",
        "range",
        "Distance W1 between the ranges ln high/low, and so Parkinson's volatility, in real sd.",
    ),
    _volatility(
        "Parkinson volatility",
        parkinson,
        "Volatility within the bars by their ranges, root of the mean variance (Parkinson 1980).",
    ),
    _volatility(
        "Garman–Klass volatility",
        garman_klass,
        "Volatility within the bars by range and body, root of the mean variance (Garman & Klass "
        "1980).",
    ),
    _distribution(
        "close position W1",
        "close position",
        "Distance W1 between where closes lie in their range, from 0 at the low to 1 at the high.",
        scaled=False,
    ),
    _distribution(
        "upper wick W1/sd",
        "upper wick",
        "Distance W1 between how far highs are above open and close, in real sd.",
    ),
    _distribution(
        "lower wick W1/sd",
        "lower wick",
        "Distance W1 between how far lows are below open and close, in real sd.",
    ),
    _memory("ACF(log range)", "log range", "log ranges: does volatility within the bars cluster"),
    _correlation(
        "corr(return, gap next)",
        "return",
        "gap",
        "Correlation of a return with the gap that follows: do markets open as they closed.",
        lag=1,
    ),
    _correlation(
        "corr(return, log range next)",
        "return",
        "log range",
        "Correlation of a return with the log range that follows: losses are followed by wild "
        "bars.",
        lag=1,
    ),
)
"""Rows of all bars, in their order."""

VOLUME_METRICS: tuple[Metric, ...] = (
    _distribution(
        "volume W1/sd",
        "volume",
        "Distance W1 between log volumes less their mean over the 250 bars before, in real sd.",
    ),
    _memory("ACF(log volume)", "volume", "log volumes less their mean over the 250 bars before"),
    _correlation(
        "corr(volume, log range)",
        "volume",
        "log range",
        "Correlation of log volume with log range: wild bars are busy ones.",
    ),
)
"""Rows of bars with volumes."""
