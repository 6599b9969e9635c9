"""The pictures of several assets: how they move together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from tsgan.canvas import (
    NEGATIVE,
    PANEL,
    REAL,
    SYNTHETIC,
    FloatArray,
    axis_labels,
    blank,
    legend,
    shade,
    short_name,
    styled,
)
from tsgan.hover import Chart, Series
from tsgan.pictured import BandCurve, PanelCurves

SHADES = 20
"""Correlations are shaded in so many steps from 0 to 1: cells of one shade are one path."""

NAMED = 16
"""With more assets only some are named beside a matrix."""

SCALE_WIDTH = 0.05
"""Width of the scale beside the matrices, in widths of a matrix."""


@styled
def correlation_figure(names: Sequence[str], real: FloatArray, synthetic: FloatArray) -> Figure:
    """Draw two (assets, assets) correlation matrices side by side, with their scale."""
    figure = Chart(figsize=(PANEL[0], 3.1))
    left, right, scale = figure.subplots(1, 3, width_ratios=(1, 1, SCALE_WIDTH))
    cells = np.arange(len(names), dtype=np.float64)
    shown = [short_name(name, 40) for name in names]
    for axes, title, matrix in ((left, "real", real), (right, "synthetic", synthetic)):
        _shade(axes, matrix)
        axes.set_title(title)
        axes.set_aspect("equal")
        axes.set_anchor("N")
        figure.read(
            axes,
            cells,
            Series("real", real, REAL),
            Series("synthetic", synthetic, SYNTHETIC),
            along="grid",
            names=shown,
        )
    every = -(-len(names) // NAMED)
    places = range(0, len(names), every)
    size = 8.5 if len(names) <= 8 else 6.5
    labels = [short_name(names[place], 12) for place in places]
    left.set_yticks(places, labels, fontsize=size)
    right.set_yticks([])
    for axes in (left, right):
        axes.set_xticks(places, labels, fontsize=size, rotation=90)
    _scale(scale)
    return figure


@styled
def spectrum_figure(curve: BandCurve) -> Figure:
    """Draw the eigenvalues of the correlation matrix by rank, on a logarithmic scale."""
    figure, axes = blank()
    shade(axes, curve.x, curve.low, curve.high)
    axes.plot(curve.x, curve.real, "-o", color=REAL, markersize=3, linewidth=1.0, label="real")
    axes.plot(curve.x, curve.synthetic, "-o", color=SYNTHETIC, markersize=3, label="synthetic mean")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis_labels(axes, "rank", "eigenvalue")
    legend(axes)
    figure.read(
        axes,
        curve.x,
        Series("real", curve.real, REAL),
        Series("synthetic mean", curve.synthetic, SYNTHETIC),
        Series("5–95 %", curve.low, SYNTHETIC, upper=curve.high),
        label="rank",
    )
    return figure


def panel_figures(panel: PanelCurves) -> Mapping[str, Figure]:
    """Return every picture of several assets by its name, in the order of the report."""
    names = panel.names
    return {
        "correlation": correlation_figure(
            names, panel.correlation_real, panel.correlation_synthetic
        ),
        "magnitude": correlation_figure(names, panel.magnitude_real, panel.magnitude_synthetic),
        "spectrum": spectrum_figure(panel.spectrum),
    }


def _shade(axes: Axes, matrix: FloatArray) -> None:
    """Shade each cell by its correlation: blue above 0, red below, the more the darker."""
    steps = np.rint(np.clip(np.nan_to_num(matrix), -1, 1) * SHADES).astype(int)
    for step in np.unique(steps[steps != 0]):
        squares = [_square(column, row) for row, column in np.argwhere(steps == step)]
        axes.add_patch(
            PathPatch(
                Path.make_compound_path(*squares),
                facecolor=SYNTHETIC if step > 0 else NEGATIVE,
                alpha=abs(int(step)) / SHADES,
                linewidth=0,
            )
        )
    axes.set_xlim(-0.5, len(matrix) - 0.5)
    axes.set_ylim(len(matrix) - 0.5, -0.5)
    axes.tick_params(length=0)


def _square(column: int, row: int) -> Path:
    edge = 0.47
    corners = [(-edge, -edge), (edge, -edge), (edge, edge), (-edge, edge), (-edge, -edge)]
    return Path(np.add(corners, (column, row)), closed=True)


def _scale(axes: Axes) -> None:
    for step in range(-SHADES, SHADES):
        middle = (step + 0.5) / SHADES
        colour = SYNTHETIC if middle > 0 else NEGATIVE
        axes.axhspan(step / SHADES, (step + 1) / SHADES, color=colour, alpha=abs(middle), lw=0)
    axes.set_ylim(-1, 1)
    axes.set_box_aspect(1 / SCALE_WIDTH)
    axes.set_anchor("NW")
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks([-1, 0, 1], ["−1", "0", "1"])
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
