"""Formats of scenario files: each takes groups of paths and writes them to an open file."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_tables import KEYS, LongTables
from tsgan.scenarios import Scenarios

ORIGIN = b"tsgan"
"""Key of a Parquet file's metadata, under which its origin stands as JSON."""

REQUEST = b"tsgan.request"
"""Key of a Parquet file's metadata, under which the request stands as JSON."""


COUNTED = ("step", "date")
"""Columns that hold as many different values as a path has steps."""

LARGEST_DICTIONARY = 1 << 14
"""Longer paths' steps and dates are written as differences."""


class Sink(Protocol):
    """Takes groups of consecutive paths, in order."""

    def write(self, group: Scenarios) -> None:
        """Write a group."""

    def finish(self) -> None:
        """Write what stands at the end."""

    def abort(self) -> None:
        """Let go of everything; what is written is of no use."""


class ParquetSink:
    """A Parquet table, a row group at a time.

    Numbers are split into streams of bytes, of which the leading ones compress; what repeats
    itself is a dictionary.
    """

    def __init__(self, file: BinaryIO, request: WriteRequest) -> None:
        self._file, self._request = file, request
        self._writer: pa.parquet.ParquetWriter | None = None
        self._tables = LongTables(plain_dates=False)

    def write(self, group: Scenarios) -> None:
        """Write a group as one row group; of a very long path, as several."""
        for table in self._tables.of(group):
            self.write_table(table)

    def write_table(self, table: pa.Table) -> None:
        """Write a table as one row group."""
        if self._writer is None:
            names = table.column_names
            counted = COUNTED if self._request.horizon > LARGEST_DICTIONARY else ()
            numbers = [name for name in names if name not in KEYS]
            self._writer = pa.parquet.ParquetWriter(
                self._file,
                table.schema.with_metadata(self._metadata()),
                compression="zstd",
                compression_level=1,
                use_dictionary=[name for name in names if name in KEYS and name not in counted],
                column_encoding={
                    **dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
                    **{name: "DELTA_BINARY_PACKED" for name in names if name in counted},
                },
            )
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def finish(self) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()

    def abort(self) -> None:
        """Let go of the writer, which would write its footer when it is collected."""
        with suppress(Exception):
            self.finish()

    def _metadata(self) -> dict[bytes, str]:
        found = {REQUEST: json.dumps(self._request.record())}
        if self._request.origin is not None:
            found[ORIGIN] = json.dumps(dict(self._request.origin))
        return found


class CsvSink:
    """Delimited text with a header."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pa.csv.CSVWriter | None = None
        self._tables = LongTables(plain_dates=True)

    def write(self, group: Scenarios) -> None:
        """Write a group's rows."""
        for table in self._tables.of(group):
            self.write_table(table)

    def write_table(self, table: pa.Table) -> None:
        """Write a table's rows."""
        if self._writer is None:
            self._writer = pa.csv.CSVWriter(self._file, table.schema)
        self._writer.write_table(table)

    def finish(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def abort(self) -> None:
        """Let go of the writer."""
        with suppress(Exception):
            self.finish()


class ArraySink:
    """An .npy array of log returns, (paths, horizon) or (paths, horizon, assets)."""

    def __init__(self, file: BinaryIO, request: WriteRequest) -> None:
        self._file = file
        assets = (request.assets,) if request.assets > 1 else ()
        shape = (request.paths, request.horizon, *assets)
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)

    def write(self, group: Scenarios) -> None:
        """Write a group's log returns."""
        self._file.write(np.ascontiguousarray(group.log_returns, dtype="<f8").data)

    def finish(self) -> None:
        """Do nothing: the header stands at the beginning."""

    def abort(self) -> None:
        """Do nothing."""
