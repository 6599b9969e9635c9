"""Grey images of 28×28 with their classes: those to learn from and those to test with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tsgan.errors import DataError
from tsgan.seeding import VALIDATION, numpy_generator
from tsgan.wording import LONGEST_NAME, is_name

SIDE = 28
"""Rows and columns of every image."""

MOST_CLASSES = 100
HELD_OUT = 6
"""One image of so many is held out where there are no images to test with."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images, and the class of each where it is known.

    Attributes:
        pixels: (n, 28, 28), uint8; in MNIST ink is bright on black.
        labels: (n,), int64, places in ``classes``; None where the classes are unknown.
        classes: their names, such as ``("0", …, "9")``; () without labels.
        source: where they come from, for messages.

    Raises:
        DataError: arrays of other shapes or types, no image, labels that have no class.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    source: str = "images"

    def __post_init__(self) -> None:
        if not _is_array(self.pixels, np.uint8, 3) or self.pixels.shape[1:] != (SIDE, SIDE):
            raise DataError(
                f"{self.source}, pixels: expected an array of uint8 (n, {SIDE}, {SIDE}), got "
                f"{_described(self.pixels)}; scale to 0..255, round and reshape"
            )
        if not len(self.pixels):
            raise DataError(f"{self.source}: expected images, found none; name another source")
        if self.labels is None:
            if self.classes:
                raise DataError(
                    f"{self.source}, classes: expected none without labels, got "
                    f"{len(self.classes)}; give labels too, or no classes"
                )
            return
        self._check_labels(self.labels)

    def _check_labels(self, labels: NDArray[np.int64]) -> None:
        names = self.classes if isinstance(self.classes, tuple) else ()
        count = len(names)
        wrong = [
            name for name in names if not isinstance(name, str) or not name or not is_name(name)
        ]
        if not 1 <= len(names) <= MOST_CLASSES or wrong or len(set(names)) < count:
            raise DataError(
                f"{self.source}, classes: expected a tuple of 1 to {MOST_CLASSES} different names, "
                f"got {ascii(self.classes)[:80]}; name each class once, in {LONGEST_NAME} "
                "characters at most, without control characters"
            )
        if not _is_array(labels, np.int64, 1) or len(labels) != len(self.pixels):
            raise DataError(
                f"{self.source}, labels: expected an array of int64 ({len(self.pixels)},), one for "
                f"each image, got {_described(labels)}; convert them with astype(numpy.int64)"
            )
        outside = np.flatnonzero((labels < 0) | (labels >= count))
        if outside.size:
            raise DataError(
                f"{self.source}, label {outside[0] + 1:,}: expected a place in the {count} "
                f"classes, 0 to {count - 1}, got {labels[outside[0]]}; correct it or name "
                "more classes"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of pixels and labels, in hexadecimal; the same on every machine."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pixels).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, "<i8").data)
        return digest.hexdigest()

    def without_labels(self) -> Images:
        """Return the same images as if their classes were unknown."""
        return Images(self.pixels, source=self.source)


@dataclass(frozen=True, eq=False)
class ImageSets:
    """Images to learn from and images to test with, of the same classes.

    Attributes:
        training: what a model may see.
        test: what it is judged by.
        notes: what was resized, converted or held out, in plain sentences.

    Raises:
        DataError: the two have different classes.
    """

    training: Images
    test: Images
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.training.classes != self.test.classes:
            raise DataError(
                f"{self.test.source}, classes: expected those of {self.training.source} "
                f"({_some(self.training.classes)}), found {_some(self.test.classes)}; "
                "label both in the same way"
            )


def hold_out(images: Images) -> tuple[Images, Images, str]:
    """Return images to learn from, those that are held out, and the sentence that says so.

    One of ``HELD_OUT`` is held out of each class that has two or more, always the same ones.

    Raises:
        DataError: there are fewer than two images of any class.
    """
    places = np.zeros(len(images), np.int64) if images.labels is None else images.labels
    draws = numpy_generator(0, VALIDATION)
    held = np.zeros(len(images), bool)
    for label in np.unique(places):
        members = np.flatnonzero(places == label)
        count = max(1, round(len(members) / HELD_OUT)) if len(members) > 1 else 0
        held[draws.permutation(members)[:count]] = True
    if not held.any():
        raise DataError(
            f"{images.source}: expected two or more images of a class, so that some can be held "
            f"out, found {len(images)} in all; add images"
        )
    parts = [
        Images(
            images.pixels[kept],
            None if images.labels is None else images.labels[kept],
            images.classes,
            f"{images.source}, {part}",
        )
        for kept, part in ((~held, "images learned from"), (held, "images held out"))
    ]
    each = " of each class" if images.labels is not None else ""
    note = (
        f"There are no images to test with: {held.sum():,} of {len(images):,} are held out at "
        f"random, one in {HELD_OUT}{each}."
    )
    return parts[0], parts[1], note


def _is_array(value: object, kind: type[np.generic], axes: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == kind and value.ndim == axes


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__


def _some(names: tuple[str, ...]) -> str:
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return listed or "none"
