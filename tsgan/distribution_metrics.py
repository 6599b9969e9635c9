"""Rows about distributions: how far apart k-step returns are, their spread and their shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsgan import distances, divergences, stylized
from tsgan.metric import (
    Metric,
    Sample,
    difference,
    median_over_paths,
    pooled,
    quantiles_over_paths,
    relative,
)
from tsgan.results import FloatArray

BINS = 50
"""Equal-count bins of the histograms of the divergences."""


def wasserstein(k: int) -> Metric:
    """Return the row ``W1(k)/sd``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        real_sums = real.ordered_sums(k)
        apart = distances.wasserstein_1(real_sums, synthetic.ordered_sums(k), ordered=True)
        return float(np.divide(apart, _deviation(real, k)))

    meaning = (
        f"Mean distance between the distributions of {_steps(k)} returns, "
        "in standard deviations of the real ones."
    )
    return Metric(f"W1({k})/sd", meaning, "distributions", 2 * k, k + 1, distance)


def dragulescu_yakovenko(k: int) -> Metric:
    """Return the row ``DY(k)``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        return distances.dragulescu_yakovenko(
            real.ordered_sums(k), synthetic.ordered_sums(k), ordered=True
        )

    meaning = (
        f"Gap between the log densities of {_steps(k)} returns, summed over bins of 20 real ones; "
        "sees the tails."
    )
    return Metric(f"DY({k})", meaning, "distributions", 2 * k + 40, k + 1, distance)


def _wasserstein_2() -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        ordered = real.ordered_sums()
        apart = [
            distances.wasserstein_p(ordered, np.sort(path), 2, ordered=True)
            for path in synthetic.paths
        ]
        return float(np.divide(np.median(apart), _deviation(real, 1)))

    meaning = (
        "Root mean square distance between the quantiles of one-step returns, in standard "
        "deviations of the real ones, median of the paths: more weight on the extremes than "
        "W1(1)/sd."
    )
    return Metric("W2(1)/sd", meaning, "distributions", 2, 2, distance)


def _gaussian_wasserstein_2() -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        moments = (f(s.ordered_sums()) for s in (real, synthetic) for f in (np.mean, np.var))
        apart = distances.gaussian_wasserstein_2(*map(float, moments))
        return float(np.divide(apart, _deviation(real, 1)))

    meaning = (
        "W2 between normal distributions with the means and variances of both sides, in standard "
        "deviations of the real one: the part of W2(1)/sd that location and scale explain."
    )
    return Metric("Gaussian W2(1)/sd", meaning, "distributions", 2, 2, distance)


def _divergence(
    name: str, words: str, of_shares: Callable[[FloatArray, FloatArray], float]
) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        shares = divergences.histograms(
            real.ordered_sums(), synthetic.ordered_sums(), BINS, ordered=True
        )
        return of_shares(*shares) if shares[0].size > 1 else float("nan")

    meaning = (
        f"{words} of one-step returns, on histograms of {BINS} bins that hold equally many real "
        "returns each, the outer two open."
    )
    return Metric(f"{name}(1)", meaning, "distributions", 2 * BINS, 2, distance)


def _deviation(sample: Sample, k: int) -> float:
    return sample.figure(f"sd({k})", lambda s: float(np.std(s.ordered_sums(k))))


def _steps(k: int) -> str:
    return "one-step" if k == 1 else f"{k}-step"


DEVIATION = relative(
    "sd",
    "Standard deviation of one-step returns: the overall volatility.",
    "distributions",
    2,
    pooled(stylized.standard_deviation),
)

DISTRIBUTION_METRICS: tuple[Metric, ...] = (
    _wasserstein_2(),
    _gaussian_wasserstein_2(),
    _divergence("KL", "Kullback–Leibler divergence, in nats,", divergences.kullback_leibler),
    _divergence("JS", "Jensen–Shannon divergence, in nats,", divergences.jensen_shannon),
    _divergence("TV", "Total variation distance", divergences.total_variation),
    difference(
        "skew",
        "Asymmetry of one-step returns, median of the paths: negative where large losses outweigh "
        "large gains.",
        "distributions",
        20,
        median_over_paths(stylized.skewness),
        20,
        spread=quantiles_over_paths(stylized.skewness),
    ),
    difference(
        "kurtosis",
        "Excess kurtosis of one-step returns, median of the paths: 0 for a normal distribution, "
        "ruled by few extremes.",
        "distributions",
        20,
        median_over_paths(stylized.excess_kurtosis),
        20,
        spread=quantiles_over_paths(stylized.excess_kurtosis),
    ),
)
"""Rows beside the seventeen."""
