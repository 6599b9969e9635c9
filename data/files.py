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
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tsgan.errors import DataError

_EXPANSION = 200
_ALWAYS_ALLOWED = 64 * 2**20
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
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
_NO_TABLE = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as CSV",
    b"\x93NUMPY": "a NumPy array: pass it as a DataFrame or write it as CSV",
    b"%PDF": "a PDF document: export the table as CSV",
    b"\x89HDF": "an HDF5 file: write the table as CSV or Parquet",
    b"ARROW1": "a Feather file: write the table as CSV or Parquet",
}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|script|\?xml|!--)", re.IGNORECASE)


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        name: the file's name without its folder.
        data: its bytes after decompression.
        sha256: of the bytes as they lie on disk, in hexadecimal.
    """

    name: str
    data: bytes
    sha256: str

    @property
    def is_parquet(self) -> bool:
        """Whether the bytes begin as Parquet does."""
        return self.data[:4] == b"PAR1"


def read_content(path: Path) -> Content:
    """Read a file and undo gzip, zip, bzip2 or xz, which are known by their first bytes.

    Raises:
        DataError: missing, a directory, unreadable, empty, damaged, an archive of several files,
            or one that grows more than 200-fold (and beyond 64 MiB) when decompressed.
    """
    raw = _read(path)
    digest = hashlib.sha256(raw).hexdigest()
    kind = next((k for magic, k in _COMPRESSION.items() if raw.startswith(magic)), "")
    data = _decompress(raw, kind, path.name) if kind else raw
    found = next((text for magic, text in _NO_TABLE.items() if data.startswith(magic)), "")
    if found:
        raise DataError(f"{path.name}: expected CSV or Parquet, found {found}")
    return Content(path.name, data, digest)


def decode(content: Content) -> tuple[str, str]:
    """Return the text and the name of its encoding: UTF-8 or UTF-16 by mark, cp1252, latin-1.

    Raises:
        DataError: binary data, a web page or JSON.
    """
    text, encoding = _decode(content.data)
    text = text.rstrip("\x1a")
    if not text.strip():
        raise DataError(
            f"{content.name}: expected a table of prices, found an empty file; "
            "download or export it again"
        )
    if _CONTROL.search(text):
        raise DataError(
            f"{content.name}: expected text or Parquet, found binary data; export it as CSV"
        )
    if _MARKUP.match(text):
        raise DataError(
            f"{content.name}: expected a table of prices, found a web page (HTML or XML); "
            "download the data itself as CSV"
        )
    if text.lstrip()[:1] in ("{", "["):
        raise DataError(f"{content.name}: expected a table of prices, found JSON; write it as CSV")
    return text, encoding


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
            data = stream.read(limit + 1)
    except _DAMAGE as error:
        raise DataError(
            f"{name}: expected a whole {kind} file, found a damaged or truncated one "
            f"({_one_line(error)}); download it again"
        ) from None
    if len(data) > limit:
        raise DataError(
            f"{name}: grows more than {_EXPANSION}-fold when decompressed, which no price table "
            "does; decompress it yourself if you trust it"
        )
    return data


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
    if "xl/workbook.xml" in members or "xl/workbook.bin" in members:
        raise DataError(
            f"{name}: expected CSV or Parquet, found an Excel workbook: save the sheet as CSV"
        )
    if len(members) != 1:
        listed = ", ".join(members[:5]) + (", …" if len(members) > 5 else "")
        raise DataError(
            f"{name}: expected one file in the archive, found {len(members)}"
            f"{f' ({listed})' if members else ''}; unpack it and name one"
        )
    return archive.open(members[0])


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "UTF-16"
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
