from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from tsgan.conditions import (
    SMALLEST_LOG_VOLATILITY,
    Conditions,
    VolatilityCondition,
    trailing_log_volatility,
)
from tsgan.errors import ConfigError
from tsgan.tracks import LABEL, TrackCondition
from tsgan.units import Units

UNIT = 0.2
LEVELS = VolatilityCondition(UNIT, low=0.1, mid=0.15, high=0.4, smallest=0.05, largest=0.9)


def test_log_volatility_is_that_of_the_mean_square_of_each_window() -> None:
    series = torch.tensor([[3.0], [4.0], [0.0], [-2.0]])
    expected = [math.log(12.5) / 2, math.log(8) / 2, math.log(2) / 2]
    torch.testing.assert_close(trailing_log_volatility(series, 2), torch.tensor(expected))
    two_assets = torch.tensor([[3.0, 0.0], [4.0, 5.0]])
    expected = [math.log(12.5) / 2]
    torch.testing.assert_close(trailing_log_volatility(two_assets, 2), torch.tensor(expected))


def test_a_window_in_which_nothing_moves_has_a_finite_log_volatility() -> None:
    logs = trailing_log_volatility(torch.zeros(9, 1), 8)
    assert logs.tolist() == pytest.approx([SMALLEST_LOG_VOLATILITY] * 2)


@pytest.mark.parametrize("windows", [3, 30, 1001])
def test_levels_are_the_means_of_the_thirds(windows) -> None:
    logs = np.random.default_rng(0).normal(size=windows)
    fitted = VolatilityCondition.fit(logs, UNIT)
    volatilities = np.sort(UNIT * np.exp(logs))
    thirds = [third.mean() for third in np.array_split(volatilities, 3)]
    assert [fitted.low, fitted.mid, fitted.high] == pytest.approx(thirds, rel=1e-12)
    assert [fitted.smallest, fitted.largest] == pytest.approx(volatilities[[0, -1]].tolist())
    assert fitted.unit == UNIT


@pytest.mark.parametrize(
    ("given", "volatility"),
    [("low", 0.1), ("mid", 0.15), ("high", 0.4), ("0.35", 0.35), (0.35, 0.35), (2, 2.0), ("1", 1)],
)
def test_a_volatility_is_a_level_or_a_number(given, volatility) -> None:
    assert LEVELS.volatility(given) == volatility


@pytest.mark.parametrize(
    "given",
    ["", "wild", "HIGH", "unit", "0", "-0.2", "nan", "inf", 0, -1.0, 1e-5, 35, math.nan, math.inf],
)
def test_another_volatility_is_refused_with_the_choices(given) -> None:
    with pytest.raises(ConfigError, match=r"vol: expected low, mid, high or .*at least.*got"):
        LEVELS.volatility(given)


@pytest.mark.parametrize(("volatility", "seen"), [(0.04, 0), (0.05, 1), (0.9, 1), (0.91, 0)])
def test_seen_says_whether_training_saw_it(volatility, seen) -> None:
    assert LEVELS.seen(volatility) == bool(seen)


def test_a_given_volatility_is_a_logarithm_in_units_of_the_series() -> None:
    log, given = LEVELS.vector(0.35).tolist()
    assert UNIT * math.exp(log) == pytest.approx(0.35, rel=1e-6)
    assert given == 1.0


def test_no_volatility_is_the_zero_condition() -> None:
    assert LEVELS.vector(None).tolist() == [0.0, 0.0]


def test_json_gives_the_levels_back() -> None:
    assert VolatilityCondition.from_dict(json.loads(json.dumps(LEVELS.to_dict()))) == LEVELS


VIX = TrackCondition.of_numbers("vix", np.array([10.0, 20.0, 40.0]), log=True)
CRISIS = TrackCondition("crisis", LABEL, classes=("no", "yes"))
UNITS = Units(
    (0.0,) * 4, tuple(tuple(row) for row in np.eye(4).tolist()), (0.3, 0.0, 0.0, 0.5), -1.0, 1.0
)
BOTH = Conditions(LEVELS, (VIX, CRISIS), UNITS)
NONE = Conditions(LEVELS)


def test_conditions_name_what_the_model_has() -> None:
    assert BOTH.names == ("vol", "vix", "crisis") and NONE.names == ("vol",)
    assert BOTH.sizes == (2, 2) and BOTH.held == (False, False)
    assert BOTH.layout().covariates == 4 and NONE.layout().covariates == 0
    assert BOTH.track("crisis") is CRISIS


def test_a_series_has_the_channels_of_all_tracks() -> None:
    vix, crisis = np.array([10.0, 20.0, np.nan]), np.array([0.0, 1.0, 1.0])
    got = BOTH.series({"vix": vix, "crisis": crisis})
    assert torch.equal(got[:, :2], torch.from_numpy(VIX.encoded(vix)))
    assert got[:, 2:].tolist() == [[1, 0], [0, 1], [0, 1]]
    assert NONE.series({}) is None


def test_given_is_constant_or_a_schedule_and_what_is_not_named_is_not_given() -> None:
    got = BOTH.given({"crisis": np.array([0.0, 0.0, 1.0])}, 3)
    assert got.shape == (4, 3) and not got[:2].any()
    assert got[2:].tolist() == [[1, 1, 0], [0, 0, 1]]
    assert torch.equal(BOTH.given({"vix": 20.0}, 3)[:2], torch.tensor([[0.0] * 3, [1.0] * 3]))
    assert NONE.given({}, 3).shape == (0, 3)


def test_a_row_without_tracks_is_that_of_the_volatility() -> None:
    assert torch.equal(NONE.row({}, 5), LEVELS.vector(None))
    assert torch.equal(NONE.row({"vol": 0.35}, 5), LEVELS.vector(0.35))


def test_a_row_has_one_step_unless_something_changes() -> None:
    layout, log = BOTH.layout(), math.log(0.35 / UNIT)
    row = BOTH.row({"vol": 0.35, "crisis": 1.0}, 5)[None]
    assert row.shape == (1, layout.fixed + 5)
    torch.testing.assert_close(row[0, :3], torch.tensor([log, 1.0, log]))
    assert layout.covariates_of(row)[0, :, 0].tolist() == [0, 0, 0, 1]
    row = BOTH.row({"vol": 0.35, "crisis": np.array([1.0, 0.0])}, 2)[None]
    assert row.shape == (1, layout.fixed + 10)
    torch.testing.assert_close(layout.log_scale_of(row), torch.full((1, 2), log))


@pytest.mark.parametrize("conditions", [NONE, BOTH])
def test_a_volatility_may_change_along_the_horizon(conditions) -> None:
    row = conditions.row({"vol": np.array([0.2, 0.1, 0.4])}, 3)[None]
    scale = conditions.layout().scale_of(row, 3)
    expected = torch.tensor([0.2, 0.1, 0.4]) / UNIT
    torch.testing.assert_close(scale[:, 0, 0].exp(), expected)
    assert scale[..., 1].all() and row[0, 1] == 1


def test_without_a_volatility_the_unit_is_what_the_others_foretell() -> None:
    logs = {
        name: BOTH.layout().log_scale_of(BOTH.row(values, 2)[None])[0].tolist()
        for name, values in {
            "none": {},
            "no": {"crisis": 0.0},
            "yes": {"crisis": 1.0},
            "both": {"crisis": 1.0, "vix": 40.0},
            "switch": {"crisis": np.array([0.0, 1.0])},
        }.items()
    }
    z = float(VIX.encoded(np.array([40.0]))[0, 0])
    assert logs["none"] == [0.0] and logs["no"] == [0.0]
    assert logs["yes"] == pytest.approx([0.5], rel=1e-4)
    assert logs["both"] == pytest.approx([0.5 + 0.3 * z], rel=1e-4)
    assert logs["switch"] == pytest.approx([0.0, 0.5], rel=1e-4)
    assert BOTH.row({"crisis": 1.0}, 2)[1] == 0  # it is not given


def test_json_gives_the_conditions_back() -> None:
    for conditions in (BOTH, NONE):
        told = json.loads(json.dumps(conditions.to_dict()))
        assert Conditions.from_dict(LEVELS, told) == conditions


@pytest.mark.parametrize(
    "wrong",
    [
        {"tracks": "abc"},
        {"tracks": [{}]},
        {"tracks": 3},
        {"tracks": [CRISIS.to_dict()] * 2},
        {"tracks": [VIX.to_dict()]},
        {"tracks": [VIX.to_dict() | {"name": f"v{k}"} for k in range(9)]},
        {"units": None},
        {"units": {}},
        {"more": 1},
    ],
)
def test_a_hostile_manifest_is_refused(wrong) -> None:
    with pytest.raises(ConfigError):
        Conditions.from_dict(LEVELS, BOTH.to_dict() | wrong)
