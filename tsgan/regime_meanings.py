"""What each regime turned out to mean: measured on windows made under it, and on real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from tsgan import seeding
from tsgan.conditions import Conditions
from tsgan.data.scaling import Scaler
from tsgan.data.windows import sliding_windows
from tsgan.found_regimes import MOST_EPISODES, FoundRegimes, Regime
from tsgan.information import entropy, surprise
from tsgan.networks import Generator
from tsgan.preparation import Prepared
from tsgan.recognition import RegimeRecogniser
from tsgan.sampler import sample_groups
from tsgan.stylized import autocorrelation, excess_kurtosis, skewness
from tsgan.tracks import FloatArray, TrackCondition

IntArray = npt.NDArray[np.int64]

MADE = 400
"""Windows that are made under each regime."""

LAGS = 20

LOOKED_AT = 20_000
"""Real windows that are looked at, at most, evenly spaced."""

AT_ONCE = 500

YEARS = np.timedelta64(2 * 365, "D")
"""A series that is longer has months in place of days."""


def with_meanings(
    generator: Generator,
    recogniser: RegimeRecogniser,
    prepared: Prepared,
    index: pd.Index,
    seed: int,
) -> Conditions:
    """Return the conditions with what the regimes mean, called 1, 2, … from the calmest on.

    Args:
        generator: of the model, on the CPU; recogniser: trained with it, likewise.
        prepared: what both were trained on, whose regimes are to be found.
        index: dates of the returns, ``Prices.return_index``.
        seed: of the windows that are made.
    """
    conditions = prepared.conditions
    track = conditions.found
    assert track is not None
    made = [
        _made(generator, conditions.row({track.name: float(code)}, 1), prepared, seed)
        for code in range(track.channels)
    ]
    known = _information(recogniser, made, track.channels)
    starts = _evenly(prepared.known.starts)
    taken = taken_for(recogniser, prepared, starts)
    found = [
        _regime(windows, taken == code, prepared, starts, index)
        for code, windows in enumerate(made)
    ]
    order = sorted(range(track.channels), key=lambda code: found[code].volatility)
    regimes = FoundRegimes(
        known,
        prepared.conditions.volatility.mid,
        order.index(int(taken[-1])) + 1,
        tuple(found[code] for code in order),
    )
    return named(conditions, track, order, regimes)


def named(
    conditions: Conditions, track: TrackCondition, order: Sequence[int], regimes: FoundRegimes
) -> Conditions:
    """Return the conditions in which code ``order[k]`` of the track is called k + 1."""
    names = tuple(str(order.index(code) + 1) for code in range(track.channels))
    own = replace(track, classes=names)
    return replace(conditions, tracks=(*conditions.observed, own), regimes=regimes)


def _made(generator: Generator, row: Tensor, prepared: Prepared, seed: int) -> FloatArray:
    """Return scaled windows under ``row``, (windows, window, volatile)."""
    channels = generator.assets
    plain = Scaler(np.zeros(channels), np.ones(channels))
    window, purpose = prepared.known.window, seeding.RESPONSE
    groups = sample_groups(generator, plain, row, range(MADE), window, seed, purpose)
    return np.concatenate(list(groups))[..., : prepared.volatile]


def _logits(recogniser: RegimeRecogniser, windows: Tensor) -> Tensor:
    """Return the recogniser's logits of (windows, channels, window), (windows, codes)."""
    with torch.no_grad():
        return torch.cat([recogniser.logits(part) for part in torch.split(windows, AT_ONCE)])


def _information(recogniser: RegimeRecogniser, made: Sequence[FloatArray], classes: int) -> float:
    """Return the bound on the mutual information of regime and window, in nats."""
    windows = np.concatenate(made).astype(np.float32).transpose(0, 2, 1)
    codes = torch.eye(classes).repeat_interleave(MADE, dim=0)
    logits = _logits(recogniser, torch.from_numpy(np.ascontiguousarray(windows)))
    return entropy(classes, 0) - float(surprise(logits, codes, classes).mean())


def _evenly(starts: IntArray) -> IntArray:
    """Return at most ``LOOKED_AT`` of the first steps of windows."""
    return starts[:: -(-len(starts) // LOOKED_AT)]


def taken_for(recogniser: RegimeRecogniser, prepared: Prepared, starts: IntArray) -> IntArray:
    """Return the code that each real window is taken for, (windows,)."""
    scaled = prepared.known.scaled[: prepared.known.training].astype(np.float32)
    windows = sliding_windows(torch.from_numpy(scaled), prepared.known.window)
    parts = np.array_split(starts, -(-len(starts) // AT_ONCE))
    logits = [_logits(recogniser, windows[torch.from_numpy(part)]) for part in parts]
    return np.asarray(torch.cat(logits).argmax(dim=1).numpy())


def _regime(
    made: FloatArray,
    real: npt.NDArray[np.bool_],
    prepared: Prepared,
    starts: IntArray,
    index: pd.Index,
) -> Regime:
    """Return what one regime is.

    Args:
        made: scaled windows under it, (windows, window, volatile).
        real: (starts,) whether each real window is taken for it.
        prepared, index: as in ``with_meanings``.
        starts: first steps of the real windows.
    """
    facts, volatile = prepared.known, prepared.volatile
    volatilities = facts.volatility.unit * np.sqrt(np.mean(made**2, axis=(1, 2)))
    mean, scale = prepared.scaler.mean[:volatile], prepared.scaler.scale[:volatile]
    channels = made.transpose(0, 2, 1).reshape(-1, facts.window)
    pooled = made.reshape(1, -1)
    ends = starts[real] + facts.window - 1
    some = bool(real.any())
    return Regime(
        volatility=float(volatilities.mean()),
        drift=float((made * scale + mean).mean() * facts.periods_per_year),
        memory=float(autocorrelation(np.abs(channels), LAGS).mean()),
        skewness=float(skewness(pooled)[0]),
        kurtosis=float(excess_kurtosis(pooled)[0]),
        windows=int(real.sum()),
        share=float(real.mean()),
        real_volatility=float(facts.volatilities()[ends].mean()) if some else None,
        real_drift=float(facts.drifts()[ends].mean()) if some else None,
        episodes=_episodes(real, starts + facts.window // 2, index),
    )


def _episodes(
    real: npt.NDArray[np.bool_], middles: IntArray, index: pd.Index
) -> tuple[tuple[str, str], ...]:
    """Return the longest runs of ``real``, by the middles of their windows, longest first."""
    gap = int(np.diff(middles).min(initial=len(index)))
    apart = np.r_[True, (np.diff(middles) > gap) | (np.diff(real) != 0)]
    first = np.flatnonzero(apart)
    last = np.r_[first[1:], len(real)] - 1
    runs = [(a, b) for a, b in zip(first, last, strict=True) if real[a]]
    runs.sort(key=lambda run: run[0] - run[1])
    return tuple(
        (_date(index, middles[a]), _date(index, middles[b])) for a, b in runs[:MOST_EPISODES]
    )


def _date(index: pd.Index, step: int) -> str:
    """Return the month or day of a step, or its number where there are no dates."""
    if not isinstance(index, pd.DatetimeIndex):
        return f"return {step + 1:,}"
    months = index[-1] - index[0] > YEARS
    return f"{index[step]:%Y-%m}" if months else f"{index[step]:%Y-%m-%d}"
