"""Does what is learnt on synthetic paths serve on the real series, and the other way round?

What is learnt is a forecast of the next absolute return from the averages of absolute returns over
the last day, week, month and quarter (Corsi 2009, HAR) and of losses over the last day and week
(leverage), by least squares. Its error is the mean absolute error. A score is the error of what was
learnt elsewhere over that of what was learnt on other blocks of time of the tested series itself,
from equally many steps: 1 for a perfect model. A forecast of the mean is not the best one under the
absolute error, so that a model which forecasts too little can come a little below 1.

Source: Esteban, Hyland & Rätsch (2017) for TSTR and TRTS.
"""

from __future__ import annotations

import numpy as np

from tsgan.results import FloatArray

LAGS = (1, 5, 22, 66)
"""Steps over which absolute returns are averaged."""

LOSS_LAGS = (1, 5)
"""Steps over which losses are averaged."""

LONGEST = max(LAGS)
"""Steps before the first forecast, and between what is learnt from and what is tested."""

FOLDS = 5
"""Contiguous blocks of time; each is tested with what was learnt on the others."""

LEAST_RETURNS = 500
"""Fewest real returns, and fewest steps of a path, with which to call these functions."""

RIDGE = 1e-6
"""Ridge of the regression, in units of the mean square of its features."""


def tstr(real: FloatArray, paths: FloatArray, runs: int = 5) -> FloatArray:
    """Return the ratios of errors on the real series: learnt on synthetic over learnt on real.

    Args:
        real: (n,) log returns.
        paths: (p, steps) log returns; each run learns from other ones, n steps in all.
        runs: at most so many; fewer where there are not enough paths, one where they have fewer
            than n steps in all.

    Returns:
        (at most runs,) ratios; 1 for a perfect model, more for a worse one.
    """
    scale = float(np.mean(np.abs(real)))
    tested = _design(real[None] / scale)
    return np.array(
        [_error_ratio(tested, _design(group / scale)) for group in _groups(paths, real.size, runs)]
    )


def trts(real: FloatArray, paths: FloatArray, runs: int = 5) -> FloatArray:
    """Return the ratios of errors on synthetic paths: learnt on real over learnt on synthetic.

    As :func:`tstr` with the two exchanged: each run tests other paths, n steps in all, and what is
    learnt on synthetic ones comes from other blocks of time, or other paths, of these.
    """
    scale = float(np.mean(np.abs(real)))
    learnt = _design(real[None] / scale)
    return np.array(
        [_error_ratio(_design(group / scale), learnt) for group in _groups(paths, real.size, runs)]
    )


def _groups(paths: FloatArray, steps: int, runs: int) -> list[FloatArray]:
    """Return at most ``runs`` groups of different paths, each as many as make ``steps`` steps."""
    longest = paths.shape[1]
    size = min(-(-steps // longest), paths.shape[0])
    groups = min(runs, paths.shape[0] // size)
    return [paths[i * size : (i + 1) * size, :steps] for i in range(groups)]


def _design(paths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return features (rows, 7), a constant among them, and the next |r| (rows,), path by path."""
    size, loss = np.abs(paths), np.maximum(-paths, 0)
    wanted = [(size, lag) for lag in LAGS] + [(loss, lag) for lag in LOSS_LAGS]
    columns = [_means(values, lag)[:, LONGEST - lag : -1].ravel() for values, lag in wanted]
    target = size[:, LONGEST:].ravel()
    return np.stack([np.ones(target.size), *columns], axis=1), target


def _means(values: FloatArray, lag: int) -> FloatArray:
    """Return (paths, steps − lag + 1) means over ``lag`` steps."""
    total = np.cumsum(values, axis=1)
    total[:, lag:] -= total[:, :-lag].copy()
    means: FloatArray = total[:, lag - 1 :] / lag
    return means


def _error_ratio(
    tested: tuple[FloatArray, FloatArray], elsewhere: tuple[FloatArray, FloatArray]
) -> float:
    """Return the error on ``tested`` of what was learnt elsewhere over that of its own folds.

    NaN where its own folds are foretold without error.
    """
    x, y = tested
    gram, moment = x.T @ x, x.T @ y
    own = 0.0
    for fold in range(FOLDS):
        begin, end = fold * y.size // FOLDS, (fold + 1) * y.size // FOLDS
        near = slice(max(begin - LONGEST, 0), end + LONGEST)
        weights = _solve(gram - x[near].T @ x[near], moment - x[near].T @ y[near])
        own += float(np.sum(np.abs(y[begin:end] - x[begin:end] @ weights)))
    known = min(elsewhere[1].size, y.size - y.size // FOLDS - LONGEST)
    x_known, y_known = elsewhere[0][:known], elsewhere[1][:known]
    weights = _solve(x_known.T @ x_known, x_known.T @ y_known)
    foreign = float(np.sum(np.abs(y - x @ weights)))
    return foreign / own if own > 0 else float("nan")


def _solve(gram: FloatArray, moment: FloatArray) -> FloatArray:
    ridge = RIDGE * np.trace(gram) / len(gram)
    solution: FloatArray = np.linalg.solve(gram + ridge * np.eye(len(gram)), moment)
    return solution
