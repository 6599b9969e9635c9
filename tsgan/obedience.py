"""Do paths do what they are asked for? Realised against asked-for, and against real windows.

Every condition is asked for alone, over one window of the model; what is realised is compared with
the real windows of which the same holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

from tsgan.condition_sources import SeriesFacts
from tsgan.conditions import LEVELS, VOLATILITY, Conditions
from tsgan.found_regimes import FoundRegimes
from tsgan.obeyed import Curve, Obedience, ObedienceRow
from tsgan.tracks import REGIME, TREND, FloatArray, TrackCondition

Sampler = Callable[[Mapping[str, str | float], int, int, int], FloatArray]
"""``sampler(given, paths, horizon, seed)`` returns log returns, (paths, horizon[, assets])."""

BINS = 5
RANGE = (0.02, 0.98)
"""Quantiles of the real windows between which the levels of a rank correlation lie."""


@dataclass(frozen=True)
class _Exam:
    """The sampler, and how its paths are measured as the real windows are."""

    sampler: Sampler
    facts: SeriesFacts
    paths: int
    seed: int

    def realised(self, given: Mapping[str, str | float]) -> tuple[float, float]:
        """Return mean annualised volatility and drift of paths of one window."""
        made = self.sampler(given, self.paths, self.facts.window, self.seed)
        made = made.reshape(*made.shape[:2], -1)
        training = self.facts.returns[: self.facts.training]
        scaled = (made - training.mean(axis=0)) / training.std(axis=0)
        volatility = self.facts.volatility.unit * np.sqrt(np.mean(scaled**2, axis=(1, 2)))
        return float(volatility.mean()), float(made.mean()) * self.facts.periods_per_year

    def row(self, condition: str, asked: str, real: npt.NDArray[np.bool_]) -> ObedienceRow:
        """Return the row of one thing asked for; real: (windows,) those of which it holds."""
        ends = self.facts.starts + self.facts.window - 1
        with_it = ends[real]
        volatility = drift = float("nan")
        if with_it.size:
            volatility = float(self.facts.volatilities()[with_it].mean())
            drift = float(self.facts.drifts()[with_it].mean())
        own = self.realised({condition: asked})
        return ObedienceRow(condition, asked, *own, volatility, drift, int(with_it.size))

    def found(self, condition: str, regimes: FoundRegimes) -> list[ObedienceRow]:
        """Return the rows of regimes found without labels; real are the windows taken for them."""
        rows = []
        for number, regime in enumerate(regimes.each, 1):
            own = self.realised({condition: str(number)})
            known = (regime.real_volatility, regime.real_drift)
            volatility, drift = (float("nan") if value is None else value for value in known)
            asked = str(number)
            row = ObedienceRow(condition, asked, *own, volatility, drift, regime.windows)
            rows.append(row)
        return rows

    def curve(self, condition: str, asked: FloatArray, place: int) -> Curve:
        """Return the curve of volatilities (place 0) or drifts (place 1)."""
        realised = np.array([self.realised({condition: float(level)})[place] for level in asked])
        varies = np.ptp(realised) > 0
        rank = float(scipy.stats.spearmanr(asked, realised).statistic) if varies else 0.0
        return Curve(condition, asked, realised, rank)


def obedience(
    sampler: Sampler,
    conditions: Conditions,
    facts: SeriesFacts,
    values: Mapping[str, FloatArray],
    *,
    paths: int = 200,
    levels: int = 20,
    seed: int = 0,
) -> Obedience:
    """Return what paths realise of each condition, beside the real windows of training.

    The volatility is asked for at its three levels, and compared with the thirds of the windows; a
    class with the windows that have it throughout; a regime found without labels with those that
    the recogniser takes for it; a number with five quantile bins of windows, by
    its mean over each. Volatility and trend, which can be measured, are asked for at more levels.

    Args:
        sampler: makes paths of the model.
        conditions: of the model; values: what they were along the series, as ``fit_conditions``.
        facts: the returns.
        paths: of each row and level; levels: of each curve; seed: of the paths.
    """
    exam = _Exam(sampler, facts, paths, seed)
    ends = facts.starts + facts.window - 1
    volatilities = facts.volatilities()[ends]
    thirds = np.array_split(np.argsort(volatilities, kind="stable"), len(LEVELS))
    rows = [
        exam.row(VOLATILITY, level, _mask(third, len(ends)))
        for level, third in zip(LEVELS, thirds, strict=True)
    ]
    low, high = np.quantile(volatilities, RANGE)
    curves = [exam.curve(VOLATILITY, np.geomspace(low, high, levels), 0)]
    for track in conditions.observed:
        for asked, real in _asked(track, values[track.name], facts):
            rows.append(exam.row(track.name, asked, real))
        if track.kind == TREND:
            low, high = np.quantile(values[track.name][ends], RANGE)
            curves.append(exam.curve(track.name, np.linspace(low, high, levels), 1))
    if conditions.found is not None and conditions.regimes is not None:
        rows += exam.found(conditions.found.name, conditions.regimes)
    return Obedience(tuple(rows), tuple(curves))


def _asked(
    track: TrackCondition, values: FloatArray, facts: SeriesFacts
) -> Sequence[tuple[str, npt.NDArray[np.bool_]]]:
    """Return what is asked of a track, and (windows,) of which real windows it holds."""
    ends = facts.starts + facts.window - 1
    if track.labelled:
        inside = np.lib.stride_tricks.sliding_window_view(values, facts.window)[facts.starts]
        held = [
            values[ends] == place if track.kind == REGIME else (inside == place).all(axis=1)
            for place in range(len(track.classes))
        ]
        return list(zip(track.classes, held, strict=True))
    numbers = np.log(values) if track.log else values
    if track.held:
        means = numbers[ends]
    else:
        means = np.lib.stride_tricks.sliding_window_view(numbers, facts.window).mean(axis=1)
        means = means[facts.starts]
    bins = np.array_split(np.argsort(means, kind="stable"), BINS)
    levels = [float(means[which].mean()) for which in bins]
    texts = [f"{np.exp(level) if track.log else level:.4g}" for level in levels]
    return [(text, _mask(which, len(ends))) for text, which in zip(texts, bins, strict=True)]


def _mask(places: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(count, dtype=bool)
    mask[places] = True
    return mask
