"""The table of an evaluation of images: each figure, what real images score, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tsgan.images import metrics
from tsgan.images.intervals import share
from tsgan.images.judge import likeliest
from tsgan.images.metrics import FloatArray, Pixels, Places
from tsgan.images.reference import Reference, spread
from tsgan.images.results import COPIES, DIVERSITY, NOTHING, Better, Estimate, ImageRow, verdict

RATIO, SCORE, RIGHT = 4.0, 0.98, 0.99
"""Close to real: at most so many floors; at least such shares of the score and of the accuracy."""

DIVERGENCE = 0.01
"""Close to real: at most so much above it; each of ten classes is about 14 % off at this."""

DIVERSE = (0.95, 1.05)
COPIED = 0.02


@dataclass(frozen=True)
class Subject:
    """Samples and what was found of each: pixels (n, 28, 28), asked (n,) or None, features
    (n, d), probabilities (n, classes), distances (n,) to the nearest training image."""

    pixels: Pixels
    asked: Places | None
    features: FloatArray
    probabilities: FloatArray
    distances: FloatArray

    @property
    def judged(self) -> Places:
        """Return the class (n,) that the judge gives to each."""
        return likeliest(self.probabilities)


def make_rows(reference: Reference, subject: Subject, frechet: Estimate) -> tuple[ImageRow, ...]:
    """Return the rows in the order of the table.

    Args:
        reference: what real images score.
        subject: as many samples.
        frechet: their Fréchet distance.
    """
    return (
        _frechet(reference, frechet),
        _score(reference, subject),
        _asked(reference, subject),
        *_histograms(reference, subject),
        _diversity(reference, subject),
        _copies(reference, subject),
    )


def _row(
    name: str,
    meaning: str,
    samples: Estimate,
    real: Estimate,
    close: tuple[float, float],
    better: Better,
    note: str = "",
    share: bool = False,
) -> ImageRow:
    found = verdict(samples, real, close, better)
    return ImageRow(name, meaning, samples, real, close, better, found, note, share)


def _frechet(reference: Reference, frechet: Estimate) -> ImageRow:
    floor = reference.floor
    if floor.value <= 0:
        nothing = "The floor is 0: training and test images are the same."
        return _row("Fréchet ratio", _RATIO, NOTHING, NOTHING, (0, RATIO), "lower", nothing)
    return _row(
        "Fréchet ratio",
        _RATIO,
        frechet.over(floor.value),
        floor.over(floor.value),
        (0, RATIO),
        "lower",
        f"Distance {frechet.value:.4g} over a floor of {floor.value:.4g}, the mean over "
        f"{reference.floors} disjoint sets of {reference.n:,} training images.",
    )


def _score(reference: Reference, subject: Subject) -> ImageRow:
    values = subject.probabilities
    return _row(
        "classifier score",
        _SCORE,
        reference.estimate(lambda k: metrics.classifier_score(values[k])),
        reference.score,
        (SCORE * reference.score.value, math.inf),
        "higher",
    )


def _asked(reference: Reference, subject: Subject) -> ImageRow:
    close = (RIGHT * reference.accuracy.value, math.inf)
    if subject.asked is None:
        note = "The samples were not asked for classes."
        return _row(
            "asked-for classes", _ASKED, NOTHING, reference.accuracy, close, "higher", note, True
        )
    hits = share(int(np.sum(subject.asked == subject.judged)), reference.n)
    return _row("asked-for classes", _ASKED, hits, reference.accuracy, close, "higher", share=True)


def _histograms(reference: Reference, subject: Subject) -> tuple[ImageRow, ImageRow]:
    classes = len(reference.judge.classes)
    uniform = np.full(classes, 1 / classes)

    def row(name: str, meaning: str, other: FloatArray) -> ImageRow:
        def of(judged: Places) -> Estimate:
            return reference.estimate(
                lambda k: metrics.divergence(metrics.class_shares(judged[k], classes), other)
            )

        real = of(reference.judged)
        limits = (0.0, real.value + DIVERGENCE)
        return _row(name, meaning, of(subject.judged), real, limits, "lower")

    return (
        row("classes to uniform", _UNIFORM, uniform),
        row("classes to training", _TRAINING, reference.shares),
    )


def _diversity(reference: Reference, subject: Subject) -> ImageRow:
    pixels, judged, real = subject.pixels, subject.judged, reference.spread
    return _row(
        DIVERSITY,
        _DIVERSITY,
        reference.estimate(lambda k: spread(pixels[k], judged[k], reference.distances)),
        Estimate(real.value, min(real.low, 1.0), max(real.high, 1.0)),  # 1: the test images
        DIVERSE,
        "near",
    )


def _copies(reference: Reference, subject: Subject) -> ImageRow:
    copied = metrics.copied_share(subject.distances, reference.neighbours)
    if math.isnan(copied):
        note = "One test image in a hundred is a training image itself: nothing can be nearer."
        return _row(COPIES, _COPIES, NOTHING, NOTHING, (0, COPIED), "lower", note, True)
    real = metrics.copied_share(reference.neighbours, reference.neighbours)
    return _row(
        COPIES,
        _COPIES,
        share(round(copied * reference.n), reference.n),
        share(round(real * reference.n), reference.n),
        (0, COPIED),
        "lower",
        share=True,
    )


_RATIO = (
    "Fréchet distance of the judge's features to those of the test images, over the same distance "
    "of training images, the floor: 1 is as good as real. Heusel et al. (2017)."
)
_SCORE = (
    "High where each image is of one class without doubt and every class is there; real images "
    "set the ceiling. Salimans et al. (2016), with this judge."
)
_ASKED = (
    "Share of samples that the judge finds to be of the class that was asked for; beside it, the "
    "share of test images that it is right about."
)
_UNIFORM = (
    "KL divergence of the classes, as judged, to equal shares, in nats: 0 where all are equally "
    "frequent. Real images are not quite."
)
_TRAINING = "KL divergence of the classes, as judged, to their shares among the training images."
_DIVERSITY = (
    "Mean distance in pixels of two samples of one class, over that of two test images: 0 where a "
    "class is always the same image, above 1 where samples are noisy."
)
_COPIES = (
    "Share of samples that are nearer to a training image, in pixels, than 1 % of test images "
    "are. A generator that does not copy stays near 1 %."
)
