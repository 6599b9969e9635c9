"""How several assets move together: correlations, their spectrum, joint tails, the portfolio.

A panel is (paths, steps, assets), float64 log returns, not in percent; finite. Every statistic is
pooled: the rows of all paths are stacked, and means are those of the stack, so that one path gives
what ``numpy.corrcoef`` gives. Memory stays bounded: paths are taken a few at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tsgan.results import FloatArray

BATCH_VALUES = 1 << 20
"""Values that are worked on at a time: bounds the memory, not the result."""


def correlations(panel: FloatArray) -> FloatArray:
    """Return the Pearson correlation of the assets' returns at the same step.

    ``(paths, steps, assets) -> (assets, assets)``, symmetric with a diagonal of 1. An asset that
    never changes has correlation 0 with all others; there is no NaN.
    """
    return _contemporaneous(panel, magnitude=False)


def magnitude_correlations(panel: FloatArray) -> FloatArray:
    """Return the Pearson correlation of the assets' absolute returns ``|r|`` at the same step.

    ``(paths, steps, assets) -> (assets, assets)``; otherwise as :func:`correlations`.
    """
    return _contemporaneous(panel, magnitude=True)


def cross_correlations(panel: FloatArray, lag: int = 1) -> FloatArray:
    """Return ``Corr(r_i(t), r_j(t + lag))`` in row i and column j: i leads j.

    ``(paths, steps, assets) -> (assets, assets)``; 1 ≤ lag < steps. Pairs lie within one path.
    The estimator divides ``Σ_t x_i(t) x_j(t + lag)`` by ``√(Σ_t x_i² Σ_t x_j²)`` over all steps,
    like an autocorrelation. An asset that never changes has 0 throughout; there is no NaN.

    Source: Box & Jenkins (1976).
    """
    assets = panel.shape[2]
    products, squares = np.zeros((assets, assets)), np.zeros(assets)
    for centred in _centred(panel, magnitude=False):
        products += np.tensordot(centred[:, :-lag], centred[:, lag:], axes=((0, 1), (0, 1)))
        squares += np.einsum("pta,pta->a", centred, centred)
    return _normalised(products, squares)


def matrix_distance(a: FloatArray, b: FloatArray) -> float:
    """Return the Frobenius norm ``√Σ_ij (a_ij − b_ij)²`` of the difference of two matrices."""
    return float(np.linalg.norm(a - b))


def spectrum(panel: FloatArray) -> FloatArray:
    """Return the eigenvalues of the correlation matrix, largest first; their sum is ``assets``.

    ``(paths, steps, assets) -> (assets,)``. The first is the weight of the market as a whole.

    Source: Laloux, Cizeau, Bouchaud & Potters (1999).
    """
    eigenvalues = np.linalg.eigvalsh(correlations(panel))[::-1]
    return np.asarray(np.maximum(eigenvalues, 0.0), dtype=np.float64)


def tail_dependence(panel: FloatArray, level: float = 0.05, *, upper: bool = False) -> FloatArray:
    """Return ``P(r_i and r_j both among their own lowest) / level`` for each pair of assets.

    The lowest are the k = ⌊level · n⌋ smallest of an asset's n pooled returns (at least 1), those
    below the (k + 1)-th. Comonotone assets have 1, independent ones ``level``.

    Args:
        panel: (paths, steps, assets).
        level: share of the returns that counts as the tail, below ½.
        upper: take the highest returns instead of the lowest.

    Returns:
        (assets, assets), symmetric, at least 0 and at most 1. The diagonal is 1, or less where
        equal values leave fewer than k below the (k + 1)-th; an asset that never changes has 0.

    Source: Joe (1997), the coefficient of tail dependence before its limit ``level → 0``.
    """
    count = panel.shape[0] * panel.shape[1]
    k = min(max(int(level * count), 1), count - 1)
    place = count - 1 - k if upper else k
    thresholds = np.array(
        [np.partition(panel[:, :, asset], place, axis=None)[place] for asset in _assets(panel)]
    )
    joint = np.zeros((panel.shape[2], panel.shape[2]))
    for batch in _batches(panel):
        beyond = batch > thresholds if upper else batch < thresholds
        rows = beyond.reshape(-1, beyond.shape[2])
        tail = rows[rows.any(axis=1)].astype(np.float64)
        joint += tail.T @ tail
    shares: FloatArray = joint / k
    return shares


def mean_tail_dependence(panel: FloatArray, level: float = 0.05, *, upper: bool = False) -> float:
    """Return the mean of :func:`tail_dependence` over all pairs of different assets.

    ``(paths, steps, assets) -> ()``; at least 2 assets.
    """
    pairs = np.triu_indices(panel.shape[2], 1)
    return float(np.mean(tail_dependence(panel, level, upper=upper)[pairs]))


def portfolio(panel: FloatArray) -> FloatArray:
    """Return the log returns of the equally weighted portfolio, rebalanced at every step.

    ``(paths, steps, assets) -> (paths, steps)``: ``log(Σ_i exp(r_i) / assets)``.
    """
    result = np.empty(panel.shape[:2])
    done = 0
    for batch in _batches(panel):
        best = batch.max(axis=2)  # relative to it nothing overflows, and small returns stay exact
        gains = np.expm1(batch - best[:, :, None]).mean(axis=2)
        result[done : done + len(batch)] = best + np.log1p(gains)
        done += len(batch)
    return result


def _contemporaneous(panel: FloatArray, *, magnitude: bool) -> FloatArray:
    products = np.zeros((panel.shape[2], panel.shape[2]))
    for centred in _centred(panel, magnitude=magnitude):
        rows = centred.reshape(-1, centred.shape[2])
        products += rows.T @ rows
    matrix = _normalised(products, np.diag(products))
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _normalised(products: FloatArray, squares: FloatArray) -> FloatArray:
    """Return ``products_ij / √(squares_i squares_j)`` within [−1, 1], 0 where that is 0 / 0."""
    root = np.sqrt(squares)
    scale = np.outer(root, root)
    matrix = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    clipped: FloatArray = np.clip(matrix, -1.0, 1.0)
    return clipped


def _centred(panel: FloatArray, *, magnitude: bool) -> Iterator[FloatArray]:
    """Yield a few paths at a time, (k, steps, assets), less the mean of each asset over all paths.

    Values are taken relative to the first one, so that an asset that never changes is exactly 0.
    """
    origin = np.abs(panel[0, 0]) if magnitude else panel[0, 0]
    total = np.zeros(panel.shape[2])
    for batch in _batches(panel):
        total += ((np.abs(batch) if magnitude else batch) - origin).sum(axis=(0, 1))
    mean = total / (panel.shape[0] * panel.shape[1])
    for batch in _batches(panel):
        yield (np.abs(batch) if magnitude else batch) - origin - mean


def _batches(panel: FloatArray) -> Iterator[FloatArray]:
    size = max(BATCH_VALUES // (panel.shape[1] * panel.shape[2]), 1)
    for start in range(0, panel.shape[0], size):
        yield panel[start : start + size]


def _assets(panel: FloatArray) -> range:
    return range(panel.shape[2])
