"""Rows about copies, extremes and a trained judge, in their order.

Their limits are not the noise band of the bootstrap, whose paths are copies themselves and cannot
leave the range of the series; each row says what its limits are made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan import discriminative, memorisation
from tsgan.baselines import stationary_bootstrap
from tsgan.gauge import Gauge, Limits, Reading, Setting
from tsgan.results import FloatArray
from tsgan.tails import share_beyond

COPIED = "copied windows"
COPIED_LIMITS = (0.015, 0.03)
"""Shares up to which copied windows are indistinguishable from chance, and within its noise, or
once and twice the share of returns drawn one by one: more of a short or spiky training series."""

COPIED_STREAM, RUN_STREAM, NEIGHBOUR_STREAM, JUDGE_STREAM, NULL_STREAM = 1, 2, 3, 4, 5
"""Second integer of a random stream's name, after the purpose BOOTSTRAP; 0 is the noise band."""

RUN_PATHS = 50
"""Paths in which a shared run is looked for."""

LONG_TRAINING, RUN_STEPS = 20_000, 1_000_000
"""Beside a longer training series, only in so many steps of these paths, or in one path."""

NEARER_LIMITS = (0.02, 0.04)
"""How much nearer windows of fresh paths are to training by chance, usually and at most."""

LEAST_HELD_OUT = 4 * memorisation.WINDOW
"""Fewest held-out returns in whose windows neighbours are looked for."""

EXTREME_MARKS = (0.0680, 0.7443, 2.9702)
"""5 %, 50 % and 95 % of |ln E|, E exponential with mean 1: P(≤ v) = exp(−e^−v) − exp(−e^v)."""


def _too_few_windows(setting: Setting, paths: FloatArray) -> str:
    if setting.training.size < memorisation.LEAST_TRAINING:
        return (
            f"needs {memorisation.LEAST_TRAINING} training returns, "
            f"there are {setting.training.size}"
        )
    if paths.shape[1] < memorisation.WINDOW:
        return f"needs paths of {memorisation.WINDOW} steps, they have {paths.shape[1]}"
    return ""


def _copied(setting: Setting, paths: FloatArray) -> Reading:
    share = memorisation.copied_windows(setting.training, paths, setting.generator(COPIED_STREAM))
    return Reading(share, share)


def _copied_limits(setting: Setting, paths: FloatArray) -> Limits:
    drawn = _drawn(setting, paths)
    generator = setting.generator(COPIED_STREAM)
    share = memorisation.copied_windows(setting.training, drawn, generator)
    chance, noise = max(COPIED_LIMITS[0], share), max(COPIED_LIMITS[1], 2 * share)
    note = (
        f"limits: indistinguishable up to {chance:.1%}, within noise up to {noise:.1%}; returns of "
        f"training drawn one by one have {share:.1%}"
    )
    return Limits(chance, noise, None, memorisation.NEAR, note)


def _drawn(setting: Setting, paths: FloatArray) -> FloatArray:
    """Return paths of training returns drawn one by one: what values alone have in common."""
    shape = len(_searched(setting, paths)), paths.shape[1]
    return stationary_bootstrap(setting.training, *shape, 1.0, setting.generator(RUN_STREAM))


def _searched(setting: Setting, paths: FloatArray) -> FloatArray:
    """Return the first of the paths, those in which a shared run is looked for."""
    if setting.training.size <= LONG_TRAINING:
        return paths[:RUN_PATHS]
    return paths[: min(RUN_PATHS, max(RUN_STEPS // paths.shape[1], 1))]


def _shared_run(setting: Setting, paths: FloatArray) -> Reading:
    run = memorisation.longest_shared_run(setting.training, _searched(setting, paths))
    return Reading(run, run)


def _shared_run_limits(setting: Setting, paths: FloatArray) -> Limits:
    drawn = _drawn(setting, paths)
    chance = memorisation.longest_shared_run(setting.training, drawn)
    note = (
        f"limits: {chance}, the run of as many returns drawn one by one from the training part, "
        f"and twice that; looked for in {len(drawn)} paths"
    )
    return Limits(chance, 2 * chance, None, chance, note)


def _no_held_out(setting: Setting, paths: FloatArray) -> str:
    if setting.held_out is None:
        return "needs a held-out period"
    if setting.held_out.size < LEAST_HELD_OUT:
        return f"needs {LEAST_HELD_OUT} held-out returns, there are {setting.held_out.size}"
    if setting.training.size < 2 * setting.held_out.size:
        return "needs a training part twice as long as the held-out period"
    return _too_few_windows(setting, paths)


def _nearer(setting: Setting, paths: FloatArray) -> Reading:
    held_out = setting.training[:0] if setting.held_out is None else setting.held_out
    generator = setting.generator(NEIGHBOUR_STREAM)
    ratio = memorisation.neighbour_ratio(setting.training, held_out, paths, generator)
    return Reading(max(1 - ratio, 0.0) if math.isfinite(ratio) else ratio, ratio)


def _nearer_limits(_setting: Setting, _paths: FloatArray) -> Limits:
    chance, noise = NEARER_LIMITS
    note = f"fixed limits: indistinguishable up to {chance:.0%}, within noise up to {noise:.0%}"
    return Limits(chance, noise, None, 1.0, note)


def _beyond(side: int) -> Callable[[Setting, FloatArray], Reading]:
    """Return the reading for the lowest (0) or highest (1) training return."""

    def measure(setting: Setting, paths: FloatArray) -> Reading:
        steps = setting.training.size
        low, high = float(setting.training.min()), float(setting.training.max())
        count = steps * share_beyond(paths, low, high)[side]
        least = 0.5 * steps / paths.size  # half a return, where there is none
        return Reading(abs(math.log(max(count, least))), count)

    return measure


def _beyond_limits(_setting: Setting, _paths: FloatArray) -> Limits:
    note = "band: of theory, for independent returns, where the number is exponential with mean 1"
    return Limits(*EXTREME_MARKS[1:], EXTREME_MARKS, 1.0, note)


def _too_short_to_judge(setting: Setting, paths: FloatArray) -> str:
    least = discriminative.LEAST_RETURNS
    if setting.series.size < least:
        return f"needs {least} real returns, there are {setting.series.size}"
    if paths.shape[1] < discriminative.WINDOW or paths.size < least:
        return (
            f"needs {least} synthetic returns in paths of {discriminative.WINDOW} steps, "
            f"there are {paths.shape[0]} paths of {paths.shape[1]}"
        )
    return ""


def _score(setting: Setting, paths: FloatArray) -> Reading:
    generator = setting.generator(JUDGE_STREAM)
    scores = discriminative.discriminative_scores(setting.series, paths, generator)
    mean = float(scores.mean())
    return Reading(max(mean, 0.0), mean, (float(scores.min()), float(scores.max())))


def _score_limits(setting: Setting, _paths: FloatArray) -> Limits:
    null = discriminative.real_versus_real(setting.series, setting.generator(NULL_STREAM))
    low, middle, high = np.quantile(np.maximum(null, 0), (0.05, 0.5, 0.95)).tolist()
    note = f"band: {null.size} runs of real blocks of time against other real ones"
    return Limits(middle, high, (low, middle, high), float(null.mean()), note)


GAUGES: tuple[Gauge, ...] = (
    Gauge(
        COPIED,
        f"Share of synthetic windows of {memorisation.WINDOW} steps nearer in shape to a training "
        f"window than {memorisation.NEAR:.0%} of training windows are to each other: about "
        f"{memorisation.NEAR:.0%} unless it copies.",
        "memorisation",
        _too_few_windows,
        _copied,
        _copied_limits,
    ),
    Gauge(
        "longest shared run",
        "Most consecutive steps that a synthetic path has in common with the training series, "
        "value for value.",
        "memorisation",
        _too_few_windows,
        _shared_run,
        _shared_run_limits,
    ),
    Gauge(
        "nearer to training",
        "How much nearer synthetic windows are to training windows than to held-out ones: 1 less "
        "the ratio of their nearest distances, which is about 1 unless it copies.",
        "memorisation",
        _no_held_out,
        _nearer,
        _nearer_limits,
    ),
    *(
        Gauge(
            f"beyond {extreme}",
            f"Synthetic returns beyond the {extreme} training return, in as many steps as training "
            "has: about 1 of a perfect model, 0 of one that cannot leave the past. The distance "
            "is the absolute log.",
            "tails",
            lambda _setting, _paths: "",
            _beyond(side),
            _beyond_limits,
        )
        for side, extreme in enumerate(("lowest", "highest"))
    ),
    Gauge(
        "discriminative score",
        "Accuracy of a trained judge that tells real from synthetic windows of other stretches of "
        "time, less one half: 0 if it can only guess, 0.5 if it always knows.",
        "judges",
        _too_short_to_judge,
        _score,
        _score_limits,
    ),
)
"""The rows that are measured against more than the real series."""
