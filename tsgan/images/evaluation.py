"""How far generated images are from real ones, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tsgan.data.image_sets import SIDE, ImageSets
from tsgan.errors import ConfigError, DataError
from tsgan.images import metrics
from tsgan.images.judge import Judge, train_judge
from tsgan.images.metrics import Pixels, Places
from tsgan.images.reference import FEWEST, SAMPLES, Progress, Reference, make_reference, unit
from tsgan.images.results import ImageEvaluation, Shown
from tsgan.images.rows import Subject, make_rows

JUDGE_SURE = 0.98
"""Accuracy below which the judge itself is a caution."""

MANY = 2_000
"""Images below which their number is a caution."""

PER_CLASS, MOST_ROWS = 10, 10
"""Images of a class in the grid, and classes in it."""

SHOWN_NEIGHBOURS = 10
FLAT = 0.02
"""Standard deviation of pixels below which an image shows nothing."""


def evaluate_images(
    sets: ImageSets,
    samples: npt.ArrayLike,
    asked: npt.ArrayLike | None = None,
    judge: Judge | None = None,
    *,
    seed: int = 0,
    n: int = 10_000,
    name: str = "",
    reference: Reference | None = None,
    progress: Progress | None = None,
) -> ImageEvaluation:
    """Compare generated images with real ones, row by row, beside what real images score.

    Args:
        sets: training images that the model was trained on, and test images, with labels.
        samples: (k, 28, 28) in [0, 1]; of more than ``n``, so many are chosen at random.
        asked: (k,) places in the classes that the samples were asked for; None without.
        judge: default: that of ``sets.training`` and ``seed``, trained now or kept.
        seed: the same seed gives the same numbers.
        n: images to compare, as many real ones; fewer where there are fewer of one kind.
        name: what the real images are, for titles; default: their source.
        reference: made before, with its sets, judge, seed and n in place of those here.
        progress: told what is being done and the share that is done, 0..1.

    Raises:
        DataError: arrays of the wrong shape or range, too few images, no labels to train a judge.
        ConfigError: ``n`` is too small, or smaller than that of ``reference``.
    """
    report = progress or (lambda _message, _share: None)
    pixels, places = check_samples(samples), None
    if reference is None:
        judge = judge or train_judge(
            sets.training, seed=seed, progress=lambda text, part: report(text, 0.5 * part)
        )
        reference = make_reference(
            sets,
            judge,
            n=min(n, len(pixels)),
            seed=seed,
            progress=lambda text, part: report(text, 0.5 + 0.3 * part),
        )
    if asked is not None:
        places = check_asked(asked, len(pixels), reference.judge.classes)
    given = len(pixels)
    if given < reference.n:
        raise ConfigError(
            f"reference: expected one of at most {given:,} images, as many as there are samples, "
            f"got one of {reference.n:,}; make it with n={given}"
        )
    if given > reference.n:
        kept = np.sort(reference.generator(SAMPLES).permutation(given)[: reference.n])
        pixels, places = pixels[kept], None if places is None else places[kept]
    found = _compare(reference, pixels, places, given, name, report)
    report("evaluated", 1.0)
    return found


def check_samples(samples: npt.ArrayLike, name: str = "samples") -> Pixels:
    """Return samples as float32 (k, 28, 28) in [0, 1], or raise a DataError that says why not."""
    pixels = np.asarray(samples)
    if pixels.dtype.kind not in "fiub" or pixels.ndim != 3 or pixels.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{name}: expected numbers (images, {SIDE}, {SIDE}), got {pixels.dtype} "
            f"{pixels.shape}; reshape them"
        )
    if len(pixels) < FEWEST:
        raise DataError(
            f"{name}: expected at least {FEWEST} images, got {len(pixels)}; generate more"
        )
    if not np.isfinite(pixels).all():
        place = int(np.flatnonzero(~np.isfinite(pixels).all(axis=(1, 2)))[0])
        raise DataError(f"{name}, image {place + 1}: a pixel is no number; leave that image out")
    low, high = float(pixels.min()), float(pixels.max())
    if low < -1e-6 or high > 1 + 1e-6:
        remedy = "divide by 255" if low >= 0 else "halve them and add one half"
        raise DataError(f"{name}: expected pixels in [0, 1], got {low:g} to {high:g}; {remedy}")
    return np.asarray(np.clip(pixels, 0, 1), np.float32)


def check_asked(asked: npt.ArrayLike, images: int, classes: tuple[str, ...]) -> Places:
    """Return the asked-for places (images,) in ``classes``, or raise a DataError."""
    places = np.asarray(asked)
    if places.dtype.kind not in "iu" or places.shape != (images,):
        raise DataError(
            f"asked: expected a place in the classes for each of {images:,} samples, got "
            f"{places.dtype} {places.shape}; give one whole number an image"
        )
    wrong = np.flatnonzero((places < 0) | (places >= len(classes)))
    if wrong.size:
        raise DataError(
            f"asked, image {wrong[0] + 1:,}: expected a place from 0 to {len(classes) - 1}, got "
            f"{places[wrong[0]]}; the classes are {', '.join(classes[:12])}"
        )
    return places.astype(np.int64)


def _compare(
    reference: Reference,
    pixels: Pixels,
    asked: Places | None,
    given: int,
    name: str,
    report: Progress,
) -> ImageEvaluation:
    report("judging samples", 0.8)
    features, probabilities = reference.judge.look(pixels)
    report("looking for the nearest training images of samples", 0.85)
    distances, neighbours = metrics.nearest(pixels, reference.sets.training.pixels)
    subject = Subject(pixels, asked, features, probabilities, distances)
    frechet = reference.estimate(
        lambda k: metrics.frechet_distance(features[k], reference.features)
    )
    report("comparing", 0.95)
    sets, judge = reference.sets, reference.judge
    return ImageEvaluation(
        name=name or sets.test.source,
        samples=given,
        n=reference.n,
        training=len(sets.training),
        test=len(sets.test),
        classes=judge.classes,
        judge_accuracy=reference.accuracy.value,
        judge_seconds=judge.seconds,
        frechet=frechet,
        floor=reference.floor,
        floors=reference.floors,
        rows=make_rows(reference, subject, frechet),
        shown=_shown(reference, subject, neighbours),
        warnings=(*sets.notes, *judge.notes, *_cautions(reference, pixels)),
        seed=reference.seed,
    )


def _cautions(reference: Reference, pixels: Pixels) -> Iterator[str]:
    accuracy = reference.accuracy.value
    if accuracy < JUDGE_SURE:
        yield (
            f"The judge itself is right about only {accuracy:.2%} of the test images: its features "
            "and its classes are less to be trusted than on MNIST, where it passes 99 %."
        )
    if reference.n < MANY:
        yield (
            f"Only {reference.n:,} images are compared: the intervals are wide, and the floor of "
            "the Fréchet distance is high, so that its ratio is kind. Compare figures of the same "
            "number only."
        )
    flat = int(np.sum(pixels.std(axis=(1, 2)) < FLAT))
    if flat:
        yield f"{flat:,} of {len(pixels):,} samples are all of one grey: the generator has failed."


def _shown(reference: Reference, subject: Subject, neighbours: Places) -> Shown:
    classes = len(reference.judge.classes)
    closest = np.argsort(subject.distances, kind="stable")[:SHOWN_NEIGHBOURS]
    rows, grid = _grid(subject.asked, subject.judged, classes)
    _, real = _grid(None if not rows else reference.judged, reference.judged, classes)
    asked = subject.asked
    return Shown(
        grid=subject.pixels[grid],
        real=reference.pixels[real],
        columns=PER_CLASS,
        rows=reference.judge.classes[:MOST_ROWS] if rows else (),
        nearest=subject.pixels[closest],
        neighbours=unit(reference.sets.training, neighbours[closest]),
        distances=subject.distances[closest],
        confusion=None if asked is None else metrics.confusion(asked, subject.judged, classes),
        shares=metrics.class_shares(subject.judged, classes),
        training_shares=reference.shares,
    )


def _grid(asked: Places | None, judged: Places, classes: int) -> tuple[bool, Places]:
    """Return whether each of the first classes fills a row, and the places of the grid."""
    first = np.arange(min(len(judged), PER_CLASS * MOST_ROWS))
    if asked is None:
        return False, first
    each = [np.flatnonzero(asked == place)[:PER_CLASS] for place in range(min(classes, MOST_ROWS))]
    if any(len(places) < PER_CLASS for places in each):
        return False, first
    return True, np.concatenate(each)
