"""An evaluation as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from tsgan.results import Evaluation, Row

BASELINE = "GARCH-n"
COLOURS = {"indistinguishable": "green", "within noise": "yellow", "off": "red", "skipped": "dim"}


def evaluation_table(evaluation: Evaluation) -> Table:
    """Return the table of metrics: real, synthetic, distance, noise band, GARCH(1,1), verdict."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("row", no_wrap=True)
    names = ("real", "synth.", "value", "50%", "95%", BASELINE)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True, min_width=6)
    table.add_column("verdict", no_wrap=True)
    for row in evaluation.rows:
        table.add_row(*_cells(row), style="dim" if row.verdict == "skipped" else None)
    return table


def _cells(row: Row) -> list[str]:
    middle, high = (None, None) if row.band is None else row.band[1:]
    from tsgan.report_rows import number

    colour = COLOURS[row.verdict]
    numbers = (row.real, row.synthetic, row.value, middle, high, row.baselines.get(BASELINE))
    return [row.name, *map(number, numbers), f"[{colour}]{row.verdict}[/{colour}]"]


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the table, the warnings, and the verdict in one sentence."""
    from rich.console import Console

    from tsgan.report_rows import verdict_sentence

    console = Console()
    console.print(evaluation_table(evaluation))
    for warning in evaluation.warnings:
        console.print("Note: " + warning, highlight=False, markup=False, soft_wrap=True)
    console.print(verdict_sentence(evaluation), highlight=False, soft_wrap=True)
