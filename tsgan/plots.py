"""The pictures of an evaluation: each a pure function from values to a matplotlib Figure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tsgan.canvas import (
    COLUMNS,
    REAL,
    SYNTHETIC,
    blank,
    legend,
    plain_numbers,
    save_figure,
    styled,
    thin,
    zero_line,
)
from tsgan.results import Curves, FloatArray, LagCurve
from tsgan.training_plots import training_figure

__all__ = [
    "density_figure",
    "evaluation_figures",
    "fan_figure",
    "lag_figure",
    "quantile_figure",
    "returns_figure",
    "sample_paths_figure",
    "save_figure",
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
    for number, path in enumerate(curves.synthetic_paths[:PATHS_SHOWN]):
        label = None if number else "synthetic"
        _line(axes, path, color=SYNTHETIC, linewidth=0.6, alpha=0.5, label=label)
    _line(axes, curves.real_path, color=REAL, linewidth=1.3, label="real", zorder=3)
    _label(axes, "step", "cumulative log return")
    legend(axes)
    return figure


@styled
def fan_figure(curves: Curves) -> Figure:
    """Draw the quantiles of all synthetic paths step by step, and the real path over them."""
    figure, axes = blank()
    zero_line(axes)
    steps = np.unique(np.linspace(0, curves.fan.shape[1] - 1, COLUMNS).astype(int))
    bands = len(curves.fan_p) // 2
    for outer in range(bands):
        style = {"color": SYNTHETIC, "alpha": 0.16 * (outer + 1), "linewidth": 0}
        p = curves.fan_p[[outer, -1 - outer]]
        label = f"{'' if outer else 'synthetic '}{_percent(p[0])}–{_percent(p[1])} %"
        for edge, label_once in ((outer, label), (-2 - outer, None)):
            low, high = curves.fan[edge], curves.fan[edge + 1]
            axes.fill_between(steps, low[steps], high[steps], label=label_once, **style)  # type: ignore[arg-type]
    if len(curves.fan_p) % 2:
        axes.plot(steps, curves.fan[bands][steps], color=SYNTHETIC, label="median")
    _line(axes, curves.real_path, color=REAL, linewidth=1.0, label="real", zorder=3)
    _label(axes, "step", "cumulative log return")
    legend(axes)
    return figure


@styled
def returns_figure(curves: Curves) -> Figure:
    """Draw the steps of the real path above those of the first synthetic one, on one scale."""
    figure, axes = blank()
    figure.delaxes(axes)
    above, below = figure.subplots(2, 1, sharex=True, sharey=True)
    paths = {"real": (above, REAL, curves.real_path)}
    if len(curves.synthetic_paths):
        paths["synthetic"] = (below, SYNTHETIC, curves.synthetic_paths[0])
    for name, (axes, colour, path) in paths.items():
        _line(axes, np.diff(path), color=colour, linewidth=0.5)
        axes.set_title(name, color=colour, fontsize=9)
        plain_numbers(axes.yaxis, 100)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    below.set_xlabel("step")
    figure.supylabel("log return, %", fontsize=9)
    return figure


@styled
def density_figure(curves: Curves) -> Figure:
    """Draw both densities of one-step log returns on a linear scale: the centre."""
    figure, axes = blank()
    _densities(axes, curves)
    axes.set_ylim(bottom=0)
    shown = curves.density_real + curves.density_synthetic > 0.01 * curves.density_real.max()
    if shown.any():
        axes.set_xlim(curves.density_x[shown][0], curves.density_x[shown][-1])
    return figure


@styled
def tail_figure(curves: Curves) -> Figure:
    """Draw the same densities on a logarithmic scale: the tails."""
    figure, axes = blank()
    _densities(axes, curves)
    if (curves.density_real > 0).any() or (curves.density_synthetic > 0).any():
        axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    axes.minorticks_off()
    return figure


@styled
def quantile_figure(curves: Curves) -> Figure:
    """Draw synthetic against real quantiles; on the diagonal they are equal."""
    figure, axes = blank()
    real, synthetic = curves.quantile_real, curves.quantile_synthetic
    axes.axline((0, 0), slope=1, color=REAL, linewidth=0.8)
    axes.plot(real, synthetic, "o", color=SYNTHETIC, markersize=2.6, markeredgewidth=0)
    for end in (0, -1):
        axes.annotate(
            _tail_percent(curves.quantile_p[end]),
            (real[end], synthetic[end]),
            xytext=(6, -8),
            textcoords="offset points",
        )
    _label(axes, "quantile of real log returns, %", "quantile of synthetic, %")
    axes.margins(0.13, 0.08)
    plain_numbers(axes.xaxis, 100)
    plain_numbers(axes.yaxis, 100)
    return figure


@styled
def lag_figure(curve: LagCurve, statistic: str) -> Figure:
    """Draw a statistic over lags: the real series, the mean of the paths and their 5–95 %."""
    figure, axes = blank()
    lags = np.arange(1, len(curve.real) + 1)
    zero_line(axes)
    band = {"color": SYNTHETIC, "alpha": 0.16, "linewidth": 0}
    axes.fill_between(lags, curve.low, curve.high, label="5–95 %", **band)  # type: ignore[arg-type]
    axes.plot(lags, curve.real, color=REAL, linewidth=0.9, label="real")
    axes.plot(lags, curve.synthetic, color=SYNTHETIC, label="synthetic mean")
    _label(axes, "lag", statistic)
    legend(axes)
    return figure


def evaluation_figures(curves: Curves) -> Mapping[str, Figure]:
    """Return every picture of an evaluation by its name, in the order of the report."""
    acf = curves.acf
    return {
        "paths": sample_paths_figure(curves),
        "fan": fan_figure(curves),
        "density": density_figure(curves),
        "tails": tail_figure(curves),
        "quantiles": quantile_figure(curves),
        "returns": returns_figure(curves),
        "acf_id": lag_figure(acf["id"], "autocorrelation of r"),
        "acf_abs": lag_figure(acf["abs"], "autocorrelation of |r|"),
        "acf_sq": lag_figure(acf["sq"], "autocorrelation of r²"),
        "leverage": lag_figure(curves.leverage, "Corr(r at t, r² at t + lag)"),
    }


def _densities(axes: Axes, curves: Curves) -> None:
    for label, colour, density in (
        ("real", REAL, curves.density_real),
        ("synthetic", SYNTHETIC, curves.density_synthetic),
    ):
        seen = np.where(density > 0, density, np.nan)
        axes.step(curves.density_x, seen, where="mid", color=colour, linewidth=1.1, label=label)
    _label(axes, "log return, %", "density")
    plain_numbers(axes.xaxis, 100)
    legend(axes)


def _line(axes: Axes, y: FloatArray, **style: object) -> None:
    kept: npt.NDArray[np.intp] = thin(y)
    axes.plot(kept, y[kept], **style)  # type: ignore[arg-type]


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _percent(p: float) -> str:
    return f"{100 * p:.4g}"


def _tail_percent(p: float) -> str:
    """Return ``p`` in percent with the one digit that tells how far out it is."""
    digits = -math.floor(math.log10(100 * min(p, 1 - p))) if 0 < p < 1 else 0
    return f"{round(100 * p, max(digits, 0)):.10g} %"
