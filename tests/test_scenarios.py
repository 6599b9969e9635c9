"""Dates are compared with calendars and with the arithmetic of weeks, prices with exp by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.errors import DataError
from tsgan.scenarios import Scenarios

FRIDAY, MONDAY = "2021-12-31", "2022-01-03"


def scenarios(returns: object, dates: object = None, start: float = 100.0) -> Scenarios:
    array = np.asarray(returns, dtype=np.float64)
    if dates is None:
        dates = Calendar(FRIDAY, BUSINESS_DAYS).after(array.shape[1])
    return Scenarios(array, start, np.asarray(dates), np.arange(len(array)))


def test_closes_are_start_times_exp_of_the_sum() -> None:
    paths = scenarios([[math.log(2), math.log(2), -math.log(4)], [0, math.log(1.5), 0]], start=8)
    np.testing.assert_allclose(paths.closes(), [[16, 32, 8], [8, 12, 12]], rtol=1e-14)


def test_log_returns_of_closes_are_the_log_returns() -> None:
    returns = np.random.default_rng(0).normal(0, 0.02, (5, 300))
    closes = scenarios(returns, start=2506.85).closes()
    whole = np.concatenate([np.full((5, 1), 2506.85), closes], axis=1)
    np.testing.assert_allclose(np.diff(np.log(whole), axis=1), returns, atol=1e-13)


def test_prices_beyond_every_float_are_refused() -> None:
    with pytest.raises(DataError, match="range of float64"):
        scenarios([[0.0, 800.0]]).closes()


def test_frame_is_long_and_has_these_columns() -> None:
    paths = scenarios([[0.1, 0.2], [0.3, 0.4]])
    frame = paths.to_frame()
    assert list(frame.columns) == ["path", "step", "date", "log_return", "close"]
    assert frame["path"].tolist() == [0, 0, 1, 1]
    assert frame["step"].tolist() == [1, 2, 1, 2]
    assert frame["date"].astype(str).tolist() == [MONDAY, "2022-01-04"] * 2
    assert frame["log_return"].tolist() == [0.1, 0.2, 0.3, 0.4]
    np.testing.assert_allclose(frame["close"], 100 * np.exp([0.1, 0.3, 0.3, 0.7]))
    assert frame["date"].dtype.kind == "M" and frame["close"].dtype == np.float64
