"""``tsgan generate --engine`` of a folder of models: a folder of scenario files for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tsgan.cli.common import INTERRUPTED, duration

if TYPE_CHECKING:
    from tsgan.engines import Engine
    from tsgan.many_folders import FolderFound, FolderTask
    from tsgan.production import Production
    from tsgan.scenario_groups import Source
    from tsgan.scenario_requests import WriteRequest
    from tsgan.tasks import Workers

Order = Callable[[Path, int], tuple["Production", "WriteRequest"]]
"""Model directory and seed to what is made, and what is asked of its writer."""


def models_in(folder: Path) -> list[Path]:
    """Return the model directories in a folder; none of one that is a model itself."""
    from tsgan.checkpoint import MANIFEST

    if not folder.is_dir() or (folder / MANIFEST).is_file():
        return []
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))


def generate_folders(
    models: Sequence[Path], out: str, order: Order, seed: int, engine: Engine
) -> None:
    """Fill a folder in ``out`` for each model, named after it; say what comes of each."""
    from tsgan.checkpoint import make_directory
    from tsgan.engines import opened
    from tsgan.locks import alone
    from tsgan.many_folders import FolderTask

    tasks = [
        FolderTask(f"{out}{model.name}", partial(_asked, order, model, seed)) for model in models
    ]
    far = "://" in out
    if not far:
        make_directory(Path(out))
    with nullcontext() if far else alone(Path(out)), opened(engine) as workers:
        typer.echo(
            f"Writing paths of {len(models):,} models to {out}, a folder for each, a file at a "
            f"time by each of {workers.described}; the seed of each is of {seed} and its name."
        )
        failed = _follow(tasks, workers)
    typer.echo(f"Wrote {len(models) - failed:,} of {len(models):,} folders in {out}.")
    if failed:
        typer.echo(
            f"tsgan: {failed:,} of {len(models):,} failed; mend what their lines name, then give "
            "the same command with --resume",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("Next: read a folder with pandas.read_parquet, or many with pyarrow.dataset.")


def _asked(order: Order, model: Path, seed: int) -> tuple[Source, WriteRequest]:
    from tsgan.many_folders import seed_of

    production, request = order(model, seed_of(model.name, seed))
    return production.groups, request


def _follow(tasks: Sequence[FolderTask], workers: Workers) -> int:
    """Say of each folder how it ended, and how much time is left; return how many failed."""
    from tsgan.cli.progress import progress_bar
    from tsgan.many_folders import write_folders

    began, done, failed = time.monotonic(), 0, 0
    try:
        with (
            progress_bar(f"writing {len(tasks):,} folders", len(tasks)) as advance,
            closing(write_folders(tasks, workers)) as found,
        ):
            for one in found:
                done += 1
                failed += one.error is not None
                left = len(tasks) - done
                spent = time.monotonic() - began
                ahead = f"; {left:,} left, about {duration(spent / done * left)}" if left else ""
                typer.echo(f"{done:,} of {len(tasks):,}  {_told(one)}{ahead}", err=True)
                advance(1)
    except KeyboardInterrupt:
        typer.echo(
            f"tsgan: interrupted; {done - failed:,} folders are complete, and complete files of "
            "others are kept. Go on with the same command and --resume",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    return failed


def _told(one: FolderFound) -> str:
    if one.error is not None:
        return f"{one.folder}: failed: {' '.join(str(one.error).split())}"
    return f"{one.folder}" + (f", {one.there:,} paths of which were there" if one.there else "")
