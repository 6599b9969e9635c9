"""A file on disk to its bytes or its text: compression, encoding, and what is no table at all."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tsgan.errors import DataError

_EXPANSION = 200
_PIECE = 16 * 2**20
_ALWAYS_ALLOWED = 64 * 2**20
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    MemoryError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
_COMPRESSION = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
_TYPED = {
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"FEA1": "feather",
    b"\xd0\xcf\x11\xe0": "workbook",
}
_NO_TABLE = {
    b"\x93NUMPY": "a NumPy array: pass it as a DataFrame or write it as CSV",
    b"%PDF": "a PDF document: export the table as CSV",
    b"\x89HDF": "an HDF5 file: write the table as CSV or Parquet",
}
_CENTRAL_EUROPEAN = re.compile(r"[a-z][³¹¿¼¾]|[³¹¿¼¾£][a-z]")
"""Of cp1250 read as cp1252: letters beside signs that no word has."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|script|\?xml|!--)", re.IGNORECASE)


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        name: the file's name without its folder.
        kind: ``"text"``, ``"parquet"``, ``"feather"`` or ``"workbook"``.
        data: its bytes after decompression.
        digest: gives the SHA-256 of the bytes as they lie on disk, in hexadecimal.
    """

    name: str
    kind: str
    data: bytes
    digest: Callable[[], str]


def read_content(path: Path) -> Content:
    """Read a file and undo gzip, zip, bzip2 or xz, which are known by their first bytes.

    Raises:
        DataError: missing, a directory, unreadable, empty, damaged, an archive of several files,
            or one that grows more than 200-fold (and beyond 64 MiB) when decompressed.
    """
    raw = _read(path)
    pool = ThreadPoolExecutor(1)  # beside the parsing, which may use other processors
    digest = pool.submit(lambda: hashlib.sha256(raw).hexdigest())
    pool.shutdown(wait=False)
    kind = next((k for magic, k in _COMPRESSION.items() if raw.startswith(magic)), "")
    if kind == "zip" and _is_workbook(raw, path.name):
        return Content(path.name, "workbook", raw, digest.result)
    data = _decompress(raw, kind, path.name) if kind else raw
    found = next((text for magic, text in _NO_TABLE.items() if data.startswith(magic)), "")
    if found:
        raise DataError(f"{path.name}: expected CSV or Parquet, found {found}")
    typed = next((k for magic, k in _TYPED.items() if data.startswith(magic)), "text")
    return Content(path.name, typed, data, digest.result)


def decode(content: Content) -> tuple[str, str]:
    """Return the text and the name of its encoding: UTF-8 or UTF-16 by mark, cp1252, latin-1.

    Raises:
        DataError: binary data, a web page or JSON.
    """
    text, encoding = _decode(content.data)
    text = text.rstrip("\x1a")
    demand_table(text, content.name)
    return text, encoding


def demand_table(text: str, name: str) -> None:
    """Refuse a text that is no table.

    Raises:
        DataError: nothing, binary data, a web page or JSON.
    """
    if not text.strip():
        raise DataError(
            f"{name}: expected a table of prices, found an empty file; download or export it again"
        )
    if _CONTROL.search(text):
        raise DataError(f"{name}: expected text or Parquet, found binary data; export it as CSV")
    if _MARKUP.match(text):
        raise DataError(
            f"{name}: expected a table of prices, found a web page (HTML or XML); "
            "download the data itself as CSV"
        )
    if text.lstrip()[:1] in ("{", "["):
        raise DataError(f"{name}: expected a table of prices, found JSON; write it as CSV")


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise DataError(f"{path}: expected a price file, found a directory; name a file in it")
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: expected a price file, found a device or pipe; save it first")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: expected a price file, found none; check the path") from None
    except PermissionError:
        raise DataError(
            f"{path}: expected a readable file, permission is denied; change its rights (chmod +r)"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({_one_line(error)}); check the path") from None


def _decompress(raw: bytes, kind: str, name: str) -> bytes:
    limit = max(_ALWAYS_ALLOWED, _EXPANSION * len(raw))
    try:
        with _open(raw, kind, name) as stream:
            data = _read_pieces(stream, limit + 1)
    except _DAMAGE as error:
        raise DataError(
            f"{name}: expected a whole {kind} file, found a damaged or truncated one "
            f"({_one_line(error)}); download it again"
        ) from None
    if len(data) > limit:
        raise _too_large(name)
    return data


def _read_pieces(stream: IO[bytes] | gzip.GzipFile, most: int) -> bytes:
    """Return at most so many bytes, without memory for more than there are."""
    pieces, size = list[bytes](), 0
    while size < most and (piece := stream.read(min(_PIECE, most - size))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _open(raw: bytes, kind: str, name: str) -> IO[bytes] | gzip.GzipFile:
    stream = io.BytesIO(raw)
    if kind == "gzip":
        return gzip.GzipFile(fileobj=stream)
    if kind == "bzip2":
        return bz2.BZ2File(stream)
    if kind == "xz":
        return lzma.LZMAFile(stream)
    archive = zipfile.ZipFile(stream)
    members = [m for m in archive.namelist() if not m.endswith("/") and "__MACOSX" not in m]
    if len(members) != 1:
        listed = ", ".join(members[:5]) + (", …" if len(members) > 5 else "")
        listed = "".join(mark if mark.isprintable() else "?" for mark in listed)
        raise DataError(
            f"{name}: expected one file in the archive, found {len(members)}"
            f"{f' ({listed})' if members else ''}; unpack it and name one"
        )
    return archive.open(members[0])


def _is_workbook(raw: bytes, name: str) -> bool:
    """Return whether a zip archive is an Excel workbook, of which one that is a bomb is refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = {member.filename: member.file_size for member in archive.infolist()}
    except _DAMAGE:
        return False
    if not members.keys() & {"xl/workbook.xml", "xl/workbook.bin"}:
        return False
    if sum(members.values()) > max(_ALWAYS_ALLOWED, _EXPANSION * len(raw)):
        raise _too_large(name)
    return True


def _too_large(name: str) -> DataError:
    return DataError(
        f"{name}: grows more than {_EXPANSION}-fold when decompressed, which no price table "
        "does; decompress it yourself if you trust it"
    )


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "UTF-16"
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
        if _CENTRAL_EUROPEAN.search(text):
            return data.decode("cp1250"), "cp1250"
        return text, "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
