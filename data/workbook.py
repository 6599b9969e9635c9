"""A sheet of an Excel workbook to a Table, by the same rules as delimited text."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from tsgan.data.layout import demand_headerless, header_names, skipped_notes, table_bounds
from tsgan.data.tables import Table
from tsgan.data.texts import Texts
from tsgan.errors import DataError

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
    for name, (numbers, records) in sheets.items():
        table = _table(source, numbers, records)
        if table is not None and (sheet is not None or len(table) >= _LEAST):
            others = [f"The table is that of sheet {name!r}."] if len(names) > 1 else []
            notes = (*others, *table.notes)
            return Table(source, table.names, table.cells, table.lines, "row", table.short, notes)
    raise DataError(
        f"{source}: expected rows of data below a header, found none with a number in "
        f"{', '.join(map(repr, sheets))}; name another sheet with --sheet, or save it as CSV"
    )


def _records(rows: list[list[Any]]) -> tuple[list[int], list[list[str]]]:
    """Return the numbers and the cells of the rows that are not empty."""
    texts = [[_text(cell) for cell in row] for row in rows]
    numbers = [number for number, row in enumerate(texts, 1) if any(row)]
    return numbers, [texts[number - 1] for number in numbers]


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


def _table(source: str, numbers: list[int], records: list[list[str]]) -> Table | None:
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
        tuple(Texts.of(columns[k]) for k in used),
        numbers[first:last],
        "row",
        {},
        notes,
    )
