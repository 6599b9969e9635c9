"""The chosen columns of a table as numbers and times, row by row as they stand in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd

from tsgan.data.columns import beside_columns, extremes, optional_from
from tsgan.data.dates import dates_or_utc, parse_dates
from tsgan.data.decimals import parse_numbers
from tsgan.data.rows import Rows, Sheet, demand_unshifted
from tsgan.data.suspects import Beside
from tsgan.data.tables import Cells, FloatArray, Table, missing_rows
from tsgan.data.texts import BoolArray, Texts
from tsgan.errors import DataError
from tsgan.reading import ReadConfig


@dataclass(frozen=True)
class Choice:
    """The columns of a table that are read, by index, and why."""

    date: int | None
    clock: int | None
    prices: Sequence[int]
    reason: str


def sheet_of(
    table: Table, choice: Choice, reading: ReadConfig, said: list[str]
) -> tuple[Sheet, Beside]:
    """Return the numbers and times of the chosen columns, and the columns beside a single one.

    Raises:
        DataError: a cell is no number or date, or one of them stays open.
    """
    columns = [_numbers(table, k, said, choice.reason, reading) for k in choice.prices]
    values = np.column_stack(columns)
    if table.short:
        demand_unshifted(table, values, _bounds(table, reading))
    times = _times(table, choice, values, reading, said)
    assets = _assets([table.names[k] for k in choice.prices])
    rows = np.arange(len(table))
    beside = Beside()
    if len(choice.prices) == 1 and reading.returns is None:
        extra = beside_columns(table, choice.prices[0])
        beside = Beside(*(cache(partial(_quietly, table, k, reading)) for k in extra))
    return Sheet(table, tuple(choice.prices), assets, rows, values, times), beside


def _assets(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the assets' names: ``BTC`` of ``BTC:close`` where that tells them apart."""
    short = [name.rpartition(":")[0] or name for name in columns]
    apart = len(columns) > 1 and len(set(short)) == len(short)
    return tuple(name or "price" for name in (short if apart else columns))


def _numbers(
    table: Table, column: int, said: list[str], reason: str, reading: ReadConfig
) -> FloatArray:
    """Return (rows,) prices of one column, NaN where missing."""
    cells = table.cells[column]
    name = table.named(column)
    if isinstance(cells, pd.DatetimeIndex):
        raise DataError(
            f"{table.source}, column {name}: expected prices, found dates; name another column"
        )
    note = ""
    if isinstance(cells, Texts):
        values, note = parse_numbers(
            cells,
            lambda row: table.where(row, column),
            lambda: _other_text(table, column),
            reading.decimal,
        )
    else:
        values = cells
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise DataError(f"{table.where(row, column)}: expected a price, found {values[row]}")
    what = "price" if reading.returns is None else "return"
    said.append(f"Column {name} is the {what}, {reason}{f'; it {note}' if note else ''}.")
    return values


def _quietly(table: Table, column: int | None, reading: ReadConfig) -> FloatArray | None:
    """Return (rows,) numbers of a column that is only looked at, None if it holds others."""
    if column is None:
        return None
    try:
        return _numbers(table, column, [], "", reading)
    except DataError:
        return None


def _bounds(table: Table, reading: ReadConfig) -> tuple[FloatArray, ...]:
    """Return lows and highs if these exist and the first rows, no others, lack volumes behind."""
    found = extremes(table)
    at_the_start = list(table.short) == list(range(len(table.short)))
    if found is None or not at_the_start or min(table.short.values()) < optional_from(table):
        return ()
    return tuple(_numbers(table, k, [], "", reading) for k in found)


def _other_text(table: Table, column: int) -> Iterator[Texts]:
    for k, cells in enumerate(table.cells):
        if k != column and isinstance(cells, Texts):
            yield cells


def _times(
    table: Table, choice: Choice, values: FloatArray, reading: ReadConfig, said: list[str]
) -> pd.DatetimeIndex | None:
    """Return (rows,) times, NaT where a row has neither a date nor a price."""
    date, clock = choice.date, choice.clock
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
    if clock is not None:
        _demand_clock(table, clock, gone)
    if isinstance(cells, pd.DatetimeIndex):
        _demand_years(cells, f"{table.source}, column {name}")
        times, note = dates_or_utc(cells)
    else:
        texts, rows = _date_texts(cells, table.cells[clock] if clock is not None else None)
        read, note = parse_dates(texts, lambda k: table.where(int(rows[k]), date), reading.dates)
        times = read
        if len(rows) < len(table):
            whole = pd.Series(pd.NaT, index=range(len(table)), dtype=read.dtype)
            whole.iloc[rows] = read
            times = pd.DatetimeIndex(whole)
    which = f"Column {name} holds"
    if clock is not None:
        which = f"Columns {name} and {table.named(clock)} hold"
    said.append(f"{which} the dates{f', {note}' if note else ''}.")
    return times


def _demand_years(times: pd.DatetimeIndex, place: str) -> None:
    """Refuse times of years that no calendar date has."""
    years = times.year
    if bool(((years < 1) | (years > 9999)).any()):
        raise DataError(
            f"{place}: expected dates of the years 1 to 9999, found years from "
            f"{years.min():.0f} to {years.max():.0f}; check the unit of the times"
        )


def _micro(count: int) -> int:
    """Round nanoseconds since 1970 to microseconds, beyond which a float64 does not tell them."""
    return count if count < 10**18 else round(count / 1000) * 1000


def _demand_clock(table: Table, clock: int, undated: BoolArray) -> None:
    """Refuse a date without the time that others have beside them."""
    missing = np.flatnonzero(missing_rows(table.cells[clock]) & ~undated)
    if missing.size:
        raise DataError(
            f"{table.where(int(missing[0]), clock)}: expected a time beside the date, found none "
            f"({missing.size} such in all); write it or delete the row"
        )


def _date_texts(cells: Cells, clock: Cells | None) -> tuple[Texts, Rows]:
    """Return the dates as text where there are any, and their rows."""
    if not isinstance(cells, Texts):
        rows = np.flatnonzero(~np.isnan(np.asarray(cells, dtype=np.float64)))
        whole = (int(value) for value in np.asarray(cells)[rows])
        return Texts.of(str(_micro(value)) for value in whole), rows
    texts, rows = cells.present()
    if isinstance(clock, Texts):
        beside = clock if len(rows) == len(clock) else clock.at(rows)
        texts = texts.beside(beside)
    return texts, rows
