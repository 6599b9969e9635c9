"""An evaluation of images as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from tsgan.images.results import ImageEvaluation

COLOURS = {"as real": "green", "close": "yellow", "off": "red", "skipped": "dim"}


def image_table(evaluation: ImageEvaluation) -> Table:
    """Return the rows: samples with their interval, real images, what is close, verdict."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from tsgan.images.report_words import close, figure, interval

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("row", no_wrap=True)
    for name in ("samples", "95 %", "real", "close"):
        table.add_column(name, justify="right", no_wrap=True, min_width=7)
    table.add_column("verdict", no_wrap=True)
    for row in evaluation.rows:
        colour = COLOURS[row.verdict]
        table.add_row(
            escape(row.name),
            figure(row, row.samples.value),
            interval(row, row.samples),
            figure(row, row.real.value),
            close(row),
            f"[{colour}]{row.verdict}[/{colour}]",
            style="dim" if row.verdict == "skipped" else None,
        )
    return table


def print_image_evaluation(evaluation: ImageEvaluation) -> None:
    """Print what was compared, the table, the notes, and the verdict."""
    from rich.console import Console

    from tsgan.images.report_words import sentence

    console = Console()
    lines = [
        f"{evaluation.n:,} samples beside as many test images; the judge is right about "
        f"{evaluation.judge_accuracy:.2%} of all {evaluation.test:,}."
    ]
    _say(console, lines)
    console.print(image_table(evaluation))
    notes = [f"{row.name} skipped: {row.note}" for row in evaluation.rows if _skipped(row)]
    _say(console, [*notes, *("Note: " + text for text in evaluation.warnings)])
    _say(console, [sentence(evaluation)])


def _skipped(row: object) -> bool:
    return getattr(row, "verdict", "") == "skipped"


def _say(console: object, lines: list[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)  # type: ignore[attr-defined]
