"""The noise band: what chance alone gives, from single stationary-bootstrap paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tsgan.baselines import stationary_bootstrap
from tsgan.metric import Metric, Sample
from tsgan.metrics import METRICS
from tsgan.results import FloatArray, Marks

BAND_MARKS = (0.05, 0.5, 0.95)


def measure(
    real: Sample, synthetic: Sample, metrics: Sequence[Metric] = METRICS
) -> dict[str, float]:
    """Return the value of each metric by its name: NaN where it cannot be computed."""
    return {
        metric.name: float("nan")
        if metric.obstacle(real, synthetic)
        else metric.measure(real, synthetic)
        for metric in metrics
    }


def noise_bands(
    real: Sample,
    draw: Callable[[], Sample],
    paths: int,
    report: Callable[[float], None] = lambda _share: None,
    metrics: Sequence[Metric] = METRICS,
) -> dict[str, Marks | None]:
    """Return 5 %, 50 % and 95 % of each metric over single bootstrap paths.

    Args:
        real: one path; draw: returns another bootstrap path of it; paths: how many of them.
        report: told the share that is done.
        metrics: the rows.
    """
    measured = []
    for index in range(paths):
        report(index / paths)
        measured.append(measure(real, draw(), metrics))
    return marks_by_name(measured)


def bootstrapped(
    series: FloatArray, mean_block: float, generator: np.random.Generator
) -> Callable[[], Sample]:
    """Return what draws single stationary-bootstrap paths of ``series`` (n,), as long as it is."""
    return lambda: Sample(stationary_bootstrap(series, 1, series.size, mean_block, generator))


def marks_by_name(measured: Sequence[Mapping[str, float]]) -> dict[str, Marks | None]:
    """Return the marks of each name over several measurements of the same names."""
    names = measured[0] if measured else ()
    return {name: _marks(np.array([values[name] for values in measured])) for name in names}


def _marks(values: FloatArray) -> Marks | None:
    """Return the marks of the values that are finite; None if fewer than half of them are."""
    finite = values[np.isfinite(values)]
    if 2 * finite.size < values.size:
        return None
    low, middle, high = np.quantile(finite, BAND_MARKS)
    return float(low), float(middle), float(high)
