"""How the dates of a series go on: business days, every day, an exchange's sessions, or bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.clocks import DAY, UTC, to_local
from tsgan.data.prices import Prices
from tsgan.errors import ConfigError
from tsgan.exchanges import exchange_code, schedule
from tsgan.requirements import require, require_int
from tsgan.sessions import Sessions, require_exchange

DateArray = npt.NDArray[np.datetime64]
IntArray = npt.NDArray[np.int64]

AUTO = "auto"
BUSINESS_DAYS = "business days"
DAYS = "days"
MONTHS = " months"
ROUND_THE_CLOCK = "24/7"

LAST_DAY = 2_567_000
"""Days from 1970 to about the year 9000: an exchange's sessions are not looked for beyond."""


@dataclass(frozen=True)
class Calendar:
    """How the dates of a series follow each other.

    Attributes:
        last: last real date as ISO text, None if the file had no dates.
        step: ``business days``, ``days``, so many months as in ``1 months``, or the seconds
            between two observations.
        exchange: the code of the exchange whose sessions daily dates are, None without one.
        utc: daily dates are times of UTC, not days of the exchange.
        sessions: within a day's data, when bars stand; None where that is not known, and dates
            are a step apart.

    Raises:
        ConfigError: at birth, where these are not as described.
    """

    last: str | None
    step: str | int
    exchange: str | None = None
    utc: bool = False
    sessions: Sessions | None = None

    def __post_init__(self) -> None:
        if self.last is not None:
            _date(self.last, "last date")
        if not isinstance(self.step, str):
            require_int("step", self.step, 1, 10**10)
        elif self.step not in (BUSINESS_DAYS, DAYS):
            months = self.step.removesuffix(MONTHS)
            fits = self.step.endswith(MONTHS) and months.isdecimal() and 0 < int(months[:9]) <= 1200
            require(fits, "step", "business days, days, months or seconds", self.step)
        if self.exchange is not None:
            require_exchange(self.exchange)
            require(isinstance(self.step, str), "step", "days, with an exchange", self.step)
        require(type(self.utc) is bool, "utc", "true or false", self.utc)
        fits = self.sessions is None or isinstance(self.sessions, Sessions)
        require(fits, "sessions", "sessions or none", self.sessions)

    def after(self, horizon: int, start: str | None = None) -> DateArray:
        """Return ``horizon`` dates after the last real one, or from ``start`` on; NaT if unknown.

        Args:
            horizon: number of dates, (horizon,) datetime64.
            start: first date, ``YYYY-MM-DD`` with or without a time; moved to the next business
                day, session or bar where it is none.

        Raises:
            ConfigError: if ``start`` is not a date, or the exchange's calendar is not there.
        """
        if start is None and self.last is None:
            return np.full(horizon, np.datetime64("NaT", "D"))
        first = _date(self.last or "", "last date") if start is None else _date(start, "start date")
        if self.sessions is not None:
            begin = int(first.astype(np.int64)) + (start is None)
            return self.sessions.after(horizon, begin).astype("datetime64[s]")
        if self.exchange is not None:
            return self._sessions_after(horizon, first, start is None)
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
        if seconds % DAY == 0:
            spaced: DateArray = days + (number * (seconds // DAY)).astype("timedelta64[D]")
            return spaced
        return np.full(horizon, first) + number * np.timedelta64(seconds, "s")

    def _sessions_after(self, horizon: int, first: np.datetime64, real: bool) -> DateArray:
        """Return the sessions of the exchange after a real date, or from a day on."""
        moment = first.astype("datetime64[s]").astype(np.int64).reshape(1)
        zone = _zone(str(self.exchange), int(moment[0]) // DAY) if real and self.utc else UTC
        begin = int(to_local(moment, zone)[0]) // DAY + real
        days = horizon * 2 + 40
        while True:
            if begin + days > LAST_DAY:
                raise ConfigError(
                    f"calendar: expected sessions of {self.exchange} before the year 9000, got a "
                    "start or a horizon beyond; shorten it, or take business days"
                )
            found = schedule(str(self.exchange), begin, begin + days).days
            if len(found) >= horizon:
                return found[:horizon].astype("datetime64[D]")
            days *= 2

    def remark(self, dates: DateArray) -> str | None:
        """Return what to know of generated ``dates``, (n,): where an exchange's are not known."""
        code = self.exchange or (self.sessions and self.sessions.exchange)
        if not code or not len(dates) or bool(np.isnat(dates[-1])):
            return None
        last = int(dates[-1].astype("datetime64[D]").astype(np.int64))
        known = schedule(code, last, last + 10).known
        if last <= known:
            return None
        return (
            f"The holidays of {code} are known up to {np.datetime64(known, 'D')}; later dates are "
            "all its weekdays, holidays among them."
        )

    @property
    def slots(self) -> int:
        """How many slots returns fall into, see ``Sessions.of_times``; 1 without sessions."""
        return 1 if self.sessions is None else self.sessions.slots

    @property
    def apart(self) -> tuple[int, ...]:
        """The slots of returns over a night or weekend."""
        return () if self.sessions is None else self.sessions.apart

    @property
    def circular(self) -> bool:
        """Whether the last slot is next to the first: the slots are the time of day."""
        return self.sessions is not None and self.sessions.pauseless

    def slots_of_returns(self, prices: Prices) -> IntArray:
        """Return the slot of each return of ``prices``, (n,) as ``log_returns`` has them."""
        if self.sessions is None:
            return np.zeros(len(prices) - 1 - len(prices.cuts), dtype=np.int64)
        times = seconds_of(prices.values.index)
        slots = self.sessions.of_times(times[1:], int(times[0]))
        return np.delete(slots, np.array(prices.cuts, dtype=np.intp) - 1)

    def slots_of_dates(self, dates: DateArray, start: str | None = None) -> IntArray:
        """Return the slot of each step of ``after(len(dates), start)``, (horizon,)."""
        if self.sessions is None or not len(dates) or bool(np.isnat(dates[0])):
            return np.zeros(len(dates), dtype=np.int64)
        before = None
        if start is None and self.last is not None:
            before = int(_date(self.last, "last date").astype(np.int64))
        return self.sessions.of_times(dates.astype("datetime64[s]").astype(np.int64), before)

    def of(self, name: str) -> Self:
        """Return the calendar with other days: ``business days``, ``24/7`` or an exchange's.

        Raises:
            ConfigError: if it has none to choose, or the name is unknown.
        """
        kind = calendar_kind(name)
        if kind == AUTO:
            return self
        if self.sessions is not None or self.step not in (BUSINESS_DAYS, DAYS):
            what = "within a day" if self.sessions is not None else f"{self.step} apart"
            raise ConfigError(
                f"calendar: expected daily data for {name!r}, got bars {what}; leave it out, or "
                "fit again with it where the bars are within a day"
            )
        if kind in (BUSINESS_DAYS, ROUND_THE_CLOCK):
            return replace(
                self, step=BUSINESS_DAYS if kind == BUSINESS_DAYS else DAYS, exchange=None
            )
        return replace(self, exchange=kind)

    def to_dict(self) -> dict[str, Any]:
        """Return what is known beside ``last`` and ``step``, as JSON types; empty for neither."""
        sessions = None if self.sessions is None else self.sessions.to_dict()
        values = {"exchange": self.exchange, "utc": self.utc, "sessions": sessions}
        return {name: value for name, value in values.items() if value not in (None, False)}

    @classmethod
    def from_dict(cls, last: str | None, step: str | int, values: object) -> Self:
        """Return the calendar of ``to_dict``.

        Raises:
            ConfigError: for values that are not as described.
        """
        names = {"exchange", "utc", "sessions"}
        if not isinstance(values, Mapping) or not values.keys() <= names:
            raise ConfigError(f"calendar: expected the entries {', '.join(sorted(names))}")
        sessions = Sessions.from_dict(values["sessions"]) if "sessions" in values else None
        return cls(last, step, values.get("exchange"), values.get("utc", False), sessions)


def calendar_kind(name: str) -> str:
    """Return ``auto``, ``business days``, ``24/7`` or the code of an exchange of that name."""
    plain = name.strip().lower().replace("-", " ")
    return plain if plain in (AUTO, BUSINESS_DAYS, ROUND_THE_CLOCK) else exchange_code(name)


def _zone(code: str, day: int) -> str:
    return schedule(code, day, day + 10).zone


def seconds_of(index: pd.Index) -> IntArray:
    """Return the whole seconds since 1970 of dates, (n,)."""
    return np.asarray(pd.DatetimeIndex(index).as_unit("s").asi8)


def _months_after(first: np.datetime64, months: npt.NDArray[np.int64]) -> DateArray:
    """Return the same day so many months later; the last day of the month stays the last."""
    month, day = first.astype("datetime64[M]"), first.astype("datetime64[D]")
    one_month, back = np.timedelta64(1, "M"), np.timedelta64(-1, "D")
    last = (month + one_month).astype("datetime64[D]") + back
    later: npt.NDArray[np.timedelta64] = months.astype("timedelta64[M]")
    starts: DateArray = month + later
    ends: DateArray = np.add((starts + one_month).astype("datetime64[D]"), back)
    if day == last:
        return ends
    days: DateArray = starts.astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    return np.where(days < ends, days, ends)


def _date(text: str, name: str) -> np.datetime64:
    try:
        moment = datetime.fromisoformat(text)  # NumPy would read 20200131 as a year
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ConfigError(f"{name}: expected a date as YYYY-MM-DD, got {text!r}")
    return np.datetime64(moment.replace(microsecond=0), "s")
