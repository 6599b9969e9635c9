"""The report of an evaluation: one HTML file that needs no network, and ``metrics.json``.

It renders a finished Evaluation and computes nothing: figures that it prints were there before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from tsgan import report_rows
from tsgan.files import write_atomically
from tsgan.page import Picture, ReportContext, picture, render_page
from tsgan.plots import evaluation_figures, panel_figures
from tsgan.report_captions import CAPTIONS, ESTIMATES
from tsgan.results import Evaluation
from tsgan.training_plots import training_panels

__all__ = ["ReportContext", "render_report", "write_metrics", "write_report"]


def render_report(
    evaluation: Evaluation,
    context: ReportContext,
    history: Mapping[str, npt.NDArray[Any]] | None = None,
    distance: str = "",
) -> str:
    """Return the report as the text of one self-contained HTML file.

    Args:
        evaluation: what is reported.
        context: title and facts about data, model and versions.
        history: of the training, as in ``training_plots.History``; None leaves its pictures out.
        distance: what its estimate is of, see ``Objective.distance``.
    """
    pictures = list(_pictures(evaluation, {} if history is None else history, distance))
    return render_page(
        "report.html.j2",
        (),
        report_rows,
        evaluation=evaluation,
        context=context,
        pictures=pictures,
    )


def write_report(
    path: Path,
    evaluation: Evaluation,
    context: ReportContext,
    history: Mapping[str, npt.NDArray[Any]] | None = None,
    distance: str = "",
) -> None:
    """Write the report to ``path``, whole or not at all.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    write_atomically(path, render_report(evaluation, context, history, distance))


def write_metrics(path: Path, evaluation: Evaluation) -> None:
    """Write ``metrics.json`` to ``path``, whole or not at all; strict JSON, without NaN.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    text = json.dumps(evaluation.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    write_atomically(path, text + "\n")


def _pictures(
    evaluation: Evaluation, history: Mapping[str, npt.NDArray[Any]], distance: str
) -> Iterator[Picture]:
    reading = ESTIMATES.get(distance, "From the critic's scores.")
    captions = {**CAPTIONS, "estimate": (f"Training: {distance} estimate", reading)}
    curves, panel = evaluation.curves, evaluation.panel
    figures: dict[str, Figure] = {
        **({} if curves is None else evaluation_figures(curves)),
        **({} if panel is None else panel_figures(panel)),
        **training_panels(history),
    }
    for name, figure in figures.items():
        title, caption = captions[name]
        yield picture(title, caption, figure)
