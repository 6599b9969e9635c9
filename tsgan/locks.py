"""Locks that the system takes back when a process ends, however it ends: on files, on directories.

A lock is of an opening of a file, not of a process: two openings in one process shut each other
out. Some network file systems know no locks; there everybody goes on as if alone.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from tsgan.errors import ConfigError, DataError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".lock"
"""Name of the file in a directory that is being written to; it may outlive a killed process."""

_HELD_BY_OTHERS = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
_FAR = 1 << 30
"""Windows locks bytes, and nobody else can read them: one that is never written."""

OPENINGS = 100
"""Times that a lock file may vanish between its opening and its locking."""

_OWN: ContextVar[frozenset[Path]] = ContextVar("own directories", default=frozenset())


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; False if another opening has it, None without locks."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _HELD_BY_OTHERS else None
    return True


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Be the only one to write to a directory that is there; readers ask for no lock.

    A block inside of such a block, of the same directory, is free.

    Raises:
        ConfigError: another process writes to it, or another thread of this one.
        DataError: nothing can be written there.
    """
    place, own = Path(os.path.realpath(directory)), _OWN.get()
    if place in own:
        yield
        return
    descriptor = _opened(directory)
    token = _OWN.set(own | {place})
    try:
        yield
    finally:
        _OWN.reset(token)
        _give_back(directory / LOCK, descriptor)


def _opened(directory: Path) -> int:
    """Return the lock file, open and locked."""
    path = directory / LOCK
    flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    for _ in range(OPENINGS):
        try:
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise DataError(
                f"cannot write to {directory}: {(error.strerror or str(error)).lower()}, at "
                f"{path.name}; choose another place, or see to it that it can be written to"
            ) from error
        if lock(descriptor) is False:
            os.lseek(descriptor, 0, os.SEEK_SET)
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise ConfigError(
                f"{directory}: {holder or 'another process'} is writing to it; wait until that "
                "has ended, or choose another place"
            )
        with suppress(OSError):  # whoever had it may just have removed it
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                _sign(descriptor)
                return descriptor
        os.close(descriptor)
    raise DataError(
        f"cannot write to {directory}: {path.name} becomes another file each time that it is "
        "opened; choose a place on another disk"
    )


def _sign(descriptor: int) -> None:
    with suppress(OSError):  # a full disk, say: the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())


def _give_back(path: Path, descriptor: int) -> None:
    """Remove the lock file, while nobody else can have it, and let go of it."""
    if sys.platform == "win32":  # which removes no open file, and so none that others have opened
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
    else:
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                path.unlink()
        os.close(descriptor)
