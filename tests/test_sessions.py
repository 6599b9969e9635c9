"""Bars within a day are compared with the weeks of real files and of made ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trading import (
    AAPL,
    AAPL_MINUTE,
    BITCOIN,
    EURUSD,
    SP500,
    bars_a_day,
    dated,
    new_york,
    real,
)

from tsgan.calendar_learning import learn_calendar
from tsgan.clocks import DAY, to_local, to_utc
from tsgan.data.returns import log_returns
from tsgan.sessions import Sessions


def test_hourly_shares_have_seven_bars_over_both_changes_of_the_clock() -> None:
    calendar = learn_calendar(real(AAPL))
    dates = calendar.after(6 + 7 * 600)  # the file ends with the first bar of a day
    local = new_york(dates)
    assert str(dates[0]) == "2026-08-06T14:30:00"
    assert bars_a_day(local) == [6] + [7] * 600
    assert set(local.strftime("%H:%M")) == {f"{hour:02}:30" for hour in range(9, 16)}
    assert set(local.day_of_week) == {0, 1, 2, 3, 4}
    in_utc = set(pd.DatetimeIndex(dates).strftime("%H:%M"))
    assert {"13:30", "14:30", "20:30"} <= in_utc  # summer and winter
    assert len(np.unique(dates)) == len(dates) and (np.diff(dates) > np.timedelta64(0, "s")).all()


def test_the_week_of_currencies_runs_from_sunday_to_friday() -> None:
    prices = real(EURUSD)
    dates = learn_calendar(prices).after(120 * 150)
    weeks = np.split(dates, np.flatnonzero(np.diff(dates) > np.timedelta64(1, "h")) + 1)
    assert {len(week) for week in weeks} == {120} and len(weeks) == 150
    first, last = new_york([week[0] for week in weeks]), new_york([week[-1] for week in weeks])
    assert set(first.strftime("%a %H:%M")) == {"Sun 17:00"}
    assert set(last.strftime("%a %H:%M")) == {"Fri 16:00"}
    assert {str(week[0])[11:] for week in weeks} == {"21:00:00", "22:00:00"}  # the file's clock


def test_bitcoin_never_stops() -> None:
    calendar = learn_calendar(real(BITCOIN))
    dates = calendar.after(5000)
    assert (np.diff(dates) == np.timedelta64(1, "h")).all()
    assert str(dates[0]) == "2019-10-17T10:00:00"
    hours = pd.DatetimeIndex(dates).hour
    assert np.array_equal(calendar.slots_of_dates(dates), hours)
    assert (calendar.slots, calendar.apart, calendar.circular) == (24, (), True)


def test_four_days_of_minutes_give_the_weekday_that_they_lack() -> None:
    dates = learn_calendar(real(SP500, dates="month-first")).after(391 * 5)
    index = pd.DatetimeIndex(dates)
    assert str(dates[0]) == "2019-11-11T09:30:00"  # a Monday, which the file has not
    assert set(bars_a_day(index)[:4]) <= {390, 391} and set(index.day_of_week) == {0, 1, 2, 3, 4}
    assert set(index.hour) == set(range(9, 17))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        (AAPL, [389, 500, 499, 494, 494, 495, 495, 112]),
        (AAPL_MINUTE, [6] + [7] * 41 + [6] * 348),
        (BITCOIN, None),
    ],
)
def test_slots_of_real_returns(name: str, counts: list[int] | None) -> None:
    prices = real(name)
    calendar = learn_calendar(prices)
    slots = calendar.slots_of_returns(prices)
    assert slots.shape == (len(log_returns(prices)),)
    if counts is None:
        assert np.array_equal(slots, pd.DatetimeIndex(prices.return_index).hour)
        return
    found = np.bincount(slots, minlength=calendar.slots)
    pauses = np.diff(prices.values.index.asi8) > 4 * 3600e6
    assert np.array_equal(pauses, np.isin(slots, calendar.apart))  # every night, and nothing else
    assert found.tolist() == counts


def test_weekends_have_a_slot_of_their_own_where_there_are_many() -> None:
    prices = real(AAPL)
    calendar = learn_calendar(prices)
    assert calendar.slots == 8 and calendar.apart == (0, 7)
    apart = np.diff(prices.values.index.asi8) / 3600e6
    slots = calendar.slots_of_returns(prices)
    assert set(apart[slots == 0]) == {18.0} and apart[slots == 7].min() > 40
    dates = calendar.after(6 + 35 * 20)
    made = calendar.slots_of_dates(dates)
    assert made[:8].tolist() == [1, 2, 3, 4, 5, 6, 0, 1]
    mondays = new_york(dates).day_of_week == 0
    assert (made == 7).sum() == 20 and mondays[made == 7].all()


def test_slots_of_generated_and_real_times_agree() -> None:
    prices = real(EURUSD)
    calendar = learn_calendar(prices)
    again = calendar.slots_of_dates(
        prices.values.index.to_numpy()[1:].astype("datetime64[s]"), "2017-01-01T23:00"
    )
    assert np.array_equal(again, calendar.slots_of_returns(prices))
    own = new_york(prices.values.index[1:]).tz_localize(None) - pd.Timedelta(hours=17)
    place = (np.asarray(own.day_of_week) - 6) % 7 * 24 + np.asarray(own.hour)
    usual = calendar.slots_of_returns(prices) > 0
    assert np.array_equal(place[usual], again[usual])


def test_returns_over_night_that_are_cut_are_not_made_either() -> None:
    prices = real(AAPL, sessions="cut")
    calendar = learn_calendar(prices)
    slots = calendar.slots_of_returns(prices)
    assert slots.shape == (len(log_returns(prices)),) and slots.min() == 1
    dates = calendar.after(6 * 100, "2027-01-01")
    assert set(calendar.slots_of_dates(dates, "2027-01-01")) == {1, 2, 3, 4, 5, 6}
    assert set(new_york(dates).strftime("%H:%M")) == {f"{hour}:30" for hour in range(10, 16)}
    assert calendar.apart == ()


def test_a_start_date_moves_to_the_next_bar() -> None:
    calendar = learn_calendar(real(AAPL))
    saturday = calendar.after(2, "2027-01-02")
    assert saturday.astype(str).tolist() == ["2027-01-04T14:30:00", "2027-01-04T15:30:00"]
    assert calendar.slots_of_dates(saturday, "2027-01-02").tolist() == [0, 1]
    noon = calendar.after(2, "2027-01-04T16:30")
    assert calendar.slots_of_dates(noon, "2027-01-04T16:30").tolist() == [2, 3]


def test_missing_rows_do_not_shift_the_slots() -> None:
    hours = pd.date_range("2024-01-01", periods=200 * 24, freq="h")
    traded = hours[(hours.day_of_week < 5) & (hours.hour >= 9) & (hours.hour < 17)]
    holes = traded.delete([100, 203, 204, 411, 800])
    calendar = learn_calendar(dated(holes))
    assert calendar.sessions == learn_calendar(dated(traded)).sessions
    slots = calendar.slots_of_returns(dated(holes))
    first = np.diff(holes.asi8) > 4 * 3600e6
    assert np.array_equal(slots[~first], holes[1:][~first].hour - 9)
    assert np.isin(slots[first], calendar.apart).all()


def test_lunch_is_within_the_session() -> None:
    minutes = pd.date_range("2024-01-01", periods=60 * 288, freq="5min")
    of_day = minutes.hour * 60 + minutes.minute
    open_now = ((of_day >= 540) & (of_day < 690)) | ((of_day >= 750) & (of_day < 900))
    calendar = learn_calendar(dated(minutes[open_now & (minutes.day_of_week < 5)]))
    assert calendar.slots == 60 and calendar.apart == (0,)
    dates = calendar.after(60 * 10)
    assert set(bars_a_day(pd.DatetimeIndex(dates))) == {60}
    assert not np.isin(pd.DatetimeIndex(dates).strftime("%H:%M"), ["11:30", "12:00", "12:25"]).any()
    assert np.array_equal(calendar.slots_of_dates(dates), np.tile(np.arange(60), 10))


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Australia/Sydney"])
def test_a_time_zone_is_found_by_its_summer_time(zone: str) -> None:
    days = pd.bdate_range("2022-01-03", "2023-12-29")
    times = days.repeat(7) + pd.to_timedelta(np.tile(np.arange(10, 17), len(days)), "h")
    calendar = learn_calendar(dated(times.tz_localize(zone).tz_convert("UTC")))
    assert calendar.sessions is not None and calendar.sessions.zone == zone
    made = pd.DatetimeIndex(calendar.after(7 * 400)).tz_localize("UTC").tz_convert(zone)
    assert set(made.hour) == set(range(10, 17)) and set(bars_a_day(made)) == {7}


def test_times_without_a_pattern_are_a_step_apart() -> None:
    random = np.random.default_rng(0)
    seconds = np.cumsum(random.integers(1, 900, 3000)) + random.integers(0, 2, 3000) * 7
    times = pd.DatetimeIndex(np.unique(seconds).astype("datetime64[s]"))
    calendar = learn_calendar(dated(times[times.hour < 12]))
    assert calendar.sessions is None and calendar.slots == 1
    assert (np.diff(calendar.after(50)) == np.timedelta64(int(calendar.step), "s")).all()


def test_clocks_go_there_and_back_but_for_the_hour_that_is_skipped() -> None:
    times = np.arange(1_700_000_000, 1_800_000_000, 3600)
    local = to_local(times, "America/New_York")
    offsets = set(((local - times) // 3600).tolist())
    back = to_utc(local, "America/New_York")
    assert offsets == {-5, -4} and set((back - times).tolist()) == {0, 3600}
    skipped = np.datetime64("2024-03-10T02:30", "s").astype(np.int64).reshape(1)
    assert to_utc(skipped, "America/New_York") // 60 * 60 == skipped // DAY * DAY + 7 * 3600
    assert (back != times).sum() == 3  # the first of the hours shown twice, each autumn


def test_a_week_counts_from_the_start_of_its_session() -> None:
    week = Sessions(3600, ((0, 113), (579_600, 7)))  # Sunday 17:00 to Friday 16:00
    grid = week.grid(0, 7 * 86_400)
    sunday = np.flatnonzero(grid.times == 3 * 86_400 + 17 * 3600)[0]  # 4 January 1970
    assert grid.positions[sunday : sunday + 120].tolist() == list(range(120))
    assert grid.positions[sunday - 1] == 119 and grid.positions[sunday + 120] == 0
