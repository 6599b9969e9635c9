"""The pictures of a training run, from the numbers that the trainer wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tsgan.canvas import (
    CHOSEN,
    REAL,
    SYNTHETIC,
    FloatArray,
    blank,
    legend,
    plain_numbers,
    styled,
    thin,
    zero_line,
)
from tsgan.hover import POINTS, Chart, Series, positions

History = Mapping[str, npt.NDArray[Any]]
"""``step, seconds, real_score, fake_score, estimate, penalty``: (n,) each, ``heldout_step,
heldout_score``: (m,) each, ``best_step``: (1,). What is missing is not drawn."""

PANELS = ("scores", "estimate", "penalty", "heldout")


@styled
def training_figure(history: History, distance: str) -> Figure:
    """Draw scores, the estimate of ``distance``, λ × penalty and held-out score by step.

    The chosen step is marked; a penalty that is 0 throughout, as of most objectives, is left out.
    """
    shown = [panel for panel in PANELS if _has(history, panel)] or ["scores"]
    figure = Chart(figsize=(10.2, 3.4 * -(-len(shown) // 2)))
    for axes, panel in zip(_grid(figure, len(shown)), shown, strict=True):
        axes.set_title(_estimate_title(distance) if panel == "estimate" else _TITLES[panel])
        _draw(figure, axes, panel, history)
    return figure


@styled
def training_panels(history: History) -> Mapping[str, Figure]:
    """Return the same as pictures without titles, by name: those of ``PANELS`` that have data."""
    figures: dict[str, Chart] = {}
    for panel in PANELS:
        if _has(history, panel):
            figures[panel], axes = blank()
            _draw(figures[panel], axes, panel, history)
    return figures


def moving_average(y: FloatArray) -> FloatArray:
    """Return the mean over about a fortieth of the run around each point, fewer at its ends.

    What is not finite is left out of the mean.
    """
    reach = max(1, y.size // 80)
    finite = np.isfinite(y)
    total = np.concatenate([[0.0], np.cumsum(np.where(finite, y, 0.0))])
    count = np.concatenate([[0], np.cumsum(finite)])
    low = np.maximum(np.arange(y.size) - reach, 0)
    high = np.minimum(np.arange(y.size) + reach + 1, y.size)
    number = count[high] - count[low]
    return np.where(number > 0, (total[high] - total[low]) / np.maximum(number, 1), np.nan)


_LINES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "scores": (("real_score", REAL, "real"), ("fake_score", SYNTHETIC, "synthetic")),
    "estimate": (("estimate", REAL, ""),),
    "penalty": (("penalty", REAL, ""),),
    "heldout": (("heldout_score", REAL, ""),),
}
_TITLES = {
    "scores": "Mean score of the critic",
    "penalty": "λ × gradient penalty",
    "heldout": "Held-out score",
}


def _estimate_title(distance: str) -> str:
    how = ": real − synthetic score" if distance == "Wasserstein" else ""
    return f"{distance} estimate{how}"


def _has(history: History, panel: str) -> bool:
    names = [name for name, _, _ in _LINES[panel]]
    there = all(name in history and history[name].size for name in names)
    return there and (panel != "penalty" or bool(np.any(history["penalty"])))


def _grid(figure: Figure, panels: int) -> list[Axes]:
    """Return so many axes in two columns; the last is as wide as both where it is alone."""
    grid = figure.add_gridspec(-(-panels // 2), 2)
    places = [grid[place // 2, place % 2] for place in range(panels)]
    if panels % 2:
        places[-1] = grid[panels // 2, :]
    return [figure.add_subplot(place) for place in places]


def _draw(figure: Chart, axes: Axes, panel: str, history: History) -> None:
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    if not _has(history, panel):
        return
    step = np.asarray(history["heldout_step" if panel == "heldout" else "step"], float)
    lines = [(np.asarray(history[n], float), colour, label) for n, colour, label in _LINES[panel]]
    _read(figure, axes, step, lines, panel == "heldout")
    for y, colour, label in lines:
        if panel == "heldout":
            axes.plot(step, y, "-o", color=colour, markersize=3, linewidth=1.0, label=label)
        else:
            _faint_and_mean(axes, step, y, colour, label)
    y = lines[0][0]
    if panel == "heldout" and y.min() > 0 and y.max() > 30 * y.min():
        axes.set_yscale("log")
        plain_numbers(axes.yaxis)
    if panel in ("scores", "estimate"):
        zero_line(axes)
    if panel != "heldout":
        _leave_out_extremes(axes, np.concatenate([y for y, _, _ in lines]))
    _mark_chosen(axes, history, step, lines[0][0] if panel == "heldout" else None)
    if len(lines) > 1:
        legend(axes, "right")


def _read(
    figure: Chart,
    axes: Axes,
    step: FloatArray,
    lines: list[tuple[FloatArray, str, str]],
    plain: bool,
) -> None:
    """Let a pointer read each line, and the moving average beside it unless it is drawn plain."""
    kept = positions(step.size, POINTS if plain or len(lines) == 1 else POINTS // 2)
    series = []
    for y, colour, label in lines:
        series.append(Series(label or "value", y[kept], colour))
        if not plain:
            name = f"{label} mean".strip()
            series.append(Series(name, moving_average(y)[kept], colour))
    figure.read(axes, step[kept], *series, label="step")


def _faint_and_mean(axes: Axes, step: FloatArray, y: FloatArray, colour: str, label: str) -> None:
    kept = thin(y)
    axes.plot(step[kept], y[kept], color=colour, linewidth=0.5, alpha=0.3)
    mean = moving_average(y)
    kept = thin(mean)
    axes.plot(step[kept], mean[kept], color=colour, linewidth=1.4, label=label)


def _leave_out_extremes(axes: Axes, y: FloatArray) -> None:
    """Fit the vertical axis to 99 % of the values: the first steps are often far away."""
    y = y[np.isfinite(y)]
    if y.size:
        low, high = np.quantile(y, [0.005, 0.995])
        margin = 0.06 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)


def _mark_chosen(axes: Axes, history: History, step: FloatArray, y: FloatArray | None) -> None:
    if "best_step" not in history or not history["best_step"].size:
        return
    best = float(history["best_step"][0])
    axes.axvline(best, color=CHOSEN, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    if y is None:
        return
    nearest = int(np.abs(step - best).argmin())
    axes.plot(step[nearest], y[nearest], "o", color=CHOSEN, markersize=6)
    axes.text(
        0.99, 1.02, f"chosen: step {best:,.0f}", transform=axes.transAxes, ha="right", color=CHOSEN
    ).set_fontsize(9)
