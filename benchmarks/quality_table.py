"""What the runs of the quality benchmark say together: Markdown table, CSV text and picture."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from quality_measures import BASELINES

from tsgan.canvas import CHOSEN, NEGATIVE, REAL, SYNTHETIC, axis_labels, shade, short_name, styled
from tsgan.results import SEVENTEEN

LEARNER = "tsgan"
Record = Mapping[str, Any]
"""What a run left in its JSON file."""
Place = tuple[str | int, ...]
"""Where a figure lies within a record."""


def furthest(values: Sequence[float]) -> float:
    """Return the value furthest from 0."""
    return max(values, key=abs)


def found(record: Any, place: Place) -> Any:
    """Return what lies at ``place`` within a record; None if nothing does."""
    for step in place:
        try:
            record = record[step]
        except (KeyError, IndexError, TypeError):
            return None
    return record


@dataclass(frozen=True)
class Column:
    """A figure of a run.

    Attributes:
        head: of the column; place: of the figure within a record; form: of a number.
        worst: which of several is the worst; of: place of the number that it is a part of.
        scale: what a number is multiplied by before it is written.
    """

    head: str
    place: Place
    form: str
    worst: Callable[[Sequence[float]], float] = max
    of: Place = ()
    scale: float = 1.0

    def cell(self, records: Sequence[Record]) -> str:
        """Return the median (worst) over records; empty where none has the figure."""
        values = [v for record in records if (v := found(record, self.place)) is not None]
        if not values:
            return ""
        text = self._text(statistics.median(values))
        if len(values) > 1:
            text += f" ({self._text(self.worst(values))})"
        whole = {found(record, self.of) for record in records} if self.of else set()
        return text + "".join(f" of {number}" for number in sorted(whole - {None}))

    def _text(self, value: float) -> str:
        return self.form.format(self.scale * value).replace("-", "−")


COUNTS = (
    Column("at 50 %", ("at_half",), "{:g}", min, ("counted",)),
    Column("inside 95 %", ("inside",), "{:g}", min, ("counted",)),
)
COLUMNS = (
    *COUNTS,
    Column("at or below best GARCH", ("at_or_below_garch",), "{:g}", min),
    Column(
        "held out as near as training",
        ("held_out", "at_or_below_training"),
        "{:g}",
        min,
        ("held_out", "comparable"),
    ),
    Column("copied", ("copied_windows",), "{:.1f} %", scale=100),
    *(
        Column(name, ("relative", name), "{:+.0f} %", furthest, scale=100)
        for name in ("sd", "ES 1%", "ES 99%", "vol dispersion")
    ),
    *(
        Column(f"W1({k})/GARCH-n", ("over_garch_n", f"W1({k})/sd"), "{:.2f}")
        for k in (1, 5, 20, 100)
    ),
    Column("ACF(abs) 100–250", ("long_memory", "value"), "{:.3f}"),
    Column("its 50 % mark", ("long_memory", "band", 1), "{:.3f}"),
    Column("largest move, median path", ("largest_move", 2), "{:.2f}"),
    Column("largest move, any path", ("largest_move", 4), "{:.2f}"),
    Column("largest sd", ("largest_sd",), "{:.2f}"),
    Column("tails inside", ("tails", "inside"), "{:g}", min, ("tails", "counted")),
    Column("steps", ("steps",), "{:,.0f}", min),
    Column("training s", ("training_seconds",), "{:.0f}"),
    Column("fit s", ("fit_seconds",), "{:.0f}"),
    Column("evaluation s", ("evaluation_seconds",), "{:.0f}"),
    Column("MiB", ("peak_mib",), "{:,.0f}"),
)
HEAD = ("series", "model", "budget", "seeds", *(column.head for column in COLUMNS), "off")


def budget_in_words(record: Record) -> str:
    """Return the budget of a run: ``20 steps``, ``5 min``, ``90 s``."""
    if record["asked_steps"] is not None:
        return f"{record['asked_steps']:,} steps"
    seconds = record["asked_seconds"]
    return f"{seconds / 60:g} min" if seconds % 60 == 0 else f"{seconds:g} s"


def series_in_words(record: Record) -> str:
    """Return the name of a run's series, and what was held out of it unless as by default."""
    name = short_name(Path(record["series"]).stem)
    return name if record["holdout"] == "auto" else f"{name}, holdout {record['holdout']}"


def grouped(records: Sequence[Record], *keys: Callable[[Record], str]) -> dict[Any, list[Record]]:
    """Return the records with the same keys together, in order of appearance."""
    groups: dict[Any, list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(key(record) for key in keys), []).append(record)
    return groups


def in_order(records: Sequence[Record]) -> list[Record]:
    """Return records by series as they come, then tsgan before others, then budget and seed."""
    series = list(dict.fromkeys(series_in_words(record) for record in records))

    def place(record: Record) -> tuple[Any, ...]:
        size = record["asked_steps"] or 0, record["asked_seconds"] or 0.0
        learner = record["learner"]
        at = series.index(series_in_words(record))
        return at, learner != LEARNER, learner, *size, record["seed"]

    return sorted(records, key=place)


def off(records: Sequence[Record]) -> str:
    """Return the names of the rows that are off, with the number of seeds where it is not one."""
    seen = Counter(name for record in records for name in record["off"])
    names = sorted(seen, key=SEVENTEEN.index)
    return ", ".join(name if len(records) == 1 else f"{name} ×{seen[name]}" for name in names)


def baseline_lines(series: str, records: Sequence[Record]) -> list[list[str]]:
    """Return a line for each of the GARCH family, which is the same in all runs of a seed."""
    seeds = {record["seed"]: record["garch"] for record in records}.values()
    lines = []
    for name in BASELINES:
        own = [garch[name] for garch in seeds if garch[name]["counted"]]
        if own:
            lines.append([series, name, "", str(len(own)), *(c.cell(own) for c in COUNTS)])
    return lines


def table(records: Sequence[Record], missing: Sequence[str], failed: Mapping[str, str]) -> str:
    """Return the Markdown table: a line for each series, learner and budget, median (worst).

    Args:
        records: of all finished runs.
        missing: learners that are not installed.
        failed: the last line of what failed runs had to say, by title.
    """
    lines: list[list[str]] = []
    for (series,), of_series in grouped(in_order(records), series_in_words).items():
        kinds = grouped(of_series, lambda record: str(record["learner"]), budget_in_words)
        for (learner, budget), runs in kinds.items():
            cells = [column.cell(runs) for column in COLUMNS]
            lines.append([series, learner, budget, str(len(runs)), *cells, off(runs)])
        lines += baseline_lines(series, of_series)
    lines += [["", name, "not installed"] for name in missing]
    padded = [line + [""] * (len(HEAD) - len(line)) for line in lines]
    rows = [list(HEAD), ["---"] * len(HEAD), *padded]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return text + "".join(f"\n\nFailed: {title}: {line}" for title, line in failed.items()) + "\n"


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return the figures of a record by their places, joined by points."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return {name: "; ".join(value)}
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        found = [flat(one, f"{name}.{key}" if name else str(key)) for key, one in inner]
        return {key: one for part in found for key, one in part.items()}
    return {name: value}


def csv_text(records: Sequence[Record]) -> str:
    """Return a CSV with a row for each run and a column for each figure of any of them."""
    rows = [flat(record) for record in in_order(records)]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


@styled
def picture(records: Sequence[Record]) -> Figure:
    """Draw rows at the 50 % mark against training seconds: tsgan's median and range of seeds."""
    figure = Figure(figsize=(7.2, 3.8))
    axes = figure.add_subplot()
    styles = cycle(product(("-", "--", ":"), (SYNTHETIC, CHOSEN, NEGATIVE, REAL)))
    own = [record for record in records if record["learner"] == LEARNER]
    for ((series,), of_series), (line, colour) in zip(
        grouped(in_order(own), series_in_words).items(), styles, strict=False
    ):
        points = []
        for runs in grouped(of_series, budget_in_words).values():
            seconds = statistics.median(run["training_seconds"] for run in runs)
            rows = [run["at_half"] for run in runs]
            points.append((seconds, statistics.median(rows), min(rows), max(rows)))
        x, middle, low, high = np.array(sorted(points), dtype=np.float64).T
        shade(axes, x, low, high, label=None, colour=colour, alpha=0.1)
        axes.vlines(x, low, high, color=colour, alpha=0.4, linewidth=0.8)
        axes.plot(x, middle, line, color=colour, marker="o", markersize=3.5, label=series)
    axis_labels(axes, "training, s", f"rows of {len(SEVENTEEN)} at the band's 50 % mark")
    axes.set(xlim=(0, None), ylim=(0, len(SEVENTEEN) + 0.5))
    if own:
        figure.legend(loc="outside right upper")
    return figure
