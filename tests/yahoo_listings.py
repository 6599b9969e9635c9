"""Prices that the server of the tests has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import tiny


@dataclass
class Listing:
    """What is known of one ticker.

    Attributes:
        bars: Open, High, Low, Close, Adj Close and Volume at zoned times; NaN becomes null.
        currency: of the prices.
        kind: Yahoo's ``instrumentType``.
        events: as in the answer, such as ``{"dividends": {...}}``.
    """

    bars: pd.DataFrame
    currency: str = "USD"
    kind: str = "EQUITY"
    events: dict[str, Any] = field(default_factory=dict)


def daily(closes: np.ndarray, first: str, zone: str = "America/New_York") -> pd.DataFrame:
    """Return bars of business days that open at 9:30; the adjusted close is 0.9 of the close."""
    opens = pd.bdate_range(first, periods=len(closes)) + pd.Timedelta(hours=9, minutes=30)
    return bars(closes, opens.tz_localize(zone))


def bars(closes: np.ndarray, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Return bars about such closes."""
    return pd.DataFrame(
        {
            "Open": closes * 0.99,
            "High": closes * 1.02,
            "Low": closes * 0.98,
            "Close": closes,
            "Adj Close": closes * 0.9,
            "Volume": np.arange(len(closes)) + 1000,
        },
        times,
    )


def closes(count: int, seed: int = 0) -> np.ndarray:
    """Return (count,) prices with the volatility of shares."""
    return np.asarray(tiny.prices(count - 1, seed))


def sessions(first: str, days: int, zone: str, minutes: int) -> pd.DatetimeIndex:
    """Return the starts of bars from 9:30 to 16:00 of business days."""
    start, end = pd.Timedelta(hours=9, minutes=30), pd.Timedelta(hours=15, minutes=59)
    return pd.DatetimeIndex(
        [
            time
            for day in pd.bdate_range(first, periods=days, tz=zone)
            for time in pd.date_range(day + start, day + end, freq=f"{minutes}min")
        ]
    )
