"""From a value, its noise band and the baselines' values to a finished row with its verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tsgan.memorisation import LEAST_TRAINING, NEAR, WINDOW
from tsgan.metrics import Metric, Sample
from tsgan.results import FloatArray, Row, Verdict

Marks = tuple[float, float, float]
"""5 %, 50 % and 95 % of a value over the paths of the noise band."""

COPIED = "copied windows"
COPIED_LIMITS = (0.015, 0.03)
"""Shares up to which copied windows are indistinguishable from chance, and within its noise."""

LEAST_BLOCKS = 4
"""A series of fewer mean blocks has bootstrap paths that are hardly more than its rotations."""


def metric_row(
    metric: Metric,
    real: Sample,
    synthetic: Sample,
    values: Mapping[str, float],
    bands: Mapping[str, Marks | None],
    scores: Mapping[str, Mapping[str, float]],
) -> Row:
    """Return the row of ``metric`` from the values, bands and baselines' values by its name."""
    value, band = values[metric.name], bands[metric.name]
    obstacle = metric.obstacle(real, synthetic)
    if not obstacle and not (np.isfinite(value) and band):
        obstacle = "not defined for these returns: a part of them is constant, 0 or too large"
    if obstacle or not band:
        return _skipped(metric.name, metric.meaning, obstacle)
    real_figure, synthetic_figure = metric.figures(real, synthetic)
    return Row(
        name=metric.name,
        meaning=metric.meaning,
        value=value,
        real=real_figure,
        synthetic=synthetic_figure,
        band=band,
        verdict=_verdict(value, band[1], band[2]),
        baselines=_finite_scores(metric.name, scores),
    )


def copied_obstacle(training: FloatArray, paths: FloatArray) -> str:
    """Return why copies cannot be looked for; empty if they can."""
    if training.size < LEAST_TRAINING:
        return f"needs {LEAST_TRAINING} training returns, there are {training.size}"
    if paths.shape[1] < WINDOW:
        return f"needs paths of {WINDOW} steps, they have {paths.shape[1]}"
    return ""


def copied_row(
    share: float,
    training: FloatArray,
    paths: FloatArray,
    scores: Mapping[str, Mapping[str, float]],
) -> Row:
    """Return the row ``copied windows``, whose band is a pair of fixed limits."""
    meaning = (
        f"Share of synthetic windows of {WINDOW} steps nearer in shape to a training window "
        f"than {NEAR:.0%} of training windows are to each other: about {NEAR:.0%} unless it copies."
    )
    obstacle = copied_obstacle(training, paths)
    if not obstacle and not np.isfinite(share):
        obstacle = "not defined for these returns: their windows are constant or repeat exactly"
    if obstacle:
        return _skipped(COPIED, meaning, obstacle)
    chance, noise = COPIED_LIMITS
    return Row(
        name=COPIED,
        meaning=meaning,
        value=share,
        real=NEAR,
        synthetic=share,
        band=None,
        verdict=_verdict(share, chance, noise),
        baselines=_finite_scores(COPIED, scores),
        note=f"fixed limits: indistinguishable up to {chance:.1%}, within noise up to {noise:.0%}",
    )


def _skipped(name: str, meaning: str, reason: str) -> Row:
    return Row(name, meaning, float("nan"), None, None, None, "skipped", note=reason)


def _verdict(value: float, indistinguishable: float, within_noise: float) -> Verdict:
    if value <= indistinguishable:
        return "indistinguishable"
    return "within noise" if value <= within_noise else "off"


def _finite_scores(row: str, scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {name: s[row] for name, s in scores.items() if np.isfinite(s[row])}


def cautions(returns: int, horizon: int, mean_block: float) -> list[str]:
    """Return what a reader must know before the table."""
    found = []
    if horizon != returns:
        found.append(
            f"Synthetic paths have {horizon} steps and the real series {returns}: "
            "autocorrelations, leverage and volatility dispersion of shorter paths are biased, "
            "so rows of memory compare fairly only at equal length."
        )
    if returns < LEAST_BLOCKS * mean_block:
        found.append(
            f"The real series of {returns} returns is shorter than {LEAST_BLOCKS} mean blocks of "
            f"the bootstrap ({mean_block:g}): the noise band is too narrow."
        )
    return found
