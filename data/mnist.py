"""MNIST from its mirrors: what they send is known by its content, and kept in the cache."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tsgan.data.cache_folder import cache_folder
from tsgan.data.idx_folders import FILES
from tsgan.errors import DataError
from tsgan.files import write_atomically

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
WAITS = (2.0, 8.0)
"""Seconds before the mirrors that may yet answer are asked again."""

TIMEOUT = 15.0
"""Seconds that a mirror may be silent."""

PATIENCE = 300.0
"""Seconds that one file may take from one mirror."""

_PIECE = 2**16
_DAMAGE = (OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True)
class Content:
    """What a file holds once it is decompressed: its size in bytes and its SHA-256."""

    size: int
    sha256: str


CONTENTS: Mapping[str, Content] = dict(
    zip(
        FILES,
        (
            Content(47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            Content(60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            Content(7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            Content(10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ),
        strict=True,
    )
)


class _PassingError(Exception):
    """A mirror failed in a way that may pass."""


class _WrongError(Exception):
    """A mirror does not have the file."""


def fetch_mnist(
    folder: Path | None = None,
    *,
    mirrors: Sequence[str] | None = None,
    contents: Mapping[str, Content] | None = None,
    progress: Callable[[str, float], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
    patience: float = PATIENCE,
) -> Path:
    """Return a folder that holds the files of MNIST, of which those are downloaded that it lacks.

    A file is written when all of it has come and its content is the right one.

    Args:
        folder: where they are kept; None is ``mnist`` in the cache (``TSGAN_CACHE``).
        mirrors: addresses that the files' names are appended to; None is ``MIRRORS``.
        contents: what the files must hold; None is ``CONTENTS``.
        progress: called with what is being done and the share that is done.
        pause: waits for a number of seconds before mirrors are asked again.
        timeout: seconds that a mirror may be silent.
        patience: seconds that one file may take from one mirror.

    Raises:
        DataError: no mirror sends a file, or the folder cannot be written to.
    """
    folder = cache_folder() / "mnist" if folder is None else folder
    contents = CONTENTS if contents is None else contents
    order = list(MIRRORS if mirrors is None else mirrors)
    report = progress or (lambda _message, _share: None)
    total = sum(content.size for content in contents.values())
    done = 0
    for name, content in contents.items():
        path = folder / f"{name}.gz"
        if not _is_whole(path, content):
            named = partial(report, f"downloading {name}.gz")
            line = _Line(
                timeout, patience, partial(_tell, named, done / total, content.size / total)
            )
            raw = _ask_all(order, path.name, content, line, pause)
            _keep(path, raw)
        done += content.size
    report("MNIST is there", 1.0)
    return folder


@dataclass(frozen=True)
class _Line:
    """How long a mirror is waited for, and who is told of the share that has come."""

    timeout: float
    patience: float
    report: Callable[[float], None]


def _tell(report: Callable[[float], None], begin: float, size: float, share: float) -> None:
    """Report a share of one file as a share of all."""
    report(begin + size * share)


def _ask_all(
    order: list[str], name: str, content: Content, line: _Line, pause: Callable[[float], None]
) -> bytes:
    """Ask each mirror, and after growing pauses again; the one that answers is the next first."""
    reasons: dict[str, str] = {}
    asked = list(order)
    for wait in (0.0, *WAITS):
        if wait and asked:
            pause(wait)
        for mirror in list(asked):
            try:
                raw = _download(mirror + name, content, line)
            except _PassingError as error:
                reasons[mirror] = str(error)
                continue
            except _WrongError as error:
                reasons[mirror] = str(error)
                asked.remove(mirror)
                continue
            order.remove(mirror)
            order.insert(0, mirror)
            return raw
    told = "; ".join(
        f"{urlsplit(mirror).netloc or mirror}: {reason}" for mirror, reason in reasons.items()
    )
    raise DataError(
        f"mnist, {name}: expected the file from one of {len(order)} mirrors, none sent it "
        f"({told}); check the network and try again, or put the four files of MNIST into a folder "
        "and name that folder instead of mnist"
    )


def _download(address: str, content: Content, line: _Line) -> bytes:
    """Return what a mirror sends if it is the right content, raw or in gzip."""
    end = time.monotonic() + line.patience
    received = bytearray()
    most = content.size + 2**16  # gzip never makes a file longer by more
    try:
        request = urllib.request.Request(address, headers={"User-Agent": "tsgan"})
        with urllib.request.urlopen(request, timeout=line.timeout) as response:
            announced = response.length  # None where the mirror does not say
            while piece := response.read1(_PIECE):
                received += piece
                line.report(min(1.0, len(received) / (announced or content.size)))
                if len(received) > most:
                    raise _WrongError("sends more than the file holds")
                if time.monotonic() > end:
                    raise _PassingError(f"took longer than {line.patience:g} s")
    except urllib.error.HTTPError as error:
        error.close()
        kind = _PassingError if error.code >= 500 or error.code in (408, 429) else _WrongError
        raise kind(f"HTTP {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _PassingError(_reason(error)) from None
    if announced and len(received) < announced:
        raise _PassingError(f"hung up after {len(received):,} of {announced:,} bytes")
    return _checked(bytes(received), content)


def _checked(raw: bytes, content: Content) -> bytes:
    if raw.lstrip()[:1] == b"<":
        raise _WrongError("sends a web page instead of the file")
    if not _holds(raw, content):
        raise _WrongError("sends other bytes than those of MNIST")
    return raw


def _holds(raw: bytes, content: Content) -> bool:
    """Return whether bytes, raw or in gzip, are the content; a bomb is not unpacked."""
    if raw.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
                raw = stream.read(content.size + 1)
        except _DAMAGE:
            return False
    return len(raw) == content.size and hashlib.sha256(raw).hexdigest() == content.sha256


def _is_whole(path: Path, content: Content) -> bool:
    try:
        return _holds(path.read_bytes(), content)
    except (OSError, ValueError):
        return False


def _keep(path: Path, raw: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, raw)
    except DataError as error:
        raise DataError(f"mnist: {error}, or name another folder by TSGAN_CACHE") from None
    except OSError as error:
        raise DataError(
            f"mnist: expected a cache that can be written to, {path.parent} cannot "
            f"({_reason(error)}); name another folder by TSGAN_CACHE"
        ) from None


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return "timed out"
    text = str(getattr(error, "reason", "") or getattr(error, "strerror", "") or error)
    return " ".join(text.split())[:120] or type(error).__name__
