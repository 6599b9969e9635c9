"""Bars to channels and back: exact, causal, valid whatever a network makes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tsgan.bar_channels import POWERS, BarChannels, base_volume
from tsgan.bar_paths import PathBars
from tsgan.data.bars import BarPrices
from tsgan.data.prices import read_prices
from tsgan.data.returns import prices_from_returns
from tsgan.errors import DataError
from tsgan.log_bars import CHANNELS, log_bars, log_path_bars
from tsgan.ticks import closes_of

SHARED = Path(__file__).parents[2] / "shared" / "data" / "finance"
FIELDS = ("open", "high", "low", "close")


def bars(n: int = 600, seed: int = 0, **changed: np.ndarray | None) -> BarPrices:
    random = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(0.01 * random.normal(size=n)))
    opens = close * np.exp(0.005 * random.normal(size=n))
    fields = {
        "open": opens,
        "high": np.maximum(opens, close) * np.exp(np.maximum(0.01 * random.normal(size=n), 0)),
        "low": np.minimum(opens, close) * np.exp(-np.maximum(0.01 * random.normal(size=n), 0)),
        "close": close,
        "volume": np.round(np.exp(10 + np.cumsum(0.03 * random.normal(size=n)))),
    }
    return BarPrices(**(fields | changed))


def demand_valid(made: PathBars) -> None:
    assert np.all(made.low <= np.minimum(made.open, made.close)) and np.all(made.low > 0)
    assert np.all(made.high >= np.maximum(made.open, made.close))


def demand_same(made: PathBars, real: BarPrices) -> None:
    for name in FIELDS:
        np.testing.assert_allclose(getattr(made, name)[0], getattr(real, name)[1:], rtol=1e-12)
    if real.volume is not None:
        np.testing.assert_allclose(made.volume[0], real.volume[1:], rtol=1e-12)


def test_channels_are_what_they_are_called() -> None:
    real = bars(3, volume=np.array([2.0, 8.0, 64.0]))
    plain = log_bars(real)
    o, h, low, c = (getattr(real, name) for name in FIELDS)
    for t in (1, 2):
        expected = [
            np.log(c[t] / c[t - 1]),
            np.log(o[t] / c[t - 1]),
            np.log(h[t] / max(o[t], c[t])),
            np.log(min(o[t], c[t]) / low[t]),
        ]
        np.testing.assert_allclose(plain[t - 1, :4], expected, atol=1e-15)
    np.testing.assert_allclose(plain[:, 4], [np.log(4), np.log(64) - np.log(4)])


def test_a_network_is_given_cube_roots_of_wicks() -> None:
    real = bars()
    channels, plain = BarChannels.fit(real), log_bars(real)
    found = channels.channels(real)
    assert channels.names == CHANNELS and len(channels) == 5 and found.shape == (599, 5)
    np.testing.assert_allclose(found[:, 2:4] ** 3, plain[:, 2:4], atol=1e-16)
    np.testing.assert_array_equal(found[:, [0, 1, 4]], plain[:, [0, 1, 4]])
    np.testing.assert_allclose(channels.plain(found), plain, atol=1e-16)
    longer = np.maximum(real.open, real.close) * np.exp(8 * np.r_[0, plain[:, 2]])
    wicks = channels.channels(replace(real, high=longer))[:, 2]
    np.testing.assert_allclose(wicks, found[:, 2] * 8 ** POWERS["up"], atol=1e-9)


def test_nearly_zero_is_zero() -> None:
    channels = BarChannels(("return", "gap", "up", "down"), volume=False)
    made = channels.plain([[0.1, -2e-17, 1e-5, -1e-6], [0.1, 1e-9, 1e-3, 1e-3]])
    np.testing.assert_array_equal(made[0], [0.1, 0, 0, 0])
    np.testing.assert_allclose(made[1], [0.1, 1e-9, 1e-9, 1e-9], rtol=1e-12)


def test_round_trip() -> None:
    real = bars()
    channels = BarChannels.fit(real)
    made = channels.bars(channels.channels(real)[None], real.close[0], real.volume[:1])
    demand_same(made, real)
    demand_valid(made)
    np.testing.assert_array_equal(made.volume, np.round(made.volume))


def test_round_trip_with_unknown_and_no_volumes() -> None:
    volume = bars().volume.copy()
    volume[[40, 300]] = 0.0
    unknown = volume.copy()
    unknown[[0, 1, 77]] = np.nan
    real = bars(volume=volume)
    channels = BarChannels.fit(real)
    assert channels.floor == volume[volume > 0].min() / 2
    made = channels.bars(channels.channels(real)[None], real.close[0], volume[:1])
    demand_same(made, real)
    assert made.volume[0, 39] == made.volume[0, 299] == 0
    plain = log_bars(bars(volume=unknown), channels.floor)
    assert np.isfinite(plain).all() and plain[0, 4] == plain[76, 4] == 0
    np.testing.assert_allclose(plain[1, 4], np.log(unknown[2]) - np.log(unknown[2]), atol=1e-12)
    without = bars(volume=None)
    small = BarChannels.fit(without)
    assert len(small) == 4 and base_volume(without) is None
    demand_same(small.bars(small.channels(without)[None], without.close[0]), without)


@pytest.mark.parametrize("name", ["arch_sp500.csv.gz", "arch_nasdaq.csv.gz", "casper_dataAPPL.csv"])
def test_round_trip_of_real_files(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is not there")
    real = read_prices(SHARED / name, bars=True).bars
    channels = BarChannels.fit(real)
    found = channels.channels(real)
    demand_same(channels.bars(found[None], real.close[0], real.volume[:1]), real)
    standard = (found - found.mean(axis=0)) / found.std(axis=0)
    assert np.all(np.abs((standard[:, 2:4] ** 3).mean(axis=0)) < 0.6), "wicks nearly symmetric"
    assert np.all(np.abs((standard[:, 2:4] ** 4).mean(axis=0) - 3) < 1)


def test_channels_look_only_back() -> None:
    real, other = bars(), bars(seed=1)
    fields = {name: getattr(real, name).copy() for name in (*FIELDS, "volume")}
    for name, values in fields.items():
        values[400:] = getattr(other, name)[400:]
    changed = log_bars(BarPrices(**fields))
    np.testing.assert_array_equal(changed[:399], log_bars(real)[:399])
    assert np.all(changed[399:] != log_bars(real)[399:], axis=0).any()


def test_rows_across_cuts_are_left_out() -> None:
    real = bars(10)
    channels = BarChannels.fit(real)
    whole = channels.channels(real)
    np.testing.assert_array_equal(
        channels.channels(real, cuts=(1, 5)), np.delete(whole, [0, 4], axis=0)
    )


def test_what_never_varies_is_no_channel() -> None:
    close = bars().close
    before = np.r_[close[0], close[:-1]]
    top, bottom = np.maximum(before, close), np.minimum(before, close)
    real = BarPrices(before, top, bottom * (1 - 1e-15), close, np.full(600, 30.0))
    channels = BarChannels.fit(real)
    assert channels.names == ("return",)
    made = channels.bars(channels.channels(real)[None], close[0], 30.0)
    demand_same(made, real)
    np.testing.assert_array_equal(made.volume, 30.0)


wide = arrays.arrays(np.float64, (2, 7, 5), elements=st.floats(-6, 6, allow_nan=False, width=32))


@given(values=wide, tick=st.sampled_from([None, 0.01, 0.25, 1.0, 5.0]))
def test_bars_are_valid_whatever_the_channels_are(values: np.ndarray, tick: float | None) -> None:
    channels = BarChannels(CHANNELS, volume=True, lot=10.0)
    values[..., :2] *= 0.2
    made = channels.bars(values, 20.0, 1000.0, tick)
    demand_valid(made)
    np.testing.assert_array_equal(made.close, closes_of(made.log_returns, 20.0, tick))
    assert np.all(made.volume >= 10) and np.all(made.volume % 10 == 0)
    if tick is None:
        np.testing.assert_array_equal(made.log_returns, values[..., 0])
        np.testing.assert_array_equal(made.close, prices_from_returns(values[..., 0], 20.0))
    else:
        for part in made[1:5]:
            np.testing.assert_allclose(part / tick, np.round(part / tick), rtol=1e-12)
            assert part.min() >= tick


def test_rounding_does_not_add_up() -> None:
    real = bars()
    channels = BarChannels.fit(real)
    given = channels.channels(real)[None]
    made = channels.bars(given, real.close[0], 1.0, tick=0.5)
    assert np.abs(made.close[0] - real.close[1:]).max() <= 0.25 + 1e-9
    assert np.abs(made.high[0] - real.high[1:]).max() <= 0.25 + 1e-9
    assert made.log_returns.sum() == pytest.approx(np.log(made.close[0, -1] / real.close[0]))


def test_a_path_is_the_same_in_any_company() -> None:
    values = np.random.default_rng(0).normal(size=(9, 700, 5)) * [0.01, 0.01, 0.2, 0.2, 0.3]
    channels = BarChannels(CHANNELS, volume=True)
    whole = channels.bars(values, 20.0, 1000.0, 0.01)
    alone = channels.bars(values[4:5], 20.0, 1000.0, 0.01)
    for name in PathBars._fields:
        np.testing.assert_array_equal(getattr(whole, name)[4:5], getattr(alone, name))


def test_paths_of_bars_have_the_channels_of_each_path() -> None:
    one, two = bars(seed=1), bars(seed=2)
    stacked = [np.stack([getattr(one, k), getattr(two, k)]) for k in (*FIELDS, "volume")]
    np.testing.assert_array_equal(log_path_bars(*stacked)[1], log_bars(two))
    assert log_path_bars(*stacked[:4]).shape == (2, 599, 4)
    stacked[1][1, 5] = 0.5
    with pytest.raises(DataError, match="path 1: bar 5: expected open and close between"):
        log_path_bars(*stacked)


def test_channels_survive_json() -> None:
    channels = BarChannels.fit(bars(volume=bars().volume * 0.5))
    assert channels.lot == 0
    again = BarChannels.from_dict(json.loads(json.dumps(channels.to_dict())))
    assert again == channels
    for broken in ({}, channels.to_dict() | {"floor": None}, channels.to_dict() | {"names": 5}):
        with pytest.raises(DataError, match="fit the model again"):
            BarChannels.from_dict(broken)


@pytest.mark.parametrize(
    "changes",
    [
        {"names": ("gap", "return")},
        {"names": ("gap",)},
        {"names": ("return", "spread")},
        {"names": ("return", "volume"), "volume": False},
        {"floor": -1.0},
        {"floor": float("nan")},
        {"volume": False, "names": ("return",), "lot": 1.0},
    ],
)
def test_channels_are_checked_at_birth(changes: dict[str, object]) -> None:
    settings = {"names": CHANNELS, "volume": True, "floor": 0.0, "lot": 0.0}
    assert BarChannels(**settings)
    with pytest.raises(DataError, match="expected channels among return, gap"):
        BarChannels(**(settings | changes))


def test_refusals() -> None:
    real = bars()
    channels = BarChannels.fit(real)
    found = channels.channels(real)[None]
    with pytest.raises(DataError, match="expected bars with a volume as in the fit"):
        channels.channels(bars(volume=None))
    with pytest.raises(DataError, match=r"expected finite channels \(…, 5\) of return, gap"):
        channels.plain(found[..., :4])
    with pytest.raises(DataError, match="expected finite channels"):
        channels.plain(np.full((2, 5), np.nan))
    for volumes in (None, 0.0, [], [3.0, np.nan], -2.0):
        with pytest.raises(DataError, match="expected volumes above 0 to start from"):
            channels.bars(found, 50.0, volumes)
    with pytest.raises(DataError, match="2 or more bars, found 1"):
        BarChannels.fit(bars(1))
    absurd = np.zeros((1, 3, 5))
    absurd[..., 2] = 10
    with pytest.raises(DataError, match="prices stay in the range of float64"):
        channels.bars(absurd, 50.0, 1.0)
    absurd = np.zeros((1, 3, 5))
    absurd[..., 4] = 800
    with pytest.raises(DataError, match="volumes in the range of float64"):
        channels.bars(absurd, 50.0, 1.0)
