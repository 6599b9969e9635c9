"""Sampled paths kept beside a file in the making, so that an interrupted writing can go on.

A kept file is the plain numbers of its paths, one path after the other, behind a header that says
whose they are and how many are safe on the disk. It is no scenario file, and is removed when the
scenario file is complete.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tsgan.errors import ConfigError, DataError
from tsgan.locks import OPENINGS, lock
from tsgan.scenario_requests import WriteRequest, demand_same
from tsgan.scenarios import Bars, Scenarios

ENDING = ".partial"
"""Added to a file's name for its kept paths."""

_HEAD = struct.Struct("<8sQQ")  # magic, bytes of the JSON that follows, paths that are safe
_MAGIC = b"tsgan-1\n"
_LARGEST_JSON = 1 << 20
FLUSHED = 1 << 26
"""Bytes after which the disk is waited for."""


class Journal:
    """The kept paths of a file.

    Attributes:
        path: of the kept file.
        paths: how many are kept, from path 0 on.
    """

    def __init__(self, path: Path, request: WriteRequest) -> None:
        self.path = path
        self._request = request
        self._record = json.dumps(request.record()).encode()
        self._begin = _HEAD.size + len(self._record)
        self._each = 8 * request.horizon * request.columns
        self._file = self._locked()
        try:
            self.paths = self._begun()
        except BaseException:
            self._file.close()
            raise
        self._file.truncate(self._begin + self.paths * self._each)
        self._file.seek(0, os.SEEK_END)
        self._loose = 0

    def _locked(self) -> FileIO:
        """Return the kept file, made where there is none, open for this process alone."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        for _ in range(OPENINGS):
            try:
                file = FileIO(os.open(self.path, flags, 0o666), "r+b")
            except OSError as error:
                if self.path.exists():
                    raise self._foreign() from error
                raise DataError(
                    f"cannot write {self.path}: {(error.strerror or str(error)).lower()}; choose "
                    "another place"
                ) from error
            # Windows would not let the locked part be read
            if sys.platform != "win32" and lock(file.fileno()) is False:
                file.close()
                raise ConfigError(
                    f"{self.path}: another process is writing these paths; wait until it has "
                    "ended, or choose another name"
                )
            with suppress(OSError):  # whoever had it may just have removed it
                if os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                    return file
            file.close()
        raise DataError(
            f"cannot write {self.path}: it becomes another file each time that it is opened; "
            "choose a place on another disk"
        )

    def _begun(self) -> int:
        """Return how many paths are kept; of a file that has just been made, none."""
        if os.fstat(self._file.fileno()).st_size:
            return self._reopened()
        self._file.write(_HEAD.pack(_MAGIC, len(self._record), 0) + self._record)
        os.fsync(self._file.fileno())
        return 0

    def _foreign(self) -> ConfigError:
        return ConfigError(
            f"{self.path}: expected what an interrupted tsgan has left, found something else; "
            "delete it, or choose another name"
        )

    def _reopened(self) -> int:
        """Return how many paths there are, having made sure that they are of this request."""
        try:
            recorded, safe = read_kept(self.path)
        except (OSError, ValueError, struct.error, RecursionError) as error:
            raise self._foreign() from error
        demand_same(recorded, self._request.record(), str(self.path))
        there = (self.path.stat().st_size - self._begin) // self._each
        return max(0, min(safe, there, self._request.paths))

    def append(self, group: Scenarios) -> None:
        """Keep those paths of a group that are not kept yet."""
        new = int(np.count_nonzero(group.numbers >= self.paths))
        if not new:
            return
        rows = [values[-new:].reshape(new, -1) for values in _columns(group)]
        block = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
        left = np.ascontiguousarray(block, dtype="<f8").data.cast("B")
        while left:
            left = left[self._file.write(left) :]
        self.paths += new
        self._loose += new * self._each
        if self._loose >= FLUSHED:
            self.flush()

    def flush(self) -> None:
        """Wait for the disk, then record how many paths are safe."""
        os.fsync(self._file.fileno())
        self._file.seek(0)
        self._file.write(_HEAD.pack(_MAGIC, len(self._record), self.paths))
        self._file.seek(0, os.SEEK_END)
        self._loose = 0

    def kept(self, sample: Scenarios) -> Iterator[Scenarios]:
        """Yield the paths that were kept when the file was opened, dated and priced as ``sample``.

        Args:
            sample: a group of the same model that begins with path 0.

        Raises:
            ConfigError: if its path 0 is another one than is kept.
        """
        paths, at_once = self.paths, self._request.piece_paths
        shape = (self._request.horizon, *sample.log_returns.shape[2:])
        for first in range(0, paths, at_once):
            count = min(at_once, paths - first)
            group = self._read(first, count, shape, sample)
            if first == 0 and not np.array_equal(group.log_returns[0], sample.log_returns[0]):
                raise ConfigError(
                    f"{self.path}: expected paths of this model and seed, found others; delete it, "
                    "or choose another name"
                )
            yield group

    def _read(self, first: int, count: int, shape: tuple[int, ...], sample: Scenarios) -> Scenarios:
        numbers = count * self._each // 8
        with self.path.open("rb") as file:
            file.seek(self._begin + first * self._each)
            flat = np.fromfile(file, dtype="<f8", count=numbers)
        blocks = flat.reshape(count, -1)
        width = int(np.prod(shape))
        parts = [
            np.ascontiguousarray(blocks[:, k : k + self._request.horizon])
            for k in range(width, blocks.shape[1], self._request.horizon)
        ]
        bars = Bars(*parts) if parts else None
        returns = np.ascontiguousarray(blocks[:, :width]).reshape(count, *shape)
        return replace(
            sample, log_returns=returns, numbers=np.arange(first, first + count), bars=bars
        )

    def close(self, *, done: bool) -> None:
        """Close the kept file; remove it where it is of no more use."""
        with suppress(OSError):
            if not done:
                self.flush()
        useless = done or self.paths == 0
        if useless and sys.platform != "win32":  # while nobody else can have it
            with suppress(OSError):
                self.path.unlink()
        with suppress(OSError):
            self._file.close()
        if useless and sys.platform == "win32":  # which removes no open file
            with suppress(OSError):
                self.path.unlink()


def read_kept(path: Path) -> tuple[Mapping[str, Any], int]:
    """Return the request of a kept file, and how many paths are safe in it.

    Raises:
        OSError, ValueError, struct.error: if it is none.
    """
    with path.open("rb") as file:
        magic, length, safe = _HEAD.unpack(file.read(_HEAD.size))
        if magic != _MAGIC or length > _LARGEST_JSON:
            raise ValueError(magic)
        found = json.loads(file.read(length))
    if not isinstance(found, dict):
        raise ValueError(found)
    return found, int(safe)


def _columns(group: Scenarios) -> list[npt.NDArray[np.float64]]:
    """Return all that a group's prices follow from, each (paths, …)."""
    if group.bars is None:
        return [group.log_returns]
    bars = [group.bars.open, group.bars.high, group.bars.low]
    return [group.log_returns, *bars, *([] if group.bars.volume is None else [group.bars.volume])]
