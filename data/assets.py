"""Assets below one another in a table: told apart by their tickers, joined by their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsgan.data.columns import price_columns
from tsgan.data.findings import DROPPED, Finding
from tsgan.data.rows import BoolArray, Sheet, counted
from tsgan.data.sheets import Choice, sheet_of
from tsgan.data.suspects import Beside
from tsgan.data.tables import Table
from tsgan.data.texts import Texts
from tsgan.errors import DataError
from tsgan.reading import ReadConfig


def sheets_by_ticker(
    table: Table,
    ticker: int,
    clocks: tuple[int | None, int | None],
    requested: Sequence[str],
    reading: ReadConfig,
    said: list[str],
) -> tuple[Sheet, Beside, list[Sheet]]:
    """Return all rows, and those of each asset, of a table with several below one another.

    Raises:
        DataError: an asset that is asked for is not there, or there is more than one price column.
    """
    cells = table.cells[ticker]
    tickers = cells.distinct() if isinstance(cells, Texts) else []
    wanted, column = _tickers(table, tickers, requested)
    prices, reason = price_columns(table, [column] if column else (), (*clocks, ticker))
    if len(prices) > 1:
        raise DataError(
            f"{table.source}: expected one price column beside column "
            f"{table.names[ticker]!r}, found {table.columns_listed()}; name one with --column "
            f"'{wanted[0]}:{table.names[prices[0]]}'"
        )
    whole, beside = sheet_of(table, Choice(*clocks, prices, reason), reading, said)
    if whole.times is None and len(wanted) > 1:
        raise DataError(
            f"{table.source}: expected dates to join {len(wanted)} assets on, found none; name "
            f"one of them with --column, such as --column {wanted[0]}"
        )
    said.append(f"Column {table.named(ticker)} tells {len(tickers)} assets apart.")
    found = pc.index_in(cells.cells, pa.array(tickers)) if isinstance(cells, Texts) else None
    codes = np.asarray(pc.fill_null(found, -1).to_numpy())
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(tickers) + 1))
    place = {name: k for k, name in enumerate(tickers)}
    parts = [
        whole.taken(order[bounds[k] : bounds[k + 1]]) for k in (place[name] for name in wanted)
    ]
    named = [replace(part, assets=(name,)) for part, name in zip(parts, wanted, strict=True)]
    return whole, beside, named


def note_others(whole: Sheet, sheets: Sequence[Sheet], found: list[Finding]) -> None:
    """Say which rows are of none of the assets."""
    kept = np.concatenate([sheet.rows for sheet in sheets])
    others: BoolArray = ~np.isin(whole.rows, kept)
    if others.any():
        text = f"Dropped {counted(int(others.sum()))} of assets that are not asked for: {{}}."
        found.append(whole.finding("assets", DROPPED, others, text))


def _tickers(
    table: Table, tickers: Sequence[str], requested: Sequence[str]
) -> tuple[list[str], str]:
    """Return the tickers that are asked for, and the column that is asked for, or ""."""
    wanted, columns = [], set[str]()
    names = {known.casefold() for known in table.names}
    known = {ticker.casefold(): ticker for ticker in reversed(tickers)}
    known |= {ticker: ticker for ticker in tickers}
    for name in requested:
        asset, column = name, ""
        if name not in known and name.casefold() not in known:
            asset, _, column = name.rpartition(":")
        asset = known.get(asset, known.get(asset.casefold(), ""))
        if not asset:
            if name.casefold() in names:
                columns.add(name)
                continue
            more = ", …" if len(tickers) > 10 else ""
            raise DataError(
                f"{table.source}: expected one of the assets {', '.join(tickers[:10])}{more}, "
                f"found no {name!r}; name one of these, or TICKER:Column, with --column"
            )
        wanted.append(asset)
        columns.add(column)
    if len(columns - {""}) > 1 or len(set(wanted)) < len(wanted):
        raise DataError(
            f"{table.source}: expected one column of each asset, found several in "
            f"{', '.join(requested)}; name each asset once, with the same column"
        )
    return wanted or list(tickers), next(iter(columns - {""}), "")


def together(sheets: list[Sheet], found: list[Finding]) -> list[Sheet]:
    """Return the rows of each asset at the times that all of them have.

    Raises:
        DataError: fewer than two such times.
    """
    if len(sheets) == 1:
        return sheets
    sheets = _joined(sheets, found)
    if len(sheets[0]) < 2:
        raise DataError(
            f"{sheets[0].table.source}: expected 2 or more times that all of "
            f"{len(sheets)} assets have, found {len(sheets[0])}; name fewer with --column"
        )
    return sheets


def _joined(sheets: list[Sheet], found: list[Finding]) -> list[Sheet]:
    stamps = [sheet.times.asi8 for sheet in sheets if sheet.times is not None]
    common = stamps[0]
    for other in stamps[1:]:
        common = np.intersect1d(common, other, assume_unique=True)
    kept = []
    for sheet, times in zip(sheets, stamps, strict=True):
        shared = np.isin(times, common)
        if not shared.all():
            text = f"Dropped {counted(int((~shared).sum()))} of {sheet.assets[0]} at times that "
            text += "another asset has no price: {}."
            found.append(sheet.finding("join", DROPPED, ~shared, text))
        kept.append(sheet.taken(shared))
    return kept
