"""Prices as multiples of the smallest step that a market quotes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tsgan.data.returns import prices_from_returns
from tsgan.errors import ConfigError

FloatArray = npt.NDArray[np.float64]

MOST_TICKS = 2.0**53
"""Prices of so many ticks are left as they are: a float64 has no finer ones."""


def to_tick(prices: npt.ArrayLike, tick: float | None) -> FloatArray:
    """Return the nearest multiples of ``tick``, one tick at least; None leaves prices as they are.

    What was not below another price is not below it afterwards. A tick such as 0.01 is a whole
    part of 1, and its multiples are the very numbers that texts such as 12.34 are read as.

    Raises:
        ConfigError: the tick is not above 0.
    """
    array = np.asarray(prices, dtype=np.float64)
    if tick is None:
        return array
    if not (np.isfinite(tick) and tick > 0):
        raise ConfigError(f"tick: expected a number above 0 such as 0.01, got {tick}")
    with np.errstate(over="ignore"):
        counts = np.maximum(np.round(array / tick), 1.0)
    parts = round(1 / tick) if 1 / MOST_TICKS < tick < 1 else 0
    whole_part = parts and abs(parts * tick - 1) < 1e-12
    rounded = counts / parts if whole_part else counts * tick
    return np.where(counts < MOST_TICKS, rounded, array)


def closes_of(
    log_returns: npt.ArrayLike, start_price: float, tick: float | None = None
) -> FloatArray:
    """Return the closes after each of (…, time) log returns, as multiples of the tick if any.

    Raises:
        DataError: as :func:`tsgan.data.returns.prices_from_returns`; ConfigError: as ``to_tick``.
    """
    return to_tick(prices_from_returns(log_returns, start_price), tick)
