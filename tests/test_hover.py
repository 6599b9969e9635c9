"""What a pointer reads of a picture, and where."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from tsgan.canvas import REAL, SYNTHETIC, blank, pointer_data, svg
from tsgan.hover import POINTS, Chart, Series, panels, positions


def chart(log: bool = False) -> Chart:
    figure, axes = blank()
    axes.plot([1, 10, 100], [0.0, 0.5, 1.0], color=REAL)
    axes.set_xlim(1, 100)
    axes.set_ylim(0, 1)
    if log:
        axes.set_xscale("log")
    x, y = np.array([1.0, 10.0, 100.0]), np.array([0.0, 0.123456789, np.nan])
    figure.read(
        axes,
        x,
        Series("real", y, REAL),
        Series("band", y, SYNTHETIC, upper=y + 1),
        label="lag",
        scale=(1, 100),
        units=("", " %"),
    )
    return figure


def test_box_lies_where_the_line_was_drawn() -> None:
    figure = chart()
    text = svg(figure, "t")
    (panel,) = pointer_data(figure)
    left, top, right, bottom = panel["box"]
    paths = [path.get("d", "") for path in ElementTree.fromstring(text).iter("path")]
    points = [[float(n) for n in re.findall(r"[\d.]+", path)] for path in paths]
    line = next(found for found in points if len(found) == 2 * 3)
    assert [*line[:2], *line[-2:]] == pytest.approx([left, bottom, right, top], abs=0.1)


def test_numbers_are_scaled_rounded_and_never_nan() -> None:
    figure = chart(log=True)
    svg(figure, "t")
    (panel,) = pointer_data(figure)
    assert panel["x"] == [1, 100, True] and panel["y"] == [0, 100, False]
    assert panel["at"] == [1, 10, 100] and panel["label"] == "lag"
    real, band = panel["series"]
    assert real == {"name": "real", "colour": "real", "values": [0, 12.35, None]}
    assert band["upper"] == [100, 112.3, None] and band["colour"] == "synthetic"
    json.dumps(panel, allow_nan=False)


def test_positions_along_the_upright_axis_are_scaled_as_its_values_are_not() -> None:
    figure, axes = blank()
    axes.set_ylim(3, 0)
    values = Series("a", np.array([0.1, 0.2]), REAL)
    figure.read(axes, np.array([1.0, 2.0]), values, along="y", scale=(100, 1), names=("p", "q"))
    (panel,) = panels(figure)
    assert panel["at"] == [1, 2] and panel["series"][0]["values"] == [10, 20]
    assert panel["y"] == [3, 0, False] and panel["names"] == ["p", "q"]


def test_grid_is_read_row_by_row() -> None:
    figure, axes = blank()
    cells = np.arange(4.0).reshape(2, 2)
    figure.read(axes, np.arange(2.0), Series("a", cells, REAL), along="grid")
    assert panels(figure)[0]["series"][0]["values"] == [0, 1, 2, 3]


def test_positions_are_few_and_have_both_ends() -> None:
    assert positions(5).tolist() == [0, 1, 2, 3, 4]
    many = positions(10_001)
    assert many.size == POINTS and many[0] == 0 and many[-1] == 10_000
    assert np.ptp(np.diff(many)) <= 1 and positions(0).tolist() == []


def test_figure_that_is_no_chart_has_no_readings() -> None:
    assert panels(Figure()) == []
