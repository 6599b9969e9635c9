from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan import strategies
from tsgan.strategies import STRATEGIES, WARM_UP, outcomes, strategy_returns

SP500 = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"
NAMES = tuple(STRATEGIES)


@pytest.fixture(scope="module")
def paths() -> np.ndarray:
    """Three paths of 700 steps: stocks as they were, noise of changing volatility, and a trend."""
    stocks = np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))[2_200:2_900]
    rng = np.random.default_rng(0)
    volatility = np.exp(np.cumsum(rng.normal(0, 0.1, size=700)))
    noise = 0.01 * volatility * rng.normal(size=700)
    return np.vstack([stocks, noise, rng.normal(0.001, 0.002, size=700)])


def position_by_hand(name: str, past: np.ndarray) -> float:
    """Return the position of the step after the returns ``past``."""
    if name == "buy-and-hold":
        return 1
    if name == "moving-average cross":
        prices = np.exp(np.cumsum(past))
        short, long = (np.exp(np.mean(np.log(prices[-window:]))) for window in (20, 100))
        return float(np.sign(short - long))
    if name == "momentum":
        return float(np.sign(np.sum(past[-250:])))
    recent = np.sqrt(np.mean(past[-20:] ** 2))
    if name == "mean reversion":
        move = np.sum(past[-5:])
        large = abs(move) > np.sqrt(5) * np.sqrt(np.mean(past[-100:] ** 2))
        return float(-np.sign(move) * large)
    return float(min(np.sqrt(np.mean(past[-252:] ** 2)) / recent, 2))


@pytest.mark.parametrize("name", NAMES)
def test_positions_equal_those_of_a_loop_over_the_past(name, paths):
    found = STRATEGIES[name](paths)
    assert found.shape == paths.shape and (found[:, :WARM_UP] == 0).all()
    expected = [
        [position_by_hand(name, path[:t]) for t in range(WARM_UP, path.size)] for path in paths
    ]
    np.testing.assert_allclose(found[:, WARM_UP:], expected, rtol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("changed", [WARM_UP - 1, WARM_UP, 300, 699])
def test_positions_do_not_look_ahead(name, changed, paths):
    other = paths.copy()
    other[:, changed:] = np.random.default_rng(1).normal(0, 0.05, size=other[:, changed:].shape)
    found, before = (STRATEGIES[name](returns) for returns in (other, paths))
    np.testing.assert_array_equal(found[:, : changed + 1], before[:, : changed + 1])
    if changed < 400 and name != "buy-and-hold":
        assert (found[:, changed + 1 :] != before[:, changed + 1 :]).any()


@pytest.mark.parametrize("name", NAMES)
def test_positions_do_not_depend_on_the_unit_of_volatility_or_on_other_paths(name, paths):
    found = STRATEGIES[name](paths)
    np.testing.assert_allclose(STRATEGIES[name](4 * paths), found)
    np.testing.assert_array_equal(STRATEGIES[name](paths[1:2]), found[1:2])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [100, 240, WARM_UP])
def test_a_path_no_longer_than_the_warm_up_has_no_positions(name, steps):
    returns = np.random.default_rng(2).normal(size=(2, steps))
    found = STRATEGIES[name](returns)
    np.testing.assert_array_equal(found, np.zeros((2, steps)))
    assert strategy_returns(returns, found).shape == (2, 0)


def profit(name: str, returns: np.ndarray) -> float:
    positions = STRATEGIES[name](returns)
    return float(outcomes(strategy_returns(returns, positions), positions)["profit"].item())


@pytest.mark.parametrize(
    ("name", "rising", "falling"),
    [
        ("buy-and-hold", 1, 1),
        ("moving-average cross", 1, -1),
        ("momentum", 1, -1),
        ("mean reversion", -1, 1),
        ("volatility targeting", 1, 1),
    ],
)
def test_a_steady_trend_rewards_those_who_follow_it(name, rising, falling):
    trend = np.full((1, 400), 0.001)
    assert profit(name, trend) == pytest.approx(rising * 252 * np.expm1(0.001))
    assert profit(name, -trend) == pytest.approx(falling * 252 * np.expm1(-0.001))


def test_swings_reward_those_who_lean_against_them():
    swings = 0.02 * np.sign(np.sin(2 * np.pi * (np.arange(1_500) + 0.5) / 10))[None]  # 5 up, 5 down
    assert profit("mean reversion", swings) > 0.5


def test_volatility_targeting_evens_out_the_volatility():
    rng = np.random.default_rng(3)
    levels = np.repeat(np.tile([0.005, 0.02], 10), 200)
    returns = (levels * rng.normal(size=(20, 4_000))).clip(-0.1, 0.1)
    positions = strategies.volatility_targeting(returns)
    assert positions.max() == 2 and positions[:, WARM_UP:].min() > 0
    profits = strategy_returns(returns, positions)
    calm = levels[WARM_UP:] < 0.01
    ratio = profits[:, ~calm].std() / profits[:, calm].std()
    assert 1 < ratio < 2.2  # of 4


def test_volatility_targeting_after_20_steps_in_which_nothing_moved_is_capped():
    returns = np.zeros((2, 300))
    returns[0, :200] = 0.01
    np.testing.assert_array_equal(strategies.volatility_targeting(returns)[:, WARM_UP:], 2)


def test_strategy_returns_are_simple_profits_after_the_warm_up():
    returns = np.full((1, WARM_UP + 3), np.log(1.1))
    positions = np.zeros_like(returns)
    positions[0, WARM_UP:] = [1, -1, 0.5]
    np.testing.assert_allclose(strategy_returns(returns, positions), [[0.1, -0.1, 0.05]])


def test_outcomes_by_hand():
    profits = np.array([[0.1, -0.2, 0.1, -0.5]])  # wealth 1.1, .88, .968, .484
    positions = np.array([[9, 9, 1, 2, -1, -1.0]])  # the first two are of the warm-up
    found = outcomes(profits, positions, periods_per_year=100)
    assert list(found) == ["profit", "Sharpe", "drawdown", "turnover"]
    assert found["profit"] == pytest.approx([100 * -0.125])
    assert found["Sharpe"] == pytest.approx([-0.125 / np.std(profits) * 10])
    assert found["drawdown"] == pytest.approx([1 - 0.8 * 1.1 * 0.5])
    assert found["turnover"] == pytest.approx([100 * (1 + 3 + 0) / 3])


def test_outcomes_of_a_first_loss_count_the_wealth_at_the_start():
    found = outcomes(np.array([[-0.25, 0.1, 0.1]]), np.ones((1, 3)))
    assert found["drawdown"] == pytest.approx([0.25])


def test_outcomes_of_ruin_are_a_drawdown_of_everything():
    profits = np.array([[0.5, -1.0, 3, 0.1], [0.2, -4.0, -4, 5], [0.0, 0, 0, 0]])
    found = outcomes(profits, np.ones((3, 4)))
    np.testing.assert_array_equal(found["drawdown"], [1, 1, 0])
    assert all(np.isfinite(values).all() for values in found.values())


def test_outcomes_of_profits_that_do_not_vary_have_a_sharpe_ratio_of_0():
    found = outcomes(np.array([[0.0] * 50, [0.1] * 50]), np.ones((2, 50)))
    np.testing.assert_array_equal(found["Sharpe"], 0)
    np.testing.assert_array_equal(found["turnover"], 0)


def test_buy_and_hold_of_stocks_earns_what_the_index_did():
    returns = np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))[None]
    positions = STRATEGIES["buy-and-hold"](returns)
    profits = strategy_returns(returns, positions)
    assert np.log1p(profits).sum() == pytest.approx(returns[0, WARM_UP:].sum())
    found = outcomes(profits, positions)
    assert found["profit"][0] == pytest.approx(252 * np.expm1(returns[0, WARM_UP:]).mean())
    assert found["drawdown"][0] == pytest.approx(0.568, abs=0.001)
