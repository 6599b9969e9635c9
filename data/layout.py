"""Where a table stands in a text: delimiter, header, first and last row, and what surrounds it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from tsgan.data.columns import is_date_name
from tsgan.data.dates import looks_like_date
from tsgan.data.decimals import has_decimals, looks_like_number
from tsgan.data.tables import shown
from tsgan.data.texts import is_missing
from tsgan.errors import DataError

_DELIMITERS = "\t;|,"
_SAMPLE = 100
_HEAD, _TAIL = 2_000, 200
"""Lines at the top and at the end that are looked at to find the table between them."""


Place: TypeAlias = tuple[int, int, str]
"""A line of a text: its 1-based number, where it begins, and what it says."""


@dataclass(frozen=True)
class Line:
    """A line that is not blank: its 1-based number, where it begins in the text, its fields."""

    number: int
    begin: int
    fields: list[str]


@dataclass(frozen=True)
class Layout:
    """The table within a text.

    Attributes:
        delimiter: between fields.
        names: of the columns, stripped; 1, 2, 3, … where there is no header.
        header: number of the header's line, 0 if there is none.
        first: the first line of data.
        last: the last line of data.
        notes: which lines were skipped or taken for the header.
    """

    delimiter: str
    names: tuple[str, ...]
    header: int
    first: Line
    last: Line
    notes: tuple[str, ...]


def text_lines(text: str | bytes, begin: int = 0, number: int = 1) -> Iterator[Place]:
    """Yield the number, the beginning and the text of each line from ``begin`` on."""
    mark: Any = _mark(text)
    size = len(text)
    while begin < size:
        end = text.find(mark, begin)
        end = size if end < 0 else end
        line = text[begin:end]
        decoded = line.decode("ascii") if isinstance(line, bytes) else line
        yield number, begin, decoded.rstrip("\r")
        begin, number = end + 1, number + 1


def find_layout(text: str | bytes, source: str) -> Layout:
    """Find the table in a text, or in ASCII bytes, by its head and its tail.

    Raises:
        DataError: no rows of data, a quote that is not closed on its line, or a first row that is
            neither a header nor like those below it.
    """
    head = list(islice(text_lines(text), _HEAD))
    tail = list(_last_lines(text, head))
    delimiter = _delimiter([line for _, _, line in head])
    lines = list(split_lines(iter([*head, *tail]), delimiter, source))
    records = [line.fields for line in lines]
    header, first, last = table_bounds(records) if records else (None, 0, 0)
    if first >= last:
        raise no_rows(source)
    names = header_names(records, header)
    if header is None:
        demand_headerless(
            records[first], records[first + 1 : last], f"{source}, line {lines[first].number}"
        )
    notes = skipped_notes(records, lambda k: f"Line {lines[k].number}", header, first, last)
    line = 0 if header is None else lines[header].number
    return Layout(delimiter, names, line, lines[first], lines[last - 1], notes)


def split_lines(lines: Iterator[Place], delimiter: str, source: str) -> Iterator[Line]:
    """Yield the lines that are not blank, cut into fields.

    Raises:
        DataError: a quote that is not closed on its line.
    """
    places: list[tuple[int, int]] = []

    def texts() -> Iterator[str]:
        for number, begin, line in lines:
            places.append((number, begin))
            yield line

    reader = csv.reader(texts(), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for record in reader:
            (number, begin), extra = places[0], len(places) > 1
            if extra:
                break
            places.clear()
            if len(record) > 1 or (record and record[0].strip()):
                yield Line(number, begin, record)
        else:
            return
    except csv.Error:
        number = places[0][0] if places else 1
    raise DataError(
        f"{source}, line {number}: expected fields with closed quotes, found a quote that is not "
        "closed or not alone in its field; mend that line"
    )


def no_rows(source: str) -> DataError:
    """Return the error of a text without rows of data."""
    return DataError(
        f"{source}: expected rows of data below a header, found none with a number; "
        "download or export it again"
    )


def table_bounds(records: Sequence[list[str]]) -> tuple[int | None, int, int]:
    """Return the index of the header or None, of the first row of data and past the last."""
    width = Counter(len(record) for record in records).most_common(1)[0][0]
    key = _date_position(records)
    first, last = 0, len(records)
    while first < last and not _is_data(records[first], key):
        first += 1
    while last > first and _is_footer(records[last - 1], key):
        last -= 1
    header = _header(records[:first], width, key)
    if header is not None:
        first = next((k for k in range(header + 1, first) if not _wordy(records[k])), first)
    return header, 0 if header is None else first, last


def header_names(records: Sequence[list[str]], header: int | None) -> tuple[str, ...]:
    """Return the names of the columns, stripped; 1, 2, 3, … where there is no header."""
    if header is None:
        width = Counter(len(record) for record in records).most_common(1)[0][0]
        return tuple(str(k + 1) for k in range(width))
    return tuple(name.strip() for name in records[header])


def demand_headerless(row: list[str], others: Sequence[list[str]], place: str) -> None:
    """Refuse a first row that is neither a header nor of the kind of the rows below it."""
    for position, cell in enumerate(row):
        text = cell.strip()
        below = next((o[position].strip() for o in others if len(o) > position), text)
        kinds = {looks_like_number(t) for t in (text, below) if not is_missing(t)}
        if len(kinds) > 1:
            raise DataError(
                f"{place}: expected a header or a row like those below it, found "
                f"{shown(text)} above {shown(below)}; add a header that names the columns"
            )


def skipped_notes(
    records: Sequence[list[str]],
    place: Callable[[int], str],
    header: int | None,
    first: int,
    last: int,
) -> tuple[str, ...]:
    """Say which rows, by their index, were taken for banners, further headers and footers."""
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
        notes.append(f"{place(k)} is {kind}: {shown(text)}.")
    return tuple(notes)


def _last_lines(text: str | bytes, head: Sequence[Place]) -> Iterator[Place]:
    """Yield the last lines of a text, those of its head left out."""
    if len(head) < _HEAD:
        return
    mark: Any = _mark(text)
    after = text.find(mark, head[-1][1]) + 1
    begin = len(text) if after else 0
    for _ in range(_TAIL):
        if begin <= after:
            break
        begin = max(after, text.rfind(mark, after, begin - 1) + 1)
    if after:
        yield from text_lines(text, begin, 1 + len(head) + text.count(mark, after, begin))


def _mark(text: str | bytes) -> str | bytes:
    return b"\n" if isinstance(text, bytes) else "\n"


def _delimiter(lines: list[str]) -> str:
    """Return the first of tab, ; | and comma that cuts most lines into one count of fields."""
    sample = [line[:10_000] for line in islice((x for x in lines if x.strip()), _SAMPLE)]
    for delimiter in _DELIMITERS:
        counts = Counter(len(next(csv.reader([line], delimiter=delimiter))) for line in sample)
        width, times = counts.most_common(1)[0] if counts else (0, 0)
        if width > 1 and 2 * times >= len(sample):
            return delimiter
    return ","


def _date_position(records: Sequence[list[str]]) -> int | None:
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


def _header(block: Sequence[list[str]], width: int, key: int | None) -> int | None:
    """Return the fullest row of the data's width, else the widest; no header has decimals in it.

    Of equally full ones, that which calls the dates, at position ``key``, dates.
    """
    named = [
        k
        for k, record in enumerate(block)
        if not record[0].lstrip().startswith("#") and not any(map(has_decimals, record))
    ]
    if not named:
        return None
    fitting = [k for k in named if len(block[k]) == width]
    if fitting:

        def fullness(k: int) -> tuple[int, bool]:
            full = sum(bool(cell.strip()) for cell in block[k])
            return full, key is not None and key < width and is_date_name(block[k][key])

        return max(fitting, key=fullness)
    return max(named, key=lambda k: len(block[k]))
