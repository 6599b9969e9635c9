"""``tsgan fit``: price file in, model directory and report out."""

from __future__ import annotations

import shlex
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tsgan.cli import fit_options as options
from tsgan.cli.announcements import announce, say_trained
from tsgan.cli.common import Column, PricesFile, reports_errors
from tsgan.cli.fit_settings import asked_settings, configuration, option
from tsgan.cli.interrupts import after_training, demand_finished, interrupts, kept_state
from tsgan.cli.model_directory import demand_free, resumed_run
from tsgan.cli.reading_options import options_given, with_reading
from tsgan.cli.several import command, is_first, joined_ranks
from tsgan.config import Config
from tsgan.errors import DataError, ShortSeriesWarning
from tsgan.locks import alone
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from tsgan.callbacks import Callback
    from tsgan.data.prices import Prices
    from tsgan.model import TimeSeriesGAN


@reports_errors
@with_reading
def fit(
    prices: PricesFile,
    out: options.Out = None,
    column: Column = None,
    window: options.Window = None,
    max_time: options.MaxTime = None,
    steps: options.Steps = None,
    objective: options.Objective = None,
    preset: options.Preset = None,
    patience: options.Patience = None,
    batch: options.Batch = None,
    clip_gradients: options.ClipGradients = None,
    precision: options.Precision = None,
    holdout: options.Holdout = None,
    condition: options.Conditions = None,
    label: options.Labels = None,
    bars: options.BarsToo = False,
    calendar: options.CalendarName = None,
    seed: options.Seed = None,
    device: options.Device = None,
    tensorboard: options.Tensorboard = False,
    evaluation: options.Evaluated = True,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    reading: ReadConfig = ReadConfig(),  # noqa: B008 - frozen
) -> None:
    """Fit a model to a price file, evaluate it, and write a report."""
    if resume and overwrite:
        raise typer.BadParameter("expected one of --resume and --overwrite, got both")
    given = asked_settings(
        window=window,
        max_time=max_time,
        steps=steps,
        objective=objective,
        preset=preset,
        patience=patience,
        batch=batch,
        clip_gradients=clip_gradients,
        precision=precision,
        holdout=holdout,
        condition=condition,
        label=label,
        bars=bars,
        calendar=calendar,
        seed=seed,
        device=device,
    )
    directory = out or Path(f"{prices.name.split('.')[0]}-model")
    columns = column or []
    if resume:
        asked_anew = [*map(option, given), *options_given(reading)[::2]]
        config, recorded, reading = resumed_run(directory, asked_anew)
        columns = columns or recorded
    else:
        config = configuration(given)
        if is_first():
            demand_free(directory, overwrite)
    again = ["fit", str(prices), "--out", str(directory), "--resume"]
    again += ["--tensorboard"] if tensorboard else []
    again += [] if evaluation else ["--no-evaluation"]
    _fit(
        prices,
        _read(prices, columns, reading, config, resume),
        config,
        directory,
        f"{command()} {shlex.join(again)}",
        resume,
        tensorboard,
        evaluation,
    )


def _read(
    path: Path, columns: list[str], reading: ReadConfig, config: Config, resume: bool
) -> Prices:
    from tsgan.data.prices import read_prices

    try:
        return read_prices(path, columns, reading, bars=config.bars)
    except DataError:
        if not resume:
            raise
        # a column without a name in the file was given one
        return read_prices(path, (), reading, bars=config.bars)


def _fit(
    path: Path,
    prices: Prices,
    config: Config,
    directory: Path,
    again: str,
    resume: bool,
    tensorboard: bool,
    evaluation: bool,
) -> None:
    """Train and evaluate; say what comes after. ``again`` is the command that resumes the run."""
    if not is_first():
        _train_and_evaluate(path, prices, config, directory, again, resume, [], evaluation)
        return
    callbacks, announced = _prepare(path, prices, config, directory, tensorboard)
    with alone(directory):
        announced()
        _train_and_evaluate(path, prices, config, directory, again, resume, callbacks, evaluation)


def _train_and_evaluate(
    path: Path,
    prices: Prices,
    config: Config,
    directory: Path,
    again: str,
    resume: bool,
    callbacks: list[Callback],
    evaluation: bool,
) -> None:
    model, interrupted = _trained(path, prices, config, directory, again, resume, callbacks)
    if not is_first():
        return
    demand_finished(model.training_, directory, again)
    say_trained(model)
    judging = again.removesuffix(" --no-evaluation")
    with after_training(directory, judging, interrupted):
        if evaluation:
            _evaluate(model, prices, path, directory)
    report = directory / "report.html"
    if report.exists():
        typer.echo(f"Next: open {report} in a browser, then")
    else:
        typer.echo(f"Next: its report, by {judging}, or")
    typer.echo(f"      tsgan generate {directory} --paths 500 --horizon 252 --out paths.parquet")


def _trained(
    path: Path,
    prices: Prices,
    config: Config,
    directory: Path,
    again: str,
    resume: bool,
    callbacks: list[Callback],
) -> tuple[TimeSeriesGAN, bool]:
    """Return the model, and whether a signal came while it was trained."""
    from tsgan.model import TimeSeriesGAN

    model = TimeSeriesGAN(config)
    with (
        kept_state(directory, again, lambda: resume or hasattr(model, "training_")),
        joined_ranks(config.device) as ranks,
        interrupts() as interrupted,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ShortSeriesWarning)  # it has been announced
        model.fit(
            prices,
            beside=path,
            directory=directory,
            resume=resume,
            callbacks=callbacks,
            stop=lambda: bool(interrupted),
            ranks=ranks,
        )
    return model, bool(interrupted)


def _prepare(
    path: Path, prices: Prices, config: Config, directory: Path, tensorboard: bool
) -> tuple[list[Callback], Callable[[], None]]:
    """Refuse what can be refused, make the directory; return who listens, and the announcement."""
    from tsgan.checkpoint import make_directory
    from tsgan.cli.progress import FitProgress
    from tsgan.device import resolve_device, resolve_precision
    from tsgan.logs import EVENTS, EventFiles
    from tsgan.objectives import make_objective
    from tsgan.preparation import prepare

    prepared = prepare(prices, config, path)
    device = resolve_device(config.device)
    resolve_precision(config.training.precision, device)
    objective = make_objective(config.training)
    callbacks: list[Callback] = [FitProgress(objective)]
    if tensorboard:
        callbacks.append(EventFiles(directory / EVENTS, objective.distance))
    make_directory(directory)
    return callbacks, partial(announce, prices, config, prepared, str(device), directory)


def _evaluate(model: TimeSeriesGAN, prices: Prices, path: Path, directory: Path) -> None:
    """Write ``metrics.json``, ``report.html`` and ``training.png``, and print the table."""
    from tsgan.cli.progress import stage_bar
    from tsgan.cli.tables import print_evaluation
    from tsgan.judge import evaluate_model, write_evaluation

    typer.echo("Evaluating it against the real series, a bootstrap's noise band and GARCH.")
    with stage_bar("evaluating") as told:
        found = evaluate_model(model, prices, beside=path, progress=told)
    write_evaluation(directory, model, found)
    print_evaluation(found)
