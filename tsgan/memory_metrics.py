"""Rows about the order of returns: memory, clustering, leverage, and shape over longer spans."""

from __future__ import annotations

import math

import numpy as np

from tsgan import stylized
from tsgan.metric import (
    LAGS,
    Metric,
    Sample,
    difference,
    mean_over_paths,
    median_over_paths,
    quantiles_over_paths,
    relative,
)
from tsgan.results import FloatArray

LJUNG_BOX_LAGS, ARCH_LAGS = 20, 5


def autocorrelation(kind: str, of: str, meaning: str) -> Metric:
    """Return the row ``ACF(kind)``; curves are averaged over paths before they are compared."""

    def distance(real: Sample, synthetic: Sample) -> float:
        gap = real.autocorrelations(kind).mean(axis=0) - synthetic.autocorrelations(kind).mean(
            axis=0
        )
        return float(np.linalg.norm(gap)) / math.sqrt(LAGS)

    text = (
        f"Root mean square gap between the autocorrelations of {of} at lags 1 to {LAGS}: {meaning}."
    )
    return Metric(f"ACF({kind})", text, "memory", 2 * LAGS, 2 * LAGS, distance)


def leverage() -> Metric:
    """Return the row ``Lev``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        return float(
            np.linalg.norm(real.leverages().mean(axis=0) - synthetic.leverages().mean(axis=0))
        )

    meaning = (
        "Gap between the leverage effects, how losses raise the volatility that follows, "
        f"over lags 1 to {LAGS}."
    )
    return Metric("Lev", meaning, "memory", 2 * LAGS, 2 * LAGS, distance)


def _aggregated_kurtosis(k: int) -> Metric:
    def kurtosis(paths: FloatArray) -> FloatArray:
        return stylized.excess_kurtosis(stylized.overlapping_sums(paths, k))

    return difference(
        f"kurtosis({k})",
        f"Excess kurtosis of {k}-step returns, median of the paths: sums of returns come nearer to "
        "a normal distribution, but slowly.",
        "memory",
        20 * k,
        median_over_paths(kurtosis),
        2 * k,
        spread=quantiles_over_paths(kurtosis),
    )


DISPERSION = relative(
    "vol dispersion",
    "How far one-year volatilities are spread: too little where all paths look alike.",
    "memory",
    2 * stylized.TRADING_YEAR,
    lambda sample: stylized.volatility_dispersion(sample.paths),
    stylized.TRADING_YEAR,
)

MEMORY_METRICS: tuple[Metric, ...] = (
    relative(
        "Ljung–Box",
        f"Ljung–Box statistic of returns over {LJUNG_BOX_LAGS} lags, mean of the paths: is the "
        "next return foreseeable at all.",
        "memory",
        10 * LJUNG_BOX_LAGS,
        mean_over_paths(lambda paths: stylized.ljung_box(paths, LJUNG_BOX_LAGS)),
        10 * LJUNG_BOX_LAGS,
        whole=True,
    ),
    relative(
        "ARCH-LM",
        f"Engle's test statistic for clustered volatility over {ARCH_LAGS} lags, mean of the "
        "paths.",
        "memory",
        20 * ARCH_LAGS,
        mean_over_paths(lambda paths: stylized.arch_lm(paths, ARCH_LAGS)),
        20 * ARCH_LAGS,
        whole=True,
    ),
    *(_aggregated_kurtosis(k) for k in (5, 20, 100)),
    relative(
        "vol of vol",
        "How much the volatility of one month differs from that of the month before.",
        "memory",
        200,
        lambda sample: stylized.volatility_of_volatility(sample.paths),
        200,
    ),
    difference(
        "Hurst",
        "Hurst exponent of absolute returns: one half without long memory, near one where "
        "volatility never forgets.",
        "memory",
        1_000,
        mean_over_paths(stylized.hurst_exponent),
        1_000,
    ),
    difference(
        "gain/loss asymmetry",
        "Log ratio of the waits for a rise and for a fall of equal size: above 0 where a market "
        "falls faster than it rises.",
        "memory",
        1_000,
        lambda sample: stylized.gain_loss_asymmetry(sample.paths),
        500,
    ),
)
"""Rows beside the seventeen."""
