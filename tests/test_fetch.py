"""What Yahoo answers, played on this machine to the real yfinance, becomes prices unchanged."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yahoo_server
from yahoo_listings import Listing, bars, closes, daily, sessions
from yahoo_server import Yahoo

from tsgan import read_prices
from tsgan.data.fetch import fetch_prices
from tsgan.data.fetched import Fetched, demand_target, side_file, write_fetched
from tsgan.errors import ConfigError, DataError

COLUMNS = ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)  # a Monday, while New York trades
APPLE = daily(closes(300), "2023-05-09")  # to that Monday
TOYOTA = daily(closes(240, 1), "2023-08-01", "Asia/Tokyo").drop(
    index=pd.Timestamp("2024-01-02 09:30", tz="Asia/Tokyo")
)
HOURS = bars(closes(70), sessions("2024-03-06", 10, "America/New_York", 60))  # over a 10 March
MINUTES = bars(closes(156), sessions("2024-06-27", 2, "Europe/London", 5))
DIVIDEND = int(APPLE.index[150].timestamp())
LISTINGS = {
    ("AAPL", "1d"): Listing(
        APPLE,
        events={
            "dividends": {str(DIVIDEND): {"amount": 0.25, "date": DIVIDEND}},
            "splits": {str(DIVIDEND): {"date": DIVIDEND, "numerator": 2.0, "denominator": 1.0}},
        },
    ),
    ("AAPL", "1h"): Listing(HOURS),
    ("7203.T", "1d"): Listing(TOYOTA, currency="JPY"),
    ("VOD.L", "5m"): Listing(MINUTES, currency="GBp"),
    ("OPEN", "1d"): Listing(APPLE),
    ("LOW", "1d"): Listing(APPLE * 2),
}

Fetch = Callable[..., Fetched]


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    with yahoo_server.played(LISTINGS, monkeypatch) as yahoo:
        yield yahoo


@pytest.fixture
def said() -> list[str | float]:
    """What is said, and the pauses, in their order."""
    return []


@pytest.fixture
def fetch(yahoo: Yahoo, said: list[str | float], tmp_path: Path) -> Fetch:
    def fetch(*arguments: Any, now: datetime = NOW, **options: Any) -> Fetched:
        options = {"cache": tmp_path / "cache", **options}
        return fetch_prices(
            *arguments, say=said.append, pause=said.append, now=lambda: now, **options
        )

    return fetch


def days(index: pd.Index) -> list[date]:
    return [moment.date() for moment in index]


@pytest.mark.parametrize("name", ["prices.csv", "prices.parquet"])
def test_bars_of_one_ticker_are_read_as_adjusted_closes(
    fetch: Fetch, yahoo: Yahoo, tmp_path: Path, name: str
) -> None:
    fetched = fetch("aapl")
    assert list(fetched.frame.columns) == COLUMNS
    whole = APPLE.iloc[:-1]  # the last is of today
    assert days(fetched.frame["Date"]) == days(whole.index)
    for column in COLUMNS[1:]:
        assert np.array_equal(fetched.frame[column], whole[column]), column
    write_fetched(tmp_path / name, fetched)
    prices = read_prices(tmp_path / name)
    assert days(prices.values.index) == days(whole.index) and prices.values.index.tz is None
    assert np.array_equal(prices.values.to_numpy()[:, 0], 0.9 * whole["Close"])
    assert len(yahoo.charts) == 1 and yahoo.charts[0]["crumb"] == yahoo_server.CRUMB


def test_start_and_end_are_included(fetch: Fetch, yahoo: Yahoo) -> None:
    fetched = fetch("AAPL", "2024-01-02", date(2024, 3, 1))
    assert (fetched.first, fetched.last) == ("2024-01-02", "2024-03-01")
    assert len(fetched) == len(pd.bdate_range("2024-01-02", "2024-03-01"))
    (query,) = yahoo.charts
    asked = [pd.Timestamp(int(query[name]), unit="s", tz="UTC") for name in ("period1", "period2")]
    zone = "America/New_York"
    assert asked == [pd.Timestamp("2024-01-02", tz=zone), pd.Timestamp("2024-03-02", tz=zone)]


@pytest.mark.parametrize("end", [None, "2024-07-01", "2030-01-01"])
def test_today_is_left_out_as_it_is_not_over(fetch: Fetch, end: str | None) -> None:
    assert fetch("AAPL", "2024-06-24", end).last == "2024-06-28"
    later = datetime(2024, 7, 2, tzinfo=UTC)
    assert fetch("AAPL", "2024-06-24", end and "2030-01-01", now=later).last == "2024-07-01"


@pytest.mark.parametrize(
    ("ticker", "interval", "expected"), [("AAPL", "1h", HOURS), ("VOD.L", "5m", MINUTES)]
)
@pytest.mark.parametrize("name", ["prices.csv", "prices.parquet"])
def test_times_within_a_day_are_read_in_utc(
    fetch: Fetch, tmp_path: Path, ticker: str, interval: str, expected: pd.DataFrame, name: str
) -> None:
    fetched = fetch(ticker, interval=interval)
    assert list(fetched.frame.columns) == ["Datetime", *COLUMNS[1:]]
    write_fetched(tmp_path / name, fetched)
    values = read_prices(tmp_path / name).values
    assert list(values.index) == list(expected.index.tz_convert("UTC"))
    assert np.array_equal(values.to_numpy()[:, 0], expected["Close"])  # not adjusted for dividends
    facts = json.loads(side_file(tmp_path / name).read_text())
    assert "no price for dividends" in facts["adjusted"]
    assert pd.Timestamp(facts["last"]) == expected.index[-1]


def test_bars_that_are_not_over_are_left_out(yahoo: Yahoo, fetch: Fetch) -> None:
    """Sunday evening in New York is today in UTC."""
    times = pd.date_range("2024-06-28", periods=80, freq="h", tz="America/New_York")
    yahoo.listings = {("ES=F", "1h"): Listing(bars(closes(80), times))}
    fetched = fetch("ES=F", interval="1h")
    assert pd.Timestamp(fetched.last) == pd.Timestamp("2024-06-30 23:00", tz="UTC")
    fetched = fetch("ES=F", "2024-06-29", "2024-06-29", interval="1h")
    assert [time.tz_convert(times.tz).day for time in fetched.frame["Datetime"]] == [29] * 24


def test_day_without_a_midnight_keeps_its_date(yahoo: Yahoo, fetch: Fetch) -> None:
    """Clocks in Cairo went from 0 to 1 o'clock on Friday 2024-04-26."""
    listed = daily(closes(10), "2024-04-22", "Africa/Cairo")
    yahoo.listings = {("COMI.CA", "1d"): Listing(listed)}
    dates = pd.DatetimeIndex(fetch("COMI.CA").frame["Date"])
    assert list(dates) == list(listed.index.tz_localize(None).normalize())


def test_several_tickers_keep_the_dates_of_all(
    fetch: Fetch, said: list[str | float], tmp_path: Path
) -> None:
    fetched = fetch(["AAPL", "7203.T"])
    assert list(fetched.frame.columns) == ["Date", "AAPL", "7203.T"]
    ours, theirs = (
        pd.Series(0.9 * frame["Close"].to_numpy(), days(frame.index)) for frame in (APPLE, TOYOTA)
    )
    both = sorted(set(ours.index) & set(theirs.index) - {NOW.date()})
    assert len(both) == 238 and date(2024, 1, 2) not in both
    assert days(fetched.frame["Date"]) == both
    assert np.array_equal(fetched.frame["AAPL"], ours[both])
    assert np.array_equal(fetched.frame["7203.T"], theirs[both])
    lost = 299 - len(both)
    assert (
        said
        == [f"AAPL: {lost} of 299 dates left out, as not every ticker has a price then."]
        == list(fetched.notes)
    )
    write_fetched(tmp_path / "wide.csv", fetched)
    prices = read_prices(tmp_path / "wide.csv", ("AAPL", "7203.T"))
    assert np.array_equal(prices.values.to_numpy(), fetched.frame.iloc[:, 1:])
    facts = json.loads((tmp_path / "wide.csv.json").read_text())
    assert [(one["ticker"], one["currency"], one["lost"]) for one in facts["series"]] == [
        ("AAPL", "USD", lost),
        ("7203.T", "JPY", 0),
    ]


def test_tickers_called_like_columns_are_read(fetch: Fetch, tmp_path: Path) -> None:
    write_fetched(tmp_path / "wide.csv", fetch(["LOW", "OPEN"]))
    prices = read_prices(tmp_path / "wide.csv", ("LOW", "OPEN"))
    assert np.array_equal(prices.values["LOW"], 2 * prices.values["OPEN"])


def test_side_file_says_where_the_prices_come_from(fetch: Fetch, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    write_fetched(path, fetch("AAPL", "2024-01-01"))
    facts = json.loads(side_file(path).read_text(encoding="utf-8"))
    assert side_file(path).name == "prices.csv.json"
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts["sha256"] == read_prices(path).sha256
    assert facts["yfinance"] == sys.modules["yfinance"].__version__
    assert "splits and dividends" in facts["adjusted"] and "Yahoo's" in facts["terms"]
    expected = {
        "source": "Yahoo Finance, through yfinance",
        "file": "prices.csv",
        "tickers": ["AAPL"],
        "interval": "1d",
        "asked": {"first": "2024-01-01", "last": "2024-06-30"},
        "first": "2024-01-01",
        "last": "2024-06-28",
        "rows": 130,
        "fetched": "2024-07-01T12:00:00+00:00",
    }
    assert {name: facts[name] for name in expected} == expected


def test_rows_without_a_price_are_left_out_and_counted(
    yahoo: Yahoo, fetch: Fetch, said: list[str | float]
) -> None:
    gaps = APPLE.copy()
    gaps.iloc[[5, 80], :5] = np.nan
    yahoo.listings = {("GAP", "1d"): Listing(gaps)}
    fetched = fetch("GAP")
    assert len(fetched) == 297 and fetched.frame.notna().all().all()
    assert said == ["GAP: 2 of 299 rows have no price; left out."]


def test_price_below_zero_is_refused(yahoo: Yahoo, fetch: Fetch) -> None:
    oil = APPLE.copy()
    oil.loc["2024-04-19", "Adj Close"] = -37.63
    yahoo.listings = {("CL=F", "1d"): Listing(oil)}
    with pytest.raises(DataError, match=r"^CL=F, 2024-04-19: expected prices above 0.*-37.63"):
        fetch("CL=F")
    assert len(fetch("CL=F", "2024-04-20")) == 50


def test_target_is_checked_before_asking(tmp_path: Path) -> None:
    file, folder = tmp_path / "file.csv", tmp_path / "folder.csv"
    folder.mkdir()
    demand_target(file)
    file.touch()
    demand_target(file, overwrite=True)
    refused = {
        file: "it exists.*--overwrite",
        tmp_path / "x.xlsx": r"\.csv or \.parquet",
        tmp_path / "none" / "x.csv": "folder that exists",
        folder: "this is a folder",
    }
    if sys.platform == "linux":
        refused[Path("/proc/x.csv")] = "can be written to"
    for path, words in refused.items():
        with pytest.raises(ConfigError, match=words):
            demand_target(path)
    side_file(tmp_path / "y.csv").touch()
    with pytest.raises(ConfigError, match=r"y.csv.json: expected a new file"):
        demand_target(tmp_path / "y.csv")
    assert not list(tmp_path.glob("tmp*"))
