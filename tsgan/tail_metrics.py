"""Rows about the tails: how heavy, how far, how deep a fall."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan import stylized, tails
from tsgan.distances import wasserstein_1
from tsgan.metric import (
    Metric,
    Sample,
    difference,
    mean_over_paths,
    pooled,
    quantiles_over_paths,
    relative,
)
from tsgan.results import FloatArray

Side = Callable[[FloatArray], FloatArray]


def hill(label: str, fraction: float, of: str, side: Side) -> Metric:
    """Return the row ``Hill label`` of the largest ``fraction`` of ``side`` of the returns."""
    return relative(
        f"Hill {label}",
        f"Tail index of {of}: how fast extremes become rare; about 3 for stocks, less is heavier.",
        "tails",
        math.ceil(10 / fraction),
        pooled(lambda returns: tails.hill(side(returns), fraction)),
        interval=lambda sample: tails.hill_interval(side(sample.ordered_sums()), fraction),
    )


def expected_shortfall(percent: int) -> Metric:
    """Return the row ``ES percent%``."""
    level = percent / 100
    return relative(
        f"ES {percent}%",
        f"Expected shortfall: the mean of one-step returns beyond the {percent} % quantile.",
        "tails",
        math.ceil(1 / min(level, 1 - level)),
        pooled(lambda returns: tails.expected_shortfall(returns, level)),
    )


def _value_at_risk(percent: int) -> Metric:
    level = percent / 100
    return relative(
        f"VaR {percent}%",
        f"Value at risk: the {percent} % quantile of one-step returns.",
        "tails",
        math.ceil(1 / min(level, 1 - level)),
        pooled(lambda returns: tails.value_at_risk(returns, level)),
    )


def _generalised_pareto(label: str, of: str, side: Side) -> Metric:
    def fit(sample: Sample) -> tails.GPDFit:
        return tails.fit_generalised_pareto(side(sample.ordered_sums()))

    return difference(
        f"GPD ξ {label}",
        f"Shape of a generalised Pareto distribution fitted to {of}: about 0.2 to 0.4 for stocks, "
        "more is heavier, 0 is exponential.",
        "tails",
        400,
        lambda sample: fit(sample).shape,
        interval=lambda sample: tails.gpd_interval(fit(sample)),
    )


def _drawdowns() -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        deep = [np.sort(tails.maximum_drawdowns(s.paths), axis=None) for s in (real, synthetic)]
        return float(np.divide(wasserstein_1(*deep, ordered=True), np.mean(deep[0])))

    meaning = (
        "Mean distance between the distributions of the largest drawdown within a year, over the "
        "mean of the real ones."
    )
    year = stylized.TRADING_YEAR
    return Metric("drawdowns", meaning, "tails", 2 * year, year, distance)


def _largest_drawdown() -> Metric:
    return relative(
        "max drawdown",
        "Largest fall of the price from its peak over a whole path, mean of the paths.",
        "tails",
        2,
        mean_over_paths(tails.whole_drawdown),
        spread=quantiles_over_paths(tails.whole_drawdown),
        whole=True,
    )


TAIL_METRICS: tuple[Metric, ...] = (
    hill("2.5%", 0.025, "the largest 2.5 % of absolute returns", np.abs),
    hill("left 5%", 0.05, "the lowest 5 % of returns", np.negative),
    hill("right 5%", 0.05, "the highest 5 % of returns", np.positive),
    _generalised_pareto("left", "the lowest 5 % of returns", np.negative),
    _generalised_pareto("right", "the highest 5 % of returns", np.positive),
    *(_value_at_risk(percent) for percent in (1, 5, 95, 99)),
    *(expected_shortfall(percent) for percent in (5, 95)),
    _drawdowns(),
    _largest_drawdown(),
)
"""Rows beside the seventeen."""
