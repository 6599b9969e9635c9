"""What every picture shares: palette, style, thinning to the width of a page, the way to a file.

Pictures are drawn in the colours of white paper. As SVG inside a page each colour of the palette
becomes a CSS variable, so that the page decides what it looks like in light, in dark and in print.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from tsgan.files import replacing
from tsgan.hover import Chart, panels

FloatArray = npt.NDArray[np.float64]

REAL = "#15181c"
SYNTHETIC = "#2a66a5"
CHOSEN = "#1c7a4c"
NEGATIVE = "#b3261e"
TEXT = "#59616b"
RULE = "#cfd4da"
PALETTE = {
    "real": REAL,
    "synthetic": SYNTHETIC,
    "chosen": CHOSEN,
    "negative": NEGATIVE,
    "plot-text": TEXT,
    "plot-rule": RULE,
}
"""Name of the CSS variable of each colour that a picture may use."""

PANEL = (5.4, 3.3)
"""Width and height of one picture in inches."""

COLUMNS = 300
"""A long line is thinned to about this many columns, each with its lowest and highest point."""

STYLE: Any = {  # the keys are typed differently from one matplotlib to the next
    "text.usetex": False,
    "text.parse_math": False,  # a name with two dollar signs is a name
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": TEXT,
    "axes.labelsize": 9,
    "axes.labelcolor": TEXT,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": REAL,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.xmargin": 0.01,
    "axes.formatter.use_mathtext": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": TEXT,
    "ytick.labelcolor": TEXT,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 1.4,
    "legend.borderaxespad": 0,
    "legend.columnspacing": 1.4,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 1.2,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
}

styled = matplotlib.rc_context(STYLE)
"""Decorator: draw in the style above and leave the caller's settings as they were."""


@matplotlib.rc_context(STYLE)
def blank(size: tuple[float, float] = PANEL) -> tuple[Chart, Axes]:
    """Return an empty picture and its axes."""
    figure = Chart(figsize=size)
    return figure, figure.add_subplot()


def zero_line(axes: Axes) -> None:
    """Draw the horizontal line at 0 behind everything."""
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)


def shade(
    axes: Axes,
    x: npt.NDArray[Any],
    low: FloatArray,
    high: FloatArray,
    label: str | None = "5–95 %",
    colour: str = SYNTHETIC,
    alpha: float = 0.16,
) -> None:
    """Shade a band."""
    axes.fill_between(x, low, high, color=colour, alpha=alpha, linewidth=0, label=label)


def legend(axes: Axes, side: Literal["left", "right"] = "left") -> None:
    """Name the lines in one row above the axes, where they hide nothing, the real one first."""
    first = ("real", "synthetic")
    named = sorted(
        zip(*axes.get_legend_handles_labels(), strict=True),
        key=lambda h: first.index(h[1]) if h[1] in first else len(first),
    )
    axes.legend(
        [handle for handle, _ in named],
        [label for _, label in named],
        loc="lower left" if side == "left" else "lower right",
        bbox_to_anchor=(0 if side == "left" else 1, 1.02),
        ncols=len(named),
    )


def plain_numbers(axis: Axis, scale: float = 1) -> None:
    """Write the numbers of ``axis`` times ``scale`` as short as they can be, without powers."""
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{scale * value:.6g}".replace("-", "−"))
    )
    axis.set_minor_formatter(NullFormatter())


def axis_labels(axes: Axes, x: str, y: str) -> None:
    """Name both axes."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def short_name(name: str, length: int = 22) -> str:
    """Return a name that may come from a file as it fits beside an axis."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return printable if len(printable) <= length else f"{printable[: length - 1]}…"


def thin(y: FloatArray, columns: int = COLUMNS) -> npt.NDArray[np.intp]:
    """Return the positions to draw: first, last, lowest and highest of each column of the page."""
    if y.size <= 2 * columns:
        return np.arange(y.size)
    width = -(-y.size // columns)
    padded = np.full(-(-y.size // width) * width, np.nan)
    padded[: y.size] = y
    table = padded.reshape(-1, width)
    start = np.arange(len(table)) * width
    lowest = start + np.where(np.isnan(table), np.inf, table).argmin(axis=1)
    highest = start + np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    return np.unique(np.concatenate([[0, y.size - 1], lowest, highest]))


def svg(figure: Figure, title: str) -> str:
    """Return the picture as an ``<svg>`` for use inside a page; ``title`` is read to the blind.

    Colours of the palette turn into CSS variables, fonts and size are left to the page, and no
    identifier clashes with that of a picture with another title.
    """
    buffer = io.StringIO()
    nobody = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with _drawing({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nobody)
    head, _, body = buffer.getvalue().partition("<svg")[2].partition(">")
    for noise, instead in _NOISE:
        body = noise.sub(instead, body)
    body = _TAG.sub(lambda tag: _DECIMALS.sub(_round, tag[0]), body)
    for name, colour in PALETTE.items():
        body = body.replace(colour, f"var(--{name})")
    box = " ".join(re.findall(r'viewBox="[^"]+"', head))
    return f'<svg {box} class="plot" role="img" aria-label="{escape(title)}">{body}'


def pointer_data(figure: Figure) -> list[dict[str, Any]]:
    """Return what a pointer reads of a picture that :func:`svg` has drawn, see ``hover.panels``.

    Colours are the names of their CSS variables.
    """
    variables = {colour: name for name, colour in PALETTE.items()}
    found = panels(figure)
    for panel in found:
        for series in panel["series"]:
            series["colour"] = variables[series["colour"]]
    return found


@contextmanager
def _drawing(settings: Any) -> Iterator[None]:
    """Draw with ``settings``; a letter that the font lacks is left to the reader's fonts."""
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from")
        yield


_TAG = re.compile(r"<[^>]+>")
_DECIMALS = re.compile(r"-?\d+\.\d{2,}")
_NOISE = (
    (re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL), ""),
    (re.compile(r'<(g|text) id="[^"]*"'), r"<\1"),
    (re.compile(r" font-family: [^;]*;"), ""),
    (re.compile(r' transform="rotate\(-0 [^)]*\)"'), ""),
    (re.compile(r"xlink:href"), "href"),
    (re.compile(r'\s*\n(?=[LQCMz"])'), ""),
    (re.compile(r"\s*\n\s*"), "\n"),
)


def _round(number: re.Match[str]) -> str:
    return f"{float(number[0]):.4g}"


def save_figure(figure: Figure, path: Path) -> None:
    """Save the picture to ``path`` as PNG, whole or not at all.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    with replacing(path) as temporary, _drawing({}):
        figure.savefig(temporary, format="png", dpi=150)
