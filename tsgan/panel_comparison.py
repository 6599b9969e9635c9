"""Several real series against synthetic paths of all of them: jointly, and one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tsgan import dependence
from tsgan.bands import measure, noise_bands
from tsgan.comparison import (
    BAND_STREAM,
    HELD_OUT_STREAM,
    Progress,
    Settings,
    Subject,
    compare,
)
from tsgan.errors import DataError
from tsgan.held_out import cut, held_out_block, held_out_parts
from tsgan.panel_baselines import PANEL_BASELINES, joint_bootstrap, simulate_panel_baseline
from tsgan.panel_metrics import PANEL_METRICS, PanelSample
from tsgan.pictured import BandCurve, PanelCurves
from tsgan.results import Evaluation, FloatArray, HeldOut, Marks
from tsgan.verdicts import Rivals, Values, cautions, metric_row

PANEL_STREAM = 100
"""Second integer of a random stream's name, after the purpose BASELINES: of the first of these."""


@dataclass(frozen=True)
class Panel:
    """What is compared: as :class:`tsgan.comparison.Subject`, with assets as the last axis."""

    names: tuple[str, ...]
    series: FloatArray
    paths: FloatArray
    training: FloatArray
    held_out: FloatArray | None = None
    others: Mapping[str, FloatArray] = field(default_factory=dict)

    def asset(self, index: int) -> Subject:
        """Return what is compared of one asset."""
        return Subject(
            series=np.ascontiguousarray(self.series[:, index]),
            paths=np.ascontiguousarray(self.paths[..., index]),
            training=np.ascontiguousarray(self.training[:, index]),
            held_out=None
            if self.held_out is None
            else np.ascontiguousarray(self.held_out[:, index]),
        )


def compare_panel(panel: Panel, settings: Settings, report: Progress) -> Evaluation:
    """Return the evaluation of ``panel``: the rows that see all assets, and each asset's own.

    ``settings.baselines`` are scored for each asset, those of PANEL_BASELINES for all jointly.
    """
    real, synthetic = PanelSample(panel.series[None]), PanelSample(panel.paths)
    report("measuring all assets jointly", 0.0)
    values = measure(real, synthetic, PANEL_METRICS)
    others = {
        name: measure(real, PanelSample(paths), PANEL_METRICS)
        for name, paths in panel.others.items()
    }
    bands = _bands(panel, real, settings, report)
    baselines, failures = _score_baselines(panel, real, settings, report)
    rivals = Rivals(baselines, others)
    kept = _held_out(panel, settings)
    assets = _assets(panel, settings, report)
    size, (paths, horizon, _) = panel.series.shape[0], panel.paths.shape
    kept_back = 0 if panel.held_out is None else len(panel.held_out)
    return Evaluation(
        name=settings.name,
        returns=size,
        paths=paths,
        horizon=horizon,
        rows=tuple(
            metric_row(m, real, synthetic, values[m.name], bands[m.name], rivals, kept.get(m.name))
            for m in PANEL_METRICS
        ),
        curves=None,
        bootstrap_paths=settings.bootstrap_paths,
        bootstrap_block=settings.bootstrap_block,
        warnings=(*cautions(size, horizon, settings.bootstrap_block, kept_back), *failures),
        held_out=kept_back,
        assets=assets,
        panel=_curves(panel, real, synthetic),
    )


def _bands(
    panel: Panel, real: PanelSample, settings: Settings, report: Progress
) -> dict[str, Marks | None]:
    return noise_bands(
        real,
        _drawing(panel.series, settings.bootstrap_block, settings.seed, BAND_STREAM),
        settings.bootstrap_paths,
        lambda share: report("bootstrapping the noise band of all assets", 0.05 + 0.1 * share),
        PANEL_METRICS,
    )


def _drawing(
    series: FloatArray, mean_block: float, seed: int, stream: int
) -> Callable[[], PanelSample]:
    """Return what draws single bootstrap paths of whole rows, so that dependence survives."""
    from tsgan.seeding import BOOTSTRAP, numpy_generator  # brings torch: not on import

    generator = numpy_generator(seed, BOOTSTRAP, stream)
    shape = 1, len(series), mean_block
    return lambda: PanelSample(joint_bootstrap(series, *shape, generator))


def _held_out(panel: Panel, settings: Settings) -> dict[str, HeldOut]:
    series = panel.held_out
    if series is None:
        return {}
    block = held_out_block(len(series), settings.bootstrap_block)
    return held_out_parts(
        PanelSample(series[None]),
        PanelSample(cut(panel.paths, len(series))),
        PanelSample(cut(panel.training[None], len(series))),
        _drawing(series, block, settings.seed, HELD_OUT_STREAM),
        settings.bootstrap_paths,
        PANEL_METRICS,
    )


def _score_baselines(
    panel: Panel, real: PanelSample, settings: Settings, report: Progress
) -> tuple[dict[str, Values], list[str]]:
    """Return the values of each joint baseline, and a warning for each that failed."""
    from tsgan.seeding import BASELINES, numpy_generator

    scores: dict[str, Values] = {}
    failures = []
    for position, name in enumerate(PANEL_BASELINES):
        report(f"scoring {name}", 0.15 + 0.1 * position / len(PANEL_BASELINES))
        generator = numpy_generator(settings.seed, BASELINES, PANEL_STREAM + position)
        shape = settings.baseline_paths, len(panel.series)
        try:
            simulated = simulate_panel_baseline(
                name, panel.training, *shape, generator, panel.names
            )
        except DataError as error:
            failures.append(f"A baseline is missing. {error}.")
            continue
        scores[name] = measure(real, PanelSample(simulated), PANEL_METRICS)
    return scores, failures


def _assets(panel: Panel, settings: Settings, report: Progress) -> dict[str, Evaluation]:
    found = {}
    count = len(panel.names)
    for index, name in enumerate(panel.names):

        def told(message: str, share: float, index: int = index, name: str = name) -> None:
            report(f"{name}: {message}", 0.25 + 0.75 * (index + share) / count)

        found[name] = compare(panel.asset(index), replace(settings, name=name), told)
    return found


def _curves(panel: Panel, real: PanelSample, synthetic: PanelSample) -> PanelCurves:
    """Return the pictures' data; the spread of the spectrum is over single paths."""
    spectra = np.stack([dependence.spectrum(path[None]) for path in panel.paths])
    low, high = np.quantile(spectra, (0.05, 0.95), axis=0)
    return PanelCurves(
        names=panel.names,
        correlation_real=real.matrix("corr(r)"),
        correlation_synthetic=synthetic.matrix("corr(r)"),
        magnitude_real=real.matrix("corr(|r|)"),
        magnitude_synthetic=synthetic.matrix("corr(|r|)"),
        spectrum=BandCurve(
            x=np.arange(1.0, len(panel.names) + 1),
            real=real.matrix("eigenvalues"),
            synthetic=spectra.mean(axis=0),
            low=low,
            high=high,
        ),
    )
