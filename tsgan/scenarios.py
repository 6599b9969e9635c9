"""Synthetic paths with dates and prices, as arrays and as a long frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.returns import prices_from_returns
from tsgan.errors import ConfigError

FloatArray = npt.NDArray[np.float64]
DateArray = npt.NDArray[np.datetime64]

BUSINESS_DAYS = "business days"
DAYS = "days"
MONTHS = " months"


@dataclass(frozen=True)
class Calendar:
    """How the dates of a series follow each other.

    Attributes:
        last: last real date as ISO text, None if the file had no dates.
        step: ``business days``, ``days``, so many months as in ``1 months``, or the seconds
            between two observations.
    """

    last: str | None
    step: str | int

    def after(self, horizon: int, start: str | None = None) -> DateArray:
        """Return ``horizon`` dates after the last real one, or from ``start`` on; NaT if unknown.

        Args:
            horizon: number of dates, (horizon,) datetime64.
            start: first date, ``YYYY-MM-DD``; moved to the next business day where it is none.

        Raises:
            ConfigError: if ``start`` is not a date.
        """
        if start is None and self.last is None:
            return np.full(horizon, np.datetime64("NaT", "D"))
        first = _date(self.last or "", "last date") if start is None else _date(start, "start date")
        number = np.arange(horizon) if start is not None else np.arange(1, horizon + 1)
        if isinstance(self.step, str) and self.step.endswith(MONTHS):
            return _months_after(first, number * int(self.step.removesuffix(MONTHS)))
        days: DateArray = np.full(horizon, first, dtype="datetime64[D]")
        if self.step == BUSINESS_DAYS:
            roll: Literal["forward", "backward"] = "backward" if start is None else "forward"
            return np.busday_offset(days, number, roll=roll)
        if self.step == DAYS:
            every_day: DateArray = days + number.astype("timedelta64[D]")
            return every_day
        seconds = int(self.step)
        if seconds % 86_400 == 0:
            spaced: DateArray = days + (number * (seconds // 86_400)).astype("timedelta64[D]")
            return spaced
        return np.full(horizon, first) + number * np.timedelta64(seconds, "s")


def _months_after(first: np.datetime64, months: npt.NDArray[np.int64]) -> DateArray:
    """Return the same day so many months later; the last day of the month stays the last."""
    month, day = first.astype("datetime64[M]"), first.astype("datetime64[D]")
    last = (month + 1).astype("datetime64[D]") - 1
    starts: DateArray = month + months
    ends = (starts + 1).astype("datetime64[D]") - 1
    if day == last:
        return ends
    days: DateArray = starts.astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    return np.where(days < ends, days, ends)


def _date(text: str, name: str) -> np.datetime64:
    try:
        moment = datetime.fromisoformat(text)  # NumPy would read 20200131 as a year
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ConfigError(f"{name}: expected a date as YYYY-MM-DD, got {text!r}")
    return np.datetime64(moment.replace(microsecond=0), "s")


@dataclass(frozen=True)
class Scenarios:
    """Synthetic paths of one asset.

    Attributes:
        log_returns: (paths, horizon) float64.
        start_price: the price before the first return, of every path.
        dates: (horizon,) of the steps; NaT where the real series has none.
        paths: (paths,) number of each path.
    """

    log_returns: FloatArray
    start_price: float
    dates: DateArray
    paths: npt.NDArray[np.int64]

    def closes(self) -> FloatArray:
        """Return the prices after each step: (paths, horizon)."""
        return prices_from_returns(self.log_returns, self.start_price)

    def to_frame(self) -> pd.DataFrame:
        """Return the long frame ``path, step, date, log_return, close``; step counts from 1."""
        count, horizon = self.log_returns.shape
        return pd.DataFrame(
            {
                "path": np.repeat(self.paths, horizon),
                "step": np.tile(np.arange(1, horizon + 1), count),
                "date": np.tile(_for_pandas(self.dates), count),
                "log_return": self.log_returns.ravel(),
                "close": self.closes().ravel(),
            }
        )


def _for_pandas(dates: DateArray) -> DateArray:
    """Whole seconds: pandas keeps them, and they reach beyond the year 2262."""
    return dates.astype("datetime64[s]")
