"""Scenario files: written piece by piece, so that memory does not grow with the paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from tsgan.errors import ConfigError, DataError
from tsgan.files import FULL
from tsgan.locks import alone
from tsgan.scenario_folders import FolderSink, begin_folder, complete_folder, missing_paths
from tsgan.scenario_groups import Source, handed_on, pieces
from tsgan.scenario_journal import ENDING, Journal
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_sinks import ArraySink, CsvSink, ParquetSink, Sink
from tsgan.scenario_targets import Target, demand_new, demand_room, size, target_of
from tsgan.scenario_wide import WideSink
from tsgan.scenarios import Scenarios


@dataclass(frozen=True)
class Written:
    """What was written: ``paths`` in all, of which ``reused`` were there already.

    Of many workers, ``lost`` were lost in the middle, as far as it is known; others did their part.
    """

    paths: int
    reused: int
    lost: int = 0


def check_target(
    target: str | Path,
    *,
    partition: int | None = None,
    shape: str = "long",
    overwrite: bool = True,
) -> Target:
    """Return the target of a path or address, or raise ConfigError before any work.

    A folder is meant where the name ends in a slash or ``partition`` is given. A file that is there
    is replaced, unless ``overwrite`` says no.
    """
    found = target_of(target, folder=partition is not None)
    if shape == "wide" and (not found.file or found.suffix == ".npy"):
        what = "a folder" if not found.file else found.suffix
        raise ConfigError(
            f"{target}: expected a name that ends in .parquet or .csv for a wide table, got "
            f"{what}; rename it, or leave the shape out"
        )
    if not overwrite:
        demand_new(found)
    return found


def write_scenarios(
    target: str | Path,
    groups: Source | Iterable[Scenarios],
    request: WriteRequest,
    advance: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write scenarios to a file or a folder, each of which appears when it is complete.

    ``.parquet`` and ``.csv`` hold a long or a wide table, see ``WriteRequest``; ``.npy`` the log
    returns alone, float64, (paths, horizon) or (paths, horizon, assets). A name that ends in a
    slash, or a ``partition``, stands for a folder of Parquet files. Addresses such as
    ``s3://bucket/x.parquet`` are opened with fsspec.

    Sampling and writing go on at the same time. What is interrupted leaves no file that looks
    complete. A folder keeps its whole files; beside a large file, or with ``request.resume``, what
    was sampled is kept as ``<name>.partial`` until it is done. ``request.resume`` goes on with
    either; a file behind an address begins anew.

    Args:
        target: path or address.
        groups: paths from 0 on, in order; or a function that gives those of a range, without
            which nothing can be gone on with.
        request: how many paths, in which shape.
        advance: is told of every so many paths that are sampled, or were there already.

    Raises:
        ConfigError: for a target or a request that cannot be met, before anything is sampled.
        DataError: if the writing fails.
    """
    found = check_target(target, partition=request.partition, shape=request.shape)
    if request.resume and not callable(groups):
        raise ConfigError(
            "resume: expected groups as a function of a range of paths, got groups; pass a "
            "function, or leave resume out"
        )
    source: Source = groups if callable(groups) else lambda _: groups
    write = _write_file if found.file else _write_folder
    with _full_disk_told(found, request):
        return Written(request.paths, write(found, source, request, advance))


def _write_folder(
    target: Target, source: Source, request: WriteRequest, advance: Callable[[int], None]
) -> int:
    """Write those files of a folder that are missing; return how many paths were there."""
    if request.first:
        raise ConfigError(
            f"{target.text}: expected a file for a part of the paths, got a folder, which has them "
            "all; name a file"
        )
    wanted = missing_paths(target, request)
    missing = sum(map(len, wanted))
    demand_room(target, request.file_bytes(".parquet") * missing / request.paths)
    target.place.prepare()
    folder = target.place.folder
    with nullcontext() if folder is None else alone(folder):
        begin_folder(target, request)
        advance(request.paths - missing)
        cut = (pieces(source(run), run, request, request.file_paths) for run in wanted)
        with _noted(lambda: _folder_note(target)), _aborting(FolderSink(target, request)) as sink:
            handed_on(_told(chain.from_iterable(cut), advance), sink.write)
        complete_folder(target, request)
    return request.paths - missing


def _folder_note(target: Target) -> str:
    return f"its complete files are kept in {target.text}; add --resume to go on"


def _write_file(
    target: Target, source: Source, request: WriteRequest, advance: Callable[[int], None]
) -> int:
    """Write a file; return how many of its paths were kept beside it."""
    folder = target.place.folder
    path = None if folder is None else folder / (target.file + ENDING)
    if path is not None and path.exists() and not request.resume:
        raise ConfigError(
            f"{path}: an interrupted run has left its paths here; add --resume to go on, or "
            "delete the file to begin anew"
        )
    keeps = path is not None and request.kept
    there = path.stat().st_size if path is not None and path.exists() else 0
    demand_room(target, request.file_bytes(target.suffix) + request.scratch_bytes - there)
    if path is not None:
        target.sweep()
    with ExitStack() as stack:
        journal = stack.enter_context(_journal(path, request)) if path and keeps else None
        kept = 0 if journal is None else journal.paths
        wanted = request.wanted
        groups = source(wanted[kept:])
        if journal is not None and kept:
            groups = chain(journal.kept(next(iter(source(wanted[:1])))), groups)
        file = stack.enter_context(target.place.replacing(target.file))
        sink = stack.enter_context(_aborting(_sink(target, file, request)))

        def write(group: Scenarios) -> None:
            if journal is not None:
                journal.append(group)
            sink.write(group)

        cut = pieces(groups, wanted, request, request.paths)
        handed_on(_told(cut, advance), write)
    return kept


def _sink(target: Target, file: BinaryIO, request: WriteRequest) -> Sink:
    if target.suffix == ".npy":
        return ArraySink(file, request)
    text = target.suffix == ".csv"
    inner = CsvSink(file) if text else ParquetSink(file, request)
    if request.shape == "long":
        return inner
    return WideSink(inner, request, target.place.folder, plain_dates=text)


def _told(groups: Iterable[Scenarios], advance: Callable[[int], None]) -> Iterator[Scenarios]:
    for group in groups:
        yield group
        advance(len(group.numbers))


@contextmanager
def _aborting(sink: Sink) -> Iterator[Sink]:
    """Finish a sink, or abort it if the block or its end fails."""
    try:
        yield sink
        sink.finish()
    except BaseException:
        sink.abort()
        raise


@contextmanager
def _journal(path: Path, request: WriteRequest) -> Iterator[Journal]:
    """Keep sampled paths until the block succeeds."""
    journal = Journal(path, request)
    try:
        with _noted(lambda: _kept_note(journal) if journal.paths else ""):
            yield journal
    except BaseException:
        journal.close(done=False)
        raise
    journal.close(done=True)


def _kept_note(journal: Journal) -> str:
    return f"{journal.paths:,} paths are kept in {journal.path}; add --resume to go on"


@contextmanager
def _noted(note: Callable[[], str]) -> Iterator[None]:
    """Add to an interrupt or a failure what is kept of the work."""
    try:
        yield
    except (KeyboardInterrupt, DataError, OSError) as error:
        if text := note():
            error.add_note(text)
        raise


@contextmanager
def _full_disk_told(target: Target, request: WriteRequest) -> Iterator[None]:
    """Say of a full disk how much is needed; and of any failure what is kept."""
    try:
        yield
    except (DataError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        kept = "; ".join(getattr(error, "__notes__", []))
        if not isinstance(cause, OSError) or cause.errno not in FULL:
            raise
        needed = size(request.file_bytes(target.suffix))
        raise DataError(
            f"cannot write {target.text}: {cause.strerror}, of about {needed} in all; free some "
            f"space, ask for fewer paths or steps, or choose another place{kept and '; ' + kept}"
        ) from error
