import numpy as np
import pytest
from arch.univariate import GARCH

from tsgan import baselines
from tsgan.baselines import BASELINES, garch_residuals, simulate_baseline, stationary_bootstrap
from tsgan.errors import ConfigError, DataError


def garch_series(steps: int = 6_000, seed: int = 0) -> np.ndarray:
    """Return returns of sd 1 % from GARCH(1,1) with α = .1 and β = .85."""
    shocks = np.random.default_rng(seed).normal(size=(steps + 500, 1))
    return 0.01 * garch_residuals(shocks, 0.05, 0.1, 0.0, 0.85)[500:, 0]


def test_bootstrap_blocks_follow_the_series_round_its_end():
    n, block = 50, 10.0
    paths = stationary_bootstrap(np.arange(n) * 1.0, 400, 300, block, np.random.default_rng(0))
    follows = (paths[:, 1:] - paths[:, :-1]) % n == 1
    assert follows.mean() == pytest.approx(1 - 1 / block + 1 / block / n, abs=0.005)
    assert ((paths[:, :-1] == n - 1) & (paths[:, 1:] == 0)).any()
    counts = np.bincount(paths.astype(int).ravel(), minlength=n)
    assert counts.min() > 0.85 * counts.mean()  # every value is as likely
    assert len(np.unique(paths[:, 0])) == n


def test_bootstrap_of_block_1_draws_independently():
    paths = stationary_bootstrap(np.arange(50.0), 200, 300, 1.0, np.random.default_rng(1))
    assert ((paths[:, 1:] - paths[:, :-1]) % 50 == 1).mean() == pytest.approx(1 / 50, abs=0.003)


def test_garch_residuals_equal_those_of_arch():
    shocks = np.random.default_rng(2).normal(size=(300, 1))
    omega, alpha, gamma, beta = parameters = (0.02, 0.05, 0.1, 0.85)
    expected, _ = GARCH(p=1, o=1, q=1).simulate(parameters, 300, lambda n: shocks[:n, 0], burn=0)
    actual = garch_residuals(shocks, omega, alpha, gamma, beta)[:, 0]
    np.testing.assert_allclose(actual, expected)


def test_garch_residuals_have_the_variance_of_theory():
    shocks = np.random.default_rng(3).normal(size=(4_000, 200))
    residuals = garch_residuals(shocks, 0.05, 0.1, 0.0, 0.85)
    assert residuals.var() == pytest.approx(1.0, rel=0.03)  # ω / (1 − α − β)
    kurtosis = 3 * (1 - 0.95**2) / (1 - 0.95**2 - 2 * 0.1**2)
    assert (residuals**4).mean() / residuals.var() ** 2 == pytest.approx(kurtosis, rel=0.15)


@pytest.mark.parametrize("name", BASELINES)
def test_each_baseline_simulates_what_it_was_fitted_to(name):
    series = garch_series() + 0.0005
    paths = simulate_baseline(name, series, 50, 2_000, np.random.default_rng(4))
    assert paths.shape == (50, 2_000)
    assert paths.std() == pytest.approx(series.std(), rel=0.1)
    assert paths.mean() == pytest.approx(series.mean(), abs=3e-4)
    again = simulate_baseline(name, series, 50, 2_000, np.random.default_rng(4))
    np.testing.assert_array_equal(paths, again)


def test_paths_begin_anywhere_in_their_volatility():
    first = simulate_baseline("GARCH-n", garch_series(), 20_000, 1, np.random.default_rng(7))
    kurtosis = (first**4).mean() / (first**2).mean() ** 2
    assert kurtosis > 3.4  # 3 if all began at the mean variance


def test_the_fit_recovers_the_parameters_and_does_not_depend_on_the_unit():
    fitted = baselines.fit_garch("GARCH-n", garch_series() / garch_series().std())
    assert fitted.params["alpha[1]"] == pytest.approx(0.1, abs=0.03)
    assert fitted.params["beta[1]"] == pytest.approx(0.85, abs=0.05)
    small, large = (
        simulate_baseline("GJR-t", scale * garch_series(2_000), 2, 100, np.random.default_rng(5))
        for scale in (2.0**-12, 1.0)
    )
    np.testing.assert_allclose(2.0**12 * small, large)


def test_the_models_differ_as_their_names_say():
    parameters = {
        name: set(baselines.fit_garch(name, 100 * garch_series(1_500)).params.index)
        for name in baselines.GARCH_MODELS
    }
    common = {"mu", "omega", "alpha[1]", "beta[1]"}
    assert parameters["GARCH-n"] == common
    assert parameters["GARCH-t"] == common | {"nu"}
    assert parameters["GJR-t"] == common | {"nu", "gamma[1]"}
    assert parameters["GJR-skew-t"] == common | {"eta", "lambda", "gamma[1]"}


def test_what_cannot_be_fitted_is_a_data_error():
    generator = np.random.default_rng(6)
    spike = np.concatenate([np.zeros(999), [0.5]])
    with pytest.raises(DataError, match="GJR-t: its likelihood has no clear maximum on 1000"):
        simulate_baseline("GJR-t", spike, 2, 10, generator)
    with pytest.raises(DataError, match="at least 100 returns, got 50"):
        simulate_baseline("GARCH-n", generator.normal(size=50), 2, 10, generator)
    with pytest.raises(ConfigError, match="'GARCH-x'"):
        simulate_baseline("GARCH-x", spike, 2, 10, generator)
