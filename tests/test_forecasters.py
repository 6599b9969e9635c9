from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arch.univariate import GARCH, ConstantMean, StudentsT

from tsgan import forecasters
from tsgan.baselines import garch_residuals, simulate_baseline
from tsgan.errors import DataError
from tsgan.forecast_scores import crps, independence, kupiec, uniformity
from tsgan.forecast_scores import probability_integral_transform as transform
from tsgan.forecasters import analogue_forecasts, describe_moments, fit_gjr, gjr_forecasts

SP500 = Path(__file__).parent.parent / "data" / "samples" / "sp500.csv"


def gjr_paths(paths: int, steps: int, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_t(6, (steps + 500, paths)) / np.sqrt(1.5)
    return 0.01 * garch_residuals(shocks, 0.02, 0.03, 0.12, 0.89)[500:].T


def both(training, held_out, draws, horizon, seed=0):
    source = np.random.default_rng(seed)
    paths = gjr_paths(20, 1_000, 7)
    return (
        gjr_forecasts(training, held_out, draws, horizon, np.random.default_rng(seed)),
        analogue_forecasts(paths, training, held_out, draws, horizon, source),
    )


def test_forecasts_know_the_past_alone():
    training, held_out = np.split(gjr_paths(1, 1_200)[0], [1_000])
    changed = held_out.copy()
    changed[50:] *= -5  # the outcome of origin 50: first known at origin 51
    for horizon, origins in ((1, 200), (10, 191)):
        forecasts = both(training, held_out, 6, horizon)
        others = both(training, changed, 6, horizon)
        for forecast, other in zip(forecasts, others, strict=True):
            assert forecast.shape == (origins, 6, horizon)
            np.testing.assert_array_equal(forecast[:51], other[:51])
            assert (forecast[51:55] != other[51:55]).any()


def test_the_same_generator_gives_the_same_forecasts():
    training, held_out = np.split(gjr_paths(1, 700)[0], [600])
    one, again, other = (both(training, held_out, 300, 2, seed) for seed in (1, 1, 2))
    for first, second, third in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert (first != third).any()


def test_gjr_has_the_variance_that_arch_filters_and_forecasts():
    series = gjr_paths(1, 2_000, 1)[0]
    training, held_out = np.split(series, [1_500])
    scale = training.std()
    settings = {"volatility": GARCH(p=1, o=1, q=1), "distribution": StudentsT(), "rescale": False}
    fitted = ConstantMean(training / scale, **settings).fit(disp="off")
    fixed = ConstantMean(series / scale, **settings).fix(fitted.params)
    one_step = gjr_forecasts(training, held_out, 1, 1, np.random.default_rng(5))[:, 0, 0]
    nu = fitted.params["nu"]
    shock = np.random.default_rng(5).standard_t(nu, 500) * np.sqrt((nu - 2) / nu)
    volatility = (one_step / scale - fitted.params["mu"]) / shock
    np.testing.assert_allclose(volatility, fixed.conditional_volatility[1_500:], rtol=1e-5)
    ahead = fixed.forecast(horizon=10, start=1_499, reindex=False).variance.to_numpy()[:491]
    draws = gjr_forecasts(training, held_out, 2_000, 10, np.random.default_rng(6)) / scale
    np.testing.assert_allclose(
        draws.var(axis=1).mean(axis=0), ahead.mean(axis=0), rtol=0.02, atol=0
    )


def test_gjr_foretells_the_volatility_that_arch_does():
    series = gjr_paths(1, 2_000, 1)[0]
    fitted = fit_gjr(series[:1_500])
    settings = {"volatility": GARCH(p=1, o=1, q=1), "distribution": StudentsT(), "rescale": False}
    arch = ConstantMean(series[:1_500] / fitted.scale, **settings).fit(disp="off")
    fixed = ConstantMean(series / fitted.scale, **settings).fix(arch.params)
    ahead = fixed.forecast(horizon=60, start=1_499, reindex=False).variance.to_numpy()
    expected = fitted.scale * np.sqrt([ahead[:, :steps].mean(axis=1) for steps in (1, 10, 60)]).T
    variances = fitted.follow(series[1_500:])
    assert variances.shape == (501,)
    found = np.exp(fitted.ahead(variances, (1, 10, 60)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gjr_forecasts_of_its_own_process_are_calibrated():
    training, held_out = np.split(gjr_paths(1, 6_000, 2)[0], [4_000])
    draws = gjr_forecasts(training, held_out, 200, 1, np.random.default_rng(0))[:, :, 0]
    pit = transform(draws, held_out, np.random.default_rng(1))
    assert uniformity(pit) < 0.036  # 99 % of the Kolmogorov distribution
    assert independence(pit) < 37.6  # 99 % of χ² with 20 degrees of freedom
    assert kupiec(pit < 0.05, 0.05) < 6.6


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("batch", [1 << 20, 3_000])
def test_a_moment_that_is_on_a_path_is_its_own_nearest_neighbour(horizon, batch, monkeypatch):
    monkeypatch.setattr(forecasters, "BATCH_VALUES", batch)
    paths = gjr_paths(7, 1_300, 3)
    training, held_out, _ = np.split(paths[5], [400, 1_200])
    forecast = analogue_forecasts(paths, training, held_out, 1, horizon, np.random.default_rng(0))[
        :, 0
    ]
    came = np.lib.stride_tricks.sliding_window_view(held_out, horizon)
    np.testing.assert_array_equal(forecast, came)


def test_moments_are_described_by_their_past():
    path = gjr_paths(1, 400, 4)
    features = np.stack(describe_moments(path, 0.0), axis=-1)[0]
    t = 250
    past = path[0, : t + 1]

    def mean(values, half_life):
        return np.average(values, weights=0.5 ** (np.arange(t, -1, -1) / half_life))

    logs = [np.log(mean(past**2, half_life)) / 2 for half_life in (3, 10, 40)]
    current = np.exp(logs[1])
    np.testing.assert_allclose(features[t], [*logs, past[-1] / current, mean(past, 5) / current])
    path[0, t + 1 :] = 9
    np.testing.assert_array_equal(
        np.stack(describe_moments(path, 0.0), -1)[0, : t + 1], features[: t + 1]
    )


def test_on_the_sp500_paths_of_gjr_foretell_as_well_as_gjr_and_normal_ones_do_not():
    returns = np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))
    training, held_out = np.split(returns, [int(0.8 * returns.size)])
    source = np.random.default_rng(0)
    exact = crps(gjr_forecasts(training, held_out, 500, 1, source)[:, :, 0], held_out).mean()
    shape = (60, 4_000)
    for paths, low, high in (
        (simulate_baseline("GJR-t", training, *shape, source), 0.98, 1.01),
        (source.normal(0, training.std(), shape), 1.1, 2.0),
    ):
        forecast = analogue_forecasts(paths, training, held_out, 500, 1, source)[:, :, 0]
        assert low < crps(forecast, held_out).mean() / exact < high


def test_a_sample_of_many_moments_is_as_good_as_all(monkeypatch):
    training, held_out = np.split(gjr_paths(1, 1_500, 5)[0], [1_000])
    paths = gjr_paths(100, 1_000, 6)
    errors = []
    for most in (500_000, 20_000):
        monkeypatch.setattr(forecasters, "MOST_MOMENTS", most)
        forecast = analogue_forecasts(paths, training, held_out, 100, 1, np.random.default_rng(0))
        errors.append(crps(forecast[:, :, 0], held_out).mean())
    assert errors[0] != errors[1]
    assert errors[1] == pytest.approx(errors[0], rel=0.01)


def test_few_moments_give_as_many_draws_from_few_neighbours():
    training, held_out = np.split(gjr_paths(1, 300, 8)[0], [250])
    paths = np.arange(400.0).reshape(2, 200) * 1e-4
    draws = analogue_forecasts(paths, training, held_out, 500, 3, np.random.default_rng(0))
    assert draws.shape == (48, 500, 3)
    np.testing.assert_allclose(np.diff(draws, axis=2), 1e-4)  # no draw crosses into another path
    assert all(len(np.unique(origin[:, 0])) <= 20 for origin in draws)
    still = analogue_forecasts(0 * paths, training, held_out, 5, 1, np.random.default_rng(0))
    assert not still.any()


def test_what_cannot_be_forecast_is_a_data_error():
    training, held_out = np.split(gjr_paths(1, 400, 9)[0], [300])
    paths, source = gjr_paths(3, 400), np.random.default_rng(0)
    with pytest.raises(DataError, match="more than 160 steps"):
        analogue_forecasts(paths[:, :160], training, held_out, 5, 10, source)
    with pytest.raises(DataError, match="150 training returns"):
        analogue_forecasts(paths, training[:150], held_out, 5, 1, source)
    with pytest.raises(DataError, match="at least 20 held-out"):
        gjr_forecasts(training, held_out[:19], 5, 20, source)
    with pytest.raises(DataError, match="at least 100 returns, got 99"):
        gjr_forecasts(training[:99], held_out, 5, 1, source)
    with pytest.raises(DataError, match="GJR-t"):
        gjr_forecasts(np.zeros(300), held_out, 5, 1, source)
