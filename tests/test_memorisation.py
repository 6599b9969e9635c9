import numpy as np
import pytest

from tsgan import memorisation
from tsgan.baselines import stationary_bootstrap
from tsgan.memorisation import copied_windows


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
