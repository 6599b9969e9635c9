"""How the rows of an evaluation are worded and placed: numbers, bars, marks, the one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tsgan.results import SEVENTEEN, Evaluation, Group, HeldOut, Row, Verdict
from tsgan.wording import number as number
from tsgan.wording import percent as percent

COPIED, SHARED_RUN = "copied windows", "longest shared run"
VERDICTS: tuple[Verdict, ...] = ("indistinguishable", "within noise", "off", "skipped")

TITLES: Mapping[Group, str] = {
    "distributions": "Distributions",
    "memory": "Memory and shape",
    "tails": "Tails",
    "strategies": "Strategies",
    "dependence": "Several assets",
    "judges": "Judges",
    "memorisation": "Memorisation",
    "forecasts": "Conditional forecasts",
    "bars": "Bars",
}
"""Title of each group of rows, in the order of the report."""


@dataclass(frozen=True)
class Column:
    """A column of distances: of the model itself, of a further set of paths, or of a baseline."""

    kind: Literal["model", "others", "baselines"] = "model"
    name: str = ""

    def value(self, row: Row) -> float | None:
        """Return the distance that ``row`` has in this column; None where it has none."""
        if self.kind == "model":
            return row.value
        return (row.others if self.kind == "others" else row.baselines).get(self.name)


MODEL = Column()


@dataclass(frozen=True)
class BandBar:
    """Where the marks of a row lie on its bar, in shares of the bar's length.

    The 95 % mark is at the same place in every row, so that bars compare down the table.
    """

    low: float
    middle: float
    high: float
    value: float
    beyond: bool

    HIGH = 0.6


@dataclass(frozen=True)
class RowGroup:
    """Rows that are shown together under a title."""

    title: str
    rows: tuple[Row, ...]


def band_bar(row: Row | HeldOut) -> BandBar | None:
    """Return the bar of ``row``; None where there is no band, no value, or a band of no width."""
    if row.band is None or not math.isfinite(row.value):
        return None
    if not (all(math.isfinite(mark) for mark in row.band) and row.band[2] > 0):
        return None
    low, middle, high, value = (BandBar.HIGH * x / row.band[2] for x in (*row.band, row.value))
    return BandBar(low, middle, high, min(value, 1.0), beyond=value > 1)


def best(row: Row) -> Column | None:
    """Return the column with the smallest distance of ``row``.

    Bootstraps are no rivals: they reuse the real returns. None where there is nothing to compare,
    or where smaller is not better, as without a band.
    """
    rivals = [c for c in columns([row]) if c.kind == "others" or "bootstrap" not in c.name]
    finite = {c: value for c in (MODEL, *rivals) if (value := _finite(c.value(row))) is not None}
    if row.band is None or len(finite) < 2 or MODEL not in finite:
        return None
    return min(finite, key=lambda column: finite[column])


def columns(rows: Iterable[Row]) -> tuple[Column, ...]:
    """Return the columns beside the model's: further sets, then baselines, as they first appear."""
    rows = tuple(rows)
    others = dict.fromkeys(Column("others", name) for row in rows for name in row.others)
    baselines = dict.fromkeys(Column("baselines", name) for row in rows for name in row.baselines)
    return (*others, *baselines)


def counted(evaluation: Evaluation) -> tuple[Row, ...]:
    """Return those of the seventeen rows that the table has."""
    return tuple(row for row in evaluation.rows if row.name in SEVENTEEN)


def gate(evaluation: Evaluation) -> tuple[Row, ...]:
    """Return the row of copied windows, which stands right under the seventeen."""
    return tuple(row for row in evaluation.rows if row.name == COPIED)


def groups(evaluation: Evaluation) -> tuple[RowGroup, ...]:
    """Return the other rows, group by group; groups without rows are left out."""
    shown = {*SEVENTEEN, COPIED}
    rest = [row for row in evaluation.rows if row.name not in shown]
    found = (
        RowGroup(title, tuple(row for row in rest if row.group == group))
        for group, title in TITLES.items()
    )
    return tuple(group for group in found if group.rows)


def held_out_rows(evaluation: Evaluation) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows that have a held-out side: those of the seventeen, and the others."""
    rows = [row for row in evaluation.rows if row.held_out is not None]
    return (
        tuple(row for row in rows if row.name in SEVENTEEN),
        tuple(row for row in rows if row.name not in SEVENTEEN),
    )


def tally(rows: Iterable[Row | HeldOut]) -> dict[Verdict, int]:
    """Return how many rows ended in each verdict, those that none ended in left out."""
    verdicts = [row.verdict for row in rows]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}


def under_mark(rows: Sequence[Row], column: Column | str, mark: int) -> int:
    """Return in how many rows ``column``, or that of a name, is at or under mark 0, 1 or 2."""
    if isinstance(column, str):
        named = [one for one in columns(rows) if one.name == column]
        return under_mark(rows, named[0], mark) if named else 0
    return sum(_under(column.value(row), row, mark) for row in rows)


def held_out_under_mark(rows: Sequence[Row], mark: int, training: bool) -> int:
    """Return the same of the held-out side: of the model, or of the training part itself."""
    sides = [row.held_out for row in rows if row.held_out is not None]
    return sum(_under(side.training if training else side.value, side, mark) for side in sides)


def verdict_sentence(evaluation: Evaluation) -> str:
    """Return the verdict in one plain sentence, after another one if the paths are copies.

    Of several assets the rows of all are counted together, and those that see them jointly apart.
    """
    several = bool(evaluation.assets)
    each = tuple(evaluation.assets.values()) if several else (evaluation,)
    rows = [row for one in each for row in counted(one)]
    over = f" over {len(each)} assets" if several else ""
    sentence = f"{_copying(each)}{_counts(rows, over)}{_copied_share(each)}"
    joint = [row for group in groups(evaluation) for row in group.rows] if several else []
    if joint:
        sentence += f" Jointly: {_within(_counts(joint, ''))}."
    return sentence


def held_out_sentence(evaluation: Evaluation) -> str:
    """Return the verdict of the seventeen against the held-out period; empty without one."""
    rows, _ = held_out_rows(evaluation)
    sides = [row.held_out for row in rows if row.held_out is not None]
    return f"Against the held-out period: {_within(_counts(sides, ''))}." if sides else ""


def copied_windows(evaluation: Evaluation) -> tuple[Row, float] | None:
    """Return the row of copied windows and its share; None where it is missing or skipped."""
    row = next((row for row in evaluation.rows if row.name == COPIED), None)
    if row is None or row.verdict == "skipped":
        return None
    share = row.value if row.synthetic is None else row.synthetic
    return (row, share) if math.isfinite(share) else None


def _counts(rows: Sequence[Row | HeldOut], over: str) -> str:
    if not rows:
        return "No row was counted"
    found = tally(rows)
    same, total = found.get("indistinguishable", 0), f"{len(rows)} rows{over}"
    noise, off = found.get("within noise", 0), found.get("off", 0)
    parts = [
        f"{same} of {total} cannot be told from a perfect model"
        if same
        else f"None of {total} passes for a perfect model",
        f"{noise or 'none'} {'are' if noise > 1 else 'is'} within noise",
        f"{off or 'none'} {'are' if off > 1 else 'is'} off",
    ]
    if "skipped" in found:
        parts.append(f"{found['skipped']} could not be computed")
    return ", ".join(parts)


def _within(sentence: str) -> str:
    """Return ``sentence`` as it goes on after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _copying(each: Sequence[Evaluation]) -> str:
    """Return what comes before all else where the paths are copies; else nothing."""
    gates = [row for one in each for row in one.rows if row.name in (COPIED, SHARED_RUN)]
    if not any(row.verdict == "off" for row in gates):
        return ""
    return "The paths repeat the training data: the other rows say nothing in their favour. "


def _copied_share(each: Sequence[Evaluation]) -> str:
    """Return how the sentence about so many series ends: with their largest share of copies."""
    found = [copied[1] for one in each if (copied := copied_windows(one)) is not None]
    if not found:
        return "."
    most = "at most " if len(each) > 1 else ""
    percent = 100 * max(found)
    share = f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"
    return f"; copied windows {most}{share} %."


def _under(value: float | None, row: Row | HeldOut, mark: int) -> bool:
    return row.band is not None and value is not None and value <= row.band[mark]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
