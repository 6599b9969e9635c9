"""Ticks and volume levels: rounding keeps order, and levels follow the last 250 bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsgan.bar_channels import base_volume
from tsgan.data.bars import BarPrices
from tsgan.errors import ConfigError, DataError
from tsgan.ticks import closes_of, to_tick
from tsgan.volume_levels import detrended, retrended


def test_ticks_are_the_numbers_that_people_write() -> None:
    assert to_tick([99.994, 0.1 + 0.2, 0.0001, 12.345000001], 0.01).tolist() == [
        99.99,
        0.3,
        0.01,
        12.35,
    ]
    np.testing.assert_array_equal(to_tick([1.3, 7.6], 2.5), [2.5, 7.5])
    np.testing.assert_array_equal(to_tick([100.3], 1 / 32), [100.3125])
    np.testing.assert_allclose(to_tick([1.0], 0.3), [0.9])
    prices = np.array([1.234, 5.6])
    assert to_tick(prices, None) is prices
    assert to_tick([1e300, 3e14 + 0.3], 1e-10).tolist() == [1e300, 3e14 + 0.3]
    every = np.arange(1, 100_000) / 100
    np.testing.assert_array_equal(to_tick(every * (1 + 1e-13), 0.01), every)


@given(
    st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=2),
    st.sampled_from([1e-4, 0.01, 0.05, 1 / 3, 0.7, 1.0, 25.0]),
)
def test_rounding_keeps_order_and_is_done_once(pair: list[float], tick: float) -> None:
    low, high = sorted(pair)
    rounded = to_tick([low, high], tick)
    assert 0 < rounded[0] <= rounded[1]
    assert np.all(np.abs(rounded - [low, high]) <= np.maximum(tick / 2 * (1 + 1e-9), tick - low))
    np.testing.assert_array_equal(to_tick(rounded, tick), rounded)


@pytest.mark.parametrize("tick", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tick_must_be_one(tick: float) -> None:
    with pytest.raises(ConfigError, match="tick: expected"):
        to_tick([100.0], tick)


def test_closes_are_rounded_prices() -> None:
    returns = np.log([[1.01, 1.49, 0.9]])
    np.testing.assert_allclose(closes_of(returns, 10.0), [[10.1, 15.049, 13.5441]])
    np.testing.assert_array_equal(closes_of(returns, 10.0, 0.1), [[10.1, 15.0, 13.5]])


def test_levels_are_those_of_pandas() -> None:
    logs = np.cumsum(np.random.default_rng(0).normal(size=900))
    before = pd.Series(logs).shift().rolling(250, min_periods=1).mean().to_numpy()
    np.testing.assert_allclose(detrended(logs), (logs - before)[1:], atol=1e-11)


@pytest.mark.parametrize("size", [2, 3, 249, 250, 251, 252, 700])
def test_levels_are_put_back(size: int) -> None:
    logs = 20 + np.cumsum(np.random.default_rng(0).normal(size=size))
    np.testing.assert_allclose(retrended(detrended(logs)[None], logs[:1])[0], logs[1:], atol=1e-11)
    half = size // 2
    rest = detrended(logs)[half:]
    np.testing.assert_allclose(retrended(rest[None], logs[: half + 1])[0], logs[half + 1 :])


def test_one_number_stands_for_250() -> None:
    rests = np.random.default_rng(0).normal(size=(2, 400))
    np.testing.assert_array_equal(
        retrended(rests, np.array(3.0)), retrended(rests, np.full(250, 3.0))
    )
    assert retrended(rests, np.array(3.0))[0, 0] == 3.0 + rests[0, 0]
    flat = retrended(np.zeros((1, 600)), np.array(3.0))
    np.testing.assert_array_equal(flat, 3.0)
    with pytest.raises(DataError, match=r"expected the last values as \(k,\)"):
        retrended(rests, np.empty(0))


def test_unknown_values_count_as_the_level() -> None:
    logs = np.array([np.nan, 2.0, 4.0, np.nan, 6.0])
    np.testing.assert_allclose(detrended(logs), [0, 2, 0, 6 - (2 + 2 + 4 + 8 / 3) / 4])


def test_the_base_is_the_geometric_mean_of_the_last_volumes() -> None:
    volume = np.r_[np.full(100, 1e9), np.full(125, 4.0), 0.0, np.nan, np.full(125, 9.0)]
    ones = np.ones(volume.size)
    assert base_volume(BarPrices(ones, ones, ones, ones, volume)) == pytest.approx(6)
