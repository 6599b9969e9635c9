"""The wide table, a column per path and asset: gathered path by path, then written step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tsgan.scenario_requests import IN_MEMORY, WriteRequest
from tsgan.scenario_tables import wide_names, wide_table
from tsgan.scenarios import DateArray, Scenarios
from tsgan.spreadsheets import shielded

NUMBERS_AT_ONCE = 1 << 22
"""Numbers that are written in one piece."""


class TableSink(Protocol):
    """Takes tables with the same columns, in order."""

    def write_table(self, table: pa.Table) -> None:
        """Write a table's rows."""

    def finish(self) -> None:
        """Write what stands at the end."""

    def abort(self) -> None:
        """Let go of everything."""


class WideSink:
    """Gathers the values of all paths, and writes them to another sink when they are complete.

    Args:
        inner: of tables.
        request: how many paths, and which values.
        folder: for the temporary file; None stands for the system's own.
        plain_dates: see :func:`tsgan.scenario_tables.date_array`.
    """

    def __init__(
        self, inner: TableSink, request: WriteRequest, folder: Path | None, *, plain_dates: bool
    ) -> None:
        self._inner, self._request, self._plain = inner, request, plain_dates
        self._shape = (request.paths * request.assets, request.horizon)
        self._memory: npt.NDArray[np.float64] | None = None
        self._file: IO[bytes] | None = None
        if self._shape[0] * self._shape[1] <= IN_MEMORY:
            self._memory = np.empty(self._shape)
        else:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by finish, abort
        self._filled = 0
        self._assets: tuple[str, ...] = ()
        self._dates: DateArray = np.empty(0, dtype="datetime64[D]")

    def write(self, group: Scenarios) -> None:
        """Take a group's values."""
        close = self._request.values == "close"
        values = group.closes() if close else group.log_returns
        if group.several:
            values = values.transpose(0, 2, 1)
        values = values.reshape(-1, self._shape[1])
        if self._memory is not None:
            self._memory[self._filled : self._filled + len(values)] = values
        elif self._file is not None:
            self._file.write(np.ascontiguousarray(values).data)
        self._filled += len(values)
        self._dates, self._assets = group.dates, group.names

    def finish(self) -> None:
        """Write all steps of all paths."""
        columns, horizon = self._shape
        values = self._memory
        if self._file is not None:
            self._file.flush()
            values = np.memmap(self._file, np.float64, "r", shape=self._shape)
        if values is not None:
            names = wide_names(self._request.wanted, self._assets)
            names = [shielded(name) for name in names] if self._plain else names
            steps = max(1, NUMBERS_AT_ONCE // columns)
            for first in range(0, horizon, steps):
                chosen = slice(first, first + steps)
                self._inner.write_table(
                    wide_table(
                        np.ascontiguousarray(values[:, chosen]),
                        names,
                        self._dates[chosen],
                        first,
                        dated=not np.isnat(self._dates).any(),
                        plain_dates=self._plain,
                    )
                )
        self._inner.finish()
        self._close()

    def abort(self) -> None:
        """Let go of the temporary file, too."""
        self._inner.abort()
        self._close()

    def _close(self) -> None:
        self._memory = None
        if self._file is not None:
            self._file.close()
