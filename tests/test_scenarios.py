"""Dates are compared with calendars and with the arithmetic of weeks, prices with exp by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tsgan.errors import ConfigError, DataError
from tsgan.scenarios import BUSINESS_DAYS, DAYS, Calendar, Scenarios

FRIDAY, MONDAY = "2021-12-31", "2022-01-03"


def scenarios(returns: object, dates: object = None, start: float = 100.0) -> Scenarios:
    array = np.asarray(returns, dtype=np.float64)
    if dates is None:
        dates = Calendar(FRIDAY, BUSINESS_DAYS).after(array.shape[1])
    return Scenarios(array, start, np.asarray(dates), np.arange(len(array)))


@pytest.mark.parametrize(
    ("last", "step", "start", "expected"),
    [
        (FRIDAY, BUSINESS_DAYS, None, ["2022-01-03", "2022-01-04"]),
        ("2021-12-30", BUSINESS_DAYS, None, ["2021-12-31", "2022-01-03"]),
        ("2022-01-01", BUSINESS_DAYS, None, ["2022-01-03", "2022-01-04"]),  # a Saturday
        ("2021-12-30T16:00:00", BUSINESS_DAYS, None, ["2021-12-31", "2022-01-03"]),
        (FRIDAY, DAYS, None, ["2022-01-01", "2022-01-02"]),
        (FRIDAY, BUSINESS_DAYS, "2030-01-03", ["2030-01-03", "2030-01-04"]),
        (FRIDAY, BUSINESS_DAYS, "2030-01-05", ["2030-01-07", "2030-01-08"]),  # Saturday
        (FRIDAY, BUSINESS_DAYS, "2030-01-06", ["2030-01-07", "2030-01-08"]),  # Sunday
        (FRIDAY, BUSINESS_DAYS, "20300107", ["2030-01-07", "2030-01-08"]),
        (FRIDAY, DAYS, "2030-01-05", ["2030-01-05", "2030-01-06"]),
        (None, BUSINESS_DAYS, "2030-01-04", ["2030-01-04", "2030-01-07"]),
        (FRIDAY, 3600, None, ["2021-12-31T01:00:00", "2021-12-31T02:00:00"]),
        ("2021-12-31T23:30:00", 1800, None, ["2022-01-01T00:00:00", "2022-01-01T00:30:00"]),
        (FRIDAY, 60, "2030-01-05T09:30", ["2030-01-05T09:30:00", "2030-01-05T09:31:00"]),
        (FRIDAY, 7 * 86_400, None, ["2022-01-07", "2022-01-14"]),
        (FRIDAY, "1 months", None, ["2022-01-31", "2022-02-28"]),
        ("2022-01-30", "1 months", None, ["2022-02-28", "2022-03-30"]),
        ("2022-01-15", "3 months", None, ["2022-04-15", "2022-07-15"]),
        ("2022-02-28", "12 months", "2023-12-31", ["2023-12-31", "2024-12-31"]),
    ],
)
def test_dates_go_on(
    last: str | None, step: str | int, start: str | None, expected: list[str]
) -> None:
    dates = Calendar(last, step).after(2, start)
    assert dates.astype(str).tolist() == expected


def test_a_century_of_business_days_has_none_at_weekends() -> None:
    dates = Calendar(FRIDAY, BUSINESS_DAYS).after(260 * 100)
    assert np.array_equal(dates, pd.bdate_range(MONDAY, periods=len(dates)).to_numpy())


def test_business_days_reach_beyond_the_year_2262() -> None:
    dates = Calendar(FRIDAY, BUSINESS_DAYS).after(100_000)
    assert dates[-1] == np.datetime64(FRIDAY) + np.timedelta64(7 * 100_000 // 5, "D")
    frame = scenarios(np.zeros((1, 100_000)), dates).to_frame()
    assert frame["date"].iloc[-1].year == 2405
    assert frame["date"].is_monotonic_increasing


def test_series_without_dates_has_none() -> None:
    dates = Calendar(None, BUSINESS_DAYS).after(3)
    assert len(dates) == 3 and np.isnat(dates).all()
    frame = scenarios(np.zeros((2, 3)), dates).to_frame()
    assert frame["date"].isna().all() and frame["date"].dtype.kind == "M"


@pytest.mark.parametrize(
    "text", ["", "NaT", "today", "2020-02-30", "31.12.2020", "2020", "2020-01-01T00:00+02:00"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^start date: expected a date as YYYY-MM-DD, got"):
        Calendar(FRIDAY, BUSINESS_DAYS).after(3, text)


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
