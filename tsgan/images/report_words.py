"""How an evaluation of images is worded: the sentence, figures with their intervals, captions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tsgan.images.results import (
    COPIES,
    DIVERSITY,
    VERDICTS,
    Estimate,
    ImageEvaluation,
    ImageRow,
    Verdict,
)
from tsgan.wording import number

MARKS: Mapping[Verdict, str] = {
    "as real": "indistinguishable",
    "close": "within-noise",
    "off": "off",
    "skipped": "skipped",
}
"""Mark and colour of each verdict: those of the series' report."""

WIDE = frozenset({"strip", "interpolation", "neighbours"})
"""Pictures that take the whole width of the page."""

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "samples": (
        "Generated images",
        "Not chosen: the first of the sample; a row for each class that was asked for, if any.",
    ),
    "real": ("Test images", "As many, never seen in training, in the same order of classes."),
    "strip": (
        "The same noise over training",
        "Each row is one noise and class, each column a check of the run.",
    ),
    "interpolation": (
        "From one noise to another",
        "Steps between two noises should change an image smoothly, and each should be a good one.",
    ),
    "neighbours": (
        "The samples nearest to training images",
        "Of all samples those that are nearest to a training image, and that image below, with "
        "the distance in pixels between the two. Copies would be here.",
    ),
    "confusion": (
        "Asked for and judged",
        "Percent of the samples of each asked-for class by what the judge takes them for; red: "
        "mistaken.",
    ),
    "shares": (
        "Share of each class",
        "Among training images, and among samples as judged.",
    ),
    "scores": (
        "Training: scores of the critic",
        "Mean score of real and of generated images; faint each step, strong the moving average.",
    ),
    "penalty": (
        "Training: λ × gradient penalty",
        "Small beside the estimate while the critic keeps its slope near one.",
    ),
    "heldout": (
        "Training: held-out score",
        "Lower is better; in green the chosen checkpoint.",
    ),
}
"""Title and reading aid of each picture but the estimate, whose depend on the objective."""


def figure(row: ImageRow, value: float) -> str:
    """Return a figure of ``row`` as it is written in the table: a share in percent."""
    if not row.share or not math.isfinite(value):
        return number(value)
    return _percent(value)


def interval(row: ImageRow, estimate: Estimate) -> str:
    """Return the interval of a figure of ``row``, or nothing where it has none."""
    if not math.isfinite(estimate.low) or estimate.low == estimate.high:
        return ""
    return f"[{figure(row, estimate.low)}, {figure(row, estimate.high)}]"


def close(row: ImageRow) -> str:
    """Return which figures are close to the real one, in words."""
    low, high = row.close
    if row.better == "higher":
        return f"from {figure(row, low)}"
    return f"up to {figure(row, high)}" if row.better == "lower" else f"{low:g} to {high:g}"


def tally(rows: Iterable[ImageRow]) -> dict[Verdict, int]:
    """Return how many rows ended in each verdict, those that none ended in left out."""
    found = [row.verdict for row in rows]
    return {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}


def sentence(evaluation: ImageEvaluation) -> str:
    """Return the verdict in plain sentences, after others where samples are copies or alike."""
    copies = evaluation.row(COPIES)
    judged = [row for row in evaluation.rows if row.verdict != "skipped"]
    words = [f"{count} {verdict}" for verdict, count in tally(judged).items()]
    first = f"Of {len(judged)} figures: {', '.join(words)}."
    ratio = evaluation.row("Fréchet ratio").samples.value
    if math.isfinite(ratio):
        first += f" The Fréchet distance to the test images is {number(ratio)} times its floor."
    for row in judged:
        if (row.name, row.verdict) == (DIVERSITY, "off") and row.samples.value < row.close[0]:
            first = (
                f"The samples of a class are {number(row.samples.value)} times as far from each "
                f"other as test images are: too much alike. {first}"
            )
    if copies.verdict == "off":
        return (
            f"{_percent(copies.samples.value)} of the samples are nearer to a training image than "
            f"1 % of test images are: the other rows count for little. {first}"
        )
    return first


def _percent(value: float) -> str:
    percent = 100 * value
    if value in (0.0, 1.0):
        return f"{percent:.0f} %"
    return f"{percent:.2f} %" if percent < 10 or percent > 90 else f"{percent:.1f} %"
