"""Synthetic paths in Parquet, one file or a folder of them, to one table and what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tsgan.errors import DataError
from tsgan.scenario_folders import COMPLETE, STARTED
from tsgan.scenario_sinks import ORIGIN, REQUEST
from tsgan.synthetic_blocks import Kind
from tsgan.synthetic_tables import Source, roles_of

Origin = Mapping[str, str | int]

_LARGEST_ORIGIN = 1 << 16


def is_folder(path: Path) -> bool:
    """Return whether ``path`` is a folder of Parquet files."""
    return path.is_dir() and bool((path / STARTED).is_file() or _files(path))


def read_table(path: Path) -> pa.Table:
    """Read a file, or all files of a folder below one another; of long ones what matters.

    Raises:
        DataError: a folder is not complete; OSError, ValueError, …: whatever damaged bytes cause.
    """
    if not path.is_dir():
        return _table(path)
    files = _files(path)
    if (path / STARTED).is_file():
        _demand_complete(path, {file.name for file in files})
    return pa.concat_tables([_table(file) for file in files])


def _files(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.glob("*.parquet") if file.name[0] not in "._")
    return [file for file in found if file.is_file()]  # a pipe would be waited for


def _demand_complete(folder: Path, there: set[str]) -> None:
    if not (folder / COMPLETE).is_file():
        raise DataError(
            f"{folder}: expected a complete folder of synthetic paths, found one whose writing was "
            "interrupted; repeat that tsgan generate with --resume"
        )
    wanted = {each["file"] for each in json.loads((folder / COMPLETE).read_bytes())["files"]}
    if wrong := sorted(wanted ^ there):
        found = f"no {wrong[0]}" if wrong[0] in wanted else f"{wrong[0]}, too"
        raise DataError(
            f"{folder}: expected the files that its {COMPLETE} lists, found {found}; write the "
            "folder again"
        )


def _table(path: Path) -> pa.Table:
    with pa.parquet.ParquetFile(path) as file:
        names = [str(name) for name in file.schema_arrow.names]
        roles = roles_of(names, Source(str(path), "row", 1))
        wanted = None
        if roles.long and roles.value is not None and len(set(names)) == len(names):
            keys = (roles.path, roles.asset, roles.value, *roles.times)
            wanted = [names[k] for k in keys if k is not None]
        return file.read(columns=wanted)


def read_origin(path: Path) -> Origin | None:
    """Return what Parquet's metadata say of the training, None if they say nothing."""
    try:
        file = next(iter(_files(path)), path) if path.is_dir() else path
        return origin_in(pa.parquet.read_schema(file).metadata or {})
    except (OSError, ValueError):
        return None


def origin_in(metadata: Mapping[bytes, bytes]) -> Origin | None:
    """Return what the metadata say of the training, None if that is damaged or not there."""
    found = _json(metadata, ORIGIN)
    if found is None or not all(type(value) in (str, int) for value in found.values()):
        return None
    return found


def kind_in(metadata: Mapping[bytes, bytes]) -> Kind:
    """Return what a wide table of tsgan holds by its metadata, ``""`` of any other."""
    found = _json(metadata, REQUEST) or {}
    kinds: dict[Any, Kind] = {"close": "prices", "log_return": "log returns"}
    values = found.get("values")
    return kinds.get(values, "") if isinstance(values, str) and found.get("shape") == "wide" else ""


def _json(metadata: Mapping[bytes, bytes], key: bytes) -> dict[str, Any] | None:
    text = metadata.get(key, b"")
    if len(text) > _LARGEST_ORIGIN:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
