"""``tsgan info``: what a model directory holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsgan.cli.common import duration, reports_errors

if TYPE_CHECKING:
    from tsgan.model import TimeSeriesGAN

ModelDirectory = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Model directory that tsgan fit wrote.")
]


@reports_errors
def info(model: ModelDirectory) -> None:
    """Show a model's configuration, training data, versions and figures."""
    from tsgan.checkpoint import IMAGES, read_manifest

    if read_manifest(model).get("kind") == IMAGES:
        _image_info(model)
        return
    from tsgan.model import TimeSeriesGAN
    from tsgan.report_rows import COPIED, number
    from tsgan.results import SEVENTEEN

    loaded = TimeSeriesGAN.load(model)
    data, training, levels = loaded.facts_, loaded.training_, loaded.volatility_
    state = "finished" if training.finished else "interrupted"
    best = "" if training.best_score is None else f", held-out score {number(training.best_score)}"
    lines = {
        "model": str(model),
        "data": f"{data.source}, {'columns' if data.assets else 'column'} {data.column}, "
        f"{data.prices:,} prices",
        "dates": f"{data.first_date} … {data.last_date}" if data.first_date else "none in the file",
        "trained on": f"the first {data.training:,} of {data.returns:,} returns"
        + (f", up to {data.training_end}" if data.training_end else ""),
        "sha256": data.sha256,
        "training": f"{state}: {training.steps:,} steps in {duration(training.seconds)} on "
        f"{training.device}; kept step {training.best_step:,}{best}",
        "volatility": f"low {levels.low:.1%}, mid {levels.mid:.1%}, high {levels.high:.1%} a year; "
        f"seen {levels.smallest:.1%} … {levels.largest:.1%}",
        **_further(loaded),
        "versions": ", ".join(f"{k} {v}" for k, v in loaded.fitted_.versions.items()),
    }
    found, regimes = loaded.conditions_.found, loaded.conditions_.regimes
    told = list(lines.items())
    if found is not None and regimes is not None:
        said = (*regimes.lines(found.name), *regimes.doubts(found.name))
        told += [("regimes", line) for line in said]
    _show(told, data.notes, loaded.config.to_dict())
    _figures(model / "metrics.json", (*SEVENTEEN, COPIED))


def _image_info(directory: Path) -> None:
    from tsgan.images.model import ImageGAN

    loaded = ImageGAN.load(directory)
    data, training = loaded.facts_, loaded.training_
    state = "finished" if training.finished else "interrupted"
    pairs = zip(data.classes, data.counts, strict=True)
    conditions = "; ".join(f"{name}: {text}" for name, text in loaded.conditions_.names.items())
    lines = {
        "model": str(directory),
        "data": f"{data.source}, {data.images:,} to learn from, {data.test_images:,} to test with",
        "classes": ", ".join(f"{name} ({count:,})" for name, count in pairs) or "none",
        "sha256": data.sha256,
        "network": f"{loaded.config.network.kind}, {loaded.config.training.objective}",
        "training": f"{state}: {training.steps:,} steps in {duration(training.seconds)} on "
        f"{training.device}; kept step {training.best_step:,}",
        "given": conditions or "nothing: it was fitted without --labels and --codes",
        "versions": ", ".join(f"{k} {v}" for k, v in loaded.fitted_.versions.items()),
    }
    _show(list(lines.items()), data.notes, loaded.config.to_dict())
    _figures(directory / "metrics.json", None)


def _show(
    lines: Sequence[tuple[str, str]], notes: Sequence[str], config: Mapping[str, Any]
) -> None:
    for name, text in (*lines, *(("note", note) for note in notes)):
        typer.echo(f"{name:<12}{text}")
    typer.echo(f"{'config':<12}{json.dumps(config)}")


def _further(model: TimeSeriesGAN) -> dict[str, str]:
    """Return what only some models have."""
    tracks, bars = model.conditions_.tracks, model.fitted_.bars
    told = {"conditions": "; ".join(f"{track.name}: {track.described}" for track in tracks)}
    told["bars"] = "" if bars is None else ", ".join(bars.names)
    told["day"] = "volatility goes with its time" if model.fitted_.profile is not None else ""
    return {name: text for name, text in told.items() if text}


def _figures(path: Path, names: Sequence[str] | None) -> None:
    """Show the rows of ``metrics.json`` of these names, or all, where there is one."""
    from tsgan.checkpoint import LARGEST_MANIFEST
    from tsgan.errors import CheckpointError
    from tsgan.model_files import parse_json, read_bytes
    from tsgan.report_rows import number
    from tsgan.wording import printable

    if not path.is_file():
        typer.echo(
            f"{'figures':<12}none yet: tsgan fit writes them after training, also with --resume"
        )
        return
    try:
        rows = parse_json(read_bytes(path, LARGEST_MANIFEST))["metrics"]
        lines = [
            f"{row['name']:<18}{number(row['value']):>9}  {row['verdict']}"
            for row in rows
            if names is None or row["name"] in names
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: expected the metrics of tsgan fit, got another file; fit again"
        ) from error
    typer.echo("figures")
    for line in lines:
        typer.echo("  " + printable(line))
