"""Log volumes less their trailing mean, and back: what is left hardly depends on the decade."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tsgan.errors import DataError

FloatArray = npt.NDArray[np.float64]

LEVEL = 250
"""Bars before a bar whose mean is its usual volume; fewer where there are not so many yet."""


def detrended(logs: FloatArray) -> FloatArray:
    """Return ``x_t − mean(x_{t−250}, …, x_{t−1})`` for t = 1, …, n − 1, of x (n,): causal.

    NaN is an unknown value: it counts as the mean before it, and its own result is 0.
    """
    known = _completed(logs)
    known = known - known[0]
    first = np.cumsum(known[: min(LEVEL, known.size - 1)])
    means = first / np.arange(1, first.size + 1)
    if known.size - 1 > LEVEL:
        full = np.lib.stride_tricks.sliding_window_view(known[1:-1], LEVEL).mean(axis=1)
        means = np.concatenate([means, full])
    rest = known[1:] - means
    return np.where(np.isnan(logs[1:]), 0.0, rest)


def retrended(rests: FloatArray, past: FloatArray) -> FloatArray:
    """Return x (paths, horizon) with ``detrended`` ``rests``, after a past.

    Args:
        rests: (paths, horizon).
        past: (k,) values before the first, oldest first, of which the last 250 count; or one
            number, that in each of the 250.

    Raises:
        DataError: no past.
    """
    before = np.full(LEVEL, past) if not past.ndim else past[-LEVEL:]
    if before.ndim != 1 or not before.size:
        raise DataError(f"expected the last values as (k,), found shape {before.shape}")
    paths, horizon = rests.shape
    count = before.size
    origin = before[0]  # relative to it, sums stay small and exact
    values = np.empty((count + horizon, paths))
    values[:count] = (before - origin)[:, None]
    total = np.repeat(np.sum(before - origin), paths)
    for t in range(count, count + horizon):
        if t % LEVEL == 0:  # anew, lest rounding add up
            total = values[t - LEVEL : t].cumsum(axis=0)[-1]
        values[t] = total / min(t, LEVEL) + rests[:, t - count]
        total = total + values[t] - (values[t - LEVEL] if t >= LEVEL else 0.0)
    return np.asarray(np.ascontiguousarray(values[count:].T) + origin)


def _completed(logs: FloatArray) -> FloatArray:
    """Return the values with unknown ones replaced by the mean before them, or the first known."""
    unknown = np.flatnonzero(np.isnan(logs))
    if not unknown.size:
        return logs
    known = logs.copy()
    first = int(np.argmin(np.isnan(logs)))
    known[:first] = logs[first]
    for t in unknown[unknown > first]:
        known[t] = known[max(t - LEVEL, 0) : t].mean()
    return known
