"""Seconds since 1970 on two clocks: that of UTC, and that on the wall of a time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.errors import ConfigError

Times = npt.NDArray[np.int64]

DAY = 86_400
WEEK = 7 * DAY
UTC = "UTC"


def to_local(times: Times, zone: str) -> Times:
    """Return what the wall clock of ``zone`` shows at times of UTC, (n,) seconds."""
    if zone == UTC:
        return times
    index = pd.DatetimeIndex(times.astype("datetime64[s]"), tz=UTC).tz_convert(_zone(zone))
    return np.asarray(index.tz_localize(None).as_unit("s").asi8)


def to_utc(times: Times, zone: str) -> Times:
    """Return the times of UTC at which the wall clock of ``zone`` shows ``times``, (n,) seconds.

    An hour that the clock skips is its end; of an hour that it shows twice, the second is meant.
    """
    if zone == UTC:
        return times
    index = pd.DatetimeIndex(times.astype("datetime64[s]"))
    twice = np.zeros(len(index), dtype=bool)
    local = index.tz_localize(_zone(zone), ambiguous=twice, nonexistent="shift_forward")
    return np.asarray(local.tz_convert(UTC).as_unit("s").asi8)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ConfigError(
            f"calendar: expected a time zone that this machine knows, got {name!r}; "
            "pip install tzdata"
        ) from None


def second_of_week(times: Times) -> Times:
    """Return the seconds since Monday 00:00."""
    return np.asarray((times + 3 * DAY) % WEEK)  # 1970 began on a Thursday
