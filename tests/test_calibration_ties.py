"""The map of a marginal in which values are taken again and again, and of very long series."""

from __future__ import annotations

import numpy as np
import pytest

from tsgan.calibration import BETWEEN, BEYOND, MOST_KNOTS, MOST_TIES, OFTEN, Calibration

COUNT = 5000
MADE = np.random.default_rng(1).standard_normal(100_000)


def real(count: int = COUNT) -> np.ndarray:
    return np.sort(np.random.default_rng(0).standard_normal(count))


def tied(first: int, count: int) -> tuple[np.ndarray, float]:
    """(COUNT,) ascending returns of which ``count`` from ``first`` on are equal, and that value."""
    returns = real()
    returns[first : first + count] = returns[first]
    return returns, float(returns[first])


PLAIN = Calibration.fit(real(), MADE).made.size


@pytest.mark.parametrize("first", [60, 777, 2490, 4800])
@pytest.mark.parametrize("count", [OFTEN, 45, 130])
def test_a_value_is_made_as_often_as_it_is_taken(first: int, count: int) -> None:
    returns, value = tied(first, count)
    calibration = Calibration.fit(returns, MADE)
    assert (calibration(MADE) == value).mean() == pytest.approx(count / COUNT, abs=2e-4)


def test_a_value_that_is_rare_has_no_place_of_its_own() -> None:
    returns, _ = tied(777, OFTEN - 1)
    assert Calibration.fit(returns, MADE).made.size == PLAIN
    assert Calibration.fit(tied(777, OFTEN)[0], MADE).made.size == PLAIN + 2


def test_the_most_frequent_values_have_a_place_and_the_others_none() -> None:
    returns = np.round(real(), 1)
    counts = np.unique(returns, return_counts=True)[1]
    assert (counts >= OFTEN).sum() > 2 * MOST_TIES
    calibration = Calibration.fit(returns, MADE)
    assert PLAIN < calibration.made.size <= PLAIN + 2 * MOST_TIES


@pytest.mark.parametrize("first", [0, COUNT - 30])
def test_beyond_the_outermost_knots_no_value_has_a_place(first: int) -> None:
    returns, _ = tied(first, 30)
    calibration = Calibration.fit(returns, MADE)
    assert calibration.made.size == PLAIN
    outermost = np.quantile(MADE, [BEYOND / COUNT, 1 - BEYOND / COUNT])
    np.testing.assert_allclose(calibration.made[[0, -1]], outermost, rtol=0, atol=1e-12)


def test_ties_that_end_where_a_knot_is_give_no_map_that_falls() -> None:
    for count in range(300, 800):
        for end in (BEYOND + BETWEEN, count - BEYOND - BETWEEN):
            returns = np.arange(float(count))
            returns[end - OFTEN : end] = returns[end - OFTEN]
            calibration = Calibration.fit(returns, MADE[:2000])
            assert (np.diff(calibration.meant) >= 0).all()


@pytest.mark.parametrize(("count", "spacing"), [(59_999, 60), (200_000, 200)])
def test_knots_of_long_series_are_further_apart(count: int, spacing: int) -> None:
    calibration = Calibration.fit(np.arange(float(count)), MADE)
    assert calibration.made.size <= MOST_KNOTS + 2
    np.testing.assert_allclose(np.diff(calibration.meant[:5]), spacing, rtol=1e-3)
    assert calibration.meant[0] == pytest.approx(BEYOND, rel=1e-3)


def test_neighbouring_values_keep_their_shares() -> None:
    """Where one ends the next begins: the map steps from one to the other."""
    returns = np.round(np.random.default_rng(0).standard_normal(COUNT))
    made = Calibration.fit(returns, MADE)(MADE)
    for value in (-1.0, 0.0, 1.0):
        assert (made == value).mean() == pytest.approx((returns == value).mean(), abs=2e-4)
