"""Dates and times as people write them, one way throughout a column; ambiguity is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.tables import shown, words
from tsgan.errors import DataError

IntArray: TypeAlias = npt.NDArray[np.int64]
Where: TypeAlias = Callable[[int], str]

_MONTHS = words(
    "january february march april may june july august september october november december"
)
_MONTH_NUMBER = {
    **{name: k + 1 for k, name in enumerate(_MONTHS)},
    **{name[:3]: k + 1 for k, name in enumerate(_MONTHS)},
    "sept": 9,
}
_NAME = "|".join(sorted(_MONTH_NUMBER, key=len, reverse=True))
_TIME = (
    r"(?:(?:T|,? +)"
    r"(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"|(\d{2})(\d{2})(\d{2})?"
    r"|(\d{1,2})(?=[ -]*[AP]M))"
    r"[ -]*([AP]M)?)?"
    r" *(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
_SHAPES = {
    "year-month-day": r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})",
    "yyyymmdd": r"((?:18|19|20|21)\d{2})()(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])",
    "numbers": r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})",
    "day-month-year": rf"(\d{{1,2}})([- /.]?)({_NAME})\.?[-, /.]*((?:\d\d)?\d\d)",
    "month-day-year": rf"({_NAME})\.?([- ])(\d{{1,2}}),? *(\d{{4}})",
}
_DATE = {
    name: re.compile(shape + _TIME, re.ASCII | re.IGNORECASE) for name, shape in _SHAPES.items()
}
_EPOCH = re.compile(r"1\d{9}(?:\d{3}){0,3}", re.ASCII)
_REMEDY = "rewrite the dates as YYYY-MM-DD"


def looks_like_date(text: str) -> bool:
    """Return whether a cell begins as one of the known ways to write a date."""
    return len(text) >= 6 and any(shape.fullmatch(text) for shape in _DATE.values())


def looks_like_epoch(text: str) -> bool:
    """Return whether a cell may count seconds (10 digits), ms, µs or ns (19 digits) since 1970."""
    return _EPOCH.fullmatch(text) is not None


def parse_dates(cells: Sequence[str], where: Where) -> tuple[pd.DatetimeIndex, str]:
    """Read a column of text as times.

    Args:
        cells: (rows,) stripped text, none missing.
        where: row index -> place, for messages.

    Returns:
        (rows,) times of microsecond resolution, tz-naive or, where the text carries offsets, UTC
        (dates alone where every local time is midnight); and how they were read, or "".

    Raises:
        DataError: a cell that is no date or not written like the others, a day that does not
            exist, or an order of day and month that no row settles.
    """
    if all(map(looks_like_epoch, cells)) and len({len(cell) for cell in cells}) == 1:
        return _epoch(cells)
    name, fields = _fields(cells, where)
    columns = list(zip(*fields, strict=True))
    first, separator, second, third = columns[:4]
    order, note = _order(name, first, set(separator), second, where)
    parts = dict(zip(order, (first, second, third), strict=True))
    year, said = _years(parts["y"], where)
    days = _days(year, _months(parts["m"]), _int(parts["d"]), cells, where)
    times = days.astype("M8[us]") + _time_of_day(columns[4:13], cells, where).astype("m8[us]")
    notes = [text for text in (note, said) if text]
    if any(zone is not None for zone in columns[13]):
        index, zone_note = _to_utc(times, columns[13], cells, where)
        return index, "; ".join([*notes, zone_note])
    return pd.DatetimeIndex(times), "; ".join(notes)


def dates_or_utc(times: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, str]:
    """Return zoned times in UTC, or plain dates where every local time is midnight; and a note."""
    if times.tz is None:
        return times.as_unit("us"), ""
    local = times.tz_localize(None).as_unit("us")
    present = local.dropna()
    if bool((present == present.normalize()).all()):
        return local, "midnight everywhere, so taken as dates without a time zone"
    return times.tz_convert("UTC").as_unit("us"), "converted to UTC"


def _epoch(cells: Sequence[str]) -> tuple[pd.DatetimeIndex, str]:
    unit = {10: "s", 13: "ms", 16: "us", 19: "ns"}[len(cells[0])]
    times = np.array([int(cell) for cell in cells], dtype=np.int64).view(f"M8[{unit}]")
    index, note = dates_or_utc(pd.DatetimeIndex(times.astype("M8[us]")).tz_localize("UTC"))
    return index, f"read as {unit} since 1970 in UTC, {note}"


def _fields(cells: Sequence[str], where: Where) -> tuple[str, list[tuple[str | None, ...]]]:
    """Return the shape that fits the first cell and the groups of every cell."""
    name = next((n for n, shape in _DATE.items() if shape.fullmatch(cells[0])), None)
    if name is None:
        raise DataError(
            f"{where(0)}: expected a date such as 2020-01-31, found {shown(cells[0])}; {_REMEDY}"
        )
    matches = [_DATE[name].fullmatch(cell) for cell in cells]
    fields = [match.groups() for match in matches if match is not None]
    if len(fields) < len(cells):
        row = next(k for k, match in enumerate(matches) if match is None)
        raise DataError(
            f"{where(row)}: expected a date written like the first, {shown(cells[0])}, found "
            f"{shown(cells[row])}; rewrite it, or delete the line if it is no row of prices"
        )
    return name, fields


def _order(
    name: str,
    first: Sequence[str | None],
    separators: set[str | None],
    second: Sequence[str | None],
    where: Where,
) -> tuple[str, str]:
    """Return the order of year, month and day as letters, and how it was settled."""
    if name != "numbers":
        return {"y": "ymd", "d": "dmy", "m": "mdy"}[name[0]], ""
    a, b, mark = _int(first), _int(second), "/".join(sorted(filter(None, separators)))[:1]
    day_first, month_first = np.flatnonzero(a > 12), np.flatnonzero(b > 12)
    if day_first.size and month_first.size:
        row = int(max(day_first[0], month_first[0]))
        raise DataError(
            f"{where(row)}: expected one order of day and month, found {a[row]}{mark}{b[row]} "
            f"among dates in the other order; {_REMEDY}"
        )
    if day_first.size:
        return "dmy", "read as day, month, year"
    if month_first.size:
        return "mdy", "read as month, day, year"
    if separators == {"."}:
        return "dmy", "read as day.month.year, as dates with points are"
    raise DataError(
        f"{where(0)}: expected dates whose order is clear, found {a[0]}{mark}{b[0]}… with no "
        f"number above 12 in any row, so that day and month cannot be told apart; {_REMEDY}"
    )


def _years(texts: Sequence[str | None], where: Where) -> tuple[IntArray, str]:
    """Return full years; one of two digits is the latest that is not in the future."""
    years = _int(texts)
    two_digits = np.array([len(text or "") == 2 for text in texts])
    if not two_digits.any():
        return years, ""
    if not two_digits.all():
        row = int(np.flatnonzero(two_digits != two_digits[0])[0])
        raise DataError(f"{where(row)}: expected years of one length, found two; {_REMEDY}")
    years = years + np.where(years <= date.today().year % 100, 2000, 1900)
    if np.any(np.diff(years) > 0) and np.any(np.diff(years) < 0):
        raise DataError(
            f"{where(0)}: expected rows in order of time, found years of two digits that go up and "
            f"down, so that the century is open; {_REMEDY}"
        )
    return years, f"years of two digits run from {years.min()} to {years.max()}"


def _months(texts: Sequence[str | None]) -> IntArray:
    if (texts[0] or "").isdigit():
        return _int(texts)
    return np.array([_MONTH_NUMBER[(text or "").lower()] for text in texts], dtype=np.int64)


def _days(
    year: IntArray, month: IntArray, day: IntArray, cells: Sequence[str], where: Where
) -> npt.NDArray[np.datetime64]:
    """Return the calendar days, and refuse those that do not exist."""
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    days = np.asarray(months.astype("M8[D]") + (day - 1).astype("m8[D]"), dtype="M8[D]")
    wrong = (month < 1) | (month > 12) | (day < 1) | (days.astype("M8[M]") != months)
    _refuse(wrong, "a day that exists", cells, where)
    return days


def _time_of_day(
    columns: Sequence[Sequence[str | None]], cells: Sequence[str], where: Where
) -> IntArray:
    """Return microseconds since midnight."""
    if not any(any(column) for column in columns):
        return np.zeros(len(cells), dtype=np.int64)
    h, m, s, fraction, h2, m2, s2, h3, half = columns
    hour, minute, second = _int(h) + _int(h2) + _int(h3), _int(m) + _int(m2), _int(s) + _int(s2)
    halves = np.array([(text or "").upper() for text in half])
    wrong = (minute > 59) | (second > 59) | (hour > 23)
    wrong |= (halves != "") & ((hour < 1) | (hour > 12))
    _refuse(wrong, "a time of day", cells, where)
    hour = np.where(halves == "", hour, hour % 12 + 12 * (halves == "PM"))
    micro = np.array([int((text or "0")[:6].ljust(6, "0")) for text in fraction], dtype=np.int64)
    return np.asarray(((hour * 60 + minute) * 60 + second) * 1_000_000 + micro, dtype=np.int64)


def _to_utc(
    times: npt.NDArray[np.datetime64],
    zones: Sequence[str | None],
    cells: Sequence[str],
    where: Where,
) -> tuple[pd.DatetimeIndex, str]:
    """Subtract each row's offset from UTC."""
    _refuse(np.array([zone is None for zone in zones]), "an offset from UTC", cells, where)
    local = pd.DatetimeIndex(times)
    if bool((local == local.normalize()).all()):
        return local, "midnight in each row's offset, so taken as dates without a time zone"
    minutes = np.array([_minutes(zone or "") for zone in zones], dtype="m8[m]")
    return (local - minutes).as_unit("us").tz_localize("UTC"), "converted from their offsets to UTC"


def _minutes(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)


def _refuse(
    wrong: npt.NDArray[np.bool_], expected: str, cells: Sequence[str], where: Where
) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{where(row)}: expected {expected}, found {shown(cells[row])}; {_REMEDY}")


def _int(texts: Sequence[str | None]) -> IntArray:
    return np.array([int(text or 0) for text in texts], dtype=np.int64)
