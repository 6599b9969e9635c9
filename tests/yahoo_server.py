"""A server on this machine that answers as Yahoo's does, and the seam that leads yfinance there.

The shapes are those of recorded answers: ``v8/finance/chart`` with quotes, adjusted closes,
events and, within a day, trading periods; the cookie of ``fc.yahoo.com``, without which no crumb
is given; 404 for an unknown ticker, 429 with plain text, 422 for a range that is not kept.
"""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from yahoo_listings import Listing

from tsgan.data import yahoo as asking

COOKIE, CRUMB = "A3=d=AQABBExample", "c.rumb/1"
CHART = "/v8/finance/chart/"
STEP = {"1d": 86_400, "1h": 3_600, "5m": 300}
NOT_FOUND = ("Not Found", "No data found, symbol may be delisted")


@dataclass
class Yahoo:
    """The state of the server; tests read ``asked`` and set the others.

    Attributes:
        listings: (ticker, interval) -> what there is.
        faults: statuses that the next requests for charts get instead, one each; 0 hangs up.
        ill: a status that every request for a chart gets, until it is None again.
        no_crumb: whether a crumb is asked for too often.
        delay: seconds before each answer.
        asked: query of every request for prices, with its path under ``path``.
    """

    listings: Mapping[tuple[str, str], Listing]
    faults: deque[int] = field(default_factory=deque)
    ill: int | None = None
    no_crumb: bool = False
    delay: float = 0.0
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def charts(self) -> list[dict[str, str]]:
        """The requests for prices; those that ask for the time zone alone name a range."""
        return [query for query in self.asked if "period1" in query]


def chart(ticker: str, listing: Listing, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer to a request for prices."""
    interval = query["interval"]
    seconds = np.array([time.timestamp() for time in listing.bars.index])
    first, end = float(query.get("period1", seconds[-1])), float(query.get("period2", 1e11))
    kept = listing.bars[(seconds >= first) & (seconds < end)]
    zone = listing.bars.index.tz
    meta: dict[str, Any] = {
        "currency": listing.currency,
        "symbol": ticker,
        "exchangeName": "NMS",
        "instrumentType": listing.kind,
        "exchangeTimezoneName": str(zone),
        "gmtoffset": int(listing.bars.index[-1].utcoffset().total_seconds()),
        "priceHint": 2,
        "dataGranularity": interval,
        "range": query.get("range", ""),
        "validRanges": ["1d", "5d", "1mo", "max"],
    }
    result: dict[str, Any] = {"meta": meta}
    if len(kept) == 0:
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}
        return {"chart": {"result": [result], "error": None}}
    columns = {name.lower(): _numbers(kept[name]) for name in kept.columns}
    adjusted = columns.pop("adj close")
    result["timestamp"] = [int(time.timestamp()) for time in kept.index]
    result["indicators"] = {"quote": [columns]}
    if interval == "1d":
        result["indicators"]["adjclose"] = [{"adjclose": adjusted}]
        if listing.events:
            result["events"] = listing.events
    else:
        meta["tradingPeriods"] = [[period] for period in _trading_periods(kept.index, interval)]
    return {"chart": {"result": [result], "error": None}}


def _trading_periods(times: pd.DatetimeIndex, interval: str) -> Iterator[dict[str, Any]]:
    for _, day in times.to_series().groupby(times.date):
        yield {
            "timezone": day.iloc[0].tzname(),
            "start": int(day.iloc[0].timestamp()),
            "end": int(day.iloc[-1].timestamp()) + STEP[interval],
            "gmtoffset": int(day.iloc[0].utcoffset().total_seconds()),
        }


def _numbers(values: pd.Series) -> list[float | None]:
    return [None if np.isnan(value) else value.item() for value in values.to_numpy()]


def failure(code: str, description: str) -> dict[str, Any]:
    """Return an answer that explains why there are no prices."""
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


class _Handler(BaseHTTPRequestHandler):
    yahoo: Yahoo

    def do_GET(self) -> None:
        host, _, rest = self.path.lstrip("/").partition("/")
        split = urlsplit("/" + rest)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        time.sleep(self.yahoo.delay)
        if host == "fc.yahoo.com":
            self._answer(404, "", {"Set-Cookie": f"{COOKIE}; Path=/; HttpOnly"})
        elif split.path == "/v1/test/getcrumb" and self.yahoo.no_crumb:
            self._answer(429, "Too Many Requests")
        elif split.path == "/v1/test/getcrumb":
            known = COOKIE in self.headers.get("Cookie", "")
            self._answer(200, CRUMB) if known else self._answer(401, '{"finance": {}}')
        elif split.path.startswith(CHART):
            self.yahoo.asked.append({"path": split.path, **query})
            self._chart(split.path.removeprefix(CHART), query)
        else:  # also the page of consent, which has no form here
            self._answer(404, "{}")

    def _chart(self, ticker: str, query: Mapping[str, str]) -> None:
        status = self.yahoo.faults.popleft() if self.yahoo.faults else self.yahoo.ill
        listing = self.yahoo.listings.get((ticker, query["interval"]))
        known = [name for name, _ in self.yahoo.listings if name == ticker]
        if status == 0:
            self.close_connection = True
        elif status == 429:
            self._answer(429, "Too Many Requests\r\n")
        elif status == 422:
            self._answer(422, failure("Unprocessable Entity", "1h data not available for these."))
        elif status is not None:
            self._answer(status, "<html>Will be right back</html>")
        elif query.get("crumb", CRUMB) != CRUMB:
            self._answer(401, failure("Unauthorized", "Invalid Crumb"))
        elif not known:
            self._answer(404, failure(*NOT_FOUND))
        elif listing is None and "period1" in query:
            self._answer(422, failure("Unprocessable Entity", "not available"))
        else:
            either = next(v for (name, _), v in self.yahoo.listings.items() if name == ticker)
            self._answer(200, chart(ticker, listing or either, query))

    def _answer(
        self, status: int, body: str | dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def serve(yahoo: Yahoo) -> Iterator[Yahoo]:
    """Answer for ``yahoo`` on a free port of this machine."""
    handler = type("Handler", (_Handler,), {"yahoo": yahoo})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    yahoo.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def redirect(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every request of yfinance, which really makes it, to this machine: the one seam."""
    session = importlib.import_module("curl_cffi.requests").Session
    request = session.request

    def elsewhere(self: Any, method: str, url: str, **options: Any) -> Any:
        host = urlsplit(url).netloc
        if not host.startswith("127.0.0.1"):  # not yet sent elsewhere
            url = url.replace(f"https://{host}", f"http://127.0.0.1:{port}/{host}", 1)
        return request(self, method, url, **options)

    monkeypatch.setattr(session, "request", elsewhere)


def forget() -> None:
    """Take from yfinance what it keeps in this process: session, crumb, answers, databases."""
    data = importlib.import_module("yfinance.data")
    data.SingletonMeta._instances.clear()
    data.YfData.cache_get.cache_clear()
    cache = importlib.import_module("yfinance.cache")
    for manager in (cache._TzDBManager, cache._CookieDBManager, cache._ISINDBManager):
        manager.close_db()
        manager._db = None
    cache._TzCacheManager._tz_cache = None
    cache._CookieCacheManager._Cookie_cache = None
    cache._ISINCacheManager._isin_cache = None
    importlib.import_module("yfinance.base")._tz_info_fetch_ctr = 0
    asking._wire.cache_clear()
    asking._keep_databases.cache_clear()


@contextmanager
def played(
    listings: Mapping[tuple[str, str], Listing], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Yahoo]:
    """Let yfinance, which knows nothing yet, find Yahoo on this machine."""
    forget()
    with serve(Yahoo(listings)) as yahoo:
        redirect(yahoo.port, monkeypatch)
        yield yahoo
    forget()
