from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tsgan import dependence
from tsgan.dependence import (
    correlations,
    cross_correlations,
    magnitude_correlations,
    matrix_distance,
    mean_tail_dependence,
    portfolio,
    spectrum,
    tail_dependence,
)

EQUAL = np.full((4, 4), 0.6) + 0.4 * np.eye(4)


def normal_panel(paths: int, steps: int, correlation: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns of sd 1 %, different means, and a known correlation."""
    factor = np.linalg.cholesky(correlation)
    normal = np.random.default_rng(seed).normal(size=(paths, steps, len(correlation)))
    return 0.01 * normal @ factor.T + np.linspace(-0.02, 0.05, len(correlation))


@pytest.fixture(params=[1 << 20, 50])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependence, "BATCH_VALUES", request.param)


@pytest.mark.usefixtures("batches")
def test_correlations_are_those_of_numpy_over_the_stacked_paths() -> None:
    panel = normal_panel(7, 30, EQUAL)
    stacked = panel.reshape(-1, 4)
    np.testing.assert_allclose(correlations(panel), np.corrcoef(stacked.T), atol=1e-12)
    magnitudes = np.corrcoef(np.abs(stacked).T)
    np.testing.assert_allclose(magnitude_correlations(panel), magnitudes, atol=1e-12)
    assert matrix_distance(correlations(panel), magnitude_correlations(panel)) > 0.1


def test_correlations_of_a_gaussian_copula() -> None:
    panel = normal_panel(20, 10_000, EQUAL)
    np.testing.assert_allclose(correlations(panel), EQUAL, atol=0.01)
    centred = panel - panel.mean(axis=(0, 1))
    # of |x| and |y|: (E|xy| − 2/π) / (1 − 2/π), E|xy| = 2/π (√(1 − ρ²) + ρ arcsin ρ)
    product = 2 / np.pi * (np.sqrt(1 - 0.36) + 0.6 * np.arcsin(0.6))
    expected = (product - 2 / np.pi) / (1 - 2 / np.pi)
    found = magnitude_correlations(centred)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize("lag", [1, 3])
def test_cross_correlation_finds_who_leads(lag: int) -> None:
    leader = np.random.default_rng(1).normal(size=(3, 5_000))
    follower = np.random.default_rng(2).normal(size=(3, 5_000))
    follower[:, lag:] += leader[:, :-lag]
    panel = np.stack([leader, follower], axis=2) + 4
    found = cross_correlations(panel, lag)
    np.testing.assert_allclose(found, [[0, 1 / np.sqrt(2)], [0, 0]], atol=0.03)
    assert abs(cross_correlations(panel, lag + 1)).max() < 0.03


@pytest.mark.usefixtures("batches")
def test_cross_correlation_by_hand_never_pairs_two_paths() -> None:
    panel = normal_panel(6, 9, EQUAL, seed=3)
    centred = panel - panel.mean(axis=(0, 1))
    expected = np.zeros((4, 4))
    for path in centred:
        for t in range(9 - 2):
            expected += np.outer(path[t], path[t + 2])
    scale = np.sqrt((centred**2).sum(axis=(0, 1)))
    expected /= np.outer(scale, scale)
    np.testing.assert_allclose(cross_correlations(panel, 2), expected, atol=1e-12)


def test_an_asset_that_never_changes_has_no_correlation() -> None:
    panel = normal_panel(3, 200, EQUAL)
    panel[:, :, 1] = 0.1 + 0.2  # its mean does not come out as the same number
    for statistic in (correlations, magnitude_correlations):
        found = statistic(panel)
        assert (found[1, [0, 2, 3]] == 0).all() and (found[[0, 2, 3], 1] == 0).all()
        assert (np.diag(found) == 1).all()
    crossed = cross_correlations(panel)
    assert (crossed[1] == 0).all() and (crossed[:, 1] == 0).all()
    joint = tail_dependence(panel)
    assert (joint[1] == 0).all() and (joint[:, 1] == 0).all()
    assert np.isfinite(spectrum(panel)).all()
    panel[:, :, 0] = np.where(panel[:, :, 0] > 0, 0.3, -0.3)  # |r| alone never changes
    assert (magnitude_correlations(panel)[0, 1:] == 0).all()


def test_spectrum_of_equal_correlations() -> None:
    found = spectrum(normal_panel(20, 10_000, EQUAL))
    np.testing.assert_allclose(found, [1 + 3 * 0.6, 0.4, 0.4, 0.4], atol=0.02)
    assert (np.diff(found) <= 0).all() and found.sum() == pytest.approx(4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 4), st.integers(2, 40))
def test_axioms(seed: int, assets: int, paths: int, steps: int) -> None:
    generator = np.random.default_rng(seed)
    panel = generator.standard_t(3, size=(paths, steps, assets)) * 0.01
    panel[:, :, 0] = np.round(panel[:, :, 0], 2)  # ties
    order = generator.permutation(assets)
    scaled = panel[:, :, order] * 3 + 1
    for statistic in (correlations, lambda x: tail_dependence(x, 0.2)):
        found = statistic(panel)
        assert (found == found.T).all() and (abs(found) <= 1).all()
        np.testing.assert_allclose(statistic(scaled), found[np.ix_(order, order)], atol=1e-9)
        np.testing.assert_allclose(spectrum(scaled), spectrum(panel), atol=1e-9)
    np.testing.assert_allclose(
        cross_correlations(panel[:, ::-1]), cross_correlations(panel).T, atol=1e-9
    )
    assert (tail_dependence(-panel, 0.2) == tail_dependence(panel, 0.2, upper=True)).all()
    other = correlations(scaled)
    assert matrix_distance(other, other) == 0
    assert matrix_distance(other, -other) == pytest.approx(2 * np.sqrt((other**2).sum()))


@pytest.mark.parametrize("upper", [False, True])
def test_tail_dependence_between_none_and_all(upper: bool) -> None:
    shock = np.random.default_rng(4).normal(size=(4, 25_000))
    other = np.random.default_rng(5).normal(size=(4, 25_000))
    panel = np.stack([shock, np.exp(shock), -shock, other], axis=2)
    found = tail_dependence(panel, 0.05, upper=upper)
    assert found[0, 1] == 1 and (np.diag(found) == 1).all()
    assert found[0, 2] == 0
    assert found[0, 3] == pytest.approx(0.05, abs=0.01)
    assert mean_tail_dependence(panel[:, :, :2], upper=upper) == 1
    expected = found[np.triu_indices(4, 1)].mean()
    assert mean_tail_dependence(panel, upper=upper) == pytest.approx(expected)


def test_tails_are_told_apart() -> None:
    shock = np.random.default_rng(6).normal(size=(1, 50_000))
    own = np.random.default_rng(7).normal(size=(1, 50_000, 2))
    panel = np.where(shock[:, :, None] < -1, shock[:, :, None], own.clip(-1))
    assert mean_tail_dependence(panel) == 1
    assert mean_tail_dependence(panel, upper=True) < 0.1


def test_tail_dependence_by_hand() -> None:
    panel = np.array([[[1.0, 9.0], [2.0, 1.0], [3.0, 3.0]], [[4.0, 2.0], [5.0, 8.0], [0.0, 4.0]]])
    np.testing.assert_array_equal(tail_dependence(panel, 0.5), [[1, 1 / 3], [1 / 3, 1]])
    np.testing.assert_array_equal(tail_dependence(panel, 0.34, upper=True), [[1, 0.5], [0.5, 1]])


@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("freedom", [3, 8])
def test_tail_dependence_nears_that_of_a_student_copula(rho: float, freedom: int) -> None:
    student = scipy.stats.multivariate_t([0, 0], [[1, rho], [rho, 1]], df=freedom, seed=8)
    panel = student.rvs(400_000).reshape(4, -1, 2)
    limit = 2 * scipy.stats.t.cdf(-np.sqrt((freedom + 1) * (1 - rho) / (1 + rho)), df=freedom + 1)
    for upper in (False, True):
        assert mean_tail_dependence(panel, 0.002, upper=upper) == pytest.approx(limit, abs=0.06)


@pytest.mark.parametrize("level", [0.05, 0.01])
def test_tail_dependence_of_a_gaussian_copula(level: float) -> None:
    panel = normal_panel(10, 50_000, EQUAL, seed=9)
    z = scipy.stats.norm.ppf(level)
    joint = scipy.stats.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]]).cdf([z, z])
    assert mean_tail_dependence(panel, level) == pytest.approx(joint / level, abs=0.02)


@pytest.mark.usefixtures("batches")
def test_portfolio_by_hand() -> None:
    simple = np.random.default_rng(10).uniform(-0.3, 0.4, size=(5, 8, 3))
    wealth = np.log(1 + simple.mean(axis=2))
    np.testing.assert_allclose(portfolio(np.log(1 + simple)), wealth, rtol=1e-12, atol=1e-15)
    panel = normal_panel(5, 8, EQUAL)
    panel[...] = panel[:, :, :1]
    np.testing.assert_allclose(portfolio(panel), panel[:, :, 0], rtol=1e-15)


def test_portfolio_survives_returns_without_measure() -> None:
    panel = np.array([[[800.0, -800.0], [-800.0, -800.0], [1e-18, 3e-18]]])
    np.testing.assert_allclose(portfolio(panel), [[800 - np.log(2), -800, 2e-18]], rtol=1e-12)


def test_tail_dependence_on_real_prices_falls_with_the_lag() -> None:
    prices = pd.read_csv("data/samples/sp500.csv")[["Adj Close", "Low"]].to_numpy()
    returns = np.diff(np.log(prices), axis=0)[None]
    together = mean_tail_dependence(returns)
    shifted = np.stack([returns[:, :-20, 0], returns[:, 20:, 1]], axis=2)
    assert 0.3 < together < 0.9 and mean_tail_dependence(shifted) < together / 2
