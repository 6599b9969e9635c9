"""Did the model copy? Synthetic paths against the training series, by shape and value for value.

Windows are compared by shape: each is standardised by its own mean and standard deviation, so that
``‖z − z'‖² = 2 w (1 − ρ)`` with ρ the correlation of the two windows, and the nearest neighbour is
the most correlated window. Without standardising, calm windows would be near to everything.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from tsgan.results import FloatArray

WINDOW = 32
"""Steps of a window."""

LEAST_TRAINING = 4 * WINDOW
"""Fewest training returns: below, a 1 % quantile of their windows means nothing."""

NEAR = 0.01
"""Share of training windows that are as near to another one as a copy has to be."""

SYNTHETIC_WINDOWS, TRAINING_WINDOWS = 4_000, 8_000
"""At most so many windows are looked up; each is compared with all windows of training."""

LARGE_LIBRARY, LEAST_WINDOWS = 100_000, 2_000
"""Fewer are looked up among more windows than these, in proportion, but no fewer than those."""

SAME = 1e-5
"""Distances below are rounding: the windows are the same."""

LEAST_SERIES = 3 * WINDOW
"""Fewest returns of a series that neighbours are looked up in for :func:`neighbour_ratio`."""

STRETCHES = 8
"""Random stretches of the longer series that stand for it, each as long as the shorter one."""

EQUAL = 1e-6
"""Values so near, in standard deviations of training, are the same value."""

VALUES_AT_ONCE = 2**22
"""Distances that are held at a time: bounds the memory, not the result."""

WHOLE_LIBRARY, PIECE = 2**15, 2**12
"""A library of more windows than these is gone through in pieces of those, which caches hold."""

Indices = npt.NDArray[np.int64]
Names = npt.NDArray[np.int32]
"""Numbers that stand for what follows a place: equal names for equal values; below 0 for none."""


def copied_windows(
    training: FloatArray, paths: FloatArray, generator: np.random.Generator
) -> float:
    """Return the share of synthetic windows that are nearer to training than chance explains.

    Near is a distance below the 1 % quantile of the training windows' distances to their nearest
    neighbour disjoint in time. A model that does not copy stays near .01; a stationary
    bootstrap with blocks of 125 steps has about .9.

    Args:
        training: (m,) returns that the model was trained on, m ≥ 4 · 32.
        paths: (paths, steps) synthetic returns, steps ≥ 32.
        generator: chooses the windows where there are more than are looked up.

    Returns:
        A share in 0..1; NaN where training windows are constant or repeat exactly.
    """
    every = np.lib.stride_tricks.sliding_window_view(training, WINDOW)
    position = np.flatnonzero(np.ptp(every, axis=1) > 0)  # a constant window has no shape
    most = _affordable(SYNTHETIC_WINDOWS, len(position))
    synthetic = _standardised(_draw_windows(paths, most, generator))
    if len(position) == 0 or len(synthetic) == 0:
        return float("nan")
    library = _standardised(every[position])
    queries = _choose(len(library), _affordable(TRAINING_WINDOWS, len(library)), generator)
    among_training = _nearest(library[queries], library, position[queries], position)
    disjoint = among_training[np.isfinite(among_training)]
    threshold = np.quantile(disjoint, NEAR) if disjoint.size else 0.0
    if threshold < SAME:  # the training series repeats itself, or no two windows are disjoint
        return float("nan")
    return float(np.mean(_nearest(synthetic, library) < threshold))


def neighbour_ratio(
    training: FloatArray, held_out: FloatArray, paths: FloatArray, generator: np.random.Generator
) -> float:
    """Return how far synthetic windows are from training, over how far from held-out windows.

    About 1 for a model that does not copy, towards 0 the more it copies. A larger library has
    nearer neighbours by chance: so random stretches of the longer series, as long as the shorter
    one, stand for it, and their figures are averaged. The figure of a stretch is the median
    distance of those synthetic windows that are nearest to it, a share 1 / K of them all where
    training has K times as many windows as one stretch: a model that copies takes only so many
    windows from it. With as many held-out as training windows it is the median of all of them;
    it is of at least 2 · NEAR of them.

    Args:
        training: (m,) returns that the model was trained on; held_out: (h,) returns of another
            period; both at least LEAST_SERIES.
        paths: (paths, steps) synthetic returns, steps ≥ 32.
        generator: chooses windows and stretches.

    Returns:
        A ratio above 0, or 0; NaN where a series is too short or hardly moves, where the
        synthetic windows are constant, or where they are found in the held-out series itself.
    """
    length = min(training.size, held_out.size)
    if length < LEAST_SERIES:
        return float("nan")
    most = _affordable(SYNTHETIC_WINDOWS, length)
    synthetic = _standardised(_draw_windows(paths, most, generator))
    if len(synthetic) == 0:
        return float("nan")
    share = (length - WINDOW + 1) / (training.size - WINDOW + 1)  # 1 / K
    level = max(share / 2, NEAR)
    near, far = (
        _distance_to_stretches(series, length, synthetic, level, generator)
        for series in (training, held_out)
    )
    if not (np.isfinite(near) and SAME < far < np.inf):
        return float("nan")
    return float(near / far)


def longest_shared_run(training: FloatArray, paths: FloatArray) -> int:
    """Return the longest run of steps that some path shares with training, value for value.

    Values are the same within EQUAL standard deviations of training. Steps that repeat the value
    of the step before do not count, so that a stale market is no copy: a run in which nothing
    moves has length 1 however long it is, and in ticked data only moves make a run longer. Where
    no value follows itself, this is the number of steps of the longest common run.

    Args:
        training: (m,) returns that the model was trained on; paths: (paths, steps) synthetic ones.

    Returns:
        A count: 0 or 1 by chance where values are continuous, about the longest block of a
        bootstrap, a little over ``2 log(m · paths · steps) / log(values)`` where there are few.

    Source: Karp, Miller & Rosenberg (1972), names of ever longer runs by doubling.
    """
    if training.size == 0:
        return 0
    known, found = _value_names(training, paths)
    ours, our_repeats = _pieces(known)
    theirs, their_repeats = _pieces(found)
    if not np.any(theirs >= 0):
        return 0
    exact = _joined((ours, theirs), (our_repeats, their_repeats), 0)
    doubled = [exact]  # names of 1, 2, 4, … whole pieces
    while _any_shared(doubled[-1]):
        doubled.append(_joined(doubled[-1], doubled[-1], 1 << (len(doubled) - 1)))
    run, length = (ours, theirs), 1  # the first piece may be longer before the run
    for power in reversed(range(len(doubled))):
        longer = _joined(run, doubled[power], length)
        if _any_shared(longer):
            run, length = longer, length + (1 << power)
    ended = _joined(run, (ours, theirs), length)  # the last piece may be longer after the run
    return length + int(_any_shared(ended))


def _affordable(windows: int, library: int) -> int:
    """Return how many of ``windows`` are looked up in a library of so many."""
    fewer = windows * LARGE_LIBRARY // max(library, LARGE_LIBRARY)
    return min(windows, max(fewer, LEAST_WINDOWS))


def _draw_windows(paths: FloatArray, most: int, generator: np.random.Generator) -> FloatArray:
    """Return (at most ``most``, 32) windows at random places of random paths."""
    windows = np.lib.stride_tricks.sliding_window_view(paths, WINDOW, axis=1)
    chosen = _choose(windows.shape[0] * windows.shape[1], most, generator)
    drawn: FloatArray = windows[np.divmod(chosen, windows.shape[1])]
    moving: FloatArray = drawn[np.ptp(drawn, axis=1) > 0]
    return moving


def _choose(count: int, most: int, generator: np.random.Generator) -> Indices:
    """Return all indices below ``count``, or ``most`` of them without replacement."""
    return generator.choice(count, min(count, most), replace=False, shuffle=False)


def _standardised(windows: FloatArray) -> FloatArray:
    """Return (count, w) windows with mean 0 and length 1, so that a product is a correlation."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    scaled: FloatArray = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return scaled


def _nearest(
    windows: FloatArray,
    library: FloatArray,
    start: Indices | None = None,
    library_start: Indices | None = None,
) -> FloatArray:
    """Return (count,) distances to the nearest window of ``library``, both standardised.

    Where the ``start`` steps of both are given, windows that share a step with it do not count.
    """
    best = np.full(len(windows), -np.inf)
    piece = len(library) if len(library) <= WHOLE_LIBRARY else PIECE
    chunk = VALUES_AT_ONCE // piece
    near = np.zeros((2, len(windows)), dtype=np.int64)  # first and last that do not count
    if start is not None and library_start is not None:
        near = np.searchsorted(library_start, start + np.array([[1 - WINDOW], [WINDOW]]))
    for row, begin in product(range(0, len(windows), chunk), range(0, len(library), piece)):
        rows = slice(row, row + chunk)
        correlation = windows[rows] @ library[begin : begin + piece].T
        low, high = np.clip(near[:, rows] - begin, 0, piece)
        for index in np.flatnonzero(low < high):
            correlation[index, low[index] : high[index]] = -np.inf
        best[rows] = np.maximum(best[rows], correlation.max(axis=1))
    distance: FloatArray = np.sqrt(np.maximum(2 * WINDOW * (1 - best), 0))
    return distance


def _to_nearest(series: FloatArray, synthetic: FloatArray) -> FloatArray:
    """Return (count,) distances of standardised windows to the nearest one of ``series``."""
    every = np.lib.stride_tricks.sliding_window_view(series, WINDOW)
    moving = every[np.ptp(every, axis=1) > 0]
    if len(moving) == 0:
        return np.full(len(synthetic), np.inf)
    return _nearest(synthetic, _standardised(moving))


def _distance_to_stretches(
    series: FloatArray,
    length: int,
    synthetic: FloatArray,
    level: float,
    generator: np.random.Generator,
) -> float:
    """Return the ``level`` quantile of the nearest distances, a mean over stretches that move."""
    begins = generator.integers(series.size - length + 1, size=STRETCHES)
    quantiles = [
        np.quantile(_to_nearest(series[begin : begin + length], synthetic), level, method="lower")
        for begin in (begins if series.size > length else [0])
    ]
    finite = [float(quantile) for quantile in quantiles if np.isfinite(quantile)]
    return float(np.mean(finite)) if finite else float("inf")


def _value_names(training: FloatArray, paths: FloatArray) -> tuple[Names, Names]:
    """Name the values of training, (m,), and those values of the paths that are the same.

    A path is followed by a value without a name, (paths, steps + 1), so that no run crosses it.
    """
    values, places = np.unique(training, return_inverse=True)
    equal = EQUAL * float(np.std(training))
    names = np.concatenate([[0], np.cumsum(np.diff(values) > equal)]).astype(np.int32)
    found = np.full((paths.shape[0], paths.shape[1] + 1), -1, dtype=np.int32)
    for row, path in zip(found, paths, strict=True):
        above = np.minimum(np.searchsorted(values, path), values.size - 1)
        below = np.maximum(above - 1, 0)
        nearest = np.where(path - values[below] < values[above] - path, below, above)
        row[:-1] = np.where(np.abs(path - values[nearest]) <= equal, names[nearest], -1)
    return names[places], found.ravel()


def _pieces(names: Names) -> tuple[Names, Names]:
    """Return (pieces,) names without those that repeat the one before, and how often each stood."""
    begins = np.flatnonzero(np.diff(names, prepend=-2))
    return names[begins], np.diff(begins, append=names.size).astype(np.int32)


def _joined(
    left: tuple[Names, Names], right: tuple[Names, Names], shift: int
) -> tuple[Names, Names]:
    """Name the pairs of ``left`` and, ``shift`` further on, ``right``, in training and in paths.

    Names in paths are of pairs that training has too.
    """
    base = int(max(right[0].max(), right[1].max())) + 1
    pairs = [_pairs(one, other, shift, base) for one, other in zip(left, right, strict=True)]
    known = np.unique(pairs[0])
    names = []
    for pair in pairs:
        place = np.minimum(np.searchsorted(known, pair), known.size - 1)
        names.append(np.where((pair >= 0) & (known[place] == pair), place, -1).astype(np.int32))
    return names[0], names[1]


def _pairs(left: Names, right: Names, shift: int, base: int) -> Indices:
    """Return numbers of pairs, equal for equal pairs; −1 where a part has no name or is beyond."""
    pairs = np.full(left.size, -1, dtype=np.int64)
    first, second = left[: left.size - shift], right[shift:]
    np.copyto(
        pairs[: first.size],
        first.astype(np.int64) * base + second,
        where=(first >= 0) & (second >= 0),
    )
    return pairs


def _any_shared(names: tuple[Names, Names]) -> bool:
    return bool(np.any(names[1] >= 0))
