"""Given true paths, a row is rarely off, though extremes rule it."""

from __future__ import annotations

import numpy as np
import scipy.stats

from tsgan.bands import bootstrapped, measure, noise_bands
from tsgan.baselines import garch_residuals
from tsgan.metric import Sample
from tsgan.metrics import METRICS

SEEDS = 12
NAMES = ("skew", "kurtosis", "kurtosis(5)")


def market(paths: int, steps: int, seed: int) -> np.ndarray:
    """(paths, steps) returns of one GJR-GARCH process with t(6) shocks."""
    shocks = np.random.default_rng(seed).standard_t(6, size=(steps + 300, paths)) * np.sqrt(4 / 6)
    residuals = garch_residuals(shocks, 0.03, 0.03, 0.1, 0.88)[300:]
    return np.ascontiguousarray(0.01 * residuals.T)


def test_shape_is_compared_path_by_path() -> None:
    """Of all paths pooled, kurtosis grows with their number, and one series is nearly always off.

    Seen with these seeds: 2 of 36 verdicts off path by path, 9 of 12 of the pooled kurtosis.
    """
    metrics = [metric for metric in METRICS if metric.name in NAMES]
    off = pooled = 0
    for seed in range(SEEDS):
        series, paths = market(1, 1_500, seed), market(40, 1_500, 1_000 + seed)
        real, draws = Sample(series), np.random.default_rng(seed)
        values = measure(real, Sample(paths), metrics)
        draw = bootstrapped(series[0], 250.0, draws)
        bands = noise_bands(real, draw, 60, metrics=metrics)
        off += sum(values[name] > bands[name][2] for name in NAMES)
        gap = abs(scipy.stats.kurtosis(paths.ravel()) - scipy.stats.kurtosis(series[0]))
        pooled += gap > bands["kurtosis"][2]
    assert off <= 6 and pooled >= 7
