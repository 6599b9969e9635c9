"""Schedules: a CSV file that says what the conditions are at which step or date."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tsgan.data.files import decode, read_content
from tsgan.errors import DataError

STEP, DATE = WHEN = ("step", "date")
FORMAT = "a column step or date, and one of each condition"
Dates: TypeAlias = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Schedule:
    """What a schedule says.

    Attributes:
        values: by condition, (horizon,) texts as they stand in the file, one of each step.
        warnings: steps that it does not say, in plain sentences.
    """

    values: Mapping[str, Sequence[str]]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """The rows of the file: 1-based lines, when each begins, and its cells by column."""

    name: str
    when: str
    lines: list[int]
    begins: list[str]
    columns: dict[str, list[str]]


def read_schedule(path: Path, horizon: int, dates: Dates) -> Schedule:
    """Read a schedule; a row holds until the next one, and the last to the end.

    Args:
        path: a CSV file with a column ``step``, counted from 1, or ``date``, as ``YYYY-MM-DD``,
            ascending, and a column of each condition.
        horizon: steps of the paths.
        dates: (horizon,) of the steps; NaT where there are none.

    Raises:
        DataError: if it is no such file, is empty, is not in order, or begins after the first step.
    """
    rows = _rows(path)
    begins, steps = _begins(rows, horizon, dates)
    late = np.flatnonzero(np.diff(begins) <= 0)
    if late.size:
        row = int(late[0]) + 1
        raise _error(
            rows, row, f"a {rows.when} after that of the row before", rows.begins[row], "sort them"
        )
    place = np.searchsorted(begins, steps, side="right") - 1
    if place[0] < 0:
        first = "1" if rows.when == STEP else f"{dates[0]} or before"
        raise _error(
            rows, 0, f"a first row of {rows.when} {first}", rows.begins[0], "add such a row"
        )
    values = {name: [cells[k] for k in place] for name, cells in rows.columns.items()}
    return Schedule(values, _warnings(rows, horizon, int(place[-1])))


def _warnings(rows: Rows, horizon: int, last: int) -> tuple[str, ...]:
    """Say which rows are not used, and where a row of each step ends before the horizon."""
    count = len(rows.lines)
    if last < count - 1:
        return (f"{rows.name}: {count - 1 - last} of {count} rows begin after the horizon",)
    if rows.when == STEP and 1 < count < horizon and rows.begins[-1] == str(count):
        return (
            f"{rows.name}: its {count} steps are fewer than the horizon of {horizon}; the last row "
            "is held",
        )
    return ()


def _rows(path: Path) -> Rows:
    if not path.exists():
        raise DataError(f"{path}: expected a schedule, a CSV file of {FORMAT}, found no such file")
    content = read_content(path)
    if content.kind != "text":
        raise DataError(f"{content.name}: expected a CSV file of {FORMAT}, found {content.kind}")
    text, _ = decode(content)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True)
    try:
        found = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    except csv.Error as error:
        raise DataError(
            f"{content.name}, line {reader.line_num}: expected fields with closed quotes, found "
            f"others ({error}); mend that line"
        ) from None
    if len(found) < 2:
        raise DataError(
            f"{content.name}: expected {FORMAT}, and rows below their names, found "
            f"{'no rows' if found else 'an empty file'}; add them"
        )
    names = [name.casefold() if name.casefold() in WHEN else name for name in found[0][1]]
    when = [name for name in names if name in WHEN]
    if len(when) != 1 or len(set(names)) < len(names) or len(names) < 2 or "" in names:
        raise DataError(
            f"{content.name}, line {found[0][0]}: expected {FORMAT}, each once, found "
            f"{', '.join(found[0][1])}; rename the columns"
        )
    for line, row in found[1:]:
        gaps = [name for name, cell in zip(names, row, strict=False) if not cell]
        if len(row) != len(names) or gaps:
            short = f"none of {gaps[0]}" if gaps else f"{len(row)}"
            raise DataError(
                f"{content.name}, line {line}: expected {len(names)} values, one of each column, "
                f"found {short}; repeat the value of the row before where it does not change"
            )
    columns = {name: [row[k] for _, row in found[1:]] for k, name in enumerate(names)}
    lines = [line for line, _ in found[1:]]
    return Rows(content.name, when[0], lines, columns.pop(when[0]), columns)


def _begins(
    rows: Rows, horizon: int, dates: Dates
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return when each row and each step of the paths begins, as numbers."""
    if rows.when == STEP:
        for k, text in enumerate(rows.begins):
            if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
                raise _error(rows, k, f"a step from 1 to {horizon}", text, "mend it")
        return np.array([int(text) for text in rows.begins]), np.arange(1, horizon + 1)
    if np.isnat(dates).any():
        raise DataError(
            f"{rows.name}: expected a column step, since these paths have no dates, found a column "
            "date; count the steps from 1"
        )
    moments = np.array([_moment(rows, k) for k in range(len(rows.lines))])
    return moments.astype(np.int64), dates.astype("datetime64[s]").astype(np.int64)


def _moment(rows: Rows, row: int) -> np.datetime64:
    """Return the date of a row, in seconds."""
    text = rows.begins[row]
    try:
        fits = re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?", text, re.ASCII)
        return np.datetime64(text if fits else "?", "s")
    except ValueError:
        raise _error(rows, row, "a date as YYYY-MM-DD", text, "mend it") from None


def _error(rows: Rows, row: int, expected: str, found: str, remedy: str) -> DataError:
    return DataError(
        f"{rows.name}, line {rows.lines[row]}: expected {expected}, found {found!r}; {remedy}"
    )
