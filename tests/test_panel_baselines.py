from __future__ import annotations

import numpy as np
import pytest

from tsgan import baselines, panel_baselines
from tsgan.baselines import garch_residuals
from tsgan.dependence import correlations
from tsgan.errors import ConfigError, DataError
from tsgan.panel_baselines import (
    PANEL_BASELINES,
    ccc_garch,
    joint_bootstrap,
    simulate_panel_baseline,
)
from tsgan.stylized import autocorrelation

SD, MEAN = np.array([0.01, 0.03]), np.array([0.001, -0.002])


def garch_pair(steps: int = 4_000, rho: float = 0.7) -> np.ndarray:
    """Returns of two GARCH(1,1) assets of known sd, mean and correlation of shocks, (steps, 2)."""
    shocks = np.random.default_rng(0).normal(size=(steps + 500, 2))
    shocks[:, 1] = rho * shocks[:, 0] + np.sqrt(1 - rho**2) * shocks[:, 1]
    columns = [
        garch_residuals(shocks[:, :1], 0.1, 0.1, 0.0, 0.8),
        garch_residuals(shocks[:, 1:], 0.05, 0.15, 0.0, 0.8),
    ]
    return SD * np.column_stack(columns)[500:] + MEAN


def test_joint_bootstrap_draws_whole_rows_in_blocks() -> None:
    n, block = 60, 12.0
    series = np.arange(n)[:, None] + np.array([0.0, 0.25, 0.5])
    drawn = joint_bootstrap(series, 300, 200, block, np.random.default_rng(1))
    assert drawn.shape == (300, 200, 3)
    np.testing.assert_array_equal(drawn - drawn[:, :, :1], np.broadcast_to(series[0], drawn.shape))
    follows = (np.diff(drawn[:, :, 0], axis=1) % n) == 1
    assert follows.mean() == pytest.approx(1 - 1 / block + 1 / block / n, abs=0.005)
    np.testing.assert_array_equal(np.unique(drawn[:, :, 0]), series[:, 0])


def test_joint_bootstrap_keeps_the_correlation() -> None:
    series = garch_pair()
    drawn = joint_bootstrap(series, 50, 2_000, 20.0, np.random.default_rng(2))
    np.testing.assert_allclose(correlations(drawn), correlations(series[None]), atol=0.02)


def test_ccc_garch_simulates_what_it_was_fitted_to() -> None:
    series = garch_pair()
    simulated = ccc_garch(series, 60, 3_000, np.random.default_rng(3))
    assert simulated.shape == (60, 3_000, 2) and simulated.dtype == np.float64
    np.testing.assert_allclose(simulated.std(axis=(0, 1)), series.std(axis=0), rtol=0.1)
    np.testing.assert_allclose(simulated.mean(axis=(0, 1)), series.mean(axis=0), atol=4e-4)
    assert correlations(simulated)[0, 1] == pytest.approx(0.7, abs=0.03)
    for k in range(2):  # volatility clusters, as it does in the training returns
        memory = autocorrelation(np.abs(simulated[:, :, k]), 5).mean()
        assert memory == pytest.approx(
            autocorrelation(np.abs(series[None, :, k]), 5).mean(), abs=0.05
        )


def test_ccc_garch_recovers_its_parameters() -> None:
    found, shocks = panel_baselines._fit(garch_pair(20_000)[:, 1], "asset")
    mean, omega, alpha, beta = found
    assert mean == pytest.approx(MEAN[1], abs=5e-4)
    assert (alpha, beta) == (pytest.approx(0.15, abs=0.03), pytest.approx(0.8, abs=0.03))
    assert omega / (1 - alpha - beta) == pytest.approx(SD[1] ** 2, rel=0.1)
    assert shocks.std() == pytest.approx(1, abs=0.02)


def test_recursion_equals_that_of_single_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel_baselines, "BURN_IN", 0)
    parameters = np.array([[0.5, 0.1, 0.1, 0.8], [-0.5, 0.2, 0.4, 0.7]])  # the second explodes
    found = panel_baselines._simulate(parameters, np.eye(2), 3, 40, np.random.default_rng(4))
    shocks = np.random.default_rng(4).standard_normal((40, 3, 2))
    for k, (mean, omega, alpha, beta) in enumerate(parameters):
        expected = mean + garch_residuals(shocks[:, :, k], omega, alpha, 0.0, beta)
        np.testing.assert_allclose(found[:, :, k], expected.T, rtol=1e-12)


def test_ccc_garch_is_reproducible_and_takes_twins_and_one_asset() -> None:
    series = garch_pair(600)[:, [0, 1, 0]]
    first, second = (ccc_garch(series, 4, 50, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first[:, :, 0], first[:, :, 2], atol=1e-8)
    assert ccc_garch(series[:, :1], 4, 50, np.random.default_rng(5)).shape == (4, 50, 1)


def test_baselines_are_called_by_name() -> None:
    series = garch_pair(400)
    found = {
        name: simulate_panel_baseline(name, series, 3, 60, np.random.default_rng(8))
        for name in PANEL_BASELINES
    }
    expected = ccc_garch(series, 3, 60, np.random.default_rng(8))
    np.testing.assert_array_equal(found["CCC-GARCH"], expected)
    expected = joint_bootstrap(series, 3, 60, 20.0, np.random.default_rng(8))
    np.testing.assert_array_equal(found["joint bootstrap 20"], expected)
    with pytest.raises(ConfigError, match="among CCC-GARCH, joint bootstrap 20, got 'DCC'"):
        simulate_panel_baseline("DCC", series, 3, 60, np.random.default_rng(8))


def test_asset_that_cannot_be_fitted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(6)
    constant = garch_pair(300)
    constant[:, 1] = 0.01
    with pytest.raises(
        DataError, match=r"^CCC-GARCH, asset TLT: expected returns that vary, got 0\.01"
    ):
        ccc_garch(constant, 2, 5, generator, names=["SPY", "TLT"])
    with pytest.raises(
        DataError, match=r"^CCC-GARCH, asset 1: expected at least 100 returns, got 50$"
    ):
        ccc_garch(garch_pair(50), 2, 5, generator)
    with pytest.raises(DataError, match=r"^CCC-GARCH, asset 2: GARCH-n: cannot be fitted"):
        ccc_garch(np.where([[False, True]], np.nan, garch_pair(300)), 2, 5, generator)
    explosive = (0.0, 1.0, 3.0, 1.0)
    shocks = np.random.default_rng(7).normal(size=200)
    monkeypatch.setattr(panel_baselines, "_fit", lambda series, asset: (explosive, shocks))
    with pytest.raises(DataError, match=r"^CCC-GARCH, asset SPY: expected a stationary fit"):
        ccc_garch(garch_pair(300), 2, 3_000, generator, names=["SPY", "TLT"])
    assert baselines.LEAST_RETURNS == 100
