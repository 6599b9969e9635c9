"""The pictures of an evaluation: each a pure function from values to a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tsgan.canvas import (
    COLUMNS,
    PANEL,
    REAL,
    SYNTHETIC,
    FloatArray,
    axis_labels,
    blank,
    legend,
    plain_numbers,
    save_figure,
    styled,
    thin,
    zero_line,
)
from tsgan.distribution_plots import (
    aggregation_figure,
    density_figure,
    hill_figure,
    quantile_figure,
    tail_figure,
)
from tsgan.hover import POINTS, Chart, Series, positions
from tsgan.memory_plots import lag_figure
from tsgan.outcome_plots import drawdown_figure, pit_figure, strategy_figure
from tsgan.panel_plots import correlation_figure, panel_figures
from tsgan.pictured import Curves
from tsgan.training_plots import training_figure

__all__ = [
    "aggregation_figure",
    "correlation_figure",
    "density_figure",
    "drawdown_figure",
    "evaluation_figures",
    "fan_figure",
    "hill_figure",
    "lag_figure",
    "panel_figures",
    "pit_figure",
    "quantile_figure",
    "returns_figure",
    "sample_paths_figure",
    "save_figure",
    "strategy_figure",
    "tail_figure",
    "training_figure",
]

PATHS_SHOWN = 20
"""More sample paths than these hide each other."""


@styled
def sample_paths_figure(curves: Curves) -> Figure:
    """Draw the first synthetic paths, thin, beside the real one; cumulative log returns."""
    figure, axes = blank()
    zero_line(axes)
    shown = curves.synthetic_paths[:PATHS_SHOWN]
    for number, path in enumerate(shown):
        label = None if number else "synthetic"
        _line(axes, path, color=SYNTHETIC, linewidth=0.6, alpha=0.5, label=label)
    _line(axes, curves.real_path, color=REAL, linewidth=1.3, label="real", zorder=3)
    axis_labels(axes, "step", "cumulative log return")
    legend(axes)
    steps = _steps(curves.real_path, shown)
    series = [Series("real", _at(curves.real_path, steps), REAL)]
    series += [
        Series(f"path {number}", _at(path, steps), SYNTHETIC)
        for number, path in enumerate(shown, start=1)
    ]
    figure.read(axes, steps.astype(float), *series, label="step", nearest=True)
    return figure


@styled
def fan_figure(curves: Curves) -> Figure:
    """Draw the quantiles of all synthetic paths step by step, and the real path over them."""
    figure, axes = blank()
    zero_line(axes)
    steps = positions(curves.fan.shape[1], COLUMNS)
    bands = len(curves.fan_p) // 2
    for outer in range(bands):
        style = {"color": SYNTHETIC, "alpha": 0.16 * (outer + 1), "linewidth": 0}
        label = f"{'' if outer else 'synthetic '}{_range(curves.fan_p, outer)}"
        for edge, label_once in ((outer, label), (-2 - outer, None)):
            low, high = curves.fan[edge], curves.fan[edge + 1]
            axes.fill_between(steps, low[steps], high[steps], label=label_once, **style)  # type: ignore[arg-type]
    if len(curves.fan_p) % 2:
        axes.plot(steps, curves.fan[bands][steps], color=SYNTHETIC, label="median")
    _line(axes, curves.real_path, color=REAL, linewidth=1.0, label="real", zorder=3)
    axis_labels(axes, "step", "cumulative log return")
    legend(axes)
    _read_fan(figure, axes, curves)
    return figure


@styled
def returns_figure(curves: Curves) -> Figure:
    """Draw the steps of the real path above those of the first synthetic one, on one scale."""
    figure = Chart(figsize=PANEL)
    above, below = figure.subplots(2, 1, sharex=True, sharey=True)
    paths = {"real": (above, REAL, curves.real_path)}
    if len(curves.synthetic_paths):
        paths["synthetic"] = (below, SYNTHETIC, curves.synthetic_paths[0])
    for name, (axes, colour, path) in paths.items():
        returns = np.diff(path)
        _line(axes, returns, color=colour, linewidth=0.5)
        axes.set_title(name, color=colour, fontsize=9)
        plain_numbers(axes.yaxis, 100)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        kept = thin(returns, POINTS // 2 - 1)
        series = Series(name, returns[kept], colour)
        figure.read(
            axes, kept.astype(float), series, label="step", scale=(1, 100), units=("", " %")
        )
    below.set_xlabel("step")
    figure.supylabel("log return, %", fontsize=9)
    return figure


def evaluation_figures(curves: Curves) -> Mapping[str, Figure]:
    """Return every picture of an evaluation by its name, in the order of the report."""
    acf, error = curves.acf, curves.acf_error
    figures = {
        "paths": sample_paths_figure(curves),
        "fan": fan_figure(curves),
        "returns": returns_figure(curves),
        "quantiles": quantile_figure(curves),
        "density": density_figure(curves),
        "tails": tail_figure(curves),
        "hill_left": hill_figure(curves.hill["left"]),
        "hill_right": hill_figure(curves.hill["right"]),
        "acf_id": lag_figure(acf["id"], "autocorrelation of r", error.get("id")),
        "acf_abs": lag_figure(acf["abs"], "autocorrelation of |r|", error.get("abs")),
        "acf_sq": lag_figure(acf["sq"], "autocorrelation of r²", error.get("sq")),
        "leverage": lag_figure(curves.leverage, "Corr(r at t, r² at t + lag)"),
        "aggregation": aggregation_figure(curves.aggregation),
    }
    if curves.drawdowns is not None:
        figures["drawdowns"] = drawdown_figure(curves.drawdowns)
    if curves.strategies:
        figures["strategies"] = strategy_figure(curves.strategies)
    if curves.pit:
        figures["pit"] = pit_figure(curves.pit)
    return figures


def _read_fan(figure: Chart, axes: Axes, curves: Curves) -> None:
    steps = _steps(curves.real_path, curves.fan)
    bands = len(curves.fan_p) // 2
    series = [Series("real", _at(curves.real_path, steps), REAL)]
    if len(curves.fan_p) % 2:
        series.append(Series("median", _at(curves.fan[bands], steps), SYNTHETIC))
    series += [
        Series(
            _range(curves.fan_p, outer),
            _at(curves.fan[outer], steps),
            SYNTHETIC,
            upper=_at(curves.fan[-1 - outer], steps),
        )
        for outer in reversed(range(bands))
    ]
    figure.read(axes, steps.astype(float), *series, label="step")


def _steps(path: FloatArray, others: FloatArray) -> npt.NDArray[np.intp]:
    """Return the positions read off paths that may differ in length."""
    return positions(max(path.size, others.shape[1] if len(others) else 0))


def _at(path: FloatArray, steps: npt.NDArray[np.intp]) -> FloatArray:
    """Return ``path`` at ``steps``; NaN behind its end."""
    return np.where(steps < path.size, path[np.minimum(steps, path.size - 1)], np.nan)


def _line(axes: Axes, y: FloatArray, **style: object) -> None:
    kept: npt.NDArray[np.intp] = thin(y)
    axes.plot(kept, y[kept], **style)  # type: ignore[arg-type]


def _range(p: FloatArray, outer: int) -> str:
    return f"{100 * p[outer]:.4g}–{100 * p[-1 - outer]:.4g} %"
