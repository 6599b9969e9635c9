"""A folder of Parquet files, so many paths in each, that reads as one table and can go on.

``_request.json`` says from the beginning whose the files are, ``_manifest.json`` at the end that
they are complete; readers of data sets pass over both names. A file has its name when it is whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from socket import gethostname
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_groups import Source, pieces
from tsgan.scenario_places import Place
from tsgan.scenario_requests import WriteRequest, demand_same
from tsgan.scenario_sinks import REQUEST, ParquetSink
from tsgan.scenario_targets import Target
from tsgan.scenarios import Scenarios

STARTED, COMPLETE = "_request.json", "_manifest.json"

_BLOCK = re.compile(r"paths-(\d{9,})-(\d{9,})\.parquet")


def block_name(first: int, last: int) -> str:
    """Return the name of the file of paths ``first`` to ``last``, both included."""
    return f"paths-{first:09d}-{last:09d}.parquet"


def block_names(request: WriteRequest) -> dict[str, range]:
    """Return the paths of each file of a folder."""
    each = request.file_paths
    blocks = [
        range(first, min(first + each, request.paths)) for first in range(0, request.paths, each)
    ]
    return {block_name(block.start, block.stop - 1): block for block in blocks}


def missing_paths(target: Target, request: WriteRequest) -> list[range]:
    """Return the ranges of paths that are still to be written; nothing is changed.

    Raises:
        ConfigError: it holds files of another request, or of this one without ``resume``.
    """
    place, blocks = target.place, block_names(request)
    found = place.names()
    if STARTED in found:
        _demand_leftovers(target, request)
    strange = [name for name in found if name[0] not in "._" and name not in blocks]
    if strange or (STARTED not in found and any(name in blocks for name in found)):
        raise ConfigError(
            f"{target.text}: expected an empty folder, or one of this request, found "
            f"{strange[0] if strange else found[0]}; choose another name, or delete the folder"
        )
    there = {name for name in found if name in blocks and _is_whole(place, name, blocks, request)}
    return list(_runs([block for name, block in blocks.items() if name not in there]))


def begin_folder(target: Target, request: WriteRequest) -> None:
    """Make the folder ready: it says whose it is, and no longer that it is complete."""
    place = target.place
    place.prepare()
    found = place.names()
    target.sweep()
    if STARTED not in found:
        _write_json(place, STARTED, _record(request))
    if COMPLETE in found:
        place.remove(COMPLETE)


def _record(request: WriteRequest) -> dict[str, Any]:
    return {**request.record(), "partition": request.file_paths}


def _demand_leftovers(target: Target, request: WriteRequest) -> None:
    where = f"{target.text.rstrip('/')}/{STARTED}"
    try:
        with target.place.open(STARTED) as file:
            recorded = json.loads(file.read())
        whole = isinstance(recorded, dict)
    except (OSError, ValueError, RecursionError):
        whole = False
    if not whole:
        raise ConfigError(
            f"{where}: expected the request of this folder, found one that cannot be read; choose "
            "another name, or delete the folder"
        )
    if not request.resume:
        raise ConfigError(
            f"{target.text}: expected a new folder, found one that tsgan has begun or "
            "filled; add --resume to go on, choose another name, or delete the folder"
        )
    demand_same(recorded, _record(request), where)


def _is_whole(place: Place, name: str, blocks: dict[str, range], request: WriteRequest) -> bool:
    try:
        with place.open(name) as file:
            found = pa.parquet.read_metadata(file)
    except (OSError, ValueError):
        return False
    recorded = (found.metadata or {}).get(REQUEST)
    same = recorded is None or recorded == json.dumps(request.record()).encode()
    return same and bool(found.num_rows == len(blocks[name]) * request.path_rows)


def write_block(target: Target, source: Source, request: WriteRequest, block: range) -> bool:
    """Write the paths of one file of a folder that has been begun; return whether it was there.

    The bytes follow from the request and the block alone.

    Raises:
        DataError: it cannot be written, or the folder is not the one that was begun.
    """
    name = block_name(block.start, block.stop - 1)
    if name in target.place.names():
        if _is_whole(target.place, name, {name: block}, request):
            return True
    else:
        _demand_begun(target, request)
    sink = FolderSink(target, request)
    try:
        for group in pieces(source(block), block, request, request.file_paths):
            sink.write(group)
    except BaseException:
        sink.abort()
        raise
    return False


def _demand_begun(target: Target, request: WriteRequest) -> None:
    if STARTED in target.place.names():
        _demand_leftovers(target, replace(request, resume=True))
        return
    raise DataError(
        f"{target.text}: expected a folder that every worker sees, the one on {gethostname()} does "
        "not; choose a folder of a disk that they share, or an address such as s3://bucket/name/"
    )


def _runs(blocks: list[range]) -> Iterator[range]:
    """Join neighbours."""
    run: range | None = None
    for block in blocks:
        if run is not None and run.stop == block.start:
            run = range(run.start, block.stop)
            continue
        if run is not None:
            yield run
        run = block
    if run is not None:
        yield run


def complete_folder(target: Target, request: WriteRequest) -> None:
    """Write the manifest: all files are there."""
    files = [
        {"file": name, "first": block.start, "paths": len(block)}
        for name, block in block_names(request).items()
    ]
    origin = None if request.origin is None else dict(request.origin)
    content = {"request": _record(request), "origin": origin, "files": files}
    _write_json(target.place, COMPLETE, content)


def _write_json(place: Place, name: str, content: dict[str, Any]) -> None:
    with place.replacing(name) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())


class FolderSink:
    """Parquet files of a folder, one after the other; each appears when it is whole."""

    def __init__(self, target: Target, request: WriteRequest) -> None:
        self._text, self._place, self._request = target.text, target.place, request
        self._open = ExitStack()
        self._sink: ParquetSink | None = None

    def write(self, group: Scenarios) -> None:
        """Write a group of paths, all of one file.

        Raises:
            DataError: if it cannot be written.
        """
        try:
            self._write(group)
        except OSError as error:
            raise DataError(
                f"cannot write {self._text}: {error.strerror or error}; choose another place"
            ) from error

    def _write(self, group: Scenarios) -> None:
        each = self._request.file_paths
        start = int(group.numbers[0]) // each * each
        stop = min(start + each, self._request.paths)
        if self._sink is None:
            file = self._open.enter_context(self._place.replacing(block_name(start, stop - 1)))
            self._sink = ParquetSink(file, self._request)
        self._sink.write(group)
        if group.numbers[-1] == stop - 1:
            self._sink.finish()
            self._sink = None
            self._open.close()

    def finish(self) -> None:
        """Do nothing: each file was finished with its last path."""

    def abort(self) -> None:
        """Leave no file of which paths are missing."""
        if self._sink is not None:
            self._sink.abort()
            error = InterruptedError()
            with suppress(Exception):
                self._open.__exit__(type(error), error, None)
