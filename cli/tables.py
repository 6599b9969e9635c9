"""An evaluation as a table in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from tsgan.obeyed import Obedience
    from tsgan.results import Evaluation, Row

BASELINE = "GARCH-n"
COLOURS = {"indistinguishable": "green", "within noise": "yellow", "off": "red", "skipped": "dim"}


def evaluation_table(evaluation: Evaluation) -> Table:
    """Return the main rows: real, synthetic, distance, noise band, GARCH(1,1), verdict.

    The main rows are the seventeen and the copied windows; of several assets, all rows that see
    them jointly, which are distances alone.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("row", no_wrap=True)
    baseline = _baseline(evaluation)
    figures = () if evaluation.assets else ("real", "synth.")
    for name in (*figures, "value", "50%", "95%", baseline):
        table.add_column(name, justify="right", no_wrap=True, min_width=6)
    table.add_column("verdict", no_wrap=True)
    for row in _main_rows(evaluation):
        style = "dim" if row.verdict == "skipped" else None
        name, *numbers, verdict = _cells(row, baseline)
        table.add_row(name, *numbers[2 - len(figures) :], verdict, style=style)
    return table


def _main_rows(evaluation: Evaluation) -> list[Row]:
    from tsgan.report_rows import COPIED
    from tsgan.results import SEVENTEEN

    if evaluation.assets:
        return list(evaluation.rows)
    return [row for row in evaluation.rows if row.name in (*SEVENTEEN, COPIED)]


def _baseline(evaluation: Evaluation) -> str:
    """Return GARCH(1,1), or else the first baseline that there is."""
    names = dict.fromkeys(name for row in evaluation.rows for name in row.baselines)
    return BASELINE if BASELINE in names or not names else next(iter(names))


def _cells(row: Row, baseline: str) -> list[str]:
    middle, high = (None, None) if row.band is None else row.band[1:]
    from rich.markup import escape

    from tsgan.report_rows import number

    colour = COLOURS[row.verdict]
    numbers = (row.real, row.synthetic, row.value, middle, high, row.baselines.get(baseline))
    return [escape(row.name), *map(number, numbers), f"[{colour}]{row.verdict}[/{colour}]"]


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the table, how the other rows ended, the warnings, and the verdict."""
    from rich.console import Console

    from tsgan.report_rows import held_out_sentence, verdict_sentence

    console = Console()
    console.print(evaluation_table(evaluation))
    if evaluation.obedience is not None:
        console.print(obedience_table(evaluation.obedience))
    lines = *_rivals(evaluation), *_beside(evaluation), *_assets(evaluation), *_ranks(evaluation)
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for warning in evaluation.warnings:
        console.print("Note: " + warning, highlight=False, markup=False, soft_wrap=True)
    for sentence in (held_out_sentence(evaluation), verdict_sentence(evaluation)):
        if sentence:
            console.print(sentence, highlight=False, soft_wrap=True, markup=False)


def obedience_table(obedience: Obedience) -> Table:
    """Return what was asked for, and what was realised, beside the real windows of which it holds.

    Volatilities are annualised, means over windows.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from tsgan.report_rows import percent

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for name in ("condition", "asked"):
        table.add_column(name, no_wrap=True)
    for name in ("volatility", "real vol", "drift", "real drift", "windows"):
        table.add_column(name, justify="right", no_wrap=True, min_width=8)
    for row in obedience.rows:
        figures = row.volatility, row.real_volatility, row.drift, row.real_drift
        table.add_row(row.condition, escape(row.asked), *map(percent, figures), f"{row.windows:,}")
    return table


def _ranks(evaluation: Evaluation) -> Iterator[str]:
    """Yield how well levels that were asked for and realised agree in their order."""
    for curve in evaluation.obedience.curves if evaluation.obedience is not None else ():
        yield (
            f"{curve.condition}: {len(curve.asked)} levels asked for and realised have a rank "
            f"correlation of {curve.rank:.3f} (Spearman)."
        )


def _rivals(evaluation: Evaluation) -> Iterator[str]:
    """Yield how many of the seventeen rows each further set of paths has at or under the marks."""
    from tsgan.report_rows import counted, under_mark

    rows = counted(evaluation)
    names = dict.fromkeys(name for row in rows for name in row.others)
    for name in names:
        same, within = (under_mark(rows, name, mark) for mark in (1, 2))
        yield (
            f"{name}: {same} of {len(rows)} rows at or under the 50 % mark, {within} under the "
            "95 % mark."
        )


def _beside(evaluation: Evaluation) -> Iterator[str]:
    """Yield, group by group, how the rows that are not in the table ended."""
    shown = {row.name for row in _main_rows(evaluation)}
    groups: dict[str, list[Row]] = {}
    for row in evaluation.rows:
        if row.name not in shown:
            groups.setdefault(row.group, []).append(row)
    for group, rows in groups.items():
        counts = [(sum(row.verdict == verdict for row in rows), verdict) for verdict in COLOURS]
        off = ", ".join(row.name for row in rows if row.verdict == "off")
        text = ", ".join(
            f"{count} {verdict}" + (f" ({off})" if verdict == "off" else "")
            for count, verdict in counts
            if count
        )
        yield f"Also, {group} ({len(rows)} rows): {text}."


def _assets(evaluation: Evaluation) -> Iterator[str]:
    for name, found in evaluation.assets.items():
        yield (
            f"{name}: {found.count('indistinguishable')} rows indistinguishable, "
            f"{found.count('within noise')} within noise, {found.count('off')} off."
        )
