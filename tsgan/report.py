"""The report of an evaluation: one HTML file that needs no network, and ``metrics.json``.

It renders a finished Evaluation and computes nothing: figures that it prints were there before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.figure import Figure

from tsgan import report_rows
from tsgan.canvas import svg
from tsgan.files import write_atomically
from tsgan.plots import evaluation_figures
from tsgan.results import Evaluation
from tsgan.training_plots import training_panels

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "paths": (
        "Sample paths beside the real one",
        "A good model gives paths among which the real one does not stand out.",
    ),
    "fan": (
        "Fan of all synthetic paths",
        "Shaded: the range of all paths at each step. The real path should stay mostly inside.",
    ),
    "density": (
        "Returns of one step, centre",
        "Densities on a linear scale: peak and shoulders.",
    ),
    "tails": (
        "Returns of one step, tails",
        "The same on a logarithmic scale. A single real return gives the lowest black level.",
    ),
    "quantiles": (
        "Quantile against quantile",
        "On the line both distributions agree; flatter at an end means too thin a tail there.",
    ),
    "returns": (
        "Returns in order",
        "Calm and turbulent spells should alternate alike: above real, below the first path.",
    ),
    "acf_id": (
        "Memory of returns",
        "Near zero at every lag: yesterday's return says little about today's.",
    ),
    "acf_abs": (
        "Memory of absolute returns",
        "The slow decay of volatility: large moves follow large moves.",
    ),
    "acf_sq": (
        "Memory of squared returns",
        "The same, with more weight on the largest moves.",
    ),
    "leverage": (
        "Leverage effect",
        "Below zero at short lags: falls are followed by more volatility than rises.",
    ),
    "scores": (
        "Training: scores of the critic",
        "Mean score of real and of synthetic windows; faint each step, strong the moving average.",
    ),
    "penalty": (
        "Training: λ × gradient penalty",
        "Small beside the estimate while the critic keeps its slope near one.",
    ),
    "heldout": (
        "Training: held-out score",
        "Distance to data never trained on, lower is better; in green the chosen checkpoint, the "
        "lowest of the late ones, or of all where patience can end the run.",
    ),
}
"""Title and reading aid of each picture but the estimate, whose depend on the objective."""

ESTIMATES: Mapping[str, str] = {
    "Wasserstein": "Their difference. It settles when the critic finds no more to tell them apart "
    "by.",
    "Jensen–Shannon": "From the critic's loss, summed over its heads: 0 where it cannot tell real "
    "from synthetic, log 2 for each head where it always can, below 0 while it is mistaken.",
    "Vincze–Le Cam": "From the critic's loss, summed over its heads: 0 where it cannot tell real "
    "from synthetic, 1 for each head where it always can, below 0 while it is mistaken.",
}
"""Reading aid of the estimate's picture by the objective's distance."""


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
    """A picture with the words around it."""

    title: str
    caption: str
    drawing: Markup


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
    rows = report_rows.counted(evaluation)
    return _template().render(
        evaluation=evaluation,
        context=context,
        verdict=report_rows.verdict_sentence(evaluation),
        counted=rows,
        beside=[row for row in evaluation.rows if row not in rows],
        baselines=report_rows.baseline_names(evaluation.rows),
        pictures=list(_pictures(evaluation, {} if history is None else history, distance)),
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
    figures: dict[str, Figure] = {
        **evaluation_figures(evaluation.curves),
        **training_panels(history),
    }
    for name, figure in figures.items():
        title, caption = captions[name]
        yield Picture(title, caption, Markup(svg(figure, title)))


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = report_rows.number
    environment.globals.update(
        band_bar=report_rows.band_bar, best=report_rows.best, under_mark=report_rows.under_mark
    )
    return environment.get_template("report.html.j2")
