"""The pictures of generated images: grids, strips over training, neighbours, confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tsgan.canvas import (
    NEGATIVE,
    PANEL,
    REAL,
    SYNTHETIC,
    axis_labels,
    blank,
    legend,
    short_name,
    styled,
)
from tsgan.hover import Series, positions
from tsgan.images.metrics import FloatArray, Pixels
from tsgan.images.picture_files import GAP, tile
from tsgan.images.results import ImageEvaluation

WIDTH = 11.2
"""Width in inches of a picture that takes both columns of a page."""

LARGEST_CELL = 0.75
"""Inches that an image of such a picture takes at most."""

MOST_CHECKS = 15
"""Columns of a strip; of more checks evenly spaced ones are shown."""

NAMED_SHARES = 0.005
"""Smallest share that is written into a cell of the confusion."""


@dataclass(frozen=True)
class ModelPictures:
    """What only the model itself can show; what is None is not drawn.

    Attributes:
        strip: (checks, k, 28, 28) images of the same k noises and conditions at each check.
        checks: (checks,) what each is called, such as the step or the epoch.
        interpolation: (rows, steps, 28, 28) images on the way from one noise to another.
    """

    strip: Pixels | None = None
    checks: tuple[str, ...] = ()
    interpolation: Pixels | None = None


@styled
def grid_figure(images: Pixels, columns: int = 10, rows: Sequence[str] = ()) -> Figure:
    """Draw images (n, 28, 28) in rows of ``columns``; ``rows`` are the names of the rows."""
    count = -(-len(images) // columns)
    width = PANEL[0]
    figure, axes = blank((width, width * count / min(columns, len(images)) + 0.1))
    _draw(axes, tile(images, columns))
    _name(axes, "y", rows, images.shape[1])
    return figure


@styled
def strip_figure(frames: Pixels, checks: Sequence[str]) -> Figure:
    """Draw the same noises (rows) at each check of a training run (columns).

    Args:
        frames: (checks, k, 28, 28).
        checks: (checks,) names of the columns.
    """
    kept = positions(len(frames), MOST_CHECKS)
    shown = frames[kept].swapaxes(0, 1)
    rows, columns = shown.shape[:2]
    figure, axes = blank((WIDTH, _height(rows, columns) + 0.4))
    _draw(axes, tile(shown.reshape(-1, *shown.shape[2:]), columns))
    _name(axes, "x", [checks[place] for place in kept], frames.shape[-1])
    return figure


@styled
def interpolation_figure(frames: Pixels) -> Figure:
    """Draw rows of images (rows, steps, 28, 28), each from one noise to another."""
    rows, steps = frames.shape[:2]
    figure, axes = blank((WIDTH, _height(rows, steps) + 0.1))
    _draw(axes, tile(frames.reshape(-1, *frames.shape[2:]), steps))
    return figure


@styled
def neighbours_figure(samples: Pixels, neighbours: Pixels, distances: FloatArray) -> Figure:
    """Draw samples (k, 28, 28) above their nearest training images, with the distances (k,)."""
    columns = len(samples)
    figure, axes = blank((WIDTH, _height(2, columns) + 0.4))
    _draw(axes, tile(np.concatenate([samples, neighbours]), columns))
    _name(axes, "x", [f"{distance:.2f}" for distance in distances], samples.shape[-1])
    _name(axes, "y", ("sample", "training"), samples.shape[1])
    return figure


@styled
def confusion_figure(counts: npt.NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Draw how asked-for classes (rows) were judged (columns), in percent of the row."""
    size = len(classes)
    figure, axes = blank((PANEL[0], PANEL[0]))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row, column in np.argwhere(counts > 0):
        share = float(shares[row, column])
        colour = SYNTHETIC if row == column else NEGATIVE
        corner = (column - 0.47, row - 0.47)
        depth = 0.1 + 0.6 * (share if row == column else np.sqrt(share))
        axes.add_patch(Rectangle(corner, 0.94, 0.94, facecolor=colour, alpha=depth, linewidth=0))
        if share >= NAMED_SHARES and size <= 12:
            words = f"{100 * share:.1f}" if share < 0.0995 else f"{100 * share:.0f}"
            axes.text(column, row, words, ha="center", va="center", color=REAL, fontsize=8)
    names = [short_name(name, 10) for name in classes]
    axes.set_xticks(range(size), names, rotation=0 if max(map(len, names)) < 4 else 90)
    axes.set_yticks(range(size), names)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
    axis_labels(axes, "as judged", "asked for")
    return figure


@styled
def shares_figure(samples: FloatArray, training: FloatArray, classes: Sequence[str]) -> Figure:
    """Draw the share of each class among samples, as judged, beside that of training."""
    figure, axes = blank((PANEL[0], PANEL[0]))
    at = np.arange(len(classes), dtype=float)
    axes.bar(at - 0.2, training, 0.36, color=REAL, label="real")
    axes.bar(at + 0.2, samples, 0.36, color=SYNTHETIC, label="synthetic")
    names = [short_name(name, 10) for name in classes]
    axes.set_xticks(at, names, rotation=0 if max(map(len, names)) < 4 else 90)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    axis_labels(axes, "class", "share")
    legend(axes)
    figure.read(
        axes,
        at,
        Series("real", training, REAL),
        Series("synthetic", samples, SYNTHETIC),
        names=list(classes),
        scale=(1.0, 100.0),
        units=("", " %"),
    )
    return figure


def image_figures(
    evaluation: ImageEvaluation,
    model: ModelPictures = ModelPictures(),
) -> Mapping[str, Figure]:
    """Return every picture that there is by its name, in the order of the report."""
    shown = evaluation.shown
    figures = {
        "samples": grid_figure(shown.grid, shown.columns, shown.rows),
        "real": grid_figure(shown.real, shown.columns, shown.rows),
    }
    if model.strip is not None and len(model.strip):
        figures["strip"] = strip_figure(model.strip, model.checks)
    if model.interpolation is not None:
        figures["interpolation"] = interpolation_figure(model.interpolation)
    figures["neighbours"] = neighbours_figure(shown.nearest, shown.neighbours, shown.distances)
    if shown.confusion is not None:
        figures["confusion"] = confusion_figure(shown.confusion, evaluation.classes)
    if np.isfinite(shown.training_shares).all():
        figures["shares"] = shares_figure(shown.shares, shown.training_shares, evaluation.classes)
    return figures


def _height(rows: int, columns: int) -> float:
    return rows * min(WIDTH / columns, LARGEST_CELL)


def _draw(axes: Axes, image: Pixels) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="none")
    axes.set_anchor("W")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name(axes: Axes, side: str, names: Sequence[str], size: int) -> None:
    """Name the rows or the columns of a tiled image of ``size`` pixels each."""
    at = [place * (size + GAP) + (size - 1) / 2 for place in range(len(names))]
    labels = [short_name(name, 10) for name in names]
    (axes.set_xticks if side == "x" else axes.set_yticks)(at, labels)
    axes.tick_params(length=0)
