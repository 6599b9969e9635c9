import math

import numpy as np
import pandas as pd
import pytest

from tsgan import Scenarios, read_prices
from tsgan.errors import ConfigError, DataError
from tsgan.evaluation_input import (
    PANEL_PATHS,
    PANEL_SERIES,
    PATHS,
    SERIES,
    check_arrays,
    check_settings,
    returns_array,
)

RETURNS = np.random.default_rng(0).normal(size=(3, 50)) * 0.01
HOLED = np.where(np.arange(150).reshape(3, 50) == 107, np.nan, RETURNS)
INFINITE = np.where(np.arange(50) > 47, np.inf, RETURNS[0])
PRICES = 100 * np.exp(np.cumsum(RETURNS[0]))


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (
            RETURNS,
            SERIES,
            r"real: expected one dimension, \(n,\), got shape \(3, 50\); .*single series",
        ),
        (RETURNS[0], PATHS, r"expected two dimensions, .* got shape \(50,\); .*values\[None, :\]"),
        (0.01, SERIES, r"got shape \(\)"),
        ([0.01], SERIES, r"at least 2 log returns, got shape \(1,\); pass a longer series"),
        ([], SERIES, r"at least 2 log returns, got shape \(0,\)"),
        (np.empty((0, 9)), PATHS, r"at least 2 log returns, got shape \(0, 9\)"),
        (["a", "b"], SERIES, "expected an array of numbers, got list .*; pass numbers"),
        ([[0.1, 0.2], [0.1]], PATHS, "expected an array of numbers, got list"),
        (HOLED, PATHS, r"got 1 that are NaN or infinite, the first at \[2, 7\]; remove or fill"),
        (INFINITE, SERIES, r"got 2 that are NaN or infinite, the first at \[48\]"),
        (np.full(30, 0.02), SERIES, "that vary, got 30 times 0.02; check the column"),
        (PRICES, SERIES, r"values around \S+, which look like prices; pass numpy.diff\(numpy.log"),
        (
            np.where(np.arange(50) == 3, -2e5, RETURNS[0]),
            SERIES,
            r"one of size 2e\+05, beyond any price",
        ),
        (np.abs(RETURNS[0]) + 0.1, SERIES, "which look like prices"),
        (RETURNS, PANEL_PATHS, r"expected three dimensions, \(paths, horizon, assets\)"),
        (RETURNS[0], PANEL_SERIES, r"expected two dimensions, \(n, assets\)"),
        (RETURNS[:1], PANEL_SERIES, r"at least 2 log returns, got shape \(1, 50\)"),
        (RETURNS[:, :1, None], PANEL_PATHS, r"at least 2 log returns, got shape \(3, 1, 1\)"),
    ],
)
def test_bad_input_is_one_line_with_what_came_and_the_remedy(values, kind, message):
    with pytest.raises(DataError, match=message) as error:
        returns_array("real", values, kind)
    assert "\n" not in str(error.value)


def test_what_is_like_an_array_becomes_one():
    for values in (RETURNS[0], RETURNS[0].tolist(), pd.Series(RETURNS[0])):
        array = returns_array("real", values, SERIES)
        assert array.dtype == np.float64 and array.tolist() == RETURNS[0].tolist()
    assert returns_array("synthetic", RETURNS[:, ::2].astype(np.float32), PATHS).flags.c_contiguous


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((19, 250.0, (), 200), "bootstrap_paths: expected at least 20.* got 19"),
        ((200, 0.5, (), 200), "bootstrap_block: expected at least 1 step, got 0.5"),
        ((200, float("nan"), (), 200), "bootstrap_block"),
        ((200, 250.0, ("GARCH-n", "LSTM"), 200), "among GARCH-n, .* got 'LSTM'"),
        ((200, 250.0, (), 0), "baseline_paths: expected at least 1, got 0"),
    ],
)
def test_settings_outside_their_range_are_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        check_settings(*settings)
    check_settings(20, 1.0, ("GARCH-n", "iid bootstrap"), 1)


def test_prices_and_scenarios_stand_for_their_returns() -> None:
    closes = pd.Series([100.0, 110.0, 99.0], name="Close")
    returns = returns_array("real", read_prices(closes), SERIES)
    assert returns == pytest.approx([math.log(1.1), math.log(0.9)])
    paths = np.array([[0.01, -0.02, 0.03], [0.0, 0.01, -0.01]])
    made = Scenarios(paths, 1.0, np.full(3, np.datetime64("NaT", "D")), np.arange(2))
    assert np.array_equal(returns_array("synthetic", made, PATHS), paths)
    both = read_prices(closes.to_frame().assign(Open=closes), ["Close", "Open"])
    assert returns_array("real", both, PANEL_SERIES).shape == (2, 2)
    with pytest.raises(DataError, match=r"one dimension, \(n,\), got shape \(2, 2\)"):
        returns_array("real", both, SERIES)


def test_arrays_of_several_assets_have_the_same_assets() -> None:
    series, paths = RETURNS.T, np.stack([RETURNS.T, RETURNS.T])
    arrays = check_arrays(series, paths, None, None, {"b": paths})
    assert arrays.assets == 3 and arrays.training is arrays.series
    for broken, what in (
        ({"synthetic": paths[..., :2]}, "synthetic"),
        ({"training": series[:, :2]}, "training"),
        ({"held_out": series[:, :2]}, "held_out"),
        ({"others": {"b.npy": paths[..., :2]}}, "b.npy"),
    ):
        given = {"synthetic": paths, "training": None, "held_out": None, "others": {}, **broken}
        with pytest.raises(DataError, match=f"^{what}: expected 3 assets as the real series has"):
            check_arrays(series, *given.values())


def test_returns_in_percent_are_doubted() -> None:
    fine = check_arrays(RETURNS[0], RETURNS, None, None, {"b": RETURNS})
    assert fine.doubts() == []
    doubts = check_arrays(RETURNS[0], 50 * RETURNS, None, None, {"b": 40 * RETURNS}).doubts()
    assert [doubt.split(":")[0] for doubt in doubts] == ["synthetic", "b"]
    assert all("divide them by 100" in doubt for doubt in doubts)


def test_columns_of_a_frame_are_paths() -> None:
    frame = pd.DataFrame(RETURNS.T, index=pd.bdate_range("2020-01-01", periods=50))
    assert np.array_equal(returns_array("synthetic", frame, PATHS), RETURNS)
    panel = check_arrays(frame, np.stack([RETURNS.T] * 2), None, None, {})
    assert panel.series.shape == (50, 3), "of a real series they are assets"
