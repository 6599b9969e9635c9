"""Which of the real returns a model was trained on, and which it never saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tsgan.data.prices import Prices
from tsgan.data.returns import log_returns
from tsgan.errors import ConfigError
from tsgan.facts import DataFacts
from tsgan.reading import ReadConfig
from tsgan.results import FloatArray

LEAST_HELD_OUT = 20
"""Fewest held-out returns that are worth a look."""

ORIGIN = (
    "source",
    "column",
    "sha256",
    "returns",
    "training",
    "first_date",
    "training_end",
    "last_date",
)
"""Facts of a model that its scenario files carry along."""

READING = "reading"
"""Key of how the prices were read, as JSON, where that is not the default."""


def origin_of(facts: DataFacts) -> dict[str, str | int]:
    """Return what a scenario file says of the training of the model that made it."""
    known = facts.to_dict()
    origin = {name: known[name] for name in ORIGIN if known[name] is not None}
    reading = ReadConfig.from_dict(facts.reading)
    if reading != ReadConfig():
        origin[READING] = json.dumps(reading.to_dict())
    return origin


def recorded_reading(origin: Mapping[str, Any] | None) -> ReadConfig:
    """Return how the prices were read on which the paths of this origin were trained."""
    try:
        return ReadConfig.from_dict(json.loads((origin or {}).get(READING, "{}")))
    except (ValueError, TypeError, RecursionError, ConfigError):
        return ReadConfig()


@dataclass(frozen=True)
class Periods:
    """The real returns, and the parts of them that training saw and did not see.

    Attributes:
        series: (n,) log returns of all prices, of several assets (n, assets); training: (m, …)
            those trained on, all of them where nothing better is known; held_out: (h, …) those
            after, or None.
        cautions: what a reader must know of it, in plain sentences.
    """

    series: FloatArray
    training: FloatArray
    held_out: FloatArray | None
    cautions: tuple[str, ...]


def split_periods(prices: Prices, origin: Mapping[str, Any] | None) -> Periods:
    """Return the periods of ``prices``, given what is known of a training, see ``origin_of``.

    The same file is split where training split it; another one at the last date of training.
    """
    series = log_returns(prices)
    series = series[:, 0] if len(prices.names) == 1 else series
    if not origin:
        return Periods(
            series,
            series,
            None,
            (
                "The training period of these paths is not known: copies are looked for in the "
                "whole series, baselines are fitted to it, and nothing is held out. Name its last "
                "date with --trained-until.",
            ),
        )
    if origin.get("sha256") == prices.sha256 and origin.get("returns") == len(series):
        return _split(series, int(origin["training"]), "")
    other = ""
    if origin.get("sha256") == prices.sha256:
        other = " The model was trained on this file, read with other options."
    elif "sha256" in origin:
        other = f" The model was trained on another file, {origin.get('source', 'unknown')}."
    end = _end(origin.get("training_end"))
    if end is None or not isinstance(prices.return_index, pd.DatetimeIndex):
        reason = "the training has no dates" if end is None else "these prices have no dates"
        note = f"The training period cannot be found in these prices: {reason}.{other}"
        return Periods(series, series, None, (note,))
    return _split_at(series, prices.return_index, end, _date(origin.get("first_date")), other)


def known_until(text: str, recorded: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the origin of paths of which the last date of training is told.

    Raises:
        ConfigError: if ``text`` is not a date, or is before the one that the paths' file records.
    """
    told = _end(text)
    if told is None:
        raise ConfigError(
            f"--trained-until: expected a date as YYYY-MM-DD, got {text!r}; name the last one "
            "that the model was trained on"
        )
    end = None if recorded is None else _end(recorded.get("training_end"))
    if recorded is not None and end is not None and told < end:
        raise ConfigError(
            f"--trained-until: expected a date from {recorded['training_end']} on, to which these "
            f"paths' model was trained, got {text}; returns that it saw cannot be held out"
        )
    return {"training_end": text}


def other_periods(
    first: str,
    origin: Mapping[str, Any] | None,
    others: Mapping[str, Mapping[str, Any] | None],
) -> list[str]:
    """Return a caution for each further set of paths that was trained on another period."""
    compared = ("sha256", "training", "training_end")

    def period(known: Mapping[str, Any] | None) -> list[Any]:
        return [(known or {}).get(name) for name in compared]

    return [
        f"{name} was not trained on the same period as {first}, as far as is known, but is "
        f"compared on the period of {first}: its copies and held-out returns are not its own."
        for name, known in others.items()
        if period(known) != period(origin)
    ]


def _end(text: object) -> pd.Timestamp | None:
    """Return the last moment of training; a date without a time means all of its day."""
    moment = _date(text)
    if moment is None or len(str(text)) > len("YYYY-MM-DD"):
        return moment
    return moment + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)


def _date(text: object) -> pd.Timestamp | None:
    if not isinstance(text, str):
        return None
    try:
        moment = pd.Timestamp(datetime.fromisoformat(text))
    except ValueError:
        return None
    return moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo else moment


def _split_at(
    series: FloatArray,
    dates: pd.DatetimeIndex,
    end: pd.Timestamp,
    first: pd.Timestamp | None,
    other: str,
) -> Periods:
    naive = dates.tz_convert("UTC").tz_localize(None) if dates.tz is not None else dates
    before = int(np.count_nonzero(naive <= end))
    if before < 2:
        note = (
            f"Out of sample: the training period ended on {end:%Y-%m-%d}, before these prices "
            "begin. Baselines are fitted to the prices themselves, which favours them, and copies "
            f"of the training period cannot be looked for.{other}"
        )
        return Periods(series, series, None, (note,))
    if first is not None and naive[-1] < first:
        note = (
            f"Out of sample: these prices end before the training period began on "
            f"{first:%Y-%m-%d}. Baselines are fitted to the prices themselves, which favours "
            f"them.{other}"
        )
        return Periods(series, series, None, (note,))
    return _split(series, before, other)


def _split(series: FloatArray, training: int, other: str) -> Periods:
    kept = len(series) - training
    held_out = series[training:] if kept >= LEAST_HELD_OUT else None
    seen = f"{training:,} of these {len(series):,} returns"
    note = (
        f"The period of training covers {seen}."
        if other
        else f"In-sample: the model was trained on {seen}. "
        "The table says how well it learned them, not how well it foretells others."
    )
    if held_out is not None:
        note += f" The other {kept:,} are held out and compared apart."
    elif kept:
        note += f" The other {kept:,} are too few to be compared apart."
    return Periods(series, series[:training], held_out, (f"{other} {note}".strip(),))
