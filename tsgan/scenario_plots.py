"""The picture of scenarios: where the prices go, and some of the ways there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tsgan.canvas import (
    COLUMNS,
    PANEL,
    REAL,
    SYNTHETIC,
    axis_labels,
    plain_numbers,
    shade,
    short_name,
    styled,
)
from tsgan.errors import ConfigError
from tsgan.hover import Chart, positions
from tsgan.scenarios import Scenarios

FloatArray = npt.NDArray[np.float64]

BANDS = ((0.05, 0.95), (0.25, 0.75))
"""Probabilities of the quantiles that bound each band, the outer one first."""
ASSETS_SHOWN = 12
"""More panels than these are not read any more."""
LAST_DAY = np.datetime64("9999-12-31")
"""Matplotlib's axes know no later one."""


@styled
def scenario_figure(scenarios: Scenarios, paths: int = 5) -> Figure:
    """Draw quantiles of the prices of all paths by date, and the first ``paths`` over them.

    Each asset has a panel of its own, the first twelve of them.

    Raises:
        ConfigError: if ``paths`` is negative, or there is no path.
    """
    if isinstance(paths, bool) or not isinstance(paths, int) or paths < 0:
        raise ConfigError(f"paths: expected a whole number from 0 on, got {paths!r}")
    if not scenarios.log_returns.size:
        raise ConfigError("scenarios: expected at least one path of one step, found none")
    names = scenarios.names[:ASSETS_SHOWN]
    closes = scenarios.closes().reshape(*scenarios.log_returns.shape[:2], -1)
    starts = np.atleast_1d(np.asarray(scenarios.start_price, dtype=np.float64))
    figure = Chart(figsize=(PANEL[0], PANEL[1] * (1 + 0.6 * (len(names) - 1))))
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    dated = (
        not np.isnat(scenarios.dates).any() and scenarios.dates[0] < scenarios.dates[-1] <= LAST_DAY
    )
    for k, axes in enumerate(panels):
        if dated:
            _fan(axes, scenarios.dates.astype("datetime64[s]"), closes[..., k], paths)
        else:
            whole = np.insert(closes[..., k], 0, starts[k], axis=1)
            _fan(axes, np.arange(whole.shape[1]), whole, paths)
        axes.axhline(starts[k], color=REAL, linewidth=0.6, linestyle=":")
        axes.set_ylabel("price")
        plain_numbers(axes.yaxis)
        if scenarios.several:
            axes.set_title(short_name(names[k]), loc="right")
    top, bottom = panels[0], panels[-1]
    top.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=4)
    axis_labels(bottom, "" if dated else "step", "price")
    if dated:
        locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
        bottom.xaxis.set_major_locator(locator)
        bottom.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    else:
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _fan(axes: Axes, steps: npt.NDArray[np.generic], closes: FloatArray, paths: int) -> None:
    """Draw one asset. ``closes``: (paths, steps)."""
    kept = positions(closes.shape[1], COLUMNS)
    steps = steps[kept]
    probabilities = [p for band in BANDS for p in band]
    *edges, median = np.quantile(closes[:, kept], [*probabilities, 0.5], axis=0)
    for number, (low, high) in enumerate(BANDS):
        label = f"{100 * low:.0f}–{100 * high:.0f} %"
        bottom, top = edges[2 * number : 2 * number + 2]
        shade(axes, steps, bottom, top, label, alpha=0.16 * (1 + number))
    axes.plot(steps, median, color=SYNTHETIC, label="median")
    for number, path in enumerate(closes[:paths, kept]):
        once = None if number else "single paths"
        axes.plot(steps, path, color=REAL, linewidth=0.5, alpha=0.6, label=once)
