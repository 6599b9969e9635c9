"""``tsgan fit-many``: a model for each of many price files, by many processes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsgan.cli.common import INTERRUPTED, Column, duration, reports_errors
from tsgan.cli.engine_options import Address, EngineName, EngineOption, Workers, engine_of
from tsgan.cli.fit import fit
from tsgan.cli.fit_options import Evaluated
from tsgan.cli.fit_settings import configuration, with_settings
from tsgan.cli.reading_options import with_reading
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.many_fits import FitFound, FitTask, FitWork
    from tsgan.tasks import Outcome
    from tsgan.tasks import Workers as TaskWorkers

    Outcomes = dict[FitTask, Outcome[FitTask, FitFound]]

LONGEST_TABLE = 40
"""Lines that are printed; of more files, only those that failed."""

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="PRICES...",
        help="Price files, a pattern in quotes such as 'prices/*.csv', or a folder of them.",
    ),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", help="Folder; each model is in a directory named after its file."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Keep models that are finished, and go on with those that were interrupted.",
    ),
]


@reports_errors
@with_reading
@with_settings(fit)
def fit_many(
    prices: Sources,
    out: Out,
    settings: dict[str, Any],
    column: Column = None,
    evaluation: Evaluated = True,
    resume: Resume = False,
    engine: EngineOption = None,
    workers: Workers = None,
    address: Address = None,
    reading: ReadConfig = ReadConfig(),  # noqa: B008 - frozen
) -> None:
    """Fit a model to each of many price files, several at a time.

    Each is the model of tsgan fit FILE with the same options, the seed among them.
    """
    from tsgan.checkpoint import make_directory
    from tsgan.engines import opened
    from tsgan.fit_results import RESULTS, write_results
    from tsgan.fit_tasks import fit_tasks, price_files
    from tsgan.locks import alone
    from tsgan.many_fits import FitWork, ended_meanwhile

    many = engine_of(engine or EngineName.local, workers, address)
    assert many is not None
    tasks = fit_tasks(price_files(prices), out)
    _demand_free(tasks, resume)
    _demand_results(out / RESULTS)
    work = FitWork(configuration(settings), Path.cwd(), reading, tuple(column or ()), evaluation)
    make_directory(out)
    with alone(out), opened(many) as crew:
        _announce(tasks, work, crew, out)
        outcomes: Outcomes = {}
        try:
            _follow(tasks, work, crew, outcomes)
            stopped = False
        except KeyboardInterrupt:
            stopped = True
            outcomes |= ended_meanwhile(tasks, work, outcomes)
        write_results(out / RESULTS, tasks, list(outcomes.values()))
    _print_table(tasks, outcomes)
    _say_next(tasks, outcomes, out / RESULTS, stopped)


def _demand_free(tasks: Sequence[FitTask], resume: bool) -> None:
    """Refuse directories of others before any work; and models, unless they are gone on with."""
    from tsgan.cli.model_directory import demand_free

    for task in tasks:
        demand_free(task.directory, resume, "delete it to fit it anew")


def _demand_results(path: Path) -> None:
    """Refuse to write over a table that is of something else."""
    from tsgan.errors import ConfigError
    from tsgan.fit_results import COLUMNS

    with suppress(FileNotFoundError):
        with path.open("rb") as file:
            first = file.readline(1_000)
        if first.decode("utf-8", "replace").rstrip() != ",".join(COLUMNS):
            raise ConfigError(
                f"{path}: expected no file, or the table of an earlier tsgan fit-many, found "
                "another one; choose another --out, or move it away"
            )


def _announce(tasks: Sequence[FitTask], work: FitWork, crew: TaskWorkers, out: Path) -> None:
    """Say what will be done, by whom, and for how long."""
    training = work.config.training
    count = "1 model" if len(tasks) == 1 else f"{len(tasks):,} models"
    length = (
        f"{training.steps:,} steps"
        if training.steps is not None
        else duration(training.max_seconds)
    )
    told = f"Fitting {count}, {training.objective}, each for {length}, seed {work.config.seed} for"
    told += f" all, {min(crew.count, len(tasks)):,} at a time by {crew.described}"
    if training.steps is None:
        rounds = -(-len(tasks) // crew.count)
        told += f": {duration(rounds * training.max_seconds)} of training in all"
    typer.echo(f"{told}; models in {out}.")
    for task in tasks[:3]:
        typer.echo(f"  {task.prices} → {task.directory}")
    if len(tasks) > 3:
        typer.echo(f"  … and {len(tasks) - 3:,} more")


def _follow(tasks: Sequence[FitTask], work: FitWork, crew: TaskWorkers, outcomes: Outcomes) -> None:
    """Fit, keep what comes of each, and say so with the time that is left."""
    from contextlib import closing

    from tsgan.cli.progress import progress_bar
    from tsgan.many_fits import fit_many

    began, fitted = time.monotonic(), 0
    with (
        progress_bar(f"fitting {len(tasks):,} models", len(tasks)) as advance,
        closing(fit_many(tasks, work, crew)) as found,
    ):
        for outcome in found:
            outcomes[outcome.task] = outcome
            fitted += outcome.made is None or not outcome.made.there
            left = len(tasks) - len(outcomes)
            text = f"{len(outcomes):,} of {len(tasks):,}  {_told(outcome)}"
            if left:
                text += f"; {left:,} left"
            if left and fitted >= min(crew.count, len(tasks)):
                text += f", about {duration((time.monotonic() - began) / fitted * left)}"
            typer.echo(text, err=True)
            advance(1)


def _told(outcome: Outcome[FitTask, FitFound]) -> str:
    """Return in a few words what came of a fit."""
    name, made = outcome.task.directory.name, outcome.made
    if made is None:
        return f"{name}: failed: {' '.join(str(outcome.error).split())}"
    rows = "" if made.rows is None else f", {made.at_mark} of {made.rows} rows at the 50 % mark"
    there = "was there, " if made.there else ""
    again = f", after {outcome.lost} lost in the middle" if outcome.lost else ""
    return f"{name}: {there}{made.steps:,} steps in {duration(made.seconds)}{rows}{again}"


def _print_table(tasks: Sequence[FitTask], outcomes: Outcomes) -> None:
    """Print a line for each file, or, of very many, for each that failed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tsgan.fit_results import cells

    shown = [
        task
        for task in tasks
        if len(tasks) <= LONGEST_TABLE or task not in outcomes or outcomes[task].made is None
    ][:LONGEST_TABLE]
    if not shown:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("file", "model"):
        table.add_column(name, overflow="fold")
    for name in ("steps", "minutes", "rows at 50 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("error", overflow="fold")
    for task in shown:
        file, model, steps, minutes, at_mark, rows, error = cells(task, outcomes.get(task))
        marks = f"{at_mark} of {rows}" if rows else ""
        table.add_row(*map(Text, (file, model, steps, minutes, marks, error)))
    Console().print(table)


def _say_next(tasks: Sequence[FitTask], outcomes: Outcomes, results: Path, stopped: bool) -> None:
    """Say what is there and what comes after; end with 1 if any failed, 130 if interrupted."""
    done = [task for task in tasks if task in outcomes and outcomes[task].made is not None]
    failed = len(outcomes) - len(done)
    kept = sum(outcome.made is not None and outcome.made.there for outcome in outcomes.values())
    typer.echo(
        f"Fitted {len(done) - kept:,} of {len(tasks):,} models"
        + (f", kept {kept:,} that {'was' if kept == 1 else 'were'} there" if kept else "")
        + (f", {failed:,} failed" if failed else "")
        + f"; all are listed in {results}."
    )
    if stopped:
        typer.echo(
            "tsgan: interrupted; what is trained is saved. Go on with the same command and "
            "--resume",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    if done:
        typer.echo("Next: paths of each, by noise of its own, in a folder of Parquet files:")
        typer.echo(
            f"      tsgan generate {results.parent} --paths 500 --horizon 252 --engine local "
            f"--out {results.parent.name}-paths"
        )
    if failed:
        typer.echo(
            f"tsgan: {failed:,} of {len(tasks):,} failed; mend or remove what their lines name, "
            "then give the same command with --resume",
            err=True,
        )
        raise typer.Exit(1)
