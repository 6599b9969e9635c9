import numpy as np
import pytest

from tsgan.baselines import garch_residuals, stationary_bootstrap
from tsgan.transfer import LEAST_RETURNS, trts, tstr

STEPS = 4_000


def gjr_paths(paths: int, steps: int = STEPS, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_t(6, (steps + 500, paths)) / np.sqrt(1.5)
    return 0.01 * garch_residuals(shocks, 0.02, 0.03, 0.12, 0.89)[500:].T


def plain_rows(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = []
    for t in range(65, path.size - 1):
        past = path[: t + 1]
        means = [np.abs(past[-lag:]).mean() for lag in (1, 5, 22, 66)]
        losses = [np.maximum(-past[-lag:], 0).mean() for lag in (1, 5)]
        rows.append([1, *means, *losses])
    return np.array(rows), np.abs(path[66:])


def plain_ratio(tested: np.ndarray, elsewhere: np.ndarray) -> float:
    """Return the score of one path, straight from its definition and without a ridge."""
    x, y = plain_rows(tested)
    other_x, other_y = (part[: int(np.ceil(y.size * 0.8)) - 66] for part in plain_rows(elsewhere))
    learnt = np.linalg.lstsq(other_x, other_y)[0]
    own = 0.0
    place = np.arange(y.size)
    for fold in range(5):
        begin, end = fold * y.size // 5, (fold + 1) * y.size // 5
        far = (place < begin - 66) | (place >= end + 66)
        weights = np.linalg.lstsq(x[far], y[far])[0]
        own += np.abs(y[begin:end] - x[begin:end] @ weights).sum()
    return float(np.abs(y - x @ learnt).sum() / own)


def test_both_scores_equal_their_definition_worked_step_by_step():
    real, path = 100 * gjr_paths(2, 900)
    assert tstr(real, path[None]) == pytest.approx([plain_ratio(real, path)], rel=1e-4)
    assert trts(real, path[None]) == pytest.approx([plain_ratio(path, real)], rel=1e-4)


def test_samples_of_the_same_process_score_1():
    paths = gjr_paths(60)
    ones = np.array([[tstr(paths[i], paths[20:]), trts(paths[i], paths[20:])] for i in range(10)])
    assert ones.shape == (10, 2, 5)
    assert ones.mean(axis=(0, 2)) == pytest.approx([1, 1], abs=0.015)
    assert ones.std(axis=2).max() < 0.04


def test_models_are_ordered_by_what_they_know_of_volatility():
    source = np.random.default_rng(1)
    real = gjr_paths(1)[0]
    normal = source.normal(0, real.std(), (5, STEPS))
    shuffled = stationary_bootstrap(real, 5, STEPS, 1.0, source)
    blocks = stationary_bootstrap(real, 5, STEPS, 20.0, source)
    same = gjr_paths(5, seed=9)
    for score, apart in ((tstr, 0.03), (trts, 0.01)):
        worst, poor, better, best = (
            score(real, paths).mean() for paths in (normal, shuffled, blocks, same)
        )
        assert min(worst, poor) > better + apart, score
        assert better > best - 0.005, score
    assert tstr(real, normal).min() > 1.07


def test_each_run_takes_other_paths_and_there_are_as_many_as_the_paths_allow():
    real, paths = gjr_paths(1, 1_000)[0], gjr_paths(20, 1_000, 2)
    for score in (tstr, trts):
        scores = score(real, paths)
        assert scores.shape == (5,) and len(set(scores)) == 5
        changed = paths.copy()
        changed[2] *= 3
        assert ((score(real, changed) != scores) == [False, False, True, False, False]).all()
        assert score(real, paths[:3]).shape == (3,)
        assert score(real, paths[:8, :500]).shape == (4,)
        assert score(real, paths[:1, :LEAST_RETURNS]).shape == (1,)
        assert score(real, paths[:3], runs=2).shape == (2,)


def test_paths_are_learnt_from_one_by_one_not_across_their_ends():
    real, paths = gjr_paths(1, 1_200)[0], gjr_paths(2, 600, 3)
    swapped = tstr(real, np.concatenate([paths[:1], 5 * paths[1:]]))
    assert tstr(real, paths) == pytest.approx(1, abs=0.1)
    assert swapped != pytest.approx(tstr(real, paths))
    longer = np.concatenate([paths, paths + 1], axis=1)  # what comes after n steps is not read
    for score in (tstr, trts):
        assert score(real[:600], longer) == pytest.approx(score(real[:600], paths))


def test_the_scores_do_not_depend_on_the_unit():
    real, paths = gjr_paths(1, 800)[0], gjr_paths(2, 800, 4)
    for score in (tstr, trts):
        assert score(128 * real, 128 * paths) == pytest.approx(score(real, paths), rel=1e-9)
    assert tstr(real, 2 * paths)[0] > 1.2  # but the level does
