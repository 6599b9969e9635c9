"""Places where scenarios are written: folders of a disk, or behind an address of fsspec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tsgan.errors import DataError
from tsgan.files import REMAINS, replacing, sweep, temporary_name


class Place(Protocol):
    """A folder in which files appear when they are complete."""

    folder: Path | None
    """The folder on this machine, None elsewhere."""

    def prepare(self) -> None:
        """Make the folder if it is not there."""

    def names(self) -> list[str]:
        """Return the names of all that is in the folder, none if there is no folder."""

    def replacing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give an empty file, which becomes ``name`` when the block succeeds."""

    def open(self, name: str) -> BinaryIO:
        """Open a file to be read."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def sweep(self, mine: Callable[[str], bool]) -> None:
        """Remove what killed processes have left of files whose names are ``mine``."""


class LocalPlace:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self._path = folder

    def prepare(self) -> None:
        """Make the folder; the one that it lies in exists."""
        try:
            self._path.mkdir(exist_ok=True)
        except OSError as error:
            raise DataError(
                f"cannot make the folder {self._path}: {error.strerror}; choose another name"
            ) from error

    def names(self) -> list[str]:
        """Return the names of all that is in the folder."""
        return sorted(file.name for file in self._path.iterdir()) if self._path.is_dir() else []

    @contextmanager
    def replacing(self, name: str) -> Iterator[BinaryIO]:
        """Give an empty file, see ``tsgan.files.replacing``."""
        path = self._path / name
        with replacing(path, swept=True) as temporary, temporary.open("wb") as file:
            yield file

    def open(self, name: str) -> BinaryIO:
        """Open a file to be read."""
        return (self._path / name).open("rb")

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self._path / name).unlink()

    def sweep(self, mine: Callable[[str], bool]) -> None:
        """Remove what killed processes have left, see ``tsgan.files.sweep``."""
        sweep(self._path, mine)


class RemotePlace:
    """A folder behind an address that fsspec knows."""

    folder: Path | None = None

    def __init__(self, address: str, files: Any, root: str) -> None:
        self._address, self._files, self._root = address, files, root.rstrip("/")

    def prepare(self) -> None:
        """Make the folder, where the file system has folders."""
        with self._reported("make the folder"):
            self._files.makedirs(self._root, exist_ok=True)

    def names(self) -> list[str]:
        """Return the names of all that is in the folder."""
        with self._reported("list"):
            self._files.invalidate_cache()
            if not self._files.isdir(self._root):
                return []
            found = self._files.ls(self._root, detail=False)
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in found)

    @contextmanager
    def replacing(self, name: str) -> Iterator[BinaryIO]:
        """Give a file of another name, which is moved to ``name`` when the block succeeds."""
        temporary = f"{self._root}/{temporary_name(name)}"
        try:
            with self._reported("write"):
                file = self._files.open(temporary, "wb")
                try:
                    yield file
                except BaseException:
                    with suppress(Exception):  # closing would upload the half
                        getattr(file, "discard", file.close)()
                    raise
                file.close()
                self._files.mv(temporary, f"{self._root}/{name}")
        finally:
            with suppress(Exception):
                if self._files.exists(temporary):
                    self._files.rm(temporary)

    def open(self, name: str) -> BinaryIO:
        """Open a file to be read."""
        opened: BinaryIO = self._files.open(f"{self._root}/{name}", "rb")
        return opened

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._files.rm(f"{self._root}/{name}")

    def sweep(self, mine: Callable[[str], bool]) -> None:
        """Remove all that is half written; nobody knows whether somebody still writes it."""
        for name in self.names():
            if (match := REMAINS.fullmatch(name)) and mine(match[1]):
                self.remove(name)

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"cannot {what} {self._address}: {' '.join(str(error).split())}; check the "
                "address, the rights and the connection"
            ) from error
