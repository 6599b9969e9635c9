"""Which rows of a table are used and in which order; every other row is refused or listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.tables import FloatArray, Table
from tsgan.errors import DataError

Rows: TypeAlias = npt.NDArray[np.intp]

TYPICAL_RETURN, NEGATIVE_RETURNS = 5.0, 0.2
"""A column of returns, in percent or not, has half of its values within ±5 and many below 0."""


def complete_rows(table: Table, values: FloatArray, said: list[str]) -> Rows:
    """Return the rows with every price, and say which were dropped; values: (rows, assets)."""
    missing = np.isnan(values).any(axis=1)
    if missing.any():
        rows = np.flatnonzero(missing)
        what = "without a price" if values.shape[1] == 1 else "without a price of every asset"
        said.append(f"Dropped {_count(len(rows))} {what}: {table.listed(rows)}.")
    return np.flatnonzero(~missing)


def demand_positive(
    table: Table,
    values: FloatArray,
    kept: Rows,
    chosen: Sequence[int],
    times: pd.DatetimeIndex | None,
) -> None:
    """Refuse prices of 0 and below; ``chosen`` are the columns of ``values`` in the table.

    Raises:
        DataError: with the first row, its date and value.
    """
    wrong = np.argwhere(values[kept] <= 0)
    if wrong.size:
        row, asset = int(kept[wrong[0, 0]]), int(wrong[0, 1])
        day = "" if times is None else f" on {_day(times, row)}"
        column = values[kept, asset]
        typical = float(np.median(np.abs(column)))
        if typical < TYPICAL_RETURN and np.mean(column < 0) > NEGATIVE_RETURNS:
            raise DataError(
                f"{table.where(row, chosen[asset])}: expected prices, found {values[row, asset]:g}"
                f"{day}, and half of the values within ±{typical:.3g}, which look like returns; "
                "name a column of prices with --column, or write prices, "
                "100 * numpy.exp(numpy.cumsum(log_returns))"
            )
        raise DataError(
            f"{table.where(row, chosen[asset])}: expected a price above 0, found "
            f"{values[row, asset]:g}{day} ({len(wrong)} in all), which has no log return; "
            "correct or delete the row, or name a column of prices with --column"
        )


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


def in_order(
    table: Table, values: FloatArray, kept: Rows, times: pd.DatetimeIndex, said: list[str]
) -> Rows:
    """Return the rows in order of time without repeats, and say what was moved or dropped.

    Raises:
        DataError: two prices at one time.
    """
    stamps = times.asi8
    steps = np.diff(stamps[kept])
    if np.sum(steps < 0) > np.sum(steps > 0):
        kept, steps = kept[::-1], -steps[::-1]
        said.append("The rows ran from newest to oldest and are reversed.")
    back = np.flatnonzero(steps < 0)
    if back.size:
        where = table.listed(np.sort(kept[back + 1]))
        kept = kept[np.argsort(stamps[kept], kind="stable")]
        said.append(f"Rows that were not in order of time are sorted: {where}.")
    repeat = np.flatnonzero(np.diff(stamps[kept]) == 0) + 1
    differ = repeat[np.any(values[kept[repeat]] != values[kept[repeat - 1]], axis=1)]
    if differ.size:
        one, two = sorted((int(kept[differ[0] - 1]), int(kept[differ[0]])))
        raise DataError(
            f"{table.where(two)}: expected one price at each time, found another for "
            f"{_day(times, two)} than in {table.listed([one])} ({len(differ)} such in all); "
            "delete one of them, or give each series a file or column of its own"
        )
    if repeat.size:
        rows = np.sort(kept[repeat])
        what = "that repeat a time and its price"
        said.append(f"Dropped {_count(len(rows))} {what}: {table.listed(rows)}.")
    return np.delete(kept, repeat)


def _day(times: pd.DatetimeIndex, row: int) -> str:
    return str(times[row]).removesuffix(" 00:00:00")


def _count(rows: int) -> str:
    return f"{rows} row" if rows == 1 else f"{rows} rows"
