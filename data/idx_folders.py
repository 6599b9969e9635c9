"""A folder of idx files by MNIST's names to sets of images."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsgan.data.idx import MOST_BYTES, read_idx
from tsgan.data.image_sets import MOST_CLASSES, SIDE, Images, ImageSets, hold_out
from tsgan.data.pixels import Conversions, resized
from tsgan.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The names of MNIST's files, which may end in .gz."""

PLACES = ("", "raw", "MNIST/raw")
"""Where in the folder the files may lie; the latter two are torchvision's."""

_NAME = re.compile(
    r"(?:(?P<set>.*)[-_.])?(?P<part>train|t10k|test)[-_.](?P<kind>images|labels)"
    r"[-_.]idx[13][-_.]ubyte(?P<packed>\.gz)?",
    re.IGNORECASE,
)
_PARTS = {"train": "training images", "test": "test images"}
_Report = Callable[[str, float], None]


def idx_files(folder: Path) -> dict[tuple[str, str], Path]:
    """Return the idx files of a folder by part (train, test) and kind (images, labels).

    A file that lies there raw and in gzip is read raw.

    Raises:
        DataError: two files play the same part, such as those of MNIST and of EMNIST.
    """
    found: dict[tuple[str, str], Path] = {}
    for place in PLACES:
        for path in _visible(folder / place):
            match = _NAME.fullmatch(path.name)
            if match is None:
                continue
            key = ("train" if match["part"].lower() == "train" else "test", match["kind"].lower())
            other = found.setdefault(key, path)
            if other.name.lower() + ".gz" != path.name.lower() and other != path:
                raise DataError(
                    f"{folder}: expected one file of {_PARTS[key[0]]} ({key[1]}), found "
                    f"{other.name} and {path.name}; put each set into a folder of its own"
                )
        if found:
            break
    return found


def read_idx_folder(files: dict[tuple[str, str], Path], source: str, report: _Report) -> ImageSets:
    """Read the files of :func:`idx_files`; labels may be missing, and so may one of the parts.

    Raises:
        DataError: a file is damaged, counts differ, one part has labels and the other has none,
            or labels are not from 0 to 99.
    """
    conversions = Conversions()
    parts = [part for part in _PARTS if (part, "images") in files]
    for part, kind in files:
        if kind == "labels" and part not in parts:
            raise DataError(
                f"{files[part, kind].name}: expected images with these labels, found none beside "
                "them; add the file of images"
            )
    labelled = [part for part in parts if (part, "labels") in files]
    if labelled and labelled != parts:
        missing = next(part for part in parts if part not in labelled)
        raise DataError(
            f"{files[missing, 'images'].name}: expected labels, as the other images have them, "
            "found none; add their file, or take the other labels away"
        )
    pixels, labels = {}, {}
    for k, part in enumerate(parts):
        report(f"reading {files[part, 'images'].name}", k / len(parts))
        pixels[part] = _read_pixels(files[part, "images"], conversions)
        if labelled:
            labels[part] = _read_labels(files[part, "labels"], files[part, "images"], pixels[part])
    report("images read", 1.0)
    numbers, notes = _classes(labels)
    read = [
        Images(
            pixels[part],
            np.searchsorted(numbers, labels[part]).astype(np.int64) if labelled else None,
            tuple(str(number) for number in numbers),
            f"{source}, {_PARTS[part]}",
        )
        for part in parts
    ]
    notes = [*conversions.notes(), *notes]
    if len(read) == 1:
        training, test, note = hold_out(read[0])
        return ImageSets(training, test, (*notes, note))
    return ImageSets(read[0], read[1], tuple(notes))


def _read_pixels(path: Path, conversions: Conversions) -> NDArray[np.uint8]:
    values = read_idx(path)
    if values.ndim != 3:
        raise DataError(
            f"{path.name}, header: expected 3 axes (images, rows, columns), found {values.ndim}: "
            f"{values.shape}; name the file of labels and that of images as MNIST does"
        )
    most = MOST_BYTES // SIDE**2
    if len(values) > most:
        raise DataError(
            f"{path.name}, header: expected at most {most:,} images, found {len(values):,}; split "
            "the file"
        )
    return resized(values, conversions)


def _read_labels(path: Path, beside: Path, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    labels = read_idx(path)
    if labels.ndim != 1:
        raise DataError(
            f"{path.name}, header: expected 1 axis (labels), found {labels.ndim}: {labels.shape}; "
            "name the file of labels and that of images as MNIST does"
        )
    if len(labels) != len(images):
        raise DataError(
            f"{path.name}: expected {len(images):,} labels, as {beside.name} holds so many images, "
            f"found {len(labels):,}; take both files from the same place"
        )
    outside = np.flatnonzero(labels >= MOST_CLASSES)
    if outside.size:
        raise DataError(
            f"{path.name}, label {outside[0] + 1:,}: expected 0 to {MOST_CLASSES - 1}, found "
            f"{labels[outside[0]]}; the file is damaged, or its classes must be numbered anew"
        )
    return labels


def _classes(labels: dict[str, NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], list[str]]:
    """Return the numbers that occur, and sentences on those that one would expect as well."""
    if not labels:
        return np.empty(0, np.uint8), []
    numbers = np.unique(np.concatenate(list(labels.values())))
    notes = []
    gaps = sorted(set(range(int(numbers[-1]) + 1)) - set(numbers.tolist()))
    if gaps:
        notes.append(
            f"Of the labels 0 to {numbers[-1]}, {len(gaps)} never occur ({_listed(gaps)}): "
            f"{len(numbers)} classes are left."
        )
    for part, there in labels.items():
        lacking = sorted(set(numbers.tolist()) - set(there.tolist()))
        if lacking:
            notes.append(f"No one of the {_PARTS[part]} has the label {_listed(lacking)}.")
    return numbers, notes


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[:1] != ".")
