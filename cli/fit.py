"""``tsgan fit``: price file in, model directory and report out."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli.common import (
    INTERRUPTED,
    Column,
    PricesFile,
    duration,
    parse_duration,
    parse_holdout,
    reports_errors,
)
from tsgan.config import Config, TrainingConfig
from tsgan.errors import CheckpointError, ConfigError, DataError

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.model import TimeSeriesGAN

DEFAULTS = Config()


@reports_errors
def fit(
    prices: PricesFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Model directory; default: the file's name and -model."),
    ] = None,
    column: Column = None,
    window: Annotated[
        int | None,
        typer.Option("--window", help=f"Steps the fine critic sees; default {DEFAULTS.window}."),
    ] = None,
    max_time: Annotated[
        str | None,
        typer.Option(
            "--max-time",
            metavar="DURATION",
            help="Training time, such as 90s, 5m or 1h; default "
            f"{duration(DEFAULTS.training.max_seconds)}.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="Generator steps instead of a time: same seed, same weights."),
    ] = None,
    objective: Annotated[
        str | None, typer.Option("--objective", help=f"Default {DEFAULTS.training.objective}.")
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(
            "--holdout",
            metavar="FRACTION|DATE",
            help="End of the series kept from training to choose the checkpoint: 0.2, or the first "
            "date; 0 keeps the last weights; default: a tenth, at most 252 returns, and nothing "
            "where that is less than a window.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Default 0.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Default auto.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted fit.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model in --out.")
    ] = False,
) -> None:
    """Fit a model to a price file, evaluate it, and write a report."""
    if steps is not None and max_time is not None:
        raise typer.BadParameter("expected one of --steps and --max-time, got both")
    if resume and overwrite:
        raise typer.BadParameter("expected one of --resume and --overwrite, got both")
    asked = {
        "window": window,
        "holdout": None if holdout is None else parse_holdout(holdout),
        "seed": seed,
        "device": device,
    }
    budget = {
        "objective": objective,
        "steps": steps,
        "max_seconds": None if max_time is None else parse_duration(max_time),
    }
    directory = out or Path(f"{prices.name.split('.')[0]}-model")
    asked = {name: value for name, value in asked.items() if value is not None}
    budget = {name: value for name, value in budget.items() if value is not None}
    columns = column or []
    if resume:
        config, recorded = _resumed_run(directory, {**asked, **budget})
        columns = columns or recorded
    else:
        config = Config(**asked, training=TrainingConfig(**budget))  # type: ignore[arg-type]
        _demand_free(directory, overwrite)
    _fit(prices, columns, config, directory, resume)


def _resumed_run(directory: Path, asked: dict[str, object]) -> tuple[Config, list[str]]:
    """Return the configuration and column of the interrupted run; neither can be changed."""
    from tsgan.checkpoint import TRAINING, read_manifest, read_training

    if asked:
        names = ", ".join("--" + n.replace("max_seconds", "max-time") for n in asked)
        raise ConfigError(
            f"--resume goes on with the settings of the interrupted run, got also {names}; leave "
            "them out, or start anew with --overwrite"
        )
    if not (directory / TRAINING).is_file():
        read_manifest(directory)  # says what is missing where this is no model at all
    numbers = read_training(directory)[1]
    try:
        return Config.from_dict(numbers["config"]), [str(numbers["column"])]
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(
            f"{directory}: expected the settings of an interrupted run, got others ({error}); "
            "start anew with --overwrite"
        ) from error


def _demand_free(directory: Path, overwrite: bool) -> None:
    """Raise ConfigError unless ``directory`` is new, empty, or a model to be overwritten."""
    from tsgan.checkpoint import foreign_files, is_model

    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    found = "a file" if not directory.is_dir() else next(iter(foreign_files(directory)), None)
    if found is not None:
        raise ConfigError(
            f"{directory}: expected a new directory or one of tsgan fit, found {found}; choose "
            "another --out"
        )
    if is_model(directory) and not overwrite:
        raise ConfigError(
            f"{directory}: holds a model already; go on with --resume, replace it with "
            "--overwrite, or choose another --out"
        )


def _fit(path: Path, columns: list[str], config: Config, directory: Path, resume: bool) -> None:
    """Read, train, evaluate; say what is done before and what comes after."""
    from tsgan.checkpoint import make_directory
    from tsgan.cli.progress import FitProgress
    from tsgan.data.prices import read_prices
    from tsgan.device import resolve_device
    from tsgan.fitting import prepare
    from tsgan.model import TimeSeriesGAN
    from tsgan.objectives import make_objective

    try:
        prices = read_prices(path, columns)
    except DataError:
        if not resume:
            raise
        prices = read_prices(path)  # a column that has no name in the file was given one
    facts = prepare(prices, config).facts
    device = resolve_device(config.device)
    make_objective(config.training.objective, config.training.penalty_weight)
    make_directory(directory)
    _announce(prices, config, facts.training, facts.returns, str(device), directory)
    model = TimeSeriesGAN(config)
    with _interrupts() as interrupted, FitProgress() as progress:
        model.fit(
            prices,
            directory=directory,
            resume=resume,
            on_step=progress,
            stop=lambda: bool(interrupted),
        )
    again = shlex.join(["tsgan", "fit", str(path), "--out", str(directory), "--resume"])
    if not model.training_.finished:
        typer.echo(
            f"tsgan: interrupted after {model.training_.steps:,} steps; saved in {directory}. "
            f"Go on with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    _say_trained(model)
    try:
        if interrupted:  # in the last moment of training
            raise KeyboardInterrupt
        _evaluate(model, prices, directory)
    except KeyboardInterrupt:
        typer.echo(
            f"tsgan: interrupted; the model in {directory} is whole, its report is not written. "
            f"Write it with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"Next: open {directory / 'report.html'} in a browser, then")
    typer.echo(f"      tsgan generate {directory} --paths 500 --horizon 252 --out paths.parquet")


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM in a list instead of stopping in the middle of a step."""
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in signals]
    try:
        yield caught
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _announce(
    prices: Prices, config: Config, training: int, returns: int, device: str, directory: Path
) -> None:
    """Say what will be done, and for how long."""
    from tsgan.fitting import FEW_RETURNS

    dates = ""
    if prices.has_dates:
        first, last = prices.values.index[0], prices.values.index[-1]
        dates = f", {first:%Y-%m-%d} … {last:%Y-%m-%d}"
    typer.echo(f"Read {prices.source}: {len(prices):,} prices{dates}, column {prices.names[0]}.")
    for note in prices.notes:
        typer.echo("  " + note)
    held = returns - training
    kept = f"the last {held:,} choose the checkpoint" if held else "none held out"
    length = (
        f"{config.training.steps:,} steps"
        if config.training.steps is not None
        else duration(config.training.max_seconds)
    )
    typer.echo(
        f"Training {config.training.objective} on {training:,} of {returns:,} log returns ({kept}) "
        f"for {length} on {device}, seed {config.seed}; model in {directory}."
    )
    if training < FEW_RETURNS:
        typer.echo(
            f"tsgan: warning: {training} returns are few: expect the centre of the distribution to "
            "be learned, tails and memory beyond a few weeks hardly",
            err=True,
        )


def _say_trained(model: TimeSeriesGAN) -> None:
    training = model.training_
    score = ""
    if training.best_score is not None:
        last = 1 - model.config.training.score_from
        score = f", the lowest held-out score of the last {last:.0%} ({training.best_score:.3f})"
    typer.echo(
        f"Trained {training.steps:,} steps in {duration(training.seconds)}; kept the average of "
        f"weights of step {training.best_step:,}{score}."
    )


def _evaluate(model: TimeSeriesGAN, prices: Prices, directory: Path) -> None:
    """Write ``metrics.json``, ``report.html`` and ``training.png``, and print the table."""
    from tsgan.cli.progress import stage_bar
    from tsgan.cli.tables import print_evaluation
    from tsgan.judge import evaluate_model, write_evaluation

    typer.echo("Evaluating it against the real series, a bootstrap's noise band and GARCH.")
    with stage_bar("evaluating") as told:
        found = evaluate_model(model, prices, progress=told)
    write_evaluation(directory, model, found)
    print_evaluation(found)
