"""Real bars against synthetic ones: the rows that need more than closes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tsgan.bands import measure, noise_bands
from tsgan.bar_metrics import PRICE_BAR_METRICS, VOLUME_METRICS, BarSample
from tsgan.comparison import Progress, Settings, affordable
from tsgan.errors import DataError
from tsgan.held_out import cut, held_out_block, held_out_parts
from tsgan.log_bars import CHANNELS, VOLUME
from tsgan.metric import Metric
from tsgan.panel_baselines import BOOTSTRAP_BLOCK, joint_bootstrap
from tsgan.results import FloatArray, HeldOut, Row
from tsgan.verdicts import Rivals, Values, metric_row

BAND_STREAM, HELD_OUT_STREAM, BASELINE_STREAM = 20, 21, 200
"""Second integer of a random stream's name: of the purpose BOOTSTRAP, BOOTSTRAP and BASELINES."""

BASELINE = f"joint bootstrap {BOOTSTRAP_BLOCK:g}"


@dataclass(frozen=True)
class BarSubject:
    """What is compared: plain channels of bars, 4 or, all of them with volumes, 5.

    Attributes:
        series: (n, channels) of the real bars; paths: (paths, steps, channels) of synthetic ones.
        training: (m, channels) what the model was trained on; held_out: (h, channels) or None.
        others: further sets of synthetic paths by name.

    Raises:
        DataError: at birth, where shapes do not fit or values are not finite.
    """

    series: FloatArray
    paths: FloatArray
    training: FloatArray
    held_out: FloatArray | None = None
    others: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        channels = self.series.shape[-1]
        given = {"real": (self.series, 2), "synthetic": (self.paths, 3)}
        given |= {"training": (self.training, 2)}
        given |= {} if self.held_out is None else {"held-out": (self.held_out, 2)}
        given |= {f"{name!r}": (paths, 3) for name, paths in self.others.items()}
        for name, (values, axes) in given.items():
            fits = values.ndim == axes and values.shape[-1] == channels and values.size
            if not fits or not VOLUME <= channels <= len(CHANNELS):
                raise DataError(
                    f"{name} bars: expected {VOLUME} or, with volumes, {len(CHANNELS)} channels as "
                    f"all others have, on the last of {axes} axes, found shape {values.shape}"
                )
            if not np.isfinite(values).all():
                raise DataError(f"{name} bars: expected finite channels, found NaN or infinity")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The rows that can be measured: without volumes, those of prices alone."""
        volume = self.series.shape[-1] > VOLUME
        return (*PRICE_BAR_METRICS, *(VOLUME_METRICS if volume else ()))


def bar_rows(
    subject: BarSubject, settings: Settings, report: Progress = lambda _message, _share: None
) -> tuple[Row, ...]:
    """Return the rows about bars, with their noise bands of stationary-bootstrap paths.

    Whole bars are drawn, so that what happens within a bar stays together. The one baseline is a
    joint bootstrap of the training bars in blocks of 20.
    """
    asked, settings = settings, affordable(settings, len(subject.series))
    metrics = subject.metrics
    real, synthetic = BarSample(subject.series[None]), BarSample(subject.paths)
    report("measuring the bars", 0.0)
    values = measure(real, synthetic, metrics)
    others = {k: measure(real, BarSample(p), metrics) for k, p in subject.others.items()}
    bands = noise_bands(
        real,
        _drawing(subject.series, settings.bootstrap_block, settings.seed, BAND_STREAM),
        settings.bootstrap_paths,
        lambda share: report("bootstrapping the noise band of the bars", 0.1 + 0.6 * share),
        metrics,
    )
    report("comparing the bars with the held-out period", 0.8)
    rivals = Rivals(_baseline(subject, real, settings), others)
    kept = _held_out(subject, asked, metrics)
    return tuple(
        metric_row(m, real, synthetic, values[m.name], bands[m.name], rivals, kept.get(m.name))
        for m in metrics
    )


def _drawing(
    series: FloatArray, mean_block: float, seed: int, stream: int
) -> Callable[[], BarSample]:
    """Return what draws single bootstrap paths of whole bars."""
    from tsgan.seeding import BOOTSTRAP, numpy_generator  # brings torch: not on import

    generator = numpy_generator(seed, BOOTSTRAP, stream)
    shape = 1, len(series), mean_block
    return lambda: BarSample(joint_bootstrap(series, *shape, generator))


def _baseline(subject: BarSubject, real: BarSample, settings: Settings) -> dict[str, Values]:
    from tsgan.seeding import BASELINES, numpy_generator

    generator = numpy_generator(settings.seed, BASELINES, BASELINE_STREAM)
    shape = settings.baseline_paths, len(subject.series), BOOTSTRAP_BLOCK
    drawn = joint_bootstrap(subject.training, *shape, generator)
    return {BASELINE: measure(real, BarSample(drawn), subject.metrics)}


def _held_out(
    subject: BarSubject, settings: Settings, metrics: Sequence[Metric]
) -> dict[str, HeldOut]:
    series = subject.held_out
    if series is None:
        return {}
    block = held_out_block(len(series), settings.bootstrap_block)
    return held_out_parts(
        BarSample(series[None]),
        BarSample(cut(subject.paths, len(series))),
        BarSample(cut(subject.training[None], len(series))),
        _drawing(series, block, settings.seed, HELD_OUT_STREAM),
        affordable(settings, len(series)).bootstrap_paths,
        metrics,
    )
