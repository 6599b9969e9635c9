import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsgan.distances import dragulescu_yakovenko, wasserstein_1

samples = arrays(np.float64, st.integers(1, 30), elements=st.integers(-50, 50).map(float))
several = settings(max_examples=60, deadline=None)


@several
@given(samples, samples)
def test_wasserstein_equals_scipys_for_samples_of_any_sizes(x, y):
    expected = scipy.stats.wasserstein_distance(x, y)
    assert wasserstein_1(x, y) == pytest.approx(expected, abs=1e-10)


@several
@given(samples, samples, samples, st.floats(-5, 5))
def test_wasserstein_is_a_metric_that_moves_with_its_samples(x, y, z, shift):
    assert wasserstein_1(x, x) == 0
    assert wasserstein_1(x, y) == pytest.approx(wasserstein_1(y, x))
    assert wasserstein_1(x, z) <= wasserstein_1(x, y) + wasserstein_1(y, z) + 1e-9
    assert wasserstein_1(x, x + shift) == pytest.approx(abs(shift), abs=1e-12)
    assert wasserstein_1(x + shift, y + shift) == pytest.approx(wasserstein_1(x, y), abs=1e-9)


def test_wasserstein_keeps_the_tail_of_the_longer_sample():
    assert wasserstein_1(np.zeros(3), np.array([0.0, 0.0, 0.0, 100.0])) == pytest.approx(25)


def test_wasserstein_between_normals_is_the_gap_of_their_quantiles():
    x, y = (scipy.stats.norm.ppf((np.arange(n) + 0.5) / n) for n in (3_000, 200_000))
    expected = np.sqrt(2 / np.pi)  # E|2 z − z|
    assert wasserstein_1(x, 2 * y) == pytest.approx(expected, rel=2e-3)


def test_wasserstein_leaves_its_arguments_as_they_are():
    x, y = np.array([3.0, 1.0, 2.0]), np.array([5.0, 4.0])
    assert wasserstein_1(x, y) == wasserstein_1(np.sort(x), np.sort(y), ordered=True)
    assert x.tolist() == [3, 1, 2] and y.tolist() == [5, 4]


def test_dy_sums_the_gaps_of_the_log_shares():
    real = np.arange(60.0)  # three bins of 20: below 20, to 40, above
    synthetic = np.repeat([-1e9, 30.0, 1e9], [10, 10, 20])
    expected = np.log((1 / 3) / (1 / 4)) * 2 + np.log((1 / 2) / (1 / 3))
    assert dragulescu_yakovenko(real, synthetic) == pytest.approx(expected)


def test_dy_counts_an_empty_bin_as_half_a_point():
    real = np.arange(40.0)
    synthetic = np.full(50, 5.0)
    expected = np.log(1 / 0.5) + np.log(0.5 / (0.5 / 50))
    assert dragulescu_yakovenko(real, synthetic) == pytest.approx(expected)


@several
@given(arrays(np.float64, st.integers(1, 200), elements=st.integers(-9, 9).map(float)))
def test_dy_of_a_sample_with_itself_is_0_with_ties_too(x):
    assert dragulescu_yakovenko(x, np.repeat(x, 3)) == pytest.approx(0, abs=1e-12)


def test_dy_does_not_depend_on_the_unit_and_is_small_for_one_distribution():
    generator = np.random.default_rng(0)
    real, same = generator.normal(size=(2, 4_000))
    near = dragulescu_yakovenko(real, same)
    assert dragulescu_yakovenko(100 * real, 100 * same) == pytest.approx(near)
    assert 200 * 0.15 < near < 200 * 0.35  # each bin: E|N(0, 1/20 + 1/20)| = .25
    assert dragulescu_yakovenko(real, 1.5 * same) > 1.5 * near
