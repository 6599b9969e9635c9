"""Whole files or none: written beside their place, flushed to disk, then renamed over it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tsgan.errors import DataError


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write ``content`` (text as UTF-8) to ``path``; a failure leaves what was there before."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield an empty file beside ``path`` to write to; it becomes ``path`` when the block succeeds.

    The temporary name ends like ``path``, so writers that look at the suffix behave. A symbolic
    link stays one: the file behind it is replaced.

    Raises:
        DataError: if the file cannot be written, or ``path`` is no regular file.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise DataError(f"cannot write {path}: it exists and is no file; choose another name")
    temporary = target.with_name(f".{secrets.token_hex(4)}-{target.name}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except OSError as error:
        if error.filename not in (None, temporary, str(temporary)):
            raise  # of another file that the block touched
        raise DataError(f"cannot write {path}: {_remedy(error, target)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    with suppress(OSError):  # the file is in place; not every system flushes folders
        _flush(target.parent)


def _flush(path: Path) -> None:
    # Windows flushes writable files only
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remedy(error: OSError, target: Path) -> str:
    reason = error.strerror or str(error)
    if not target.parent.is_dir():
        return f"the folder {target.parent} does not exist; create it or choose another path"
    if isinstance(error, PermissionError):
        return f"{reason.lower()}; choose a folder that you may write to"
    return f"{reason}; free some space or choose another path"
