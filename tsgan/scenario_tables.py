"""Scenarios as Arrow tables: long, a row per path, step and asset; or wide, a column of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tsgan.scenario_requests import ROWS_AT_ONCE
from tsgan.scenarios import DateArray, Scenarios
from tsgan.spreadsheets import shielded

FloatArray = npt.NDArray[np.float64]

KEYS = ("path", "step", "date", "asset")
"""Columns of a long table that repeat themselves; the others are numbers."""


def date_array(dates: DateArray, *, plain: bool) -> pa.Array:
    """Return dates as Arrow has them, null where they are NaT.

    With ``plain`` a day is written without a time, as text wants it; else all dates are
    timestamps, which pandas reads as such.
    """
    daily = dates.dtype == np.dtype("datetime64[D]")
    return pa.array(dates if plain and daily else dates.astype("datetime64[ms]"))


class LongTables:
    """Long tables: ``path, step, date[, asset], log_return, close[, open, high, low, volume]``.

    With ``plain`` dates they are for text, in which no name is a formula, see ``spreadsheets``.
    The columns that are the same in every group of as many paths are made once.
    """

    def __init__(self, *, plain_dates: bool) -> None:
        self._plain = plain_dates
        self._key: tuple[int, int, int] = (0, 0, 0)
        self._same: dict[str, pa.Array] = {}

    def of(self, group: Scenarios) -> Iterator[pa.Table]:
        """Yield the table of a group of paths, cut where a single path is very long."""
        count, horizon = group.log_returns.shape[:2]
        assets = len(group.names)
        steps = horizon if count > 1 else max(1, ROWS_AT_ONCE // assets)
        closes = group.closes()
        for first in range(0, horizon, steps):
            chosen = slice(first, min(first + steps, horizon))
            self._prepare(group, count, chosen)
            rows = (chosen.stop - first) * assets
            values = {"log_return": group.log_returns, "close": closes, **_bars(group)}
            columns = {
                "path": pa.array(np.repeat(group.numbers, rows)),
                **self._same,
                **{name: pa.array(each[:, chosen].ravel()) for name, each in values.items()},
            }
            yield pa.table(columns)

    def _prepare(self, group: Scenarios, count: int, chosen: slice) -> None:
        key = (count, chosen.start, chosen.stop)
        if key == self._key:
            return
        steps, assets = np.arange(chosen.start + 1, chosen.stop + 1, dtype=np.int32), group.names
        dates = group.dates[chosen]
        several = len(assets)
        self._same = {
            "step": pa.array(np.tile(np.repeat(steps, several), count)),
            "date": date_array(np.tile(np.repeat(dates, several), count), plain=self._plain),
        }
        if group.several:
            numbers = np.tile(np.arange(several, dtype=np.int32), count * len(steps))
            told = [shielded(name) if self._plain else name for name in assets]
            self._same["asset"] = pa.array(told, pa.string()).take(pa.array(numbers))
        self._key = key


def _bars(group: Scenarios) -> dict[str, FloatArray]:
    bars = group.bars
    if bars is None:
        return {}
    columns = {"open": bars.open, "high": bars.high, "low": bars.low}
    return columns if bars.volume is None else {**columns, "volume": bars.volume}


def wide_names(paths: range, assets: tuple[str, ...]) -> list[str]:
    """Return ``0``, ``1``, … of one asset; ``0|AAPL``, ``0|MSFT``, ``1|AAPL``, … of several."""
    if len(assets) == 1:
        return [str(path) for path in paths]
    return [f"{path}|{asset}" for path in paths for asset in assets]


def wide_assets(names: Sequence[str]) -> tuple[str, ...]:
    """Return the assets of columns that ``wide_names`` has named; () of other columns."""
    parts = [name.partition("|") for name in names]
    paths = list(dict.fromkeys(path for path, _, _ in parts))
    assets = tuple(dict.fromkeys(asset for _, _, asset in parts))
    if not all(path.isdecimal() for path in paths) or "" in assets:
        return ()
    product = [f"{path}|{asset}" for path in paths for asset in assets]
    return assets if product == list(names) else ()


def wide_table(
    values: FloatArray,
    columns: list[str],
    dates: DateArray,
    first: int,
    *,
    dated: bool,
    plain_dates: bool,
) -> pa.Table:
    """Return some steps of all paths: ``date`` (``step`` if not ``dated``), then the columns.

    Args:
        values: (columns, steps) of these steps, C-contiguous.
        columns: their names.
        dates: (steps,) of these steps.
        first: number of the first of these steps, counted from 0.
        dated: whether all dates are known; plain_dates: see :func:`date_array`.
    """
    steps = np.arange(first + 1, first + 1 + len(dates), dtype=np.int32)
    index = date_array(dates, plain=plain_dates) if dated else pa.array(steps)
    names = ["date" if dated else "step", *columns]
    return pa.table([index, *map(pa.array, values)], names)
