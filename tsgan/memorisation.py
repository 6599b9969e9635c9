"""Did the model copy? Windows of the synthetic paths against windows of the training series.

Windows are compared by shape: each is standardised by its own mean and standard deviation, so that
``‖z − z'‖² = 2 w (1 − ρ)`` with ρ the correlation of the two windows, and the nearest neighbour is
the most correlated window. Without standardising, calm windows would be near to everything.
"""

from __future__ import annotations

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

SAME = 1e-5
"""Distances below are rounding: the windows are the same."""

VALUES_AT_ONCE = 2**22
"""Distances that are held at a time: bounds the memory, not the result."""

Indices = npt.NDArray[np.int64]


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
    synthetic = _standardised(_draw_windows(paths, generator))
    if len(position) == 0 or len(synthetic) == 0:
        return float("nan")
    library = _standardised(every[position])
    queries = _choose(len(library), TRAINING_WINDOWS, generator)
    among_training = _nearest(library[queries], library, position[queries], position)
    disjoint = among_training[np.isfinite(among_training)]
    threshold = np.quantile(disjoint, NEAR) if disjoint.size else 0.0
    if threshold < SAME:  # the training series repeats itself, or no two windows are disjoint
        return float("nan")
    return float(np.mean(_nearest(synthetic, library) < threshold))


def _draw_windows(paths: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Return (at most SYNTHETIC_WINDOWS, 32) windows at random places of random paths."""
    windows = np.lib.stride_tricks.sliding_window_view(paths, WINDOW, axis=1)
    chosen = _choose(windows.shape[0] * windows.shape[1], SYNTHETIC_WINDOWS, generator)
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
    best = np.empty(len(windows))
    chunk = max(1, VALUES_AT_ONCE // len(library))
    for row in range(0, len(windows), chunk):
        correlation = windows[row : row + chunk] @ library.T
        if start is not None and library_start is not None:
            first, last = (
                np.searchsorted(library_start, start[row : row + chunk] + side)
                for side in (1 - WINDOW, WINDOW)
            )
            for products, low, high in zip(correlation, first, last, strict=True):
                products[low:high] = -np.inf
        best[row : row + chunk] = correlation.max(axis=1)
    distance: FloatArray = np.sqrt(np.maximum(2 * WINDOW * (1 - best), 0))
    return distance
