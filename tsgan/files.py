"""Whole files or none: written beside their place, flushed to disk, then renamed over it.

After a crash of the program, or a power cut, there is the old file or the new one. A file that was
written when the call returned is still there after a power cut, on file systems that keep what they
have promised to flush. What a killed process leaves beside it, under a name that begins with a dot,
is removed by the next writing of the same file; that of a process that still writes stays.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tsgan import locks
from tsgan.errors import DataError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Of errors of a disk without room, or of a file that may not be so large."""

REMAINS = re.compile(r"\.tsgan-[0-9a-f]{8}-(.+)", re.DOTALL)
"""The name of a file that is being written, around that which it will have."""


def temporary_name(name: str) -> str:
    """Return a new name for what will be called ``name``, which ``REMAINS`` knows again."""
    return f".tsgan-{secrets.token_hex(4)}-{name}"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write ``content`` (text as UTF-8) to ``path``; a failure leaves what was there before."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with replacing(path, needed=len(data)) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path, *, needed: int | None = None, swept: bool = False) -> Iterator[Path]:
    """Yield an empty file beside ``path`` to write to; it becomes ``path`` when the block succeeds.

    The temporary name ends like ``path``, so writers that look at the suffix behave. A symbolic
    link stays one: the file behind it is replaced.

    Args:
        path: of the file.
        needed: bytes that will be written, for messages.
        swept: what killed processes have left of it is gone already, see ``sweep``.

    Raises:
        DataError: if the file cannot be written, or ``path`` is no regular file.
    """
    with _told(path, path, needed):
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            raise DataError(f"cannot write {path}: it exists and is no file; choose another name")
    if not swept:
        sweep(target.parent, lambda name: name == target.name)
    temporary: Path | None = None
    descriptor = -1
    try:
        with _told(path, target, needed):
            temporary, descriptor = _begun(target)
        with _told(path, target, needed, temporary):
            yield temporary
            _flush(temporary)
            if sys.platform == "win32":  # which renames no open file
                os.close(descriptor)
                descriptor = -1
            temporary.replace(target)
    finally:
        if sys.platform == "win32" and descriptor >= 0:  # which removes no open file
            os.close(descriptor)
            descriptor = -1
        with suppress(OSError):
            if temporary is not None:
                temporary.unlink()
        with suppress(OSError):
            if descriptor >= 0:
                os.close(descriptor)
    flush_folder(target.parent)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder``; it becomes that when the block succeeds.

    Args:
        folder: absent or empty.

    Raises:
        DataError: if it cannot be written.
    """
    sweep(folder.parent, lambda name: name == folder.name)
    temporary = folder.with_name(temporary_name(folder.name))
    descriptor = -1
    try:
        with _told(folder, folder):
            temporary.mkdir()
            if sys.platform != "win32":
                descriptor = os.open(temporary, os.O_RDONLY)
                locks.lock(descriptor)
            yield temporary
            for inner in [*temporary.rglob("*"), temporary]:
                _flush(inner) if inner.is_file() else flush_folder(inner)
            if folder.exists():
                folder.rmdir()  # empty; not every system renames over a folder
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if descriptor >= 0:
            os.close(descriptor)
    flush_folder(folder.parent)


def sweep(folder: Path, mine: Callable[[str], bool]) -> None:
    """Remove what killed processes have left in ``folder`` of files whose names are ``mine``.

    What a process still writes is locked, and stays; so does all where locks are not known.
    """
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if (match := REMAINS.fullmatch(entry.name)) and mine(match[1]):
                with suppress(OSError):
                    _remove_if_free(Path(entry.path))


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can."""
    with suppress(OSError):
        _flush(folder)


def shown(size: float) -> str:
    """Return bytes as ``12 kB``, ``3.4 MB`` or ``1.2 GB``."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size / 1e3:,.0f} kB"


def _begun(target: Path) -> tuple[Path, int]:
    """Return a new empty file beside ``target``, and its descriptor, by which it is locked."""
    while True:
        temporary = target.with_name(temporary_name(target.name))
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        if sys.platform == "win32":
            return temporary, descriptor  # no open file can be removed
        if locks.lock(descriptor) is not False and temporary.exists():
            return temporary, descriptor
        os.close(descriptor)  # swept before it was locked


def _remove_if_free(path: Path) -> None:
    kind = path.lstat().st_mode
    if sys.platform == "win32":
        if stat.S_ISREG(kind):
            path.unlink()
        return
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        return
    access = os.O_RDONLY if stat.S_ISDIR(kind) else os.O_RDWR
    descriptor = os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if locks.lock(descriptor):
            shutil.rmtree(path) if stat.S_ISDIR(kind) else path.unlink()
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    # Windows flushes writable files only
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(
    path: Path, target: Path, needed: int | None = None, temporary: Path | None = None
) -> Iterator[None]:
    """Make of an error of the system one that names ``path`` and the remedy."""
    try:
        yield
    except OSError as error:
        if temporary is not None and error.filename not in (None, temporary, str(temporary)):
            raise  # of another file that the block touched
        raise DataError(f"cannot write {path}: {_remedy(error, target, needed)}") from error


def _remedy(error: OSError, target: Path, needed: int | None) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENAMETOOLONG:
        return f"{reason.lower()}; choose a shorter one"
    if not target.parent.is_dir():
        return f"the folder {target.parent} does not exist; create it or choose another path"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"{reason.lower()}; choose a folder that you may write to"
    if error.errno in FULL:
        wanted = [] if needed is None else [f"{shown(needed)} needed"]
        wanted += [] if error.errno == errno.EFBIG else [f"{_left(target)} left"]
        told = f" ({', '.join(wanted)})" if wanted else ""
        return f"{reason}{told}; free some space or choose another path"
    return f"{reason}; free some space or choose another path"


def _left(target: Path) -> str:
    try:
        return shown(shutil.disk_usage(target.parent).free)
    except OSError:
        return "not enough"
