"""The table of metrics: each row's name, its meaning, and how far synthetic paths are from real.

The formulas stand in :mod:`tsgan.distances` and
:mod:`tsgan.stylized`. Distributions pool all paths; autocorrelation and leverage are computed for
each path and then averaged, as the real series is one path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tsgan import stylized
from tsgan.distances import dragulescu_yakovenko, wasserstein_1
from tsgan.results import FloatArray

LAGS = 250
"""Autocorrelation and leverage are compared at lags 1..LAGS."""

TRANSFORMS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "id": lambda returns: returns,
    "abs": np.abs,
    "sq": np.square,
}
"""What of a return is autocorrelated, by the name in the table."""


class Sample:
    """Returns of shape (paths, steps), and what several rows need of them, computed once."""

    def __init__(self, paths: FloatArray) -> None:
        self.paths = paths
        self._sums: dict[int, FloatArray] = {}
        self._lagged: dict[tuple[str, int], FloatArray] = {}
        self._figures: dict[str, float] = {}

    def ordered_sums(self, k: int = 1) -> FloatArray:
        """Return all overlapping ``k``-step returns of all paths, pooled and ascending."""
        if k not in self._sums:
            self._sums[k] = np.sort(stylized.overlapping_sums(self.paths, k), axis=None)
        return self._sums[k]

    def autocorrelations(self, kind: str, lags: int = LAGS) -> FloatArray:
        """Return (paths, lags) autocorrelations of r, |r| or r²: ``"id"``, ``"abs"``, ``"sq"``."""
        if (kind, lags) not in self._lagged:
            transformed = TRANSFORMS[kind](self.paths)
            self._lagged[kind, lags] = stylized.autocorrelation(transformed, lags)
        return self._lagged[kind, lags]

    def leverages(self, lags: int = LAGS) -> FloatArray:
        """Return (paths, lags) correlations of r_t with r²_{t+lag}."""
        if ("leverage", lags) not in self._lagged:
            self._lagged["leverage", lags] = stylized.leverage(self.paths, lags)
        return self._lagged["leverage", lags]

    def figure(self, name: str, statistic: Callable[[Sample], float]) -> float:
        """Return ``statistic(self)``, remembered under ``name``."""
        if name not in self._figures:
            self._figures[name] = statistic(self)
        return self._figures[name]


@dataclass(frozen=True)
class Metric:
    """One row of the table, still to be measured.

    Attributes:
        name, meaning: as in :class:`tsgan.results.Row`.
        least_real: fewest returns of the real series, and of all paths together.
        least_steps: fewest steps of each path.
        distance: (real, synthetic) -> value; not finite where it is not defined.
        statistic: of one sample; None where only a distance exists.
    """

    name: str
    meaning: str
    least_real: int
    least_steps: int
    distance: Callable[[Sample, Sample], float]
    statistic: Callable[[Sample], float] | None = None

    def obstacle(self, real: Sample, synthetic: Sample) -> str:
        """Return why the row cannot be computed from samples of these sizes; empty if it can."""
        pooled, steps = synthetic.paths.size, synthetic.paths.shape[1]
        if real.paths.size < self.least_real:
            return f"needs {self.least_real} real returns, there are {real.paths.size}"
        if pooled < self.least_real:
            return f"needs {self.least_real} synthetic returns, there are {pooled}"
        if steps < self.least_steps:
            return f"needs paths of {self.least_steps} steps, they have {steps}"
        return ""

    def measure(self, real: Sample, synthetic: Sample) -> float:
        """Return the value of the row: not finite where it is not defined, without a warning."""
        with np.errstate(all="ignore"):
            return self.distance(real, synthetic)

    def figures(self, real: Sample, synthetic: Sample) -> tuple[float | None, float | None]:
        """Return the statistic of both samples; None where only a distance exists."""
        if self.statistic is None:
            return None, None
        with np.errstate(all="ignore"):
            return (
                real.figure(self.name, self.statistic),
                synthetic.figure(self.name, self.statistic),
            )


def _wasserstein(k: int) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        real_sums = real.ordered_sums(k)
        apart = wasserstein_1(real_sums, synthetic.ordered_sums(k), ordered=True)
        scale = real.figure(f"sd({k})", lambda sample: float(np.std(sample.ordered_sums(k))))
        return float(np.divide(apart, scale))

    meaning = (
        f"Mean distance between the distributions of {_steps(k)} returns, "
        "in standard deviations of the real ones."
    )
    return Metric(f"W1({k})/sd", meaning, 2 * k, k + 1, distance)


def _dragulescu_yakovenko(k: int) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        return dragulescu_yakovenko(real.ordered_sums(k), synthetic.ordered_sums(k), ordered=True)

    meaning = (
        f"Gap between the log densities of {_steps(k)} returns, summed over bins of 20 real ones; "
        "sees the tails."
    )
    return Metric(f"DY({k})", meaning, 2 * k + 40, k + 1, distance)


def _autocorrelation(kind: str, of: str, meaning: str) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        gap = real.autocorrelations(kind).mean(axis=0) - synthetic.autocorrelations(kind).mean(
            axis=0
        )
        return float(np.linalg.norm(gap)) / math.sqrt(LAGS)

    text = (
        f"Root mean square gap between the autocorrelations of {of} at lags 1 to {LAGS}: {meaning}."
    )
    return Metric(f"ACF({kind})", text, 2 * LAGS, 2 * LAGS, distance)


def _leverage() -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        return float(
            np.linalg.norm(real.leverages().mean(axis=0) - synthetic.leverages().mean(axis=0))
        )

    meaning = (
        "Gap between the leverage effects, how losses raise the volatility that follows, "
        f"over lags 1 to {LAGS}."
    )
    return Metric("Lev", meaning, 2 * LAGS, 2 * LAGS, distance)


def _relative(
    name: str, meaning: str, least: int, statistic: Callable[[Sample], float], steps: int = 2
) -> Metric:
    """Return the metric ``|statistic(synthetic) / statistic(real) − 1|``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        ratio = np.divide(synthetic.figure(name, statistic), real.figure(name, statistic))
        return float(abs(ratio - 1))

    return Metric(name, meaning, least, steps, distance, statistic)


def _difference(
    name: str, meaning: str, least: int, statistic: Callable[[Sample], float]
) -> Metric:
    """Return the metric ``|statistic(synthetic) − statistic(real)|``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        return abs(synthetic.figure(name, statistic) - real.figure(name, statistic))

    return Metric(name, meaning, least, 2, distance, statistic)


def _pooled(function: Callable[[FloatArray], float]) -> Callable[[Sample], float]:
    return lambda sample: function(sample.ordered_sums())


def _hill(label: str, fraction: float, of: str, side: Callable[[FloatArray], FloatArray]) -> Metric:
    return _relative(
        f"Hill {label}",
        f"Tail index of {of}: how fast extremes become rare; about 3 for stocks, less is heavier.",
        math.ceil(10 / fraction),
        _pooled(lambda returns: stylized.hill(side(returns), fraction)),
    )


def _value_at_risk(percent: int) -> Metric:
    level = percent / 100
    return _relative(
        f"VaR {percent}%",
        f"Value at risk: the {percent} % quantile of one-step returns.",
        math.ceil(1 / min(level, 1 - level)),
        _pooled(lambda returns: stylized.value_at_risk(returns, level)),
    )


def _expected_shortfall(percent: int) -> Metric:
    level = percent / 100
    return _relative(
        f"ES {percent}%",
        f"Expected shortfall: the mean of one-step returns beyond the {percent} % quantile.",
        math.ceil(1 / min(level, 1 - level)),
        _pooled(lambda returns: stylized.expected_shortfall(returns, level)),
    )


def _steps(k: int) -> str:
    return "one-step" if k == 1 else f"{k}-step"


METRICS: tuple[Metric, ...] = (
    *(_wasserstein(k) for k in (1, 5, 20, 100)),
    *(_dragulescu_yakovenko(k) for k in (1, 5, 20, 100)),
    _autocorrelation("id", "returns", "can the next return be foreseen"),
    _autocorrelation("abs", "absolute returns", "does volatility cluster, and for how long"),
    _autocorrelation("sq", "squared returns", "clustering, as the largest moves see it"),
    _leverage(),
    _relative(
        "sd",
        "Standard deviation of one-step returns: the overall volatility.",
        2,
        _pooled(stylized.standard_deviation),
    ),
    _hill("5%", 0.05, "the largest 5 % of absolute returns", np.abs),
    _expected_shortfall(1),
    _expected_shortfall(99),
    _relative(
        "vol dispersion",
        "How far one-year volatilities are spread: too little where all paths look alike.",
        2 * stylized.TRADING_YEAR,
        lambda sample: stylized.volatility_dispersion(sample.paths),
        stylized.TRADING_YEAR,
    ),
    _difference(
        "skew",
        "Asymmetry of one-step returns: negative where large losses outweigh large gains.",
        20,
        _pooled(stylized.skewness),
    ),
    _difference(
        "kurtosis",
        "Excess kurtosis of one-step returns: 0 for a normal distribution, ruled by few extremes.",
        20,
        _pooled(stylized.excess_kurtosis),
    ),
    _hill("2.5%", 0.025, "the largest 2.5 % of absolute returns", np.abs),
    _hill("left 5%", 0.05, "the lowest 5 % of returns", np.negative),
    _hill("right 5%", 0.05, "the highest 5 % of returns", np.positive),
    *(_value_at_risk(percent) for percent in (1, 5, 95, 99)),
    *(_expected_shortfall(percent) for percent in (5, 95)),
)
"""The table of metrics in its order, all but ``copied windows``: its band is a fixed limit."""
