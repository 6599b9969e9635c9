"""A folder of scenario files by many workers, each file whole or absent, the same as by one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from tsgan.errors import DataError, TsganError
from tsgan.locks import alone
from tsgan.scenario_files import Written
from tsgan.scenario_folders import (
    begin_folder,
    block_names,
    complete_folder,
    missing_paths,
    write_block,
)
from tsgan.scenario_groups import Source
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_targets import Target, demand_room, target_of
from tsgan.tasks import Workers


@dataclass(frozen=True)
class BlockWork:
    """Writes one file of a folder: what a worker is given, with the numbers of the paths.

    Attributes:
        folder: path or address, the same for all workers.
        source: of the scenarios.
        request: all paths of the folder.
    """

    folder: str
    source: Source
    request: WriteRequest

    def __call__(self, block: range) -> bool:
        """Write the file; return whether it was there already."""
        target = target_of(self.folder, folder=True)
        return write_block(target, self.source, self.request, block)


def write_partitions(
    folder: str | Path,
    source: Source,
    request: WriteRequest,
    workers: Workers,
    advance: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write a folder of Parquet files, each of them by one of many workers.

    The files are those that ``write_scenarios`` writes, byte for byte. One that is there already is
    checked and kept; the folder is complete when its manifest is there.

    Args:
        folder: path or address that every worker sees.
        source: of the scenarios; it travels to the workers.
        request: how many paths; ``request.partition`` of them in each file.
        workers: of an engine, see ``engines.opened``.
        advance: is told of every so many paths that are written, or were there already.

    Raises:
        ConfigError: for a target that cannot be met, before anything is sampled.
        DataError: if the writing fails; what is written stays.
    """
    place = absolute(folder)
    target = replace(target_of(place, folder=True), text=str(folder))
    wanted = missing_blocks(target, request)
    missing = sum(map(len, wanted))
    demand_room(target, request.file_bytes(".parquet") * missing / request.paths)
    target.place.prepare()
    local = target.place.folder
    with nullcontext() if local is None else alone(local):
        begin_folder(target, request)
        advance(request.paths - missing)
        work, lost = BlockWork(place, source, request), 0
        try:
            with closing(workers.outcomes(work, wanted)) as outcomes:
                for outcome in outcomes:
                    if outcome.error is not None:
                        raise outcome.error
                    lost += outcome.lost
                    advance(len(outcome.task))
        except (KeyboardInterrupt, TsganError) as error:
            error.add_note(f"its complete files are kept in {folder}; add --resume to go on")
            raise
        complete(target, request)
    return Written(request.paths, request.paths - missing, lost)


def missing_blocks(target: Target, request: WriteRequest) -> list[range]:
    """Return the paths of each file that is still to be written; nothing is changed.

    Raises:
        ConfigError: the folder holds files of another request, or of this one without ``resume``.
    """
    each = request.file_paths
    return [
        range(first, min(first + each, run.stop))
        for run in missing_paths(target, request)
        for first in range(run.start, run.stop, each)
    ]


def complete(target: Target, request: WriteRequest) -> None:
    """Write the manifest of a folder whose files workers have written; DataError if one lacks."""
    there = set(target.place.names())
    if absent := [name for name in block_names(request) if name not in there]:
        raise DataError(
            f"{target.text}: expected a folder that every worker sees, {len(absent):,} files that "
            f"were written are not here, {absent[0]} the first; choose a folder of a disk that all "
            "machines share, or an address such as s3://bucket/name/"
        )
    target.sweep()  # what lost workers have left
    complete_folder(target, request)


def absolute(folder: str | Path) -> str:
    """Return a path that means the same in every process; an address as it is."""
    text = str(folder)
    return text if "://" in text else str(Path(text).absolute())
