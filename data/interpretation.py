"""A table to prices: choose columns, read them, clean each asset's rows, join the assets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tsgan.data.assets import note_others, sheets_by_ticker, together
from tsgan.data.bars import BarPrices, bars_beside
from tsgan.data.columns import date_columns, price_columns, ticker_column
from tsgan.data.findings import Finding
from tsgan.data.rows import Rows, Sheet, complete, in_order, median_size, positive
from tsgan.data.sheets import Choice, sheet_of
from tsgan.data.suspects import (
    plausible_days,
    without_glitches,
    without_splits,
    without_stale,
)
from tsgan.data.tables import FloatArray, Table
from tsgan.data.timing import note_gaps, pauses, usual_step
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

BASE = 100.0
"""The price before the first return, of a file that holds returns."""

LARGE_RETURN, ENOUGH = 0.2, 20
"""Half of the returns are not beyond ±20 %, and among 20 some are below 0."""


@dataclass(frozen=True)
class Interpreted:
    """What a table came to: prices, the account of its rows, and where returns are not taken."""

    source: str
    values: pd.DataFrame
    rows_read: int
    said: list[str]
    findings: list[Finding]
    breaks: Rows
    cuts: Rows
    bars: BarPrices | None = None

    def digest(self) -> str:
        """Return the SHA-256 of names, index and values."""
        whole = hashlib.sha256(repr(tuple(self.values.columns)).encode())
        index = self.values.index
        whole.update(index.asi8.tobytes() if isinstance(index, pd.DatetimeIndex) else b"")
        whole.update(np.ascontiguousarray(self.values.to_numpy()).tobytes())
        return whole.hexdigest()


def interpret(
    table: Table,
    requested: Sequence[str],
    reading: ReadConfig,
    notes: tuple[str, ...] = (),
    *,
    bars: bool = False,
) -> Interpreted:
    """Return the prices of a table, with their bars if asked, and the account of all its rows.

    Raises:
        DataError: as ``read_prices`` says.
    """
    if not len(table):
        raise DataError(f"{table.source}: expected rows of prices, found none")
    said, found = [*notes, *table.notes], list[Finding]()
    date, clock = date_columns(table)
    ticker = ticker_column(table, (date, clock))
    if ticker is None:
        prices, reason = price_columns(table, requested, (date, clock))
        sheet, beside = sheet_of(table, Choice(date, clock, prices, reason), reading, said)
        sheets = [sheet]
    else:
        whole, beside, sheets = sheets_by_ticker(
            table, ticker, (date, clock), requested, reading, said
        )
        note_others(whole, sheets, found)
    cleaned = together([_cleaned(sheet, reading, found, said) for sheet in sheets], found)
    if reading.returns is None:
        cleaned = [without_splits(sheet, beside, reading, found) for sheet in cleaned]
    else:
        _demand_two(cleaned[0])
        cleaned = [_prices_of(sheet, reading.returns, said) for sheet in cleaned]
    first = cleaned[0]
    note_gaps(first, reading, found)
    _demand_two(first)
    held = bars_beside(cleaned, reading, found, said) if bars else None
    breaks, cuts = pauses(first, reading, found)
    if len(cuts) > len(first) - 2 and first.times is not None:
        raise DataError(
            f"{table.source}: expected returns between breaks, found none, as every row is a break "
            f"after the one before; give --break a longer time than {usual_step(first.times):g} s"
        )
    values = np.hstack([sheet.values for sheet in cleaned])
    names = [name for sheet in cleaned for name in sheet.assets]
    if len(names) > 1:
        said.append(f"Joined {len(names)} assets on the {len(first):,} rows that all of them have.")
    index = pd.RangeIndex(len(first)) if first.times is None else first.times.rename("date")
    frame = pd.DataFrame(values, index, names)
    return Interpreted(table.source, frame, len(table), said, found, breaks, cuts, held)


def _cleaned(sheet: Sheet, reading: ReadConfig, found: list[Finding], said: list[str]) -> Sheet:
    """Return one asset's rows, or those of several side by side, as they will be used."""
    sheet = complete(sheet, reading, found)
    if reading.returns is None:
        sheet = positive(sheet, reading, found)
    _demand_two(sheet)
    sheet = in_order(sheet, reading, found, said)
    sheet = plausible_days(sheet, reading, found)
    if reading.returns is None:
        sheet = without_glitches(sheet, reading, found)
    return without_stale(sheet, reading, found)


def _prices_of(sheet: Sheet, kind: str, said: list[str]) -> Sheet:
    """Return prices whose returns are the values, from a base one usual step before the first.

    Raises:
        DataError: a return of −100 % or less, or values that are no returns of this kind.
    """
    values = sheet.values / 100 if kind == "percent" else sheet.values
    _demand_returns(sheet, values, kind)
    if kind != "log" and np.any(values <= -1):
        row = int(np.flatnonzero((values <= -1).any(axis=1))[0])
        raise DataError(
            f"{sheet.where(row)}: expected a return above −100 %, found {sheet.values[row].min():g}"
            f"{sheet.day(row)}; correct it, or name another unit with --returns"
        )
    logs = values if kind == "log" else np.log1p(values)
    with np.errstate(over="ignore", under="ignore"):
        prices = BASE * np.exp(np.vstack([np.zeros(logs.shape[1]), np.cumsum(logs, axis=0)]))
    if not np.all(np.isfinite(prices) & (prices > 0)):
        raise DataError(
            f"{sheet.table.source}: expected {kind} returns, found values of which prices leave "
            f"the range of numbers (the largest is {np.abs(sheet.values).max():g}); name another "
            "unit with --returns, or leave it out if these are prices"
        )
    said.append(
        f"The values are {kind} returns; prices start at {BASE:g} one step before the first."
    )
    times = sheet.times
    if times is not None:
        step = pd.Timedelta(seconds=usual_step(times))
        times = times.insert(0, times[0] - step).as_unit("us")
    rows = np.r_[sheet.rows[:1], sheet.rows]
    return replace(sheet, rows=rows, values=prices, times=times)


def _demand_returns(sheet: Sheet, values: FloatArray, kind: str) -> None:
    """Refuse columns that hold no returns of that kind; values: (k, assets), as fractions."""
    for asset, column in enumerate(values.T):
        typical = median_size(column)
        place = sheet.table.named(sheet.columns[asset])
        if typical > LARGE_RETURN:
            raise DataError(
                f"{sheet.table.source}, column {place}: expected {kind} returns, found values of "
                f"which half are beyond ±{min(typical, 1e6):.0%}; name another unit with "
                "--returns, such as percent, or leave it out if these are prices"
            )
        if len(column) >= ENOUGH and not np.any(column < 0):
            raise DataError(
                f"{sheet.table.source}, column {place}: expected returns, found {len(column):,} "
                "values none of which is below 0; name the column of returns with --column"
            )


def _demand_two(sheet: Sheet) -> None:
    if len(sheet) < 2:
        table = sheet.table
        remedy = "name another column or file"
        if len(sheet.assets) > 1:
            remedy = f"the {len(sheet.assets)} assets share too few rows: name fewer with --column"
        raise DataError(
            f"{table.source}: expected 2 or more rows with a price, found {len(sheet)} of "
            f"{len(table)}; {remedy}"
        )
