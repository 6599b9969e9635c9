"""Standardisation: returns to numbers of mean 0 and standard deviation 1, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from tsgan.data.tables import FloatArray
from tsgan.errors import DataError

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Scaler:
    """z = (r - mean) / scale, each asset on its own.

    Attributes:
        mean: (assets,) mean log return of the series that it was fitted on.
        scale: (assets,) its population standard deviation, above 0.

    Raises:
        DataError: at birth, where the two are not as described.
    """

    mean: FloatArray
    scale: FloatArray

    def __post_init__(self) -> None:
        one_shape = self.mean.ndim == 1 and self.mean.shape == self.scale.shape
        finite = bool(np.isfinite(self.mean).all() and np.isfinite(self.scale).all())
        if not one_shape or not finite or not bool((self.scale > 0).all()):
            raise DataError(
                "expected a scaler's mean and scale as finite (assets,) with scale above 0, found "
                f"mean {self.mean} and scale {self.scale}; fit it again"
            )

    @classmethod
    def fit(cls, returns: npt.ArrayLike) -> Self:
        """Return the scaler of (n, assets) log returns.

        Raises:
            DataError: not two-dimensional, fewer than 2 rows, not finite, or a constant series.
        """
        array = np.asarray(returns, dtype=np.float64)
        if array.ndim != 2 or array.shape[0] < 2 or not array.shape[1]:
            raise DataError(
                f"expected returns of shape (n, assets) with n of 2 or more, found {array.shape}"
            )
        if not np.isfinite(array).all():
            raise DataError("expected finite returns, found NaN or infinity; clean the prices")
        mean, scale = array.mean(axis=0), array.std(axis=0)
        constant = np.flatnonzero((np.ptp(array, axis=0) == 0) | (scale < _ROUNDING))
        if constant.size:
            raise DataError(
                f"expected returns that vary, found a constant series at index {constant[0]}; "
                "leave that column out"
            )
        return cls(mean, scale)

    def transform(self, returns: npt.ArrayLike) -> FloatArray:
        """Return the scaled values of (..., assets) log returns, same shape."""
        return np.asarray((np.asarray(returns, dtype=np.float64) - self.mean) / self.scale)

    def inverse(self, scaled: npt.ArrayLike) -> FloatArray:
        """Return the log returns of (..., assets) scaled values, same shape."""
        return np.asarray(np.asarray(scaled, dtype=np.float64) * self.scale + self.mean)

    def to_dict(self) -> dict[str, list[float]]:
        """Return mean and scale as JSON types, which JSON keeps exactly."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[float]]) -> Self:
        """Return the scaler that ``to_dict`` described.

        Raises:
            DataError: an entry is missing or is no list of numbers.
        """
        try:
            mean, scale = (np.array(values[key], dtype=np.float64) for key in ("mean", "scale"))
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "expected a scaler with the lists 'mean' and 'scale', found others; fit it again"
            ) from None
        return cls(mean, scale)
