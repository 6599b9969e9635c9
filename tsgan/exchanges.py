"""Sessions of the world's exchanges, with holidays and early closes, from exchange_calendars."""

from __future__ import annotations

import difflib
import importlib
import textwrap
import warnings
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.clocks import DAY, to_local, to_utc
from tsgan.errors import ConfigError

Times = npt.NDArray[np.int64]

LAST_YEAR = 2260
"""The library counts in nanoseconds, which end in 2262."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """Sessions of one exchange, in order.

    Attributes:
        zone: its time zone.
        days: (n,) days since 1970 that the sessions are named after.
        opens, closes: (n,) seconds since 1970, UTC.
        known: last day whose holidays are known; later ones are weekdays without holidays.
    """

    zone: str
    days: Times
    opens: Times
    closes: Times
    known: int


def exchange_code(name: str) -> str:
    """Return the code of an exchange: ``NYSE``, ``nyse`` and ``XNYS`` are ``XNYS``.

    Raises:
        ConfigError: if exchange_calendars is missing, or knows none of that name.
    """
    library = _library()
    codes = {each.upper(): each for each in library.get_calendar_names(include_aliases=True)}
    code = codes.get(name.strip().upper())
    if code is None:
        near = difflib.get_close_matches(name.strip().upper(), codes, n=4, cutoff=0.5)
        names = " or ".join([codes[each] for each in near] or ["XNYS", "XLON", "XTKS"])
        raise ConfigError(
            "calendar: expected 'auto', 'business days', '24/7' or an exchange that "
            f"exchange_calendars knows, got {name!r}; did you mean {names}?"
        )
    return str(library.resolve_alias(code))


def schedule(code: str, first: int, last: int) -> Schedule:
    """Return the sessions of an exchange from day ``first`` to day ``last`` since 1970.

    Raises:
        ConfigError: if exchange_calendars is missing, or cannot say when that exchange trades.
    """
    begin, end = (min(_year(day), LAST_YEAR) for day in (first, last))
    whole = _years(code, begin - 1, min(-(-(end + 1) // 10) * 10, LAST_YEAR))  # few to be kept
    if last > whole.days[-1]:
        whole = _prolonged(whole, last)
    chosen = (whole.days >= first) & (whole.days <= last)
    return Schedule(
        whole.zone, whole.days[chosen], whole.opens[chosen], whole.closes[chosen], whole.known
    )


def _year(day: int) -> int:
    return 1970 + int(np.datetime64(day, "D").astype("datetime64[Y]").astype(np.int64))


def _library() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("exchange_calendars")
    except ImportError:
        raise ConfigError(
            "calendar: an exchange's calendar needs the library exchange_calendars, which is not "
            "installed; run pip install 'tsgan[calendars]', or choose 'business days' or '24/7'"
        ) from None


@lru_cache(maxsize=8)
def _years(code: str, first: int, last: int) -> Schedule:
    """Return the sessions of whole years, or of those among them that the library knows."""
    library = _library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a pandas newer than the library
        try:
            usual = library.get_calendar(code)
            start = _bounded(usual, "bound_min", pd.Timestamp(f"{first}-01-01"), max)
            end = _bounded(usual, "bound_max", pd.Timestamp(f"{last}-12-31"), min)
            start = min(start, end - pd.Timedelta(days=366))
            found = library.get_calendar(code, start=start, end=end)
            table = found.schedule
        except Exception as error:  # the library raises many kinds
            reason = textwrap.shorten(str(error), 120, placeholder=" …")
            raise ConfigError(
                f"calendar: exchange_calendars cannot say when {code} trades from {first} to "
                f"{last} ({type(error).__name__}: {reason}); choose 'business days'"
            ) from None
    return Schedule(
        zone=str(found.tz),
        days=table.index.as_unit("s").asi8 // DAY,
        opens=pd.DatetimeIndex(table["open"]).as_unit("s").asi8,
        closes=pd.DatetimeIndex(table["close"]).as_unit("s").asi8,
        known=end.value // (DAY * 10**9),
    )


def _bounded(calendar: Any, name: str, wanted: pd.Timestamp, nearer: Any) -> pd.Timestamp:
    """Return ``wanted``, or the library's own bound for that exchange where it has a nearer one."""
    try:
        bound = getattr(calendar, name)()
    except (AttributeError, NotImplementedError):
        return wanted
    return wanted if bound is None else nearer(wanted, bound)


def _prolonged(known: Schedule, last: int) -> Schedule:
    """Return the schedule with sessions on its weekdays, without holidays, up to day ``last``."""
    recent = slice(-min(250, len(known.days)), None)
    weekdays, counts = np.unique((known.days[recent] + 3) % 7, return_counts=True)
    days = np.arange(known.known + 1, last + 1)
    days = days[np.isin((days + 3) % 7, weekdays[counts > 0.2 * counts.max()])]
    ends = []
    for times in (known.opens, known.closes):
        offsets = to_local(times[recent], known.zone) - known.days[recent] * DAY
        usual, often = np.unique(offsets, return_counts=True)
        ends.append(np.r_[times, to_utc(days * DAY + usual[often.argmax()], known.zone)])
    return Schedule(known.zone, np.r_[known.days, days], ends[0], ends[1], known.known)
