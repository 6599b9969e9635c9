"""The prices of one ticker from Yahoo, through yfinance: asked with patience, refusals explained.

yfinance hides why an answer is empty. Its session is therefore overheard: the status of the last
request for prices tells an unknown ticker from a limit, a failing server and a missing network.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from tsgan.data.spans import Span
from tsgan.errors import ConfigError, DataError

COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]
WAITS = {"limit": (2.0, 8.0, 30.0), "server": (2.0, 8.0, 30.0), "network": (1.0, 4.0)}
"""Seconds before each new attempt, by what went wrong."""
CHART = "/v8/finance/chart/"
TIMEOUT = 15.0
"""Seconds that one request may take."""


class _PassingError(Exception):
    """An attempt failed in a way that may pass: ``kind`` is a key of WAITS."""

    def __init__(self, kind: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.remedy = kind, reason, remedy


class _Wire:
    """A session for yfinance; remembers how the last request for prices ended.

    One serves the whole process, as yfinance keeps the crumb that belongs to its cookies.
    """

    def __init__(self) -> None:
        self.session: Any = import_module("curl_cffi.requests").Session(impersonate="chrome")
        self._request = self.session.request
        self.session.request = self._overheard
        self.forget()

    def forget(self) -> None:
        self.status, self.text, self.failure = 0, "", ""

    def _overheard(self, method: str, url: str, **options: Any) -> Any:
        options["timeout"] = min(options.get("timeout") or TIMEOUT, TIMEOUT)
        try:
            response = self._request(method, url, **options)
        except OSError as error:  # as all errors of curl_cffi are
            if CHART in url or not self.status:
                self.status, self.failure = 0, type(error).__name__
            raise
        if CHART in url:
            self.status, self.text, self.failure = response.status_code, response.text, ""
        return response


def ask(
    ticker: str,
    span: Span,
    folder: Path | None,
    say: Callable[[str], None],
    pause: Callable[[float], None],
) -> pd.DataFrame:
    """Return the bars of ``ticker``; try again, after growing pauses, what may pass.

    Args:
        ticker: as Yahoo writes it.
        span: the interval and the days.
        folder: where yfinance keeps its own small databases; None leaves them where they are.
        say: is told of every pause.
        pause: waits for a number of seconds.

    Returns:
        (rows, COLUMNS) at tz-naive days, or at times in UTC within a day; without a duplicate;
        ``attrs`` hold ``currency``, ``time_zone`` and the version of ``yfinance``.

    Raises:
        ConfigError: yfinance is not installed.
        DataError: Yahoo does not know the ticker, has no such prices, or does not answer.
    """
    with _quiet():
        yfinance, wire = _yfinance(folder), _wire()
    attempt = 0
    while True:
        try:
            with _quiet(), _errors_raised(yfinance):
                return _ask_once(yfinance, wire, ticker, span)
        except _PassingError as failure:
            waits = WAITS[failure.kind]
            if attempt >= len(waits):
                raise DataError(
                    f"{ticker}: expected prices, {failure.reason} in {attempt + 1} attempts; "
                    f"{failure.remedy}"
                ) from None
            say(f"{ticker}: {failure.reason}; asking again in {waits[attempt]:g} s")
            pause(waits[attempt])
            attempt += 1


def _ask_once(yfinance: Any, wire: _Wire, ticker: str, span: Span) -> pd.DataFrame:
    import_module("yfinance.data").YfData.cache_get.cache_clear()  # it keeps failures too
    wire.forget()
    try:
        asset = yfinance.Ticker(ticker, session=wire.session)
        frame: pd.DataFrame = asset.history(
            start=span.first.isoformat(),
            end=(span.last + timedelta(1)).isoformat(),  # which yfinance excludes
            interval=span.interval,
            auto_adjust=False,
            actions=False,
            timeout=TIMEOUT,
        )
        facts = asset.history_metadata
        currency, zone = str(facts["currency"] or "unknown"), str(facts["exchangeTimezoneName"])
    except Exception as error:  # of yfinance, of pandas within it, of the network
        raise _reason(ticker, span, wire, error) from error
    if not set(COLUMNS) <= set(frame.columns) or pd.DatetimeIndex(frame.index).tz is None:
        raise _reason(ticker, span, wire, ValueError("no zoned table of prices"))
    bars = _dated(frame[COLUMNS], span)
    if bars.empty:
        raise _no_prices(ticker, span)
    bars.attrs = {"currency": currency, "time_zone": zone, "yfinance": str(yfinance.__version__)}
    return bars


def _dated(frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return bars at days without a time zone, or at times in UTC without those of today."""
    index = pd.DatetimeIndex(frame.index)
    if not span.intraday:
        days = index.tz_localize(None).normalize().as_unit("us")
        return frame.set_axis(days.rename("Date"))
    times = index.tz_convert("UTC").as_unit("us").rename("Datetime")
    return frame.set_axis(times)[times < pd.Timestamp(span.today, tz="UTC")]


def _reason(ticker: str, span: Span, wire: _Wire, error: Exception) -> Exception:
    """Return what a failed attempt means, by the last answer to a request for prices."""
    status, said = wire.status, _description(wire.text)
    if wire.failure:
        return _PassingError(
            "network", f"found no way to Yahoo ({wire.failure})", "check the network connection"
        )
    if status == 429:
        return _PassingError(
            "limit",
            "Yahoo answers that it was asked too often (HTTP 429)",
            "wait some minutes, then fetch again",
        )
    if status >= 500 or "Will be right back" in wire.text:
        return _PassingError("server", f"Yahoo's server fails (HTTP {status})", "fetch again later")
    if status == 404:
        return DataError(
            f"{ticker}: expected a ticker that Yahoo knows, it has no prices by this name (never, "
            "or no longer); look it up at https://finance.yahoo.com/lookup"
        )
    missing = type(error).__name__ == "YFPricesMissingError"
    if (status == 200 and missing) or said.startswith("Data doesn't exist"):
        return _no_prices(ticker, span)
    if status >= 400:
        said = f": {said}" if said else ""
        remedy = "fetch again later" if status in (401, 403) else "ask for other dates"
        return DataError(
            f"{ticker}: expected {span}, Yahoo refuses them (HTTP {status}{said}); {remedy}"
        )
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return DataError(
        f"{ticker}: expected prices, yfinance made nothing of Yahoo's answer ({cause}); check the "
        "ticker, or update with: pip install --upgrade yfinance"
    )


def _no_prices(ticker: str, span: Span) -> DataError:
    return DataError(
        f"{ticker}: expected {span}, Yahoo knows the ticker but has none in these days; ask for "
        "other dates"
    )


def _description(text: str) -> str:
    """Return Yahoo's own explanation, or ""."""
    try:
        error = json.loads(text)["chart"]["error"]
        return " ".join(str(error["description"]).split()).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return ""


def _yfinance(folder: Path | None) -> Any:
    try:
        module = import_module("yfinance")
        import_module("curl_cffi.requests")
    except ImportError:
        raise ConfigError(
            "fetch: expected the package yfinance, which asks Yahoo, found none; install it with: "
            "pip install 'tsgan[fetch]'"
        ) from None
    if folder is not None:
        _keep_databases(folder / "yfinance")
    return module


@cache
def _keep_databases(folder: Path) -> None:
    """Let yfinance keep its cookies and time zones there."""
    import_module("yfinance").set_tz_cache_location(str(folder))


@cache
def _wire() -> _Wire:
    return _Wire()


@contextmanager
def _errors_raised(yfinance: Any) -> Iterator[None]:
    """Let yfinance stop at its first failure, as it would ask other pages after it."""
    debug = yfinance.config.debug
    before = debug.hide_exceptions
    debug.hide_exceptions = False
    try:
        yield
    finally:
        debug.hide_exceptions = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep yfinance's warnings and log to itself; what matters is said by the errors here."""
    logger = logging.getLogger("yfinance")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before
