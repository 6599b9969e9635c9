"""Prices from Yahoo, made into a table that ``read_prices`` understands.

One ticker gives its bars with the adjusted close; several give a table with an adjusted close each,
at the times that all of them have.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tsgan.data import price_cache
from tsgan.data.fetched import Fetched
from tsgan.data.spans import Span, asked_span
from tsgan.data.yahoo import ask
from tsgan.errors import ConfigError, DataError

_TICKER = re.compile(r"[A-Z0-9^][A-Z0-9^.&=_-]{0,31}")


def _now() -> datetime:
    return datetime.now(UTC)


def _silent(_text: str) -> None:
    """Tell nobody."""


def fetch_prices(
    tickers: str | Sequence[str],
    start: str | date | None = None,
    end: str | date | None = None,
    interval: str = "1d",
    *,
    cache: Path | None = None,
    refresh: bool = False,
    say: Callable[[str], None] = _silent,
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = _now,
) -> Fetched:
    """Ask Yahoo for the prices of one or several tickers.

    Args:
        tickers: as Yahoo writes them, such as ``AAPL``, ``^GSPC``, ``EURUSD=X``.
        start: the first day; None takes all that Yahoo has.
        end: the last day, included; None is yesterday in UTC, as today's prices are not whole.
        interval: ``1d``, ``1h`` (two years) or ``5m`` (two months).
        cache: a folder that keeps the answers; None asks each time.
        refresh: ask again even if the answer has been kept.
        say: is told of pauses and of what was left out, line by line.
        pause: waits for a number of seconds before Yahoo is asked again.
        now: the time in UTC.

    Raises:
        ConfigError: a ticker that cannot be one or is named twice, days that Yahoo does not have,
            or yfinance is not installed.
        DataError: Yahoo does not know a ticker, has no prices, or does not answer.
    """
    names = _tickers(tickers)
    span = asked_span(interval, start, end, now().date())
    bars = [_bars(name, span, cache, refresh, say, pause, now) for name in names]
    notes: list[str] = []
    kept = [_complete(name, one, notes) for name, one in zip(names, bars, strict=True)]
    times = _common(names, kept, span, notes)
    if len(names) == 1:
        frame = kept[0]
    else:
        columns = {name: one["Adj Close"] for name, one in zip(names, kept, strict=True)}
        frame = pd.DataFrame({name: column.loc[times] for name, column in columns.items()})
    for note in notes:
        say(note)
    series: list[Mapping[str, Any]] = [
        {"ticker": name, **one.attrs, "rows": len(one), "lost": len(one) - len(times)}  # type: ignore[dict-item]
        for name, one in zip(names, kept, strict=True)
    ]
    table = frame.reset_index()
    table.attrs = {}
    return Fetched(table, names, span, tuple(series), tuple(notes))


def _tickers(tickers: str | Sequence[str]) -> tuple[str, ...]:
    """Return tickers in capital letters, as Yahoo has them."""
    given = (tickers,) if isinstance(tickers, str) else tuple(tickers)
    names = tuple(name.strip().upper() for name in given)
    if not names:
        raise ConfigError("tickers: expected at least one, such as AAPL, got none")
    for k, name in enumerate(names):
        if not _TICKER.fullmatch(name):
            raise ConfigError(
                f"tickers: expected one as Yahoo writes it, such as AAPL, ^GSPC or EURUSD=X, got "
                f"{given[k]!r}"
            )
        if name in names[:k]:
            raise ConfigError(f"tickers: expected different ones, got {name} twice; name it once")
    return names


def _bars(
    ticker: str,
    span: Span,
    cache: Path | None,
    refresh: bool,
    say: Callable[[str], None],
    pause: Callable[[float], None],
    now: Callable[[], datetime],
) -> pd.DataFrame:
    """Return the bars of one ticker, kept ones if there are any; ``attrs`` say which."""
    file = None if cache is None else price_cache.cached_file(cache, ticker, span)
    bars = None if file is None or refresh else price_cache.load(file)
    if bars is not None:
        bars.attrs["cached"] = True
        return bars
    bars = ask(ticker, span, cache, say, pause)
    bars.attrs["fetched"] = now().isoformat(timespec="seconds")
    failed = "" if file is None else price_cache.store(file, bars)
    if failed:
        say(f"The answer could not be kept: {failed}")
    bars.attrs["cached"] = False
    return bars


def _complete(ticker: str, bars: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return the rows that have an adjusted close, which must be above 0."""
    closes = bars["Adj Close"].to_numpy(dtype=np.float64)
    missing = ~np.isfinite(closes)
    if missing.any():
        notes.append(f"{ticker}: {missing.sum():,} of {len(bars):,} rows have no price; left out.")
    wrong = np.flatnonzero(~missing & (closes <= 0))
    if wrong.size:
        raise DataError(
            f"{ticker}, {bars.index[wrong[-1]]:%Y-%m-%d}: expected prices above 0, as log returns "
            f"need them, found {closes[wrong[-1]]:g}; choose dates without it by --start or --end"
        )
    complete: pd.DataFrame = bars[~missing]
    return complete


def _common(
    names: Sequence[str], bars: Sequence[pd.DataFrame], span: Span, notes: list[str]
) -> pd.Index:
    """Return the times that all tickers have, and say how many each one loses."""
    times = bars[0].index
    for one in bars[1:]:
        times = times.intersection(one.index)
    if len(times) < 2:
        common = " in common" if len(names) > 1 else ""
        raise DataError(
            f"{', '.join(names)}: expected 2 or more rows of {span}{common}, found {len(times)}; "
            "ask for more days" + (", or for each ticker by itself" if common else "")
        )
    unit = "times" if span.intraday else "dates"
    for name, one in zip(names, bars, strict=True):
        if len(one) > len(times):
            notes.append(
                f"{name}: {len(one) - len(times):,} of {len(one):,} {unit} left out, as not every "
                "ticker has a price then."
            )
    return times
