import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsgan import memorisation
from tsgan.baselines import stationary_bootstrap
from tsgan.memorisation import (
    copied_windows,
    longest_shared_run,
    neighbour_ratio,
)

SP500 = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"


def share(training: np.ndarray, paths: np.ndarray, seed: int = 0) -> float:
    return copied_windows(training, paths, np.random.default_rng(seed))


@pytest.fixture
def training() -> np.ndarray:
    return np.random.default_rng(0).standard_t(4, size=1_500) * 0.01


def test_copies_are_found_at_any_scale(training):
    assert share(training, training[None]) == 1
    assert share(training, 3 * training[None, 200:400] + 0.001) == 1


def test_a_model_that_does_not_copy_stays_near_one_percent(training):
    fresh = np.random.default_rng(1).standard_t(4, size=(20, 1_500)) * 0.01
    assert 0.002 < share(training, fresh) < 0.02


def test_neighbours_in_training_are_disjoint_in_time():
    series = np.cumsum(np.random.default_rng(2).normal(size=150))  # shifted by one step: much alike
    windows = np.lib.stride_tricks.sliding_window_view(series, 32)
    z = [(window - window.mean()) / window.std() for window in windows]
    expected = [
        min(np.linalg.norm(z[i] - z[j]) for j in range(len(z)) if abs(i - j) >= 32)
        for i in range(len(z))
    ]
    start = np.arange(len(windows))
    library = memorisation._standardised(windows)
    nearest = memorisation._nearest(library, library, start, start)
    np.testing.assert_allclose(nearest, expected)


@pytest.mark.parametrize("piece", [32, 100, 999, 5_000])
def test_a_library_gone_through_in_pieces_gives_the_same_distances(training, monkeypatch, piece):
    windows = np.lib.stride_tricks.sliding_window_view(np.cumsum(training), 32)
    library = memorisation._standardised(windows)
    start = np.arange(len(windows)) + np.arange(len(windows)) // 700  # a window is left out
    chosen = np.arange(3, len(windows), 7)
    calls = (library[chosen], library, start[chosen], start), (library[chosen] + 0.01, library)
    whole = [memorisation._nearest(*call) for call in calls]
    monkeypatch.setattr(memorisation, "WHOLE_LIBRARY", len(library) - 1)
    monkeypatch.setattr(memorisation, "PIECE", piece)
    monkeypatch.setattr(memorisation, "VALUES_AT_ONCE", 20 * piece)
    for call, expected in zip(calls, whole, strict=True):
        np.testing.assert_allclose(memorisation._nearest(*call), expected, atol=1e-6)


def test_fewer_windows_are_looked_up_in_a_large_library(training, monkeypatch):
    found = [memorisation._affordable(8_000, n) for n in (1, 100_000, 200_000, 10**6, 10**8)]
    assert found == [8_000, 8_000, 4_000, 2_000, 2_000]
    assert memorisation._affordable(1_000, 10**8) == 1_000
    looked_up = []
    nearest = memorisation._nearest

    def spy(windows, *others):
        looked_up.append(len(windows))
        return nearest(windows, *others)

    monkeypatch.setattr(memorisation, "_nearest", spy)
    fresh = heavy(20, 1_500, seed=1)
    share(training, fresh)
    assert looked_up == [1_469, 4_000]
    monkeypatch.setattr(memorisation, "LARGE_LIBRARY", 200)
    monkeypatch.setattr(memorisation, "LEAST_WINDOWS", 500)
    assert 0.002 < share(training, fresh) < 0.03
    ratio(training, heavy(700, seed=2), fresh)
    assert looked_up[2:4] == [1_089, 544]
    assert set(looked_up[4:]) == {1_142}


def test_a_bootstrap_copies_more_the_longer_its_blocks(training):
    shares = [
        share(training, stationary_bootstrap(training, 5, 1_500, block, np.random.default_rng(4)))
        for block in (1, 20, 125)
    ]
    assert shares[0] < 0.03 < 0.3 < shares[1] < shares[2] and shares[2] > 0.8


def test_it_is_not_defined_where_training_repeats_itself():
    period = np.tile(np.random.default_rng(5).normal(size=40), 10)
    assert np.isnan(share(period, np.random.default_rng(6).normal(size=(2, 100))))
    assert np.isnan(share(np.ones(200), np.ones((2, 100))))


def test_flat_windows_are_left_out_and_the_seed_decides():
    generator = np.random.default_rng(7)
    training = generator.normal(size=400)
    training[100:200] = 0
    paths = generator.normal(size=(60, 400))
    paths[:, :50] = 0.01
    first = share(training, paths)
    assert np.isfinite(first)
    assert first == share(training, paths)


def ratio(training: np.ndarray, held_out: np.ndarray, paths: np.ndarray, seed: int = 0) -> float:
    return neighbour_ratio(training, held_out, paths, np.random.default_rng(seed))


def heavy(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, size=shape) * 0.01


@pytest.mark.parametrize("held_out", [300, 1_000, 1_500, 4_000])
def test_fresh_paths_are_as_near_to_training_as_to_held_out_returns(training, held_out):
    fresh = heavy(20, 1_500, seed=1)
    assert 0.97 < ratio(training, heavy(held_out, seed=2), fresh) < 1.03


@pytest.mark.parametrize("held_out", [300, 1_500, 4_000])
def test_copies_are_nearer_to_training_than_to_held_out_returns(training, held_out):
    other = heavy(held_out, seed=2)
    by_block = [
        ratio(training, other, stationary_bootstrap(training, 5, 1_500, block, generator))
        for block, generator in ((20, np.random.default_rng(4)), (125, np.random.default_rng(5)))
    ]
    assert by_block[1] < 0.3 < 0.6 < by_block[0] < 0.9


def test_copies_of_the_held_out_returns_are_farther_from_training(training):
    other = heavy(1_500, seed=2)
    copied = stationary_bootstrap(other, 5, 1_500, 20, np.random.default_rng(4))
    farther = ratio(training, other, copied)
    assert farther > 1.1
    assert farther == pytest.approx(1 / ratio(other, training, copied), rel=1e-3)


def test_the_ratio_follows_its_generator(training):
    arguments = training, heavy(400, seed=2), heavy(20, 1_500, seed=1)
    assert ratio(*arguments) == ratio(*arguments) != ratio(*arguments, seed=1)


def test_the_ratio_is_not_defined_for_short_or_constant_series(training):
    fresh, other = heavy(3, 200, seed=1), heavy(96, seed=2)
    assert np.isfinite(ratio(training, other, fresh))
    assert np.isnan(ratio(training, other[1:], fresh))
    assert np.isnan(ratio(other[1:], training, fresh))
    assert np.isnan(ratio(training, np.ones(200), fresh))
    assert np.isnan(ratio(np.ones(200), training, fresh))
    assert np.isfinite(ratio(np.concatenate([np.ones(2_000), training]), other, fresh))
    assert np.isnan(ratio(training, other, np.ones((3, 200))))
    assert np.isnan(ratio(training, other, other[None]))


def moves(run: np.ndarray) -> int:
    """Return how many values of a run differ from the one before; the first one counts."""
    return 1 + int(np.count_nonzero(np.diff(run)))


def longest_by_trying_all(training: np.ndarray, paths: np.ndarray) -> int:
    best = 0
    for path in paths:
        for i, j in itertools.product(range(training.size), range(path.size)):
            length = 0
            for ours, theirs in zip(training[i:], path[j:], strict=False):
                if ours != theirs:
                    break
                length += 1
            if length:
                best = max(best, moves(training[i : i + length]))
    return best


def values(largest: int, shape: st.SearchStrategy) -> st.SearchStrategy:
    return arrays(np.float64, shape, elements=st.integers(0, largest).map(float))


@settings(max_examples=400, deadline=None)
@given(st.data(), st.integers(1, 6))
def test_the_longest_shared_run_is_the_longest_of_all(data, largest):
    training = data.draw(values(largest, st.integers(1, 24)))
    shape = st.tuples(st.integers(1, 3), st.integers(1, 24))
    paths = data.draw(values(largest, shape))
    copied = data.draw(st.integers(0, training.size))
    paths[0, : training[copied:].size] = training[copied:][: paths.shape[1]]
    assert longest_shared_run(training, paths) == longest_by_trying_all(training, paths)


@pytest.mark.parametrize("length", [1, 2, 3, 31, 32, 33, 100, 127, 511, 700])
def test_a_copy_has_its_length_wherever_it_stands(training, length):
    for begin, to in ((0, 800), (1_500 - length, 0), (400, 1_500 - length)):
        paths = heavy(3, 1_500, seed=1)
        paths[1, to : to + length] = training[begin : begin + length]
        assert longest_shared_run(training, paths) == length


def test_no_run_goes_from_one_path_into_the_next(training):
    halves = np.array([training[100:150], training[150:200]])
    assert longest_shared_run(training, halves) == 50
    assert longest_shared_run(training, halves.reshape(1, 100)) == 100


def test_values_are_the_same_up_to_rounding(training):
    copy = training[None, 200:500]
    noise = np.random.default_rng(3).uniform(-1, 1, size=copy.shape) * training.std()
    assert longest_shared_run(training, copy + 0.9e-6 * noise) == 300
    assert longest_shared_run(training, copy.astype(np.float32).astype(np.float64)) == 300
    assert longest_shared_run(training, copy + 1e-3 * noise) < 5
    assert longest_shared_run(training, 2 * copy) <= 1


def test_a_stale_market_is_no_copy():
    stale = np.zeros(300)
    assert longest_shared_run(stale, np.zeros((2, 200))) == 1
    assert longest_shared_run(stale, np.ones((2, 200))) == 0
    one_move = np.where(np.arange(300) == 150, 0.01, 0.0)
    assert longest_shared_run(one_move, np.roll(one_move, 40)[None]) == 3
    unlike = np.array([0, 0, 1, 1, 1, 2, 0, 0]), np.array([0, 0, 0, 1, 1, 2, 2, 2])
    assert longest_shared_run(unlike[0] * 0.01, unlike[1][None] * 0.01) == 2
    alike = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    assert longest_shared_run(unlike[0] * 0.01, alike[None] * 0.01) == 3


def test_returns_of_few_values_share_short_runs_by_chance():
    training, paths = (
        np.round(np.random.default_rng(seed).normal(size=size)) * 1e-4
        for seed, size in ((0, 2_000), (1, (20, 2_000)))
    )
    shared = longest_shared_run(training, paths)
    assert 8 < shared < 25
    noise = np.random.default_rng(2).uniform(-1e-12, 1e-12, size=(21, 2_000))
    assert longest_shared_run(training + noise[0], paths + noise[1:]) == shared


def test_nothing_is_shared_with_nothing():
    assert longest_shared_run(np.empty(0), np.zeros((2, 5))) == 0
    assert longest_shared_run(np.zeros(5), np.empty((0, 5))) == 0
    assert longest_shared_run(np.zeros(5), np.empty((2, 0))) == 0


def test_runs_of_a_bootstrap_of_real_returns_are_its_longest_blocks():
    returns = np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))
    paths = stationary_bootstrap(returns, 50, returns.size, 20, np.random.default_rng(0))
    assert 120 < longest_shared_run(returns, paths) < 400  # 12,600 blocks: about 20 ln 12,600
    fresh = np.random.default_rng(1).normal(0, returns.std(), size=paths.shape)
    assert longest_shared_run(returns, fresh) <= 1
