from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tsgan import tails

SP500 = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"


@pytest.fixture(scope="module")
def sp500() -> np.ndarray:
    return np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))


def genpareto(shape: float, size: int, seed: int = 0) -> np.ndarray:
    return scipy.stats.genpareto.rvs(shape, scale=0.02, size=size, random_state=seed)


def above_zero(excesses: np.ndarray) -> tuple[np.ndarray, float]:
    """Return values whose largest are the excesses over a threshold of 0, and their share."""
    values = np.concatenate([excesses, np.zeros(1), np.full(2 * excesses.size, -1.0)])
    return values, (excesses.size + 0.5) / values.size


def test_hill_finds_the_exponent_of_a_pareto_tail():
    n = 100_000
    pareto = (1 - (np.arange(n) + 0.5) / n) ** (-1 / 3)
    assert tails.hill(pareto, 0.05) == pytest.approx(3, rel=0.01)
    assert tails.hill(7 * pareto, 0.05) == pytest.approx(tails.hill(pareto, 0.05))


def test_hill_by_hand():
    values = np.array([1.0, 2.0, 8.0, 4.0])  # k = 2: (ln 8/2 + ln 4/2) / 2
    assert tails.hill(values, 0.5) == pytest.approx(2 / (3 * np.log(2)))


def test_hill_nears_the_degrees_of_freedom_of_a_student():
    values = np.abs(np.random.default_rng(3).standard_t(3, size=400_000))
    assert tails.hill(values, 0.002) == pytest.approx(3, rel=0.1)


def test_hill_is_not_defined_without_a_positive_tail():
    assert np.isnan(tails.hill(-np.arange(100.0), 0.05))
    assert np.isnan(tails.hill(np.arange(1, 5.0), 0.05))  # k = 0
    assert np.isinf(tails.hill(np.ones(100), 0.05))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_hill_interval_covers_the_index_of_independent_values(level):
    rng = np.random.default_rng(1)
    samples = rng.pareto(3, size=(600, 4_000)) + 1
    found = np.array([tails.hill_interval(sample, 0.1, level) for sample in samples])
    covered = np.mean((found[:, 0] < 3) & (found[:, 1] > 3))
    assert covered == pytest.approx(level, abs=0.035)


def test_hill_interval_by_hand():
    values = np.random.default_rng(2).pareto(3, size=2_000)
    low, high = tails.hill_interval(values, 0.05)
    assert (low + high) / 2 == pytest.approx(tails.hill(values, 0.05))
    assert (high - low) / (high + low) == pytest.approx(1.959964 / 10)
    assert np.isnan(tails.hill_interval(-values, 0.05)).all()
    assert np.isinf(tails.hill_interval(np.ones(100), 0.05)).all()


def test_hill_curve_equals_hill_at_each_fraction(sp500):
    fractions = np.array([0.1, 0.001, 0.025, 0.0001, 0.05])  # the fourth has k = 0
    for values in (-sp500, abs(sp500), np.arange(-4_990.0, 10), np.round(sp500, 2)):
        expected = [tails.hill(values, fraction) for fraction in fractions]
        found = tails.hill_curve(values, fractions)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert np.isnan(found[3])


def test_hill_curve_of_ties_is_infinite():
    values = np.array([0.1] * 50 + [0.7] * 50)
    np.testing.assert_array_equal(tails.hill_curve(values, np.array([0.2, 0.4])), np.inf)
    assert np.isnan(tails.hill_curve(-values, np.array([0.2, 0.4]))).all()


@pytest.mark.parametrize("level", [0.01, 0.05, 0.95, 0.99])
def test_value_at_risk_and_shortfall_of_a_normal(level):
    n = 200_000
    values = scipy.stats.norm.ppf((np.arange(n) + 0.5) / n)
    quantile = scipy.stats.norm.ppf(level)
    beyond = scipy.stats.norm.pdf(quantile) / min(level, 1 - level) * np.sign(level - 0.5)
    assert tails.value_at_risk(values, level) == pytest.approx(quantile, abs=1e-3)
    assert tails.expected_shortfall(values, level) == pytest.approx(beyond, abs=1e-3)


def test_share_beyond_by_hand():
    values = np.array([-3.0, -2, -1, 0, 1, 2, 2, 3])
    assert tails.share_beyond(values, -2, 1) == (1 / 8, 3 / 8)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.25, 0.5])
@pytest.mark.parametrize("size", [16, 300])
def test_generalised_pareto_is_more_likely_than_scipys_and_next_to_it(shape, size):
    excesses = genpareto(shape, size, seed=5)
    fit = tails.fit_generalised_pareto(*above_zero(excesses))
    theirs, _, scale = scipy.stats.genpareto.fit(excesses, floc=0)
    assert (fit.threshold, fit.exceedances) == (0, size)
    assert fit.shape == pytest.approx(theirs, abs=1e-3)
    assert fit.scale == pytest.approx(scale, rel=1e-3)
    ours = scipy.stats.genpareto.nnlf((fit.shape, 0, fit.scale), excesses)
    assert ours <= scipy.stats.genpareto.nnlf((theirs, 0, scale), excesses) + 1e-9


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.25, 0.5, 1.5])
def test_generalised_pareto_finds_the_truth_and_its_own_error(shape):
    fits = [
        tails.fit_generalised_pareto(*above_zero(genpareto(shape, 2_000, seed)))
        for seed in range(150)
    ]
    found = np.array([fit.shape for fit in fits])
    error = (1 + shape) / np.sqrt(2_000)
    assert found.mean() == pytest.approx(shape, abs=0.35 * error)
    assert np.mean([fit.scale for fit in fits]) == pytest.approx(0.02, rel=0.01)
    assert fits[0].shape_error == pytest.approx(error, rel=0.1)
    assert found.std() == pytest.approx(error, rel=0.2)
    intervals = np.array([tails.gpd_interval(fit) for fit in fits])
    assert np.mean((intervals[:, 0] < shape) & (shape < intervals[:, 1])) > 0.9
    narrow = tails.gpd_interval(fits[0], 0.5)
    assert narrow[1] - narrow[0] == pytest.approx(2 * 0.67449 * fits[0].shape_error, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.4, 2), st.integers(30, 400), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_generalised_pareto_does_not_depend_on_unit_or_origin(shape, size, unit, origin):
    values, fraction = above_zero(genpareto(shape, size) / 0.02)
    fit = tails.fit_generalised_pareto(values, fraction)
    scaled = tails.fit_generalised_pareto(unit * values, fraction)
    moved = tails.fit_generalised_pareto(values + origin, fraction)
    assert scaled.shape == pytest.approx(fit.shape, abs=1e-5)
    assert scaled.scale == pytest.approx(unit * fit.scale, rel=1e-5)
    assert moved.shape == pytest.approx(fit.shape, abs=1e-5)
    assert moved.threshold == pytest.approx(origin)


def test_generalised_pareto_of_stocks_is_heavy_on_the_left(sp500):
    fit = tails.fit_generalised_pareto(-sp500)
    assert fit.exceedances == int(0.05 * sp500.size)
    assert fit.threshold == pytest.approx(np.quantile(-sp500, 0.95), rel=2e-3)
    assert 0.05 < fit.shape < 0.4
    assert tails.gpd_interval(fit)[0] < fit.shape < tails.gpd_interval(fit)[1]


def test_generalised_pareto_of_a_uniform_tail_ends_at_the_bound():
    fit = tails.fit_generalised_pareto(*above_zero(np.arange(1, 201) / 200))
    assert fit.shape == -1 and fit.scale == pytest.approx(1)
    assert np.isnan(fit.shape_error) and np.isnan(tails.gpd_interval(fit)).all()


def test_generalised_pareto_leaves_out_values_at_the_threshold():
    excesses = genpareto(0.3, 100)
    values = np.concatenate([excesses, np.zeros(100)])
    tied = tails.fit_generalised_pareto(values, 0.75)
    assert (tied.exceedances, tied.threshold) == (100, 0)
    assert tied.shape == tails.fit_generalised_pareto(values, 0.5).shape


@pytest.mark.parametrize(
    "values",
    [np.ones(500), np.arange(180.0), np.repeat([0.0, 1.0], [400, 20]), np.zeros(3)],
    ids=["equal", "nine", "equal excesses", "three"],
)
def test_generalised_pareto_of_a_degenerate_tail_is_not_defined(values):
    fit = tails.fit_generalised_pareto(values)
    assert np.isnan([fit.shape, fit.scale, fit.shape_error]).all()
    assert np.isfinite(fit.threshold)
    assert np.isnan(tails.gpd_interval(fit)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 90), st.integers(0, 99))
def test_maximum_drawdowns_equal_those_of_a_loop(window, stride, steps, seed):
    paths = np.random.default_rng(seed).normal(0, 0.3, size=(3, steps))
    prices = np.exp(np.cumsum(np.pad(paths, ((0, 0), (1, 0))), axis=1))
    expected = [
        [
            max(
                1 - price[j] / price[i]
                for i in range(start, start + window + 1)
                for j in range(i, start + window + 1)
            )
            for start in range(0, steps - window + 1, stride)
        ]
        for price in prices
    ]
    found = tails.maximum_drawdowns(paths, window, stride)
    np.testing.assert_allclose(found, np.reshape(expected, found.shape), atol=1e-12)


def test_maximum_drawdowns_by_hand():
    paths = np.log(np.array([[0.5, 1.5, 1.5, 0.2], [1.1, 1.2, 1.3, 1.4]]))
    assert tails.maximum_drawdowns(paths, 2, 1) == pytest.approx(
        np.array([[0.5, 0, 0.8], [0, 0, 0]])
    )
    assert tails.whole_drawdown(paths) == pytest.approx([0.8, 0])


def test_maximum_drawdowns_do_not_depend_on_the_batches(sp500, monkeypatch):
    paths = np.random.default_rng(5).choice(sp500, size=(7, 1_000))
    found = tails.maximum_drawdowns(paths)
    assert found.shape == (7, (1_000 - 252) // 21 + 1)
    monkeypatch.setattr(tails, "BATCH_VALUES", 2_500)
    np.testing.assert_array_equal(tails.maximum_drawdowns(paths), found)
    whole = tails.maximum_drawdowns(paths, window=1_000)
    np.testing.assert_allclose(whole[:, 0], tails.whole_drawdown(paths))


def test_the_drawdown_of_stocks_is_that_of_2007_to_2009(sp500):
    assert tails.whole_drawdown(sp500[None])[0] == pytest.approx(0.568, abs=0.001)
    assert tails.maximum_drawdowns(sp500[None]).max() < 0.56
