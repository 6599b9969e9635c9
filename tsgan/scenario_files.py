"""Scenario files: written group by group, so that memory does not grow with the paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tsgan.errors import ConfigError, DataError
from tsgan.files import replacing
from tsgan.scenarios import Scenarios

FloatArray = npt.NDArray[np.float64]

SUFFIXES = (".parquet", ".csv", ".npy")


def check_suffix(path: Path) -> None:
    """Raise ConfigError unless the name of ``path`` says which format is meant."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")


def write_scenarios(path: Path, groups: Iterable[Scenarios], paths: int, horizon: int) -> None:
    """Write groups of scenarios to one file, which appears when it is complete.

    ``.parquet`` and ``.csv`` hold the long frame ``path, step, date, log_return, close``; ``.npy``
    the log returns alone, float64, (paths, horizon).

    Raises:
        ConfigError: for another suffix; DataError: if the file cannot be written.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".npy":
            _write_array(temporary, groups, paths, horizon)
        else:
            _write_table(temporary, groups, parquet=suffix == ".parquet")


def _write_array(path: Path, groups: Iterable[Scenarios], paths: int, horizon: int) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": (paths, horizon)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for group in groups:
            file.write(group.log_returns.astype("<f8").tobytes())


def _write_table(path: Path, groups: Iterable[Scenarios], *, parquet: bool) -> None:
    writer: pa.parquet.ParquetWriter | pa.csv.CSVWriter | None = None
    try:
        for group in groups:
            table = to_table(group, plain_dates=not parquet)
            if writer is None:
                kind = pa.parquet.ParquetWriter if parquet else pa.csv.CSVWriter
                writer = kind(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def to_table(scenarios: Scenarios, *, plain_dates: bool) -> pa.Table:
    """Return the long table of some paths: ``path, step, date, log_return, close``.

    With ``plain_dates`` a day is written without a time, as text wants it; else all dates are
    timestamps, which pandas reads as such.
    """
    count, horizon = scenarios.log_returns.shape
    daily = scenarios.dates.dtype == np.dtype("datetime64[D]")
    kind = pa.date32() if plain_dates and daily else pa.timestamp("ms")
    dates = pa.array(scenarios.dates.astype("datetime64[D]" if daily else "datetime64[s]"))
    dates = dates.cast(pa.timestamp("s") if kind != pa.date32() else kind).cast(kind)
    return pa.table(
        {
            "path": np.repeat(scenarios.paths, horizon),
            "step": np.tile(np.arange(1, horizon + 1, dtype=np.int32), count),
            "date": pa.concat_arrays([dates] * count),
            "log_return": scenarios.log_returns.ravel(),
            "close": scenarios.closes().ravel(),
        }
    )


def read_log_returns(path: Path) -> FloatArray:
    """Return the log returns of a scenario file: (paths, horizon).

    Reads what ``write_scenarios`` writes, and any ``.npy`` of log returns with that shape.

    Raises:
        DataError: if the file is missing, damaged, or holds something else.
    """
    path = Path(path)
    check_suffix(path)
    if not path.is_file():
        raise DataError(f"{path}: expected a scenario file of tsgan generate, found no such file")
    try:
        array: np.ndarray[Any, Any]
        if path.suffix.lower() == ".npy":
            array = np.lib.format.open_memmap(path, mode="r")  # no archive, no pickle
        else:
            array = _read_table(path)
    except (pa.ArrowException, KeyError, TypeError, ValueError, EOFError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: expected the columns path, step and log_return of tsgan generate, or an .npy "
            f"of log returns; the file cannot be read as such ({reason}); generate it again"
        ) from error
    if array.ndim != 2 or array.dtype.kind != "f" or array.size == 0:
        raise DataError(
            f"{path}: expected log returns of shape (paths, horizon), got {array.dtype} of shape "
            f"{array.shape}"
        )
    values: FloatArray = array.astype(np.float64, copy=False)
    return values


def _read_table(path: Path) -> FloatArray:
    wanted = ["path", "step", "log_return"]
    if path.suffix.lower() == ".parquet":
        table = pa.parquet.read_table(path, columns=wanted)
    else:
        table = pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(include_columns=wanted))
    number, step, value = (table[name].to_numpy() for name in wanted)
    order = np.lexsort((step, number))
    counts = np.unique(number, return_counts=True)[1]
    if len(counts) == 0 or len(set(counts)) != 1:
        raise ValueError("paths of different lengths, or none")
    steps = step[order].reshape(len(counts), -1)
    if (steps != np.arange(1, steps.shape[1] + 1)).any():
        raise ValueError("steps of a path that are not 1, 2, 3, …")
    return np.asarray(value, dtype=np.float64)[order].reshape(len(counts), -1)
