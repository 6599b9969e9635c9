"""How good forecasts of a distribution were, once the outcome is known; pure functions of arrays.

A forecast is an ensemble: ``draws`` (n, m) holds m simulated outcomes of each of n steps, in the
unit of ``realised`` (n,), what came.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import xlog1py, xlogy

from tsgan.results import FloatArray

BATCH_VALUES = 1 << 21
"""Distances between draws that are held at a time: bounds the memory, not the result."""

BoolArray = npt.NDArray[np.bool_]


def probability_integral_transform(
    draws: FloatArray, realised: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Return the randomised ranks of ``realised`` (n,) among ``draws`` (n, m), in (0, 1).

    ``u = (#{x < y} + V (1 + #{x = y})) / (m + 1)`` with V uniform: exactly uniform for every m
    where the outcome and the draws are of one distribution, ties or not.

    Source: Rosenblatt (1952); Czado, Gneiting & Held (2009) for the randomised form.
    """
    below = np.count_nonzero(draws < realised[:, None], axis=1)
    ties = np.count_nonzero(draws == realised[:, None], axis=1)
    inside = (generator.integers(1 << 32, size=realised.size) + 0.5) / (1 << 32)  # never 0 or 1
    ranks: FloatArray = (below + inside * (1 + ties)) / (draws.shape[1] + 1)
    return ranks


def crps(draws: FloatArray, realised: FloatArray) -> FloatArray:
    """Return the continuous ranked probability score ``E|X − y| − ½ E|X − X'|`` of each step.

    ``(n, m), (n,) -> (n,)``, m ≥ 2, in the unit of the values; the smaller, the better. The fair
    version: X ≠ X' among the m (m − 1) pairs of draws, so that its mean does not depend on m. A
    single score can be a little below 0.

    Source: Gneiting & Raftery (2007); Ferro (2014) for the fair version.
    """
    m = draws.shape[1]
    weight = 2 * np.arange(m) - (m - 1)  # Σ_{i<j} (x_(j) − x_(i)) = Σ_k (2k − m − 1) x_(k)
    spread = np.sort(draws - realised[:, None], axis=1) @ (weight / (m * (m - 1)))
    score: FloatArray = np.mean(np.abs(draws - realised[:, None]), axis=1) - spread
    return score


def energy_score(draws: FloatArray, realised: FloatArray) -> FloatArray:
    """Return ``E‖X − y‖ − ½ E‖X − X'‖`` of each forecast of a vector: CRPS in h dimensions.

    ``(n, m, h), (n, h) -> (n,)``, m ≥ 2, in the unit of the values, fair as :func:`crps`.

    Source: Gneiting & Raftery (2007).
    """
    n, m, _ = draws.shape
    score = np.empty(n)
    rows = max(BATCH_VALUES // (m * m), 1)
    for start in range(0, n, rows):
        gap = draws[start : start + rows] - realised[start : start + rows, None]
        square = np.einsum("nmh,nmh->nm", gap, gap)
        between = square[:, :, None] + square[:, None, :] - 2 * gap @ gap.transpose(0, 2, 1)
        np.einsum("nmm->nm", between)[:] = 0
        np.sqrt(np.maximum(between, 0, out=between), out=between)
        spread = between.sum(axis=(1, 2)) / (2 * m * (m - 1))
        score[start : start + rows] = np.sqrt(square).mean(axis=1) - spread
    return score


def kupiec(breaches: BoolArray, level: float) -> float:
    """Return the likelihood ratio of unconditional coverage of ``breaches`` (n,) at ``level``.

    ``LR = 2 (ln L(x / n) − ln L(level))``, L binomial with x breaches: asymptotically χ² with one
    degree of freedom where each step breaches its value at risk with probability ``level``.

    Source: Kupiec (1995).
    """
    count, n = int(np.count_nonzero(breaches)), breaches.size
    gain = _log_likelihood(count, n, count / n) - _log_likelihood(count, n, level)
    return max(2 * gain, 0.0)


def christoffersen(breaches: BoolArray, level: float) -> float:
    """Return the likelihood ratio of conditional coverage of ``breaches`` (n,) at ``level``, n ≥ 2.

    Independent breaches of probability ``level`` against a Markov chain of two states, given the
    first step: ``LR_cc = LR_uc + LR_ind``, asymptotically χ² with two degrees of freedom.

    Source: Christoffersen (1998).
    """
    before, now = breaches[:-1], breaches[1:]
    gain = -_log_likelihood(int(np.count_nonzero(now)), now.size, level)
    for state in (False, True):
        after = now[before == state]
        count = int(np.count_nonzero(after))
        gain += _log_likelihood(count, after.size, count / max(after.size, 1))
    return max(2 * gain, 0.0)


def _log_likelihood(count: int, n: int, probability: float) -> float:
    """Return ``ln(p^count (1 − p)^(n − count))`` with 0 ln 0 = 0."""
    return float(xlogy(count, probability) + xlog1py(n - count, -probability))


def uniformity(pit: FloatArray) -> float:
    """Return the Kolmogorov–Smirnov distance ``sup |F(u) − u|`` of ``pit`` (n,) to uniform."""
    ordered = np.sort(pit)
    step = np.arange(pit.size + 1) / pit.size
    return float(max(np.max(step[1:] - ordered), np.max(ordered - step[:-1])))


def independence(pit: FloatArray, lags: int = 10) -> float:
    """Return the Ljung–Box statistics of ``pit`` (n,) and of its square, both centred, added up.

    ``Q = n (n + 2) Σ_k ρ_k² / (n − k)``, k = 1..lags < n. The PIT's own says whether direction
    is left to be foreseen, that of ``(u − ū)²`` whether volatility is. The two are asymptotically
    independent since a uniform variable is symmetric, so that their sum is χ² with 2 · lags
    degrees of freedom. A constant has 0.

    Source: Ljung & Box (1978); Diebold, Gunther & Tay (1998) for powers of the PIT.
    """
    centred = pit - np.mean(pit)
    return _ljung_box(centred, lags) + _ljung_box(np.square(centred), lags)


def _ljung_box(values: FloatArray, lags: int) -> float:
    n, centred = values.size, values - np.mean(values)
    total = float(centred @ centred)
    if total == 0:
        return 0.0
    share = [float(centred[k:] @ centred[:-k] / total) ** 2 / (n - k) for k in range(1, lags + 1)]
    return n * (n + 2) * sum(share)
