"""From a value, its limits and the values of others to a finished row with its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tsgan.gauge import Gauge, Setting
from tsgan.metric import Metric, Sample
from tsgan.results import FloatArray, Group, HeldOut, Marks, Row, verdict

Values = Mapping[str, float]
"""Value of each row by its name."""

LEAST_BLOCKS = 20
"""The bootstrap paths of a series of fewer mean blocks vary less than other stretches of its market
would: of 1,000 simulated returns and blocks of 250, a fifth of the seventeen rows of true paths
end above the 95 % mark, of 3,000 a tenth."""

UNDEFINED = "not defined for these returns: a part of them is constant, 0 or too large"


@dataclass(frozen=True)
class Rivals:
    """Values of what stands beside the synthetic paths, by its name.

    Attributes:
        baselines: models fitted to the training part; others: further sets of synthetic paths.
    """

    baselines: Mapping[str, Values] = field(default_factory=dict)
    others: Mapping[str, Values] = field(default_factory=dict)

    def add_to(self, row: Row) -> Row:
        """Return ``row`` with their values of it, without those that are not defined."""
        return replace(
            row,
            baselines=_finite(row.name, self.baselines),
            others=_finite(row.name, self.others),
        )


def _finite(row: str, scores: Mapping[str, Values]) -> dict[str, float]:
    return {name: s[row] for name, s in scores.items() if np.isfinite(s.get(row, np.nan))}


def metric_row(
    metric: Metric,
    real: Sample,
    synthetic: Sample,
    value: float,
    band: Marks | None,
    rivals: Rivals,
    held_out: HeldOut | None = None,
) -> Row:
    """Return the row of ``metric`` from its value, its band and the values of others."""
    obstacle = metric.obstacle(real, synthetic) or _undefined(value, band)
    if obstacle or not band:
        return _skipped(metric.name, metric.meaning, metric.group, obstacle)
    real_figure, synthetic_figure = metric.figures(real, synthetic)
    row = Row(
        name=metric.name,
        meaning=metric.meaning,
        value=value,
        real=real_figure,
        synthetic=synthetic_figure,
        band=band,
        verdict=verdict(value, *band[1:]),
        group=metric.group,
        spread=metric.spread_of(real, synthetic),
        interval=metric.interval_of(real),
        held_out=held_out,
    )
    return rivals.add_to(row)


def held_out_part(
    metric: Metric, real: Sample, synthetic: Sample, value: float, band: Marks | None, own: float
) -> HeldOut:
    """Return the row of ``metric`` against held-out returns ``real``; ``own``: of training."""
    obstacle = metric.obstacle(real, synthetic) or _undefined(value, band)
    if obstacle or not band:
        return HeldOut(float("nan"), None, "skipped", note=obstacle)
    training = own if np.isfinite(own) else None
    return HeldOut(value, band, verdict(value, *band[1:]), training)


def gauge_row(gauge: Gauge, setting: Setting, paths: FloatArray, rivals: Rivals) -> Row:
    """Return the row of ``gauge``, whose limits are its own."""
    obstacle = gauge.obstacle(setting, paths)
    if obstacle:
        return _skipped(gauge.name, gauge.meaning, gauge.group, obstacle)
    reading = gauge.measure(setting, paths)
    if not np.isfinite(reading.value):
        return _skipped(gauge.name, gauge.meaning, gauge.group, UNDEFINED)
    limits = gauge.limits(setting, paths)
    if not np.isfinite([limits.indistinguishable, limits.within_noise]).all():
        return _skipped(gauge.name, gauge.meaning, gauge.group, UNDEFINED)
    row = Row(
        name=gauge.name,
        meaning=gauge.meaning,
        value=reading.value,
        real=limits.real,
        synthetic=reading.figure,
        band=limits.band,
        verdict=verdict(reading.value, limits.indistinguishable, limits.within_noise),
        note=limits.note,
        group=gauge.group,
        spread=reading.spread,
    )
    return rivals.add_to(row)


def _undefined(value: float, band: Marks | None) -> str:
    return "" if np.isfinite(value) and band else UNDEFINED


def _skipped(name: str, meaning: str, group: Group, reason: str) -> Row:
    return Row(name, meaning, float("nan"), None, None, None, "skipped", note=reason, group=group)


def cautions(returns: int, horizon: int, mean_block: float, held_out: int = 0) -> list[str]:
    """Return what a reader must know before the table."""
    found = []
    if horizon != returns:
        found.append(
            f"Synthetic paths have {horizon} steps and the real series {returns}: "
            "what depends on the length of a path (autocorrelations, leverage, dispersion, "
            "drawdowns, test statistics) compares fairly only at equal length; generate paths of "
            f"{returns} steps."
        )
    if returns < LEAST_BLOCKS * mean_block:
        found.append(
            f"The real series of {returns} returns is shorter than {LEAST_BLOCKS} mean blocks of "
            f"the bootstrap ({mean_block:g}): the noise band is too narrow, and a true model would "
            "have more than one row in twenty above its 95 % mark."
        )
    if held_out:
        found.append(
            f"The noise band of the {held_out} held-out returns is too narrow, as they are few "
            "mean blocks: compare each row with the training part's own distance."
        )
    return found
