"""What every distance owes, on small samples with ties, repeats and different sizes."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsgan import distances
from tsgan.distances import sliced_wasserstein_1, wasserstein_1, wasserstein_p

tied = arrays(np.float64, st.integers(1, 25), elements=st.integers(-6, 6).map(float))
spread = arrays(
    np.float64, st.integers(1, 25), elements=st.floats(-1e3, 1e3, allow_subnormal=False)
)
samples = st.one_of(tied, spread)
orders = st.sampled_from([1.0, 1.25, 2.0, 3.0, 7.0])
clouds = arrays(
    np.float64, st.tuples(st.integers(1, 9), st.just(3)), elements=st.integers(-9, 9).map(float)
)
several = settings(max_examples=80, deadline=None)


def gaps(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    """Return width and gap of the quantile functions between all levels at which one steps."""
    levels = sorted({Fraction(k, a.size) for a in (x, y) for k in range(a.size + 1)})
    found = []
    for low, high in itertools.pairwise(levels):
        first, second = (np.sort(a)[int(low * a.size)] for a in (x, y))
        found.append((float(high - low), abs(first - second)))
    return found


def by_definition(x: np.ndarray, y: np.ndarray, p: float) -> float:
    return sum(width * gap**p for width, gap in gaps(x, y)) ** (1 / p)


def between_the_distribution_functions(x: np.ndarray, y: np.ndarray) -> float:
    """Return ``∫ |F_x − F_y| dv`` over the grid of all values."""
    grid = np.unique(np.concatenate([x, y]))
    below_x, below_y = (np.mean(a[None] <= grid[:-1, None], axis=1) for a in (x, y))
    return float(np.sum(np.abs(below_x - below_y) * np.diff(grid)))


@several
@given(samples, samples, orders)
def test_wasserstein_p_is_its_definition_for_any_sizes(x, y, p):
    assert wasserstein_p(x, y, p) == pytest.approx(by_definition(x, y, p), rel=1e-9, abs=1e-9)


@several
@given(samples, samples, st.integers(1, 6))
def test_nothing_depends_on_how_many_values_are_compared_at_a_time(x, y, at_once):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distances, "VALUES_AT_ONCE", at_once)
        found = wasserstein_1(x, y), wasserstein_p(x, y, 2)
    assert found == pytest.approx((by_definition(x, y, 1), by_definition(x, y, 2)), abs=1e-9)


@several
@given(samples, samples)
def test_wasserstein_1_is_the_area_between_the_distribution_functions(x, y):
    expected = between_the_distribution_functions(x, y)
    assert wasserstein_1(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert wasserstein_p(x, y, 1) == wasserstein_1(x, y)


@several
@given(samples, samples, samples, orders)
def test_wasserstein_p_is_a_metric(x, y, z, p):
    apart = wasserstein_p(x, y, p)
    assert wasserstein_p(x, x, p) == 0
    assert wasserstein_p(y, x, p) == pytest.approx(apart, rel=1e-12)
    assert (apart > 0) == (between_the_distribution_functions(x, y) > 0)
    assert wasserstein_p(x, z, p) <= apart + wasserstein_p(y, z, p) + 1e-9


@several
@given(samples, samples, orders, st.floats(-50, 50), st.sampled_from([-3.0, -1.0, 1e-3, 2.5]))
def test_wasserstein_p_moves_and_grows_with_its_samples(x, y, p, shift, scale):
    apart = wasserstein_p(x, y, p)
    assert wasserstein_p(x + shift, y + shift, p) == pytest.approx(apart, abs=1e-9)
    assert wasserstein_p(scale * x, scale * y, p) == pytest.approx(abs(scale) * apart, rel=1e-9)
    assert wasserstein_p(x, x + shift, p) == pytest.approx(abs(shift), abs=1e-9)


@several
@given(samples, samples, orders)
def test_wasserstein_p_grows_with_p_up_to_the_largest_gap(x, y, p):
    larger = wasserstein_p(x, y, p + 0.5)
    assert abs(x.mean() - y.mean()) <= wasserstein_1(x, y) + 1e-9
    assert wasserstein_1(x, y) <= wasserstein_p(x, y, p) * (1 + 1e-9) + 1e-9
    assert wasserstein_p(x, y, p) <= larger * (1 + 1e-9) + 1e-9
    largest = max(gap for _, gap in gaps(x, y))
    assert wasserstein_p(x, y, 1e5) == pytest.approx(largest, rel=1e-3)


@several
@given(samples, samples, orders, st.integers(2, 4))
def test_repeating_a_sample_changes_nothing(x, y, p, times):
    expected = wasserstein_p(x, y, p)
    assert wasserstein_p(np.repeat(x, times), y, p) == pytest.approx(expected, abs=1e-9)
    assert wasserstein_p(np.repeat(x, times), np.repeat(y, times), p) == pytest.approx(
        expected, abs=1e-9
    )


@several
@given(clouds, clouds, clouds, st.floats(-5, 5))
def test_sliced_wasserstein_is_a_distance_along_the_same_lines(x, y, z, shift):
    def apart(first: np.ndarray, second: np.ndarray) -> float:
        return sliced_wasserstein_1(first, second, 7, np.random.default_rng(0))

    assert apart(x, x) == 0
    assert apart(x, y) == pytest.approx(apart(y, x))
    assert apart(x, z) <= apart(x, y) + apart(y, z) + 1e-9
    assert apart(x + shift, y + shift) == pytest.approx(apart(x, y), abs=1e-9)
    assert apart(2 * x, 2 * y) == pytest.approx(2 * apart(x, y))
    assert apart(x, x + np.array([shift, 0, 0])) <= abs(shift) + 1e-9
