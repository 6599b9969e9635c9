import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.stattools import acf

from tsgan import stylized


def ar1(phi: float, steps: int, paths: int, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=(paths, steps + 200))
    for t in range(1, shocks.shape[1]):
        shocks[:, t] += phi * shocks[:, t - 1]
    return shocks[:, 200:]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(12, 40))
def test_overlapping_sums_add_up_k_steps_of_one_path(k, steps):
    paths = np.random.default_rng(k).normal(size=(3, steps))
    sums = stylized.overlapping_sums(paths, k)
    expected = [[path[t : t + k].sum() for t in range(steps - k + 1)] for path in paths]
    np.testing.assert_allclose(sums, expected, atol=1e-12)


def test_autocorrelation_equals_that_of_statsmodels(monkeypatch):
    monkeypatch.setattr(stylized, "BATCH_VALUES", 1_500)  # several batches, the last one short
    paths = np.random.default_rng(1).standard_t(3, size=(7, 700)) + 5
    expected = [acf(path, nlags=250, fft=False)[1:] for path in paths]
    np.testing.assert_allclose(stylized.autocorrelation(paths, 250), expected, atol=1e-12)


def test_autocorrelation_of_an_ar1_is_a_power_of_phi():
    curve = stylized.autocorrelation(ar1(0.8, 20_000, 20), 10).mean(axis=0)
    np.testing.assert_allclose(curve, 0.8 ** np.arange(1, 11), atol=0.01)


def test_autocorrelation_of_a_constant_path_is_0():
    paths = np.vstack([np.full(50, 0.01), np.arange(50.0)])
    curves = stylized.autocorrelation(paths, 49)
    assert (curves[0] == 0).all() and curves[1, 0] > 0.9


def test_leverage_is_the_correlation_of_a_return_with_later_squares():
    returns = np.random.default_rng(2).normal(size=(2, 4_000))
    for t in range(3, 4_000):  # a loss raises the volatility three steps later
        returns[:, t] *= np.exp(-0.4 * returns[:, t - 3].clip(-2, 2))
    returns += 0.5
    curve = stylized.leverage(returns, 6)
    expected = [[np.corrcoef(r[:-k], r[k:] ** 2)[0, 1] for k in range(1, 7)] for r in returns]
    np.testing.assert_allclose(curve, expected, atol=5e-3)
    assert curve.mean(axis=0).argmin() == 2 and curve.mean(axis=0)[2] < -0.15
    assert abs(stylized.leverage(returns[:, ::-1], 6)[:, 2]).max() < 0.1  # time has a direction


def test_hill_finds_the_exponent_of_a_pareto_tail():
    n = 100_000
    pareto = (1 - (np.arange(n) + 0.5) / n) ** (-1 / 3)
    assert stylized.hill(pareto, 0.05) == pytest.approx(3, rel=0.01)
    assert stylized.hill(7 * pareto, 0.05) == pytest.approx(stylized.hill(pareto, 0.05))


def test_hill_by_hand():
    values = np.array([1.0, 2.0, 8.0, 4.0])  # k = 2: (ln 8/2 + ln 4/2) / 2
    assert stylized.hill(values, 0.5) == pytest.approx(2 / (3 * np.log(2)))


def test_hill_nears_the_degrees_of_freedom_of_a_student():
    values = np.abs(np.random.default_rng(3).standard_t(3, size=400_000))
    assert stylized.hill(values, 0.002) == pytest.approx(3, rel=0.1)


def test_hill_is_not_defined_without_a_positive_tail():
    assert np.isnan(stylized.hill(-np.arange(100.0), 0.05))
    assert np.isnan(stylized.hill(np.arange(1, 5.0), 0.05))  # k = 0
    assert np.isinf(stylized.hill(np.ones(100), 0.05))


@pytest.mark.parametrize("level", [0.01, 0.05, 0.95, 0.99])
def test_value_at_risk_and_shortfall_of_a_normal(level):
    n = 200_000
    values = scipy.stats.norm.ppf((np.arange(n) + 0.5) / n)
    quantile = scipy.stats.norm.ppf(level)
    beyond = scipy.stats.norm.pdf(quantile) / min(level, 1 - level) * np.sign(level - 0.5)
    assert stylized.value_at_risk(values, level) == pytest.approx(quantile, abs=1e-3)
    assert stylized.expected_shortfall(values, level) == pytest.approx(beyond, abs=1e-3)


def test_moments_equal_scipys():
    values = np.random.default_rng(4).lognormal(size=5_000)
    assert stylized.skewness(values) == pytest.approx(scipy.stats.skew(values))
    assert stylized.excess_kurtosis(values) == pytest.approx(scipy.stats.kurtosis(values))
    assert stylized.standard_deviation(values) == pytest.approx(values.std())


def test_volatility_dispersion_of_two_regimes_is_half_their_log_ratio():
    signs = np.where(np.arange(300) % 2, 1.0, -1.0)
    paths = np.vstack([0.01 * signs, 0.02 * signs])
    assert stylized.volatility_dispersion(paths) == pytest.approx(np.log(2) / 2)
    assert stylized.volatility_dispersion(paths[:1]) == pytest.approx(0, abs=1e-9)


def test_volatility_dispersion_of_independent_normals_is_that_of_the_chi_square():
    paths = np.random.default_rng(5).normal(size=(400, 504))
    expected = np.sqrt(1 / (2 * stylized.TRADING_YEAR))  # sd of ½ ln of a χ² mean, to first order
    assert stylized.volatility_dispersion(paths) == pytest.approx(expected, rel=0.05)
