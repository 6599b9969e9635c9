"""The numbers of each step of a run, read from the device only when someone looks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from tsgan.ranks import ALONE, Ranks

TOLD = ("real_score", "fake_score", "penalty", "estimate", "generator_norm")
"""The numbers of a step, in the order in which they are told."""

COLUMNS = (*TOLD[:4], "seconds")


class History:
    """Columns with a number for each step; see ``COLUMNS``.

    Attributes:
        columns: by name, of the steps that were looked at.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        self._unseen: list[tuple[Tensor, float]] = []

    def add(self, told: Tensor, seconds: float) -> None:
        """Take the numbers of a step, (5,), on any device, and the time of training until then."""
        self._unseen.append((told, seconds))

    def look(self, largest: float, ranks: Ranks = ALONE) -> bool:
        """Wait for the unseen steps; return whether they are finite and bounded.

        Only if they are, by ``largest``, do they enter the columns. Of several ``ranks``, which
        look at the same time, the numbers are the means.
        """
        unseen, self._unseen = self._unseen, []
        if not unseen:
            return True
        table = ranks.mean([torch.stack([told for told, _ in unseen])])[0].tolist()
        if not all(math.isfinite(x) and abs(x) <= largest for row in table for x in row):
            return False
        for row, (_, seconds) in zip(table, unseen, strict=True):
            for name, number in zip(COLUMNS, (*row[:4], seconds), strict=True):
                self.columns[name].append(number)
        return True

    def means(self, steps: int) -> dict[str, float]:
        """Return the means over the newest ``steps`` steps, by name, of all but the seconds."""
        return {name: sum(self.columns[name][-steps:]) / steps for name in TOLD[:4]}

    def state(self) -> dict[str, Tensor]:
        """Return the columns as float64."""
        return {name: torch.tensor(x, dtype=torch.float64) for name, x in self.columns.items()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what ``state`` returned; KeyError if a column is missing."""
        self.columns = {name: tensors[name].tolist() for name in COLUMNS}
        self._unseen = []
