from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch
from statsmodels.tsa.stattools import acf

from tsgan import stylized

SP500 = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"


@pytest.fixture(scope="module")
def sp500() -> np.ndarray:
    return np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))[None]


def ar1(phi: float, steps: int, paths: int, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=(paths, steps + 200))
    for t in range(1, shocks.shape[1]):
        shocks[:, t] += phi * shocks[:, t - 1]
    return shocks[:, 200:]


def garch(
    steps: int, paths: int, seed: int = 0, alpha: float = 0.12, beta: float = 0.86, gamma: float = 0
) -> np.ndarray:
    """Return uncorrelated returns whose volatility clusters; losses raise it more by ``gamma``."""
    shocks = np.random.default_rng(seed).normal(size=(paths, steps + 300))
    variance = np.ones(paths)
    for t in range(shocks.shape[1]):
        shocks[:, t] *= np.sqrt(variance)
        weight = alpha + gamma * (shocks[:, t] < 0)
        variance = 1 - alpha - gamma / 2 - beta + weight * shocks[:, t] ** 2 + beta * variance
    return shocks[:, 300:]


def fractional_noise(hurst: float, steps: int, paths: int, seed: int = 0) -> np.ndarray:
    """Return fractional Gaussian noise by circulant embedding (Davies & Harte 1987)."""
    lag = np.arange(steps + 1.0)
    covariance = (
        abs(lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + abs(lag - 1) ** (2 * hurst)
    ) / 2
    eigenvalues = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    rng = np.random.default_rng(seed)
    size = (paths, eigenvalues.size)
    shocks = rng.normal(size=size) + 1j * rng.normal(size=size)
    spectrum = np.sqrt(eigenvalues.clip(0) / eigenvalues.size) * shocks
    return np.fft.fft(spectrum, axis=1).real[:, :steps]


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


def test_autocorrelation_error_covers_uncorrelated_returns_whose_volatility_clusters():
    paths = garch(2_500, 400)
    found = abs(stylized.autocorrelation(paths, 5))
    errors = np.array([stylized.autocorrelation_error(path, 5) for path in paths])
    covered = (found < errors).mean()
    assert 0.93 < covered < 0.97
    assert (found < 1.96 / np.sqrt(2_500)).mean() < covered - 0.08


def test_autocorrelation_error_of_independent_values_is_the_usual_one():
    path = np.random.default_rng(6).normal(3, 1, size=40_000)
    error = stylized.autocorrelation_error(path, 30)
    np.testing.assert_allclose(error, 1.96 / np.sqrt(40_000), rtol=0.04)
    np.testing.assert_allclose(stylized.autocorrelation_error(7 * path, 30), error)
    assert (stylized.autocorrelation_error(np.zeros(100), 30) == 0).all()


def test_autocorrelation_error_is_the_sum_in_its_formula(sp500):
    square = (sp500[0] - sp500[0].mean()) ** 2
    expected = [1.96 * np.sqrt(square[:-k] @ square[k:]) / square.sum() for k in range(1, 251)]
    found = stylized.autocorrelation_error(sp500[0], 250)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_ljung_box_equals_that_of_statsmodels(sp500):
    paths = np.vstack([sp500[0, :3_000], ar1(0.05, 3_000, 1)[0] + 5, np.zeros(3_000)])
    expected = [acorr_ljungbox(path, lags=[20])["lb_stat"].item() for path in paths[:2]]
    np.testing.assert_allclose(stylized.ljung_box(paths), [*expected, 0])


@pytest.mark.parametrize("lags", [1, 5, 12])
def test_arch_lm_equals_that_of_statsmodels(sp500, monkeypatch, lags):
    monkeypatch.setattr(stylized, "BATCH_VALUES", 20_000)  # a row or more at a time
    paths = np.vstack([sp500[0, :2_000], sp500[0, -2_000:], 1e6 * garch(2_000, 3), [0] * 2_000])
    expected = [het_arch(path - path.mean(), nlags=lags, store=True)[0] for path in paths[:5]]
    np.testing.assert_allclose(stylized.arch_lm(paths, lags), [*expected, 0], rtol=1e-8)


def test_arch_lm_of_independent_values_is_chi_square():
    found = stylized.arch_lm(np.random.default_rng(7).normal(size=(500, 1_000)))
    assert scipy.stats.kstest(found, scipy.stats.chi2(5).cdf).pvalue > 0.01


def test_arch_lm_of_squares_that_hardly_vary_or_not_at_all():
    steps = np.arange(400)
    signs = np.where(steps % 2, 1, -1)
    still = np.outer([0.01, 0.013, 0.1], signs) + 0.003
    assert (stylized.arch_lm(still) == 0).all()
    slow = signs * (1 + 0.3 * np.sin(steps / 20)) + 0.01 * np.cos(steps**2)  # lags nearly collinear
    expected = het_arch(slow - slow.mean(), nlags=5, store=True)[0]
    assert stylized.arch_lm(slow[None])[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("hurst", "tolerance"), [(0.5, 0.02), (0.6, 0.03), (0.7, 0.04), (0.8, 0.06)]
)
def test_hurst_exponent_finds_that_of_fractional_noise(hurst, tolerance):
    magnitudes = 10 + fractional_noise(hurst, 5_000, 60)
    signs = np.random.default_rng(8).choice([-1, 1], size=magnitudes.shape)
    found = stylized.hurst_exponent(signs * magnitudes)
    assert found.shape == (60,) and found.std() < 0.06
    assert found.mean() == pytest.approx(hurst, abs=tolerance)


def test_hurst_exponent_of_independent_heavy_tails_is_a_half():
    found = stylized.hurst_exponent(np.random.default_rng(9).standard_t(4, size=(100, 3_000)))
    assert found.mean() == pytest.approx(0.5, abs=0.02)


def test_hurst_exponent_of_stocks_shows_long_memory(sp500):
    assert 0.8 < stylized.hurst_exponent(sp500)[0] < 0.95


def test_hurst_exponent_is_of_the_log_variances_of_block_means():
    path = np.random.default_rng(10).normal(size=250)
    sizes = [5, 6, 7, 8, 9, 10, 11, 12]
    logs = []
    for m in sizes:
        means = [abs(path[m * i : m * (i + 1)]).mean() for i in range(250 // m)]
        logs.append(np.log(np.var(means, ddof=1)))
    expected = 1 + np.polyfit(np.log(sizes), logs, 1)[0] / 2
    assert stylized.hurst_exponent(path[None])[0] == pytest.approx(expected)


def test_hurst_exponent_is_not_defined_for_short_or_constant_paths():
    assert np.isnan(stylized.hurst_exponent(ar1(0, 199, 2))).all()
    found = stylized.hurst_exponent(np.vstack([np.full(400, 0.01), ar1(0.5, 400, 1)]))
    assert np.isnan(found[0]) and np.isfinite(found[1])


def asymmetry_by_loops(paths: np.ndarray, rise: float, horizon: int) -> float:
    logs: dict[int, list[float]] = {1: [], -1: []}
    for path in paths:
        centred = path - path.mean()
        for start in range(path.size - horizon + 1):
            move = np.cumsum(centred[start : start + horizon])
            for side in logs:
                reached = np.flatnonzero(side * move >= rise * path.std())
                logs[side].append(np.log(reached[0] + 1 if reached.size else horizon))
    return float(np.mean(logs[1]) - np.mean(logs[-1]))


def test_gain_loss_asymmetry_is_the_difference_of_mean_log_waits(monkeypatch):
    monkeypatch.setattr(stylized, "BATCH_VALUES", 32 * 700)  # some batches, the last one short
    paths = garch(300, 5, 11, 0, 0.8, 0.3) * np.arange(1, 6)[:, None]
    expected = asymmetry_by_loops(paths, 3, 25)
    assert abs(expected) > 0.01
    assert stylized.gain_loss_asymmetry(paths, 3, 25) == pytest.approx(expected)


def test_gain_loss_asymmetry_tells_a_market_that_falls_faster_from_a_symmetric_one(sp500):
    symmetric = stylized.gain_loss_asymmetry(garch(4_000, 60))
    falling = stylized.gain_loss_asymmetry(garch(4_000, 60, 0, 0, 0.86, 0.2))
    assert abs(symmetric) < 0.012
    assert falling > 0.05
    assert stylized.gain_loss_asymmetry(sp500) > 0.08
    assert stylized.gain_loss_asymmetry(-sp500) == pytest.approx(
        -stylized.gain_loss_asymmetry(sp500)
    )
    assert stylized.gain_loss_asymmetry(3 * sp500 + 0.01) == pytest.approx(
        stylized.gain_loss_asymmetry(sp500), abs=1e-3
    )


def test_gain_loss_asymmetry_is_not_defined_without_starts_or_moves():
    assert np.isnan(stylized.gain_loss_asymmetry(ar1(0, 59, 2)))
    assert np.isnan(stylized.gain_loss_asymmetry(np.full((500, 3), [0.1, 0.013, 1 / 3]).T))
    still = np.vstack([np.zeros(500), ar1(0, 500, 1)])
    assert stylized.gain_loss_asymmetry(still) == stylized.gain_loss_asymmetry(still[1:])


def test_volatility_of_volatility_of_independent_normals_is_that_of_the_chi_square():
    paths = np.random.default_rng(12).normal(size=(50, 4_015))
    expected = np.sqrt(scipy.special.polygamma(1, 10) / 2)  # 2 · Var(½ ln χ²₂₀) = ½ ψ′(10)
    assert stylized.volatility_of_volatility(paths) == pytest.approx(expected, rel=0.03)
    assert stylized.volatility_of_volatility(garch(4_015, 50)) > 1.3 * expected


def test_volatility_of_volatility_by_hand_leaves_out_windows_in_which_nothing_moves():
    levels = np.array([1, 2, 0, 3, 6, 3])  # changes ln 2; none; ln 2, −ln 2
    path = np.append(np.repeat(levels, 4) * np.tile([1, -1], 12), 99)
    expected = np.std(np.log([2, 2, 0.5]))
    assert stylized.volatility_of_volatility(path[None], 4) == pytest.approx(expected)
    assert np.isnan(stylized.volatility_of_volatility(np.zeros((3, 100))))


def test_kurtosis_of_sums_of_independent_values_falls_like_one_over_k():
    paths = np.random.default_rng(13).laplace(size=(1, 400_000))  # excess kurtosis 3
    for k in (1, 5, 20):
        sums = stylized.overlapping_sums(paths, k)
        assert stylized.excess_kurtosis(sums)[0] == pytest.approx(3 / k, abs=0.15)


def test_kurtosis_of_sums_of_stocks_falls_slower(sp500):
    daily, monthly = (
        stylized.excess_kurtosis(stylized.overlapping_sums(sp500[None], k))[0] for k in (1, 20)
    )
    assert 1 < monthly < daily / 1.5
    assert monthly > 2 * daily / 20


@pytest.mark.parametrize("level", [0.0, 0.1, 1 / 3, -0.001])
def test_what_stands_still_has_no_memory_and_no_shape(level):
    paths = np.full((2, 900), level)
    assert np.all(stylized.autocorrelation(paths, 5) == 0)
    assert np.all(stylized.leverage(paths, 5) == 0)
    assert np.all(stylized.ljung_box(paths) == 0)
    sums = stylized.overlapping_sums(paths, 5)
    assert (
        np.isnan(stylized.skewness(sums)).all() and np.isnan(stylized.excess_kurtosis(sums)).all()
    )
    turns = np.tile([0.01, -0.01], (1, 450))
    assert np.all(stylized.autocorrelation(np.square(turns), 5) == 0)


def test_moments_are_of_each_path():
    paths = np.random.default_rng(5).lognormal(size=(3, 500))
    np.testing.assert_allclose(stylized.skewness(paths), scipy.stats.skew(paths, axis=1))
    np.testing.assert_allclose(stylized.excess_kurtosis(paths), scipy.stats.kurtosis(paths, axis=1))


def test_a_year_without_a_move_disperses_volatility():
    paths = np.random.default_rng(6).normal(size=(20, 1_000))
    calm = stylized.volatility_dispersion(paths)
    paths[0, :300] = 0
    assert calm < 0.06 < 0.3 < stylized.volatility_dispersion(paths) < 2
