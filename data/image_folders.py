"""A folder of PNG or JPEG pictures, in a folder for each class or all in one, to sets of images."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tsgan.data.image_sets import SIDE, Images, ImageSets, hold_out
from tsgan.data.picture_files import Pictures
from tsgan.data.pixels import Conversions, grey
from tsgan.errors import DataError

MOST_PIXELS = 2**25
"""Pixels that one picture may have: about 5,800×5,800."""

_EVERY = 500
_Report = Callable[[str, float], None]


def read_image_folder(found: dict[str, Pictures], source: str, report: _Report) -> ImageSets:
    """Read the pictures of :func:`find_pictures`.

    Raises:
        DataError: a picture is damaged or too large, or a class of the test images has no training
            images.
    """
    training, test = found["train" if "train" in found else ""], found.get("test")
    classes = tuple(training.paths)
    notes = [] if test is None else _compared(training, test, source)
    others = training.others + ([] if test is None else test.others)
    if others:
        listed = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        notes.append(
            f"{len(others):,} entries are no PNG or JPEG pictures and were left out: {listed}."
        )
    conversions = Conversions()
    total = training.count + (0 if test is None else test.count)

    def count(images: int) -> None:
        report("reading pictures", images / total)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow: what matters is an error here
        learned = _read(training, classes, f"{source}, training images", conversions, count)
        if test is not None:
            tested = _read(test, classes, f"{source}, test images", conversions, count)
    report("pictures read", 1.0)
    if test is not None:
        return ImageSets(learned, tested, (*conversions.notes(), *notes))
    learned, tested, note = hold_out(
        Images(learned.pixels, learned.labels, learned.classes, source)
    )
    return ImageSets(learned, tested, (*conversions.notes(), *notes, note))


def _compared(training: Pictures, test: Pictures, source: str) -> list[str]:
    unknown = [name for name in test.paths if name not in training.paths]
    if unknown or ("" in training.paths) != ("" in test.paths):
        listed = ", ".join(name or "pictures without a class" for name in unknown[:5])
        raise DataError(
            f"{source}, test images: expected the classes of the training images "
            f"({', '.join(list(training.paths)[:5]) or 'none'}), found {listed}; name the class "
            "folders of both alike"
        )
    lacking = [name for name in training.paths if name not in test.paths]
    return [f"No one of the test images is of the class {', '.join(lacking)}."] if lacking else []


def _read(
    pictures: Pictures,
    classes: tuple[str, ...],
    source: str,
    conversions: Conversions,
    count: Callable[[int], None],
) -> Images:
    pixels = np.empty((pictures.count, SIDE, SIDE), np.uint8)
    labels = np.empty(len(pixels), np.int64)
    done, before = 0, conversions.images
    for name, paths in pictures.paths.items():
        labels[done : done + len(paths)] = classes.index(name)
        for path in paths:
            pixels[done] = read_picture(path, conversions)
            done += 1
            if done % _EVERY == 0:
                count(before + done)
    conversions.look_at(pixels)
    if classes == ("",):
        return Images(pixels, source=source)
    return Images(pixels, labels, classes, source)


def read_picture(path: Path, conversions: Conversions) -> NDArray[np.uint8]:
    """Return one picture as grey (28, 28), and count what was done to it.

    Raises:
        DataError: no whole PNG or JPEG, or larger than ``MOST_PIXELS``.
    """
    place = f"{path.parent.name}/{path.name}"
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError(f"{image.width}×{image.height}")
            image.load()
            upright = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            return grey(upright, conversions)
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{place}: expected a picture of {MOST_PIXELS:,} pixels at most, found more "
            f"({_one_line(error)}); make it smaller"
        ) from None
    except PermissionError:
        raise DataError(
            f"{place}: expected a readable file, permission is denied; change its rights (chmod +r)"
        ) from None
    except Exception as error:  # Pillow raises what the damage happens to lead to
        raise DataError(
            f"{place}: expected a whole PNG or JPEG picture, found a damaged or foreign one "
            f"({_one_line(error)}); replace or remove it"
        ) from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
