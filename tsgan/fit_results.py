"""What came of many fits, as a table of text: ``results.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tsgan.files import write_atomically
from tsgan.many_fits import FitFound, FitTask
from tsgan.spreadsheets import shielded
from tsgan.tasks import Outcome

RESULTS = "results.csv"
COLUMNS = ("file", "model", "steps", "minutes", "rows_at_50_percent", "rows", "error")

NOT_DONE = "not done: interrupted"


def write_results(
    path: Path, tasks: Sequence[FitTask], outcomes: Sequence[Outcome[FitTask, FitFound]]
) -> None:
    """Write a line for each file, in their order, whole or not at all.

    Steps, minutes of training, rows at or under the 50 % mark of their noise bands among so many,
    or the error. What has no outcome was not done.

    Raises:
        DataError: it cannot be written.
    """
    by_task = {outcome.task: outcome for outcome in outcomes}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for task in tasks:
        writer.writerow(map(shielded, cells(task, by_task.get(task))))
    write_atomically(path, text.getvalue())


def cells(task: FitTask, outcome: Outcome[FitTask, FitFound] | None) -> tuple[str, ...]:
    """Return the cells of a line, as ``COLUMNS``."""
    names = str(task.prices), str(task.directory)
    if outcome is None or outcome.made is None:
        error = NOT_DONE if outcome is None else " ".join(str(outcome.error).split())
        return (*names, "", "", "", "", error)
    made = outcome.made
    rows = ("", "") if made.rows is None else (str(made.at_mark), str(made.rows))
    return (*names, str(made.steps), f"{made.seconds / 60:.2f}", *rows, "")
