"""The marginal of the returns after training: a monotone map from what is made to what is real.

A critic of a finite series leaves a generator a few percent too calm. The network is kept for what
it alone can give, how returns follow each other; where each return lies among all others is known
better from the series itself. So each synthetic return is moved to the real quantile of its own
rank (as the marginals of a copula are put in, Sklar 1959), through knots that have some sixty real
returns between them. What is finer than that is chance, and beyond the outermost knots there is no
data to follow but the mean excess: there the map is straight, so that tails stay those of the
generator in shape, and no return is capped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tsgan.errors import DataError

FloatArray = npt.NDArray[np.float64]

BETWEEN = 60
"""Real returns between two knots."""

BEYOND = 50
"""Real returns beyond the outermost knot of each side: enough for a mean excess."""

MOST_KNOTS = 1000
"""So many evenly spaced knots at most, so that those of a million returns are no noise either."""

OFTEN, MOST_TIES = 20, 8
"""A value that is taken so often has a place of its own; so many values at most."""

STEEPEST = 2.0
"""Largest slope of the map beyond its knots; the smallest is its inverse."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A monotone map of scaled returns: straight between its knots and beyond them.

    Attributes:
        made: (k,) ascending, what the generator makes; none for the map that changes nothing.
        meant: (k,) ascending, what becomes of it; equal neighbours give a value that is taken again
            and again, as zero is by prices that move in ticks.
        slopes: below the first knot and above the last.

    Raises:
        DataError: at birth, where they are not as described.
    """

    made: FloatArray
    meant: FloatArray
    slopes: tuple[float, float]

    def __post_init__(self) -> None:
        paired = self.made.ndim == 1 and self.made.shape == self.meant.shape
        finite = bool(np.isfinite(self.made).all() and np.isfinite(self.meant).all())
        rising = paired and bool(
            (np.diff(self.made) > 0).all() and (np.diff(self.meant) >= 0).all()
        )
        steep = all(1 / STEEPEST <= slope <= STEEPEST for slope in self.slopes)
        if not (finite and rising and steep):
            raise DataError(
                "expected a calibration with finite knots that rise and slopes from "
                f"{1 / STEEPEST:g} to {STEEPEST:g}, found others; fit the model again"
            )

    @classmethod
    def none(cls) -> Self:
        """Return the map that changes nothing."""
        return cls(np.empty(0), np.empty(0), (1.0, 1.0))

    @classmethod
    def fit(cls, real: npt.ArrayLike, made: npt.ArrayLike) -> Self:
        """Return the map of the generator's returns to the quantiles of the real ones.

        Args:
            real: (n,) scaled returns of the training part.
            made: any shape, many times as many scaled returns of the generator.
        """
        wanted = np.sort(np.asarray(real, dtype=np.float64), axis=None)
        given = np.sort(np.asarray(made, dtype=np.float64), axis=None)
        levels, targets = _knots(wanted)
        knots = np.quantile(given, levels) if given.size else levels
        if np.unique(knots).size < 2:
            return cls.none()
        knots, targets = _apart(knots, targets)
        low = _slope(targets[0] - wanted, knots[0] - given)
        high = _slope(wanted - targets[-1], given - knots[-1])
        return cls(knots, targets, (low, high))

    def __call__(self, scaled: npt.ArrayLike) -> FloatArray:
        """Return what becomes of scaled returns, any shape."""
        x = np.asarray(scaled, dtype=np.float64)
        if not self.made.size:
            return x
        inside = np.interp(x, self.made, self.meant)
        below, above = np.minimum(x - self.made[0], 0.0), np.maximum(x - self.made[-1], 0.0)
        low, high = self.slopes
        return np.asarray(inside + low * below + high * above)

    def to_dict(self) -> dict[str, list[float]]:
        """Return the knots and slopes as JSON types, which JSON keeps exactly."""
        return {
            "made": self.made.tolist(),
            "meant": self.meant.tolist(),
            "slopes": list(self.slopes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the calibration that ``to_dict`` described.

        Raises:
            DataError: an entry is missing or is no list of numbers.
        """
        try:
            made, meant = (np.array(values[key], dtype=np.float64) for key in ("made", "meant"))
            low, high = (float(slope) for slope in values["slopes"])
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "expected a calibration with the lists 'made', 'meant' and 'slopes', found "
                "others; fit the model again"
            ) from None
        return cls(made, meant, (low, high))


def _knots(ordered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return levels and quantiles of the knots for ascending real returns.

    The levels are symmetric and evenly spaced, and besides there are both ends of the levels at
    which a value is taken again and again.
    """
    count = ordered.size
    spacing = max(BETWEEN, count // MOST_KNOTS)
    lower = np.arange(BEYOND, count / 2, spacing) / max(count, 1)
    levels = np.concatenate([lower, 1 - lower])
    if not levels.size:
        return levels, levels
    targets = np.quantile(ordered, levels)
    values, counts = np.unique(ordered, return_counts=True)
    tied = values[np.argsort(-counts, kind="stable")[:MOST_TIES]]
    for value in tied[np.sort(counts)[::-1][:MOST_TIES] >= OFTEN]:
        ends = np.searchsorted(ordered, value), np.searchsorted(ordered, value, side="right")
        levels = np.concatenate([levels, np.array(ends) / count])
        targets = np.concatenate([targets, [value, value]])
    inside = (levels >= lower[0]) & (levels <= 1 - lower[0])
    order = np.lexsort((targets[inside], levels[inside]))
    levels, targets = levels[inside][order], targets[inside][order]
    return levels, np.maximum.accumulate(targets)


def _apart(knots: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ascending knots of which no two are the same: of equal ones the first and the last.

    Those are a step, as where one value that is taken often ends and the next begins.
    """
    rises = np.diff(knots) > 0
    first, last = np.append(True, rises), np.append(rises, True)
    knots = np.where(last & ~first, np.nextafter(knots, np.inf), knots)[first | last]
    targets = targets[first | last]
    apart = np.append(True, np.diff(knots) > 0)
    return knots[apart], targets[apart]


def _slope(wanted: FloatArray, given: FloatArray) -> float:
    """Return by how much the mean excess beyond a knot is too small, within bounds."""
    wanted, given = wanted[wanted > 0], given[given > 0]
    if not wanted.size or not given.size:
        return 1.0
    return float(np.clip(wanted.mean() / given.mean(), 1 / STEEPEST, STEEPEST))
