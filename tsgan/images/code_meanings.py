"""What the latent codes of a model have come to mean, found out afterwards with labels.

Each class of the code stands for the label that most training images have in which it is recognised
(Chen et al. 2016, section 7.2); test images then tell how often that is wrong. What a number
controls is seen in fresh samples: its correlation with the measures of ``shapes``, within the
classes of the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import ConfigError
from tsgan.images.metrics import FloatArray, Pixels, Places
from tsgan.images.model import ImageGAN
from tsgan.images.scaling import to_unit
from tsgan.images.shapes import SHAPES

SAMPLES = 2_000
"""Fresh images by which the numbers are judged: a correlation is known to ± 0.04."""

PART = 5_000
"""Real images that are recognised at a time."""


@dataclass(frozen=True)
class ClassMeaning:
    """What one class of the code stands for.

    Attributes:
        images: share of the training images in which it is recognised.
        label: the most frequent class of those; None without labels, or if there are none.
        share: share of that label among them.
    """

    images: float
    label: str | None = None
    share: float | None = None


@dataclass(frozen=True)
class CodeMeanings:
    """What the codes of a model mean.

    Attributes:
        classes: of the code, in their order.
        numbers: for each number of the code its correlation with each measure of ``SHAPES``; None
            where a measure is the same in all images.
        error: share of the test images whose class of the code stands for another label; None
            without labels or without classes of the code.
        test_images: how many those are.
    """

    classes: tuple[ClassMeaning, ...]
    numbers: tuple[Mapping[str, float | None], ...]
    error: float | None
    test_images: int

    def to_dict(self) -> dict[str, Any]:
        """Return the meanings as JSON types."""
        return asdict(self)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Return each class and number of the code, and the error, and what there is to say."""
        told = [(f"code {code}", _meaning(meaning)) for code, meaning in enumerate(self.classes)]
        if self.error is not None:
            told.append(("error", f"{self.error:.1%} of {self.test_images:,} test images"))
        for place, by_shape in enumerate(self.numbers, start=1):
            known = {name: value for name, value in by_shape.items() if value is not None}
            ordered = sorted(known.items(), key=lambda pair: -abs(pair[1]))
            told.append((f"c{place}", ", ".join(f"{k} {v:+.2f}" for k, v in ordered)))
        return told

    @property
    def lines(self) -> list[str]:
        """Return the rows for a terminal."""
        return [f"{name:<10} {text}" for name, text in self.rows]


def code_meanings(
    model: ImageGAN, sets: ImageSets, *, samples: int = SAMPLES, seed: int = 0
) -> CodeMeanings:
    """Return what the latent codes of a fitted model mean.

    Args:
        model: with a latent code.
        sets: images with labels; without, the numbers alone have a meaning that can be told.
        samples, seed: fresh images that are drawn.

    Raises:
        ConfigError: if the model has no latent code.
    """
    conditions = model.conditions_
    if not conditions.codes + conditions.numbers:
        raise ConfigError("expected a model with a latent code; fit one with --codes")
    classes: tuple[ClassMeaning, ...] = ()
    error = None
    if conditions.codes:
        learned = _recognised(model, sets.training)
        classes = class_meanings(learned, sets.training, conditions.codes)
        if sets.test.labels is not None:
            error = class_error(classes, _recognised(model, sets.test), sets.test)
    numbers: tuple[Mapping[str, float | None], ...] = ()
    if conditions.numbers:
        drawn = model.given(None).draw(range(samples), seed)
        images = model.sample(samples, seed=seed)
        numbers = number_meanings(images, drawn.codes, drawn.numbers)
    return CodeMeanings(classes, numbers, error, len(sets.test))


def class_meanings(found: Places, training: Images, codes: int) -> tuple[ClassMeaning, ...]:
    """Return what each class of the code stands for.

    Args:
        found: the class recognised in each training image, (n,).
        training: the images with their labels, if they have any.
        codes: classes of the code.
    """
    counts = np.bincount(found, minlength=codes)
    shares = counts / len(found)
    if training.labels is None:
        return tuple(ClassMeaning(float(share)) for share in shares)
    kinds = len(training.classes)
    table = np.bincount(found * kinds + training.labels, minlength=codes * kinds)
    table = table.reshape(codes, kinds)
    return tuple(
        ClassMeaning(float(share), training.classes[row.argmax()], float(row.max() / count))
        if count
        else ClassMeaning(0.0)
        for share, count, row in zip(shares, counts, table, strict=True)
    )


def class_error(meanings: tuple[ClassMeaning, ...], found: Places, test: Images) -> float:
    """Return the share of test images in which a class is recognised that means another label."""
    if test.labels is None:
        raise ConfigError("test: expected images with labels, got none")
    meant = np.array([meaning.label for meaning in meanings], dtype=object)[found]
    true = np.array(test.classes, dtype=object)[test.labels]
    return float(np.mean(meant != true))


def number_meanings(
    images: Pixels, codes: Places | None, numbers: Pixels
) -> tuple[Mapping[str, float | None], ...]:
    """Return the correlation of each number of the code with each measure of ``SHAPES``.

    Args:
        images: (n, 28, 28) in [0, 1]; codes: the class each was made from, (n,), None without.
        numbers: (n, numbers), what each was made from.
    """
    groups = np.zeros(len(images), np.int64) if codes is None else codes
    measured = {name: measure(images) for name, measure in SHAPES.items()}
    return tuple(
        {name: _correlation(values, column, groups) for name, values in measured.items()}
        for column in numbers.T.astype(np.float64)
    )


def _correlation(first: FloatArray, second: FloatArray, groups: Places) -> float | None:
    """Return Pearson's correlation of the deviations from the means of their groups."""
    known = np.isfinite(first)
    first, second, groups = first[known], second[known], groups[known]
    sizes = np.maximum(np.bincount(groups), 1)
    first, second = (x - (np.bincount(groups, x) / sizes)[groups] for x in (first, second))
    spread = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / spread if spread > 0 else None


def _recognised(model: ImageGAN, images: Images) -> Places:
    """Return the class of the code that is recognised in each image, (n,)."""
    parts = [
        model.recognise(to_unit(images.pixels[start : start + PART]))[0].argmax(axis=1)
        for start in range(0, len(images), PART)
    ]
    found: Places = np.concatenate(parts).astype(np.int64)
    return found


def _meaning(meaning: ClassMeaning) -> str:
    stands = "" if meaning.label is None else f", {meaning.label} in {meaning.share:.1%} of them"
    return f"{meaning.images:.1%} of the training images{stands}"
