"""Which columns of a table hold the dates and the prices; no choice without a reason."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsgan.data.dates import looks_like_date, looks_like_epoch
from tsgan.data.decimals import looks_like_number
from tsgan.data.tables import Cells, Table, is_missing, shown, words
from tsgan.errors import DataError

_DATES = words(
    "date datetime timestamp dtyyyymmdd time dateandtime datetimeutc startdate starttime opentime "
    "tradedate tradingday observationdate period index data datum fecha dia datahora"
)
_MUST_BE_DATES = words("date datetime timestamp dtyyyymmdd time datum fecha")
_ADJUSTED = words(
    "adjclose adjustedclose adjcloseprice adjustedcloseprice closeadj closeadjusted adjprice "
    "adjustedprice"
)
_CLOSES = words(
    "close closeprice closingprice closelast closing last lastprice price settle settlement "
    "settlementprice zamkniecie ultimo schluss schlusskurs kurs cierre cloture chiusura "
    "fechamento value"
)
_VOLUMES = words(
    "volume vol volumen wolumen volumes turnover openint openinterest tickvol tickvolume"
)
_HIGHS = words("high highprice najwyzszy hoch maximo maxima max")
_LOWS = words("low lowprice najnizszy tief minimo minima min")
_TICKERS = words("ticker symbol tic asset instrument security isin sym stock currency")


def plain(name: str) -> str:
    """Return a name without case, accents and marks: ``"<Adj_Close*>"`` becomes ``"adjclose"``."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def date_columns(table: Table) -> tuple[int | None, int | None]:
    """Return the columns of the dates and of the times of day beside them, None where not there.

    Raises:
        DataError: a column that is called a date holds none, or two such columns disagree.
    """
    names = [plain(name) for name in table.names]
    found = [k for k in range(len(names)) if _holds_dates(table.cells[k], names[k] in _DATES)]
    if not any(names[k] in _DATES for k in found):
        _demand_no_unread_dates(table, names, bool(found))
    if not found:
        return None, None
    date = min(found, key=lambda k: _DATES.index(names[k]) if names[k] in _DATES else len(_DATES))
    twins = [k for k in found if k != date and names[k] == names[date]]
    if any(list(table.cells[k]) != list(table.cells[date]) for k in twins):
        raise DataError(
            f"{table.source}: expected one column {table.names[date]!r}, found several that "
            "differ; rename or delete all but one"
        )
    clock = next((k for k, name in enumerate(names) if name == "time" and k != date), None)
    if clock is None or clock in found or not _times_beside(table.cells[date], table.cells[clock]):
        return date, None
    return date, clock


def price_columns(
    table: Table, requested: Sequence[str], taken: Sequence[int | None]
) -> tuple[list[int], str]:
    """Return the columns of prices, one per asset, and why they were taken.

    Args:
        table: the table.
        requested: names that the user gave; empty to choose.
        taken: the columns of dates and times, which hold no prices.

    Raises:
        DataError: a requested column is unknown or occurs twice, or none is evident.
    """
    if requested:
        chosen = [_requested(table, name) for name in requested]
        if len(set(chosen)) < len(chosen):
            raise DataError(
                f"{table.source}: expected different columns, found one named twice in "
                f"{', '.join(requested)}; name each once"
            )
        return chosen, "as requested"
    free = [k for k in range(len(table.names)) if k not in taken]
    names = {k: plain(table.names[k]) for k in free}
    for wanted in (*_ADJUSTED, *_CLOSES):
        hits = [k for k in free if names[k] == wanted]
        if hits:
            _demand_single(table, hits)
            return hits[:1], _reason(table, hits[0], [k for k in free if names[k] in _CLOSES])
    numeric = [k for k in free if names[k] not in _VOLUMES and _holds_numbers(table.cells[k])]
    if len(numeric) == 1:
        return numeric, "the only column of numbers"
    raise DataError(
        f"{table.source}: expected a price column such as 'Close' or 'Adj Close', found "
        f"{table.columns_listed()}; name one with --column"
    )


def demand_one_series(table: Table) -> None:
    """Refuse a table that holds several tickers below one another.

    Raises:
        DataError: a column of tickers with more than one of them.
    """
    for k, name in enumerate(table.names):
        cells = table.cells[k]
        if plain(name) in _TICKERS and isinstance(cells, list):
            words_only = (text for text in cells if not looks_like_number(text))
            tickers = sorted({text for text in words_only if not is_missing(text)})
            if len(tickers) > 1:
                more = ", …" if len(tickers) > 5 else ""
                raise DataError(
                    f"{table.source}: expected one series, found {len(tickers)} below one "
                    f"another in column {name!r} ({', '.join(tickers[:5])}{more}); keep the rows "
                    "of one, or give each a column"
                )


def extremes(table: Table) -> tuple[int, int] | None:
    """Return the columns of the low and the high, or None."""
    names = [plain(name) for name in table.names]
    high = next((k for k, name in enumerate(names) if name in _HIGHS), None)
    low = next((k for k, name in enumerate(names) if name in _LOWS), None)
    return None if high is None or low is None else (low, high)


def optional_from(table: Table) -> int:
    """Return the number of leading columns that a row needs: all but trailing volumes."""
    needed = len(table.names)
    while needed and plain(table.names[needed - 1]) in (*_VOLUMES, ""):
        needed -= 1
    return needed


def _holds_dates(cells: Cells, named: bool) -> bool:
    """Return whether most of a sample of cells are dates; counts since 1970 need the name too."""
    if isinstance(cells, pd.DatetimeIndex):
        return True
    if not isinstance(cells, list):
        whole = cells[np.isfinite(cells)]
        if not named or not whole.size or np.any(whole != np.floor(whole)):
            return False
        cells = [str(int(value)) for value in whole[:: max(1, whole.size // 25)]]
    sample = [text for text in cells[:: max(1, len(cells) // 50)] if not is_missing(text)]
    hits = sum(looks_like_date(text) or (named and looks_like_epoch(text)) for text in sample)
    return 2 * hits > len(sample)


def _demand_no_unread_dates(table: Table, names: Sequence[str], found: bool) -> None:
    """Refuse a column that is called a date but holds none, lest another take its place."""
    for k, name in enumerate(names):
        if name in _MUST_BE_DATES and not (found and name == "time"):
            raise DataError(
                f"{table.where(0, k)}: expected dates such as 2020-01-31, found "
                f"{shown(_first_text(table.cells[k]))}; rewrite the dates as YYYY-MM-DD"
            )


def _times_beside(dates: Cells, clock: Cells) -> bool:
    """Return whether a column holds times of day that can be appended to dates without any."""
    if not isinstance(dates, list) or not isinstance(clock, list):
        return False
    pairs = [f"{day} {time}" for day, time in zip(dates, clock, strict=True) if not is_missing(day)]
    return bool(pairs) and all(map(looks_like_date, pairs))


def _holds_numbers(cells: Cells) -> bool:
    if isinstance(cells, list):
        return any(looks_like_number(text) for text in cells)
    return not isinstance(cells, pd.DatetimeIndex)


def _first_text(cells: Cells) -> str:
    return next((str(cell) for cell in cells if not is_missing(str(cell))), "")


def _requested(table: Table, name: str) -> int:
    hits = [k for k, known in enumerate(table.names) if known == name]
    hits = hits or [
        k for k, known in enumerate(table.names) if known.casefold() == name.strip().casefold()
    ]
    if not hits:
        raise DataError(
            f"{table.source}: expected a column {name!r}, found {table.columns_listed()}; "
            "name one of these with --column"
        )
    _demand_single(table, hits)
    return hits[0]


def _demand_single(table: Table, hits: Sequence[int]) -> None:
    names = {table.names[k] for k in hits}
    if len(hits) > 1:
        raise DataError(
            f"{table.source}: expected one column {table.names[hits[0]]!r}, found {len(hits)}"
            f" ({', '.join(map(repr, sorted(names)))}); "
            f"{'rename all but one' if len(names) == 1 else 'name one with --column'}"
        )


def _reason(table: Table, chosen: int, closes: Sequence[int]) -> str:
    others = [repr(table.names[k]) for k in closes if k != chosen]
    preferred = f", preferred to {' and '.join(others)}" if others else ""
    if plain(table.names[chosen]) in _ADJUSTED:
        return f"adjusted for splits and dividends by its name{preferred}"
    return f"by its name{preferred}"
