"""What can go wrong with price files, made from a seed, and what a reader must do then.

``damaged_file(seed, real)`` draws a file from ``price_files``, or takes a real one, and damages
it: bytes are flipped, cut and doubled, lines shuffled, fields removed, numbers replaced by extreme
ones, headers repeated. ``outcome`` reads it and demands what always holds.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import price_files

from tsgan import read_prices
from tsgan.data.prices import Prices
from tsgan.errors import DataError
from tsgan.reading import DATE_ORDERS, DECIMALS, RETURNS, RULES, SESSIONS, ReadConfig

EXTREME = (
    *("0", "-0", "-1", "1e308", "1.7976931348623157e308", "-1e308", "5e-324", "1e-320", "1e999"),
    *("inf", "-inf", "nan", "null", "", " ", "-", "N/A", "1_0", "0x10", "１", "1,234", "1.234"),
    *("1,234.5", "1.234,5", "$5", "5%", "3.1B", "--5", "+-5", "1e", "e5", ".", ",", "99" * 40),
    *("0000-01-01", "9999-12-31", "2020-02-30", "1/2/3", "31/12/1999", "20200230", "1577923200"),
    *("2020-01-01T25:00", "2020-01-01 10:00+99:99", "1-Jan-99", "9" * 19, "Jan 2, 2020", "12:30"),
    *("Date", "Close", "Ticker", "AAPL", "=1/0", "#", '"', "'", '""', "a" * 200, "\x00", "\x1a"),
    *("\u00a0", "é", "\u2028", "\x0c", "<html>", "{", "[1]", "−5", "100", "100", "100"),
)
"""Cells that are at the edge of being numbers, dates or words, or beyond it."""

Rows = list[list[str]]


@dataclass(frozen=True)
class Damaged:
    """A file's bytes, or a frame, and how it is to be read."""

    name: str
    data: bytes | pd.DataFrame
    columns: tuple[str, ...] = ()
    reading: ReadConfig = field(default_factory=ReadConfig)


def damaged_file(seed: int, real: Sequence[bytes] = ()) -> Damaged:
    """Return the file of a seed.

    Args:
        seed: the same one makes the same file.
        real: real files, some of which are taken in place of a table made here.
    """
    random = Random(seed)
    names = random.sample(price_files.NAMES, random.choice([1, 2])) if random.random() < 0.1 else []
    how = tuple(names), _reading(random)
    kind = random.random()
    if kind < 0.06:
        return Damaged("DataFrame", price_files.frame(random), *how)
    if kind < 0.14:
        return Damaged("prices.parquet", damaged_bytes(random, price_files.typed(random)), *how)
    if kind < 0.17:
        book = price_files.workbook({"Prices": price_files.text_rows(random, False)})
        return Damaged("prices.xlsx", damaged_bytes(random, book), *how)
    if real and kind < 0.4:
        data = _part_of(random, random.choice(real))
    else:
        data = _text(random).encode(random.choice(["utf-8"] * 6 + ["utf-16", "utf-8-sig"]))
    if random.random() < 0.25:
        data = damaged_bytes(random, data)
    if random.random() < 0.2:
        data = price_files.compressed(random, data)
        data = damaged_bytes(random, data) if random.random() < 0.4 else data
    return Damaged("prices.csv", data, *how)


def damaged_text(seed: int) -> bytes:
    """Return a table as text, in some way damaged, of which all that is not ASCII is left out."""
    random = Random(seed)
    return _text(random).encode("ascii", errors="ignore")


def heads(folder: Path, size: int = 60_000) -> list[bytes]:
    """Return the first bytes of each file in a folder, in order of their names."""
    return [path.read_bytes()[:size] for path in sorted(folder.glob("*")) if path.is_file()]


def outcome(case: Damaged, folder: Path) -> str:
    """Read a damaged file; return ``"read"`` or ``"refused"``.

    Raises:
        AssertionError: the account of the rows does not add up, or the message is not one line.
        Exception: any other error, or a warning, of the reader.
    """
    source: Any = case.data
    if isinstance(case.data, bytes):
        source = folder / case.name
        source.write_bytes(case.data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            prices = read_prices(source, case.columns, case.reading)
        except DataError as error:
            said = str(error)
            assert case.name in said and len(said.splitlines()) == 1, said
            return "refused"
    demand_account(prices)
    return "read"


def demand_account(prices: Prices) -> None:
    """Demand that every row that was read is used, or listed as dropped, once."""
    dropped = sum(found.count for found in prices.findings if found.action == "dropped")
    long = any(" assets apart." in note for note in prices.notes)
    used = (len(prices) - (prices.reading.returns is not None)) * (len(prices.names) if long else 1)
    assert prices.rows_read == used + dropped, (prices.rows_read, used, dropped, prices.notes)
    values = prices.values.to_numpy()
    assert np.isfinite(values).all() and np.all(values > 0)
    assert all("\n" not in note for note in prices.notes), prices.notes
    assert all(found.text in prices.notes for found in prices.findings)


def _reading(random: Random) -> ReadConfig:
    if random.random() < 0.4:
        return ReadConfig()
    chosen: dict[str, Any] = {}
    options: dict[str, Sequence[Any]] = {**RULES, "dates": DATE_ORDERS}
    options["decimal"] = (*["auto"] * 6, *DECIMALS)
    for name, choices in {**options, "sessions": SESSIONS, "fill_limit": (1, 5, 99)}.items():
        if random.random() < 0.5:
            chosen[name] = random.choice(choices)
    if random.random() < 0.1:
        chosen["returns"] = random.choice(RETURNS)
    if random.random() < 0.2:
        chosen["break_after"] = random.choice([1e-6, 60.0, 86_400.0, 1e11])
    return ReadConfig(**chosen)


def _text(random: Random) -> str:
    """Return a table of prices as text, damaged or not."""
    comma = random.random() < 0.2
    delimiter = ";" if comma else random.choice([",", ",", ",", ";", "\t", "|"])
    rows = price_files.text_rows(random, comma)
    for _ in range(random.choice([0, 0, 0, 1, 1, 1, 2, 4])):
        random.choice(_DAMAGES)(random, rows)
    end = random.choice(["\n", "\n", "\n", "\r\n", "\r"])
    banner = random.choice(["", "", "", "# made by hand\n", "My prices\n\n", "a,b,c\n"])
    footer = random.choice(["", "", "", end, "Source: me" + end, "\x1a"])
    return banner + end.join(delimiter.join(row) for row in rows) + end + footer


def _cells(random: Random, rows: Rows) -> None:
    """Replace some cells by extreme ones, or put them in quotes."""
    for _ in range(random.choice([1, 1, 2, 10])):
        row = random.choice(rows) if rows else []
        if row:
            place = random.randrange(len(row))
            quoted = f'"{row[place]}"' if random.random() < 0.9 else f'"{row[place]}'
            row[place] = quoted if random.random() < 0.2 else random.choice(EXTREME)


def _column(random: Random, rows: Rows) -> None:
    """Replace a column by one cell."""
    place, cell = random.randrange(8), random.choice(EXTREME)
    for row in rows[random.randint(0, 1) :]:
        if place < len(row):
            row[place] = cell


def _shuffled(random: Random, rows: Rows) -> None:
    random.shuffle(rows)


def _cut(random: Random, rows: Rows) -> None:
    del rows[random.randint(0, len(rows)) :]


def _doubled(random: Random, rows: Rows) -> None:
    begin = random.randint(0, len(rows))
    rows[begin:begin] = [list(row) for row in rows[begin : begin + random.choice([1, 3, 50])]]


def _header_again(random: Random, rows: Rows) -> None:
    if rows:
        rows.insert(random.randint(0, len(rows)), list(rows[0]))


def _fields(random: Random, rows: Rows) -> None:
    """Take fields from some rows, or give them some."""
    for row in random.sample(rows, min(len(rows), random.choice([1, 2, 9]))):
        place = random.randint(0, len(row))
        if random.random() < 0.6:
            del row[place : place + random.randint(1, 3)]
        else:
            row.insert(place, random.choice(EXTREME))


def _jumps(random: Random, rows: Rows) -> None:
    """Multiply the numbers of some rows, or let them stand still."""
    begin, length = random.randint(0, len(rows)), random.choice([1, 10, 20, len(rows)])
    factor = random.choice([0.0, 0.01, 0.5, 2.0, 3.0, 100.0, -1.0, 1e150])
    for row in rows[begin : begin + length]:
        for place in range(1, len(row)):
            try:
                row[place] = f"{float(row[place]) * factor:.6g}"
            except ValueError:
                continue


def _blank(random: Random, rows: Rows) -> None:
    rows.insert(random.randint(0, len(rows)), random.choice([[""], ["", ""], [" "], ["x"], ["#"]]))


_DAMAGES = (_cells, _cells, _cells, _column, _shuffled, _cut, _doubled, _header_again, _fields)
_DAMAGES += (_jumps, _jumps, _blank)


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """Return the data with bits flipped and bytes cut, doubled, replaced or left out."""
    work = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 8])):
        at, length = random.randrange(len(work) + 1), random.choice([1, 1, 4, 100, len(work)])
        how = random.randrange(5)
        if how == 0 and at < len(work):
            work[at] ^= 1 << random.randrange(8)
        elif how == 1:
            del work[at : at + length]
        elif how == 2:
            work[at:at] = work[at : at + min(length, 4_000)]
        elif how == 3:
            work[at : at + 4] = random.randbytes(4)
        elif random.random() < 0.3:
            del work[at:]
    return bytes(work)


def _part_of(random: Random, data: bytes) -> bytes:
    """Return the head of a file, or a stretch of its lines with or without the header."""
    if random.random() < 0.4 or b"\n" not in data:
        return data[: random.randrange(len(data) + 1)]
    lines = data.splitlines(keepends=True)
    begin = random.randrange(len(lines))
    return b"".join(lines[: random.randint(0, 2)] + lines[begin : begin + 300])
