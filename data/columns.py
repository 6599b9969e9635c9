"""Which columns of a table hold the dates and the prices; no choice without a reason."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsgan.data.dates import looks_like_date, looks_like_epoch
from tsgan.data.decimals import looks_like_number
from tsgan.data.tables import Cells, FloatArray, Table, shown, words
from tsgan.data.texts import Texts, is_missing
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
_OPENS = words("open openprice otwarcie abertura apertura ouverture eroffnung")
_TICKERS = words("ticker symbol tic asset instrument security isin sym stock currency name")


def plain(name: str) -> str:
    """Return a name without case, accents and marks: ``"<Adj_Close*>"`` becomes ``"adjclose"``."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def is_date_name(name: str) -> bool:
    """Return whether a column's name says that it holds dates."""
    return plain(name) in _DATES


def is_bar_field(name: str) -> bool:
    """Return whether a column is an open, high, low or volume by its name, so never a date."""
    return plain(name) in (*_OPENS, *_HIGHS, *_LOWS, *_VOLUMES)


def is_adjusted(name: str) -> bool:
    """Return whether a column is adjusted for splits and dividends by its name."""
    return plain(name.rsplit(":", 1)[-1]) in _ADJUSTED


def date_columns(table: Table) -> tuple[int | None, int | None]:
    """Return the columns of the dates and of the times of day beside them, None where not there.

    Raises:
        DataError: a column that is called a date holds none, or two such columns disagree.
    """
    names = [plain(name) for name in table.names]
    fields = [k for k in range(len(names)) if not is_bar_field(names[k])]
    found = [k for k in fields if _holds_dates(table.cells[k], names[k] in _DATES)]
    if not found:
        found = [k for k in fields if _counts_time(table.cells[k])][:1]
    if not any(names[k] in _DATES for k in found):
        _demand_no_unread_dates(table, names, bool(found))
    if not found:
        return None, None
    date = min(found, key=lambda k: _DATES.index(names[k]) if names[k] in _DATES else len(_DATES))
    twins = [k for k in found if k != date and names[k] == names[date]]
    if any(not _same(table.cells[k], table.cells[date]) for k in twins):
        raise DataError(
            f"{table.source}: expected one column {table.names[date]!r}, found several that "
            "differ; rename or delete all but one"
        )
    clock = next((k for k, name in enumerate(names) if name == "time" and k != date), None)
    if clock is None or clock in found or not _times_beside(table.cells[date], table.cells[clock]):
        return date, None
    return date, clock


def ticker_column(table: Table, taken: Sequence[int | None]) -> int | None:
    """Return the column that tells several assets apart which stand below one another, or None."""
    for k, name in enumerate(table.names):
        cells = table.cells[k]
        if k in taken or plain(name) not in _TICKERS or not isinstance(cells, Texts):
            continue
        if sum(not looks_like_number(text) for text in cells.distinct()) > 1:
            return k
    return None


def price_columns(
    table: Table, requested: Sequence[str], taken: Sequence[int | None]
) -> tuple[list[int], str]:
    """Return the columns of prices, one per asset, and why they were taken.

    Args:
        table: the table.
        requested: names that the user gave; empty to choose.
        taken: the columns of dates, times and tickers, which hold no prices.

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
    several = _close_of_each(table, free)
    if several:
        return several, "by the last part of its name"
    other = (*_VOLUMES, *_TICKERS)
    numeric = [k for k in free if names[k] not in other and _holds_numbers(table.cells[k])]
    if len(numeric) == 1:
        return numeric, "the only column of numbers"
    bars = all(any(names[k] in wanted for k in numeric) for wanted in (_HIGHS, _LOWS))
    unnamed = all(table.names[k] == str(k + 1) for k in numeric) and any(
        k is not None for k in taken
    )  # dated rows without a header are bars as a rule
    named = [k for k in numeric if table.names[k] and not _counts_rows(table.cells[k])]
    if named and not bars and not unnamed:
        return named, "one of several columns of numbers, each an asset"
    raise DataError(
        f"{table.source}: expected a price column such as 'Close' or 'Adj Close', found "
        f"{table.columns_listed()}; name one with --column"
    )


def extremes(table: Table) -> tuple[int, int] | None:
    """Return the columns of the low and the high, or None."""
    names = [plain(name) for name in table.names]
    high = next((k for k, name in enumerate(names) if name in _HIGHS), None)
    low = next((k for k, name in enumerate(names) if name in _LOWS), None)
    return None if high is None or low is None else (low, high)


def beside_columns(table: Table, price: int) -> tuple[int | None, int | None]:
    """Return the columns of the open and of the adjusted close beside a price, None where not."""
    prefix = table.names[price].rpartition(":")[0]
    names = [(name.rpartition(":")[0], plain(name.rpartition(":")[2])) for name in table.names]
    opens = (k for k, (asset, name) in enumerate(names) if asset == prefix and name in _OPENS)
    adjusted = (k for k, (asset, name) in enumerate(names) if asset == prefix and name in _ADJUSTED)
    return next(opens, None), next(adjusted, None)


def bar_columns(table: Table, price: int) -> dict[str, int]:
    """Return the columns of the bar that a close belongs to, by field; none beside other prices.

    The fields are ``close`` (the unadjusted one beside an adjusted price), ``open``, ``high``,
    ``low`` and ``volume``, those of them that are there; open interest is no volume.
    """
    prefix, _, own = table.names[price].rpartition(":")
    if plain(own) not in (*_ADJUSTED, *_CLOSES):
        return {}
    found = {} if plain(own) in _ADJUSTED else {"close": price}
    parts = [(name.rpartition(":")[0], plain(name.rpartition(":")[2])) for name in table.names]
    volumes = tuple(name for name in _VOLUMES if not name.startswith("openint"))
    fields = {"close": _CLOSES, "open": _OPENS, "high": _HIGHS, "low": _LOWS, "volume": volumes}
    for field, known in fields.items():
        hits = [(known.index(b), k) for k, (a, b) in enumerate(parts) if a == prefix and b in known]
        if hits and field not in found:
            found[field] = min(hits)[1]
    return found


def optional_from(table: Table) -> int:
    """Return the number of leading columns that a row needs: all but trailing volumes."""
    needed = len(table.names)
    while needed and plain(table.names[needed - 1]) in (*_VOLUMES, ""):
        needed -= 1
    return needed


def _same(one: Cells, other: Cells) -> bool:
    if isinstance(one, Texts) and isinstance(other, Texts):
        return one.same(other)
    if isinstance(one, pd.DatetimeIndex) and isinstance(other, pd.DatetimeIndex):
        return one.equals(other)
    return type(one) is type(other) and bool(np.array_equal(np.asarray(one), np.asarray(other)))


def _holds_dates(cells: Cells, named: bool) -> bool:
    """Return whether most of a sample of cells are dates; counts since 1970 need the name too."""
    if isinstance(cells, pd.DatetimeIndex):
        return True
    if isinstance(cells, Texts):
        sample = cells.sample(50)
    else:
        whole = cells[np.isfinite(cells)]
        if not named or not whole.size or np.any(whole != np.floor(whole)):
            return False
        sample = [str(int(value)) for value in whole[:: max(1, whole.size // 25)]]
    hits = sum(looks_like_date(text) or (named and looks_like_epoch(text)) for text in sample)
    return 2 * hits > len(sample)


def _counts_time(cells: Cells) -> bool:
    """Return whether all of a sample count time since 1970, and go up or down throughout."""
    if isinstance(cells, pd.DatetimeIndex):
        return False
    sample = cells.sample(50) if isinstance(cells, Texts) else _wholes(cells)
    if len(sample) < 2 or not all(map(looks_like_epoch, sample)):
        return False
    steps = np.diff([float(text) for text in sample])
    return bool(np.all(steps > 0) or np.all(steps < 0))


def _wholes(cells: FloatArray) -> list[str]:
    """Return a sample of numbers as text, nothing if one of them is not whole."""
    sample = cells[:: max(1, cells.size // 50)]
    if not np.all(np.isfinite(sample)) or np.any(sample != np.floor(sample)):
        return []
    return [str(int(value)) for value in sample]


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
    if not isinstance(dates, Texts) or not isinstance(clock, Texts):
        return False
    step = max(1, len(dates) // 50)
    every = [row for row in range(0, len(dates), step) if not is_missing(dates[row])]
    rows = [row for row in every if not is_missing(clock[row])]
    return bool(rows) and all(looks_like_date(f"{dates[row]} {clock[row]}") for row in rows)


def _holds_numbers(cells: Cells) -> bool:
    if isinstance(cells, Texts):
        return any(looks_like_number(text) for text in cells.sample(50)) or any(
            looks_like_number(text) for text in cells
        )
    return not isinstance(cells, pd.DatetimeIndex)


def _counts_rows(cells: Cells) -> bool:
    """Return whether a column numbers its rows."""
    texts = [str(cells[row]) for row in range(min(len(cells), 10))]
    if not all(text.isascii() and text.removesuffix(".0").isdigit() for text in texts):
        return False
    return set(np.diff([float(text) for text in texts]).tolist()) in ({1.0}, {-1.0})


def _first_text(cells: Cells) -> str:
    return next((str(cell) for cell in cells if not is_missing(str(cell))), "")


def _close_of_each(table: Table, free: Sequence[int]) -> list[int]:
    """Return the close of each asset where columns are called ``BTC:open``, ``BTC:close``, …"""
    best: dict[str, tuple[int, int]] = {}
    for k in free:
        asset, colon, field = table.names[k].rpartition(":")
        order = (*_ADJUSTED, *_CLOSES)
        if colon and plain(field) in order:
            best[asset] = min(best.get(asset, (len(order), k)), (order.index(plain(field)), k))
    return [k for _, k in best.values()]


def _requested(table: Table, name: str) -> int:
    hits = [k for k, known in enumerate(table.names) if known == name]
    hits = hits or [
        k for k, known in enumerate(table.names) if known.casefold() == name.strip().casefold()
    ]
    if not hits:
        closes = _close_of_each(table, range(len(table.names)))
        assets = {table.names[k].rpartition(":")[0].casefold(): k for k in closes}
        hits = [k for asset, k in assets.items() if asset == name.casefold()]
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
