"""Scenarios as a csvdir bundle of zipline, which is the strictest of the backtesting libraries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.backtest_bars import bar_frames, demand_dates
from tsgan.errors import DataError
from tsgan.exchanges import schedule
from tsgan.scenarios import Scenarios

EXCHANGE = "XNYS"
"""The calendar of csvdir bundles, whatever the assets are."""
FIRST_DAY = np.datetime64("1990-01-02")
"""zipline's calendar begins here; it ends a year from the day of use."""
PRICES = 0.05, 4_294_967.0
"""zipline keeps prices as whole thousandths in 32 bits: below, more than one percent is lost."""
MOST_VOLUME = 4_294_967_295
"""The largest volume that 32 bits hold."""
PLENTY = 1e9
"""Volume where none is known: by default zipline fills at most a fortieth of a bar's volume."""
MOST_DAYS = 4
"""Steps are daily if half of them are no longer."""


def write_zipline(folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write a csvdir bundle of zipline: ``daily/PATH000000.csv``, a symbol per path.

    Several assets have symbols such as ``PATH000000_AAPL``. The steps lie on consecutive sessions
    of the New York Stock Exchange, which these bundles demand, from the first date on. The volume
    is 1e9 where none is known, so that orders fill. zipline itself rounds prices to thousandths.

    Raises:
        DataError: if the dates are missing, not daily, or outside zipline's calendar, or prices
            outside its range.
    """
    daily = folder / "daily"
    daily.mkdir()
    for group in groups:
        sessions = pd.DatetimeIndex(_sessions(group), name="date")
        tickers = dict(zip(group.names, _tickers(group.names), strict=True))
        for number, asset, bars in bar_frames(group, PLENTY):
            _demand_prices(bars, number)
            table = bars.rename(columns=str.lower).set_axis(sessions)
            table["volume"] = table["volume"].round().clip(0, MOST_VOLUME).astype(np.int64)
            symbol = f"PATH{number:06d}" + (f"_{tickers[asset]}" if group.several else "")
            table.assign(dividend=0.0, split=1.0).to_csv(daily / f"{symbol}.csv")


def _tickers(names: tuple[str, ...]) -> list[str]:
    """Return capital letters and digits alone, as zipline splits symbols at all else.

    Where that leaves nothing, or two the same, the assets are ``A1, A2, …``.
    """
    plain = [re.sub(r"[^A-Z0-9]", "", name.upper()) for name in names]
    if all(plain) and len(set(plain)) == len(plain):
        return plain
    return [f"A{k}" for k in range(1, len(names) + 1)]


def _sessions(scenarios: Scenarios) -> npt.NDArray[np.datetime64]:
    """Return as many sessions as there are steps, from the first date on."""
    demand_dates(scenarios, "zipline")
    dates, horizon = scenarios.dates, len(scenarios.dates)
    if dates.dtype != np.dtype("datetime64[D]") or (
        horizon > 1 and np.median(np.diff(dates).astype(np.int64)) > MOST_DAYS
    ):
        raise DataError(
            f"scenarios for zipline: expected daily steps, found {dates[0]} and {dates[1]}; "
            "choose another library"
        )
    first = int(dates[0].astype(np.int64))
    known = schedule(EXCHANGE, first, first + horizon * 365 // 250 + 15).days[:horizon]
    sessions = known.astype("datetime64[D]")
    end = np.datetime64("today") + np.timedelta64(365, "D")
    if sessions[0] < FIRST_DAY or sessions[-1] > end:
        raise DataError(
            f"scenarios for zipline: expected dates from {FIRST_DAY} to {end}, where its calendar "
            f"ends, found {sessions[0]} to {sessions[-1]}; choose an earlier start date"
        )
    return sessions


def _demand_prices(bars: pd.DataFrame, number: int) -> None:
    low, high = float(bars["Low"].min()), float(bars["High"].max())
    if low < PRICES[0] or high > PRICES[1]:
        wrong = low if low < PRICES[0] else high
        raise DataError(
            f"scenarios for zipline, path {number}: expected prices from {PRICES[0]} to "
            f"{PRICES[1]:,.0f}, which it keeps in whole thousandths, found {wrong:g}; choose "
            "another start price or a shorter horizon"
        )
