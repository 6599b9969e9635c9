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
from functools import cached_property
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

CELLS_PER_KNOT = 16
"""Size of the table that finds the knots below a return."""


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
        return self._lines(x) if self.made.size else x

    @cached_property
    def _lines(self) -> _Lines:
        return _Lines.through(self.made, self.meant, self.slopes)

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


@dataclass(frozen=True)
class _Lines:
    """Straight lines through knots: ``np.interp``, several times as fast for many values.

    The range of the knots is cut into cells of the same width, and a table says how many knots are
    below each: what is left of the search are as many comparisons as the fullest cell has knots.

    Attributes:
        low, cells_per_unit: where the first cell begins, and how narrow they are.
        below: (cells,) number of knots in the cells before.
        most: knots in the fullest cell.
        knots: (k + 1,) ascending, the last infinite.
        begin, height, slope: (k + 1,) of each line, the first of which is that below all knots.
    """

    low: float
    cells_per_unit: float
    below: npt.NDArray[np.intp]
    most: int
    knots: FloatArray
    begin: FloatArray
    height: FloatArray
    slope: FloatArray

    @classmethod
    def through(cls, x: FloatArray, y: FloatArray, slopes: tuple[float, float]) -> Self:
        """Return the lines through (x, y), and beyond them with the ``slopes``."""
        cells = CELLS_PER_KNOT * x.size
        width = x[-1] - x[0]
        per_unit = cells / width if width > 0 else 0.0
        of_knots = _cells(x, x[0], per_unit, cells)
        counts = np.bincount(of_knots, minlength=cells)
        with np.errstate(over="ignore"):
            rises = np.diff(y) / np.diff(x)
        return cls(
            low=float(x[0]),
            cells_per_unit=float(per_unit),
            below=np.cumsum(counts) - counts,
            most=int(counts.max()),
            knots=np.append(x, np.inf),
            begin=np.append(x[0], x),
            height=np.append(y[0], y),
            slope=np.concatenate(
                [slopes[:1], np.where(np.isfinite(rises), rises, 0.0), slopes[1:]]
            ),
        )

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the heights at x, any shape."""
        line = self.below.take(_cells(x, self.low, self.cells_per_unit, self.below.size))
        for _ in range(self.most):
            line += self.knots.take(line) <= x
        heights: FloatArray = x - self.begin.take(line)
        heights *= self.slope.take(line)
        heights += self.height.take(line)
        return heights


def _cells(x: FloatArray, low: float, per_unit: float, cells: int) -> npt.NDArray[np.intp]:
    """Return the cell of each x; what is beyond, or NaN, is in one at the end."""
    position = (x - low) * per_unit
    np.fmax(position, 0.0, out=position)
    np.fmin(position, cells - 1, out=position)
    return position.astype(np.intp)


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
