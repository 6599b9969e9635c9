"""What a row of the table of metrics is before it is measured, and what it is measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tsgan import strategies, stylized
from tsgan.results import FloatArray, Group

LAGS = 250
"""Autocorrelation and leverage are compared at lags 1..LAGS."""

SAME_LENGTH = 0.05
"""Share by which the length of paths may differ where a figure grows with it."""

Pair = tuple[float, float]

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
        self._traded: dict[str, Traded] = {}

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

    def traded(self, strategy: str) -> Traded:
        """Return what ``strategy`` came to on these paths."""
        if strategy not in self._traded:
            self._traded[strategy] = Traded.on(self.paths, strategy)
        return self._traded[strategy]


@dataclass(frozen=True)
class Traded:
    """What a strategy came to on several paths.

    Attributes:
        outcomes: by measure, (paths,), see :func:`tsgan.strategies.outcomes`.
        tails: by quantile level, the value at risk and the expected shortfall of its profits of
            one step, pooled over the paths.
    """

    outcomes: Mapping[str, FloatArray]
    tails: Mapping[float, tuple[float, float]]

    LEVELS = (0.01, 0.05, 0.95, 0.99)

    @classmethod
    def on(cls, paths: FloatArray, strategy: str) -> Traded:
        """Return what ``strategy`` comes to on ``paths`` (paths, steps); absurd ones overflow."""
        with np.errstate(over="ignore", invalid="ignore"):
            positions = strategies.STRATEGIES[strategy](paths)
            profits = strategies.strategy_returns(paths, positions)
            ordered = np.sort(profits, axis=None)
            return cls(
                strategies.outcomes(profits, positions, stylized.TRADING_YEAR),
                {level: _tail(ordered, level) for level in cls.LEVELS},
            )


def _tail(ordered: FloatArray, level: float) -> tuple[float, float]:
    """Return the ``level`` quantile of ascending values and the mean at or beyond it."""
    quantile = float(np.quantile(ordered, level))
    if level < 0.5:
        beyond = ordered[: np.searchsorted(ordered, quantile, side="right")]
    else:
        beyond = ordered[np.searchsorted(ordered, quantile, side="left") :]
    return quantile, float(np.mean(beyond))


@dataclass(frozen=True)
class Metric:
    """One row of the table, still to be measured.

    Attributes:
        name, meaning, group: as in :class:`tsgan.results.Row`.
        least_real: fewest returns of the real series, and of all paths together.
        least_steps: fewest steps of each path.
        distance: (real, synthetic) -> value; not finite where it is not defined.
        statistic: of one sample; None where only a distance exists.
        spread: of one sample, 5 % and 95 % of the statistic over its paths; None without one.
        interval: of one sample, the 95 % confidence interval of its statistic; None without one.
        whole: whether the figure grows with the length of a path, so that lengths must match.
        runs: of the series (n,) and paths, ratios over several runs that are 1 for a perfect
            model; None for all others.
    """

    name: str
    meaning: str
    group: Group
    least_real: int
    least_steps: int
    distance: Callable[[Sample, Sample], float]
    statistic: Callable[[Sample], float] | None = None
    spread: Callable[[Sample], Pair] | None = None
    interval: Callable[[Sample], Pair] | None = None
    runs: Callable[[FloatArray, FloatArray], FloatArray] | None = None
    whole: bool = False

    def obstacle(self, real: Sample, synthetic: Sample) -> str:
        """Return why the row cannot be computed from samples of these sizes; empty if it can."""
        pooled, steps = synthetic.paths.size, synthetic.paths.shape[1]
        if real.paths.size < self.least_real:
            return f"needs {self.least_real} real returns, there are {real.paths.size}"
        if pooled < self.least_real:
            return f"needs {self.least_real} synthetic returns, there are {pooled}"
        if steps < self.least_steps:
            return f"needs paths of {self.least_steps} steps, they have {steps}"
        if self.whole and abs(steps / real.paths.shape[1] - 1) > SAME_LENGTH:
            return (
                f"needs paths as long as the real series, {real.paths.shape[1]} steps, they have "
                f"{steps}"
            )
        return ""

    def measure(self, real: Sample, synthetic: Sample) -> float:
        """Return the value of the row: not finite where it is not defined, without a warning."""
        with np.errstate(all="ignore"):
            return self.distance(real, synthetic)

    def figures(self, real: Sample, synthetic: Sample) -> tuple[float | None, float | None]:
        """Return the statistic of both samples; None where only a distance exists."""
        if self.runs is not None:
            return 1.0, float(np.mean(self.runs(real.paths[0], synthetic.paths)))
        if self.statistic is None:
            return None, None
        with np.errstate(all="ignore"):
            return (
                real.figure(self.name, self.statistic),
                synthetic.figure(self.name, self.statistic),
            )

    def spread_of(self, real: Sample, synthetic: Sample) -> Pair | None:
        """Return 5 % and 95 % of the synthetic statistic, or the least and most of its runs."""
        if self.runs is not None:
            ratios = self.runs(real.paths[0], synthetic.paths)
            return float(np.min(ratios)), float(np.max(ratios))
        return None if self.spread is None else self.spread(synthetic)

    def interval_of(self, real: Sample) -> Pair | None:
        """Return the interval of the real statistic; None where there is none."""
        if self.interval is None:
            return None
        with np.errstate(all="ignore"):
            low, high = self.interval(real)
        return (low, high) if np.isfinite([low, high]).all() else None


def relative(
    name: str,
    meaning: str,
    group: Group,
    least: int,
    statistic: Callable[[Sample], float],
    steps: int = 2,
    *,
    spread: Callable[[Sample], Pair] | None = None,
    interval: Callable[[Sample], Pair] | None = None,
    whole: bool = False,
) -> Metric:
    """Return the metric ``|statistic(synthetic) / statistic(real) − 1|``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        ratio = np.divide(synthetic.figure(name, statistic), real.figure(name, statistic))
        return float(abs(ratio - 1))

    return Metric(
        name, meaning, group, least, steps, distance, statistic, spread, interval, whole=whole
    )


def difference(
    name: str,
    meaning: str,
    group: Group,
    least: int,
    statistic: Callable[[Sample], float],
    steps: int = 2,
    *,
    spread: Callable[[Sample], Pair] | None = None,
    interval: Callable[[Sample], Pair] | None = None,
    whole: bool = False,
) -> Metric:
    """Return the metric ``|statistic(synthetic) − statistic(real)|``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        return abs(synthetic.figure(name, statistic) - real.figure(name, statistic))

    return Metric(
        name, meaning, group, least, steps, distance, statistic, spread, interval, whole=whole
    )


def pooled(function: Callable[[FloatArray], float]) -> Callable[[Sample], float]:
    """Return the statistic ``function`` of all one-step returns of a sample, ascending."""
    return lambda sample: function(sample.ordered_sums())


def mean_over_paths(function: Callable[[FloatArray], FloatArray]) -> Callable[[Sample], float]:
    """Return the mean over the paths of ``function``, (paths, steps) -> (paths,).

    Paths for which it is not defined, as of one that never moves, are left out.
    """

    def statistic(sample: Sample) -> float:
        values = function(sample.paths)
        finite = values[np.isfinite(values)]
        return float(np.mean(finite)) if finite.size else float("nan")

    return statistic


def median_over_paths(function: Callable[[FloatArray], FloatArray]) -> Callable[[Sample], float]:
    """Return the median over the paths of ``function``, (paths, steps) -> (paths,).

    For figures that extremes rule: of all paths pooled they grow with the number of paths, and one
    real series would be far from a true model. Paths for which it is not defined are left out.
    """

    def statistic(sample: Sample) -> float:
        values = function(sample.paths)
        finite = values[np.isfinite(values)]
        return float(np.median(finite)) if finite.size else float("nan")

    return statistic


def quantiles_over_paths(function: Callable[[FloatArray], FloatArray]) -> Callable[[Sample], Pair]:
    """Return 5 % and 95 % over the paths of ``function``, (paths, steps) -> (paths,)."""

    def spread(sample: Sample) -> Pair:
        values = function(sample.paths)
        low, high = np.quantile(values[np.isfinite(values)], (0.05, 0.95))
        return float(low), float(high)

    return spread
