"""The report of an evaluation: one HTML file that needs no network, and ``metrics.json``.

It renders a finished Evaluation and computes nothing: figures that it prints were there before.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from matplotlib.figure import Figure

from tsgan import report_rows
from tsgan.canvas import pointer_data, svg
from tsgan.files import write_atomically
from tsgan.plots import evaluation_figures, panel_figures
from tsgan.report_captions import CAPTIONS, ESTIMATES
from tsgan.results import Evaluation
from tsgan.training_plots import training_panels


@dataclass(frozen=True)
class ReportContext:
    """What the report says about its origin.

    Attributes:
        title, subtitle: its head.
        facts: label and value of what is needed to make it again: data file, dates, hash,
            steps and seconds of training, seed, versions.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """A picture with the words around it, and what a pointer reads of it."""

    title: str
    caption: str
    drawing: Markup
    readings: Sequence[Mapping[str, Any]]


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
    environment = _environment()
    script = environment.get_template("report.js.j2").render()
    pictures = list(_pictures(evaluation, {} if history is None else history, distance))
    readings = [picture.readings for picture in pictures]
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        context=context,
        pictures=pictures,
        readings=htmlsafe_json_dumps(readings, _compact_json),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
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
        drawing = Markup(svg(figure, title))
        yield Picture(title, caption, drawing, pointer_data(figure))


def _compact_json(value: Any, **options: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, **options)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = report_rows.number
    environment.globals["wording"] = report_rows
    return environment
