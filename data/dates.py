"""Dates and times as people write them, one way throughout a column; ambiguity is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tsgan.data.date_fields import DateFields, IntArray, date_fields, shape_of
from tsgan.data.tables import shown
from tsgan.data.texts import BoolArray, Texts
from tsgan.errors import DataError

Where: TypeAlias = Callable[[int], str]

_EPOCH = r"1\d{9}(?:\d{3}){0,3}"
_HOURS = r"19\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])"
"""Of the last century, which would pass for seconds since 1970."""

_PIECE = 2**17
"""Rows that are worked out at a time, so that memory is used again."""

_REMEDY = "rewrite the dates as YYYY-MM-DD"


def looks_like_date(text: str) -> bool:
    """Return whether a cell begins as one of the known ways to write a date."""
    return len(text) >= 6 and shape_of(text) is not None


def looks_like_epoch(text: str) -> bool:
    """Return whether a cell may count seconds (10 digits), ms, µs or ns (19 digits) since 1970."""
    return re.fullmatch(_EPOCH, text, re.ASCII) is not None


def parse_dates(cells: Texts, where: Where, order: str = "auto") -> tuple[pd.DatetimeIndex, str]:
    """Read a column of text as times.

    Args:
        cells: (rows,) text, none missing.
        where: row index -> place, for messages.
        order: ``day-first`` or ``month-first`` for dates such as 01/02/2020, else ``auto``.

    Returns:
        (rows,) times of microsecond resolution, tz-naive or, where the text carries offsets, UTC
        (dates alone where every local time is midnight); and how they were read, or "".

    Raises:
        DataError: a cell that is no date or not written like the others, a day that does not
            exist, or an order of day and month that no row settles.
    """
    if looks_like_epoch(cells[0]):
        width = len(cells[0])
        if cells.first_unlike(rf"1\d{{{width - 1}}}") is None and (
            width > 10 or cells.first_unlike(_HOURS) is not None
        ):
            return _epoch(cells, width)
    shape = shape_of(cells[0])
    if shape is None:
        raise DataError(
            f"{where(0)}: expected a date such as 2020-01-31, found {shown(cells[0])}; {_REMEDY}"
        )
    fields = date_fields(cells, shape)
    if isinstance(fields, int):
        raise DataError(
            f"{where(fields)}: expected a date written like the first, {shown(cells[0])}, found "
            f"{shown(cells[fields])}; rewrite it, or delete the line if it is no row of prices"
        )
    letters, note = _order(shape, fields, where, order)
    parts = dict(zip(letters, (fields.first, fields.second, fields.third), strict=True))
    year, said = _years(parts["y"], fields.digits if letters[2] == "y" else None, where)
    _refuse(fields.micro < 0, "a time of day", cells, where)
    times = fields.micro.view("M8[us]")
    wrong = np.zeros(len(times), dtype=bool)
    for first in range(0, len(times), _PIECE):
        piece = slice(first, first + _PIECE)
        days, wrong[piece] = _days(year[piece], parts["m"][piece], parts["d"][piece])
        times[piece] += days.astype("M8[us]").view("m8[us]")
    _refuse(wrong, "a day that exists", cells, where)
    notes = [text for text in (note, said) if text]
    if fields.zoned.any():
        index, zone_note = _to_utc(times, fields, cells, where)
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


def _epoch(cells: Texts, width: int) -> tuple[pd.DatetimeIndex, str]:
    unit = {10: "s", 13: "ms", 16: "us", 19: "ns"}[width]
    counts = cells.each(lambda chunk: chunk.cast(pa.int64())).to_numpy()
    times = np.array(counts, dtype=np.int64).view(f"M8[{unit}]")
    index, note = dates_or_utc(pd.DatetimeIndex(times.astype("M8[us]")).tz_localize("UTC"))
    return index, f"read as {unit} since 1970 in UTC, {note}"


def _order(shape: str, fields: DateFields, where: Where, asked: str) -> tuple[str, str]:
    """Return the order of year, month and day as letters, and how it was settled."""
    if shape != "numbers":
        return {"y": "ymd", "d": "dmy", "m": "mdy"}[shape[0]], ""
    a, b, mark = fields.first, fields.second, fields.mark
    day_first, month_first = np.flatnonzero(a > 12), np.flatnonzero(b > 12)
    against = {"day-first": month_first, "month-first": day_first}.get(asked)
    if against is not None and against.size:
        row = int(against[0])
        raise DataError(
            f"{where(row)}: expected dates written {asked}, as asked with --dates, found "
            f"{a[row]}{mark}{b[row]}; {_REMEDY}, or leave --dates out"
        )
    if asked != "auto":
        return ("dmy" if asked == "day-first" else "mdy"), f"read {asked} as asked"
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
    if fields.points.all():
        return "dmy", "read as day.month.year, as dates with points are"
    raise DataError(
        f"{where(0)}: expected dates whose order is clear, found {a[0]}{mark}{b[0]}… with no "
        "number above 12 in any row, so that day and month cannot be told apart; say which with "
        "--dates day-first or --dates month-first"
    )


def _years(years: IntArray, digits: IntArray | None, where: Where) -> tuple[IntArray, str]:
    """Return full years; one of two digits is the latest that is not in the future."""
    if digits is None or not np.any(digits == 2):
        return years, ""
    if np.any(digits != digits[0]):
        row = int(np.flatnonzero(digits != digits[0])[0])
        raise DataError(f"{where(row)}: expected years of one length, found two; {_REMEDY}")
    years = years + np.where(years <= date.today().year % 100, 2000, 1900)
    if np.any(np.diff(years) > 0) and np.any(np.diff(years) < 0):
        raise DataError(
            f"{where(0)}: expected rows in order of time, found years of two digits that go up and "
            f"down, so that the century is open; {_REMEDY}"
        )
    return years, f"years of two digits run from {years.min()} to {years.max()}"


def _days(
    year: IntArray, month: IntArray, day: IntArray
) -> tuple[npt.NDArray[np.datetime64], BoolArray]:
    """Return the calendar days, and which of them do not exist."""
    months = ((year.astype(np.int64) - 1970) * 12 + month - 1).astype("M8[M]")
    days = np.asarray(months.astype("M8[D]") + (day - 1).astype("m8[D]"), dtype="M8[D]")
    wrong = (year < 1) | (month < 1) | (month > 12) | (day < 1) | (days.astype("M8[M]") != months)
    return days, wrong


def _to_utc(
    times: npt.NDArray[np.datetime64], fields: DateFields, cells: Texts, where: Where
) -> tuple[pd.DatetimeIndex, str]:
    """Subtract each row's offset from UTC."""
    _refuse(~fields.zoned, "an offset from UTC", cells, where)
    local = pd.DatetimeIndex(times)
    if bool((local == local.normalize()).all()):
        return local, "midnight in each row's offset, so taken as dates without a time zone"
    offsets = fields.minutes.astype("m8[m]")
    return (local - offsets).as_unit("us").tz_localize("UTC"), "converted from their offsets to UTC"


def _refuse(wrong: BoolArray, expected: str, cells: Texts, where: Where) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{where(row)}: expected {expected}, found {shown(cells[row])}; {_REMEDY}")
