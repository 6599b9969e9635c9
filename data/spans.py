"""Which days of prices are asked for, and which of them Yahoo has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tsgan.errors import ConfigError

REACH = {"1d": 36_130, "1h": 728, "5m": 58}
"""Days before today of which Yahoo has prices: 99 years, 730 and 60 days, less a margin, since it
counts from the moment of the request in the time zone of the exchange."""


@dataclass(frozen=True)
class Span:
    """Prices asked for: those of the days from ``first`` to ``last``, both included.

    Attributes:
        interval: ``1d``, ``1h`` or ``5m``.
        first: the first day, in the time zone of the exchange.
        last: the last one; before ``today``, whose day is not over.
        today: the day of the request in UTC.
    """

    interval: str
    first: date
    last: date
    today: date

    @property
    def intraday(self) -> bool:
        """Whether there are several prices a day."""
        return self.interval != "1d"

    def __str__(self) -> str:
        return f"{self.interval} prices from {self.first} to {self.last}"


def asked_span(
    interval: str, start: str | date | None, end: str | date | None, today: date
) -> Span:
    """Return what is asked for: all that Yahoo has, or from ``start`` to ``end``, both included.

    Today's prices are never asked for: the last of them is no close yet.

    Raises:
        ConfigError: an unknown interval, a text that is no date, a start after the end, or days
            that Yahoo has not or that are yet to come.
    """
    if interval not in REACH:
        raise ConfigError(f"interval: expected one of {', '.join(REACH)}, got {interval!r}")
    earliest, latest = today - timedelta(REACH[interval]), today - timedelta(1)
    first = earliest if start is None else _day("start", start)
    wanted = latest if end is None else _day("end", end)
    if start is not None and end is not None and first > wanted:
        raise ConfigError(f"start: expected a date up to the end, {wanted}, got {first}")
    if min(first, wanted) < earliest:
        name, day = ("start", first) if first < earliest else ("end", wanted)
        other = "; use --interval 1d for older prices" if interval != "1d" else ""
        raise ConfigError(
            f"{name}: expected a date from {earliest} on, got {day}: Yahoo has {interval} prices "
            f"of the last {REACH[interval]:,} days only{other}"
        )
    if first > latest:
        raise ConfigError(
            f"start: expected a date before today ({today} UTC), whose prices are not whole yet, "
            f"got {first}"
        )
    return Span(interval, first, min(wanted, latest), today)


def _day(name: str, value: str | date) -> date:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ConfigError(
            f"{name}: expected a date as YYYY-MM-DD that exists, got {value!r}"
        ) from None
