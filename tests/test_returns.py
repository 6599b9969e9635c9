from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.data.prices import read_prices
from tsgan.data.returns import log_returns, periods_per_year, prices_from_returns
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"
SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"


def test_log_returns_of_known_prices() -> None:
    prices = read_prices(pd.DataFrame({"a": [1.0, np.e, 1.0], "b": [1.0, 2.0, 8.0]}), ["a", "b"])
    expected = [[1.0, np.log(2.0)], [-1.0, np.log(4.0)]]
    np.testing.assert_allclose(log_returns(prices), expected, rtol=0, atol=1e-15)


def test_the_sample_has_the_volatility_that_is_known_of_it() -> None:
    returns = log_returns(read_prices(SAMPLE))
    assert returns.shape == (5030, 1) and returns.dtype == np.float64
    assert 100 * returns.std() == pytest.approx(1.20, abs=0.01)
    assert returns.sum() == pytest.approx(np.log(2506.850098 / 1228.099976), abs=1e-12)


def test_prices_and_returns_are_each_other_s_inverse() -> None:
    prices = read_prices(SAMPLE)
    closes = prices.values.to_numpy()[:, 0]
    back = prices_from_returns(log_returns(prices)[:, 0], closes[0])
    np.testing.assert_allclose(back, closes[1:], rtol=1e-12, atol=0)


def test_paths_keep_their_shape_and_begin_after_the_start() -> None:
    paths = prices_from_returns(np.log([[[2.0, 2.0], [0.5, 1.0]]]), 10.0)
    np.testing.assert_allclose(paths, [[[20.0, 40.0], [5.0, 5.0]]], rtol=1e-15)


@pytest.mark.parametrize("start", [0.0, -1.0, np.nan, np.inf])
def test_a_start_that_is_no_price_is_refused(start: float) -> None:
    with pytest.raises(DataError, match="start price above 0"):
        prices_from_returns([0.1], start)


@pytest.mark.parametrize("returns", [[0.0, 800.0], [0.0, -800.0], [0.0, np.nan]])
def test_returns_that_leave_the_range_are_refused(returns: list[float]) -> None:
    with pytest.raises(DataError, match=r"at index \(1\)"):
        prices_from_returns(returns, 1.0)


@pytest.mark.parametrize(
    ("freq", "expected"),
    [("B", 252), ("D", 365), ("W", 52), ("2W", 26), ("MS", 12), ("QS", 4), ("6MS", 2), ("YS", 1)],
)
def test_periods_of_calendars(freq: str, expected: float) -> None:
    index = pd.date_range("2010-01-01", periods=60, freq=freq)
    assert periods_per_year(index) == expected
    assert periods_per_year(index.tz_localize("UTC")) == expected


def test_six_days_a_week_are_more_than_five() -> None:
    index = pd.date_range("1930-01-01", periods=400)
    assert periods_per_year(index[index.day_of_week != 6]) == 313


def test_periods_within_days_are_counted() -> None:
    days = pd.bdate_range("2020-01-06", periods=10)
    minutes = [day + pd.Timedelta(minutes=570 + k) for day in days for k in range(390)]
    assert periods_per_year(pd.DatetimeIndex(minutes)) == 390 * 252
    assert periods_per_year(pd.date_range("2020-01-06", periods=24 * 14, freq="h")) == 24 * 365


def test_periods_without_dates_are_business_days() -> None:
    assert periods_per_year(pd.RangeIndex(9)) == 252


def test_hours_of_a_year_of_currency_trading() -> None:
    path = SHARED / "intraday" / "gym_eurusd_1h_ask.csv"
    if not path.exists():
        pytest.skip("../shared/data is not on this machine")
    prices = read_prices(path)
    assert periods_per_year(prices.values.index) == pytest.approx(6225, rel=0.03)
