"""Which rows of a table are used and in which order; every other row is refused or listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.findings import DROPPED, Finding, line_ranges
from tsgan.data.tables import FloatArray, Table
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

Rows: TypeAlias = npt.NDArray[np.intp]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

MOSTLY = 3
"""Rows run from newest to oldest if so many times more of them go back than forth."""

TYPICAL_RETURN, NEGATIVE_RETURNS = 5.0, 0.2
"""A column of returns, in percent or not, has half of its values within ±5 and many below 0."""


@dataclass(frozen=True)
class Sheet:
    """The rows of one or more assets that are still in use.

    Attributes:
        table: where they come from.
        columns: index of each asset's column in it.
        assets: their names.
        rows: (k,) indices of rows of the table.
        values: (k, assets) prices, NaN where missing.
        times: (k,), NaT where a row has neither date nor price; None without dates.
    """

    table: Table
    columns: tuple[int, ...]
    assets: tuple[str, ...]
    rows: Rows
    values: FloatArray
    times: pd.DatetimeIndex | None

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, which: Rows | BoolArray) -> Sheet:
        """Return these rows, by position or by a mask."""
        times = None if self.times is None else self.times[which]
        return replace(self, rows=self.rows[which], values=self.values[which], times=times)

    def where(self, position: int, asset: int | None = None) -> str:
        """Return the place of a row in the file, for a message."""
        column = None if asset is None else self.columns[asset]
        return self.table.where(int(self.rows[position]), column)

    def day(self, position: int) -> str:
        """Return `` on 2020-04-20``, or nothing without dates."""
        if self.times is None:
            return ""
        return f" on {str(self.times[position]).removesuffix(' 00:00:00')}"

    def finding(self, kind: str, action: str, which: Rows | BoolArray, text: str) -> Finding:
        """Return the finding of these rows; ``{}`` in the text stands for their lines."""
        rows = np.sort(self.rows[which])
        lines = line_ranges(self.table.lines[int(row)] for row in rows)
        return Finding(kind, action, lines, text.replace("{}", self.table.listed(rows)))


def counted(count: int, what: str = "row") -> str:
    """Return for example ``"1 row"`` or ``"3 rows"``."""
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"


def complete(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> Sheet:
    """Return the rows with a price of every asset, filled if asked.

    Raises:
        DataError: a price is missing and ``missing`` is ``refuse``.
    """
    gone = np.isnan(sheet.values).any(axis=1)
    if not gone.any():
        return sheet
    what = "without a price" + ("" if len(sheet.assets) == 1 else " of every asset")
    if reading.missing == "refuse":
        first = int(np.flatnonzero(gone)[0])
        asset = int(np.flatnonzero(np.isnan(sheet.values[first]))[0])
        raise DataError(
            f"{sheet.where(first, asset)}: expected a price{sheet.day(first)}, found none "
            f"({counted(int(gone.sum()))} {what} in all); complete them, or leave them out with "
            "--missing drop"
        )
    if reading.missing == "fill":
        sheet = _filled(sheet, reading.fill_limit, found)
        gone = np.isnan(sheet.values).any(axis=1)
    outside: BoolArray = _outside(sheet) & gone
    if outside.any():
        text = f"Dropped {counted(int(outside.sum()))} before all assets begin or after one ends"
        found.append(sheet.finding("late start", DROPPED, outside, text + ": {}."))
    inside = np.asarray(gone & ~outside)
    if inside.any():
        text = f"Dropped {counted(int(inside.sum()))} {what}: {{}}."
        found.append(sheet.finding("missing", DROPPED, inside, text))
    return sheet.taken(np.flatnonzero(~gone))


def _filled(sheet: Sheet, limit: int, found: list[Finding]) -> Sheet:
    """Carry the last price in time on, at most ``limit`` rows in a row."""
    order = np.arange(len(sheet))
    if sheet.times is not None:
        order = np.argsort(sheet.times.asi8, kind="stable")
    before = sheet.values[order]
    frame = pd.DataFrame(before)
    undated = np.zeros(len(sheet), bool) if sheet.times is None else np.asarray(sheet.times.isna())
    after = frame.ffill(limit=limit).to_numpy(copy=True)
    after[undated[order]] = np.nan
    filled = np.isnan(before).any(axis=1) & ~np.isnan(after).any(axis=1)
    if filled.any():
        text = f"Filled {counted(int(filled.sum()))} without a price with the price before: {{}}."
        found.append(sheet.finding("missing", "filled", order[filled], text))
    values = np.empty_like(after)
    values[order] = after
    return replace(sheet, values=values)


def _outside(sheet: Sheet) -> BoolArray:
    """Return the rows, of several assets, before the last one begins or after the first ends."""
    present = ~np.isnan(sheet.values)
    if len(sheet.assets) == 1 or sheet.times is None or not present.any(axis=0).all():
        return np.zeros(len(sheet), dtype=bool)
    stamps = sheet.times.asi8
    spans = [stamps[have] for have in present.T]
    return np.asarray(
        (stamps < max(span.min() for span in spans)) | (stamps > min(span.max() for span in spans))
    )


def positive(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> Sheet:
    """Return the rows whose prices are above 0.

    Raises:
        DataError: with the first other row, its date and value, if ``nonpositive`` is ``refuse``.
    """
    wrong = np.asarray((sheet.values <= 0).any(axis=1))
    if not wrong.any():
        return sheet
    first = int(np.flatnonzero(wrong)[0])
    asset = int(np.flatnonzero(sheet.values[first] <= 0)[0])
    column, value = sheet.values[:, asset], sheet.values[first, asset]
    typical = median_size(column)
    if typical < TYPICAL_RETURN and np.mean(column < 0) > NEGATIVE_RETURNS:
        raise DataError(
            f"{sheet.where(first, asset)}: expected prices, found {value:g}{sheet.day(first)}, and "
            f"half of the values within ±{typical:.3g}, which look like returns; say so with "
            "--returns log, simple or percent and name their --column, or name one of prices"
        )
    if reading.nonpositive == "refuse":
        raise DataError(
            f"{sheet.where(first, asset)}: expected a price above 0, found {value:g}"
            f"{sheet.day(first)} ({int(wrong.sum())} in all), which has no log return; correct "
            "it, leave such rows out with --nonpositive drop, or name another column with --column"
        )
    text = f"Dropped {counted(int(wrong.sum()))} with a price of 0 or below: {{}}."
    found.append(sheet.finding("nonpositive", DROPPED, wrong, text))
    return sheet.taken(np.flatnonzero(~wrong))


def median_size(column: FloatArray) -> float:
    """Return the median distance from 0, infinite where it leaves the range of numbers."""
    with np.errstate(over="ignore"):
        return float(np.median(np.abs(column)))


def demand_unshifted(table: Table, values: FloatArray, bounds: tuple[FloatArray, ...]) -> None:
    """Accept rows with too few fields only where each price lies between the row's low and high.

    Args:
        table: the table, whose short rows lack trailing volumes at most if bounds are given.
        values: (rows, assets) prices, NaN where missing.
        bounds: the lows and highs, (rows,) each; empty where nothing proves the columns' places.

    Raises:
        DataError: with the first row whose prices may stand in another column's place.
    """
    rows = np.array(list(table.short), dtype=np.intp)
    doubtful: npt.NDArray[np.bool_] = np.ones(len(rows), dtype=bool)
    if bounds:
        low, high = (bound[rows, None] for bound in bounds)
        prices = values[rows]
        inside = np.isnan(prices) | ((prices >= low) & (prices <= high))
        doubtful = np.asarray(~inside.all(axis=1))
    if doubtful.any():
        row = int(rows[doubtful][0])
        raise DataError(
            f"{table.where(row)}: expected {len(table.names)} fields as in the header, found "
            f"{table.short[row]}, so that a price may stand in another column's place; complete "
            "or delete that row"
        )


def in_order(sheet: Sheet, reading: ReadConfig, found: list[Finding], said: list[str]) -> Sheet:
    """Return the rows in order of time without repeats, and say what was moved or dropped.

    Raises:
        DataError: two prices at one time, if ``duplicates`` is ``refuse``.
    """
    if sheet.times is None:
        return sheet
    stamps = sheet.times.asi8
    steps = np.diff(stamps)
    if np.sum(steps < 0) > MOSTLY * np.sum(steps > 0):
        sheet, stamps, steps = sheet.taken(np.arange(len(sheet))[::-1]), stamps[::-1], -steps[::-1]
        said.append("The rows ran from newest to oldest and are reversed.")
    back = np.flatnonzero(steps < 0)
    if back.size:
        text = "Rows that were not in order of time are sorted: {}."
        found.append(sheet.finding("order", "sorted", back + 1, text))
        sheet = sheet.taken(np.argsort(stamps, kind="stable"))
    return _without_repeats(sheet, reading.duplicates, found)


def _without_repeats(sheet: Sheet, rule: str, found: list[Finding]) -> Sheet:
    """Return one row at each time; equal rows are one, of others the rule chooses."""
    stamps = np.zeros(0, np.int64) if sheet.times is None else sheet.times.asi8
    again: BoolArray = np.r_[False, np.diff(stamps) == 0]
    if not again.any():
        return sheet
    group = np.cumsum(~again)
    same = again & np.r_[False, (sheet.values[1:] == sheet.values[:-1]).all(axis=1)]
    differs = np.isin(group, group[again & ~same])
    if differs.any() and rule == "refuse":
        position = int(np.flatnonzero(again & ~same)[0])
        one, two = sorted((int(sheet.rows[position - 1]), int(sheet.rows[position])))
        raise DataError(
            f"{sheet.table.where(two)}: expected one price at each time, found another for "
            f"{sheet.day(position).removeprefix(' on ')} than in {sheet.table.listed([one])} "
            f"({int((again & ~same).sum())} such in all); delete one of them, take one with "
            "--duplicates first or last, or give each series a column of its own"
        )
    order = np.lexsort((sheet.rows, group))
    firsts = np.r_[True, group[order][1:] != group[order][:-1]]
    lasts = np.r_[firsts[1:], True]
    keep = np.zeros(len(sheet), dtype=bool)
    keep[order] = lasts if rule == "last" else firsts
    equal: BoolArray = ~keep & ~differs
    other: BoolArray = ~keep & differs
    if equal.any():
        text = f"Dropped {counted(int(equal.sum()))} that repeat a time and its price: {{}}."
        text = text.replace("repeat", "repeats") if equal.sum() == 1 else text
        found.append(sheet.finding("duplicates", DROPPED, equal, text))
    if other.any():
        text = f"Dropped {counted(int(other.sum()))} with another price at the same time as the "
        text += f"{rule} in the file, which is used: {{}}."
        found.append(sheet.finding("duplicates", DROPPED, other, text))
    return sheet.taken(keep)


def dropped(findings: Iterable[Finding]) -> int:
    """Return how many rows were dropped in all."""
    return sum(finding.count for finding in findings if finding.action == DROPPED)
