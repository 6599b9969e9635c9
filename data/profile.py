"""The time-of-day profile of volatility: a factor per slot by which returns are larger or smaller.

After Andersen & Bollerslev (1997), "Intraday periodicity and volatility persistence in financial
markets", Journal of Empirical Finance 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from tsgan.data.tables import FloatArray
from tsgan.errors import DataError

Slots = npt.NDArray[np.integer]

SMALLEST, LARGEST = 1e-3, 1e3
"""Bounds of the factors."""

TRUNCATION, ROUNDS = 3.0, 20
"""Squares count up to 3 √n mean squares in a slot of n: a bound that grows with the sample, so that
in the end there is no bias. Fan, Li & Wang (2017), "Estimation of high dimensional mean regression
in the absence of symmetry and light tail assumptions", JRSS B 79.
"""

FLOOR = 1e-4
"""Smallest mean square of a slot, as a share of the mean over all."""

BANDWIDTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Standard deviations, in slots, of the weights of a slot's neighbours."""

UNKNOWN = 10.0
"""Variance of the log mean square of a slot that has no neighbours: a factor of 5 either way."""


@dataclass(frozen=True, eq=False)
class Profile:
    """r = factor of the slot · x, each channel on its own.

    Attributes:
        factors: (slots, channels), of mean square 1 over the returns that they were fitted on.

    Raises:
        DataError: at birth, where they are not finite numbers from 0.001 to 1,000.
    """

    factors: FloatArray

    def __post_init__(self) -> None:
        fits = self.factors.ndim == 2 and self.factors.size > 0
        if not fits or not bool(np.all((self.factors >= SMALLEST) & (self.factors <= LARGEST))):
            raise DataError(
                "expected a profile's factors as (slots, channels) from 0.001 to 1000, found "
                f"others of shape {self.factors.shape}; fit it again"
            )

    @classmethod
    def identity(cls, slots: int, channels: int) -> Self:
        """Return the profile that changes nothing."""
        return cls(np.ones((slots, channels)))

    @classmethod
    def fit(
        cls,
        returns: npt.ArrayLike,
        slots: Slots,
        count: int,
        apart: Sequence[int] = (),
        circular: bool = False,
    ) -> Self:
        """Return the root mean square of each slot, nearer to its neighbours' the less is known.

        The logarithm of a slot's mean square is shrunk towards a local average of the other slots
        by the ratio of two variances: that of slots about their local average, as far as two halves
        of the data agree on it, and that of the sampling error.

        Args:
            returns: (n, channels), of mean about 0.
            slots: (n,) slot of each, from 0.
            count: number of slots; with 1, the profile is the identity.
            apart: slots that are nobody's neighbours, as those over night.
            circular: the last slot is next to the first.

        Raises:
            DataError: for shapes or slots that do not fit.
        """
        array = np.asarray(returns, dtype=np.float64)
        _check_slots(slots, array.shape[:1], count)
        if array.ndim != 2 or not np.isfinite(array).all():
            raise DataError(f"expected finite returns (n, channels), found shape {array.shape}")
        if count == 1 or not len(array):
            return cls.identity(count, array.shape[1])
        near = np.setdiff1d(np.arange(count), np.array(apart, dtype=np.intp))
        logs = [_shrunk_logs(column**2, slots, count, near, circular) for column in array.T]
        squares = np.exp(np.stack(logs, axis=1))
        squares /= squares[slots].mean(axis=0)
        return cls(np.clip(np.sqrt(squares), SMALLEST, LARGEST))

    @property
    def flat(self) -> bool:
        """Whether it changes nothing."""
        return bool(np.all(self.factors == 1.0))

    def divide(self, returns: npt.ArrayLike, slots: Slots) -> FloatArray:
        """Return (..., time, channels) returns without the profile; slots (time,)."""
        return np.asarray(np.asarray(returns, dtype=np.float64) / self._of(returns, slots))

    def multiply(self, values: npt.ArrayLike, slots: Slots) -> FloatArray:
        """Return (..., time, channels) values with the profile; slots (time,)."""
        return np.asarray(np.asarray(values, dtype=np.float64) * self._of(values, slots))

    def _of(self, values: npt.ArrayLike, slots: Slots) -> FloatArray:
        shape = np.shape(values)
        _check_slots(slots, shape[-2:-1], len(self.factors))
        if len(shape) < 2 or shape[-1] != self.factors.shape[1]:
            raise DataError(f"expected {self.factors.shape[1]} channels, found shape {shape}")
        factors: FloatArray = self.factors[slots]
        return factors

    def to_dict(self) -> dict[str, list[list[float]]]:
        """Return the factors as JSON types, which JSON keeps exactly."""
        return {"factors": self.factors.tolist()}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the profile that ``to_dict`` described.

        Raises:
            DataError: the entry is missing or is no table of numbers.
        """
        try:
            if not isinstance(values, Mapping):
                raise TypeError
            factors = np.array(values["factors"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "expected a profile with the table 'factors', found others; fit it again"
            ) from None
        return cls(factors)


def _check_slots(slots: Slots, time: tuple[int, ...], count: int) -> None:
    if slots.shape != time or slots.dtype.kind not in "iu":
        raise DataError(f"expected whole slots of shape {time}, found {slots.dtype} {slots.shape}")
    if slots.size and not (slots.min() >= 0 and slots.max() < count):
        raise DataError(
            f"expected slots from 0 to {count - 1}, found {slots.min()} to {slots.max()}; use the "
            "calendar that the profile was fitted with"
        )


def _shrunk_logs(
    squares: FloatArray, slots: Slots, count: int, near: Slots, circular: bool
) -> FloatArray:
    """Return the log mean square of each slot, shrunk: squares (n,), slots (n,) -> (count,)."""
    overall = float(squares.mean())
    if not overall > 0:
        return np.zeros(count)
    whole = _Logs.of(squares, slots, count, FLOOR * overall)
    half = _occurrence(slots) % 2 == 1
    halves = [_Logs.of(squares[k], slots[k], count, FLOOR * overall) for k in (half, ~half)]
    target, spread, error = np.full(count, np.log(overall)), np.full(count, UNKNOWN), 0.0
    if len(near) > 2:
        first, second = (each.within(near) for each in halves)
        target[near], spread[near], error = _local(whole.within(near), first, second, circular)
    known = np.maximum(whole.number, 1.0)
    weight = np.where(whole.number > 0, spread / (spread + error / known), 0.0)
    own, others = error / known / 2, error / known.mean() / 2  # the log of a mean is low
    shrunk: FloatArray = target + others + weight * (whole.values + own - target - others)
    return shrunk


@dataclass(frozen=True, eq=False)
class _Logs:
    """Log mean squares of slots, (slots,), and the number of returns in each, (slots,)."""

    values: FloatArray
    number: FloatArray

    @classmethod
    def of(cls, squares: FloatArray, slots: Slots, count: int, floor: float) -> Self:
        """Return those of squares up to a bound, see ``TRUNCATION``."""
        number = np.bincount(slots, minlength=count).astype(np.float64)
        each = np.maximum(number, 1.0)
        mean = np.bincount(slots, squares, count) / each
        for _ in range(ROUNDS):
            bound = (TRUNCATION * np.sqrt(each) * mean)[slots]
            mean = np.bincount(slots, np.minimum(squares, bound), count) / each
        return cls(np.log(np.maximum(mean, floor)), number)

    def within(self, chosen: Slots) -> Self:
        """Return those of some slots."""
        return replace(self, values=self.values[chosen], number=self.number[chosen])

    def around(self, bandwidth: float, circular: bool) -> FloatArray:
        """Return the average over each slot's neighbours, weighted by distance and number."""
        reach = min(int(np.ceil(4 * bandwidth)), len(self.values) - 1)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / bandwidth) ** 2)
        kernel[reach] = 0.0

        def summed(values: FloatArray) -> FloatArray:
            ends = (values[-reach:], values[:reach]) if circular else (np.zeros(reach),) * 2
            padded = np.concatenate([ends[0], values, ends[1]])
            return np.asarray(np.convolve(padded, kernel, mode="valid"))

        weights, everywhere = summed(self.number), np.average(self.values, weights=self.number)
        sums = summed(self.number * self.values)
        return np.where(weights > 0, sums / np.maximum(weights, 1e-300), everywhere)


def _occurrence(slots: Slots) -> Slots:
    """Return how often each return's slot came before."""
    order = np.argsort(slots, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(slots[order])) + 1]
    numbers = np.arange(len(slots))
    numbers -= np.repeat(starts, np.diff(np.r_[starts, len(slots)]))
    count = np.empty_like(numbers)
    count[order] = numbers
    return count


def _local(
    whole: _Logs, first: _Logs, second: _Logs, circular: bool
) -> tuple[FloatArray, float, float]:
    """Return the average of each slot's neighbours, the variance of slots about it, and an error.

    One half of the data says which width of the neighbourhood foretells the other half best, and
    how much of a slot's distance to its neighbours both halves have in common: that is no sampling
    error, even where large returns come together. The error is the variance times the number.
    """
    weights = np.minimum(first.number, second.number)
    if not weights.any():
        return whole.around(BANDWIDTHS[-1], circular), 0.0, 1.0

    def foretold(bandwidth: float) -> float:
        one, other = first.around(bandwidth, circular), second.around(bandwidth, circular)
        misses = (first.values - other) ** 2 + (second.values - one) ** 2
        return float(np.average(misses, weights=weights))

    best = min(BANDWIDTHS, key=foretold)
    one = first.values - first.around(best, circular)
    other = second.values - second.around(best, circular)
    spread = max(float(np.average(one * other, weights=weights)), 0.0)
    noise = float(np.average(one**2 + other**2, weights=weights)) / 2 - spread
    error = max(noise, 1e-12) * float(weights.sum()) / int((weights > 0).sum())
    return whole.around(best, circular), spread, error
