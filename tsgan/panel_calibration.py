"""The joint distribution of several assets' returns after training.

As the marginals of one asset are put right by a monotone map (``calibration``), so is what several
have in common at one step: their returns are first turned by the one linear map that gives them the
real correlations and moves them least, and then each asset has its own monotone map. How returns
follow each other remains the network's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tsgan.calibration import Calibration
from tsgan.errors import DataError

FloatArray = npt.NDArray[np.float64]

LARGEST_TURN = 1e6
"""Largest entry of the linear map: more turns a return of one asset into a crash of another."""

SMALLEST_EIGENVALUE = 1e-4
"""Floor of a correlation matrix's eigenvalues, so that two assets may be nearly the same."""


def correlation_root(returns: npt.ArrayLike, power: float = 0.5) -> FloatArray:
    """Return the symmetric ``power`` of the correlation matrix of (n, assets) returns.

    Of all roots the symmetric one is nearest to the identity, so that a shock stays that of its
    asset (Kessy, Lewin & Strimmer 2018, ZCA-cor).
    """
    matrix = np.corrcoef(np.asarray(returns, dtype=np.float64), rowvar=False)
    values, vectors = np.linalg.eigh(np.atleast_2d(matrix))
    powers = np.maximum(values, SMALLEST_EIGENVALUE) ** power
    return np.asarray((vectors * powers) @ vectors.T)


@dataclass(frozen=True, eq=False)
class PanelCalibration:
    """A map of the scaled returns of several assets at one step.

    Attributes:
        turn: (assets, assets) by which they are multiplied first, at most LARGEST_TURN.
        each: then, the map of each asset.

    Raises:
        DataError: at birth, where they are not as described.
    """

    turn: FloatArray
    each: tuple[Calibration, ...]

    def __post_init__(self) -> None:
        assets = len(self.each)
        if self.turn.shape != (assets, assets) or not _fits(self.turn):
            largest = np.abs(self.turn).max(initial=0.0)
            raise DataError(
                f"expected a calibration that turns {assets} assets by a matrix of numbers from "
                f"-{LARGEST_TURN:g} to {LARGEST_TURN:g}, found one of shape {self.turn.shape} with "
                f"up to {largest:g}; fit the model again"
            )

    @classmethod
    def none(cls, assets: int) -> Self:
        """Return the map that changes nothing."""
        return cls(np.eye(assets), (Calibration.none(),) * assets)

    @classmethod
    def fit(cls, real: FloatArray, made: FloatArray) -> Self:
        """Return the map of the generator's returns to the real ones.

        A generator of which an asset does not move, or next to not, is left as it is.

        Args:
            real: (n, assets) scaled returns of the training part.
            made: (m, assets), many times as many scaled returns of the generator.
        """
        spread = made.std(axis=0)
        if not (spread > 0).all():
            return cls.none(made.shape[1])
        turn = correlation_root(real) @ correlation_root(made, -0.5)
        turn = spread[:, None] * turn / spread
        if not _fits(turn):
            return cls.none(made.shape[1])
        turned = made @ turn.T
        each = [Calibration.fit(real[:, i], turned[:, i]) for i in range(made.shape[1])]
        return cls(turn, tuple(each))

    def __call__(self, scaled: npt.ArrayLike) -> FloatArray:
        """Return what becomes of scaled returns, (…, assets)."""
        turned = np.asarray(scaled, dtype=np.float64) @ self.turn.T
        return np.stack([one(turned[..., i]) for i, one in enumerate(self.each)], axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix and the maps as JSON types."""
        return {"turn": self.turn.tolist(), "each": [one.to_dict() for one in self.each]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the calibration that ``to_dict`` described.

        Raises:
            DataError: an entry is missing or is no list of numbers.
        """
        try:
            turn = np.array(values["turn"], dtype=np.float64)
            each = tuple(Calibration.from_dict(one) for one in values["each"])
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "expected a calibration with the lists 'turn' and 'each', found others; fit the "
                "model again"
            ) from None
        return cls(turn, each)


def _fits(turn: FloatArray) -> bool:
    return bool((np.abs(turn) <= LARGEST_TURN).all())  # not of NaN
