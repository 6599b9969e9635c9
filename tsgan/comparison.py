"""One real series against one set of synthetic paths, row by row.

Every row of :data:`tsgan.metrics.METRICS` is measured between the real series and four things: the
synthetic paths; single stationary-bootstrap paths of the real series, whose spread is the noise
band; simple simulators fitted to the training series; and further sets of paths. The gauges of
:mod:`tsgan.gauges` say besides whether the paths are only the training series again. Against
returns that were held out of training, the metrics are measured once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tsgan.bands import bootstrapped, measure, noise_bands
from tsgan.baselines import BASELINES, simulate_baseline
from tsgan.curves import build_curves
from tsgan.errors import DataError
from tsgan.forecasts import forecast_rows
from tsgan.gauge import Setting
from tsgan.gauges import GAUGES
from tsgan.held_out import cut, held_out_block, held_out_parts
from tsgan.metric import Sample
from tsgan.metrics import METRICS
from tsgan.results import Evaluation, FloatArray, HeldOut, Row
from tsgan.verdicts import Rivals, Values, cautions, gauge_row, metric_row

Progress = Callable[[str, float], None]

BAND_STREAM, HELD_OUT_STREAM = 0, 6
"""Second integer of a random stream's name, after the purpose BOOTSTRAP; gauges have the others."""

LONG_SERIES, LARGEST_SAMPLE = 20_000, 4_000_000
"""Of a longer series fewer paths are drawn, with so many returns in all; see `affordable`."""

LEAST_BAND, LEAST_BASELINE = 50, 4
"""Fewest paths of a noise band and of a baseline, however long the series."""


@dataclass(frozen=True)
class Settings:
    """How an evaluation is made, see :func:`tsgan.evaluation.evaluate`.

    Of a long series fewer paths are drawn than ``bootstrap_paths`` and ``baseline_paths``.
    """

    name: str
    seed: int
    bootstrap_paths: int
    bootstrap_block: float
    baselines: Sequence[str]
    baseline_paths: int


@dataclass(frozen=True)
class Subject:
    """What is compared.

    Attributes:
        series: (n,) real log returns; paths: (paths, steps) synthetic ones.
        training: (m,) what the model was trained on; held_out: (h,) what it never saw, or None.
        others: further sets of synthetic paths by name.
    """

    series: FloatArray
    paths: FloatArray
    training: FloatArray
    held_out: FloatArray | None = None
    others: Mapping[str, FloatArray] = field(default_factory=dict)


def compare(subject: Subject, settings: Settings, report: Progress) -> Evaluation:
    """Return the evaluation of ``subject``; ``report`` is told what is done, and which share."""
    asked, settings = settings, affordable(settings, subject.series.size)
    real, synthetic = Sample(subject.series[None]), Sample(subject.paths)
    setting = Setting(subject.series, subject.training, subject.held_out, settings.seed)
    report("measuring the synthetic paths", 0.0)
    values = measure(real, synthetic)
    others = {name: _all_values(setting, real, paths) for name, paths in subject.others.items()}
    bands = noise_bands(
        real,
        bootstrapped(subject.series, settings.bootstrap_block, setting.generator(BAND_STREAM)),
        settings.bootstrap_paths,
        lambda share: report("bootstrapping the noise band", 0.1 + 0.3 * share),
    )
    baselines, failures = _score_baselines(setting, real, settings, report)
    rivals = Rivals(baselines, others)
    report("comparing with the held-out period", 0.8)
    kept = _held_out(subject, asked, setting.generator(HELD_OUT_STREAM))
    report("looking for copies, judging and forecasting", 0.85)
    forecasts, pit, troubles = _forecasts(subject, settings.seed)
    rows = (
        *(
            metric_row(m, real, synthetic, values[m.name], bands[m.name], rivals, kept.get(m.name))
            for m in METRICS
        ),
        *(gauge_row(gauge, setting, subject.paths, rivals) for gauge in GAUGES),
        *forecasts,
    )
    report("computing the curves", 0.95)
    size, (paths, horizon) = subject.series.size, subject.paths.shape
    kept_back = 0 if subject.held_out is None else subject.held_out.size
    told = cautions(size, horizon, settings.bootstrap_block, kept_back)
    return Evaluation(
        name=settings.name,
        returns=size,
        paths=paths,
        horizon=horizon,
        rows=rows,
        curves=build_curves(real, synthetic, pit),
        bootstrap_paths=settings.bootstrap_paths,
        bootstrap_block=settings.bootstrap_block,
        warnings=(*told, *_savings(asked, settings, size), *failures, *troubles),
        held_out=kept_back,
    )


def affordable(settings: Settings, returns: int) -> Settings:
    """Return the settings for a series of ``returns``: of a long one, with fewer paths.

    Each path costs as much as it has returns, and of long ones few are needed: the marks of their
    noise band are near each other, and the average over a path is near that over all.
    """
    if returns <= LONG_SERIES:
        return settings
    most = LARGEST_SAMPLE // returns
    return replace(
        settings,
        bootstrap_paths=min(settings.bootstrap_paths, max(most, LEAST_BAND)),
        baseline_paths=min(settings.baseline_paths, max(most, LEAST_BASELINE)),
    )


def _savings(asked: Settings, settings: Settings, returns: int) -> list[str]:
    """Return what a reader must know of a series that is too long for all that was asked."""
    if settings == asked:
        return []
    drawn = [
        f"{settings.bootstrap_paths} bootstrap paths instead of {asked.bootstrap_paths}",
        f"{settings.baseline_paths} paths of each baseline instead of {asked.baseline_paths}",
    ]
    return [
        f"The series of {returns:,} returns is long: it was compared with {' and '.join(drawn)}, "
        "and copies were looked for in fewer windows and paths."
    ]


def _all_values(setting: Setting, real: Sample, paths: FloatArray) -> Values:
    """Return the value of every metric and gauge of ``paths`` by its name."""
    return measure(real, Sample(paths)) | {g.name: g.value(setting, paths) for g in GAUGES}


def _score_baselines(
    setting: Setting, real: Sample, settings: Settings, report: Progress
) -> tuple[dict[str, Values], list[str]]:
    """Return the values of each baseline by its name, and a warning for each that failed."""
    from tsgan.seeding import BASELINES as PURPOSE
    from tsgan.seeding import numpy_generator  # brings torch: not on import

    scores: dict[str, Values] = {}
    failures = []
    for position, name in enumerate(settings.baselines):
        report(f"scoring {name}", 0.4 + 0.4 * position / len(settings.baselines))
        generator = numpy_generator(settings.seed, PURPOSE, BASELINES.index(name))
        shape = settings.baseline_paths, setting.series.size
        try:
            simulated = simulate_baseline(name, setting.training, *shape, generator)
        except DataError as error:
            failures.append(f"A baseline is missing. {error}.")
            continue
        scores[name] = _all_values(setting, real, simulated)
    return scores, failures


def _held_out(
    subject: Subject, settings: Settings, generator: np.random.Generator
) -> dict[str, HeldOut]:
    if subject.held_out is None:
        return {}
    series = subject.held_out
    block = held_out_block(series.size, settings.bootstrap_block)
    paths = affordable(settings, series.size).bootstrap_paths
    return held_out_parts(
        Sample(series[None]),
        Sample(cut(subject.paths, series.size)),
        Sample(cut(subject.training[None], series.size)),
        bootstrapped(series, block, generator),
        paths,
        METRICS,
    )


def _forecasts(
    subject: Subject, seed: int
) -> tuple[tuple[Row, ...], Mapping[str, FloatArray], list[str]]:
    if subject.held_out is None:
        return (), {}, []
    return forecast_rows(subject.training, subject.held_out, subject.paths, seed)
