"""The pictures of the distribution of returns: densities, quantiles, tail indices, aggregation."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tsgan.canvas import (
    REAL,
    SYNTHETIC,
    FloatArray,
    axis_labels,
    blank,
    legend,
    plain_numbers,
    shade,
    styled,
    zero_line,
)
from tsgan.hover import Chart, Series
from tsgan.pictured import BandCurve, Curves, HillCurve

PERCENT = {"scale": (100, 1), "units": (" %", "")}


@styled
def density_figure(curves: Curves) -> Figure:
    """Draw both densities of one-step log returns on a linear scale: the centre."""
    figure, axes = blank()
    _densities(figure, axes, curves)
    axes.set_ylim(bottom=0)
    shown = curves.density_real + curves.density_synthetic > 0.01 * curves.density_real.max()
    if shown.any():
        axes.set_xlim(curves.density_x[shown][0], curves.density_x[shown][-1])
    return figure


@styled
def tail_figure(curves: Curves) -> Figure:
    """Draw the same densities on a logarithmic scale: the tails."""
    figure, axes = blank()
    _densities(figure, axes, curves)
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
    axis_labels(axes, "quantile of real log returns, %", "quantile of synthetic, %")
    axes.margins(0.13, 0.08)
    plain_numbers(axes.xaxis, 100)
    plain_numbers(axes.yaxis, 100)
    figure.read(
        axes,
        real,
        Series("real", real, REAL),
        Series("synthetic", synthetic, SYNTHETIC),
        names=[f"{100 * p:.4g} % quantile" for p in curves.quantile_p],
        scale=(100, 100),
        units=(" %", " %"),
    )
    return figure


@styled
def hill_figure(hill: HillCurve) -> Figure:
    """Draw the Hill tail index over the share taken as the tail; the real one with its interval."""
    figure, axes = blank()
    share = hill.fraction
    shade(axes, share, hill.low, hill.high, "its 95 % interval", REAL, 0.12)
    axes.plot(share, hill.real, color=REAL, linewidth=1.0, label="real")
    axes.plot(share, hill.synthetic, color=SYNTHETIC, label="synthetic")
    axis_labels(axes, "share of values taken as the tail, %", "Hill tail index")
    plain_numbers(axes.xaxis, 100)
    legend(axes)
    _leave_out_first(axes, hill)
    figure.read(
        axes,
        share,
        Series("real", hill.real, REAL),
        Series("95 % interval", hill.low, REAL, upper=hill.high),
        Series("synthetic", hill.synthetic, SYNTHETIC),
        label="tail",
        **PERCENT,
    )
    return figure


@styled
def aggregation_figure(curve: BandCurve) -> Figure:
    """Draw the excess kurtosis of k-step returns over k: towards 0 as returns add up."""
    figure, axes = blank()
    zero_line(axes)
    shade(axes, curve.x, curve.low, curve.high)
    axes.plot(curve.x, curve.real, "-o", color=REAL, markersize=3, linewidth=1.0, label="real")
    axes.plot(curve.x, curve.synthetic, "-o", color=SYNTHETIC, markersize=3, label="synthetic mean")
    axes.set_xscale("log")
    axes.set_xticks([k for k in (1, 2, 5, 10, 20, 50, 100, 200) if k <= curve.x[-1]])
    axes.minorticks_off()
    plain_numbers(axes.xaxis)
    axis_labels(axes, "steps added up", "excess kurtosis")
    legend(axes)
    figure.read(
        axes,
        curve.x,
        Series("real", curve.real, REAL),
        Series("synthetic mean", curve.synthetic, SYNTHETIC),
        Series("5–95 %", curve.low, SYNTHETIC, upper=curve.high),
        label="steps",
    )
    return figure


def _leave_out_first(axes: Axes, hill: HillCurve) -> None:
    """Fit the vertical axis to the lines: the interval of a handful of values dwarfs them."""
    lines = np.concatenate([hill.real, hill.synthetic])
    lines = lines[np.isfinite(lines)]
    if lines.size:
        span = max(float(np.ptp(lines)), 0.5)
        axes.set_ylim(max(float(lines.min()) - span, 0.0), float(lines.max()) + span)


def _densities(figure: Chart, axes: Axes, curves: Curves) -> None:
    read = []
    for label, colour, density in (
        ("real", REAL, curves.density_real),
        ("synthetic", SYNTHETIC, curves.density_synthetic),
    ):
        seen: FloatArray = np.where(density > 0, density, np.nan)
        axes.step(curves.density_x, seen, where="mid", color=colour, linewidth=1.1, label=label)
        read.append(Series(label, density, colour))
    axis_labels(axes, "log return, %", "density")
    plain_numbers(axes.xaxis, 100)
    legend(axes)
    figure.read(axes, curves.density_x, *read, label="log return", **PERCENT)


def _tail_percent(p: float) -> str:
    """Return ``p`` in percent with the one digit that tells how far out it is."""
    digits = -math.floor(math.log10(100 * min(p, 1 - p))) if 0 < p < 1 else 0
    return f"{round(100 * p, max(digits, 0)):.10g} %"
