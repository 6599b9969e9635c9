"""The names in a model directory: which are its own, and which it has no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tsgan.errors import DataError
from tsgan.files import REMAINS
from tsgan.locks import LOCK
from tsgan.logs import EVENTS, LOG, event_files

MANIFEST, WEIGHTS, TRAINING = "manifest.json", "generator.safetensors", "training.safetensors"
FILES = (MANIFEST, WEIGHTS, TRAINING, LOG, "metrics.json", "report.html", "training.png")
"""Of a model directory, besides the folder ``EVENTS``."""

PICTURES = ("samples.png", "strip.png", "interpolation.png")
"""Of that of an image model, besides."""

ALL_FILES = (*FILES, *PICTURES)

NEW = re.compile(r"generator-[0-9a-f]{16}\.safetensors")
"""Names of weights until they have their usual one."""


def is_model(directory: Path) -> bool:
    """Return whether ``directory`` holds a model, whole or interrupted."""
    return any((directory / name).is_file() for name in (MANIFEST, TRAINING))


def foreign_files(directory: Path) -> list[str]:
    """Return the names in ``directory`` that tsgan fit did not write, sorted."""
    own = {*ALL_FILES, LOCK, *(path.name for path in _left_over(directory)), ".DS_Store"}
    found = [path.name for path in directory.iterdir() if path.name not in own]
    events = directory / EVENTS
    if events.is_dir() and not events.is_symlink():
        inside = {*events.iterdir()} - {*event_files(events), events / ".DS_Store"}
        found.remove(EVENTS)
        found += [f"{EVENTS}/{path.name}" for path in inside]
    return sorted(found)


def keep_only(directory: Path, *names: str) -> None:
    """Remove the files of a model that was here before, but for ``names``.

    The folder of event files goes with those in it, unless it holds others.
    """
    for path in (*(directory / name for name in ALL_FILES), *_left_over(directory)):
        if path.name not in names and not (MANIFEST in names and NEW.fullmatch(path.name)):
            path.unlink(missing_ok=True)
    events = directory / EVENTS
    if EVENTS not in names and events.is_dir() and not events.is_symlink():
        with suppress(OSError):  # it holds files of others, or a TensorBoard holds one open
            for path in event_files(events):
                path.unlink()
            events.rmdir()


def _left_over(directory: Path) -> Iterator[Path]:
    """Yield what a process that was killed while it saved a model has left half done."""
    for path in directory.glob(".*"):
        if (match := REMAINS.fullmatch(path.name)) and is_own(match[1]):
            yield path
    yield from (path for path in directory.glob("generator-*") if NEW.fullmatch(path.name))


def is_own(name: str) -> bool:
    """Return whether a file of this name can be one that tsgan fit wrote."""
    return name in ALL_FILES or NEW.fullmatch(name) is not None


def make_directory(directory: Path) -> None:
    """Create the directory with its parents where it is missing; DataError if that fails."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot create {directory}: {(error.strerror or str(error)).lower()}; choose another "
            "place"
        ) from error
