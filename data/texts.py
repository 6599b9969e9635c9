"""A column of text as written, compact in memory, and what can be told of all its cells at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_WORDS = ("null", "n/a", "na", "nan", "nat", "none", "nil", "#n/a", "n.a.", "<na>")
_MISSING = (*_WORDS, "", "-", "--", "–", "—", ".")
_MISSING_SET = pa.array(_MISSING)
_LONGEST_MISSING = max(len(word.encode()) for word in _MISSING)
THREADS = 2

BoolArray = npt.NDArray[np.bool_]


def is_missing(text: str) -> bool:
    """Return whether a cell says that there is no value: empty, null, N/A, NaN, -, ."""
    return text.casefold() in _MISSING


class Texts:
    """(rows,) strings without spaces around them.

    Args:
        cells: the strings, none null; or what gives them when they are first asked for.
        rows: how many there are.
        trimmed: there are no spaces around them.
    """

    def __init__(
        self,
        cells: pa.ChunkedArray | Callable[[], pa.ChunkedArray],
        rows: int | None = None,
        *,
        trimmed: bool = True,
    ) -> None:
        self._given, self._trimmed = cells, trimmed
        self._rows = len(cells) if isinstance(cells, pa.ChunkedArray) else rows or 0

    @cached_property
    def _raw(self) -> pa.ChunkedArray:
        given = self._given
        return given if isinstance(given, pa.ChunkedArray) else given()

    @classmethod
    def of(cls, cells: Iterable[str]) -> Texts:
        """Return the column of these strings, stripped."""
        return cls(pa.chunked_array([pa.array([cell.strip() for cell in cells], pa.string())]))

    @cached_property
    def cells(self) -> pa.ChunkedArray:
        """The strings in Arrow's memory."""
        if self._trimmed:
            return self._raw
        trimmed = _each(self._raw, pc.ascii_trim_whitespace)
        self._given = self.__dict__["_raw"] = trimmed  # the untrimmed ones are let go
        return trimmed

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: int) -> str:
        text: str = self._raw[int(row)].as_py()
        return text.strip()

    def __iter__(self) -> Iterator[str]:
        for chunk in self.chunks():
            yield from chunk.to_pylist()

    def chunks(self) -> Iterator[pa.StringArray]:
        """Yield the strings in pieces of at most 65,536."""
        for chunk in self.cells.chunks:
            for first in range(0, len(chunk), 65_536):
                yield chunk.slice(first, 65_536)

    def each(self, function: Callable[[Any], Any]) -> pa.ChunkedArray:
        """Return ``function`` of every piece of the column, worked out on several threads.

        Raises:
            pyarrow.ArrowInvalid: where the function does.
        """
        return _each(self.cells, function)

    def sample(self, count: int) -> list[str]:
        """Return at least ``count`` cells that have a value, spread over the column, if it has."""
        step = max(1, len(self) // count)
        picked = (self[row] for row in range(0, len(self), step))
        return [text for text in picked if not is_missing(text)]

    @cached_property
    def missing(self) -> BoolArray:
        """(rows,) whether a cell has no value."""
        return np.asarray(_each(self.cells, _missing).to_numpy(), dtype=bool)

    def present(self) -> tuple[Texts, npt.NDArray[np.intp]]:
        """Return the cells that have a value, and their rows."""
        gone = self.missing
        if not gone.any():
            return self, np.arange(len(self))
        return Texts(self.cells.filter(pa.array(~gone))), np.flatnonzero(~gone)

    def at(self, rows: npt.NDArray[np.intp]) -> Texts:
        """Return the cells of these rows."""
        return Texts(self.cells.take(pa.array(rows)))

    def first_unlike(self, pattern: str) -> int | None:
        """Return the row of the first cell that does not match all of a pattern (RE2's syntax)."""
        row, whole = 0, f"^(?:{pattern})$"
        for chunk in self.chunks():
            hits = pc.match_substring_regex(chunk, whole).to_numpy(zero_copy_only=False)
            if not hits.all():
                return row + int(np.flatnonzero(~hits)[0])
            row += len(chunk)
        return None

    def distinct(self) -> list[str]:
        """Return the different cells that are not empty, in order of appearance."""
        return [text for text in pc.unique(self.cells).to_pylist() if text]

    def same(self, other: Texts) -> bool:
        """Return whether two columns hold the same text in every row."""
        return len(self) == len(other) and bool(self.cells.equals(other.cells))

    def beside(self, other: Texts) -> Texts:
        """Return each cell, a space, and the cell of the other column."""
        return Texts(pc.binary_join_element_wise(self.cells, other.cells, " "))


def _missing(chunk: pa.StringArray) -> pa.BooleanArray:
    """Return which cells have no value; a look at their lengths settles most columns."""
    short = pc.less_equal(pc.binary_length(chunk), _LONGEST_MISSING)
    if not pc.any(short).as_py():
        return short
    return pc.is_in(pc.utf8_lower(chunk), value_set=_MISSING_SET)


def _each(cells: pa.ChunkedArray, function: Callable[[Any], Any]) -> pa.ChunkedArray:
    chunks = cells.chunks or [pa.array([], pa.string())]
    if len(chunks) == 1:
        return pa.chunked_array([function(chunks[0])])
    with ThreadPoolExecutor(THREADS) as pool:
        return pa.chunked_array(list(pool.map(function, chunks)))
