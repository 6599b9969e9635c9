"""What was found among the rows of a file, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

DROPPED = "dropped"

MOST_STRETCHES = 1_000
"""Stretches of lines that a model's manifest keeps of each finding."""


@dataclass(frozen=True)
class Finding:
    """Rows of one kind.

    Attributes:
        kind: of ``tsgan.reading.RULES``, or ``"order"``, ``"join"``, ``"late start"``,
            ``"breaks"``, ``"sessions"``.
        action: ``"dropped"``, ``"filled"``, ``"adjusted"``, ``"sorted"``, ``"kept"`` or ``"cut"``
            (the row stays, its return from the row before is not taken).
        lines: first and last line of each stretch of lines, or of rows of a frame, from 1.
        text: a plain sentence.
    """

    kind: str
    action: str
    lines: tuple[tuple[int, int], ...]
    text: str

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(last - first + 1 for first, last in self.lines)

    def to_dict(self, most: int | None = MOST_STRETCHES) -> dict[str, Any]:
        """Return the finding as JSON types, with at most so many stretches of lines."""
        return {
            "kind": self.kind,
            "action": self.action,
            "rows": self.count,
            "lines": self.listed(most),
            "text": self.text,
        }

    def listed(self, most: int | None = None) -> str:
        """Return the lines as in ``"3, 9–12 and 7 more rows"``, at most so many stretches."""
        shown = self.lines[:most]
        rest = self.count - sum(last - first + 1 for first, last in shown)
        return lines_listed(shown) + (f" and {rest:,} more rows" if rest else "")


def line_ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return first and last of each stretch of consecutive numbers, in ascending order."""
    ordered = np.unique(np.fromiter(numbers, dtype=np.int64))
    if not ordered.size:
        return ()
    ends = np.flatnonzero(np.diff(ordered) > 1)
    firsts, lasts = ordered[np.r_[0, ends + 1]], ordered[np.r_[ends, ordered.size - 1]]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))


def lines_listed(lines: Iterable[tuple[int, int]]) -> str:
    """Return for example ``"3, 9–12"``."""
    return ", ".join(f"{one}" if one == two else f"{one}–{two}" for one, two in lines)
