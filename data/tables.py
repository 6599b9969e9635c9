"""A table as it stands in the file, before any cell is interpreted, and how to say where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.data.texts import Texts
from tsgan.errors import DataError

FloatArray: TypeAlias = npt.NDArray[np.float64]
Cells: TypeAlias = Texts | FloatArray | pd.DatetimeIndex
"""A column: text as written, or what a typed source already knew."""

_BAR = {"close", "adj close"}

_OBJECT_NUMBERS = frozenset(("integer", "floating", "mixed-integer-float", "decimal"))


@dataclass(frozen=True)
class Table:
    """Columns of one length, with the place of every row.

    Attributes:
        source: the file's name, or ``"DataFrame"``.
        names: of the columns, as written; empty where a column has none.
        cells: the columns, in the order of ``names``.
        lines: (rows,) 1-based number of each row's line in the file, or of the row in a frame.
        unit: ``"line"`` of a text file or ``"row"`` of a typed table.
        short: row index -> number of fields, of rows with fewer fields than names.
        notes: what was skipped or decided, in plain sentences.
    """

    source: str
    names: tuple[str, ...]
    cells: tuple[Cells, ...]
    lines: Sequence[int]
    unit: str
    short: dict[int, int]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def where(self, row: int, column: int | None = None) -> str:
        """Return for example ``"prices.csv, line 17, column 'Close'"`` for indices."""
        place = f"{self.source}, {self.unit} {self.lines[row]}"
        return place if column is None else f"{place}, column {self.named(column)}"

    def named(self, column: int) -> str:
        """Return the name of a column, by its index, for a message."""
        return repr(self.names[column]) if self.names[column] else "(unnamed)"

    def listed(self, rows: Iterable[int], limit: int = 5) -> str:
        """Return for example ``"lines 3, 9, 12, …"`` for row indices."""
        numbers = [self.lines[row] for row in rows]
        text = ", ".join(str(number) for number in numbers[:limit])
        more = ", …" if len(numbers) > limit else ""
        return f"{self.unit}{'s' if len(numbers) > 1 else ''} {text}{more}"

    def columns_listed(self, limit: int = 12) -> str:
        """Return the names of the columns for a message."""
        text = ", ".join(self.named(k) for k in range(len(self.names))[:limit])
        more = len(self.names) - limit
        return f"{text} and {more} more" if more > 0 else text


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, which keeps long lists of names readable."""
    return tuple(text.split())


def missing_rows(cells: Cells) -> npt.NDArray[np.bool_]:
    """Return (rows,) whether each cell of a column has no value."""
    if isinstance(cells, Texts):
        return cells.missing
    return np.asarray(pd.isna(cells), dtype=bool)


def shown(text: str) -> str:
    """Return a cell's text quoted for a one-line message."""
    return repr(shortened(text))


def shortened(text: str) -> str:
    """Return at most 40 characters of a text for a one-line message."""
    return text if len(text) <= 40 else text[:39] + "…"


def table_from_frame(frame: pd.DataFrame | pd.Series, source: str) -> Table:
    """Take a DataFrame or Series as it is; an index that may hold dates becomes the first column.

    Raises:
        DataError: a MultiIndex of rows.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("price" if frame.name is None else frame.name)
    if isinstance(frame.index, pd.MultiIndex):
        raise DataError(
            f"{source}: expected one row per time, found a MultiIndex of rows; "
            "unstack it to one column per asset"
        )
    names = _flat_names(frame.columns)
    cells = [_cells(frame.iloc[:, position]) for position in range(frame.shape[1])]
    notes: tuple[str, ...] = ()
    if _may_hold_dates(frame.index):
        names.insert(0, str(frame.index.name or "index"))
        cells.insert(0, _cells(frame.index.to_series()))
    elif not isinstance(frame.index, pd.RangeIndex):
        notes = ("The index holds no dates and is ignored; rows keep their order.",)
    rows = range(1, len(frame) + 1)
    return Table(source, tuple(names), tuple(cells), rows, "row", {}, notes)


def _flat_names(columns: pd.Index) -> list[str]:
    """Drop the levels that say nothing (yfinance's ticker of one), join the others with a colon."""
    if not isinstance(columns, pd.MultiIndex):
        return [str(name).strip() for name in columns]
    telling = [k for k in range(columns.nlevels) if columns.get_level_values(k).nunique() > 1] or [
        0
    ]
    fields = [k for k in telling if _BAR & {str(name).casefold() for name in columns.levels[k]}]
    telling.sort(key=fields.count)  # the asset before the field, as in BTC:close
    return [":".join(str(label[k]).strip() for k in telling) for label in columns]


def _may_hold_dates(index: pd.Index) -> bool:
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return True
    return index.dtype.kind not in "iufb" or "date" in str(index.name).casefold()


def _cells(column: pd.Series) -> Cells:
    """Return a typed column's cells; what is no number or time, or out of their range, as text."""
    with suppress(pd.errors.OutOfBoundsDatetime, OverflowError):
        typed = _numbers_or_times(column)
        if typed is not None:
            return typed
    return Texts.of("" if gone else str(v) for v, gone in zip(column, column.isna(), strict=True))


def _numbers_or_times(column: pd.Series) -> FloatArray | pd.DatetimeIndex | None:
    if isinstance(column.dtype, pd.PeriodDtype):
        return pd.DatetimeIndex(column.dt.to_timestamp())
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return pd.DatetimeIndex(column)
    if column.dtype.kind in "iuf" or pd.api.types.infer_dtype(column) in _OBJECT_NUMBERS:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return None
