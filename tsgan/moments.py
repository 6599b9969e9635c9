"""Moments of return paths: what their past says, and what volatility it foretells.

The past is summed up by the last returns, and by averages of squared returns, of squared losses and
of returns over many half-lives. Which of them matter, and how much, the paths say themselves: a
regression of what came after on what was before gives the volatility of the next step, of the next
ten and of the next sixty. Two moments are alike where these three are. Foretold quantities are the
best summary statistics of approximate Bayesian computation (Fearnhead & Prangle 2012).

Several assets are described together by one more series, the market's: how much they move, all in
all. Where it has been wild, an asset that has not yet may be soon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

HALF_LIVES = (1.0, 3.0, 8.0, 20.0, 60.0, 200.0)
"""Half-lives, in steps, of the averages that describe a moment."""

LAST, UNIT = 5, HALF_LIVES.index(20.0)
"""Last returns that describe a moment, one by one; and the volatility that they are divided by."""

FEATURES = 3 * len(HALF_LIVES) + 2 * LAST
"""Numbers that describe a moment; the first len(HALF_LIVES) are log volatilities."""

BLEND = 0.05
"""Share of the slowest average in each: the logarithm of a few zeros in a row says little."""

AHEAD = (1, 10, 60)
"""Steps from a moment on whose volatility is foretold."""

FLOOR = 1e-4
"""Volatility that is added in square, over that of the series: a path that stands still has it."""

BATCH_VALUES = 1 << 20
"""Values of paths that are described at a time: bounds the memory, not the result."""

OUTERMOST = 5e-4
"""Share of the moments, at each end, whose features count as no more than those within."""

MOST_FITTED, AT_ONCE = 100_000, 20_000
"""Moments that a regression is fitted to, evenly spaced; and that are foretold at a time."""

MOST_DIMENSIONS, QUERIES = 8, 16
"""Foretold numbers up to which a tree finds neighbours sooner; else, moments looked for at once."""

REDUNDANT = 1e-6
"""Directions of the features of so small a share of the variance are left out of a regression."""

SHRINKAGE = 1e-5
"""Weight of the squared coefficients beside a moment's mean quasi-likelihood."""

FloatArray = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def describe(
    paths: FloatArray, path: Indices, step: Indices, look_back: int, floor: float
) -> FloatArray:
    """Return (moments, features) at ``step`` of row ``path``, from the ``look_back`` last returns.

    For each half-life: the log of the exponentially weighted volatility; the share of losses in
    its square, and the weighted mean return in its units, for the leverage effect. And of each of
    the last returns in units of a volatility: how large it is, and how large a loss.

    Args:
        paths: (paths, steps) log returns.
        path, step: (moments,); rows ascending, steps from look_back − 1.
        look_back: all moments must have the same, to be comparable.
        floor: added in square to each variance.
    """
    described, own = np.empty((path.size, FEATURES)), 3 * len(HALF_LIVES)
    rows = max(BATCH_VALUES // paths.shape[1], 1)
    for first in range(0, paths.shape[0], rows):
        low, high = np.searchsorted(path, (first, first + rows))
        if low == high:
            continue
        part = paths[first : first + rows]
        square, place = np.square(part), (path[low:high] - first, step[low:high])
        made = np.empty((high - low, 3, len(HALF_LIVES)))
        for kind, values in enumerate((square, np.where(part < 0, square, 0.0), part)):
            for i, life in enumerate(HALF_LIVES):
                made[:, kind, i] = weighted_mean(values, life, look_back)[place]
        variance = np.maximum(made[:, 0] + BLEND * made[:, 0, -1:], 0.0) + floor**2
        made[:, 0] = 0.5 * np.log(variance)
        made[:, 1] /= variance
        made[:, 2] /= np.sqrt(variance)
        described[low:high, :own] = made.reshape(-1, own)
        for age in range(LAST):
            last = part[place[0], place[1] - age] / np.sqrt(variance[:, UNIT])
            described[low:high, own + age] = np.abs(last)
            described[low:high, own + LAST + age] = np.minimum(last, 0.0)
    return described


def weighted_mean(values: FloatArray, half_life: float, look_back: int) -> FloatArray:
    """Return the mean of the last ``look_back`` of (paths, steps) at each step, this one included.

    Weights halve every ``half_life`` steps back, and add up to 1 where so many steps are there.
    """
    from scipy.signal import lfilter  # slow to import

    decay = 0.5 ** (1 / half_life)
    forgotten = decay**look_back
    mean: FloatArray = lfilter([1 - decay], [1, -decay], values, axis=-1)
    mean[..., look_back:] -= forgotten * mean[..., :-look_back].copy()
    mean /= 1 - forgotten
    return mean


def came_after(
    paths: npt.NDArray[np.floating], path: Indices, step: Indices, horizon: int
) -> FloatArray:
    """Return (moments, horizon) returns that came after ``step`` of row ``path``, any shape."""
    came: FloatArray = paths[path[..., None], step[..., None] + np.arange(1, horizon + 1)]
    return came


@dataclass(frozen=True, eq=False)
class Foresight:
    """Log volatilities of the steps to come, quadratic in the features of a moment.

    Features beyond those of nearly all moments count as the outermost of these: nothing is foretold
    that was never seen.

    Attributes:
        low, high: (features,) outermost.
        weights: (terms, len(AHEAD)); level: (len(AHEAD),).
    """

    low: FloatArray
    high: FloatArray
    weights: FloatArray
    level: FloatArray

    @classmethod
    def fit(
        cls,
        described: FloatArray,
        following: FloatArray,
        floor: float,
        most: int = MOST_FITTED,
    ) -> Self:
        """Return the best of (moments, features), by the returns that followed, (moments, steps).

        Best by the Gaussian quasi-likelihood of volatility, which is right whatever the shocks
        are (Bollerslev & Wooldridge 1992). Of fewer than 60 following steps all are taken.
        Features beyond FEATURES, as those of a market, enter as they are. At most ``most`` moments
        are looked at.
        """
        some = slice(None, None, -(-len(described) // most))
        described, following = described[some], following[some]
        low, high = np.quantile(described, (OUTERMOST, 1 - OUTERMOST), axis=0)
        terms = _terms(described, low, high)
        mean, spread = terms.mean(axis=0), np.maximum(terms.std(axis=0), 1e-9)
        terms -= mean
        terms /= spread
        powers, directions = np.linalg.eigh(terms.T @ terms / len(terms))
        kept = powers > REDUNDANT * len(powers)
        turn = directions[:, kept] / np.sqrt(powers[kept])
        white = terms @ turn
        levels, weights = [], []
        for steps in AHEAD:
            square = np.mean(np.square(following[:, :steps]), axis=1) + floor**2
            level, slopes = _quasi_likeliest(white, square)
            weights.append(turn @ slopes / spread)
            levels.append(level - mean @ weights[-1])
        return cls(low, high, np.stack(weights, axis=1), np.array(levels))

    def __call__(self, described: FloatArray) -> FloatArray:
        """Return (moments, len(AHEAD)) log volatilities of (moments, features)."""
        foretold = np.empty((len(described), len(AHEAD)))
        for start in range(0, len(described), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            foretold[part] = _terms(described[part], self.low, self.high) @ self.weights
        foretold += self.level
        return foretold


def _terms(described: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the features, about −1 to 1, and products of two: (moments, terms).

    All products of volatilities; and the others' squares, and products with one volatility.
    """
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    features = (np.clip(described, low, high) - middle) / half
    logs, others, _ = np.split(features, [len(HALF_LIVES), FEATURES], axis=1)
    first, second = np.triu_indices(len(HALF_LIVES))
    crossed = logs[:, first] * logs[:, second], others**2, others * logs[:, UNIT, None]
    return np.concatenate([features, *crossed], axis=1)


def _quasi_likeliest(white: FloatArray, square: FloatArray) -> tuple[float, FloatArray]:
    """Return c and b that make the mean of ``η + y² exp(−2η) / 2`` least, ``η = c + white b``."""
    from scipy.optimize import minimize  # slow to import

    start, logs = 0.5 * float(np.log(square.mean())), np.log(square)

    def loss(given: FloatArray) -> tuple[float, FloatArray]:
        eta = start + given[0] + white @ given[1:]
        excess = np.exp(np.minimum(logs - 2 * eta, 300.0))
        slope = (1 - excess) / eta.size
        value = np.mean(eta + excess / 2) + SHRINKAGE / 2 * given @ given
        return float(value), np.append(slope.sum(), slope @ white) + SHRINKAGE * given

    found = minimize(loss, np.zeros(1 + white.shape[1]), jac=True, method="L-BFGS-B").x
    return start + float(found[0]), found[1:]


def nearest(foretold: FloatArray, wanted: FloatArray, count: int) -> Indices:
    """Return (queries, count) moments of ``foretold`` most like each of ``wanted``, nearest first.

    Both are log volatilities, (moments or queries, numbers).
    """
    if foretold.shape[1] > MOST_DIMENSIONS:
        return _nearest_of_many(foretold, wanted, count)
    from scipy.spatial import cKDTree  # slow to import

    found = cKDTree(foretold).query(wanted, k=np.arange(count) + 1)[1]
    return np.asarray(found, dtype=np.int64)


def _nearest_of_many(foretold: FloatArray, wanted: FloatArray, count: int) -> Indices:
    """Return the same, by all distances, of which only the order counts."""
    middle = foretold.mean(axis=0)  # keeps the squares small, so that they are exact enough
    foretold, wanted = foretold - middle, wanted - middle
    square = np.einsum("md,md->m", foretold, foretold)
    found = np.empty((len(wanted), count), np.int64)
    for start in range(0, len(wanted), QUERIES):
        part = slice(start, start + QUERIES)
        distance = square - 2 * wanted[part] @ foretold.T
        chosen = np.argpartition(distance, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(distance, chosen, axis=1), axis=1, kind="stable")
        found[part] = np.take_along_axis(chosen, order, axis=1)
    return found
