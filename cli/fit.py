"""``tsgan fit``: price file in, model directory and report out."""

from __future__ import annotations

import shlex
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tsgan.cli import fit_options as options
from tsgan.cli.announcements import announce, say_trained
from tsgan.cli.common import (
    INTERRUPTED,
    Column,
    PricesFile,
    parse_duration,
    parse_holdout,
    reports_errors,
)
from tsgan.cli.interrupts import interrupts
from tsgan.cli.model_directory import demand_free, resumed_run
from tsgan.cli.reading_options import options_given, with_reading
from tsgan.config import Config, TrainingConfig
from tsgan.errors import DataError, ShortSeriesWarning
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.callbacks import Callback
    from tsgan.data.prices import Prices
    from tsgan.model import TimeSeriesGAN

WHOLE = ("window", "holdout", "seed", "device", "conditions", "labels", "bars", "calendar")
"""Options for settings of the whole configuration; the others are of its training."""


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
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    reading: ReadConfig = ReadConfig(),  # noqa: B008 - frozen
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
        "objective": objective,
        "preset": preset,
        "steps": steps,
        "max_seconds": None if max_time is None else parse_duration(max_time),
        "patience": patience,
        "max_gradient_norm": clip_gradients,
        "precision": precision,
        "conditions": tuple(condition) if condition else None,
        "labels": tuple(label) if label else None,
        "bars": bars or None,
        "calendar": calendar,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    directory = out or Path(f"{prices.name.split('.')[0]}-model")
    columns = column or []
    if resume:
        asked_anew = [*map(_option, given), *options_given(reading)[::2]]
        config, recorded, reading = resumed_run(directory, asked_anew)
        columns = columns or recorded
    else:
        config = _configuration(given)
        demand_free(directory, overwrite)
    again = ["tsgan", "fit", str(prices), "--out", str(directory), "--resume"]
    again += ["--tensorboard"] if tensorboard else []
    _fit(
        prices,
        _read(prices, columns, reading, config, resume),
        config,
        directory,
        shlex.join(again),
        resume,
        tensorboard,
    )


def _option(name: str) -> str:
    """Return the option of a setting."""
    others = {"max_seconds": "max-time", "max_gradient_norm": "clip-gradients"}
    others |= {"conditions": "condition", "labels": "label"}
    return "--" + others.get(name, name)


def _configuration(given: dict[str, Any]) -> Config:
    """Return the preset of the objective, changed by the settings that were given."""
    from tsgan.objectives import preset

    objective = given.pop("objective", TrainingConfig.objective)
    settings = preset(objective, given.pop("preset", options.PRESETS[0]))
    whole = {name: given.pop(name) for name in WHOLE if name in given}
    return Config(**whole, training=TrainingConfig(**{**settings, **given}))


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
) -> None:
    """Train and evaluate; say what comes after. ``again`` is the command that resumes the run."""
    from tsgan.model import TimeSeriesGAN

    callbacks = _prepare(path, prices, config, directory, tensorboard)
    with interrupts() as interrupted, warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortSeriesWarning)  # it has been announced
        model = TimeSeriesGAN(config).fit(
            prices,
            beside=path,
            directory=directory,
            resume=resume,
            callbacks=callbacks,
            stop=lambda: bool(interrupted),
        )
    if not model.training_.finished:
        typer.echo(
            f"tsgan: interrupted after {model.training_.steps:,} steps; saved in {directory}. "
            f"Go on with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    say_trained(model)
    try:
        if interrupted:  # in the last moment of training
            raise KeyboardInterrupt
        _evaluate(model, prices, path, directory)
    except KeyboardInterrupt:
        typer.echo(
            f"tsgan: interrupted; the model in {directory} is whole, its report is not written. "
            f"Write it with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"Next: open {directory / 'report.html'} in a browser, then")
    typer.echo(f"      tsgan generate {directory} --paths 500 --horizon 252 --out paths.parquet")


def _prepare(
    path: Path, prices: Prices, config: Config, directory: Path, tensorboard: bool
) -> list[Callback]:
    """Refuse what can be refused, make the directory, announce; return who listens to the run."""
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
    announce(prices, config, prepared, str(device), directory)
    return callbacks


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
