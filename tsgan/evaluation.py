"""How far synthetic paths are from a real series, and whether that is more than chance.

Every row of :data:`tsgan.metrics.METRICS` is measured between the real series and three things:
the synthetic paths; single stationary-bootstrap paths of the real series, whose spread is the noise
band; and simple simulators fitted to the training series. No distance means anything without the
other two. ``copied windows`` says besides whether the paths are only the training series again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tsgan.baselines import BASELINES, simulate_baseline, stationary_bootstrap
from tsgan.curves import build_curves
from tsgan.errors import DataError
from tsgan.evaluation_input import check_settings, returns_array
from tsgan.memorisation import copied_windows
from tsgan.metrics import METRICS, Sample
from tsgan.results import Evaluation, FloatArray
from tsgan.verdicts import COPIED, Marks, cautions, copied_obstacle, copied_row, metric_row

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.scenarios import Scenarios

Progress = Callable[[str, float], None]

BAND_MARKS = (0.05, 0.5, 0.95)
BAND_STREAM, COPIED_STREAM = range(2)
"""Second integer of a random stream's name, after the purpose BOOTSTRAP."""


def evaluate(
    real: npt.ArrayLike | Prices,
    synthetic: npt.ArrayLike | Scenarios,
    *,
    training: npt.ArrayLike | None = None,
    name: str = "series",
    seed: int = 0,
    bootstrap_paths: int = 200,
    bootstrap_block: float = 250.0,
    baselines: Sequence[str] = ("GARCH-n", "GARCH-t", "GJR-t"),
    baseline_paths: int = 200,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare synthetic paths with a real series, row by row, beside noise band and baselines.

    Args:
        real: (n,) log returns, not in percent, or ``Prices`` of one asset.
        synthetic: (paths, horizon) log returns, or ``Scenarios``; only
            horizon = n compares memory without bias.
        training: (m,) log returns that the model was trained on; default ``real``. Baselines are
            fitted to them, and copies are looked for in them.
        name: what the real series is, for titles.
        seed: the same seed gives the same numbers.
        bootstrap_paths, bootstrap_block: number and mean block length of the noise band's paths.
        baselines: names from :data:`tsgan.baselines.BASELINES`; one that cannot be fitted is left
            out, with a warning in the result.
        baseline_paths: paths of n steps simulated for each baseline.
        progress: called with what is being done and the share that is done, 0..1.

    Raises:
        DataError: an array is not finite, constant, too short, of the wrong shape, or of prices.
        ConfigError: a setting is outside its range.
    """
    check_settings(bootstrap_paths, bootstrap_block, baselines, baseline_paths)
    report = progress or (lambda _message, _fraction: None)
    series, paths = returns_array("real", real, 1), returns_array("synthetic", synthetic, 2)
    learnt = series if training is None else returns_array("training", training, 1)
    reference, sample = Sample(series[None]), Sample(paths)

    report("measuring the synthetic paths", 0.0)
    values = _measure(reference, sample)
    values[COPIED] = _copied(learnt, paths, seed)
    report("bootstrapping the noise band", 0.25)
    bands = _noise_bands(reference, bootstrap_paths, bootstrap_block, seed, report)
    scores, failures = _score_baselines(baselines, reference, learnt, baseline_paths, seed, report)
    report("computing the curves", 0.95)
    result = Evaluation(
        name=name,
        returns=series.size,
        paths=paths.shape[0],
        horizon=paths.shape[1],
        rows=(
            *(metric_row(metric, reference, sample, values, bands, scores) for metric in METRICS),
            copied_row(values[COPIED], learnt, paths, scores),
        ),
        curves=build_curves(reference, sample),
        bootstrap_paths=bootstrap_paths,
        bootstrap_block=bootstrap_block,
        warnings=(*cautions(series.size, paths.shape[1], bootstrap_block), *failures),
    )
    report("evaluated", 1.0)
    return result


def _measure(real: Sample, synthetic: Sample) -> dict[str, float]:
    """Return the value of each metric by its name: NaN where it cannot be computed."""
    return {
        metric.name: float("nan")
        if metric.obstacle(real, synthetic)
        else metric.measure(real, synthetic)
        for metric in METRICS
    }


def _noise_bands(
    real: Sample, paths: int, mean_block: float, seed: int, report: Progress
) -> dict[str, Marks | None]:
    """Return 5 %, 50 % and 95 % of each metric over single stationary-bootstrap paths."""
    from tsgan.seeding import BOOTSTRAP, numpy_generator  # brings torch: not on import

    generator = numpy_generator(seed, BOOTSTRAP, BAND_STREAM)
    series = real.paths[0]
    measured = []
    for index in range(paths):
        if index % 20 == 0:
            report("bootstrapping the noise band", 0.25 + 0.3 * index / paths)
        path = stationary_bootstrap(series, 1, series.size, mean_block, generator)
        measured.append(_measure(real, Sample(path)))
    return {
        metric.name: _marks(np.array([values[metric.name] for values in measured]))
        for metric in METRICS
    }


def _marks(values: FloatArray) -> Marks | None:
    """Return the marks of the values that are finite; None if fewer than half of them are."""
    finite = values[np.isfinite(values)]
    if 2 * finite.size < values.size:
        return None
    low, middle, high = np.quantile(finite, BAND_MARKS)
    return float(low), float(middle), float(high)


def _score_baselines(
    names: Sequence[str],
    real: Sample,
    training: FloatArray,
    paths: int,
    seed: int,
    report: Progress,
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return the values of each baseline by its name, and a warning for each that failed."""
    from tsgan.seeding import BASELINES as PURPOSE
    from tsgan.seeding import numpy_generator

    scores: dict[str, dict[str, float]] = {}
    failures = []
    for position, name in enumerate(names):
        report(f"scoring {name}", 0.55 + 0.4 * position / len(names))
        generator = numpy_generator(seed, PURPOSE, BASELINES.index(name))
        try:
            simulated = simulate_baseline(name, training, paths, real.paths.size, generator)
        except DataError as error:
            failures.append(f"A baseline is missing. {error}.")
            continue
        scores[name] = _measure(real, Sample(simulated))
        scores[name][COPIED] = _copied(training, simulated, seed)
    return scores, failures


def _copied(training: FloatArray, paths: FloatArray, seed: int) -> float:
    from tsgan.seeding import BOOTSTRAP, numpy_generator

    if copied_obstacle(training, paths):
        return float("nan")
    return copied_windows(training, paths, numpy_generator(seed, BOOTSTRAP, COPIED_STREAM))
