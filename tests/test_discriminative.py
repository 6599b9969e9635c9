from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.baselines import garch_residuals, simulate_baseline, stationary_bootstrap
from tsgan.discriminative import (
    LEAST_RETURNS,
    WINDOW,
    _boosted,
    _cut,
    _draw,
    discriminative_scores,
    real_versus_real,
    window_features,
)

SP500 = Path(__file__).parent.parent / "data" / "samples" / "sp500.csv"


def gjr_paths(paths: int, steps: int, seed: int) -> np.ndarray:
    """Return paths of sd 1 % from GJR-GARCH(1,1) with Student-t shocks."""
    shocks = np.random.default_rng(seed).standard_t(6, (steps + 500, paths)) / np.sqrt(1.5)
    return 0.01 * garch_residuals(shocks, 0.02, 0.03, 0.12, 0.89)[500:].T


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    return np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))


@pytest.fixture(scope="module")
def limit(real) -> float:
    null = real_versus_real(real, np.random.default_rng(1))
    assert abs(null.mean()) < 0.06
    return float(np.quantile(null, 0.95))


@pytest.mark.parametrize(("name", "least"), [("iid", 0.3), ("bootstrap", 0.3), ("GARCH-n", 0.15)])
def test_the_judge_tells_simple_models_from_the_sp500(name, least, real, limit):
    source = np.random.default_rng(2)
    paths = {
        "iid": lambda: source.normal(0, real.std(), (30, real.size)),
        "bootstrap": lambda: stationary_bootstrap(real, 30, real.size, 1.0, source),
        "GARCH-n": lambda: simulate_baseline("GARCH-n", real, 30, real.size, source),
    }[name]()
    scores = discriminative_scores(real, paths, source)
    assert scores.shape == (5,) and scores.max() <= 0.5
    assert scores.mean() > max(limit, least)


def test_the_judge_can_only_guess_between_samples_of_one_process():
    paths = gjr_paths(50, 5_000, 0)
    generator = np.random.default_rng(3)
    scores = [discriminative_scores(paths[i], paths[10:], generator, 1) for i in range(8)]
    assert abs(np.mean(scores)) < 0.05
    null = [real_versus_real(paths[i], generator, 3) for i in range(8)]
    assert np.mean(scores) < np.quantile(null, 0.95)
    assert abs(np.mean(null)) < 0.05


def test_whole_blocks_of_time_are_dealt_so_that_a_spell_of_volatility_is_not_recognised():
    source = np.random.default_rng(4)
    spells = np.exp(source.normal(size=20)).repeat(256)  # the level tells which block it is
    null = real_versus_real(0.01 * spells * source.normal(size=spells.size), source, 30)
    assert null.mean() < 0.05


@pytest.mark.parametrize("shape", [(1, LEAST_RETURNS), (2, 600), (40, WINDOW), (7, 300)])
def test_few_or_short_paths_are_enough_and_both_classes_weigh_the_same(shape):
    scores = []
    for seed in range(6):
        source = np.random.default_rng(seed)
        returns, paths = source.normal(size=6_000), source.normal(size=shape)
        scores.append(discriminative_scores(returns, paths, source, 1))
    assert np.shape(scores) == (6, 1)
    assert abs(np.mean(scores)) < 0.1  # .33 if it could always say the larger class
    assert discriminative_scores(returns, 3 * paths, source, 1) > 0.45


def test_the_least_series_can_be_judged():
    source = np.random.default_rng(6)
    returns, paths = source.normal(size=LEAST_RETURNS), source.normal(size=(3, LEAST_RETURNS))
    assert real_versus_real(returns, source, 20).std() > 0
    assert abs(discriminative_scores(returns, paths, source, 20).mean()) < 0.1


def test_the_same_generator_gives_the_same_scores_and_the_unit_does_not_count(real):
    paths = gjr_paths(10, 2_000, 1)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = discriminative_scores(real, paths, np.random.default_rng(7), 2)
    again = discriminative_scores(256 * real, 256 * paths, np.random.default_rng(7), 2)
    np.testing.assert_array_equal(first, again)
    assert first[0] != first[1]
    one, two = (real_versus_real(real, np.random.default_rng(8), 2) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(("shape", "per_path"), [((30, 900), 1), ((2, 5_000), 19), ((1, 400), 6)])
def test_stretches_of_paths_do_not_overlap(shape, per_path):
    ids = np.arange(shape[0] * shape[1]).reshape(shape) * 1.0
    drawn = _draw(ids, 250, 5_000, np.random.default_rng(9))
    values = np.concatenate(drawn)
    assert len(np.unique(values)) == len(values)
    assert len(values) == pytest.approx(min(5_000, ids.size), rel=0.01)
    assert all((np.diff(part) == 1).all() for part in drawn)
    row = [int(part[0]) // shape[1] for part in drawn]
    assert row == [int(part[-1]) // shape[1] for part in drawn]
    assert max(np.bincount(row)) <= per_path
    series = np.arange(5_030.0)
    np.testing.assert_array_equal(np.concatenate(_cut(series)), series)
    assert len(_cut(series)) == 20 and len(_cut(series[:1_000])) == 7


def test_features_say_what_they_are_named_after():
    windows = np.random.default_rng(10).normal(size=(300, WINDOW))
    plain = window_features(windows)
    scaled = window_features(4 * windows)
    np.testing.assert_allclose(scaled[:, 0] - plain[:, 0], np.log(4), atol=2e-2)
    np.testing.assert_allclose(scaled[:, 1:], plain[:, 1:], atol=2e-2)
    np.testing.assert_allclose(window_features(-windows)[:, [4, 5, 7]], -plain[:, [4, 5, 7]])
    first = windows[0]
    size, centred = np.abs(first), first - first.mean()
    around = size - size.mean()
    expected = [
        (centred[1:] @ centred[:-1]) / (centred @ centred),
        (centred[:-1] @ around[1:]) / np.sqrt((centred @ centred) * (around @ around)),
        *((around[lag:] @ around[:-lag]) / (around @ around) for lag in (1, 2, 5, 10)),
    ]
    np.testing.assert_allclose(plain[0, 6:12], expected, rtol=2e-3)
    assert np.isfinite(window_features(np.zeros((2, WINDOW)))).all()


def test_boosting_finds_the_best_rule_among_noise():
    source = np.random.default_rng(11)
    x = source.normal(size=(4_000, 6))
    chance = 1 / (1 + np.exp(-3 * np.sign(x[:, 2] - 0.5) - x[:, 4]))
    y = source.random(4_000) < chance
    odds = _boosted(x[:3_000], y[:3_000], x[3_000:])
    best = np.mean((chance[3_000:] > 0.5) == y[3_000:])
    assert np.mean((odds > 0) == y[3_000:]) > best - 0.02
    x[3_000:, [0, 1, 3, 5]] = 9  # what is noise hardly counts
    noise_changed = _boosted(x[:3_000], y[:3_000], x[3_000:])
    assert np.corrcoef(odds, noise_changed)[0, 1] > 0.97
