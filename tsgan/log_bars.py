"""What bars say in logarithms, relative to the close before: return, gap, wicks and volume."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tsgan.data.bars import BarPrices
from tsgan.errors import DataError
from tsgan.volume_levels import detrended

FloatArray = npt.NDArray[np.float64]

RETURN, GAP, UP, DOWN, VOLUME = range(5)
CHANNELS = ("return", "gap", "up", "down", "volume")
"""Names of the plain channels, by their place."""

SHORTEST, LARGEST_WHOLE = 2, 2.0**53


def log_bars(bars: BarPrices, floor: float = 0.0) -> FloatArray:
    """Return (n − 1, 5), or (n − 1, 4) without volume: r, g, u, d, v of n bars, 2 at least.

    ``floor`` is what a volume of 0 counts as; left out, half the smallest above it.
    """
    if len(bars) < SHORTEST:
        raise DataError(f"expected {SHORTEST} or more bars, found {len(bars)}")
    logs = {name: np.log(getattr(bars, name)) for name in ("open", "high", "low", "close")}
    before = logs["close"][:-1]
    opens, close = logs["open"][1:], logs["close"][1:]
    columns = [
        close - before,
        opens - before,
        logs["high"][1:] - np.maximum(opens, close),
        np.minimum(opens, close) - logs["low"][1:],
    ]
    if bars.volume is not None:
        least = floor or floor_and_lot(bars.volume)[0] or 1.0
        with np.errstate(divide="ignore"):
            volume = np.log(np.where(bars.volume == 0, least, bars.volume))
        columns.append(detrended(volume))
    return np.column_stack(columns)


def log_path_bars(
    opens: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray | None = None,
    floor: float = 0.0,
) -> FloatArray:
    """Return ``log_bars`` of each path: (paths, horizon) each -> (paths, horizon − 1, 5 or 4).

    For paths of which no more is known than their bars. A path's first 250 volumes have fewer
    bars before them than later ones, as those of the real series have.

    Raises:
        DataError: naming the path, where its bars are none.
    """
    found = []
    for k in range(len(close)):
        own = None if volume is None else volume[k]
        try:
            found.append(log_bars(BarPrices(opens[k], high[k], low[k], close[k], own), floor))
        except DataError as error:
            raise DataError(f"path {k}: {error}") from None
    return np.stack(found)


def floor_and_lot(volume: FloatArray) -> tuple[float, float]:
    """Return half the smallest volume where some are 0, and the common divisor of whole ones."""
    known = volume[np.isfinite(volume)]
    traded = known[known > 0]
    floor = float(traded.min()) / 2 if traded.size < known.size else 0.0
    whole = bool(np.all(traded == np.floor(traded)) and traded.max() < LARGEST_WHOLE)
    return floor, float(np.gcd.reduce(traded.astype(np.int64))) if whole else 0.0
