"""What a pointer over a picture reads: the numbers of its lines, and where they lie on the page.

A figure function that draws a line also says how it is read, by adding a :class:`Reading` to its
:class:`Chart`. Nothing is guessed from what was drawn. The script of the report finds the position
nearest to the pointer, and shows there each series by its name and value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

POINTS = 300
"""A series is thinned to so many positions: finer than a pointer can point."""

POINTS_PER_INCH = 72
"""A unit of the drawing is a typographic point."""


@dataclass(frozen=True)
class Series:
    """What is read under one name, at each position of a :class:`Reading`.

    Attributes:
        name: as the reader sees it.
        values: (points,), or (points, points) on a grid, row by row from the top; NaN is a gap.
        colour: of its mark.
        upper: where not None, ``values`` and ``upper`` are the ends of a range.
    """

    name: str
    values: FloatArray
    colour: str
    upper: FloatArray | None = None


@dataclass(frozen=True)
class Reading:
    """How one pair of axes is read.

    Attributes:
        axes: on which the values are drawn.
        at: (points,) positions along ``along``, ascending.
        series: what is read there.
        label: what the position is, such as ``"lag"``.
        along: the axis of the positions; ``"grid"`` for cells whose centres are 0, 1, …
        names: instead of the positions' numbers.
        scale, units: factors and units of the numbers that are shown, across and upward.
        nearest: of the series without a range, show the first and the one nearest to the pointer.
    """

    axes: Axes
    at: FloatArray
    series: Sequence[Series]
    label: str = ""
    along: Literal["x", "y", "grid"] = "x"
    names: Sequence[str] = ()
    scale: tuple[float, float] = (1.0, 1.0)
    units: tuple[str, str] = ("", "")
    nearest: bool = False


class Chart(Figure):
    """A figure that knows how it is read."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.readings: list[Reading] = []

    def read(self, axes: Axes, at: FloatArray, *series: Series, **how: Any) -> None:
        """Add a :class:`Reading`; ``how`` is its other attributes."""
        self.readings.append(Reading(axes, at, series, **how))


def positions(size: int, most: int = POINTS) -> npt.NDArray[np.intp]:
    """Return at most ``most`` evenly spaced positions of an array of ``size``, with both ends."""
    return np.unique(np.linspace(0, max(size - 1, 0), min(size, most)).round().astype(np.intp))


def panels(figure: Figure) -> list[dict[str, Any]]:
    """Return the readings of a figure that was drawn, as JSON values in the units of its drawing.

    Each has ``box``: left, top, right and bottom of the axes; ``x`` and ``y``: the numbers at the
    ends of the axes and whether they are logarithmic; the rest as in :class:`Reading`.
    """
    return [_panel(figure, one) for one in figure.readings] if isinstance(figure, Chart) else []


def _panel(figure: Figure, reading: Reading) -> dict[str, Any]:
    axes, (across, upward) = reading.axes, reading.scale
    width, height = figure.get_size_inches() * POINTS_PER_INCH
    place = axes.get_position()
    box = (place.x0 * width, (1 - place.y1) * height, place.x1 * width, (1 - place.y0) * height)
    shift = upward if reading.along != "y" else across
    panel: dict[str, Any] = {
        "box": [round(float(edge), 1) for edge in box],
        "x": [*_numbers(np.multiply(axes.get_xlim(), across), 8), axes.get_xscale() == "log"],
        "y": [*_numbers(np.multiply(axes.get_ylim(), upward), 8), axes.get_yscale() == "log"],
        "along": reading.along,
        "label": reading.label,
        "at": _numbers(reading.at * (upward if reading.along == "y" else across), 6),
        "names": list(reading.names),
        "units": list(reading.units),
        "nearest": reading.nearest,
        "series": [_series(one, shift) for one in reading.series],
    }
    return panel


def _series(series: Series, scale: float) -> dict[str, Any]:
    found = {
        "name": series.name,
        "colour": series.colour,
        "values": _numbers(series.values.ravel() * scale, 4),
    }
    if series.upper is not None:
        found["upper"] = _numbers(series.upper.ravel() * scale, 4)
    return found


def _numbers(values: FloatArray, digits: int) -> list[float | int | None]:
    """Return ``values`` with so many significant digits; None for what is not finite."""
    return [_short(float(value), digits) for value in values]


def _short(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
