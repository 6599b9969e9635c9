"""A sheet of an Excel workbook to a Table, by the same rules as delimited text."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from tsgan.data.layout import demand_headerless, header_names, skipped_notes, table_bounds
from tsgan.data.tables import Cells, Table
from tsgan.data.texts import Texts
from tsgan.errors import DataError

_MOST_CELLS = 50_000_000

_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile)

_PLACE = re.compile(rb'[ ]r="([A-Z]{1,3})([0-9]{1,7})"')

_LEAST = 3
"""Rows of data that make a sheet without a name the one that holds the table."""


def table_from_workbook(data: bytes, source: str, sheet: str | None = None) -> Table:
    """Return a sheet of a workbook, every cell as text; rows are those of the sheet.

    Args:
        data: of an .xlsx, .xls or .xlsb file.
        source: the file's name.
        sheet: its name; None takes the first with a header and rows of numbers below it.

    Raises:
        DataError: python-calamine is not installed, the workbook is damaged or protected, or has
            no such sheet or no table.
    """
    try:
        import python_calamine
    except ImportError:
        raise DataError(
            f"{source}: expected python-calamine to read an Excel workbook, it is not installed; "
            "run pip install 'tsgan[excel]', or save the sheet as CSV"
        ) from None
    _demand_small(data, source)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise DataError(
                f"{source}: expected a sheet {sheet!r}, found {', '.join(names)}; "
                "name one of these with --sheet"
            )
        wanted = names if sheet is None else [sheet]
        sheets = {name: _records(book.get_sheet_by_name(name).to_python()) for name in wanted}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            f"{source}: expected a whole Excel workbook, found a damaged or protected one "
            f"({reason}); save the sheet as CSV"
        ) from None
    for name, (numbers, records, raw) in sheets.items():
        table = _table(source, numbers, records, raw)
        if table is not None and (sheet is not None or len(table) >= _LEAST):
            others = [f"The table is that of sheet {name!r}."] if len(names) > 1 else []
            notes = (*others, *table.notes)
            return Table(source, table.names, table.cells, table.lines, "row", table.short, notes)
    raise DataError(
        f"{source}: expected rows of data below a header, found none with a number in "
        f"{', '.join(map(repr, sheets))}; name another sheet with --sheet, or save it as CSV"
    )


def _demand_small(data: bytes, source: str) -> None:
    """Refuse an .xlsx with a cell far out: memory is taken for all cells between it and the first.

    Raises:
        DataError: there would be more than ``_MOST_CELLS``.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return  # an .xls has 65,536 rows of 256 columns at most
    rows = columns = 0
    with suppress(*_DAMAGE), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            rest = b""
            with archive.open(name) as sheet:
                while piece := sheet.read(2**20):
                    found = _PLACE.findall(rest + piece)
                    rows = max([rows, *(int(row) for _, row in found)])
                    columns = max([columns, *map(_column, {letters for letters, _ in found})])
                    rest = piece[-20:]
    if rows * columns > _MOST_CELLS:
        raise DataError(
            f"{source}: expected a sheet of at most {_MOST_CELLS:,} cells, found cells up to row "
            f"{rows:,} and column {columns:,}; delete what stands far out, or save the table as CSV"
        )


def _column(letters: bytes) -> int:
    """Return the number of a column: 1 of A, 27 of AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _records(rows: list[list[Any]]) -> tuple[list[int], list[list[str]], list[list[Any]]]:
    """Return the numbers and the cells, as text and as they are, of rows that are not empty."""
    texts = [[_text(cell) for cell in row] for row in rows]
    numbers = [number for number, row in enumerate(texts, 1) if any(row)]
    kept = [number - 1 for number in numbers]
    return numbers, [texts[k] for k in kept], [rows[k] for k in kept]


def _text(cell: object) -> str:
    """Return a cell as a text that reads as the same value."""
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return " ".join(str(cell).split())


def _cells(raw: Sequence[object], texts: Sequence[str]) -> Cells:
    """Return a column as numbers where Excel has it as such, so that no mark is to be guessed."""
    typed = [type(cell) in (int, float) for cell, text in zip(raw, texts, strict=True) if text]
    if not typed or not all(typed):
        return Texts.of(texts)
    return np.array([float(text) if text else np.nan for text in texts])


def _table(
    source: str, numbers: list[int], records: list[list[str]], raw: list[list[Any]]
) -> Table | None:
    """Return the table in the rows of a sheet, None if there is none."""
    if not records:
        return None
    width = Counter(len(record) for record in records).most_common(1)[0][0]
    header, first, last = table_bounds(records)
    if first >= last:
        return None
    names = header_names(records, header)
    body = records[first:last]
    if header is None:
        demand_headerless(body[0], body[1:], f"{source}, row {numbers[first]}")
    columns = list(zip(*(row[:width] for row in body), strict=True))
    used = [k for k in range(width) if names[k] or any(columns[k])]
    notes = skipped_notes(records, lambda k: f"Row {numbers[k]}", header, first, last)
    return Table(
        source,
        tuple(names[k] for k in used),
        tuple(_cells([row[k] for row in raw[first:last]], columns[k]) for k in used),
        numbers[first:last],
        "row",
        {},
        notes,
    )
