"""The parts of dates as text: which digits stand for which part, for a whole column at once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tsgan.data.tables import words
from tsgan.data.texts import THREADS, BoolArray, Texts

IntArray: TypeAlias = npt.NDArray[np.integer]

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
    r"[ -]*(?:([AP])M)?)?"
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
_FIRST, _MARK, _SECOND, _THIRD = 1, 2, 3, 4
_HOURS, _MINUTES, _SECONDS, _FRACTION = (5, 9, 12), (6, 10), (7, 11), 8
_HALF, _ZONE = 13, 14


def shape_of(text: str) -> str | None:
    """Return the name of the way in which a date is written, or None."""
    return next((name for name, shape in _DATE.items() if shape.fullmatch(text)), None)


@dataclass(frozen=True)
class DateFields:
    """What stands in each row, as numbers; which of the first three is the day is left open.

    Attributes:
        first, second, third: (rows,) numbers in the order in which they are written.
        digits: (rows,) of the third number, which may be a year.
        micro: (rows,) microseconds since midnight; -1 for what is no time of day.
        minutes: (rows,) offset from UTC.
        zoned: (rows,) whether there is an offset.
        points: (rows,) whether points stand between the numbers.
        mark: between the first row's numbers.
    """

    first: IntArray
    second: IntArray
    third: IntArray
    digits: IntArray
    micro: IntArray
    minutes: IntArray
    zoned: BoolArray
    points: BoolArray
    mark: str


def date_fields(cells: Texts, shape: str) -> DateFields | int:
    """Return the parts of all dates, or the row of the first that is not written in that shape."""
    pattern = _DATE[shape]
    template = pattern.fullmatch(cells[0])

    def fields_of(chunk: pa.StringArray) -> DateFields | int:
        fields = None if template is None else _aligned(chunk, template)
        if fields is not None:
            return fields
        matches = [pattern.fullmatch(text) for text in chunk.to_pylist()]
        if None in matches:
            return matches.index(None)
        return _matched([match for match in matches if match is not None])

    read: list[DateFields] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for fields in pool.map(fields_of, cells.chunks()):
            if isinstance(fields, int):
                return sum(len(one.first) for one in read) + fields
            read.append(fields)
    arrays = (item.name for item in dataclass_fields(DateFields) if item.name != "mark")
    joined = {name: np.concatenate([getattr(one, name) for one in read]) for name in arrays}
    return DateFields(**joined, mark=read[0].mark)


def digit_matrix(chunk: pa.StringArray) -> npt.NDArray[np.uint8] | None:
    """Return (rows, width) bytes of strings of one width, None where widths differ."""
    offsets = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset :][: len(chunk) + 1]
    widths = np.diff(offsets)
    if not widths.size or not widths[0] or np.any(widths != widths[0]):
        return None
    data = np.frombuffer(chunk.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return data.reshape(len(chunk), int(widths[0]))


def whole_numbers(digits: npt.NDArray[np.uint8]) -> IntArray:
    """Return (rows,) the numbers written with (rows, width) digits, of at most 9 of them."""
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int32)
    numbers: IntArray = (digits - np.uint8(48)).astype(np.int32) @ powers
    return numbers


def _aligned(chunk: pa.StringArray, template: re.Match[str]) -> DateFields | None:
    """Return the parts where every row has digits and marks where the template has them."""
    matrix, like = digit_matrix(chunk), np.frombuffer(template.string.encode(), np.uint8)
    if matrix is None or matrix.shape[1] != like.size or not template.string.isascii():
        return None
    is_digit = (like >= 48) & (like <= 57)
    sign = template.start(_ZONE) if (template[_ZONE] or "Z")[0] in "+-" else -1
    fixed = ~is_digit & (np.arange(like.size) != sign)
    digits = matrix[:, is_digit]
    if np.any(matrix[:, fixed] != like[fixed]) or np.any((digits < 48) | (digits > 57)):
        return None
    if sign >= 0 and np.any((matrix[:, sign] != 43) & (matrix[:, sign] != 45)):
        return None
    if any(template[k] is None or not template[k].isdigit() for k in (_FIRST, _SECOND, _THIRD)):
        return None

    def number(*groups: int) -> IntArray:
        spans = [template.span(k) for k in groups if template[k] is not None]
        if not spans:
            return np.zeros(len(chunk), np.int32)
        return whole_numbers(matrix[:, slice(*spans[0])])

    zone = "".join(filter(str.isdigit, template[_ZONE] or ""))
    minutes: IntArray = np.zeros(len(chunk), dtype=np.int64)
    if sign >= 0:
        places = [k for k in range(sign, like.size) if is_digit[k]]
        offset = whole_numbers(matrix[:, places])
        minutes = offset * 60 if len(zone) == 2 else offset // 100 * 60 + offset % 100
        minutes = np.where(matrix[:, sign] == 45, -minutes, minutes)
    scale = 10 ** (6 - len(template[_FRACTION] or ""))
    fraction = number(_FRACTION) * scale if scale >= 1 else number(_FRACTION) // round(1 / scale)
    half = np.full(len(chunk), _half(template[_HALF]))
    return DateFields(
        number(_FIRST).astype(np.int16),
        number(_SECOND).astype(np.int16),
        number(_THIRD).astype(np.int16),
        np.full(len(chunk), len(template[_THIRD]), np.int8),
        _micro(number(*_HOURS), number(*_MINUTES), number(*_SECONDS), fraction, half),
        minutes.astype(np.int16),
        np.full(len(chunk), template[_ZONE] is not None),
        np.full(len(chunk), template[_MARK] == "."),
        template[_MARK],
    )


def _matched(matches: list[re.Match[str]]) -> DateFields:
    """Return the parts of dates of any width."""
    columns = list(zip(*(match.groups() for match in matches), strict=True))

    def number(*groups: int) -> IntArray:
        texts = zip(*(columns[k - 1] for k in groups), strict=True)
        return np.array([_int(next(filter(None, row), None)) for row in texts], dtype=np.int64)

    fractions = [int((text or "0")[:6].ljust(6, "0")) for text in columns[_FRACTION - 1]]
    halves = np.array([_half(text) for text in columns[_HALF - 1]], dtype=np.int64)
    zones = columns[_ZONE - 1]
    return DateFields(
        number(_FIRST),
        number(_SECOND),
        number(_THIRD),
        np.array([len(text or "") for text in columns[_THIRD - 1]], dtype=np.int64),
        _micro(number(*_HOURS), number(*_MINUTES), number(*_SECONDS), np.array(fractions), halves),
        np.array([_offset(zone or "") for zone in zones], dtype=np.int64),
        np.array([zone is not None for zone in zones]),
        np.array([mark == "." for mark in columns[_MARK - 1]]),
        columns[_MARK - 1][0] or "",
    )


def _int(text: str | None) -> int:
    """Return the number of digits, or of a month's name."""
    return _MONTH_NUMBER.get((text or "").lower()) or int(text or 0)


def _half(text: str | None) -> int:
    """Return 0 of a clock of 24 hours, 1 of AM, 2 of PM."""
    return 0 if text is None else 1 + (text.upper() == "P")


def _micro(
    hour: IntArray, minute: IntArray, second: IntArray, fraction: IntArray, half: IntArray
) -> IntArray:
    """Return microseconds since midnight, -1 for what is no time of day."""
    wrong = (minute > 59) | (second > 59) | (hour > 23)
    wrong |= (half > 0) & ((hour < 1) | (hour > 12))
    hour = np.where(half == 0, hour, hour % 12 + 12 * (half == 2))
    seconds = ((hour * 60 + minute) * 60 + second).astype(np.int64)
    micro = seconds * 1_000_000 + fraction
    return np.where(wrong, -1, micro)


def _offset(zone: str) -> int:
    """Return the minutes of an offset from UTC such as +02:00, -05 or Z."""
    if zone[:1] not in ("+", "-"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
