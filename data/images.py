"""Images from MNIST, from the sample, or from a folder of idx files or pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tsgan.data import idx_folders, image_folders, picture_files
from tsgan.data.idx import read_idx
from tsgan.data.image_sets import SIDE, Images, ImageSets
from tsgan.data.mnist import fetch_mnist
from tsgan.errors import DataError

__all__ = ["ImageSets", "Images", "read_images"]

SAMPLES = Path(__file__).parent / "samples"
SAMPLE_TRAINING = 1500
"""The first so many of the sample's digits are learned from, the other 297 test."""

_LEVELS = 16
_INK = 20
"""Rows and columns that a digit takes of an image, as in MNIST."""


def read_images(
    source: str | Path, *, progress: Callable[[str, float], None] | None = None
) -> ImageSets:
    """Read images of 28×28 and their classes, where those are known.

    Args:
        source: ``"mnist"``, which is downloaded once; ``"sample"``, real digits that come with
            tsgan; or a folder. It holds idx files by MNIST's names, raw or in gzip, or PNG and JPEG
            pictures: in a folder for each class, these perhaps in folders ``train`` and ``test``,
            or all in one without classes. Without test images one image in six is held out.
        progress: called with what is being done and the share that is done, 0..1.

    Raises:
        DataError: there are no images, files are damaged or contradict each other, or no mirror of
            MNIST answers.
    """
    report = progress or (lambda _message, _share: None)
    if source == "sample":
        return _sample()
    if source == "mnist":
        folder = fetch_mnist(progress=lambda message, share: report(message, 0.9 * share))
        files = idx_folders.idx_files(folder)
        return idx_folders.read_idx_folder(
            files, "mnist", lambda message, share: report(message, 0.9 + 0.1 * share)
        )
    return _read_folder(Path(source), report)


def _read_folder(folder: Path, report: Callable[[str, float], None]) -> ImageSets:
    try:
        is_folder, exists = folder.is_dir(), folder.exists()
    except (OSError, ValueError) as error:
        raise DataError(f"{str(folder)[:80]!r}: cannot be read ({error}); check the path") from None
    if not is_folder:
        found = "a file; name the folder that holds it" if exists else "none; check the path"
        raise DataError(f"{folder}: expected a folder of images, mnist or sample, found {found}")
    picture_files.visible(folder)
    files = idx_folders.idx_files(folder)
    pictures = {} if files else picture_files.find_pictures(folder)
    if files:
        return idx_folders.read_idx_folder(files, str(folder), report)
    if pictures:
        return image_folders.read_image_folder(pictures, str(folder), report)
    names = [path.name for path in picture_files.visible(folder)]
    listed = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    raise DataError(
        f"{folder}: expected idx files by MNIST's names (train-images-idx3-ubyte.gz, …), or PNG or "
        f"JPEG pictures in it or in a folder for each class, found {listed or 'nothing'}; name "
        "another folder"
    )


def _sample() -> ImageSets:
    """Return the 1,797 digits of the sample, enlarged from 8×8 to the look of MNIST."""
    small = read_idx(SAMPLES / "digits-images-idx3-ubyte.gz")
    labels = read_idx(SAMPLES / "digits-labels-idx1-ubyte.gz").astype(np.int64)
    levels = np.rint(small * (255 / _LEVELS)).astype(np.uint8)
    pixels = np.zeros((len(small), SIDE, SIDE), np.uint8)
    edge = (SIDE - _INK) // 2
    inner = slice(edge, edge + _INK)
    for k, image in enumerate(levels):
        large = Image.fromarray(image).resize((_INK, _INK), Image.Resampling.BICUBIC)
        doubled = 2 * np.asarray(large).astype(np.int64) - 128
        pixels[k, inner, inner] = doubled.clip(0, 255)
    classes = tuple(str(digit) for digit in range(10))
    learned, tested = slice(0, SAMPLE_TRAINING), slice(SAMPLE_TRAINING, None)
    return ImageSets(
        Images(pixels[learned], labels[learned], classes, "sample, training images"),
        Images(pixels[tested], labels[tested], classes, "sample, test images"),
        (
            f"{len(small):,} digits of 8×8 and 17 levels are enlarged to {_INK}×{_INK} (bicubic), "
            f"their contrast is doubled, and a border of {edge} is added.",
            f"The first {SAMPLE_TRAINING:,} in the order of the file are learned from, the other "
            f"{len(small) - SAMPLE_TRAINING} test.",
        ),
    )
