"""Numbers as people write them: points, commas and thousands marks, settled for a whole column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsgan.data.tables import FloatArray, shown
from tsgan.data.texts import Texts
from tsgan.errors import DataError

_SIGN, _POWER = r"[+-]?", r"(?:[eE][+-]?\d{1,3})?"
_POINT = rf"{_SIGN}(?:(?:\d+|[1-9]\d{{0,2}}(?:,\d{{3}})+)(?:\.\d*)?|\.\d+){_POWER}"
_COMMA = rf"{_SIGN}(?:(?:\d+|[1-9]\d{{0,2}}(?:\.\d{{3}})+)(?:,\d*)?|,\d+){_POWER}"
_NUMBER_LIKE = re.compile(r"[$€£¥]? ?[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d{1,3})? ?[%KMBTkmbt]?")
_DECIMALS = re.compile(r"\s*[+-]?\d+[.,]\d+\s*")
_POINT_EVIDENCE = r"[+-]?(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+)[%KMBT]?"
_COMMA_EVIDENCE = r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{4,},\d+)[%KMBT]?"
_CURRENCIES = "$€£¥ "


def looks_like_number(text: str) -> bool:
    """Return whether a cell is written with digits, points and commas, whatever they mean."""
    return _NUMBER_LIKE.fullmatch(text) is not None


def has_decimals(text: str) -> bool:
    """Return whether a cell is a number with a decimal part, which no column's name is."""
    return _DECIMALS.fullmatch(text) is not None


def parse_numbers(
    cells: Texts,
    where: Callable[[int], str],
    others: Callable[[], Iterable[Texts]] = tuple,
    decimal: str = "auto",
) -> tuple[FloatArray, str]:
    """Read a column of text as numbers.

    One convention holds for the whole column: ``1,234.5`` or ``1.234,5``. Where its own cells fit
    both (``141.264`` throughout), the file's other columns settle it if they speak with one voice.

    Args:
        cells: (rows,) text.
        where: row index -> place, for messages.
        others: gives the other columns of the file.
        decimal: ``point`` or ``comma`` where the user says what it is, else ``auto``.

    Returns:
        (rows,) numbers, NaN where a value is missing; and a note on the convention, or "".

    Raises:
        DataError: a cell is no number, or the convention stays open.
    """
    plain = _plain(cells) if decimal != "comma" else None
    texts, rows = (cells, None) if plain is not None else cells.present()
    if plain is None:
        texts = Texts(texts.each(lambda x: pc.utf8_ltrim(x, characters=_CURRENCIES)))

    def place(k: int) -> str:
        return where(k if rows is None else int(rows[k]))

    comma, note = _convention(texts, place, others, decimal, plain is not None)
    values = np.full(len(cells), np.nan)
    if plain is not None and not comma:
        values = plain
    else:
        chosen = np.arange(len(cells)) if rows is None else rows
        values[chosen] = _converted(texts, comma)
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise DataError(
            f"{where(row)}: expected a number in the range of a float64, found "
            f"{shown(cells[row])}; mend or delete that row"
        )
    return values, note


def _plain(cells: Texts) -> FloatArray | None:
    """Return (rows,) values where all are numbers as programs write them, else None."""
    try:
        values = _floats(cells.each(lambda chunk: chunk.cast(pa.float64())))
    except pa.ArrowInvalid:
        return None
    return values if bool(np.isfinite(values).all()) else None


def _floats(numbers: pa.ChunkedArray) -> FloatArray:
    return np.asarray(numbers.to_numpy(), dtype=np.float64)


def _converted(texts: Texts, comma: bool) -> FloatArray:
    """Return the values of cells that are known to fit the convention."""

    def value(chunk: pa.StringArray) -> pa.DoubleArray:
        chunk = pc.replace_substring(chunk, "." if comma else ",", "")
        if comma:
            chunk = pc.replace_substring(chunk, ",", ".")
        chunk = pc.utf8_ltrim(chunk, characters="+")
        return pc.replace_substring_regex(chunk, r"\.($|[eE])", r".0\1").cast(pa.float64())

    return _floats(texts.each(value)) if len(texts) else np.zeros(0)


def _convention(
    texts: Texts,
    where: Callable[[int], str],
    others: Callable[[], Iterable[Texts]],
    decimal: str,
    plain: bool,
) -> tuple[bool, str]:
    """Return whether the comma is the decimal mark, and a note where the marks are not plain.

    ``plain``: the cells are known to fit the point.
    """
    no_point = None if plain else texts.first_unlike(_POINT)
    no_comma = None if decimal == "point" and no_point is None else texts.first_unlike(_COMMA)
    against = {"point": no_point, "comma": no_comma}.get(decimal)
    if against is None and no_point is not None and no_comma is not None:
        against = max(no_point, no_comma)
    if against is not None and decimal != "auto":
        raise DataError(
            f"{where(against)}: expected a number with the decimal mark that --decimal {decimal} "
            f"asks for, found {shown(texts[against])}; rewrite it, or leave --decimal out"
        )
    if against is not None:
        raise DataError(
            f"{where(against)}: expected a number such as 1234.56, written like the "
            f"others, found {shown(texts[against])}; rewrite or delete it"
        )
    comma, why = no_point is not None, ""
    marked = texts.first_unlike("[^.,]*")
    if decimal != "auto":
        comma = decimal == "comma"
    elif no_point is None and no_comma is None and marked is not None:
        comma, why = _by_the_others(others(), texts, marked, where)
    thousands, point = (".", ",") if comma else (",", ".")
    if not plain and texts.first_unlike(f"[^{thousands}]*") is not None:
        return comma, f"is read with {thousands!r} as a thousands mark{why}"
    if plain and comma and marked is not None:
        return comma, f"is read with {thousands!r} as a thousands mark{why}"
    return comma, f"is read with {point!r} as the decimal mark{why}" if comma or why else ""


def _by_the_others(
    others: Iterable[Texts], texts: Texts, marked: int, where: Callable[[int], str]
) -> tuple[bool, str]:
    """Return what the decimals of the other columns say of a column that fits both conventions."""
    point = comma = False
    for column in others:
        point = point or _any_like(column, _POINT_EVIDENCE)
        comma = comma or _any_like(column, _COMMA_EVIDENCE)
    if point == comma:
        raise DataError(
            f"{where(marked)}: expected a number with a plain decimal point, found "
            f"{shown(texts[marked])}, whose mark may divide thousands or decimals, like every "
            "other in the column; say which with --decimal point or --decimal comma"
        )
    return comma, f", as decimals in other columns are written with {',' if comma else '.'!r}"


def _any_like(column: Texts, pattern: str) -> bool:
    whole = f"^(?:{pattern})$"
    return any(pc.any(pc.match_substring_regex(x, whole)).as_py() for x in column.chunks())
