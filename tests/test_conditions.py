from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from tsgan.conditions import (
    SMALLEST_LOG_VOLATILITY,
    VolatilityCondition,
    parse_given,
    trailing_log_volatility,
)
from tsgan.errors import ConfigError

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


@pytest.mark.parametrize(
    ("text", "value"),
    [("vol=high", "high"), ("vol=0.35", "0.35"), (" vol = low ", "low"), ("vol=a=b", "a=b")],
)
def test_given_names_a_volatility(text, value) -> None:
    assert parse_given(text) == value


@pytest.mark.parametrize("text", ["", "high", "vol", "vol=", "vol= ", "=high", "level=high", "0.3"])
def test_another_given_is_refused_with_the_choices(text) -> None:
    with pytest.raises(ConfigError, match=r"--given: expected vol=low, .*vol=NUMBER, got"):
        parse_given(text)
