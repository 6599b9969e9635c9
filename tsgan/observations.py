"""Real returns in the generator's own units: scaled, and taken back through its calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tsgan.calibration import Calibration
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError

FloatArray = npt.NDArray[np.float64]

TIE = 1e-9
"""Scaled returns that are no further apart than this are the same."""

MOST_RETURNS = 20_000
"""Earlier returns are left out: they say nothing of today that later ones do not."""


def seen(
    scaler: Scaler, calibration: Calibration, returns: FloatArray, channel: int = 0
) -> list[tuple[float, float]]:
    """Return what ``MarketState.observe`` is told of log returns (n,)."""
    scaled = (returns - scaler.mean[channel]) / scaler.scale[channel]
    low, high = taken_back(calibration, scaled)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def check_history(returns: FloatArray, memory: int) -> None:
    """Raise DataError unless ``returns`` are finite, (n,), and as many as the model looks back."""
    if returns.ndim != 1 or not np.isfinite(returns).all():
        raise DataError(
            f"history: expected finite log returns of one series, got shape {returns.shape} with "
            f"{np.count_nonzero(~np.isfinite(returns))} that are not; clean the prices"
        )
    if returns.size < memory:
        raise DataError(
            f"history: expected at least {memory} returns, as many as the model looks back, got "
            f"{returns.size}; give at least {memory + 1} prices up to today, or start without a "
            "history"
        )


def taken_back(calibration: Calibration, scaled: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return from where to where what the generator makes becomes ``scaled``, each (n,).

    The two are the same but for a value that is taken again and again, as zero is by prices that
    move in ticks: there the calibration is flat.
    """
    if not calibration.made.size:
        return scaled, scaled
    low, high = (
        _inverse(calibration, scaled + side * TIE * (1 + np.abs(scaled))) for side in (-1, 1)
    )
    middle = (low + high) / 2
    wide = high - low > 1e-6 * (1 + np.abs(middle))
    return np.where(wide, low, middle), np.where(wide, high, middle)


def _inverse(calibration: Calibration, scaled: FloatArray) -> FloatArray:
    """Return the inverse map of values that are no knot of a flat part."""
    made, meant, slopes = calibration.made, calibration.meant, calibration.slopes
    inside = np.interp(scaled, meant, made)
    below, above = np.minimum(scaled - meant[0], 0.0), np.maximum(scaled - meant[-1], 0.0)
    return np.asarray(inside + below / slopes[0] + above / slopes[1])
