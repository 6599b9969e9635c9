import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsgan.distances import (
    dragulescu_yakovenko,
    gaussian_wasserstein_2,
    sliced_wasserstein_1,
    wasserstein_1,
    wasserstein_p,
)
from tsgan.errors import ConfigError, DataError

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


@pytest.mark.parametrize("sizes", [(70_001, 70_000), (65_536, 98_304), (200_000, 7), (7, 100_003)])
def test_wasserstein_is_exact_where_large_samples_are_compared_piece_by_piece(sizes):
    x, y = (np.random.default_rng(n).normal(n % 3, size=n) for n in sizes)
    expected = scipy.stats.wasserstein_distance(x, y)
    assert wasserstein_1(x, y) == pytest.approx(expected, rel=1e-12)


def test_wasserstein_p_of_shifted_and_scaled_distributions_is_known():
    u = (np.arange(200_000) + 0.5) / 200_000
    normal, short = scipy.stats.norm.ppf(u), scipy.stats.norm.ppf(u[4::9])
    for p in (1.0, 1.5, 2.0, 3.0, 4.0):
        moment = 2 ** (p / 2) * scipy.special.gamma((p + 1) / 2) / np.sqrt(np.pi)  # E|z|^p
        assert wasserstein_p(normal, 3 * normal, p) == pytest.approx(
            2 * moment ** (1 / p), rel=1e-3
        )
        assert wasserstein_p(short, 3 * normal, p) == pytest.approx(2 * moment ** (1 / p), rel=5e-3)
        assert wasserstein_p(u, u - 0.3, p) == pytest.approx(0.3)
        assert wasserstein_p(u, 3 * u, p) == pytest.approx(2 / (p + 1) ** (1 / p), rel=1e-6)


def test_wasserstein_p_neither_overflows_nor_vanishes():
    x, y = np.array([0.0, 0.0]), np.array([1e-3, 5e-4, 0.0])
    assert wasserstein_p(x, y, 300) == pytest.approx(1e-3, rel=0.01)
    assert wasserstein_p(1e200 * x, 1e200 * y, 300) == pytest.approx(1e197, rel=0.01)


@pytest.mark.parametrize("p", [0.5, 0, -1, np.inf, np.nan])
def test_wasserstein_p_is_asked_for_an_order_it_has(p):
    with pytest.raises(ConfigError, match="order p"):
        wasserstein_p(np.zeros(3), np.ones(3), p)


def test_gaussian_wasserstein_of_numbers():
    assert gaussian_wasserstein_2(1.0, 4.0, 4.0, 64.0) == pytest.approx(np.hypot(3, 8 - 2))
    assert gaussian_wasserstein_2(0.0, 0.0, 0.0, 9.0) == pytest.approx(3)
    draws = scipy.stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    expected = wasserstein_p(draws, 2 * draws + 1, 2)
    assert gaussian_wasserstein_2(0.0, 1.0, 1.0, 4.0) == pytest.approx(expected, rel=1e-3)


def covariance(seed: int, size: int, rank: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size, rank))
    return root @ root.T


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_gaussian_wasserstein_equals_the_formula_with_matrix_roots(size):
    x, y = covariance(0, size, size + 2), covariance(1, size, size + 2)
    means = np.random.default_rng(2).normal(size=(2, size))
    root = scipy.linalg.sqrtm(x)
    cross = scipy.linalg.sqrtm(root @ y @ root).real
    squared = np.sum((means[0] - means[1]) ** 2) + np.trace(x + y - 2 * cross)
    found = gaussian_wasserstein_2(means[0], x, means[1], y)
    assert found == pytest.approx(np.sqrt(squared), rel=1e-9)
    assert found == pytest.approx(gaussian_wasserstein_2(means[1], y, means[0], x), rel=1e-12)


def test_gaussian_wasserstein_of_commuting_and_singular_covariances():
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    sd_x, sd_y = np.array([3.0, 0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 2.0])
    x, y = ((turn * sd**2) @ turn.T for sd in (sd_x, sd_y))
    zero = np.zeros(4)
    expected = np.linalg.norm(sd_x - sd_y)
    assert gaussian_wasserstein_2(zero, x, zero, y) == pytest.approx(expected)
    assert gaussian_wasserstein_2(zero, y, zero, x) == pytest.approx(expected)
    assert gaussian_wasserstein_2(zero, x, zero, 0 * y) == pytest.approx(np.linalg.norm(sd_x))


@several
@given(st.integers(0, 1_000), st.integers(1, 6), st.integers(0, 6))
def test_gaussian_wasserstein_of_a_distribution_to_itself_is_0(seed, size, rank):
    x, mean = covariance(seed, size, rank), np.arange(float(size))
    scale = max(1.0, np.trace(x)) ** 0.5
    # The root of an eigenvalue of 1e-16 is 1e-8, whether it is rounding or not.
    assert gaussian_wasserstein_2(mean, x, mean, x) <= 1e-7 * scale
    if rank >= 2 * size:
        assert gaussian_wasserstein_2(mean, x, mean, x) <= 1e-12 * scale


def test_gaussian_wasserstein_forgives_rounding_but_no_negative_variance():
    nearly = np.diag([1.0, -1e-9])
    zero, one = np.zeros(2), np.eye(2)
    assert gaussian_wasserstein_2(zero, nearly, zero, one) == pytest.approx(1)
    with pytest.raises(DataError, match="negative"):
        gaussian_wasserstein_2(zero, np.diag([1.0, -0.1]), zero, one)
    with pytest.raises(DataError, match=r"\(3,\)"):
        gaussian_wasserstein_2(zero, one, np.zeros(3), one)
    with pytest.raises(DataError, match="covariances"):
        gaussian_wasserstein_2(zero, one, zero, np.ones(2))


def test_sliced_wasserstein_in_one_dimension_is_wasserstein():
    x, y = np.random.default_rng(0).normal(size=40), np.random.default_rng(1).normal(2, size=55)
    found = sliced_wasserstein_1(x[:, None], y[:, None], 3, np.random.default_rng(2))
    assert found == pytest.approx(wasserstein_1(x, y))


@pytest.mark.parametrize("size", [2, 3, 8])
def test_sliced_wasserstein_of_a_shift_is_its_mean_length_along_a_line(size):
    generator = np.random.default_rng(size)
    x, shift = generator.normal(size=(6, size)), generator.normal(size=size)
    mean = scipy.special.gamma(size / 2) / scipy.special.gamma((size + 1) / 2) / np.sqrt(np.pi)
    found = sliced_wasserstein_1(x, x + shift, 40_000 // size, generator)
    assert found == pytest.approx(mean * np.linalg.norm(shift), rel=0.03)


def test_sliced_wasserstein_follows_its_generator_and_names_what_does_not_fit():
    x, y = np.random.default_rng(0).normal(size=(2, 30, 4))
    found = [sliced_wasserstein_1(x, y, 5, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    with pytest.raises(ConfigError, match="direction"):
        sliced_wasserstein_1(x, y, 0, np.random.default_rng(0))
    with pytest.raises(DataError, match=r"\(30, 3\)"):
        sliced_wasserstein_1(x, y[:, :3], 5, np.random.default_rng(0))


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


def test_sums_of_the_same_ticks_fall_into_one_bin():
    steps = np.random.default_rng(8).choice([-1.0, 0.0, 1.0], p=[0.2, 0.6, 0.2], size=(2, 3_000))
    totals = np.cumsum(0.001 * steps, axis=1)
    rounded, exact = totals[:, 5:] - totals[:, :-5], np.cumsum(steps, axis=1)
    exact = exact[:, 5:] - exact[:, :-5]
    assert len(np.unique(rounded[0])) > len(np.unique(exact[0]))
    assert dragulescu_yakovenko(*rounded) == pytest.approx(dragulescu_yakovenko(*exact))
