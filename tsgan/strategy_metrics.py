"""Rows about what simple strategies come to: the use that scenarios are made for."""

from __future__ import annotations

from itertools import product

import numpy as np

from tsgan import stylized
from tsgan.metric import Metric, Sample, Traded, difference, relative
from tsgan.results import FloatArray
from tsgan.strategies import STRATEGIES, WARM_UP

LEAST_STEPS = WARM_UP + stylized.TRADING_YEAR
HELD = "buy-and-hold"
"""Its tails are the rows VaR and ES of the returns themselves; it never trades."""

TAILED = ("moving-average cross", "momentum", "mean reversion")
"""Strategies whose value at risk and expected shortfall are rows (Cont et al. 2022, Tail-GAN)."""

MEASURES = {
    "profit": "Mean profit a year",
    "Sharpe": "Sharpe ratio a year",
    "drawdown": "Largest fall of wealth from its peak",
    "turnover": "Change of position a year",
}


def _outcome(strategy: str, measure: str) -> Metric:
    def over_paths(sample: Sample) -> FloatArray:
        return sample.traded(strategy).outcomes[measure]

    def spread(sample: Sample) -> tuple[float, float]:
        low, high = np.quantile(over_paths(sample), (0.05, 0.95))
        return float(low), float(high)

    return difference(
        f"{strategy}: {measure}",
        f"{MEASURES[measure]} of {strategy}, mean of the paths.",
        "strategies",
        LEAST_STEPS,
        lambda sample: float(np.mean(over_paths(sample))),
        LEAST_STEPS,
        spread=spread,
        whole=measure == "drawdown",
    )


def _tail(strategy: str, level: float, part: int) -> Metric:
    risk = ("VaR", "ES")[part]
    words = ("Value at risk", "Expected shortfall")[part]

    def statistic(sample: Sample) -> float:
        return sample.traded(strategy).tails[level][part]

    return relative(
        f"{strategy}: {risk} {100 * level:.0f}%",
        f"{words} of the profits of one step of {strategy} at {100 * level:.0f} %.",
        "strategies",
        LEAST_STEPS,
        statistic,
        LEAST_STEPS,
    )


STRATEGY_METRICS: tuple[Metric, ...] = (
    *(_outcome(*pair) for pair in product(STRATEGIES, MEASURES) if pair != (HELD, "turnover")),
    *(_tail(*risk) for risk in product(TAILED, Traded.LEVELS, (0, 1))),
)
"""Rows beside the seventeen."""
