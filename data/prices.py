"""The only reader of price files: a file or frame in, checked prices and an account of them out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from tsgan.data.columns import (
    date_columns,
    demand_one_series,
    extremes,
    optional_from,
    price_columns,
)
from tsgan.data.dates import dates_or_utc, parse_dates
from tsgan.data.decimals import parse_numbers
from tsgan.data.delimited import table_from_text
from tsgan.data.files import Content, decode, read_content
from tsgan.data.rows import complete_rows, demand_positive, demand_unshifted, in_order
from tsgan.data.tables import Cells, FloatArray, Table, missing_rows, table_from_frame
from tsgan.errors import DataError


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices in order of time, with the account of how they were read.

    Attributes:
        values: (n, assets) float64, finite and above 0, one column per asset; the index ascends
            without repeats: times of microsecond resolution, tz-naive or UTC, or 0, 1, 2, … where
            the source has no dates.
        source: the file's name, or ``"DataFrame"``.
        sha256: of the file's bytes, or of a frame's values and index.
        rows_read: rows of data in the source; those that are not in ``values`` are in ``notes``.
        notes: every decision in one plain sentence.

    Raises:
        DataError: at birth, where the values are not as described.
    """

    values: pd.DataFrame
    source: str
    sha256: str
    rows_read: int
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        array = self.values.to_numpy()
        index = self.values.index
        if array.dtype != np.float64 or not bool(np.all(np.isfinite(array) & (array > 0))):
            raise DataError(f"{self.source}: expected finite float64 prices above 0, found others")
        if not index.is_monotonic_increasing or not index.is_unique or len(index) < 2:
            raise DataError(f"{self.source}: expected 2 or more prices at ascending times")

    @property
    def names(self) -> tuple[str, ...]:
        """The assets' names, in the order of the columns."""
        return tuple(str(name) for name in self.values.columns)

    @property
    def has_dates(self) -> bool:
        """Whether the prices are dated."""
        return isinstance(self.values.index, pd.DatetimeIndex)

    def __len__(self) -> int:
        return len(self.values)


def read_prices(
    source: str | Path | pd.DataFrame | pd.Series, columns: Sequence[str] = ()
) -> Prices:
    """Read prices from CSV (also .gz, .zip, .bz2, .xz), Parquet, a DataFrame or a Series.

    Args:
        source: the path, or the data themselves.
        columns: the price columns, one per asset: exact names, else without regard to case. Left
            out, an adjusted close is preferred to a close, and an only column of numbers is taken.

    Returns:
        The prices; ``notes`` lists every row that was dropped and every choice that was made.

    Raises:
        DataError: the source is no table of prices, or leaves open which number is a price, what
            it is worth, or when it held; the message says where, and the remedy.
    """
    requested = (columns,) if isinstance(columns, str) else tuple(columns)
    if isinstance(source, (pd.DataFrame, pd.Series)):
        return _prices(table_from_frame(source, "DataFrame"), requested, None)
    if not isinstance(source, (str, os.PathLike)):
        raise DataError(
            f"expected a path, DataFrame or Series of prices, found {type(source).__name__}"
        )
    content = read_content(Path(source))
    if content.is_parquet:
        return _prices(_table_from_parquet(content), requested, content.sha256)
    text, encoding = decode(content)
    table = table_from_text(text, content.name)
    read_as = () if encoding == "UTF-8" else (f"The file is not UTF-8 and was read as {encoding}.",)
    return _prices(table, requested, content.sha256, read_as)


def _table_from_parquet(content: Content) -> Table:
    try:
        frame = pd.read_parquet(BytesIO(content.data), engine="pyarrow")
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            f"{content.name}: expected a whole Parquet file, found a damaged one ({reason}); "
            "write it again"
        ) from None
    return table_from_frame(frame, content.name)


def _prices(
    table: Table, requested: Sequence[str], digest: str | None, notes: tuple[str, ...] = ()
) -> Prices:
    """Interpret a table: choose columns, read them, drop and order rows, and say all of it."""
    if not len(table):
        raise DataError(f"{table.source}: expected rows of prices, found none")
    demand_one_series(table)
    date, clock = date_columns(table)
    chosen, reason = price_columns(table, requested, (date, clock))
    said = [*notes, *table.notes]
    values = np.column_stack([_numbers(table, k, said, reason) for k in chosen])
    if table.short:
        demand_unshifted(table, values, _bounds(table))
    times = _times(table, date, clock, values, said)
    kept = complete_rows(table, values, said)
    demand_positive(table, values, kept, chosen, times)
    if times is not None:
        kept = in_order(table, values, kept, times, said)
    if len(kept) < 2:
        raise DataError(
            f"{table.source}: expected 2 or more rows with a price, found {len(kept)} of "
            f"{len(table)}; name another column or file"
        )
    index = pd.RangeIndex(len(kept)) if times is None else times[kept].rename("date")
    frame = pd.DataFrame(values[kept], index, [table.names[k] or "price" for k in chosen])
    return Prices(frame, table.source, digest or _digest(frame), len(table), tuple(said))


def _numbers(table: Table, column: int, said: list[str], reason: str) -> FloatArray:
    """Return (rows,) prices of one column, NaN where missing."""
    cells = table.cells[column]
    name = table.named(column)
    if isinstance(cells, pd.DatetimeIndex):
        raise DataError(
            f"{table.source}, column {name}: expected prices, found dates; name another column"
        )
    note = ""
    if isinstance(cells, list):
        values, note = parse_numbers(
            cells, lambda row: table.where(row, column), lambda: _other_text(table, column)
        )
    else:
        values = cells
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise DataError(f"{table.where(row, column)}: expected a price, found {values[row]}")
    said.append(f"Column {name} is the price, {reason}{f'; it {note}' if note else ''}.")
    return values


def _bounds(table: Table) -> tuple[FloatArray, ...]:
    """Return lows and highs if these exist and the first rows, no others, lack volumes behind."""
    found = extremes(table)
    at_the_start = list(table.short) == list(range(len(table.short)))
    if found is None or not at_the_start or min(table.short.values()) < optional_from(table):
        return ()
    return tuple(_numbers(table, k, [], "") for k in found)


def _other_text(table: Table, column: int) -> Iterator[str]:
    for k, cells in enumerate(table.cells):
        if k != column and isinstance(cells, list):
            yield from cells


def _times(
    table: Table, date: int | None, clock: int | None, values: FloatArray, said: list[str]
) -> pd.DatetimeIndex | None:
    """Return (rows,) times, NaT where a row has neither a date nor a price."""
    if date is None:
        said.append("No column holds dates; rows are taken in the order in which they stand.")
        return None
    name, cells = table.named(date), table.cells[date]
    gone = missing_rows(cells)
    undated = np.flatnonzero(gone & ~np.isnan(values).all(axis=1))
    if undated.size:
        raise DataError(
            f"{table.where(int(undated[0]), date)}: expected a date beside the price, found none; "
            "write the date or delete the row"
        )
    if isinstance(cells, pd.DatetimeIndex):
        times, note = dates_or_utc(cells)
    else:
        rows = np.flatnonzero(~gone)
        texts = _date_texts(cells, table.cells[clock] if clock is not None else None)
        read, note = parse_dates([texts[row] for row in rows], lambda k: table.where(rows[k], date))
        whole = pd.Series(pd.NaT, index=range(len(table)), dtype=read.dtype)
        whole.iloc[rows] = read
        times = pd.DatetimeIndex(whole)
    which = f"Column {name} holds"
    if clock is not None:
        which = f"Columns {name} and {table.named(clock)} hold"
    said.append(f"{which} the dates{f', {note}' if note else ''}.")
    return times


def _date_texts(cells: list[str] | FloatArray, clock: Cells | None) -> list[str]:
    if not isinstance(cells, list):
        return ["" if np.isnan(value) else str(int(value)) for value in cells]
    if isinstance(clock, list):
        return [f"{day} {time}" for day, time in zip(cells, clock, strict=True)]
    return cells


def _digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of names, index and values."""
    whole = hashlib.sha256(repr(tuple(frame.columns)).encode())
    index = frame.index
    whole.update(index.asi8.tobytes() if isinstance(index, pd.DatetimeIndex) else b"")
    whole.update(np.ascontiguousarray(frame.to_numpy()).tobytes())
    return whole.hexdigest()
