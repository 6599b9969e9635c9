"""Numbers as people write them: points, commas and thousands marks, settled for a whole column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np

from tsgan.data.tables import FloatArray, is_missing, shown
from tsgan.errors import DataError

_POINT = re.compile(
    r"[+-]?(?:(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII
)
_COMMA = re.compile(
    r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII
)
_NUMBER_LIKE = re.compile(r"[$€£¥]? ?[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d{1,3})? ?[%KMBTkmbt]?")
_DECIMALS = re.compile(r"\s*[+-]?\d+[.,]\d+\s*")
_POINT_EVIDENCE = re.compile(
    r"[+-]?(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+)[%KMBT]?", re.ASCII
)
_COMMA_EVIDENCE = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{4,},\d+)[%KMBT]?", re.ASCII)


def looks_like_number(text: str) -> bool:
    """Return whether a cell is written with digits, points and commas, whatever they mean."""
    return _NUMBER_LIKE.fullmatch(text) is not None


def has_decimals(text: str) -> bool:
    """Return whether a cell is a number with a decimal part, which no column's name is."""
    return _DECIMALS.fullmatch(text) is not None


def parse_numbers(
    cells: list[str],
    where: Callable[[int], str],
    others: Callable[[], Iterable[str]] = tuple,
) -> tuple[FloatArray, str]:
    """Read a column of text as numbers.

    One convention holds for the whole column: ``1,234.5`` or ``1.234,5``. Where its own cells fit
    both (``141.264`` throughout), the file's other cells settle it if they speak with one voice.

    Args:
        cells: (rows,) stripped text.
        where: row index -> place, for messages.
        others: gives the other cells of the file.

    Returns:
        (rows,) numbers, NaN where a value is missing; and a note on the convention, or "".

    Raises:
        DataError: a cell is no number, or the convention stays open.
    """
    values = np.full(len(cells), np.nan)
    rows = [row for row, text in enumerate(cells) if not is_missing(text)]
    texts = [cells[row].lstrip("$€£¥ ") for row in rows]
    comma, note = _convention(texts, rows, where, others)
    table = str.maketrans({".": None, ",": "."} if comma else {",": None})
    values[rows] = [float(text.translate(table)) for text in texts]
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise DataError(
            f"{where(row)}: expected a number in the range of a float64, found "
            f"{shown(cells[row])}; mend or delete that row"
        )
    return values, note


def _convention(
    texts: list[str],
    rows: list[int],
    where: Callable[[int], str],
    others: Callable[[], Iterable[str]],
) -> tuple[bool, str]:
    """Return whether the comma is the decimal mark, and a note where the marks are not plain."""
    no_point = next((k for k, text in enumerate(texts) if not _POINT.fullmatch(text)), None)
    no_comma = next((k for k, text in enumerate(texts) if not _COMMA.fullmatch(text)), None)
    if no_point is not None and no_comma is not None:
        worse = max(no_point, no_comma)
        raise DataError(
            f"{where(rows[worse])}: expected a number written like those above it, such as "
            f"1234.56, found {shown(texts[worse])}; rewrite or delete it"
        )
    why = ""
    marked = next((k for k, text in enumerate(texts) if "." in text or "," in text), None)
    if no_point is None and no_comma is None and marked is not None:
        comma = _settled_by(others())
        why = f", as decimals in other columns are written with {',' if comma else '.'!r}"
        if comma is None:
            raise DataError(
                f"{where(rows[marked])}: expected a number with a plain decimal point, found "
                f"{shown(texts[marked])}, whose mark may divide thousands or decimals, like every "
                "other in the column; rewrite the column, for example 1234.0000 or 1234"
            )
    else:
        comma = no_point is not None
    thousands, decimal = (".", ",") if comma else (",", ".")
    if any(thousands in text for text in texts):
        return comma, f"is read with {thousands!r} as a thousands mark{why}"
    return comma, f"is read with {decimal!r} as the decimal mark{why}" if comma or why else ""


def _settled_by(others: Iterable[str]) -> bool | None:
    """Return True for decimal commas, False for points, None where cells say both or nothing."""
    point = comma = False
    for text in others:
        point = point or _POINT_EVIDENCE.fullmatch(text) is not None
        comma = comma or _COMMA_EVIDENCE.fullmatch(text) is not None
    return None if point == comma else comma
