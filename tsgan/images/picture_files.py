"""Generated images as PNG files: one sheet, or a folder of single ones; needs no plotting."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tsgan.errors import DataError
from tsgan.files import appearing, write_atomically
from tsgan.images.metrics import Pixels, Places
from tsgan.images.scaling import to_bytes

GAP = 2
"""Black pixels between two images of a sheet."""

COLUMNS = 10
ENLARGED = 2
"""Pixels of a sheet for one of an image, each way."""


def tile(images: Pixels, columns: int = COLUMNS, gap: int = GAP) -> Pixels:
    """Return one image of all, row by row from the top left, places without an image black.

    Args:
        images: (n, height, width), n at least 1.
        columns: images in a row, at most.
        gap: pixels between two of them; none at the edges.
    """
    count, height, width = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height + gap, width + gap), np.float32)
    cells[:count, :height, :width] = images
    sheet = cells.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    table = sheet.reshape(rows * (height + gap), columns * (width + gap))
    return table[: rows * (height + gap) - gap, : columns * (width + gap) - gap]


def write_sheet(
    path: Path, images: Pixels, columns: int = COLUMNS, enlarged: int = ENLARGED
) -> None:
    """Write a PNG of all images (n, 28, 28) in [0, 1], in rows of ``columns``, whole or not at all.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    sheet = tile(images, columns).repeat(enlarged, axis=0).repeat(enlarged, axis=1)
    write_atomically(path, png(sheet))


def write_pictures(
    folder: Path,
    images: Iterable[Pixels],
    count: int,
    labels: Places | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Write a PNG for each image into a new folder; all of them, or the folder stays away.

    Args:
        folder: absent or empty.
        images: each (28, 28) in [0, 1], one after the other; ``0001.png`` is the first.
        count: how many they are, for the length of their names.
        labels: (count,) places in ``classes``: each image goes into a folder of its class's name,
            so that ``read_images`` finds the classes again.
        classes: names of folders.

    Raises:
        DataError: if the folder is not empty or cannot be written, or a class is no folder name.
    """
    _check_folder(folder, () if labels is None else classes)
    digits = max(4, len(str(count)))
    with appearing(folder) as made:
        for place, image in enumerate(images):
            inner = made if labels is None else made / classes[int(labels[place])]
            inner.mkdir(exist_ok=True)
            (inner / f"{place + 1:0{digits}}.png").write_bytes(png(image))


def png(image: Pixels) -> bytes:
    """Return the bytes of a grey PNG of one image (height, width) in [0, 1]."""
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _check_folder(folder: Path, classes: Sequence[str]) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"cannot write the folder {folder}: it exists and is not empty; choose another name"
        )
    for name in classes:
        if not name or name != Path(name).name or name.startswith(".") or "\\" in name:
            raise DataError(
                f"cannot write the folder {folder}: the class {name!r} is no name of a folder; "
                "rename the class, or write one sheet"
            )
