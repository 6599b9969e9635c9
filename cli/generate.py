"""``tsgan generate``: synthetic paths from a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tsgan.cli import generate_options as options
from tsgan.cli.common import reports_errors
from tsgan.cli.engine_options import Address, EngineOption, Workers, engine_of
from tsgan.cli.generate_folders import generate_folders, models_in
from tsgan.cli.generate_many import folder_of, write_by_many
from tsgan.cli.info import ModelDirectory
from tsgan.errors import ConfigError

if TYPE_CHECKING:
    from tsgan.model import TimeSeriesGAN
    from tsgan.production import Production
    from tsgan.scenario_requests import WriteRequest
    from tsgan.scenarios import Scenarios

DEFAULT_OUT = "scenarios.parquet"


@reports_errors
def generate(
    context: typer.Context,
    model: ModelDirectory,
    paths: options.Paths = None,
    horizon: options.Horizon = None,
    images: options.Images = None,
    seed: options.Seed = 0,
    only: options.Only = None,
    given: options.Given = None,
    extrapolate: options.Extrapolate = False,
    from_history: options.History = None,
    drift: options.Drift = None,
    start_price: options.StartPrice = None,
    start_date: options.StartDate = None,
    calendar: options.CalendarName = "auto",
    tick: options.Tick = None,
    out: options.Out = DEFAULT_OUT,
    shape: options.ShapeOption = options.Shape.long,
    values: options.ValuesOption = options.Values.close,
    partition: options.Partition = None,
    library: options.For = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    engine: EngineOption = None,
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Write synthetic paths: path, step, date, log_return, close, and open to volume of bars.

    Of a model of images, --images of them: a sheet, an array, or a folder.
    """
    if images is not None:
        from tsgan.cli.generate_images import generate_images

        shown = None if out == DEFAULT_OUT else out
        generate_images(context, model, images, seed, _numbers(only, images), given, shown)
        return
    if paths is None or horizon is None:
        missing = "--horizon" if horizon is None and paths is not None else "--paths"
        raise typer.BadParameter(
            f"missing option {missing}: expected --paths and --horizon, or --images of a model "
            "of images"
        )
    from tsgan.model import TimeSeriesGAN

    numbers = _numbers(only, paths)
    many = engine_of(engine, workers, address)
    if many is not None:
        others = {"--for": library, "--only": only, "--shape": shape is not options.Shape.long}
        out = folder_of(out, DEFAULT_OUT, others)
    folder = None if library is None else _check_folder(library, out, resume, partition, shape)
    if folder is None:
        from tsgan.scenario_files import check_target

        check_target(out, partition=partition, shape=shape.value, overwrite=overwrite or resume)
    asked: dict[str, Any] = {
        "only": numbers,
        "given": given,
        "extrapolate": extrapolate,
        "history": from_history,
        "drift": drift,
        "start_price": start_price,
        "start_date": start_date,
        "calendar": calendar,
        "tick": tick,
    }
    if many is not None and (models := models_in(model)):

        def order(directory: Path, own: int) -> tuple[Production, WriteRequest]:
            one = TimeSeriesGAN.load(directory)
            made = one.production(paths, horizon, seed=own, **asked)
            for doubt in _doubts(one, made):
                typer.echo(f"tsgan: warning: {directory.name}: {doubt}", err=True)
            return made, _request(one, made, "long", "close", partition, resume)

        generate_folders(models, out, order, seed, many)
        return
    loaded = TimeSeriesGAN.load(model)
    production = loaded.production(paths, horizon, seed=seed, **asked)
    _announce(loaded, production)
    if library is not None and folder is not None:
        _write_for(library.value, folder, production)
        return
    request = _request(loaded, production, shape.value, values.value, partition, resume)
    if many is not None:
        write_by_many(out, production, request, many)
    else:
        _write(out, production, request)
    typer.echo("Next: read it with pandas and run your backtest. Paths as long as the real series,")
    typer.echo("      under no condition, can be judged in full: tsgan evaluate PRICES PATHS")


def _numbers(only: str | None, count: int) -> range | None:
    """Return the numbers of the paths, or images, that ``--only`` names, None for all."""
    if only is None:
        return None
    match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", only.strip())
    first, last = (0, -1) if match is None else (int(match[1]), int(match[2] or match[1]))
    if not first <= last < count:
        raise ConfigError(
            f"--only: expected a number from 0 to {count - 1}, or two as 10-19, got {only!r}"
        )
    return range(first, last + 1)


def _check_folder(
    library: options.Library, out: str, resume: bool, partition: int | None, shape: options.Shape
) -> Path:
    """Return the folder to write for a library, where ``out`` and the other options allow one."""
    from tsgan.backtesters import check_folder

    if resume or partition is not None or shape is not options.Shape.long:
        raise ConfigError(
            "--for: expected no --resume, --partition or --shape beside it, since the library says "
            "how its files look; leave them out"
        )
    folder = Path(f"scenarios-{library.value}" if out == DEFAULT_OUT else out)
    check_folder(library.value, folder)
    return folder


def _announce(model: TimeSeriesGAN, production: Production) -> None:
    """Say what is asked for, and warn of what is doubtful."""
    for text in production.said:
        typer.echo(text)
    for doubt in _doubts(model, production):
        typer.echo(f"tsgan: warning: {doubt}", err=True)


def _doubts(model: TimeSeriesGAN, production: Production) -> list[str]:
    """Return what is doubtful about the paths of a model."""
    unfinished = (
        [] if model.training_.finished else ["this model's fit was interrupted; see tsgan info"]
    )
    return [*unfinished, *production.warnings]


def _request(
    model: TimeSeriesGAN,
    production: Production,
    shape: str,
    values: str,
    partition: int | None,
    resume: bool,
) -> WriteRequest:
    from tsgan.periods import origin_of
    from tsgan.scenario_requests import WriteRequest

    bars = production.fitted.bars
    asked = production.request
    return WriteRequest(
        paths=len(asked.numbers),
        horizon=asked.horizon,
        assets=production.fitted.assets,
        bars=0 if bars is None else 3 + bars.volume,
        shape=shape,  # type: ignore[arg-type]
        values=values,  # type: ignore[arg-type]
        partition=partition,
        resume=resume,
        first=asked.numbers[0],
        origin=origin_of(model.facts_),
        identity={"weights": production.fitted.weights_sha256, **production.identity},
    )


def _write(out: str, production: Production, request: WriteRequest) -> None:
    from tsgan.cli.progress import progress_bar
    from tsgan.scenario_files import write_scenarios

    paths, steps = len(production.request.numbers), production.request.horizon
    with progress_bar(f"writing {paths:,} paths of {steps:,} steps", paths) as advance:
        written = write_scenarios(out, production.groups, request, advance)
    kept = f", {written.reused:,} of which were there" if written.reused else ""
    typer.echo(
        f"Wrote {_counted(paths)} of {steps:,} steps to {out} "
        f"(seed {production.request.seed}){kept}."
    )


def _counted(paths: int) -> str:
    return "1 path" if paths == 1 else f"{paths:,} paths"


def _write_for(library: str, folder: Path, production: Production) -> None:
    from tsgan.backtesters import reading, write_for
    from tsgan.cli.progress import progress_bar

    paths, steps = len(production.request.numbers), production.request.horizon
    with progress_bar(f"writing {paths:,} paths of {steps:,} steps", paths) as advance:

        def told() -> Iterator[Scenarios]:
            for group in production.groups():
                yield group
                advance(len(group.numbers))

        write_for(library, folder, told())
    typer.echo(f"Wrote {_counted(paths)} of {steps:,} steps for {library} to {folder}. Next:")
    typer.echo(reading(library, folder))
