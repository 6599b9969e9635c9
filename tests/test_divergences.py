import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsgan.divergences import histograms, jensen_shannon, kullback_leibler, total_variation
from tsgan.errors import ConfigError

several = settings(max_examples=80, deadline=None)
values = arrays(np.float64, st.integers(1, 60), elements=st.integers(-9, 9).map(float))


@st.composite
def shares(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """Three histograms over the same bins, some of them with empty ones."""
    bins = draw(st.integers(1, 12))
    counts = arrays(np.float64, bins, elements=st.integers(0, 50).map(float))
    drawn = [draw(counts.filter(lambda count: count.sum() > 0)) for _ in range(3)]
    return tuple(count / count.sum() for count in drawn)


@several
@given(shares())
def test_divergences_equal_scipys(drawn):
    p, q, _ = drawn
    assert kullback_leibler(p, q) == pytest.approx(scipy.stats.entropy(p, q), abs=1e-12)
    expected = scipy.spatial.distance.jensenshannon(p, q) ** 2
    assert jensen_shannon(p, q) == pytest.approx(expected, abs=1e-12)


@several
@given(shares())
def test_divergences_keep_to_their_bounds(drawn):
    p, q, r = drawn
    kl, js, tv = kullback_leibler(p, q), jensen_shannon(p, q), total_variation(p, q)
    assert kullback_leibler(p, p) == jensen_shannon(p, p) == total_variation(p, p) == 0
    assert min(kl, js, tv) >= 0
    assert js == pytest.approx(jensen_shannon(q, p)) and tv == total_variation(q, p)
    assert tv <= np.sqrt(kl / 2) + 1e-12  # Pinsker
    assert js <= tv * np.log(2) + 1e-12 <= np.log(2) + 2e-12
    for distance in (total_variation, lambda a, b: np.sqrt(jensen_shannon(a, b))):
        assert distance(p, r) <= distance(p, q) + distance(q, r) + 1e-7
    assert tv == pytest.approx(sum(max(a - b, 0) for a, b in zip(p, q, strict=True)))


def test_divergences_of_two_coins_are_known():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert kullback_leibler(p, q) == pytest.approx(np.log(2 / np.sqrt(3)))
    assert total_variation(p, q) == 0.25
    apart = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert kullback_leibler(*apart) == np.inf
    assert jensen_shannon(*apart) == pytest.approx(np.log(2))
    assert total_variation(*apart) == 1


def test_rounding_never_makes_a_divergence_negative():
    for seed in range(30):
        p = np.random.default_rng(seed).random(7)
        q = p * (1 + 1e-15 * np.arange(7))
        p, q = p / p.sum(), q / q.sum()
        assert 0 <= kullback_leibler(p, q) < 1e-14
        assert 0 <= jensen_shannon(p, q) < 1e-14


def test_histograms_hold_equal_counts_and_their_outer_bins_are_open():
    real = np.random.default_rng(0).permutation(np.arange(100.0))
    synthetic = np.repeat([-1e9, 25.0, 1e9], [1, 2, 5])
    p, q = histograms(real, synthetic, 4)
    np.testing.assert_allclose(p, 0.25)
    np.testing.assert_allclose(q, np.array([1, 2, 0.5, 5]) / 8.5)
    again = histograms(np.sort(real), synthetic, 4, ordered=True)
    np.testing.assert_array_equal(np.array(again), np.array([p, q]))


@several
@given(values, values, st.integers(1, 70))
def test_histograms_sum_to_1_have_no_empty_bin_and_keep_equal_values_together(real, other, bins):
    p, q = histograms(real, other, bins)
    assert p.shape == q.shape and 1 <= len(p) <= min(bins, len(np.unique(real)))
    assert p.sum() == pytest.approx(1) and q.sum() == pytest.approx(1)
    assert min(p.min(), q.min()) > 0
    counts = np.rint(p * real.size)
    np.testing.assert_allclose(p * real.size, counts, atol=1e-9)  # no real bin is empty
    ends = np.cumsum(counts).astype(int)[:-1]
    ordered = np.sort(real)
    assert np.all(ordered[ends] > ordered[ends - 1])
    np.testing.assert_allclose(histograms(real, np.repeat(real, 3), bins)[1], p)


def test_the_divergence_of_normals_is_near_the_integral():
    real, other = np.random.default_rng(1).normal(size=(2, 400_000))
    found = histograms(real, 0.5 + other, 200)
    assert kullback_leibler(*found) == pytest.approx(0.5**2 / 2, rel=0.03)
    assert total_variation(*found) == pytest.approx(2 * scipy.stats.norm.cdf(0.25) - 1, rel=0.03)
    null = histograms(real, other)
    assert len(null[0]) == 50
    assert kullback_leibler(*null) < 5e-4


def test_there_is_at_least_one_bin():
    with pytest.raises(ConfigError, match="bin"):
        histograms(np.zeros(3), np.zeros(3), 0)
