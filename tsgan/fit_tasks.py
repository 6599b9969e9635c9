"""Which price files are meant, and where the model of each goes."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from tsgan.errors import ConfigError
from tsgan.many_fits import FitTask

PACKED = (".gz", ".zip", ".bz2", ".xz")
TABLES = (".csv", ".txt", ".tsv", ".parquet", ".feather", ".xlsx", ".xls", ".xlsb")
"""Endings of price files, as far as a folder is searched for them."""


def price_files(sources: Sequence[str]) -> list[Path]:
    """Return the files that paths, patterns such as ``prices/*.csv``, and folders name.

    They are in the order of the sources, those of one in the order of their names, none twice.

    Raises:
        ConfigError: one of the sources names none.
    """
    found: dict[Path, None] = {}
    for source in sources:
        there = _files_of(source)
        if not there:
            raise ConfigError(
                f"{source}: expected price files, found none; name a file, a folder of files that "
                f"end in {', '.join(TABLES[:4])} and the like, or a pattern as 'prices/*.csv'"
            )
        found |= dict.fromkeys(there)
    return list(found)


def _files_of(source: str) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        return sorted(file for file in path.iterdir() if _is_table(file))
    if path.exists():
        return [path]
    found = map(Path, glob.glob(source))  # noqa: PTH207 - of any folder
    return sorted(file for file in found if file.is_file())


def _is_table(file: Path) -> bool:
    return file.is_file() and file.name[0] != "." and _stem(file) != file.name


def _stem(file: Path) -> str:
    """Return a file's name without the endings of price files."""
    name = file.name
    for endings in (PACKED, TABLES):
        ending = Path(name).suffix
        if ending.lower() in endings and ending != name:
            name = name[: -len(ending)]
    return name


def fit_tasks(files: Sequence[Path], out: Path) -> list[FitTask]:
    """Return a task for each file, whose model is in a directory of ``out`` named after it.

    Raises:
        ConfigError: two files would have the same directory.
    """
    tasks = [FitTask(file, out / _stem(file)) for file in files]
    seen: dict[str, FitTask] = {}
    for task in tasks:
        # some disks take capital and small letters for the same
        other = seen.setdefault(task.directory.name.casefold(), task)
        if other is not task:
            raise ConfigError(
                f"{other.prices} and {task.prices}: expected files of different names, the models "
                f"of both would be in {task.directory}; rename one, or fit it apart"
            )
    return tasks
