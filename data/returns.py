"""Prices to log returns and back, and how many of them make a year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.prices import Prices
from tsgan.data.tables import FloatArray
from tsgan.errors import DataError

IntArray = npt.NDArray[np.intp]

_DAYS_PER_YEAR = {6: 313.0, 7: 365.0}
_BY_STEP = ((4.0, 10.0, 52.0), (10.0, 20.0, 26.0), (20.0, 45.0, 12.0), (45.0, 135.0, 4.0))


def log_returns(prices: Prices) -> FloatArray:
    """Return log p[t] - log p[t-1], but for the rows t of ``prices.cuts``.

    Args:
        prices: n prices of each asset.

    Returns:
        (n - 1 - cuts, assets) float64, without unit; the rows of ``prices.return_index``.
    """
    returns = np.diff(np.log(prices.values.to_numpy(dtype=np.float64)), axis=0)
    return np.delete(returns, np.array(prices.cuts, dtype=np.intp) - 1, axis=0)


def stretches(prices: Prices) -> IntArray:
    """Return (stretches + 1,) bounds of the returns between breaks: 0, …, their number."""
    cuts = np.array(prices.cuts, dtype=np.intp)
    breaks = np.array(prices.breaks, dtype=np.intp)
    before = breaks - 1 - np.searchsorted(cuts, breaks)
    count = len(prices) - 1 - len(cuts)
    return np.unique(np.r_[0, before, count])


def prices_from_returns(returns: npt.ArrayLike, start: float) -> FloatArray:
    """Return the price after each return: start · exp(r[0] + … + r[t]).

    Args:
        returns: (..., time) log returns.
        start: the price before the first return, above 0, in the unit of the result.

    Returns:
        (..., time) prices, finite and above 0.

    Raises:
        DataError: a start that is no price, or returns that leave the range of float64.
    """
    if not (np.isfinite(start) and start > 0):
        raise DataError(f"expected a start price above 0, found {start}; name the last real price")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        prices = start * np.exp(np.cumsum(np.asarray(returns, dtype=np.float64), axis=-1))
    wrong = ~(np.isfinite(prices) & (prices > 0))
    if wrong.any():
        place = ", ".join(str(k) for k in np.argwhere(wrong)[0])
        raise DataError(
            f"expected log returns whose prices stay in the range of float64, found the price "
            f"{prices[wrong][0]} at index ({place}); check their unit or shorten the horizon"
        )
    return np.asarray(prices)


def periods_per_year(index: pd.Index) -> float:
    """Return how many steps of a series make a year, to annualise its volatility.

    The median step tells the calendar. Days: 252, or 365 where all seven weekdays occur (313 with
    six). Longer steps: 52, 26, 12, 4, 2 or 1. Within a day: the observations per day that has any,
    times the days per year.

    Args:
        index: of the prices; one without dates counts as business days.
    """
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 2:
        return 252.0
    days = float(np.median(np.diff(index.as_unit("us").asi8))) / 86_400e6
    if days < 0.75:
        dates = index.normalize().unique()
        return len(index) / len(dates) * _trading_days(dates)
    if days < 4:
        return _trading_days(index)
    for low, high, periods in _BY_STEP:
        if low <= days < high:
            return periods
    return 2.0 if days < 270 else 1.0


def _trading_days(dates: pd.DatetimeIndex) -> float:
    """Return days per year by the weekdays that occur at least a tenth as often as the busiest."""
    counts = np.bincount(dates.day_of_week, minlength=7)
    return _DAYS_PER_YEAR.get(int(np.sum(counts >= 0.1 * counts.max())), 252.0)
