"""``tsgan fit-images``: images in, model directory and report out."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tsgan.cli import fit_options, image_options
from tsgan.cli.common import duration, parse_duration, reports_errors
from tsgan.cli.image_sources import read_sets
from tsgan.cli.interrupts import after_training, demand_finished, interrupts, kept_state
from tsgan.cli.model_directory import demand_free, resumed_images
from tsgan.config import TrainingConfig
from tsgan.locks import alone

if TYPE_CHECKING:
    from collections.abc import Callable

    from tsgan.callbacks import Callback
    from tsgan.data.image_sets import ImageSets
    from tsgan.images.config import ImageConfig
    from tsgan.images.model import ImageGAN

SETTINGS = (
    *("labels", "groups", "codes", "network", "objective", "preset", "steps", "max-time", "batch"),
    *("batch-norm", "seed", "device", "precision"),
)
"""Options that a run goes on with as they were."""


@reports_errors
def fit_images(
    context: typer.Context,
    images: image_options.Source,
    out: image_options.Out = None,
    labels: image_options.Labels = False,
    groups: image_options.Groups = None,
    codes: image_options.Codes = None,
    network: image_options.Network = image_options.DEFAULT_NETWORK,
    objective: image_options.Objective = None,
    preset: image_options.Preset = fit_options.PRESETS[0],
    max_time: image_options.MaxTime = None,
    steps: image_options.Steps = None,
    batch: image_options.Batch = None,
    batch_norm: image_options.BatchNorm = True,
    seed: fit_options.Seed = None,
    device: fit_options.Device = None,
    precision: fit_options.Precision = None,
    tensorboard: fit_options.Tensorboard = False,
    evaluation: fit_options.Evaluated = True,
    resume: fit_options.Resume = False,
    overwrite: image_options.Overwrite = False,
) -> None:
    """Fit a model to images of 28×28, such as MNIST, evaluate it, and write a report."""
    if steps is not None and max_time is not None:
        raise typer.BadParameter("expected one of --steps and --max-time, got both")
    if resume and overwrite:
        raise typer.BadParameter("expected one of --resume and --overwrite, got both")
    whole = {"labels": labels, "groups": groups, "seed": seed, "device": device}
    if codes is not None:
        whole["codes"], whole["code_numbers"] = image_options.parse_codes(codes)
    training = {
        "steps": steps,
        "max_seconds": None if max_time is None else parse_duration(max_time),
        "batch": batch,
        "precision": precision,
    }
    directory = out or Path(f"{Path(images).resolve().name.split('.')[0] or 'images'}-model")
    if resume:
        config = resumed_images(directory, _asked(context))
    else:
        kind = {"kind": network} if batch_norm else {"kind": network, "batch_norm": False}
        config = _configuration(kind, objective, preset, _given(whole), _given(training))
        demand_free(directory, overwrite)
    again = ["tsgan", "fit-images", images, "--out", str(directory), "--resume"]
    again += ["--tensorboard"] if tensorboard else []
    sets = read_sets(images)
    callbacks, announced = _prepare(sets, config, directory, tensorboard, evaluation)
    with alone(directory):
        announced()
        _fit(sets, config, directory, callbacks, shlex.join(again), resume, evaluation)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _asked(context: typer.Context) -> list[str]:
    """Return the options for settings that were given on the command line."""
    sources = {
        name.replace("_", "-"): context.get_parameter_source(name) for name in context.params
    }
    return [
        f"--{name}"
        for name in SETTINGS
        if (source := sources.get(name)) is not None and source.name == "COMMANDLINE"
    ]


def _configuration(
    kind: dict[str, Any],
    objective: str | None,
    name: str,
    whole: dict[str, Any],
    training: dict[str, Any],
) -> ImageConfig:
    """Return the preset of network and objective, changed by the settings that were given."""
    from dataclasses import replace

    from tsgan.images.config import ImageNetworkConfig
    from tsgan.images.presets import image_config

    network = ImageNetworkConfig(**kind)
    default = image_options.COUPLED_OBJECTIVE if network.couples else TrainingConfig.objective
    usual = image_config(network, objective or default, name, **whole)
    return replace(usual, training=replace(usual.training, **training))


def _prepare(
    sets: ImageSets, config: ImageConfig, directory: Path, tensorboard: bool, evaluation: bool
) -> tuple[list[Callback], Callable[[], None]]:
    """Refuse what can be refused, make the directory; return who listens, and the announcement."""
    from tsgan.checkpoint import make_directory
    from tsgan.cli.image_progress import ImageProgress
    from tsgan.device import resolve_device, resolve_precision
    from tsgan.images.assessment import unjudged
    from tsgan.images.image_run import demand_classes
    from tsgan.logs import EVENTS, EventFiles
    from tsgan.objectives import make_objective

    demand_classes(sets, config)
    device = resolve_device(config.device)
    resolve_precision(config.training.precision, device)
    objective = make_objective(config.training)
    callbacks: list[Callback] = [ImageProgress(objective)]
    if tensorboard:
        callbacks.append(EventFiles(directory / EVENTS, objective.distance))
    make_directory(directory)
    reason = unjudged(sets) if evaluation else ""
    return callbacks, partial(_announce, sets, config, str(device), directory, reason)


def _announce(
    sets: ImageSets, config: ImageConfig, device: str, directory: Path, unjudged: str
) -> None:
    """Say what will be done, for how long, and why it will not be judged."""
    training, names = sets.training, sets.training.classes
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    classes = f"{len(names)} classes: {shown}" if names else "without classes"
    typer.echo(
        f"Read {training.source}: {len(training):,} to learn from, {len(sets.test):,} to test "
        f"with, {classes}."
    )
    for note in sets.notes:
        typer.echo("  " + note)
    steps = config.training.steps
    length = duration(config.training.max_seconds) if steps is None else f"{steps:,} steps"
    typer.echo(
        f"Training {config.training.objective}, network {config.network.kind}, "
        f"{_conditions(config)} for {length} on {device}, seed {config.seed}; model in {directory}."
    )
    if unjudged:
        typer.echo(f"  There is no judge, since {unjudged}: it will be shown, but not measured.")


def _conditions(config: ImageConfig) -> str:
    told = ["labels learned"] if config.labels else []
    if config.groups:
        told.append(f"up to {config.groups} groups of images that look alike")
    if config.codes or config.code_numbers:
        numbers = f" and {config.code_numbers} numbers" if config.code_numbers else ""
        classes = f"{config.codes} classes" if config.codes else ""
        told.append(f"a code of {classes}{numbers if classes else numbers[5:]} to be found")
    return ", ".join(told) or "nothing given"


def _fit(
    sets: ImageSets,
    config: ImageConfig,
    directory: Path,
    callbacks: list[Callback],
    again: str,
    resume: bool,
    evaluation: bool,
) -> None:
    """Train and evaluate; say what comes after. ``again`` is the command that resumes the run."""
    model, interrupted = _trained(sets, config, directory, callbacks, again, resume)
    training = model.training_
    demand_finished(training, directory, again)
    typer.echo(f"Trained {training.steps:,} steps in {duration(training.seconds)}.")
    with after_training(directory, again, interrupted):
        _finish(model, sets, directory, evaluation)
    _say_next(model, directory, (directory / "report.html").is_file())


def _trained(
    sets: ImageSets,
    config: ImageConfig,
    directory: Path,
    callbacks: list[Callback],
    again: str,
    resume: bool,
) -> tuple[ImageGAN, bool]:
    """Return the model, and whether a signal came while it was trained."""
    from tsgan.images.model import ImageGAN

    model = ImageGAN(config)
    with (
        kept_state(directory, again, lambda: resume or hasattr(model, "training_")),
        interrupts() as interrupted,
    ):
        model.fit(
            sets,
            directory=directory,
            resume=resume,
            callbacks=callbacks,
            stop=lambda: bool(interrupted),
        )
    return model, bool(interrupted)


def _finish(model: ImageGAN, sets: ImageSets, directory: Path, evaluation: bool) -> None:
    """Write the pictures and, where there are classes and it is wanted, the evaluation."""
    from tsgan.images.assessment import (
        evaluate_model,
        model_pictures,
        unjudged,
        write_evaluation,
        write_pictures,
    )
    from tsgan.images.code_meanings import code_meanings

    write_pictures(directory, model, model_pictures(model))
    codes: list[tuple[str, str]] = []
    if model.fitted_.recogniser is not None:
        typer.echo("What the codes turned out to mean:")
        meanings = code_meanings(model, sets)
        for line in meanings.lines:
            typer.echo("  " + line)
        codes = meanings.rows
    if not evaluation or unjudged(sets):
        return
    from tsgan.cli.image_tables import print_image_evaluation
    from tsgan.cli.progress import stage_bar

    typer.echo("Evaluating it by a judge, a small classifier of the training images.")
    with stage_bar("evaluating") as told:
        found = evaluate_model(model, sets, progress=told)
    write_evaluation(directory, model, found, codes)
    print_image_evaluation(found)


def _say_next(model: ImageGAN, directory: Path, report: bool) -> None:
    see = directory / ("report.html" if report else "samples.png")
    where = " in a browser" if report else ""
    names = model.conditions_.names
    given = ""
    if names:
        name = next(iter(names))
        given = f" --given {name}=" + ("0.5" if name.startswith("c1") else "all")
    typer.echo(f"Next: open {see}{where}, then")
    typer.echo(f"      tsgan generate {directory} --images 100{given} --out images.png")
