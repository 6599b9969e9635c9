"""A column beside the prices, of their file or of another: numbers or classes by date."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.columns import date_columns
from tsgan.data.decimals import looks_like_number
from tsgan.data.files import read_content
from tsgan.data.findings import Finding
from tsgan.data.prices import table_of
from tsgan.data.rows import Sheet, in_order
from tsgan.data.sheets import Choice, sheet_of
from tsgan.data.tables import Cells, FloatArray, Table, table_from_frame
from tsgan.data.texts import Texts, is_missing
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

OLDEST = np.timedelta64(7, "D")
"""A value holds for a week at most: holidays are shorter, and a file that ended is noticed."""

YES_NO = {"0": 0, "1": 1, "no": 0, "yes": 1, "false": 0, "true": 1, "0.0": 0, "1.0": 1}
MOST_CLASSES = 20
SHOWN_HOLES = 3


@dataclass(frozen=True, eq=False)
class DatedColumn:
    """One column in order of time.

    Attributes:
        source, column: the file's name, and the column's.
        times: (k,) ascending without repeats, microseconds; UTC where the file has a zone.
        values: (k,) numbers, or places in ``classes``; none missing.
        classes: names of the classes, in order; empty of numbers.
        sha256: of the file's bytes; empty of a frame.
    """

    source: str
    column: str
    times: npt.NDArray[np.datetime64]
    values: FloatArray
    classes: tuple[str, ...]
    sha256: str

    def at(self, dates: pd.DatetimeIndex) -> FloatArray:
        """Return the last value at each of the dates or before it: (dates,).

        Raises:
            DataError: where that is older than a week, with these dates.
        """
        wanted = _stamps(dates)
        place = np.searchsorted(self.times, wanted, side="right") - 1
        stale = (place < 0) | (wanted - self.times[place] > OLDEST)
        if stale.any():
            raise DataError(
                f"{self.source}, column {self.column!r}: expected a value within "
                f"{OLDEST.astype(int)} days before each return, found none for {stale.sum():,} of "
                f"{len(dates):,} returns, {_holes(wanted, stale)}; complete the file, name "
                "another, or leave these prices out"
            )
        return np.asarray(self.values[place])


def read_column(
    source: str | Path | pd.DataFrame | pd.Series, column: str, reading: ReadConfig | None = None
) -> DatedColumn:
    """Read one column of numbers or of classes, and the dates beside it.

    Classes are text, of which there are 2 to 20, in alphabetical order; 0 and 1, true and false
    are ``no`` and ``yes``. Rows without a value are left out.

    Args:
        source: the path, or the data themselves.
        column: its exact name, else without regard to case.
        reading: what the file leaves open.

    Raises:
        DataError: the source is no table with dates and this column, or leaves open what it says.
    """
    reading = replace(reading or ReadConfig(), returns=None)
    digest = ""
    if isinstance(source, (pd.DataFrame, pd.Series)):
        table = table_from_frame(source, "DataFrame")
    elif isinstance(source, (str, os.PathLike)):
        content = read_content(Path(source))
        table, digest = table_of(content, reading)[0], content.digest()
    else:
        raise DataError(f"expected a path or DataFrame of {column}, found {type(source).__name__}")
    place = _column(table, column)
    table, classes = _with_codes(table, place)
    sheet = _ordered(table, place, reading)
    if sheet.times is None or not len(sheet):
        raise DataError(
            f"{table.source}, column {table.named(place)}: expected values, found none; name "
            "another column"
        )
    name, values = table.names[place], sheet.values[:, 0]
    return DatedColumn(table.source, name, _stamps(sheet.times), values, classes, digest)


def _column(table: Table, name: str) -> int:
    known = list(table.names)
    hits = [k for k, other in enumerate(known) if other == name]
    hits = hits or [k for k, other in enumerate(known) if other.casefold() == name.casefold()]
    if len(hits) != 1:
        found = table.columns_listed() if not hits else f"{len(hits)} of them"
        raise DataError(f"{table.source}: expected one column {name!r}, found {found}; name one")
    return hits[0]


def _ordered(table: Table, column: int, reading: ReadConfig) -> Sheet:
    """Return the rows that have a value, in order of time."""
    date, clock = date_columns(table)
    if date is None or date == column:
        raise DataError(
            f"{table.source}: expected dates beside column {table.named(column)}, found none; a "
            "condition is joined by date: add a column of dates"
        )
    said, found = list[str](), list[Finding]()
    sheet, _ = sheet_of(table, Choice(date, clock, [column], ""), reading, said)
    present = ~np.isnan(sheet.values[:, 0])
    return in_order(sheet.taken(present), reading, found, said)


def _with_codes(table: Table, column: int) -> tuple[Table, tuple[str, ...]]:
    """Return the table with places of classes instead of their names, and these in order."""
    cells = table.cells[column]
    classes: tuple[str, ...] = ()
    if isinstance(cells, Texts):
        known = [text for text in cells.distinct() if not is_missing(text)]
        if known and all(text.casefold() in YES_NO for text in known):
            classes, codes = ("no", "yes"), {text: YES_NO[text.casefold()] for text in known}
        elif any(looks_like_number(text) for text in known):
            return table, ()
        else:
            classes = tuple(sorted(known))
            codes = {text: place for place, text in enumerate(classes)}
        if not 2 <= len(classes) <= MOST_CLASSES:
            raise DataError(
                f"{table.source}, column {table.named(column)}: expected numbers, or 2 to "
                f"{MOST_CLASSES} classes, found {len(classes)} different texts; name another column"
            )
        numbers = np.array([codes.get(text, np.nan) for text in cells], dtype=np.float64)
        return _replaced(table, column, numbers), classes
    if isinstance(cells, np.ndarray) and set(np.unique(cells[~np.isnan(cells)])) <= {0.0, 1.0}:
        classes = ("no", "yes")
    return table, classes


def _replaced(table: Table, column: int, cells: Cells) -> Table:
    columns = list(table.cells)
    columns[column] = cells
    return replace(table, cells=tuple(columns))


def _stamps(times: pd.DatetimeIndex) -> npt.NDArray[np.datetime64]:
    """Return (k,) microseconds, UTC where there is a zone."""
    naive = times if times.tz is None else times.tz_convert("UTC").tz_localize(None)
    return np.asarray(naive.as_unit("us").to_numpy())


def _holes(dates: npt.NDArray[np.datetime64], stale: npt.NDArray[np.bool_]) -> str:
    """Return the first stretches of stale dates, as in ``2001-09-11 to 2001-09-17``."""
    edges = np.flatnonzero(np.diff(stale.astype(int), prepend=0, append=0))
    days = dates.astype("datetime64[D]")
    spans = list(zip(edges[::2], edges[1::2] - 1, strict=True))
    texts = [f"{days[i]}" if i == j else f"{days[i]} to {days[j]}" for i, j in spans]
    more = len(texts) - SHOWN_HOLES
    return ", ".join(texts[:SHOWN_HOLES]) + (f" and {more} more stretches" if more > 0 else "")
