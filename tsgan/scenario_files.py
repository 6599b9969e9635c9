"""Scenario files: written group by group, so that memory does not grow with the paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tsgan.errors import ConfigError
from tsgan.files import replacing
from tsgan.scenarios import Scenarios

SUFFIXES = (".parquet", ".csv", ".npy")

ORIGIN = b"tsgan"
"""Key of a Parquet file's metadata, under which its origin stands as JSON."""


def check_suffix(path: Path) -> None:
    """Raise ConfigError unless the name of ``path`` says which format is meant."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")


def write_scenarios(
    path: Path,
    groups: Iterable[Scenarios],
    paths: int,
    horizon: int,
    origin: Mapping[str, str | int] | None = None,
) -> None:
    """Write groups of scenarios to one file, which appears when it is complete.

    ``.parquet`` and ``.csv`` hold the long frame ``path, step, date, log_return, close``; ``.npy``
    the log returns alone, float64, (paths, horizon).

    Args:
        path: the file; its suffix says the format.
        groups: of scenarios, in the order of their paths.
        paths: number of all paths; horizon: steps of each.
        origin: what the paths were learned from. ``.parquet`` keeps it in the metadata, where
            :func:`tsgan.synthetic_files.read_synthetic` finds it; the other formats have no place
            for it.

    Raises:
        ConfigError: for another suffix; DataError: if the file cannot be written.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".npy":
            _write_array(temporary, groups, paths, horizon)
        else:
            _write_table(temporary, groups, origin, parquet=suffix == ".parquet")


def _write_array(path: Path, groups: Iterable[Scenarios], paths: int, horizon: int) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": (paths, horizon)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for group in groups:
            file.write(group.log_returns.astype("<f8").tobytes())


def _write_table(
    path: Path,
    groups: Iterable[Scenarios],
    origin: Mapping[str, str | int] | None,
    *,
    parquet: bool,
) -> None:
    metadata = None if origin is None else {ORIGIN: json.dumps(dict(origin))}
    writer: pa.parquet.ParquetWriter | pa.csv.CSVWriter | None = None
    try:
        for group in groups:
            table = to_table(group, plain_dates=not parquet)
            if writer is None:
                kind = pa.parquet.ParquetWriter if parquet else pa.csv.CSVWriter
                writer = kind(path, table.schema.with_metadata(metadata if parquet else None))
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
