"""The pictures of a folder, by part and class, before any of them is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tsgan.data.image_sets import MOST_CLASSES
from tsgan.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg")

_PARTS = {"training": "train", "train": "train", "testing": "test", "test": "test"}
_LITTER = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Pictures:
    """The pictures of one set, before they are read.

    Attributes:
        paths: by class, in order; pictures without classes are under "".
        others: names of files that are no pictures, and of folders that are no classes.
    """

    paths: dict[str, list[Path]]
    others: list[str]

    @property
    def count(self) -> int:
        """Pictures in all."""
        return sum(map(len, self.paths.values()))


def find_pictures(folder: Path) -> dict[str, Pictures]:
    """Return the pictures of a folder by part: "train" and "test", or "" if it has no parts.

    Empty if there are none. Classes and pictures are in the order of their names, numbers by size.

    Raises:
        DataError: pictures lie both in class folders and beside them, a part is empty or twice, or
            there are more than 100 classes.
    """
    parts: dict[str, Path] = {}
    there = visible(folder)
    for path in filter(Path.is_dir, there):
        part = _PARTS.get(path.name.lower())
        if part and part in parts:
            raise DataError(
                f"{folder}: expected one folder {part}, found {parts[part].name} and {path.name}; "
                "put the pictures of both into one"
            )
        if part:
            parts[part] = path
    beside = [path for path in there if path not in parts.values() and _counts(path)]
    if len(parts) < 2:
        whole = _pictures(next(iter(parts.values())) if parts and not beside else folder)
        return {"": whole} if whole.count else {}
    if beside:
        raise DataError(
            f"{folder}: expected folders for training and for test images alone, found "
            f"{beside[0].name} beside them; put it into one of the two"
        )
    found = {part: _pictures(path) for part, path in parts.items()}
    for part, pictures in found.items():
        if not pictures.count:
            raise DataError(
                f"{parts[part]}: expected pictures (PNG, JPEG), found none; add some, or "
                "remove the folder"
            )
    return found


def _pictures(folder: Path) -> Pictures:
    """Return the pictures of a folder's class folders, or those that lie in it."""
    others: list[str] = []
    flat = _in_folder(folder, others)
    paths: dict[str, list[Path]] = {}
    for path in visible(folder):
        if path.is_dir():
            paths[path.name] = _in_folder(path, others)
            others += [f"{inner.name}/" for inner in visible(path) if inner.is_dir()]
    others += [f"{name}/" for name, there in paths.items() if not there]
    paths = {name: there for name, there in paths.items() if there}
    if flat and paths:
        raise DataError(
            f"{folder}: expected pictures either in folders for their classes or all beside each "
            f"other, found {flat[0].name} beside the folder {next(iter(paths))}; move one of them"
        )
    if len(paths) > MOST_CLASSES:
        raise DataError(
            f"{folder}: expected {MOST_CLASSES} classes at most, found {len(paths)} folders with "
            "pictures; leave some out"
        )
    return Pictures(paths or ({"": flat} if flat else {}), others)


def _counts(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in SUFFIXES


def _in_folder(folder: Path, others: list[str]) -> list[Path]:
    files = [path for path in visible(folder) if path.is_file()]
    others += [path.name for path in files if path.suffix.lower() not in SUFFIXES]
    return [path for path in files if path.suffix.lower() in SUFFIXES]


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, less hidden files and what systems leave there, in order.

    Raises:
        DataError: the folder cannot be read.
    """
    try:
        there = [
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and path.name.lower() not in _LITTER
        ]
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder that can be read, it cannot ({error.strerror}); change "
            "its rights (chmod +rx)"
        ) from None
    return sorted(there, key=_order)


def _order(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that puts 2 before 10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", path.name)
    return [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece.lower()) for piece in pieces
    ], path.name
