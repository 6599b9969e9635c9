"""The figures and tables of docs/theory.md.

``python benchmarks/theory.py --out docs/images`` draws them, in about a minute of one core.

Two parallel lines (Arjovsky et al. 2017, example 1) and what four distances say of them; two
histograms and the cheapest plan that turns one into the other (Villani 2009, chapter 1). The
critics are in ``theory_critics``.
"""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import theory_critics
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist

from tsgan.canvas import CHOSEN, NEGATIVE, REAL, RULE, SYNTHETIC, TEXT, plain_numbers, styled
from tsgan.distances import wasserstein_1
from tsgan.divergences import jensen_shannon, kullback_leibler, total_variation
from tsgan.results import FloatArray

THETAS = (-1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0)
POINTS, CELL = 100, 0.02
"""Samples of a line, and the width of the cells of a histogram."""

PILES = (8, 6, 3, 2, 1, 0)
HOLES = (1, 2, 4, 4, 5, 4)
"""Twentieths of the earth at 1, 2, …, 6, before and after."""


def line(theta: float) -> FloatArray:
    """Return (POINTS, 2) points of (θ, Z), Z evenly over (0, 1)."""
    z = (np.arange(POINTS) + 0.5) / POINTS
    return np.stack([np.full(POINTS, theta), z], axis=1)


def parallel_lines(theta: float) -> dict[str, float]:
    """Return what each distance says of the lines at 0 and at θ.

    Wasserstein-1 twice: through the CDFs of the coordinate in which they differ, and as the
    cheapest of all pairings of points of the plane. The others see shares of cells.
    """
    real, fake = line(0.0), line(theta)
    cost = cdist(real, fake)
    edges = np.arange(-1 - CELL / 2, 1 + CELL, CELL)
    heights = np.linspace(0, 1, 11)
    p, q = (np.histogramdd(x, (edges, heights))[0].ravel() / POINTS for x in (real, fake))
    return {
        "W1": wasserstein_1(real[:, 0], fake[:, 0]),
        "W1 by pairing": float(cost[linear_sum_assignment(cost)].mean()),
        "JS": jensen_shannon(p, q),
        "KL": kullback_leibler(p, q),
        "TV": total_variation(p, q),
    }


def closed_form(theta: float) -> dict[str, float]:
    """Return the same by Arjovsky et al. 2017, example 1."""
    apart = theta != 0
    return {
        "W1": abs(theta),
        "W1 by pairing": abs(theta),
        "JS": math.log(2) if apart else 0.0,
        "KL": math.inf if apart else 0.0,
        "TV": float(apart),
    }


def table() -> str:
    """Return the Markdown table of the lines."""
    names = list(closed_form(1.0))
    rows = ["| θ | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for theta in THETAS:
        found, truth = parallel_lines(theta), closed_form(theta)
        cells = [f"{found[name]:.3f} ({truth[name]:.3f})".replace("inf", "∞") for name in names]
        rows.append(f"| {theta:g} | {' | '.join(cells)} |".replace("-", "−", 1 if theta < 0 else 0))
    return "\n".join(rows)


def cheapest_plan(piles: Sequence[int], holes: Sequence[int]) -> FloatArray:
    """Return (n, n): what goes from place i to place j, by linear programming.

    Minimise ``Σ π_ij |i − j|`` over π ≥ 0 whose rows sum to the piles and columns to the holes. Of
    the plans that are equally cheap a hint of the square takes the one in which nothing crosses.
    """
    n = len(piles)
    places = np.arange(n)
    way = np.abs(places[:, None] - places[None, :]).ravel()
    cost = way + 1e-4 * way**2
    rows = np.kron(np.eye(n), np.ones(n))
    columns = np.kron(np.ones(n), np.eye(n))
    found = linprog(cost, A_eq=np.r_[rows, columns], b_eq=np.r_[piles, holes], method="highs")
    return np.asarray(found.x).reshape(n, n)


def plan_costs() -> dict[str, float]:
    """Return W1 of the two histograms: by the plan, by the CDFs, and of samples."""
    total = sum(PILES)
    places = np.arange(1, len(PILES) + 1)
    plan = cheapest_plan(PILES, HOLES) / total
    below = np.abs(np.cumsum(PILES) - np.cumsum(HOLES)) / total
    samples = (np.repeat(places, counts).astype(float) for counts in (PILES, HOLES))
    return {
        "plan": float(np.sum(plan * np.abs(places[:, None] - places[None, :]))),
        "area between the CDFs": float(below.sum()),
        "tsgan.distances.wasserstein_1": wasserstein_1(*samples),
    }


@styled
def lines_picture() -> Figure:
    figure = Figure(figsize=(7.4, 2.9))
    plane, curves = figure.subplots(1, 2, width_ratios=(1, 1.6))
    plane.plot([0, 0], [0, 1], color=REAL, linewidth=2)
    plane.plot([0.6, 0.6], [0, 1], color=SYNTHETIC, linewidth=2)
    plane.annotate("", (0.58, 0.5), (0.02, 0.5), arrowprops={"arrowstyle": "<->", "color": TEXT})
    plane.text(0.3, 0.54, "θ", ha="center", color=REAL, fontsize=11)
    plane.text(0, 1.04, "real (0, Z)", ha="center", color=REAL)
    plane.text(0.6, 1.04, "generated (θ, Z)", ha="center", color=SYNTHETIC)
    plane.set(xlim=(-0.35, 1.05), ylim=(-0.05, 1.15), xlabel="first coordinate", ylabel="second")
    theta = np.linspace(-1, 1, 41)
    curves.plot(theta, np.abs(theta), color=SYNTHETIC)
    styles: Mapping[str, str] = {"JS": NEGATIVE, "TV": CHOSEN}
    for name, colour in styles.items():
        for side in (theta[theta < 0], theta[theta > 0]):
            curves.plot(side, [closed_form(t)[name] for t in side], color=colour)
        curves.plot([0], [0], "o", color=colour, markersize=5, fillstyle="none")
    for name, colour in {"W1": SYNTHETIC, **styles}.items():
        found = [parallel_lines(t)[name] for t in theta[::4]]
        curves.plot(theta[::4], found, "o", color=colour, markersize=3.5)
    curves.text(1.03, 1.0, "TV = 1", color=CHOSEN, va="center")
    curves.text(0.42, 0.33, "W1 = |θ|", color=SYNTHETIC, va="center")
    curves.text(1.03, math.log(2), "JS = ln 2", color=NEGATIVE, va="center")
    curves.text(0, 1.1, "KL is infinite", color=TEXT, ha="center")
    curves.set(xlabel="θ", ylim=(-0.05, 1.2), xlim=(-1.05, 1.05), title="distance of the two lines")
    for axes in (plane, curves):
        plain_numbers(axes.xaxis)
        plain_numbers(axes.yaxis)
    return figure


def _plan_axes(axes: Axes, plan: FloatArray) -> None:
    n = len(plan)
    axes.imshow(plan, cmap="Blues", vmin=0, vmax=9, extent=(0.5, n + 0.5, n + 0.5, 0.5))
    for i in range(n):
        for j in range(n):
            if plan[i, j] > 1e-9:
                axes.text(j + 1, i + 1, f"{plan[i, j]:.0f}", ha="center", va="center", color=REAL)
    axes.plot([0.5, n + 0.5], [0.5, n + 0.5], color=RULE, zorder=0)
    axes.set(xlabel="to", ylabel="from", title="the cheapest plan, in twentieths")


@styled
def plan_picture() -> Figure:
    figure = Figure(figsize=(9, 3))
    heaps, plans, distributions = figure.subplots(1, 3)
    places, total = np.arange(1, len(PILES) + 1), sum(PILES)
    heaps.bar(places - 0.2, np.array(PILES) / total, 0.38, color=REAL, label="p")
    heaps.bar(places + 0.2, np.array(HOLES) / total, 0.38, color=SYNTHETIC, label="q")
    heaps.legend(loc="upper right")
    heaps.set(xlabel="place", title="two histograms")
    _plan_axes(plans, cheapest_plan(PILES, HOLES))
    steps = np.r_[0, places, len(PILES) + 1]
    low, high = (np.r_[0, np.cumsum(h), sum(h)] / total for h in (HOLES, PILES))
    distributions.step(steps, high, where="post", color=REAL, label="P")
    distributions.step(steps, low, where="post", color=SYNTHETIC, label="Q")
    distributions.fill_between(steps, low, high, step="post", color=SYNTHETIC, alpha=0.18, lw=0)
    cost = plan_costs()["area between the CDFs"]
    distributions.text(3.4, 0.62, f"area {cost:g}", color=TEXT, ha="center")
    distributions.legend(loc="lower right")
    distributions.set(xlabel="place", title="their distribution functions")
    for axes in (heaps, distributions):
        plain_numbers(axes.yaxis)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of few colours, which is small."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=130)
    few = Image.open(drawn).convert("RGB").quantize(32, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the figures")
    given = parser.parse_args()
    print(table())
    print(plan_costs())
    critics = theory_critics.study()
    print(theory_critics.table(critics))
    if given.out is not None:
        save(lines_picture(), given.out / "theory-lines.png")
        save(plan_picture(), given.out / "theory-plan.png")
        save(theory_critics.surfaces_picture(), given.out / "theory-surfaces.png")
        save(theory_critics.gradients_picture(critics), given.out / "theory-gradients.png")


if __name__ == "__main__":
    main()
