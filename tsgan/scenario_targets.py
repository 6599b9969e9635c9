"""What a path or an address means: a file or a folder of scenarios, and whether it can be."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_places import LocalPlace, Place, RemotePlace

SUFFIXES = (".parquet", ".csv", ".npy")

LONGEST_NAME, SPARE = 255, 20
"""Bytes of a file's name on most disks, and of what is added to it while it is written."""


@dataclass(frozen=True)
class Target:
    """A file, or a folder of files.

    Attributes:
        text: as it was named, for messages.
        place: the folder; file: the name in it, ``""`` if the folder is meant.
    """

    text: str
    place: Place
    file: str

    @property
    def suffix(self) -> str:
        """The format of the files, such as ``".csv"``."""
        return Path(self.file).suffix.lower() if self.file else SUFFIXES[0]

    def sweep(self) -> None:
        """Remove what a killed writing of this target has left half written."""
        self.place.sweep(lambda name: name == self.file or not self.file)


def target_of(target: str | Path, *, folder: bool = False) -> Target:
    """Return the target of a path or address, having made sure that it can be written to.

    A folder is meant where ``target`` ends in a slash, or ``folder`` says so.

    Raises:
        ConfigError: no format's suffix, no folder to write in, or no such file system.
    """
    text = str(target)
    bare = text.rstrip("/" + os.sep)
    folder = folder or bare != text
    name = re.split(r"[/\\]" if os.sep == "\\" else "/", bare)[-1]
    suffix = Path(name).suffix.lower()
    if folder and suffix in SUFFIXES:
        raise ConfigError(
            f"{text}: expected the name of a folder without {suffix}, as it gets several Parquet "
            f"files; write {name.removesuffix(Path(name).suffix)}/"
        )
    if not folder and suffix not in SUFFIXES:
        raise ConfigError(
            f"{text}: expected a name that ends in {', '.join(SUFFIXES)}, or in / for a folder of "
            "Parquet files; rename it"
        )
    if "://" in bare and not bare.startswith(("file://", "local://")):
        return _remote(text, bare, "" if folder else name)
    path = Path(bare.removeprefix("file://").removeprefix("local://"))
    _demand_local(path, folder=folder)
    return Target(text, LocalPlace(path if folder else path.parent), "" if folder else path.name)


def _demand_local(path: Path, *, folder: bool) -> None:
    demand_folder(path)
    if folder and path.exists() and not path.is_dir():
        raise ConfigError(f"{path}: expected a folder, found a file; choose another name")
    if not folder and path.is_dir():
        raise ConfigError(
            f"{path}: expected a file to write, this is a folder; choose another name"
        )


def demand_folder(path: Path) -> None:
    """Raise ConfigError unless its folder may be written to, and its name is of a fit length."""
    most, found = LONGEST_NAME - SPARE, len(os.fsencode(path.name))
    if found > most:
        raise ConfigError(
            f"{path}: expected a name of at most {most} bytes, got {found}; choose a shorter one"
        )
    folder = path.resolve().parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise ConfigError(
            f"{path}: expected a folder that exists, {folder} does not; create it or choose "
            "another path"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(
            f"{path}: expected a folder that may be written to, {folder} may not; choose another "
            "path"
        )


def demand_new(target: Target) -> None:
    """Raise ConfigError if the target is a file that is there already."""
    folder = target.place.folder
    if folder is not None:
        there = bool(target.file) and (folder / target.file).exists()
    else:
        there = False
        with suppress(DataError):  # one may be let write where one may not look
            there = bool(target.file) and target.file in target.place.names()
    if there:
        raise ConfigError(
            f"{target.text}: expected a new file, found one; replace it with --overwrite, or "
            "choose another name"
        )


def _remote(text: str, address: str, file: str) -> Target:
    try:
        import fsspec.core
    except ImportError:
        raise ConfigError(
            f"{text}: expected the package fsspec for an address, it is not installed; install it "
            "with pip install 'tsgan[remote]'"
        ) from None
    try:
        files, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise ConfigError(
            f"{text}: expected the package of this file system beside tsgan[remote], it is not "
            f"installed; {' '.join(str(error).split())}"
        ) from error
    except Exception as error:  # each file system has its own
        raise ConfigError(
            f"{text}: expected an address that fsspec can open ({' '.join(str(error).split())}); "
            "check its beginning and the settings of the connection"
        ) from error
    root = path.rpartition("/")[0] if file else path
    return Target(text, RemotePlace(text, files, root), file)


def demand_room(target: Target, needed: float) -> None:
    """Raise ConfigError unless the disk holds so many bytes more; nobody knows it elsewhere."""
    if target.place.folder is None:
        return
    folder = target.place.folder
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
    if needed > free:
        raise ConfigError(
            f"{target.text}: expected room for about {size(needed)}, the disk has {size(free)}; "
            "ask for fewer paths or steps, or another place"
        )


def size(count: float) -> str:
    """Return bytes as ``12 MB`` or ``3.4 GB``."""
    if count < 1e9:
        return f"{count / 1e6:,.0f} MB"
    return f"{count / 1e9:,.1f} GB" if count < 1e11 else f"{count / 1e9:,.0f} GB"
