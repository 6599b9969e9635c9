"""Dates are compared with calendars and with the arithmetic of weeks; what is stored comes back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from trading import (
    AAPL,
    AAPL_MINUTE,
    BITCOIN,
    EURUSD,
    dated,
    real,
)

from tsgan.calendar_learning import learn_calendar
from tsgan.calendars import BUSINESS_DAYS, DAYS, Calendar
from tsgan.errors import ConfigError
from tsgan.scenarios import Scenarios

FRIDAY, MONDAY = "2021-12-31", "2022-01-03"


def frame_of(dates: Any) -> pd.DataFrame:
    return Scenarios(np.zeros((1, len(dates))), 100.0, dates, np.arange(1)).to_frame()


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
    frame = frame_of(dates)
    assert frame["date"].iloc[-1].year == 2405
    assert frame["date"].is_monotonic_increasing


def test_series_without_dates_has_none() -> None:
    dates = Calendar(None, BUSINESS_DAYS).after(3)
    assert len(dates) == 3 and np.isnat(dates).all()
    frame = frame_of(dates)
    assert frame["date"].isna().all() and frame["date"].dtype.kind == "M"


@pytest.mark.parametrize(
    "text", ["", "NaT", "today", "2020-02-30", "31.12.2020", "2020", "2020-01-01T00:00+02:00"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^start date: expected a date as YYYY-MM-DD, got"):
        Calendar(FRIDAY, BUSINESS_DAYS).after(3, text)


@pytest.mark.parametrize("name", ["business days", "business-days", "Business Days"])
def test_days_can_be_said(name: str) -> None:
    every_day = dated(pd.date_range("2020-01-01", periods=400))
    assert learn_calendar(every_day).step == DAYS
    assert learn_calendar(every_day, name).step == BUSINESS_DAYS
    assert learn_calendar(every_day, "24/7").step == DAYS


@pytest.mark.parametrize("name", [AAPL, EURUSD, BITCOIN, AAPL_MINUTE])
def test_json_keeps_a_calendar(name: str) -> None:
    calendar = learn_calendar(real(name, sessions="cut"))
    values = json.loads(json.dumps(calendar.to_dict()))
    again = Calendar.from_dict(calendar.last, calendar.step, values)
    assert again == calendar and np.array_equal(again.after(500), calendar.after(500))


def test_models_without_sessions_have_the_dates_they_had() -> None:
    old = Calendar.from_dict("2021-12-31T23:30:00", 1800, {})
    assert old == Calendar("2021-12-31T23:30:00", 1800) and old.to_dict() == {}
    assert old.after(2).astype(str).tolist() == ["2022-01-01T00:00:00", "2022-01-01T00:30:00"]


SESSIONS: dict[str, Any] = {"step": 3600, "runs": [[34200, 7]]}


@pytest.mark.parametrize(
    "values",
    [
        [],
        {"other": 1},
        {"exchange": 3},
        {"exchange": "../../etc"},
        {"exchange": "X" * 50},
        {"utc": 1},
        {"sessions": None},
        {"sessions": []},
        {"sessions": {"step": 3600}},
        {"sessions": SESSIONS | {"other": 1}},
        *(
            {"sessions": SESSIONS | {name: value}}
            for name, value in [
                ("step", 0),
                ("step", True),
                ("step", "3600"),
                ("step", 10**18),
                ("runs", []),
                ("runs", [3600]),
                ("runs", [[3600]]),
                ("runs", [[-1, 7]]),
                ("runs", [["0", 7]]),
                ("runs", [[34200, 0]]),
                ("runs", [[34200, 10**12]]),
                ("runs", [[34200, 7], [34200, 7]]),
                ("runs", "34200"),
                ("zone", "../../etc/passwd"),
                ("zone", None),
                ("exchange", "no such/place"),
                ("night", -1),
                ("night", 1e300),
                ("weekends", 1),
                ("cut", "yes"),
                ("utc", None),
            ]
        ),
    ],
)
def test_hostile_values_are_refused(values: object) -> None:
    with pytest.raises(ConfigError):
        Calendar.from_dict(FRIDAY, 3600, values)


@pytest.mark.parametrize("step", [0, -5, True, 10**30, "fortnights", "0 months", "x months", 1.5])
def test_hostile_steps_are_refused(step: Any) -> None:
    with pytest.raises(ConfigError, match="step"):
        Calendar(FRIDAY, step)
