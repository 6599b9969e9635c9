"""``tsgan generate --images``: synthetic images from a model of images."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tsgan.cli.common import demand_writable
from tsgan.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tsgan.images.given import Given
    from tsgan.images.model import ImageGAN
    from tsgan.images.sampler import Pixels

DEFAULT_OUT = "images.png"
LARGEST_SHEET = 10_000
"""Images of one sheet."""

SHEET, ARRAY = ".png", ".npy"


def generate_images(
    context: typer.Context,
    directory: Path,
    images: int,
    seed: int,
    only: range | None,
    given: Sequence[str] | None,
    out: str | None,
) -> None:
    """Write images: a sheet of all, an array (n, 28, 28) in [0, 1], or a folder with each.

    Args:
        context: of the command, among whose options those of paths are refused.
        directory, images, seed, only, given, out: as they were given; ``out`` of None is a sheet.
    """
    _refuse_others(context)
    out, numbers = out or DEFAULT_OUT, range(images) if only is None else only
    path = _check_target(out, len(numbers), bool(context.params["overwrite"]))
    from tsgan.images.model import ImageGAN
    from tsgan.images.reference import FEWEST

    model = ImageGAN.load(directory)
    if not model.training_.finished:
        typer.echo("tsgan: warning: this model's fit was interrupted; see tsgan info", err=True)
    asked = model.given(given)
    for text in asked.said:
        typer.echo(text)
    for warning in asked.warnings:
        typer.echo(f"tsgan: warning: {warning}", err=True)
    _write(model, asked, numbers, seed, path)
    counted = "1 image" if len(numbers) == 1 else f"{len(numbers):,} images"
    typer.echo(f"Wrote {counted} to {out} (seed {seed}).")
    if path.suffix.lower() == ARRAY and len(numbers) >= FEWEST:
        typer.echo(f"Next: tsgan evaluate-images {out} {_data(model)}")


def _refuse_others(context: typer.Context) -> None:
    """Raise ConfigError for options of paths."""
    own = {"model", "images", "seed", "only", "given", "out", "overwrite"}
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in own and source is not None and source.name == "COMMANDLINE":
            option = next(part for part in context.command.params if part.name == name).opts[0]
            raise ConfigError(
                f"{option}: expected none beside --images, since it is about paths; leave it out"
            )


def _data(model: ImageGAN) -> str:
    """Return what the real images were called on the command line, as far as that is known."""
    source = model.facts_.source.split(",")[0]
    return source if source in ("mnist", "sample") or Path(source).is_dir() else "IMAGES"


def _check_target(out: str, images: int, overwrite: bool) -> Path:
    """Return where to write; ConfigError before any work if that cannot be."""
    path = Path(out)
    named = out.endswith(("/", os.sep))
    if named and path.suffix.lower() in (SHEET, ARRAY):
        raise ConfigError(f"{out}: expected a file or a folder, got both; leave one of them out")
    if named or not path.suffix:
        if not path.name or path.name == "..":
            raise ConfigError(f"{out}: expected a folder of its own, got this one; name another")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(
                f"{out}: expected a new or empty folder, found one that is not; choose another name"
                if path.is_dir()
                else f"{out}: expected a folder, found a file; choose another name"
            )
        demand_writable(path)
        return path
    if path.suffix.lower() not in (SHEET, ARRAY):
        raise ConfigError(
            f"{out}: expected a name that ends in {SHEET} or {ARRAY}, or a folder's; rename it"
        )
    demand_writable(path)
    if path.is_dir():
        raise ConfigError(f"{out}: expected a file to write, this is a folder; name a file")
    if path.exists() and not overwrite:
        raise ConfigError(
            f"{out}: expected a new file, found one; replace it with --overwrite, or choose "
            "another name"
        )
    if path.suffix.lower() == SHEET and images > LARGEST_SHEET:
        raise ConfigError(
            f"{out}: expected at most {LARGEST_SHEET:,} images on one sheet, got {images:,}; write "
            f"{path.stem}{ARRAY}, or a folder {path.stem}/"
        )
    return path


def _write(model: ImageGAN, asked: Given, numbers: range, seed: int, path: Path) -> None:
    import numpy as np

    from tsgan.cli.progress import progress_bar
    from tsgan.images.arrays import write_array
    from tsgan.images.picture_files import write_pictures, write_sheet
    from tsgan.images.sampler import sample_groups

    with progress_bar(f"generating {len(numbers):,} images", len(numbers)) as advance:

        def groups() -> Iterator[Pixels]:
            for group in sample_groups(model.fitted_.generator, asked, numbers, seed):
                yield group
                advance(len(group))

        if path.suffix.lower() == ARRAY:
            write_array(path, groups(), len(numbers))
        elif path.suffix.lower() == SHEET:
            write_sheet(path, np.concatenate(list(groups())))
        else:
            labels = asked.draw(numbers, seed).labels
            each = itertools.chain.from_iterable(groups())
            write_pictures(path, each, len(numbers), labels, asked.conditions.classes)
