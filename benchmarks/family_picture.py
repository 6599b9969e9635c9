"""The picture of docs/family.md: digits of each member of the family, a column a seed.

``python benchmarks/family_picture.py DIR OUT.png``, with the folder that ``images.py`` has filled.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from images import FAMILY, file_name
from matplotlib import image
from matplotlib.figure import Figure

SHOWN, SHEET = 2, 10
"""Rows of a sheet that are shown, of so many."""

INCHES = 3.0


def picture(folder: Path, members: list[str], seeds: list[int]) -> Figure:
    """Return a figure of the first images of each run, with the name of the member beside them."""
    figure = Figure((INCHES * len(seeds) + 1.3, 0.2 * INCHES * len(members) + 0.3))
    panels = figure.subplots(len(members), len(seeds), squeeze=False)
    for row, name in zip(panels, members, strict=True):
        for panel, seed in zip(row, seeds, strict=True):
            sheet = image.imread(folder / f"{file_name(name, seed)}.png")
            panel.imshow(sheet[: SHOWN * len(sheet) // SHEET], cmap="gray", vmin=0, vmax=1)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        row[0].set_ylabel(name.replace(", ", ",\n"), rotation=0, ha="right", va="center")
    for panel, seed in zip(panels[0], seeds, strict=True):
        panel.set_title(f"seed {seed}", fontsize=10)
    figure.subplots_adjust(left=0.14, right=0.995, top=0.95, bottom=0.005, wspace=0.03, hspace=0.06)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    asked = parser.parse_args()
    made = picture(asked.folder, list(FAMILY), asked.seeds)
    made.savefig(asked.out, dpi=100)


if __name__ == "__main__":
    main()
