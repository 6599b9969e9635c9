"""Files of a model directory that anybody may have written: read in bounds, obeyed in nothing.

A file is opened without following a link and without waiting for anyone, and must be a regular one
of a bounded size. JSON is strict: no NaN, no number beyond 64 bits, no name twice, and no more of
anything than a model has. Of tensors the header is looked at before anything is made of it.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from tsgan.errors import CheckpointError
from tsgan.wording import UNSEEN

LARGEST_HEADER = 16 * 2**20
MOST_TENSORS, MOST_DIMENSIONS = 10_000, 8

MOST_OF_EACH = {"{": 100_000, "[": 1_000_000, ",": 4_000_000}
"""Marks in a JSON text: so many objects, lists and values are less than 300 MB in memory."""

LONGEST_TEXT = 2**22

TYPES = frozenset(("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"))
"""Types of tensors, as safetensors names them, whose values can be looked at."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_REMEDY = "restore it, or fit again with --overwrite"


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        CheckpointError: there is none, it is a link, a pipe, a device or a folder, cannot be read,
            or is of more than ``most`` bytes.
    """
    try:
        _demand_file(path, path.lstat())
        with os.fdopen(os.open(path, os.O_RDONLY | _FLAGS), "rb") as file:
            found = os.fstat(file.fileno())  # of what was opened, whatever the name is now
            _demand_file(path, found)
            if found.st_size > most:
                raise CheckpointError(f"{path}: expected at most {most} bytes, got more; {_REMEDY}")
            data = file.read(found.st_size + 1)
    except (OSError, ValueError) as error:
        reason = "none" if isinstance(error, FileNotFoundError) else f"one that fails ({error})"
        raise CheckpointError(
            f"{path}: expected this file of a model directory, found {reason}; {_REMEDY}"
        ) from error
    if len(data) != found.st_size:
        raise CheckpointError(f"{path}: expected a file at rest, found one that changes; try again")
    return data


def _demand_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise CheckpointError(
            f"{path}: expected a file of a model directory, found {kind}; put the file itself in "
            "its place, or fit again with --overwrite"
        )


def parse_json(data: bytes | str) -> Any:
    """Return strict JSON of bounded size.

    Raises:
        ValueError, RecursionError: for anything else, such as NaN, infinities, whole numbers beyond
            64 bits, the same name twice, control characters, or more than ``MOST_OF_EACH``.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    for mark, most in MOST_OF_EACH.items():
        if text.count(mark) > most:
            raise ValueError(f"more than {most} times {mark}")
    value = json.loads(
        text,
        parse_int=_whole,
        parse_float=_real,
        parse_constant=_real,
        object_pairs_hook=_object,
    )
    _demand_plain_texts(value)
    return value


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(value := int(digits)) >= 2**64:
        raise ValueError(f"number out of range: {digits[:40]}")
    return value


def _real(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise ValueError(f"number out of range: {digits[:40]}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _demand_plain_texts(value: object) -> None:
    """Raise ValueError if there is a text that is endless, or that a terminal would obey."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            rest += [*one, *one.values()]
        elif isinstance(one, list):
            rest += one
        elif isinstance(one, str) and (len(one) > LONGEST_TEXT or UNSEEN.search(one)):
            raise ValueError("a text that is endless or holds control characters")


def read_tensors(data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file and its metadata; nothing is executed.

    Args:
        data: the whole file.

    Raises:
        ValueError, RecursionError: it is no such file.
    """
    metadata = _demand_header(data)
    try:
        return safetensors.torch.load(data), metadata
    except (SafetensorError, LookupError, TypeError, RuntimeError, OverflowError) as error:
        raise ValueError(f"no tensors ({type(error).__name__})") from error


def _demand_header(data: bytes) -> dict[str, str]:
    """Return the metadata in the header, having looked at names, types and shapes."""
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= min(LARGEST_HEADER, len(data) - 8):
        raise ValueError("no header")
    header = parse_json(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(x, str) for x in metadata.values()):
        raise ValueError("no header")
    if len(header) > MOST_TENSORS:
        raise ValueError(f"more than {MOST_TENSORS} tensors")
    for name, told in header.items():
        shape = told.get("shape") if isinstance(told, dict) else None
        if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
            raise ValueError("a tensor without a shape")
        if not any(told.get("dtype") == kind for kind in TYPES):
            raise ValueError(f"{name[:100]}: a type of number that no model has")
    return metadata
