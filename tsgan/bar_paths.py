"""Bars of synthetic paths from their channels: valid whatever the channels are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tsgan.errors import DataError
from tsgan.ticks import closes_of, to_tick
from tsgan.volume_levels import retrended

FloatArray = npt.NDArray[np.float64]

AT_THE_FLOOR = 1 + 1e-9
"""A volume up to so many times the floor is a volume of 0."""


class PathBars(NamedTuple):
    """Bars of synthetic paths, (paths, horizon) each.

    Attributes:
        log_returns: of the closes, the first from the start price.
        open, high, low, close: ``low <= min(open, close)``, ``max(open, close) <= high``; the close
            is ``closes_of(log_returns, start_price, tick)`` to the last bit.
        volume: 0 or above; None where the real series has none.
    """

    log_returns: FloatArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None


def path_bars(
    log_returns: FloatArray,
    gap: FloatArray,
    up: FloatArray,
    down: FloatArray,
    start_price: float,
    tick: float | None = None,
) -> PathBars:
    """Return the bars of channels (paths, horizon), ``up`` and ``down`` at least 0.

    With a tick the bars are made first and then rounded, each price on its own, so that the error
    of one close does not enter the next; the log returns are those of the rounded closes.

    Raises:
        DataError: prices leave the range of float64; ConfigError: a tick that is none.
    """
    log_returns = np.ascontiguousarray(log_returns)
    close = closes_of(log_returns, start_price)
    before = np.concatenate([np.full_like(close[:, :1], start_price), close[:, :-1]], axis=1)
    with np.errstate(over="ignore", under="ignore"):
        opens = before * np.exp(gap)
        high = np.maximum(opens, close) * np.exp(up)
        low = np.minimum(opens, close) * np.exp(-down)
    if not (np.isfinite(high).all() and (low > 0).all()):
        raise DataError(
            "expected bars whose prices stay in the range of float64, found others; shorten the "
            "horizon or fit again"
        )
    if tick is not None:
        opens, high, low, close = (to_tick(part, tick) for part in (opens, high, low, close))
        log_returns = np.diff(np.log(close), axis=1, prepend=np.log(start_price))
    return PathBars(log_returns, opens, high, low, close, None)


def path_volumes(
    rests: FloatArray, past: npt.ArrayLike | None, floor: float, lot: float
) -> FloatArray:
    """Return the volumes of a channel (paths, horizon).

    Args:
        rests: log volumes less their mean over the 250 bars before.
        past: (k,) volumes before the first, oldest first, or one that stands for 250 of them.
        floor: up to it a volume is 0.
        lot: volumes are multiples of it, one at least; 0 rounds nothing.

    Raises:
        DataError: no volume above 0 to start from, or volumes leave the range of float64.
    """
    known = np.asarray(np.nan if past is None else past, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(known == 0, floor, known))
    if not np.isfinite(logs).all() or not logs.size:
        raise DataError(
            f"expected volumes above 0 to start from, found {past!r}; name the last ones"
        )
    with np.errstate(over="ignore", under="ignore"):
        made = np.exp(retrended(rests, logs))
    if not np.isfinite(made).all():
        raise DataError(
            "expected volumes in the range of float64, found others; shorten the horizon"
        )
    whole = np.maximum(np.round(made / lot), 1.0) * lot if lot else made
    return np.where(made <= floor * AT_THE_FLOOR, 0.0, whole)
