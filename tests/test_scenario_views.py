"""Every shape holds the same numbers, found by number, date and name."""

from __future__ import annotations

import sys

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.canvas import REAL, SYNTHETIC
from tsgan.errors import ConfigError, DataError
from tsgan.scenarios import Bars, Scenarios

PATHS, HORIZON = 4, 6
NUMBERS = np.arange(7, 7 + PATHS)
NAMES = ("AAPL", "MSFT", "BTC")


def dates(step: str | int = BUSINESS_DAYS, last: str | None = "2021-12-31") -> np.ndarray:
    return Calendar(last, step).after(HORIZON)


def one(last: str | None = "2021-12-31") -> Scenarios:
    returns = np.random.default_rng(0).normal(0, 0.01, (PATHS, HORIZON))
    return Scenarios(returns, 50.0, dates(last=last), NUMBERS)


def several() -> Scenarios:
    returns = np.random.default_rng(1).normal(0, 0.01, (PATHS, HORIZON, 3))
    return Scenarios(returns, np.array([50.0, 8.0, 3e4]), dates(), NUMBERS, NAMES)


def with_bars(*, volume: bool = True) -> Scenarios:
    plain = one()
    closes = plain.closes()
    traded = np.arange(closes.size, dtype=float).reshape(closes.shape) if volume else None
    bars = Bars(closes + 0.1, closes + 0.2, closes - 0.3, traded)
    return Scenarios(plain.log_returns, 50.0, plain.dates, NUMBERS, bars=bars)


def test_each_asset_has_its_own_start() -> None:
    whole = several()
    expected = [50.0, 8.0, 3e4] * np.exp(np.cumsum(whole.log_returns, axis=1))
    np.testing.assert_allclose(whole.closes(), expected, rtol=1e-13)


def test_long_frame_of_several_assets_names_them() -> None:
    whole = several()
    frame = whole.to_frame()
    assert list(frame.columns) == ["path", "step", "date", "asset", "log_return", "close"]
    assert len(frame) == PATHS * HORIZON * 3
    for row in (0, 1, 20, 71):
        path, step, asset = np.unravel_index(row, whole.log_returns.shape)
        assert frame.loc[row, ["path", "step", "asset"]].tolist() == [
            path + 7, step + 1, NAMES[asset],
        ]  # fmt: skip
        assert frame["date"][row] == pd.Timestamp(whole.dates[step])
        assert frame["log_return"][row] == whole.log_returns[path, step, asset]
        assert frame["close"][row] == whole.closes()[path, step, asset]


def test_long_frame_of_bars_goes_on_behind_the_close() -> None:
    frame = with_bars().to_frame()
    assert list(frame.columns) == [
        "path", "step", "date", "log_return", "close", "open", "high", "low", "volume",
    ]  # fmt: skip
    np.testing.assert_allclose(frame["open"] - frame["close"], 0.1)
    np.testing.assert_allclose(frame["low"] - frame["close"], -0.3)
    assert frame["volume"].tolist() == list(range(PATHS * HORIZON))
    assert list(with_bars(volume=False).to_frame().columns)[-1] == "low"


def test_wide_frame_has_a_column_for_each_path() -> None:
    whole = one()
    frame = whole.to_frame("wide")
    assert frame.columns.tolist() == NUMBERS.tolist() and frame.columns.name == "path"
    assert frame.index.equals(pd.DatetimeIndex(whole.dates)) and frame.index.name == "date"
    assert np.array_equal(frame.to_numpy(), whole.closes().T)


def test_wide_frame_of_several_assets_and_of_bars_has_two_levels() -> None:
    whole = several()
    frame = whole.to_frame("wide")
    assert frame.columns.names == ["path", "asset"]
    for k, number in enumerate(NUMBERS):
        for asset, name in enumerate(NAMES):
            assert np.array_equal(frame[number, name], whole.closes()[k, :, asset])
    frame = with_bars().to_frame("wide")
    assert frame.columns.names == ["path", "field"]
    assert list(frame[8].columns) == ["Open", "High", "Low", "Close", "Volume"]
    assert np.array_equal(frame[8]["Close"], with_bars().closes()[1])


def test_another_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match="shape: expected long or wide, got 'tall'"):
        one().to_frame("tall")  # type: ignore[arg-type]


@pytest.mark.parametrize("whole", [one(), several(), with_bars(), with_bars(volume=False)])
def test_single_paths_are_the_columns_of_the_wide_frame(whole: Scenarios) -> None:
    wide = whole.to_frame("wide")
    paths = list(whole.paths())
    assert len(paths) == PATHS
    for number, path in zip(whole.numbers, paths, strict=True):
        of_it = wide[number]
        expected = of_it.to_frame("close") if isinstance(of_it, pd.Series) else of_it
        pd.testing.assert_frame_equal(path, expected, check_names=False, check_exact=True)


def test_steps_stand_for_dates_that_are_unknown() -> None:
    whole = one(last=None)
    assert whole.to_frame("wide").index.tolist() == [1, 2, 3, 4, 5, 6]
    assert next(whole.paths()).index.name == "step"


@pytest.mark.parametrize("whole", [one(), several(), with_bars(), one(last=None)])
def test_dataset_has_the_values_of_the_frame(whole: Scenarios) -> None:
    pytest.importorskip("xarray")
    dataset = whole.to_xarray()
    frame = whole.to_frame()
    names = [name for name in frame.columns if name not in ("path", "step", "asset", "date")]
    assert set(dataset.data_vars) == set(names)
    for name in names:
        assert np.array_equal(dataset[name].to_numpy().ravel(), frame[name])
    assert np.array_equal(dataset["date"].to_numpy(), whole.dates, equal_nan=True)
    if whole.several:
        value = dataset["close"].sel(path=8, asset="BTC", step=2)
        assert value == whole.closes()[1, 1, 2] and value["start_price"] == 3e4


def test_extra_is_named_where_xarray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ConfigError, match=r"xarray.*pip install 'tsgan\[xarray\]'"):
        one().to_xarray()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dates": dates()[1:]}, "dates: expected the shape (6,)"),
        ({"numbers": NUMBERS[1:]}, "numbers: expected the shape (4,)"),
        ({"start_price": 5.0}, "start price: expected the shape (3,)"),
        ({"names": NAMES[1:]}, "names: expected the shape (3,)"),
        ({"bars": with_bars().bars}, "bars of one asset"),
    ],
)
def test_parts_that_do_not_fit_are_named(change: dict[str, object], words: str) -> None:
    parts = {name: getattr(several(), name) for name in Scenarios.__dataclass_fields__}
    with pytest.raises(DataError) as told:
        Scenarios(**(parts | change))  # type: ignore[arg-type]
    assert words in str(told.value)


def test_bars_of_another_shape_are_named() -> None:
    plain, bars = one(), with_bars().bars
    assert bars is not None
    short = Bars(bars.open, bars.high, bars.low[:, 1:])
    with pytest.raises(DataError, match=r"low: expected the shape \(4, 6\)"):
        Scenarios(plain.log_returns, 50.0, plain.dates, NUMBERS, bars=short)


def test_picture_shows_quantiles_and_paths_by_date() -> None:
    returns = np.random.default_rng(0).normal(0, 0.01, (400, HORIZON))
    whole = Scenarios(returns, 50.0, dates(), np.arange(400))
    (axes,) = whole.plot(3).axes
    at = matplotlib.dates.date2num(whole.dates)
    lines = [line for line in axes.lines if len(line.get_xdata()) == HORIZON]
    single = [line for line in lines if line.get_color() == REAL]
    assert np.array_equal([line.get_ydata() for line in single], whole.closes()[:3])
    (median,) = [line for line in lines if line.get_color() == SYNTHETIC]
    np.testing.assert_allclose(median.get_ydata(), np.median(whole.closes(), axis=0))
    assert np.array_equal(matplotlib.dates.date2num(median.get_xdata()), at)
    outer, inner = axes.collections
    for band, low, high in ((outer, 5, 95), (inner, 25, 75)):
        assert to_hex(band.get_facecolor()[0]) == SYNTHETIC
        corners = band.get_paths()[0].vertices[:, 1]
        bounds = np.percentile(whole.closes(), [low, high], axis=0)
        np.testing.assert_allclose([corners.min(), corners.max()], [bounds.min(), bounds.max()])


def test_picture_of_several_assets_has_a_panel_of_each() -> None:
    panels = several().plot().axes
    assert [axes.get_title(loc="right") for axes in panels] == [*NAMES]
    for k, axes in enumerate(panels):
        assert np.array_equal(axes.lines[1].get_ydata(), several().closes()[0, :, k])


def test_picture_without_dates_begins_at_the_start_price() -> None:
    (axes,) = one(last=None).plot(1).axes
    assert axes.lines[1].get_xydata()[0].tolist() == [0.0, 50.0]
    assert axes.get_xlabel() == "step"
    one(last=None).plot(0).canvas.draw()


@pytest.mark.parametrize("step", [1, 60, 3600, BUSINESS_DAYS, "1 months"])
@pytest.mark.parametrize("horizon", [1, 2, 50_000])
def test_picture_is_drawn_at_every_size(step: str | int, horizon: int) -> None:
    calendar = Calendar("2021-12-31", step)
    Scenarios(
        np.zeros((2, horizon)), 9.0, calendar.after(horizon), np.arange(2)
    ).plot().canvas.draw()


def test_picture_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="paths: expected a whole number from 0"):
        one().plot(-1)
    empty = Scenarios(np.zeros((0, HORIZON)), 9.0, dates(), np.arange(0))
    with pytest.raises(ConfigError, match="at least one path"):
        empty.plot()
