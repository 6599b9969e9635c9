"""Files in the idx format of MNIST: a short header in big-endian order, then the bytes.

The format is that of http://yann.lecun.com/exdb/mnist/: two zero bytes, a type (8 is an unsigned
byte), the number of axes, the length of each axis as four bytes, the values.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tsgan.errors import DataError

MOST_BYTES = 2**30
"""Values that one file may hold: 1,369,568 images of 28×28."""

MOST_AXES = 4
_UNSIGNED_BYTE = 8
_TYPES = {9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}
_EXPANSION = 200
_ALWAYS_ALLOWED = 64 * 2**20
_PIECE = 2**20
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"\x89PNG": "a PNG image: put images into a folder for each class and name the folder above",
    b"\xff\xd8\xff": "a JPEG image: put images into a folder for each class and name that above",
    b"\x93NUMPY": "a NumPy array: write it as idx or as PNG images",
    b"PK\x03\x04": "a zip archive: unpack it",
    b"BZh": "a bzip2 file: unpack it",
    b"\xfd7zXZ": "an xz file: unpack it",
    b"PAR1": "a Parquet file: write its images as PNG",
    b"%PDF": "a PDF document: download the data itself",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with git lfs pull",
    b"{": "JSON: download the data itself",
    _GZIP: "gzip within gzip: unpack it once",
}


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read unsigned bytes of any shape of up to four axes, raw or in gzip (by content).

    Raises:
        DataError: missing, a directory, unreadable, empty, damaged or truncated, no idx, of another
            type, of other than the announced size, or larger than ``MOST_BYTES``.
    """
    path = Path(path)
    return parse_idx(_read(path), path.name)


def parse_idx(raw: bytes, name: str) -> NDArray[np.uint8]:
    """Return the values of the bytes of an idx file, raw or in gzip; they can be written to.

    Raises:
        DataError: as :func:`read_idx`; it calls the file ``name``.
    """
    if not raw:
        raise DataError(f"{name}: expected an idx file, found an empty one; download it again")
    if not raw.startswith(_GZIP):
        return _values(io.BytesIO(raw), name, len(raw))
    limit = max(_ALWAYS_ALLOWED, _EXPANSION * len(raw))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            return _values(stream, name, limit)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{name}: expected a whole gzip file, found a damaged or truncated one "
            f"({_one_line(error)}); download it again"
        ) from None


def _values(stream: IO[bytes] | gzip.GzipFile, name: str, limit: int) -> NDArray[np.uint8]:
    """Read header and values; what a header claims takes no memory before it has come."""
    shape = _shape(stream, name)
    announced = math.prod(shape)
    listed = "×".join(f"{length:,}" for length in shape)
    if not announced:
        raise DataError(
            f"{name}, header: expected values, found none ({listed}); download it again"
        )
    if announced > MOST_BYTES:
        raise DataError(
            f"{name}, header: expected {MOST_BYTES:,} values at most, found {listed}; "
            "the file is damaged, or must be split"
        )
    if announced > limit and isinstance(stream, gzip.GzipFile):
        raise DataError(
            f"{name}: grows more than {_EXPANSION}-fold when decompressed ({listed} values), which "
            "no set of images does; decompress it yourself if you trust it"
        )
    content = bytearray()
    while piece := stream.read(min(_PIECE, announced + 1 - len(content))):
        content += piece
    if len(content) > announced:
        raise DataError(
            f"{name}: expected the {announced:,} bytes that the header announces ({listed}), found "
            "more behind them; download it again"
        )
    if len(content) < announced:
        raise DataError(
            f"{name}: expected the {announced:,} bytes that the header announces ({listed}), found "
            f"{len(content):,}; the file is truncated, download it again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(stream: IO[bytes] | gzip.GzipFile, name: str) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or not start[2] or not 0 < start[3] <= MOST_AXES:
        raise _no_idx(start, stream, name)
    if start[2] != _UNSIGNED_BYTE:
        found = _TYPES.get(start[2], f"the unknown type {start[2]}")
        raise DataError(
            f"{name}, header: expected unsigned bytes (type 8), found {found}; "
            "write the values as whole numbers from 0 to 255 in one byte each"
        )
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise DataError(
            f"{name}, header: expected the lengths of {start[3]} axes in {4 * start[3]} bytes, "
            f"found {len(lengths)} bytes; the file is truncated, download it again"
        )
    return tuple(int(length) for length in np.frombuffer(lengths, ">u4"))


def _no_idx(start: bytes, stream: IO[bytes] | gzip.GzipFile, name: str) -> DataError:
    begin = start
    with suppress(OSError, EOFError, zlib.error):
        begin += stream.read(252)
    if begin.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return DataError(
            f"{name}: expected an idx file, found a web page (HTML or XML); the address was wrong "
            "or a page was sent instead: download the file itself"
        )
    for magic, text in _FOREIGN.items():
        if begin.startswith(magic):
            return DataError(f"{name}: expected an idx file, found {text}")
    found = f"the bytes {start.hex(' ')}" if start else "nothing"
    return DataError(
        f"{name}, header: expected 00 00 08 and the number of axes (1 to {MOST_AXES}), found "
        f"{found}; this is no idx file, or a damaged one: download it again"
    )


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise DataError(f"{path}: expected an idx file, found a directory; name a file in it")
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: expected an idx file, found a device or pipe; save it first")
        if path.stat().st_size > MOST_BYTES + 4 * (1 + MOST_AXES):
            raise DataError(
                f"{path}: expected {MOST_BYTES:,} bytes at most, found {path.stat().st_size:,}; "
                "split the file"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: expected an idx file, found none; check the path") from None
    except PermissionError:
        raise DataError(
            f"{path}: expected a readable file, permission is denied; change its rights (chmod +r)"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({_one_line(error)}); check the path") from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
