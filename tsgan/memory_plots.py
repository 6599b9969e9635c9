"""The pictures of memory: statistics over lags."""

from __future__ import annotations

from matplotlib.figure import Figure

from tsgan.canvas import (
    REAL,
    SYNTHETIC,
    TEXT,
    FloatArray,
    axis_labels,
    blank,
    legend,
    shade,
    styled,
    zero_line,
)
from tsgan.hover import Series
from tsgan.pictured import BandCurve

DASHES = (0, (4, 3))


@styled
def lag_figure(curve: BandCurve, statistic: str, error: FloatArray | None = None) -> Figure:
    """Draw a statistic over lags: the real series, the mean of the paths and their 5–95 %.

    ``error``: (lags,) half width of the interval around 0 without memory, drawn as two lines.
    """
    figure, axes = blank()
    lags = curve.x
    zero_line(axes)
    shade(axes, lags, curve.low, curve.high)
    axes.plot(lags, curve.real, color=REAL, linewidth=0.9, label="real")
    axes.plot(lags, curve.synthetic, color=SYNTHETIC, label="synthetic mean")
    series = [
        Series("real", curve.real, REAL),
        Series("synthetic mean", curve.synthetic, SYNTHETIC),
        Series("5–95 %", curve.low, SYNTHETIC, upper=curve.high),
    ]
    if error is not None:
        for edge, label in ((error, "no memory, 95 %"), (-error, None)):
            axes.plot(lags, edge, color=TEXT, linewidth=0.8, linestyle=DASHES, label=label)
        series.append(Series("no memory, 95 %", -error, TEXT, upper=error))
    axis_labels(axes, "lag", statistic)
    legend(axes)
    figure.read(axes, lags, *series, label="lag")
    return figure
