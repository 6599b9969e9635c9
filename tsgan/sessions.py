"""Within a day's data: at which times there are bars, and which place a bar has in its session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tsgan.clocks import DAY, UTC, WEEK, second_of_week, to_local, to_utc
from tsgan.errors import ConfigError
from tsgan.exchanges import schedule
from tsgan.requirements import require, require_choice, require_int

Times = npt.NDArray[np.int64]
IntArray = npt.NDArray[np.intp]

ZONES = (UTC, "America/New_York", "Europe/London", "Australia/Sydney")
"""The file's own clock, and one zone for each rule of summer time by which sessions move."""

PAUSE, PAUSE_STEPS = 4 * 3600, 3
"""A pause of 4 hours and 3 steps ends a session; a shorter one, as at lunch, is within it."""

LONG_NIGHT = 12 * 3600
"""A pause so much longer than the usual one skips a day, as over a weekend or a holiday."""

MOST_BARS = 604_800
_CODE = re.compile(r"[A-Za-z0-9_/]{2,12}")


def longest_pause(step: int) -> int:
    """Return the seconds between two bars of one session at most."""
    return max(PAUSE, PAUSE_STEPS * step)


def runs_of(seconds: Times, step: int) -> tuple[tuple[int, int], ...]:
    """Return ascending times as runs (first, number) of times that are ``step`` apart."""
    bounds = np.flatnonzero(np.diff(seconds) != step) + 1
    return tuple((int(run[0]), len(run)) for run in np.split(seconds, bounds) if len(run))


@dataclass(frozen=True)
class Grid:
    """Bars of a while.

    Attributes:
        times: (n,) ascending seconds since 1970 on the file's clock.
        positions: (n,) place in the session, from 0; by time of day where there are no pauses.
    """

    times: Times
    positions: Times

    def latest(self, times: Times) -> IntArray:
        """Return the index of the last bar up to each time; 0 where all are later."""
        return np.maximum(np.searchsorted(self.times, times, side="right") - 1, 0)


@dataclass(frozen=True)
class Sessions:
    """When bars stand, week by week or session by session of an exchange.

    Attributes:
        step: seconds between bars.
        runs: (second, number) of bars that are a step apart: seconds since Monday 00:00, or since
            the exchange opens.
        zone: where sessions begin at one time of day all year, ``UTC`` for the file's own clock.
        exchange: whose sessions these are, None for weeks that are all alike.
        utc: the file's clock shows UTC, not the local time of the exchange.
        night: the usual seconds between sessions, 0 if there are none.
        weekends: returns over longer pauses have a slot of their own.
        cut: the first bar of a session ends no return.

    Raises:
        ConfigError: at birth, where these are not as described.
    """

    step: int
    runs: tuple[tuple[int, int], ...]
    zone: str = UTC
    exchange: str | None = None
    utc: bool = True
    night: int = 0
    weekends: bool = False
    cut: bool = False

    def __post_init__(self) -> None:
        require_int("sessions: step", self.step, 1, WEEK)
        require_choice("sessions: zone", self.zone, ZONES)
        require_int("sessions: night", self.night, 0, 10 * WEEK)
        for name in ("utc", "weekends", "cut"):
            require(type(getattr(self, name)) is bool, f"sessions: {name}", "true or false", None)
        if self.exchange is not None:
            require_exchange(self.exchange)
        low, high = (0, WEEK) if self.exchange is None else (-WEEK, 2 * WEEK)
        require(0 < len(self.runs) <= MOST_BARS, "sessions: runs", "some", len(self.runs))
        end = low
        for run in self.runs:
            require(len(run) == 2, "sessions: runs", "(second, number)", run)
            require_int("sessions: first second of a run", run[0], end, high - 1)
            require_int("sessions: bars of a run", run[1], 1, (high - 1 - run[0]) // self.step + 1)
            end = run[0] + (run[1] - 1) * self.step + 1
        alone = self.cut and not self.pauseless and not self._positions.any()
        require(not alone, "sessions: runs", "bars that end a return", "first ones alone")

    @cached_property
    def seconds(self) -> Times:
        """The bars of a week, or of a session, (n,)."""
        return np.concatenate([first + self.step * np.arange(bars) for first, bars in self.runs])

    @cached_property
    def pauseless(self) -> bool:
        """Whether bars follow each other day and night; their place is then the time of day."""
        apart = np.diff(np.r_[self.seconds, self.seconds[0] + WEEK])
        return self.exchange is None and int(apart.max()) <= longest_pause(self.step)

    @cached_property
    def _positions(self) -> Times:
        if self.exchange is not None:
            return np.arange(len(self.seconds))
        if self.pauseless:
            return np.asarray(self.seconds % DAY // self.step)
        apart = np.diff(np.r_[self.seconds[-1] - WEEK, self.seconds])
        starts = np.flatnonzero(apart > longest_pause(self.step))
        numbers = np.arange(len(self.seconds))
        before = starts[np.searchsorted(starts, numbers, side="right") - 1]  # -1 is last week's
        return np.asarray((numbers - before) % len(numbers))

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return int(self._positions.max()) + 1 + self.weekends

    @property
    def apart(self) -> tuple[int, ...]:
        """The slots of returns over a night or weekend, which are no neighbours of the others."""
        if self.pauseless or self.cut:
            return ()
        return (0, self.slots - 1) if self.weekends else (0,)

    def grid(self, first: int, last: int) -> Grid:
        """Return all bars from ``first`` to ``last``, and some before and after.

        Raises:
            ConfigError: if the exchange's calendar is not there, see ``exchanges.schedule``.
        """
        if self.exchange is not None:
            return self._grid_of_exchange(self.exchange, first, last)
        begin, end = to_local(np.array([first, last]), self.zone)
        mondays = np.arange(begin - second_of_week(begin) - WEEK, end + WEEK, WEEK)
        local = (mondays[:, None] + self.seconds).ravel()
        return _grid(to_utc(local, self.zone), np.tile(self._positions, len(mondays)))

    def _grid_of_exchange(self, exchange: str, first: int, last: int) -> Grid:
        known = schedule(exchange, first // DAY - 15, last // DAY + 15)
        lengths = known.closes - known.opens
        usual = int(np.median(lengths))
        closing = self.seconds[self.seconds <= usual].max(initial=0) == usual
        kept = self.seconds < lengths[:, None] + closing  # a bar at the close has that time
        kept |= (lengths >= usual)[:, None]
        times = (known.opens[:, None] + self.seconds)[kept]
        positions = np.broadcast_to(self._positions, kept.shape)[kept]
        return _grid(times if self.utc else to_local(times, known.zone), positions)

    def of_times(self, times: Times, before: int | None) -> Times:
        """Return the slot of each return that ends at ``times``, (n,) seconds on the file's clock.

        0 is the pause between sessions, the last slot one over a weekend or holiday if
        ``weekends``, the others the place of the bar in its session. Without pauses it is the time
        of day.

        Args:
            times: (n,) ascending.
            before: the time before the first of them; None takes it for one step before.
        """
        if not len(times):
            return np.zeros(0, dtype=np.int64)
        grid = self.grid(int(times[0]) - 2 * WEEK, int(times[-1]))
        near = grid.latest(times)
        slots = grid.positions[near]
        if self.pauseless or self.cut:
            return slots
        session = np.cumsum(grid.positions == 0)
        earlier = np.r_[times[0] - self.step if before is None else before, times[:-1]]
        over = session[near] != session[grid.latest(earlier)]
        slots = np.where(over, 0, np.maximum(slots, min(1, int(self._positions.max()))))
        if self.weekends:
            far = over & (times - earlier > self.night + LONG_NIGHT)
            slots = np.where(far, self.slots - 1, slots)
        return slots

    def after(self, count: int, first: int) -> Times:
        """Return the next ``count`` times of bars, from ``first`` on: seconds on the file's clock.

        Bars that end no return are left out.
        """
        per_week = max(len(self.seconds) * (1 if self.exchange is None else 4), 1)
        weeks = count // per_week + 2
        while True:
            grid = self.grid(first, first + weeks * WEEK)
            wanted = grid.times >= first
            if self.cut and not self.pauseless:
                wanted &= grid.positions > 0
            if int(wanted.sum()) >= count:
                return grid.times[wanted][:count]
            weeks *= 2

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return asdict(self) | {"runs": [list(run) for run in self.runs]}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the sessions of ``to_dict``.

        Raises:
            ConfigError: for values that are not as described.
        """
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or not {"step", "runs"} <= values.keys() <= names:
            raise ConfigError(f"sessions: expected the entries {', '.join(sorted(names))}")
        runs = values["runs"]
        if not isinstance(runs, list) or not all(isinstance(run, list) for run in runs):
            raise ConfigError("sessions: runs: expected a list of lists")
        return cls(**{**values, "runs": tuple(tuple(run) for run in runs)})


def require_exchange(code: object) -> None:
    """Demand what may be the code of an exchange; whether it is one, the library knows."""
    fits = isinstance(code, str) and _CODE.fullmatch(code) is not None
    require(fits, "calendar", "the code of an exchange", code)


def _grid(times: Times, positions: Times) -> Grid:
    """Return a grid of times in order, those that a change of the clock doubles only once."""
    ascending, first = np.unique(times, return_index=True)
    return Grid(ascending, positions[first])
