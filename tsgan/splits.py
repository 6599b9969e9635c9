"""Which end of a series is held out of training, and the stretches on either side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.calendar_learning import iso_date
from tsgan.config import AUTO_HOLDOUT, AUTO_SHARE, Config
from tsgan.data.prices import Prices
from tsgan.errors import ConfigError

IntArray = npt.NDArray[np.intp]


def held_out_count(prices: Prices, returns: int, config: Config) -> int:
    """Return how many returns at the end are held out: none if they would not fill a window."""
    holdout = config.holdout
    if holdout == "auto":
        count = max(AUTO_HOLDOUT, config.window)
        count = count if returns >= AUTO_SHARE * count else 0
    elif isinstance(holdout, str):
        if not prices.has_dates:
            raise ConfigError(f"holdout: {prices.source} has no dates; give a fraction, not a date")
        try:
            first = pd.Timestamp(str(holdout), tz=pd.DatetimeIndex(prices.values.index).tz)
        except ValueError:
            raise ConfigError(
                "holdout: expected a fraction from 0 to 0.5 or a date as YYYY-MM-DD, got "
                f"{holdout!r}"
            ) from None
        count = int((prices.return_index >= first).sum())
        if count == 0:
            raise ConfigError(
                f"holdout: expected a date up to {iso_date(prices.values.index[-1])}, the last one "
                f"of {prices.source}, got {holdout}"
            )
    else:
        count = round(holdout * returns)
    if count < config.window:
        if holdout not in ("auto", 0):
            raise ConfigError(
                f"holdout: expected at least one window of {config.window} returns, "
                f"{holdout} keeps {count}; hold out more, or 0"
            )
        return 0
    return count


def within(bounds: IntArray, first: int, last: int) -> IntArray:
    """Return the bounds of the stretches between two steps, from the first of these."""
    return np.unique(np.clip(bounds, first, last)) - first
