"""Can a trained judge tell synthetic from real windows of other stretches of time?

The judge is gradient boosting (Friedman 2001) of decision stumps on features of windows: what a
window says about volatility, tails, memory and leverage. Unlike a convolution on the raw returns
it needs few windows to learn from, and its score is less noisy.

Windows that overlap, or that share a spell of volatility, are not independent: with a random
split of windows a judge recognises the spell. So both series are cut into contiguous blocks of
time, whole blocks are dealt into parts, and a part is judged by what was learnt from the others.
How far from 0 a score comes by chance is what :func:`real_versus_real` says.

Source: Yoon, Jarrett & van der Schaar (2019, TimeGAN) for the score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tsgan.results import FloatArray

WINDOW = 64
"""Steps of a window."""

LEAST_RETURNS = 1_000
"""Fewest returns of a series from which a judge can learn anything; do not call it with fewer."""

MOST_BLOCKS = 20
"""The real series is cut into so many blocks, or fewer where they would be under two windows."""

LEAST_BLOCKS = 6
"""Synthetic paths are cut into at least so many blocks, which are shorter if need be."""

PARTS = 3
"""Parts into which blocks are dealt: two of them train the judge, the third is judged, in turn."""

STRIDE = 4
"""Steps from one window to the next, or more where there would be too many windows."""

MOST_WINDOWS = 2_500
"""Real windows that a judge is shown, about."""

ROUNDS, RATE, BINS, SHRINKAGE = 100, 0.1, 16, 5.0
"""Boosting: number of stumps, learning rate, quantile bins of a feature, ridge of a leaf."""

ACF_LAGS = (1, 2, 5, 10)
"""Lags at which the autocorrelation of |r| within a window is a feature."""

SMALL = 1e-3
"""Added before a logarithm, in standard deviations of the real series."""

Blocks = list[FloatArray]


def discriminative_scores(
    real: FloatArray, paths: FloatArray, generator: np.random.Generator, runs: int = 5
) -> FloatArray:
    """Return (runs,) accuracies − ½ of judges that tell windows of ``paths`` from real ones.

    Both classes weigh the same. 0 if the judge can only guess, ½ if it always knows; a little
    below 0 by chance. Each run takes other synthetic blocks, as many steps as the real series
    has where there are so many, each block from another path where there are enough paths.

    Args:
        real: (n,) log returns, n ≥ LEAST_RETURNS.
        paths: (p, steps) log returns; steps ≥ WINDOW, p · steps ≥ LEAST_RETURNS.
        generator: chooses and deals the blocks.
    """
    scale, stride = float(np.std(real)), _stride(real)
    blocks = _cut(real / scale)
    scores = np.empty(runs)
    for run in range(runs):
        drawn = [part / scale for part in _draw(paths, len(blocks[-1]), real.size, generator)]
        scores[run] = _accuracy(blocks, drawn, stride, generator) - 0.5
    return scores


def real_versus_real(
    real: FloatArray, generator: np.random.Generator, runs: int = 20
) -> FloatArray:
    """Return (runs,) scores of the same judge between two random halves of the real blocks.

    ``real`` (n,) log returns, n ≥ LEAST_RETURNS. There is nothing to tell, but volatility differs
    between blocks of time. Each side has half as many returns as in
    :func:`discriminative_scores`, so that chance has a little more room.
    """
    blocks = _cut(real / float(np.std(real)))
    half = len(blocks) // 2
    scores = np.empty(runs)
    for run in range(runs):
        order = generator.permutation(len(blocks))
        one, other = ([blocks[i] for i in side] for side in (order[:half], order[half:]))
        scores[run] = _accuracy(one, other, _stride(real), generator) - 0.5
    return scores


def window_features(windows: FloatArray) -> FloatArray:
    """Return (count, features) of ``windows`` (count, w), returns over a common scale.

    Level, largest value and small values of |r|, mean and skewness, autocorrelation of |r| at lags
    1, 2, 5 and 10 and of r at lag 1, correlation of r with the next |r| (leverage), and how
    volatility differs between the quarters of the window. All but the level without unit.
    """
    size = np.abs(windows)
    rms = np.sqrt(np.mean(np.square(windows), axis=1)) + SMALL
    mean, third = windows.mean(axis=1), np.mean(windows**3, axis=1)
    around, size_around = windows - mean[:, None], size - size.mean(axis=1, keepdims=True)
    norm, size_norm = (np.linalg.norm(x, axis=1) + SMALL for x in (around, size_around))
    quarters = np.stack([(part**2).mean(axis=1) for part in np.array_split(windows, 4, axis=1)])
    columns = [
        np.log(size.mean(axis=1) + SMALL),
        np.log(size.max(axis=1) / rms + SMALL),
        np.sqrt(size).mean(axis=1) ** 2 / rms,
        np.mean(size < 0.05 * rms[:, None], axis=1),
        mean / rms,
        third / rms**3,
        _product(around, around, 1) / norm**2,
        _product(around, size_around, 1) / (norm * size_norm),
        *(_product(size_around, size_around, lag) / size_norm**2 for lag in ACF_LAGS),
        np.std(np.log(quarters + SMALL**2), axis=0),
    ]
    return np.stack(columns, axis=1)


def _product(x: FloatArray, y: FloatArray, lag: int) -> FloatArray:
    """Return (count,) sums of ``x_t y_{t+lag}`` along the rows."""
    total: FloatArray = np.einsum("nt,nt->n", x[:, :-lag], y[:, lag:])
    return total


def _stride(real: FloatArray) -> int:
    return max(STRIDE, real.size // MOST_WINDOWS)


def _cut(series: FloatArray) -> Blocks:
    """Return contiguous blocks of the series (n,), the longer ones first."""
    return np.array_split(series, min(MOST_BLOCKS, series.size // (2 * WINDOW)))


def _draw(paths: FloatArray, length: int, steps: int, generator: np.random.Generator) -> Blocks:
    """Return disjoint stretches of ``paths`` of ``length``, together ``steps`` steps if possible.

    Each of another path if there are enough; shorter where there would be fewer than LEAST_BLOCKS.
    """
    rows, longest = paths.shape
    length = min(length, longest // -(-LEAST_BLOCKS // rows))
    slots = longest // length
    count = min(-(-steps // length), rows * slots)
    if rows >= count:
        row = generator.choice(rows, count, replace=False)
        begin = generator.integers(longest - length + 1, size=count)
    else:
        row, slot = np.divmod(generator.choice(rows * slots, count, replace=False), slots)
        begin = slot * length
    return [paths[i, t : t + length] for i, t in zip(row, begin, strict=True)]


def _accuracy(one: Blocks, other: Blocks, stride: int, generator: np.random.Generator) -> float:
    """Return the mean over both classes and all parts of the share of windows that are known."""
    features, labels, parts = [], [], []
    for label, blocks in ((True, one), (False, other)):
        dealt = generator.permutation(len(blocks)) % PARTS
        for block, part in zip(blocks, dealt, strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(block, WINDOW)[::stride]
            found = window_features(windows)
            features.append(found)
            labels.append(np.full(len(found), label))
            parts.append(np.full(len(found), part))
    x, y, part = np.concatenate(features), np.concatenate(labels), np.concatenate(parts)
    correct = np.empty(y.size, dtype=bool)
    for judged in range(PARTS):
        inside = part == judged
        correct[inside] = (_boosted(x[~inside], y[~inside], x[inside]) > 0) == y[inside]
    return float(correct[y].mean() + correct[~y].mean()) / 2


def _boosted(x: FloatArray, y: npt.NDArray[np.bool_], judged: FloatArray) -> FloatArray:
    """Return (m,) log odds of ``judged`` (m, f) after ``x`` (n, f) with labels ``y`` (n,).

    Boosted stumps with Newton steps of the logistic loss, each class of the same weight.
    """
    edges = np.quantile(x, np.arange(1, BINS) / BINS, axis=0)
    width = x.shape[1]
    codes = np.stack([np.searchsorted(edges[:, j], x[:, j], "right") for j in range(width)], 1)
    cells = (codes + np.arange(width) * BINS).ravel()
    weight = np.where(y, 0.5 / np.mean(y), 0.5 / np.mean(~y))
    odds, answer = np.zeros(len(x)), np.zeros(len(judged))

    def below(values: FloatArray) -> FloatArray:
        sums = np.bincount(cells, np.repeat(values, width), width * BINS)
        total: FloatArray = sums.reshape(width, BINS).cumsum(axis=1)
        return total

    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-odds))
        slope, curvature = below(weight * (y - chance)), below(weight * chance * (1 - chance))
        low = slope[:, :-1] / (curvature[:, :-1] + SHRINKAGE)
        rest = slope[:, -1:] - slope[:, :-1]
        high = rest / (curvature[:, -1:] - curvature[:, :-1] + SHRINKAGE)
        gain = slope[:, :-1] * low + rest * high
        j, edge = np.unravel_index(np.argmax(gain), gain.shape)
        leaves = RATE * low[j, edge], RATE * high[j, edge]
        odds += np.where(codes[:, j] <= edge, *leaves)
        answer += np.where(judged[:, j] < edges[edge, j], *leaves)
    return answer
