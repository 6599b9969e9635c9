"""Volumes of one column: numbers such as 69.17M too, and none where there are next to none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tsgan.data.decimals import parse_numbers
from tsgan.data.rows import Rows
from tsgan.data.tables import FloatArray, Table
from tsgan.data.texts import Texts
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}

LEAST_SHARE = 0.5
"""Volumes of a smaller share of the rows are none."""


def volumes(
    table: Table, column: int, rows: Rows, reading: ReadConfig
) -> tuple[FloatArray | None, str]:
    """Return the volumes of a column in the rows that are used, or why there are none.

    Zeros before the first volume are unknown, as nobody recorded it yet.

    Returns:
        (k,) float64 of 0 and above, NaN where unknown, and ""; or None and a sentence.
    """
    try:
        numbers = _numbers(table, column, reading)[rows]
    except DataError as error:
        return None, f"The volume is left out: {error}."
    with np.errstate(invalid="ignore"):
        numbers = np.where(np.isfinite(numbers) & (numbers >= 0), numbers, np.nan)
        traded = np.flatnonzero(numbers > 0)
    if not traded.size or traded.size < LEAST_SHARE * len(numbers):
        return None, (
            f"Column {table.named(column)} is left out: {traded.size:,} of {len(numbers):,} rows "
            "have a volume above 0."
        )
    numbers[: traded[0]] = np.nan
    return numbers, ""


def _numbers(table: Table, column: int, reading: ReadConfig) -> FloatArray:
    """Return (rows,) numbers of the column in all rows of the table, NaN where missing.

    Raises:
        DataError: dates, or a cell that is no number.
    """
    cells = table.cells[column]
    if isinstance(cells, pd.DatetimeIndex):
        raise DataError(f"column {table.named(column)} holds dates")
    if not isinstance(cells, Texts):
        return np.array(cells, dtype=np.float64)
    texts = [str(cell).strip() for cell in cells]
    units = [UNITS.get(text[-1:].upper(), 1.0) for text in texts]
    bare = Texts.of(t[:-1] if unit > 1 else t for t, unit in zip(texts, units, strict=True))
    values, _ = parse_numbers(bare, lambda row: table.where(row, column), decimal=reading.decimal)
    return np.asarray(values * np.array(units))
