"""Images in ``.npy`` files: (n, 28, 28) in [0, 1], written piece by piece, read with suspicion."""

from __future__ import annotations

import tokenize
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tsgan.errors import DataError
from tsgan.files import replacing
from tsgan.images.config import SIZE

Pixels = npt.NDArray[np.float32]
DAMAGE = (
    *(ValueError, EOFError, MemoryError, SyntaxError, TypeError, OverflowError, RecursionError),
    tokenize.TokenError,
)
"""What numpy raises of headers that no array has."""

MAGIC = b"\x93NUMPY"


def write_array(path: Path, groups: Iterable[Pixels], images: int) -> None:
    """Write so many images, that come in groups (group, 28, 28), whole or not at all.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    header = np.lib.format.header_data_from_array_1_0(np.empty((0, SIZE, SIZE), np.float32))
    header["shape"] = (images, SIZE, SIZE)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for group in groups:
            file.write(np.ascontiguousarray(group, np.float32).tobytes())


def read_array(path: Path) -> npt.NDArray[np.generic]:
    """Return the images of a ``.npy`` file, as they are; nothing in it is executed.

    Raises:
        DataError: if there is no such file, or it is damaged, or no array of images.
    """
    expected = f"expected a .npy file of images (n, {SIZE}, {SIZE}) in [0, 1]"
    array = _load(path, expected)
    if array.ndim != 3 or array.dtype.kind not in "fiub":
        found = f"{array.dtype} {array.shape}"
        raise DataError(f"{path}: {expected}, found {found}; reshape or convert it")
    return array


def read_labels(path: Path) -> npt.NDArray[np.generic]:
    """Return the whole numbers (n,) of a ``.npy`` file; nothing in it is executed.

    Raises:
        DataError: if there is no such file, or it is damaged, or no array of whole numbers.
    """
    expected = "expected a .npy file of whole numbers (n,)"
    array = _load(path, expected)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(f"{path}: {expected}, found {array.dtype} {array.shape}; convert it")
    return array


def _load(path: Path, expected: str) -> npt.NDArray[np.generic]:
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ValueError("another kind of file")
        with warnings.catch_warnings(action="ignore"):
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{path}: {expected}, found none ({reason}); check the path") from error
    except DAMAGE as error:
        raise DataError(
            f"{path}: {expected}, found a damaged or another file; write it anew"
        ) from error
