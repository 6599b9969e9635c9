"""Why Yahoo gives no prices is said in a line; what may pass is asked again, with real requests."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yahoo_server
from yahoo_listings import Listing, closes, daily
from yahoo_server import Yahoo

from tsgan.data import yahoo as asking
from tsgan.data.fetch import fetch_prices
from tsgan.data.fetched import Fetched
from tsgan.errors import ConfigError, DataError

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
APPLE = daily(closes(300), "2023-05-09")  # to that Monday
LISTINGS = {
    ("AAPL", "1d"): Listing(APPLE),
    ("7203.T", "1d"): Listing(daily(closes(300, 1), "2023-05-09", "Asia/Tokyo"), currency="JPY"),
    ("OLD", "1d"): Listing(daily(closes(10), "1990-01-01")),
    ("BAD", "1d"): Listing(APPLE, events={"dividends": {"1": {"amount": 1}}}),
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
    def fetch(*arguments: Any) -> Fetched:
        return fetch_prices(
            *arguments,
            cache=tmp_path / "cache",
            refresh=True,
            say=said.append,
            pause=said.append,
            now=lambda: NOW,
        )

    return fetch


@pytest.mark.parametrize(
    ("faults", "reason", "pauses"),
    [
        # each failed attempt at a chart asks twice, with and without its cookie
        ([429, 429], "HTTP 429", [2]),
        ([429] * 6, "HTTP 429", [2, 8, 30]),
        ([500, 500, 503, 503], "HTTP 50", [2, 8]),
        ([0, 0], "ConnectionError", [1, 4]),
    ],
)
def test_what_may_pass_is_asked_again(
    fetch: Fetch,
    yahoo: Yahoo,
    said: list[str | float],
    faults: list[int],
    reason: str,
    pauses: list[float],
) -> None:
    yahoo.faults.extend(faults)
    assert len(fetch("AAPL")) == 299
    assert said[1::2] == pauses
    for text, pause in zip(said[::2], pauses, strict=True):
        assert reason in text and text.startswith("AAPL: ") and f"again in {pause} s" in text


def test_failure_of_the_prices_themselves_is_asked_again(
    fetch: Fetch, yahoo: Yahoo, said: list[str | float]
) -> None:
    fetch("AAPL", "2024-06-01")  # from here on the time zone is known
    yahoo.asked.clear()
    yahoo.faults.extend([503, 503])
    assert len(fetch("AAPL")) == 299
    assert len(yahoo.asked) == len(yahoo.charts) == 3 and said[1:] == [2]


@pytest.mark.parametrize(
    ("status", "words", "pauses"),
    [
        (429, ["asked too often", "HTTP 429", "4 attempts", "wait some minutes"], [2, 8, 30]),
        (503, ["Yahoo's server fails", "HTTP 503", "4 attempts", "fetch again later"], [2, 8, 30]),
        (0, ["no way to Yahoo", "3 attempts", "network"], [1, 4]),
        (422, ["Yahoo refuses", "HTTP 422", "1h data not available", "other dates"], []),
    ],
)
def test_what_does_not_pass_is_an_error(
    fetch: Fetch,
    yahoo: Yahoo,
    said: list[str | float],
    status: int,
    words: list[str],
    pauses: list[float],
) -> None:
    yahoo.ill = status
    with pytest.raises(DataError) as caught:
        fetch("AAPL")
    assert [word for word in ["AAPL: expected", *words] if word not in str(caught.value)] == []
    assert said[1::2] == pauses
    yahoo.ill = None
    assert len(fetch("AAPL")) == 299  # nothing of the failure is kept


def test_no_network_is_an_error(yahoo: Yahoo, fetch: Fetch, monkeypatch: Any) -> None:
    monkeypatch.undo()  # the server is left, and nobody listens where yfinance is sent now
    yahoo_server.redirect(1, monkeypatch)
    with pytest.raises(DataError, match=r"^AAPL: expected prices, found no way to Yahoo"):
        fetch("AAPL")
    assert yahoo.asked == []


def test_unknown_ticker_is_named_among_several(fetch: Fetch, yahoo: Yahoo) -> None:
    for _ in range(3):  # yfinance looks elsewhere the first two times
        with pytest.raises(DataError, match=r"^NOSUCH: expected a ticker that Yahoo knows"):
            fetch(["AAPL", "NOSUCH", "7203.T"])
    assert [query for query in yahoo.charts if "7203" in query["path"]] == []


def test_no_prices_in_these_days_are_an_error(fetch: Fetch) -> None:
    with pytest.raises(DataError, match=r"^OLD: expected 1d prices from 2020-01-01 to 2024-06-30"):
        fetch("OLD", "2020-01-01")
    with pytest.raises(DataError, match=r"^AAPL: expected 2 or more rows of .* found 1"):
        fetch("AAPL", "2024-01-02", "2024-01-02")
    with pytest.raises(DataError, match=r"^OLD, AAPL: expected 2 or more .* in common, found 0"):
        fetch(["OLD", "AAPL"])


def test_answer_that_cannot_be_read_is_an_error(fetch: Fetch) -> None:
    with pytest.raises(DataError, match=r"^BAD: .* made nothing .*KeyError: .*upgrade yfinance"):
        fetch("BAD")


def test_reason_is_of_this_request_not_of_one_before(fetch: Fetch) -> None:
    for ticker, words in (("NOSUCH", "Yahoo knows"), ("US0378331005", "Invalid ISIN")):
        with pytest.raises(DataError, match=rf"^{ticker}: .*{words}"):
            fetch(ticker)


def test_yfinance_is_silent_and_left_as_it_was(
    fetch: Fetch,
    yahoo: Yahoo,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    import yfinance

    yahoo.no_crumb = True  # of which yfinance warns
    for ticker in ("AAPL", "NOSUCH", "BAD"):
        yahoo.faults.extend([500, 500])
        with suppress(DataError):
            fetch(ticker)
    captured = capfd.readouterr()
    assert captured.out == captured.err == "" and caplog.records == []
    assert yfinance.config.debug.hide_exceptions is True
    assert logging.getLogger("yfinance").disabled is False


def test_missing_yfinance_is_an_error(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("yfinance", "curl_cffi.requests"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ConfigError, match=r"pip install 'tsgan\[fetch\]'"):
            fetch("AAPL")
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    ("tickers", "words"),
    [
        ([], "at least one"),
        (["AAPL", "aapl"], "AAPL twice"),
        (["../AAPL"], "'../AAPL'"),
        ([""], "got ''"),
        (["A B"], "'A B'"),
    ],
)
def test_ticker_that_cannot_be_one_is_refused(
    fetch: Fetch, yahoo: Yahoo, tickers: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        fetch(tickers)
    assert yahoo.asked == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2024-02-01", "2024-01-01"), "start: expected a date up to the end, 2024-01-01, got"),
        (
            ("2024-02-30", None),
            "start: expected a date as YYYY-MM-DD that exists, got '2024-02-30'",
        ),
        ((None, "yesterday"), "end: expected a date as YYYY-MM-DD"),
        (("2024-07-01", None), "start: expected a date before today"),
        (("2030-01-01", "2031-01-01"), "start: expected a date before today"),
        ((None, None, "1m"), "interval: expected one of 1d, 1h, 5m, got '1m'"),
        (("2022-07-03", None, "1h"), "from 2022-07-04 on, got 2022-07-03: .* 1h .* 728 days only"),
        (("2024-05-03", None, "5m"), "from 2024-05-04 on, got 2024-05-03: .* 5m .* 58 days only"),
        ((None, "2024-05-03", "5m"), "end: expected a date from 2024-05-04 on"),
        (("1900-01-01",), "start: expected a date from 1925-07-31 on"),
    ],
)
def test_days_that_cannot_be_had_are_refused_before_asking(
    fetch: Fetch, yahoo: Yahoo, arguments: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        fetch("AAPL", *arguments)
    assert yahoo.asked == []


def test_waits_grow() -> None:
    assert all(list(waits) == sorted(set(waits)) for waits in asking.WAITS.values())
