"""What each condition of a fit was at every return, and what training saw of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.condition_requests import COLUMN, PERIODS, ConditionRequest
from tsgan.conditions import Conditions, VolatilityCondition
from tsgan.data.series import read_column
from tsgan.errors import ConfigError, DataError
from tsgan.reading import ReadConfig
from tsgan.tracks import (
    FOUND,
    LABEL,
    LONGEST_CLASS,
    REGIME,
    TREND,
    YES_NO,
    FloatArray,
    TrackCondition,
)
from tsgan.units import Units

PriceSource: TypeAlias = str | Path | pd.DataFrame | pd.Series


@dataclass(frozen=True, eq=False)
class FoundCondition:
    """What a column or the calendar says.

    Attributes:
        values: (n,) at each return: numbers, or places in ``classes``.
        classes: empty of numbers.
        origin: where it comes from, in words.
        sha256: of the file; empty if it is not another one than that of the prices.
    """

    values: FloatArray
    classes: tuple[str, ...]
    origin: str
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class SeriesFacts:
    """The returns, as far as conditions are made from them.

    Attributes:
        returns: (n, assets) log returns of the whole series.
        scaled: (n, assets) the same, scaled.
        training: how many of them are trained on.
        starts: (windows,) where windows may begin within the training part.
        window: steps of a window.
        periods_per_year: annualises a drift; ``volatility`` has the unit of volatilities.
    """

    returns: FloatArray
    scaled: FloatArray
    training: int
    starts: npt.NDArray[np.int64]
    window: int
    periods_per_year: float
    volatility: VolatilityCondition

    def volatilities(self) -> FloatArray:
        """Return the annualised volatility of the window that ends at each step, (n,)."""
        squares = _trailing_mean(np.mean(self.scaled**2, axis=1), self.window)
        return np.asarray(self.volatility.unit * np.sqrt(np.maximum(squares, 0.0)))

    def drifts(self) -> FloatArray:
        """Return the annualised drift of the window that ends at each step, (n,)."""
        mean = _trailing_mean(self.returns.mean(axis=1), self.window)
        return np.asarray(mean * self.periods_per_year)


def source_hashes(found: Mapping[str, FoundCondition]) -> dict[str, str]:
    """Return the hashes of the further files that conditions come from, by their names."""
    return {name: condition.sha256 for name, condition in found.items() if condition.sha256}


def find_conditions(
    requests: Sequence[ConditionRequest],
    index: pd.Index,
    prices: PriceSource | None,
    reading: ReadConfig | None = None,
) -> dict[str, FoundCondition]:
    """Return, by name, what columns and the calendar say at each return.

    Args:
        requests: what is asked for; regimes and trends are passed over, found or not.
        index: dates of the returns, ``Prices.return_index``.
        prices: the price file; None if there is none, only prices.
        reading: how the price file is read; another file is read without.

    Raises:
        DataError, ConfigError: if there are no dates, or a file does not hold what is asked for.
    """
    found = {}
    for request in requests:
        if request.kind not in (COLUMN, PERIODS):
            continue
        if not isinstance(index, pd.DatetimeIndex):
            raise DataError(
                f"condition {request.name}: expected prices with dates, by which it is joined, "
                "found prices without; add a column of dates"
            )
        by_date = _from_periods if request.kind == PERIODS else _from_column
        found[request.name] = by_date(request, index, prices, reading)
    return found


def _from_periods(request: ConditionRequest, index: pd.DatetimeIndex, *_: object) -> FoundCondition:
    days = index.tz_localize(None).to_numpy().astype("datetime64[D]")
    inside = np.zeros(len(days), dtype=bool)
    for first, last in request.periods:
        inside |= (days >= first) & (days <= last)
    spans = ", ".join(f"{first} to {last}" for first, last in request.periods)
    return FoundCondition(inside.astype(np.float64), YES_NO, spans)


def _from_column(
    request: ConditionRequest,
    index: pd.DatetimeIndex,
    prices: PriceSource | None,
    reading: ReadConfig | None,
) -> FoundCondition:
    if not request.file and prices is None:
        raise ConfigError(
            f"condition {request.name}: expected the price file, to read column {request.column!r}"
            f" from, got prices alone; name it as {request.name}=FILE:{request.column}"
        )
    source: PriceSource = request.file or prices  # type: ignore[assignment]
    column = read_column(source, request.column, None if request.file else reading)
    origin = f"column {column.column!r} of {column.source}"
    digest = column.sha256 if request.file else ""
    return FoundCondition(column.at(index), column.classes, origin, digest)


def fit_conditions(
    requests: Sequence[ConditionRequest],
    found: Mapping[str, FoundCondition],
    facts: SeriesFacts,
) -> tuple[Conditions, dict[str, FloatArray]]:
    """Return the conditions, fitted on the training part, and their values along the series.

    The values of a regime or trend, (n,), are those of the window that ends at each step, NaN
    where none does. Regimes to be found have none; they come last.

    Raises:
        DataError: if a number does not vary in training, or a class does not occur there.
    """
    tracks, values = list[TrackCondition](), dict[str, FloatArray]()
    ends = facts.starts + facts.window - 1
    for request in sorted(requests, key=lambda request: request.kind == FOUND):
        if request.kind == FOUND:
            names = tuple(str(k + 1) for k in range(request.classes))
            track = TrackCondition(request.name, FOUND, classes=names)
        elif request.kind == REGIME:
            realised = facts.volatilities()
            track = TrackCondition.of_regimes(realised[ends], request.classes)
            values[track.name] = regimes(realised, track)
        elif request.kind == TREND:
            drifts = values[TREND] = facts.drifts()
            track = TrackCondition.of_numbers(TREND, drifts[ends], log=False, kind=TREND)
        else:
            known = found[request.name]
            values[request.name] = known.values
            track = _external(request.name, known, facts.training)
        tracks.append(track)
    observed = [track for track in tracks if track.kind != FOUND]
    units = _units(observed, values, facts) if observed else None
    return Conditions(facts.volatility, tuple(tracks), units), values


def _units(
    tracks: Sequence[TrackCondition], values: Mapping[str, FloatArray], facts: SeriesFacts
) -> Units:
    ends = facts.starts + facts.window - 1
    means = []
    for track in tracks:
        channels = track.encoded(values[track.name]).astype(np.float64)
        if not track.held:
            channels = _trailing_mean(channels, facts.window)
        means.append(channels[ends])
    logs = np.log(np.maximum(facts.volatilities()[ends] / facts.volatility.unit, 1e-3))
    return Units.fit(np.concatenate(means, axis=1), logs)


def regimes(volatilities: FloatArray, track: TrackCondition) -> FloatArray:
    """Return the place of the regime of each annualised volatility, NaN where that is NaN."""
    places = np.searchsorted(track.edges, volatilities, side="right").astype(np.float64)
    return np.where(np.isnan(volatilities), np.nan, places)


def _external(name: str, known: FoundCondition, training: int) -> TrackCondition:
    seen = known.values[:training]
    if not known.classes:
        return TrackCondition.of_numbers(name, seen, log=bool((known.values > 0).all()))
    for place, text in enumerate(known.classes):
        if not np.any(seen == place):
            raise DataError(
                f"condition {name} ({known.origin}): expected each class within the {training:,} "
                f"returns that are trained on, found none of {text!r}; hold out less, or leave it "
                "out"
            )
    longest = max(known.classes, key=len)
    if len(longest) > LONGEST_CLASS:
        raise DataError(
            f"condition {name} ({known.origin}): expected classes of at most {LONGEST_CLASS} "
            f"characters, found one of {len(longest)}, {longest[:LONGEST_CLASS]!r} …; shorten it"
        )
    return TrackCondition(name, LABEL, classes=known.classes)


def _trailing_mean(values: FloatArray, window: int) -> FloatArray:
    """Return the mean of each window at its last step, shape of (n, …), NaN where none ends."""
    means = np.lib.stride_tricks.sliding_window_view(values, window, axis=0).mean(axis=-1)
    none = np.full((window - 1, *values.shape[1:]), np.nan)
    return np.concatenate([none, means])
