"""Delimited text to a Table: rows that fit the header, however many millions of them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tsgan.data.columns import is_bar_field
from tsgan.data.layout import Layout, Line, find_layout, split_lines, text_lines
from tsgan.data.tables import Table
from tsgan.data.texts import Texts
from tsgan.errors import DataError

_BATCH = 16_384
_BLOCK = 4 * 2**20

_SPACES = re.compile(rb"^[ \t\v\f]+\r?$", re.MULTILINE)


def table_from_text(text: str, source: str) -> Table:
    """Split delimited text into a table; nothing in it is interpreted and no row is lost unsaid.

    Banners and comments above the header, further header rows and footers are skipped and noted.

    Raises:
        DataError: no rows of data, a quote that is not closed on its line, or a row that has more
            fields than the header (every column would be shifted).
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    layout = find_layout(text, source)
    numbers, short = array("q"), dict[int, int]()
    columns: list[list[pa.StringArray]] = [[] for _ in layout.names]
    rows = split_lines(_body(text, layout), layout.delimiter, source)
    while batch := list(islice(rows, _BATCH)):
        for line in batch:
            if len(line.fields) != len(columns):
                _fit(line, layout, source, short, len(numbers))
            numbers.append(line.number)
        cells = zip(*(line.fields for line in batch), strict=True)
        for column, texts in zip(columns, cells, strict=True):
            column.append(pa.array([cell.strip() for cell in texts], pa.string()))
    columns_of_text = [Texts(pa.chunked_array(column)) for column in columns]
    return _table(source, layout, columns_of_text, numbers, short)


def table_from_plain_text(text: bytes, source: str) -> Table | None:
    """Return what ``table_from_text`` would of a regular table as programs write it, much sooner.

    None for text that is not ASCII or whose rows have quotes, blank lines or other lengths.

    Raises:
        DataError: as there.
    """
    if not text.isascii() or text[-1:] == b"\x1a":
        return None
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return None
    if not _plain(text):
        return None
    layout = find_layout(text, source)
    begin, end = layout.first.begin, text.find(b"\n", layout.last.begin)
    end = len(text) if end < 0 else end
    if text.find(b'"', begin, end) >= 0:
        return None
    body = pa.py_buffer(text)[begin:end]
    count = len(layout.names)
    if count == 1 and _SPACES.search(text, begin, end):
        return None
    now = [k for k in range(count) if not is_bar_field(layout.names[k])] or [0]
    try:
        found = _strings(body, layout.delimiter, count, now)
    except pa.ArrowInvalid:
        return None
    numbers = range(layout.first.number, layout.last.number + 1)
    if found.num_rows != len(numbers):
        return None
    columns = [
        Texts(found.column(now.index(k)), trimmed=False)
        if k in now
        else Texts(partial(_strings_of_one, body, layout, k), len(numbers), trimmed=False)
        for k in range(count)
    ]
    return _table(source, layout, columns, numbers, {})


def _strings(body: pa.Buffer, delimiter: str, count: int, wanted: Sequence[int]) -> pa.Table:
    """Return some of ``count`` columns as text.

    Raises:
        pyarrow.ArrowInvalid: a row has another count of fields.
    """
    keys = [str(k) for k in range(count)]
    return csv.read_csv(
        pa.BufferReader(body),
        csv.ReadOptions(column_names=keys, block_size=_BLOCK),
        csv.ParseOptions(delimiter=delimiter, quote_char=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(keys, pa.string()),
            include_columns=[keys[k] for k in wanted],
            check_utf8=False,
        ),
    )


def _strings_of_one(body: pa.Buffer, layout: Layout, wanted: int) -> pa.ChunkedArray:
    return _strings(body, layout.delimiter, len(layout.names), [wanted]).column(0)


def _plain(text: bytes) -> bool:
    """Return whether all bytes below that of a space are ends of lines and tabs."""
    whole, step = np.frombuffer(text, np.uint8), 2**18
    for begin in range(0, len(text), step):
        piece = whole[begin : begin + step]
        low = piece[piece < 32]
        if np.any((low != 10) & (low != 13) & (low != 9)):
            return False
    return True


def _body(text: str, layout: Layout) -> Iterator[tuple[int, int, str]]:
    for place in text_lines(text, layout.first.begin, layout.first.number):
        if place[0] > layout.last.number:
            return
        yield place


def _table(
    source: str,
    layout: Layout,
    columns: Sequence[Texts],
    numbers: Sequence[int],
    short: dict[int, int],
) -> Table:
    """Return the table, without columns at the end that have neither name nor content."""
    count = len(columns)
    while count and not layout.names[count - 1] and _blank(columns[count - 1]):
        count -= 1
    names, cells = layout.names[:count], tuple(columns[:count])
    return Table(source, names, cells, numbers, "line", short, layout.notes)


def _blank(column: Texts) -> bool:
    return all(pc.all(pc.equal(chunk, "")).as_py() for chunk in column.chunks())


def _fit(line: Line, layout: Layout, source: str, short: dict[int, int], row: int) -> None:
    """Make a row as long as the header, in place; note row -> fields of one that is too short."""
    width, found = len(layout.names), len(line.fields)
    if found < width:
        short[row] = found
        line.fields.extend([""] * (width - found))
        return
    if any(cell.strip() for cell in line.fields[width:]):
        against = f"the header in line {layout.header} has" if layout.header else "others have"
        raise DataError(
            f"{source}, line {line.number}: expected {width} fields as {against}, "
            f"found {found}; name every column or quote the field that holds the "
            "delimiter, since columns would be shifted"
        )
    del line.fields[width:]
