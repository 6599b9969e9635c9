"""Scenarios of many models: a folder of Parquet files for each, by many workers.

A task is one file of one model. Models are read one after the other, as workers become free, so
that memory does not grow with their number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from tsgan.errors import DataError, TsganError
from tsgan.partitions import BlockWork, absolute, complete, missing_blocks
from tsgan.scenario_folders import begin_folder
from tsgan.scenario_groups import Source
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_targets import Target, demand_room, target_of
from tsgan.tasks import Workers


@dataclass(frozen=True)
class FolderTask:
    """A folder to be filled.

    Attributes:
        folder: path or address that every worker sees.
        asked: reads a model and gives the source of its scenarios, and what is asked of it;
            TsganError if it cannot make them.
    """

    folder: str
    asked: Callable[[], tuple[Source, WriteRequest]]


@dataclass(frozen=True)
class FolderFound:
    """What came of a folder: it is complete, ``there`` of its paths were before; or an error."""

    folder: str
    there: int
    error: TsganError | None


@dataclass(frozen=True)
class _Block:
    """A file of a folder."""

    folder: str
    work: BlockWork
    block: range


def _write(task: _Block) -> bool:
    return task.work(task.block)


@dataclass
class _Begun:
    """A folder that is being filled.

    Attributes:
        left: files that are not written.
    """

    target: Target
    request: WriteRequest
    there: int
    left: int
    error: TsganError | None = None

    def found(self, folder: str) -> FolderFound:
        """Complete the folder, if nothing has failed."""
        if self.error is None:
            try:
                complete(self.target, self.request)
            except (TsganError, OSError) as error:
                self.error = _told(folder, error)
        return FolderFound(folder, self.there, self.error)


def write_folders(
    folders: Iterable[FolderTask], workers: Workers
) -> Generator[FolderFound, None, None]:
    """Fill many folders; yield what comes of each, in the order in which they end.

    One that fails stops no other. Its files are those that ``write_partitions`` writes.
    """
    begun: dict[str, _Begun] = {}
    ended: list[FolderFound] = []
    tasks = _blocks(folders, begun, ended)
    with closing(workers.outcomes(_write, tasks)) as outcomes:
        for outcome in outcomes:
            folder = outcome.task.folder
            one = begun[folder]
            one.left -= 1
            one.error = one.error or outcome.error
            if not one.left:
                ended.append(begun.pop(folder).found(folder))
            yield from _taken(ended)
    yield from _taken(ended)


def _told(folder: str, error: TsganError | OSError) -> TsganError:
    """Return the error, one of the system as one that names the folder and the remedy."""
    if isinstance(error, TsganError):
        return error
    reason = (error.strerror or str(error)).lower()
    return DataError(f"{folder}: cannot be written to or read: {reason}; choose another --out")


def _taken(ended: list[FolderFound]) -> Iterator[FolderFound]:
    while ended:
        yield ended.pop(0)


def _blocks(
    folders: Iterable[FolderTask], begun: dict[str, _Begun], ended: list[FolderFound]
) -> Iterator[_Block]:
    """Begin folder after folder; yield the files that each lacks."""
    for one in folders:
        try:
            state, blocks, work = _begin(one)
        except (TsganError, OSError) as error:
            ended.append(FolderFound(one.folder, 0, _told(one.folder, error)))
            continue
        if not blocks:
            ended.append(state.found(one.folder))
            continue
        begun[one.folder] = state
        for block in blocks:
            yield _Block(one.folder, work, block)


def _begin(one: FolderTask) -> tuple[_Begun, list[range], BlockWork]:
    source, request = one.asked()
    place = absolute(one.folder)
    target = replace(target_of(place, folder=True), text=one.folder)
    blocks = missing_blocks(target, request)
    missing = sum(map(len, blocks))
    demand_room(target, request.file_bytes(".parquet") * missing / request.paths)
    begin_folder(target, request)
    state = _Begun(target, request, request.paths - missing, len(blocks))
    return state, blocks, BlockWork(place, source, request)


def seed_of(name: str, seed: int) -> int:
    """Return the seed of the paths of the model called ``name``: by one seed, all are independent.

    With the same seed, path k of every model would hear the same noise.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
