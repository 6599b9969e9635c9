"""Which conditions a fit is asked for: ``--condition`` and ``--label``, as text.

``regime``, ``regime:4`` and ``trend`` come from the returns themselves, ``NAME=COLUMN`` and
``NAME=FILE:COLUMN`` from a file, and a label such as ``crisis=2007-10:2009-03`` from the calendar.

``regime=found`` and ``NAME=found:3`` are regimes found without labels. ``mood=found`` is a column
called so, as ever: a number is what makes the difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tsgan.conditions import VOLATILITY
from tsgan.errors import ConfigError
from tsgan.found_regimes import FEWEST, MOST
from tsgan.tracks import FOUND, MOST_CLASSES, REGIME, TREND, require_name

COLUMN, PERIODS = "column", "periods"
USUAL_REGIMES = 3
DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
Days: TypeAlias = tuple[np.datetime64, np.datetime64]
"""A first and a last day, both included."""


@dataclass(frozen=True)
class ConditionRequest:
    """One condition that a fit is asked for.

    Attributes:
        name: what ``--given`` will call it.
        kind: ``regime``, ``trend``, ``found``, ``column`` or ``periods``.
        classes: of a regime, or of those found without labels.
        file, column: where a column stands; no file means that of the prices.
        periods: first and last day of each, both included.
    """

    name: str
    kind: str
    classes: int = USUAL_REGIMES
    file: str = ""
    column: str = ""
    periods: tuple[Days, ...] = ()


def parse_requests(
    conditions: Sequence[str] = (), labels: Sequence[str] = ()
) -> tuple[ConditionRequest, ...]:
    """Return what ``--condition`` and ``--label`` ask for, labels of one name together.

    Raises:
        ConfigError: for what is none of the kinds, two of one name, or two to be found.
    """
    requests = [_condition(text) for text in conditions]
    periods: dict[str, list[Days]] = {}
    for text in labels:
        name, separator, spans = (part.strip() for part in text.partition("="))
        if not separator or not spans:
            raise ConfigError(f"--label: expected NAME=2007-10:2009-03, got {text!r}")
        require_name(name)
        if name in (REGIME, TREND):
            raise ConfigError(f"--label: {name!r} has a meaning of its own; rename the label")
        periods.setdefault(name, []).extend(_period(span, text) for span in spans.split(","))
    requests += [
        ConditionRequest(name, PERIODS, periods=tuple(sorted(spans)))
        for name, spans in periods.items()
    ]
    names = [request.name for request in requests]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"--condition: expected each name once, got {twice!r} again; rename one")
    found = [request.name for request in requests if request.kind == FOUND]
    if len(found) > 1:
        raise ConfigError(
            f"--condition: expected one set of regimes to be found, got {' and '.join(found)}; "
            "leave one out"
        )
    return tuple(requests)


def _condition(text: str) -> ConditionRequest:
    name, separator, place = (part.strip() for part in text.partition("="))
    if separator and place:
        require_name(name)
        regimes = _to_be_found(name, place)
        if regimes is not None:
            return regimes
        if name in (REGIME, TREND):
            raise ConfigError(f"--condition: {name!r} has a meaning of its own; rename the column")
        file, colon, column = place.rpartition(":")
        if colon and column and (Path(file).suffix or "/" in file):
            return ConditionRequest(name, COLUMN, file=file, column=column)
        return ConditionRequest(name, COLUMN, column=place)
    kind, colon, count = name.partition(":")
    if kind == REGIME and not separator and (not colon or re.fullmatch(r"\d{1,4}", count)):
        classes = int(count) if colon else USUAL_REGIMES
        if 2 <= classes <= MOST_CLASSES:
            return ConditionRequest(REGIME, REGIME, classes=classes)
    if name == TREND and not separator:
        return ConditionRequest(TREND, TREND)
    remedy = "; vol is always learned" if kind == VOLATILITY else ""
    raise ConfigError(
        f"--condition: expected regime, regime:2 to regime:{MOST_CLASSES}, regime=found:{FEWEST} "
        f"to regime=found:{MOST}, trend, NAME=COLUMN of the price file, or NAME=FILE:COLUMN, got "
        f"{text!r}{remedy}"
    )


def _to_be_found(name: str, place: str) -> ConditionRequest | None:
    """Return the regimes that ``NAME=found:3`` or ``regime=found`` asks for, None for others."""
    word, colon, count = place.partition(":")
    fits = re.fullmatch(r"\d{1,4}", count) if colon else name == REGIME
    if word != FOUND or not fits or name == TREND:
        return None
    classes = int(count) if colon else USUAL_REGIMES
    if not FEWEST <= classes <= MOST:
        raise ConfigError(
            f"--condition: expected {name}=found:{FEWEST} to {name}=found:{MOST}, regimes to be "
            f"found without labels, got {name}={place}"
        )
    return ConditionRequest(name, FOUND, classes=classes)


def _period(span: str, text: str) -> Days:
    """Return the days of ``2007-10:2009-03``; one date alone is its day, month or year."""
    first, colon, last = (part.strip() for part in span.partition(":"))
    begin, end = _days(first), _days(last if colon else first)
    if begin is None or end is None or begin[0] > end[1]:
        raise ConfigError(
            "--label: expected a first and a last date as in NAME=2007-10:2009-03 or "
            f"NAME=2020-02-19:2020-04-30, got {text!r}"
        )
    return begin[0], end[1]


def _days(text: str) -> Days | None:
    """Return first and last day of a year, a month or a day; None if it is none of them."""
    found = DAY.fullmatch(text)
    if found is None:
        return None
    try:
        first = np.datetime64(text, "D")
    except ValueError:
        return None
    unit = np.timedelta64(1, "Y" if found[2] is None else "M" if found[3] is None else "D")
    months = first.astype("datetime64[M]") + unit if found[3] is None else first + unit
    return first, months.astype("datetime64[D]") - np.timedelta64(1, "D")
