"""Dates of exchanges are compared with exchange_calendars' own, and with known holidays."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from trading import (
    AAPL,
    EURUSD,
    SP500,
    dated,
    held_sessions,
    new_york,
    real,
)

from tsgan.calendar_learning import learn_calendar
from tsgan.calendars import BUSINESS_DAYS, DAYS, Calendar
from tsgan.errors import ConfigError

FRIDAY, MONDAY = "2021-12-31", "2022-01-03"


def test_the_sessions_of_an_exchange_leave_out_its_holidays_and_close_early() -> None:
    held = held_sessions("XNYS", "2026-01-01", "2027-12-31")
    calendar = learn_calendar(real(AAPL), "nyse")
    dates = calendar.after(6 + 7 * 300)
    local = new_york(dates)
    days = pd.DatetimeIndex(np.unique(dates.astype("datetime64[D]")))
    assert days.isin(held).all() and pd.Timestamp("2026-11-26") not in days
    by_day = pd.Series(1, index=local).groupby(local.date).sum()
    early = by_day[by_day == 4]  # 9:30, 10:30, 11:30 and 12:30 before 13:00
    assert [str(day) for day in early.index] == ["2026-11-27", "2026-12-24"]
    assert set(by_day.iloc[1:-1]) == {4, 7}


def test_daily_dates_are_the_sessions_of_an_exchange() -> None:
    held = held_sessions("XNYS", "2019-01-01", "2025-12-31")
    known = held[held < "2022-01-01"]
    calendar = learn_calendar(dated(known), "NYSE")
    wanted = held[held > "2022-01-01"]
    assert calendar.exchange == "XNYS"
    assert np.array_equal(calendar.after(len(wanted)), wanted.to_numpy().astype("datetime64[D]"))
    assert str(calendar.after(1, "2022-07-02")[0]) == "2022-07-05"  # after Independence Day
    assert (calendar.slots_of_dates(calendar.after(5)) == 0).all()


def test_times_of_utc_are_days_of_the_exchange() -> None:
    pytest.importorskip("exchange_calendars")
    days = pd.bdate_range("2024-03-01", "2024-04-26", tz="Asia/Tokyo")
    held = days[~days.strftime("%Y-%m-%d").isin(["2024-03-20"])]
    calendar = learn_calendar(dated(held.tz_convert("UTC")), "JPX")
    assert calendar.last == "2024-04-25T15:00:00"  # the 26th in Tokyo
    assert calendar.after(3).astype(str).tolist() == ["2024-04-30", "2024-05-01", "2024-05-02"]


def test_four_centuries_go_on_without_holidays_and_say_so() -> None:
    pytest.importorskip("exchange_calendars")
    calendar = Calendar(FRIDAY, BUSINESS_DAYS, exchange="XNYS")
    dates = calendar.after(100_000)
    assert (np.diff(dates) > np.timedelta64(0, "s")).all() and np.is_busday(dates).all()
    assert str(dates[-1])[:3] == "241"
    assert "known up to 2260-12-31" in str(calendar.remark(dates))
    assert calendar.remark(dates[:1000]) is None
    mumbai = Calendar("2026-01-01", BUSINESS_DAYS, exchange="XBOM")
    assert len(mumbai.after(2000)) == 2000 and "XBOM" in str(mumbai.remark(mumbai.after(2000)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("XNYZ", "got 'XNYZ'; did you mean .*XNYS"),
        ("mars", "calendar: expected 'auto', 'business days', '24/7' or an exchange"),
        ("", "calendar: expected"),
    ],
)
def test_an_unknown_exchange_is_refused_with_the_nearest_names(name: str, message: str) -> None:
    pytest.importorskip("exchange_calendars")
    with pytest.raises(ConfigError, match=message):
        learn_calendar(dated(pd.bdate_range("2020-01-01", periods=50)), name)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    days = dated(pd.bdate_range("2020-01-01", periods=50))
    with pytest.raises(ConfigError, match=r"pip install 'tsgan\[calendars\]'"):
        learn_calendar(days, "XNYS")
    assert learn_calendar(days, "24/7").step == DAYS
    Calendar.from_dict(FRIDAY, BUSINESS_DAYS, {"exchange": "XNYS"})  # a model can be read


def test_an_exchange_that_does_not_fit_the_dates_is_refused() -> None:
    pytest.importorskip("exchange_calendars")
    every_day = dated(pd.date_range("2020-01-01", periods=400))
    with pytest.raises(ConfigError, match=r"sessions of XNYS, but 3\d% of them are not"):
        learn_calendar(every_day, "XNYS")
    with pytest.raises(ConfigError, match="within its hours"):
        learn_calendar(real(EURUSD), "XNYS")
    with pytest.raises(ConfigError, match="expected daily data"):
        learn_calendar(dated(pd.date_range("2020-01-31", periods=40, freq="ME")), "24/7")


def test_without_the_exchange_a_local_clock_is_told_from_utc() -> None:
    pytest.importorskip("exchange_calendars")
    prices = real(SP500, dates="month-first")
    dates = learn_calendar(prices, "XNYS").after(391 * 3, "2026-07-01")
    assert set(pd.DatetimeIndex(dates).hour) == set(range(9, 17))  # the file's clock, New York's
    assert "2026-07-03" not in set(dates.astype("datetime64[D]").astype(str))
