"""A table of synthetic paths, wide or long, to one block of numbers; and how to say where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tsgan.data.columns import plain
from tsgan.data.dates import looks_like_date, parse_dates
from tsgan.data.tables import shortened, shown, words
from tsgan.data.texts import Texts
from tsgan.errors import DataError
from tsgan.scenario_tables import wide_assets
from tsgan.synthetic_blocks import Block, Kind

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PATHS = words("path pathid scenario scenarioid simulation simulationid sim")
ASSETS = words("asset ticker symbol instrument")
TIMES = words("step date datetime timestamp time day month period index")
VALUES: dict[str, Kind] = {
    **dict.fromkeys(words("logreturn logreturns logret return returns ret"), "log returns"),
    **dict.fromkeys(words("adjclose adjustedclose adjprice close closeprice price"), "prices"),
}
"""Names of columns, without case and marks; of the values, the first one found is taken."""

_NAMELESS = words("unnamed0 indexlevel0")


@dataclass(frozen=True)
class Source:
    """The file of a table: its name, ``"line"`` or ``"row"``, and the number of the first one."""

    name: str
    unit: str
    first: int

    def cell(self, row: int, column: str) -> str:
        """Return for example ``"x.csv, line 17, column 'close'"`` for a row index."""
        return f"{self.name}, {self.unit} {row + self.first}, column {shown(column)}"


@dataclass(frozen=True)
class Roles:
    """Which columns of a table are what, by their index."""

    path: int | None
    asset: int | None
    value: int | None
    times: tuple[int, ...]

    @property
    def long(self) -> bool:
        """Whether each row is one step of one path, and not one step of all."""
        return self.path is not None or self.asset is not None or self.value is not None


def roles_of(names: Sequence[str], source: Source) -> Roles:
    """Tell the columns by their names.

    Raises:
        DataError: two columns of one meaning.
    """
    known = [plain(name) for name in names]

    def one(wanted: Sequence[str]) -> int | None:
        meant = next((name for name in wanted if name in known), None)
        hits = [k for k, name in enumerate(known) if name == meant and meant is not None]
        if len(hits) > 1:
            listed = ", ".join(shown(names[k]) for k in hits)
            raise DataError(
                f"{source.name}: expected one column {shown(names[hits[0]])}, found {listed}; "
                "rename all but one"
            )
        return hits[0] if hits else None

    times = [k for wanted in TIMES for k, name in enumerate(known) if name == wanted]
    return Roles(one(PATHS), one(ASSETS), one(tuple(VALUES)), tuple(times))


def numbers(column: pa.ChunkedArray, name: str, source: Source) -> FloatArray:
    """Return (rows,) numbers of a column, NaN where a cell is empty.

    Raises:
        DataError: text, dates or anything else that is no number.
    """
    column = _plain_type(column)
    kind = column.type
    types = pa.types
    if types.is_null(kind):
        return np.full(len(column), np.nan)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    if not is_text(kind):
        raise DataError(
            f"{source.name}, column {shown(name)}: expected numbers, found {kind}; delete the "
            "column or write numbers"
        )
    values = np.full(len(column), np.nan)
    for row, text in enumerate(column.to_pylist()):
        try:
            values[row] = np.nan if text is None else float(text)
        except ValueError:
            raise DataError(
                f"{source.cell(row, name)}: expected a number such as 0.0125, found "
                f"{shown(str(text))}; mend or delete it"
            ) from None
    return values


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column holds text, decoded or not."""
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def codes(
    column: pa.ChunkedArray, name: str, source: Source, *, dates: bool = False
) -> tuple[IntArray, npt.NDArray[Any]]:
    """Return (rows,) the number of each cell's value, and the different values by that number.

    Numbers and times are numbered in ascending order, text as it appears, or as the ``dates``
    that it is.

    Raises:
        DataError: an empty cell, or text that is no date.
    """
    array = _plain_type(column).combine_chunks()
    gone = np.flatnonzero(array.is_null(nan_is_null=True).to_numpy(zero_copy_only=False))
    if gone.size:
        raise DataError(
            f"{source.cell(int(gone[0]), name)}: expected a value, found an empty cell; write it "
            "or delete the row"
        )
    encoded = array.dictionary_encode()
    number = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    values: npt.NDArray[Any] = encoded.dictionary.to_numpy(zero_copy_only=False)
    keys = values
    if is_text(array.type):
        if not dates:
            return number, values
        texts = Texts.of(map(str, values))
        times, _ = parse_dates(
            texts, lambda k: source.cell(int(np.flatnonzero(number == k)[0]), name)
        )
        keys = times.asi8
    order = np.argsort(keys, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    if len(np.unique(keys)) < len(keys):
        raise DataError(
            f"{source.name}, column {shown(name)}: expected each date written one way only, "
            "found one written in two; rewrite the dates as YYYY-MM-DD"
        )
    return rank[number], values[order]


def wide_block(table: pa.Table, roles: Roles, source: Source) -> Block:
    """Take every column of numbers for a path, in the order of the dates beside them.

    Columns such as ``0|AAPL`` are those of a path and an asset.

    Raises:
        DataError: no such column, a cell that is no number, or a date twice.
    """
    names = [str(name) for name in table.column_names]
    columns = [table.column(k) for k in range(table.num_columns)]
    beside = [k for k in range(len(names)) if _is_index(k, names[k], columns[k], roles)]
    blank = [k for k, name in enumerate(names) if not name and pa.types.is_null(columns[k].type)]
    chosen = [k for k in range(len(names)) if k not in beside and k not in blank]
    if not chosen:
        raise DataError(
            f"{source.name}: expected a column of numbers for each path, found only "
            f"{', '.join(map(shown, names[:12]))}; write one column per path"
        )
    order, notes = _order([(names[k], columns[k]) for k in beside], table.num_rows, source)
    assets = wide_assets([names[k] for k in chosen])
    several = max(1, len(assets))
    values = np.empty((len(chosen) // several, table.num_rows, several))
    for position, k in enumerate(chosen):
        path, asset = divmod(position, several)
        values[path, :, asset] = numbers(columns[k], names[k], source)[order]
    one = len(chosen) == 1
    return Block(
        values=values,
        kind="",
        subject=f"Column {shown(names[chosen[0]])} holds"
        if one
        else f"The {len(chosen):,} columns hold",
        where=lambda path, step, asset: source.cell(
            int(order[step]), names[chosen[path * several + asset]]
        ),
        mend="",
        assets=assets,
        notes=notes,
    )


def _is_index(position: int, name: str, column: pa.ChunkedArray, roles: Roles) -> bool:
    if position in roles.times or pa.types.is_temporal(column.type):
        return True
    if plain(name) in _NAMELESS or (position == 0 and not name):
        return True
    first = next((cell.as_py() for cell in column if cell.is_valid), None)
    return isinstance(first, str) and looks_like_date(first.strip())


def _order(
    beside: Sequence[tuple[str, pa.ChunkedArray]], rows: int, source: Source
) -> tuple[IntArray, tuple[str, ...]]:
    """Return the rows in the order of the first column that says when, and a note if they move."""
    for name, column in beside:
        if column.null_count == len(column) or plain(name) in ("", *_NAMELESS):
            continue
        number, values = codes(column, name, source, dates=True)
        if len(values) < rows:
            twice = int(np.flatnonzero(np.bincount(number) > 1)[0])
            row = int(np.flatnonzero(number == twice)[1])
            raise DataError(
                f"{source.cell(row, name)}: expected each step once, found "
                f"{shortened(str(values[twice]))} again; delete one of the rows"
            )
        if (np.diff(number) < 0).any():
            order = np.argsort(number, kind="stable")
            return order, (f"The rows are put in the order of column {shown(name)}.",)
        break
    return np.arange(rows), ()


def _plain_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_type(column.cast(kind.value_type))
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return column.cast(pa.large_string())
    return column
