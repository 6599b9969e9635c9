from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tsgan.errors import ConfigError, DataError, TsganError
from tsgan.tracks import LABEL, REGIME, TREND, TrackCondition

VIX = TrackCondition.of_numbers("vix", np.array([10.0, 20.0, 40.0]), log=True)
CRISIS = TrackCondition("crisis", LABEL, classes=("no", "yes"))
REGIMES = TrackCondition.of_regimes(np.linspace(0.1, 0.4, 301), 3)
NAN = math.nan


def test_a_number_is_its_logarithm_in_standard_units_and_whether_it_is_given() -> None:
    assert VIX.channels == 2 and (VIX.smallest, VIX.largest) == (10.0, 40.0)
    got = VIX.encoded(np.array([20.0, 10.0, NAN]))
    z = -math.log(2) / np.std(np.log([10, 20, 40]))
    np.testing.assert_allclose(got, [[0, 1], [z, 1], [0, 0]], atol=1e-6)
    plain = TrackCondition.of_numbers("rate", np.array([-1.0, 0.0, 4.0]), log=False)
    np.testing.assert_allclose(plain.encoded(np.array([1.0])), [[0.0, 1.0]], atol=1e-6)


def test_a_class_is_a_one_hot_vector_and_nothing_is_zeros() -> None:
    assert CRISIS.channels == 2 and REGIMES.channels == 3
    assert CRISIS.encoded(np.array([0.0, 1.0, NAN])).tolist() == [[1, 0], [0, 1], [0, 0]]


def test_regimes_are_equally_many_windows_each() -> None:
    volatilities = np.exp(np.random.default_rng(0).normal(size=3000))
    for classes in (2, 3, 4):
        track = TrackCondition.of_regimes(volatilities, classes)
        places = np.searchsorted(track.edges, volatilities, side="right")
        assert np.bincount(places).tolist() == [3000 // classes] * classes
        assert track.classes == tuple(map(str, range(1, classes + 1)))


@pytest.mark.parametrize(
    ("track", "asked", "value"),
    [
        (VIX, "40", 40.0),
        (VIX, 40, 40.0),
        (VIX, "1e3", 1000.0),
        (CRISIS, "yes", 1.0),
        (CRISIS, "Yes ", 1.0),
        (CRISIS, "0", 0.0),
        (CRISIS, True, 1.0),
        (REGIMES, "2", 1.0),
        (REGIMES, 3, 2.0),
        (REGIMES, "low", 0.0),
        (REGIMES, "high", 2.0),
    ],
)
def test_values_that_can_be_asked_for(track, asked, value) -> None:
    assert track.value(asked) == value


@pytest.mark.parametrize(
    ("track", "asked", "message"),
    [
        (VIX, "high", "vix: expected a number above 0 .*such as 10 to 40 in training, got 'high'"),
        (VIX, 0, "vix: expected a number above 0"),
        (VIX, -3, "vix: expected a number above 0"),
        (VIX, "nan", "vix: expected a number"),
        (VIX, math.inf, "vix: expected a number"),
        (CRISIS, "maybe", "crisis: expected one of no, yes, got 'maybe'"),
        (CRISIS, "2", "crisis: expected one of no, yes, got '2'"),
        (REGIMES, "0", "regime: expected one of 1, 2, 3, got '0'"),
        (REGIMES, "4", "regime: expected one of 1, 2, 3, got '4'"),
        (TrackCondition.of_regimes(np.arange(9.0), 4), "low", "expected one of 1, 2, 3, 4"),
    ],
)
def test_others_are_refused_with_the_choices(track, asked, message) -> None:
    with pytest.raises(ConfigError, match=message):
        track.value(asked)


def test_seen_is_the_range_of_training() -> None:
    assert [VIX.seen(value) for value in (9.99, 10.0, 40.0, 40.1)] == [False, True, True, False]
    assert CRISIS.seen(1.0)
    assert (VIX.shown(12.5), CRISIS.shown(1.0)) == ("12.5", "yes")


def test_what_does_not_vary_is_refused() -> None:
    with pytest.raises(DataError, match="condition x: expected numbers that vary"):
        TrackCondition.of_numbers("x", np.ones(9), log=True)
    with pytest.raises(DataError, match="condition regime: expected volatilities"):
        TrackCondition.of_regimes(np.r_[np.ones(8), 2.0], 3)


@pytest.mark.parametrize("track", [VIX, CRISIS, REGIMES])
def test_json_gives_it_back(track) -> None:
    assert TrackCondition.from_dict(json.loads(json.dumps(track.to_dict()))) == track


@pytest.mark.parametrize(
    ("track", "wrong"),
    [
        (VIX, {"name": "vol"}),
        (VIX, {"name": "a=b"}),
        (VIX, {"name": 3}),
        (VIX, {"name": "x" * 41}),
        (VIX, {"kind": "other"}),
        (VIX, {"sd": 0.0}),
        (VIX, {"sd": NAN}),
        (VIX, {"mean": math.inf}),
        (VIX, {"mean": "1"}),
        (VIX, {"log": 1}),
        (VIX, {"smallest": 50.0}),
        (VIX, {"smallest": 0.0}),
        (VIX, {"classes": ["a", "b"]}),
        (VIX, {"edges": [0.1]}),
        (CRISIS, {"classes": ["no"]}),
        (CRISIS, {"classes": []}),
        (CRISIS, {"classes": ["no", "no"]}),
        (CRISIS, {"classes": ["no", 1]}),
        (CRISIS, {"classes": "ab"}),
        (CRISIS, {"classes": [str(k) for k in range(21)]}),
        (REGIMES, {"edges": [0.1]}),
        (REGIMES, {"edges": [0.2, 0.1]}),
        (REGIMES, {"edges": [0.2, NAN]}),
        (REGIMES, {"edges": 3}),
    ],
)
def test_a_hostile_manifest_is_refused(track, wrong) -> None:
    with pytest.raises(TsganError):
        TrackCondition.from_dict(track.to_dict() | wrong)


@pytest.mark.parametrize("values", [None, [], {}, {"name": "x"}, VIX.to_dict() | {"more": 1}])
def test_other_objects_are_refused(values) -> None:
    with pytest.raises(ConfigError, match="condition: expected an object of classes, edges"):
        TrackCondition.from_dict(values)


def test_a_trend_is_held_over_a_window_and_a_number_is_not() -> None:
    assert replace(VIX, kind=TREND).held and REGIMES.held
    assert not VIX.held and not CRISIS.held and REGIMES.kind == REGIME
