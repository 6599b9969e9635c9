"""The report of an evaluation of images: one HTML file that needs no network.

It renders a finished ImageEvaluation and computes nothing: figures that it prints were there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tsgan.files import write_atomically
from tsgan.images import report_words
from tsgan.images.pictures import ModelPictures, image_figures
from tsgan.images.report_words import CAPTIONS, WIDE
from tsgan.images.results import ImageEvaluation
from tsgan.page import Picture, ReportContext, picture, render_page
from tsgan.report_captions import ESTIMATES
from tsgan.training_plots import History, training_panels

__all__ = ["ReportContext", "render_image_report", "write_image_report"]


def render_image_report(
    evaluation: ImageEvaluation,
    context: ReportContext,
    model: ModelPictures | None = None,
    history: History | None = None,
    distance: str = "",
    codes: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the report as the text of one self-contained HTML file.

    Args:
        evaluation: what is reported.
        context: title and facts about data, model and versions.
        model: pictures that only the model can show; None leaves them out.
        history: of the training, as in ``training_plots.History``; None leaves its pictures out.
        distance: what its estimate is of, see ``Objective.distance``.
        codes: each class and number of the latent code, and what it turned out to mean.
    """
    drawn = image_figures(evaluation, model or ModelPictures())
    pictures = _pictures({**drawn, **training_panels(history or {})}, distance)
    return render_page(
        "image_report.html.j2",
        (Path(__file__).parent,),
        report_words,
        evaluation=evaluation,
        context=context,
        pictures=list(pictures),
        codes=codes,
    )


def write_image_report(
    path: Path,
    evaluation: ImageEvaluation,
    context: ReportContext,
    model: ModelPictures | None = None,
    history: History | None = None,
    distance: str = "",
    codes: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the report to ``path``, whole or not at all.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    text = render_image_report(evaluation, context, model, history, distance, codes)
    write_atomically(path, text)


def _pictures(figures: Mapping[str, Figure], distance: str) -> Iterator[Picture]:
    estimate = ESTIMATES.get(distance, "From the critic's scores.")
    captions = {**CAPTIONS, "estimate": (f"Training: {distance} estimate", estimate)}
    for name, figure in figures.items():
        yield picture(*captions[name], figure, wide=name in WIDE)
