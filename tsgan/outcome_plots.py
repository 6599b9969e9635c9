"""The pictures of what a user would meet: drawdowns, strategy outcomes, forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tsgan.canvas import (
    PANEL,
    REAL,
    RULE,
    SYNTHETIC,
    TEXT,
    FloatArray,
    axis_labels,
    blank,
    legend,
    plain_numbers,
    shade,
    short_name,
    styled,
)
from tsgan.hover import Chart, Series
from tsgan.pictured import BandCurve, Outcome

PERCENT_BOTH = {"scale": (100, 100), "units": (" %", " %")}
DASHES = ((0, (1, 1.2)), (0, (4, 2)), (0, (6, 2, 1, 2)))
ROW = 0.21
"""Height of one strategy in inches."""


@styled
def drawdown_figure(curve: BandCurve) -> Figure:
    """Draw the share of one-year stretches with at least such a drawdown."""
    figure, axes = blank()
    shade(axes, curve.x, curve.low, curve.high)
    axes.plot(curve.x, curve.real, color=REAL, linewidth=1.0, label="real")
    axes.plot(curve.x, curve.synthetic, color=SYNTHETIC, label="synthetic mean")
    axis_labels(axes, "largest drawdown within a year, at least, %", "share of years, %")
    plain_numbers(axes.xaxis, 100)
    plain_numbers(axes.yaxis, 100)
    axes.set_ylim(bottom=0)
    legend(axes)
    figure.read(
        axes,
        curve.x,
        Series("real", curve.real, REAL),
        Series("synthetic mean", curve.synthetic, SYNTHETIC),
        Series("5–95 %", curve.low, SYNTHETIC, upper=curve.high),
        label="drawdown of at least",
        **PERCENT_BOTH,
    )
    return figure


@styled
def strategy_figure(outcomes: Sequence[Outcome]) -> Figure:
    """Draw for each measure the outcome of each strategy: real against the synthetic spread."""
    measures = list(dict.fromkeys(one.measure for one in outcomes))
    strategies = list(dict.fromkeys(one.strategy for one in outcomes))
    columns = min(2, len(measures))
    rows = -(-len(measures) // columns)
    height = max(PANEL[1], rows * (ROW * len(strategies) + 0.62))
    figure = Chart(figsize=(PANEL[0], height))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(measures) :]:
        figure.delaxes(axes)
    for axes, measure in zip(grid.flat, measures, strict=False):
        shown = [one for one in outcomes if one.measure == measure]
        places = np.asarray([strategies.index(one.strategy) for one in shown], dtype=np.float64)
        _outcomes(figure, axes, shown, places)
        axes.set_title(short_name(measure))
    grid[0, 0].set_yticks(range(len(strategies)), [short_name(name, 21) for name in strategies])
    grid[0, 0].set_ylim(len(strategies) - 0.4, -0.6)
    return figure


@styled
def pit_figure(pit: Mapping[str, FloatArray]) -> Figure:
    """Draw the share of held-out returns in each tenth of their forecast distribution."""
    figure, axes = blank()
    tenth = np.arange(10, dtype=np.float64)
    axes.axhline(0.1, color=RULE, linewidth=0.8, zorder=0)
    series = []
    for number, (name, share) in enumerate(pit.items()):
        if number:
            edges = np.repeat(np.arange(11), 2)[1:-1]
            dash = DASHES[(number - 1) % len(DASHES)]
            steps = np.repeat(share, 2)
            axes.plot(edges, steps, color=TEXT, linestyle=dash, label=short_name(name))
        else:
            axes.bar(tenth + 0.5, share, 0.92, color=SYNTHETIC, alpha=0.45, label=short_name(name))
        series.append(Series(short_name(name), share, TEXT if number else SYNTHETIC))
    axes.set_xticks(range(11), [str(10 * k) for k in range(11)])
    axes.set_ylim(bottom=0)
    plain_numbers(axes.yaxis, 100)
    axis_labels(axes, "place in the forecast distribution, %", "share of held-out returns, %")
    legend(axes)
    names = [f"{10 * k} to {10 * k + 10} %" for k in range(10)]
    figure.read(axes, tenth + 0.5, *series, names=names, scale=(1, 100), units=("", " %"))
    return figure


def _outcomes(figure: Chart, axes: Axes, shown: Sequence[Outcome], places: FloatArray) -> None:
    spread = np.asarray([one.synthetic for one in shown], dtype=np.float64)  # (strategies, 5)
    real = np.asarray([one.real for one in shown], dtype=np.float64)
    for low, high, alpha in ((0, 4, 0.2), (1, 3, 0.42)):
        width = spread[:, high] - spread[:, low]
        axes.barh(places, width, 0.34, spread[:, low], alpha=alpha, color=SYNTHETIC, linewidth=0)
    axes.plot(spread[:, 2], places, "|", color=SYNTHETIC, markersize=7, markeredgewidth=1.4)
    axes.plot(real, places, "D", color=REAL, markersize=3.8, markeredgewidth=0)
    axes.margins(x=0.06)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    plain_numbers(axes.xaxis)
    figure.read(
        axes,
        places,
        Series("real", real, REAL),
        Series("synthetic median", spread[:, 2], SYNTHETIC),
        Series("25–75 %", spread[:, 1], SYNTHETIC, upper=spread[:, 3]),
        Series("5–95 %", spread[:, 0], SYNTHETIC, upper=spread[:, 4]),
        along="y",
        names=[short_name(one.strategy, 60) for one in shown],
    )
