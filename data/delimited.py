"""Delimited text to a Table: delimiter, header, footer, and rows that fit the header."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import islice

from tsgan.data.dates import looks_like_date
from tsgan.data.decimals import has_decimals, looks_like_number
from tsgan.data.tables import Table, is_missing, shown
from tsgan.errors import DataError

_DELIMITERS = "\t;|,"
_SAMPLE = 100


def table_from_text(text: str, source: str) -> Table:
    """Split delimited text into a table; nothing in it is interpreted and no row is lost unsaid.

    Banners and comments above the header, further header rows and footers are skipped and noted.

    Raises:
        DataError: no rows of data, a quote that is not closed on its line, or a row that has more
            fields than the header (every column would be shifted).
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbers, records = _records(lines, _delimiter(lines), source)
    width = Counter(len(record) for record in records).most_common(1)[0][0]
    header, first, last = _body(records, width)
    if first >= last:
        raise DataError(
            f"{source}: expected rows of data below a header, found none with a number; "
            "download or export it again"
        )
    names = [str(k + 1) for k in range(width)] if header is None else records[header]
    body, lines_of_body = records[first:last], numbers[first:last]
    if header is None:
        _demand_headerless(body[0], body[1:], source, lines_of_body[0])
        line = 0
    else:
        line = numbers[header]
    short = _fit(body, lines_of_body, names, source, line)
    cells = [[cell.strip() for cell in column] for column in zip(*body, strict=True)]
    while names and not names[-1] and not any(cells[-1]):
        names, cells = names[:-1], cells[:-1]
    notes = _skipped(records, numbers, header, first, last)
    return Table(source, tuple(names), tuple(cells), lines_of_body, "line", short, notes)


def _delimiter(lines: list[str]) -> str:
    """Return the first of tab, ; | and comma that cuts most lines into one count of fields."""
    sample = [line[:10_000] for line in islice((x for x in lines if x.strip()), _SAMPLE)]
    for delimiter in _DELIMITERS:
        counts = Counter(len(next(csv.reader([line], delimiter=delimiter))) for line in sample)
        width, times = counts.most_common(1)[0]
        if width > 1 and 2 * times >= len(sample):
            return delimiter
    return ","


def _records(lines: list[str], delimiter: str, source: str) -> tuple[list[int], list[list[str]]]:
    """Return the 1-based line and the fields of every line that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    numbers: list[int] = []
    records: list[list[str]] = []
    before = 0
    try:
        for record in reader:
            before += 1
            if reader.line_num != before:
                break
            if len(record) > 1 or (record and record[0].strip()):
                numbers.append(before)
                records.append(record)
        else:
            return numbers, records
    except csv.Error:
        before += 1
    raise DataError(
        f"{source}, line {before}: expected fields with closed quotes, found a quote that is not "
        "closed or not alone in its field; mend that line"
    )


def _body(records: list[list[str]], width: int) -> tuple[int | None, int, int]:
    """Return the index of the header or None, of the first row of data and past the last."""
    key = _date_position(records)
    first, last = 0, len(records)
    while first < last and not _is_data(records[first], key):
        first += 1
    while last > first and _is_footer(records[last - 1], key):
        last -= 1
    header = _header(records[:first], width)
    if header is not None:
        first = next((k for k in range(header + 1, first) if not _wordy(records[k])), first)
    return header, 0 if header is None else first, last


def _date_position(records: list[list[str]]) -> int | None:
    """Return the first position that looks like a date in most of the rows of the second half."""
    tail = records[len(records) // 2 :]
    tail = tail[:: max(1, len(tail) // 25)]
    for position in range(max(map(len, tail), default=0)):
        hits = sum(looks_like_date(row[position].strip()) for row in tail if len(row) > position)
        if 2 * hits > len(tail):
            return position
    return None


def _is_data(record: list[str], key: int | None) -> bool:
    if key is None:
        return any(looks_like_number(cell.strip()) for cell in record)
    return len(record) > key and looks_like_date(record[key].strip())


def _is_footer(record: list[str], key: int | None) -> bool:
    """Return whether a row below the data has no number, or words where the dates stand."""
    if key is None or len(record) <= key:
        return _wordy(record)
    text = record[key].strip()
    return not is_missing(text) and not any(map(str.isdigit, text))


def _wordy(record: list[str]) -> bool:
    """Return whether a row says something but holds no number: a header, a unit or a footer."""
    cells = [cell.strip() for cell in record]
    return not all(map(is_missing, cells)) and not any(map(looks_like_number, cells))


def _header(block: list[list[str]], width: int) -> int | None:
    """Return the fullest row of the data's width, else the widest; no header has decimals in it."""
    named = [
        k
        for k, record in enumerate(block)
        if not record[0].lstrip().startswith("#") and not any(map(has_decimals, record))
    ]
    if not named:
        return None
    fitting = [k for k in named if len(block[k]) == width]
    header = (
        max(fitting, key=lambda k: sum(bool(cell.strip()) for cell in block[k]))
        if fitting
        else max(named, key=lambda k: len(block[k]))
    )
    block[header][:] = [cell.strip() for cell in block[header]]
    return header


def _demand_headerless(row: list[str], others: list[list[str]], source: str, line: int) -> None:
    """Refuse a first row that is neither a header nor of the kind of the rows below it."""
    for position, cell in enumerate(row):
        text = cell.strip()
        below = next((o[position].strip() for o in others if len(o) > position), text)
        kinds = {looks_like_number(t) for t in (text, below) if not is_missing(t)}
        if len(kinds) > 1:
            raise DataError(
                f"{source}, line {line}: expected a header or a row like those below it, found "
                f"{shown(text)} above {shown(below)}; add a header that names the columns"
            )


def _fit(
    body: list[list[str]], numbers: list[int], names: list[str], source: str, header_line: int
) -> dict[int, int]:
    """Make every row as long as the header, in place; return index -> fields of the short ones."""
    width, short = len(names), {}
    for row, record in enumerate(body):
        if len(record) == width:
            continue
        if len(record) > width:
            if any(cell.strip() for cell in record[width:]):
                against = f"the header in line {header_line} has" if header_line else "others have"
                raise DataError(
                    f"{source}, line {numbers[row]}: expected {width} fields as {against}, "
                    f"found {len(record)}; name every column or quote the field that holds the "
                    "delimiter, since columns would be shifted"
                )
            del record[width:]
        else:
            short[row] = len(record)
            record.extend([""] * (width - len(record)))
    return short


def _skipped(
    records: list[list[str]], numbers: list[int], header: int | None, first: int, last: int
) -> tuple[str, ...]:
    """Say which lines were taken for banners, further headers and footers."""
    notes = []
    kinds = [(k, "above the header and is skipped") for k in range(header or 0)]
    if header is None:
        notes.append("The file has no header; its columns are called 1, 2, 3, …")
    else:
        if any(map(looks_like_number, records[header])):
            kinds.append((header, "taken for the header"))
        below = range(header + 1, first)
        kinds += [(k, "below the header, holds no number and is skipped") for k in below]
    footers = range(last, len(records))
    kinds += [(k, "below the data, holds no date and is skipped") for k in footers]
    for k, kind in kinds:
        text = ", ".join(cell.strip() for cell in records[k] if cell.strip())
        notes.append(f"Line {numbers[k]} is {kind}: {shown(text)}.")
    return tuple(notes)
