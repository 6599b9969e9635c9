"""How the dates of a series follow each other, learnt from the times of its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.calendars import (
    AUTO,
    BUSINESS_DAYS,
    DAYS,
    MONTHS,
    ROUND_THE_CLOCK,
    Calendar,
    calendar_kind,
    seconds_of,
)
from tsgan.clocks import DAY, UTC, WEEK, second_of_week, to_local
from tsgan.data.prices import Prices
from tsgan.errors import ConfigError
from tsgan.exchanges import Schedule, schedule
from tsgan.sessions import LONG_NIGHT, ZONES, Sessions, longest_pause, runs_of

Times = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

OFF_SESSIONS = 0.05
"""Daily data with a larger share of dates outside an exchange's sessions are not traded there."""

IN_HOURS = 1 / 3
"""Of bars that an exchange trades, so many are within its hours: others are before and after."""

REGULAR = 0.5
"""A bar belongs to the week, or to a session, where it stands in half of them."""

EXPLAINED = 0.8
"""Of all rows, so many stand at the bars of a week; else the rows have no regular times."""

BETTER = 0.05
"""A time zone is taken where so many more sessions begin at one time of day than by the file."""

FEW_WEEKS = 3
"""In so few weeks, a weekday without rows may have been a holiday, or not yet come."""

FEW_PAUSES = 0.5
"""With fewer pauses a week, trade goes on day and night, and pauses are outages."""

MANY = 30
"""So many pauses of either kind give those over weekends a slot of their own."""


def usual_step(times: Times) -> int:
    """Return the most common seconds between rows; of several, the smallest."""
    apart, often = np.unique(np.diff(times), return_counts=True)
    return int(apart[often.argmax()])


def learn_calendar(prices: Prices, name: str = AUTO) -> Calendar:
    """Return how the dates of ``prices`` go on.

    Args:
        prices: with dates or without.
        name: ``auto`` learns it from the dates; ``business days``, ``24/7`` or the name of an
            exchange such as ``NYSE`` or ``XNYS`` says it.

    Raises:
        ConfigError: if the name is unknown, its library missing, or the dates are not of it.
    """
    kind = calendar_kind(name)
    if not prices.has_dates:
        return Calendar(None, BUSINESS_DAYS).of(name)
    index = pd.DatetimeIndex(prices.values.index)
    step, aware = usual_spacing(index), index.tz is not None
    plain = Calendar(iso_date(index[-1]), step, utc=aware and isinstance(step, str))
    if isinstance(step, str) or step >= DAY:
        if kind not in (AUTO, BUSINESS_DAYS, ROUND_THE_CLOCK):
            _check_days(prices, index, kind)
        return plain.of(name)
    times = seconds_of(index)
    if kind in (AUTO, BUSINESS_DAYS, ROUND_THE_CLOCK):
        sessions = round_the_clock(times) if kind == ROUND_THE_CLOCK else weekly_sessions(times)
    else:
        sessions = exchange_sessions(times, kind, aware, prices.source)
    cut = prices.reading.sessions == "cut"
    return replace(plain, sessions=sessions and replace(sessions, cut=cut))


def usual_spacing(index: pd.DatetimeIndex) -> str | int:
    """Return how dates follow each other, see ``Calendar.step``."""
    apart = int(np.median(np.diff(seconds_of(index))))
    if apart >= 28 * DAY:
        return f"{round(apart / (DAY * 365.25 / 12))}{MONTHS}"
    if apart != DAY:
        return max(apart, 1)  # dates are written in whole seconds
    return DAYS if float((index.day_of_week >= 5).mean()) > 0.1 else BUSINESS_DAYS


def iso_date(date: pd.Timestamp) -> str:
    """Return a date, with its time of day only where it has one; UTC where it has a zone."""
    naive = date.tz_localize(None) if date.tzinfo is not None else date
    return naive.date().isoformat() if naive == naive.normalize() else naive.isoformat()


def _check_days(prices: Prices, index: pd.DatetimeIndex, code: str) -> None:
    """Raise ConfigError where daily dates are not those of the exchange's sessions."""
    times = seconds_of(index)
    known = schedule(code, int(times[0]) // DAY - 2, int(times[-1]) // DAY + 2)
    days = (to_local(times, known.zone) if index.tz is not None else times) // DAY
    days = days[(days >= known.days[0]) & (days <= known.known)]
    off = float((~np.isin(days, known.days)).mean()) if len(days) else 0.0
    if off > OFF_SESSIONS:
        raise ConfigError(
            f"calendar: expected the dates of {prices.source} to be sessions of {code}, but "
            f"{off:.0%} of them are not; choose another exchange, or leave it out"
        )


def weekly_sessions(times: Times) -> Sessions | None:
    """Return the week of ``times``, (n,) ascending seconds; None if they know none.

    The week is that of the file's own clock, or of a time zone with summer time where sessions
    begin at one time of day there only.
    """
    step = usual_step(times)
    if not 0 < step < DAY:
        return None
    weeks = (times[-1] - times[0]) / WEEK
    pauses = np.flatnonzero(np.diff(times) > longest_pause(step))
    if len(pauses) <= FEW_PAUSES * max(weeks, 1):
        return _round_the_clock(times, step, weeks)
    starts = times[pauses + 1]
    zone = max(ZONES, key=lambda name: _regularity(starts, name) + BETTER * (name == UTC))
    local = to_local(times, zone)
    kept = _regular_seconds(local)
    if weeks < FEW_WEEKS:
        kept = _with_unseen_weekdays(kept)
    if not len(kept) or np.isin(second_of_week(local), kept).mean() < EXPLAINED:
        return None
    return _with_nights(Sessions(step, runs_of(kept, step), zone), times)


def round_the_clock(times: Times) -> Sessions | None:
    """Return bars at every step of the week, as the rows ``times`` have; None with odd steps."""
    step = usual_step(times)
    if not 0 < step < DAY or DAY % step:
        return None
    first = int(np.bincount(times % step).argmax())
    return Sessions(step, ((first, WEEK // step),))


def exchange_sessions(times: Times, code: str, aware: bool, source: str) -> Sessions:
    """Return what the sessions of an exchange look like in the rows ``times``.

    Args:
        times: (n,) ascending seconds on the file's clock.
        code: of the exchange.
        aware: the file's times are known to be UTC; else they may be the exchange's local time.
        source: the file's name.

    Raises:
        ConfigError: if the rows do not stand in that exchange's sessions.
    """
    step = usual_step(times)
    known = schedule(code, int(times[0]) // DAY - 7, int(times[-1]) // DAY + 7)
    clocks = (True,) if aware else (True, False)
    found = [_seconds_after_open(times, known, utc) for utc in clocks]
    seconds, explained, within = max(
        found, key=lambda each: (round(each[1], 2), -abs(int(each[0].min(initial=DAY))))
    )
    utc = clocks[[each[0] is seconds for each in found].index(True)]
    if not len(seconds) or explained < EXPLAINED or within < IN_HOURS:
        raise ConfigError(
            f"calendar: expected the rows of {source} at the same times in most sessions of "
            f"{code}, got {explained:.0%} of them, and {within:.0%} within its hours; choose "
            "another exchange, or leave it out"
        )
    sessions = Sessions(step, runs_of(seconds, step), exchange=code, utc=utc)
    return _with_nights(sessions, times)


def _seconds_after_open(times: Times, known: Schedule, utc: bool) -> tuple[Times, float, float]:
    """Return the usual seconds after the open, (k,), and the shares of rows there and in hours."""
    opens, closes = known.opens, known.closes
    if not utc:
        opens, closes = to_local(opens, known.zone), to_local(closes, known.zone)
    session = np.searchsorted((closes[:-1] + opens[1:]) // 2, times, side="right")
    after = times - opens[session]
    lengths = closes - opens
    whole = lengths[session] >= np.median(lengths)
    seconds, counts = np.unique(after[whole], return_counts=True)
    kept = seconds[counts >= REGULAR * len(np.unique(session[whole]))]
    within = (after >= 0) & (after <= lengths[session])
    return kept, float(np.isin(after, kept).mean()), float(within.mean())


def _round_the_clock(times: Times, step: int, weeks: float) -> Sessions | None:
    """Return a week without pauses; with breaks within the day where it is known to have them."""
    whole = round_the_clock(times)
    if weeks < FEW_WEEKS:
        return whole
    kept = _regular_seconds(times)
    if not len(kept) or np.isin(second_of_week(times), kept).mean() < EXPLAINED:
        return None
    return whole if len(kept) * step == WEEK else Sessions(step, runs_of(kept, step))


def _regularity(starts: Times, zone: str) -> float:
    """Return the share of sessions that begin at the commonest time of their weekday."""
    local = to_local(starts, zone)
    days, seconds = np.divmod(second_of_week(local), DAY)
    same = sum(np.unique(seconds[days == day], return_counts=True)[1].max() for day in set(days))
    return float(same) / len(starts)


def _regular_seconds(local: Times) -> Times:
    """Return the seconds of the week that most of the weeks that may have them do have."""
    seconds, counts = np.unique(second_of_week(local), return_counts=True)
    monday = local[0] - second_of_week(local[0])
    last = (local[-1] - monday - seconds) // WEEK
    first = -((monday + seconds - local[0]) // WEEK)
    regular: Times = seconds[counts >= REGULAR * (last - first + 1)]
    return regular


def _with_unseen_weekdays(kept: Times) -> Times:
    """Return the bars of a week with those of weekdays that had none, where no weekend has any."""
    days, seconds = np.divmod(kept, DAY)
    if not len(kept) or days.max() >= 5:
        return kept
    numbers, often = np.unique(seconds, return_counts=True)
    usual = numbers[often >= REGULAR * len(np.unique(days))]
    unseen = [day * DAY + usual for day in range(5) if day not in days]
    return np.sort(np.concatenate([kept, *unseen]))


def _with_nights(sessions: Sessions, times: Times) -> Sessions:
    """Return the sessions with the length of their pauses, and a slot for weekends if many."""
    if sessions.pauseless:
        return sessions
    over = sessions.of_times(times[1:], int(times[0])) == 0
    apart = np.diff(times)[over]
    if not len(apart):
        return sessions
    night = int(np.median(apart))
    far = int((apart > night + LONG_NIGHT).sum())
    return replace(sessions, night=night, weekends=min(far, len(apart) - far) >= MANY)
