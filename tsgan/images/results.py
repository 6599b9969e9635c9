"""What an evaluation of images found: typed values that report, terminal and JSON render."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tsgan.files import write_atomically
from tsgan.images.metrics import FloatArray, Pixels

Verdict = Literal["as real", "close", "off", "skipped"]
VERDICTS: tuple[Verdict, ...] = ("as real", "close", "off", "skipped")
Better = Literal["lower", "higher", "near"]

SCHEMA = 1
"""Version of the JSON file: raised when a reader of it would have to change."""

COPIES, DIVERSITY = "copied images", "diversity"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; both ends are the figure itself where it has no noise."""

    value: float
    low: float
    high: float

    def over(self, divisor: float) -> Estimate:
        """Return the estimate divided by a figure above 0 that is taken for certain."""
        return Estimate(self.value / divisor, self.low / divisor, self.high / divisor)


NOTHING = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class ImageRow:
    """One figure of the samples beside the same figure of real images.

    Attributes:
        name: as in the table.
        meaning: one plain sentence for a reader who does not know the figure.
        samples: the figure of the samples; NaN where it was skipped.
        real: the same figure of real images that were never generated: floor or ceiling.
        close: the range, ends included, in which a figure is close to the real one.
        better: which way is better.
        verdict: the intervals of samples and real meet, or the samples' is the better one: as
            real; else within ``close``: close; else off; skipped, with the reason in ``note``.
        note: the reason of a skip, or what else is to be known.
        share: the figure is a share, told in percent.
    """

    name: str
    meaning: str
    samples: Estimate
    real: Estimate
    close: tuple[float, float]
    better: Better
    verdict: Verdict
    note: str = ""
    share: bool = False


def verdict(
    samples: Estimate, real: Estimate, close: tuple[float, float], better: Better
) -> Verdict:
    """Return the verdict of a figure, see :class:`ImageRow`; skipped where it is no number."""
    if not (math.isfinite(samples.value) and math.isfinite(real.value)):
        return "skipped"
    low_enough = samples.low <= real.high or better == "higher"
    high_enough = samples.high >= real.low or better == "lower"
    if low_enough and high_enough:
        return "as real"
    return "close" if close[0] <= samples.value <= close[1] else "off"


@dataclass(frozen=True)
class Shown:
    """What the pictures of an evaluation show: values only.

    Attributes:
        grid: (images, 28, 28) samples in rows of ``columns``; of asked-for classes a row each.
        real: as many test images.
        columns: images in a row.
        rows: names of the rows; () where they have none.
        nearest, neighbours: (k, 28, 28) the samples that are nearest to training, the nearest
            first, and the training image of each.
        distances: (k,) between the two.
        confusion: (classes, classes) counts, asked-for rows, judged columns; None if not asked.
        shares, training_shares: (classes,) of each class, as judged, and of training.
    """

    grid: Pixels
    real: Pixels
    columns: int
    rows: tuple[str, ...]
    nearest: Pixels
    neighbours: Pixels
    distances: FloatArray
    confusion: npt.NDArray[np.int64] | None
    shares: FloatArray
    training_shares: FloatArray


@dataclass(frozen=True)
class ImageEvaluation:
    """The finished comparison of generated images with real ones.

    Attributes:
        name: what the real images are, for titles.
        samples: number of images given; n: of them compared, with as many real ones.
        training, test: number of real images.
        classes: names of the classes.
        judge_accuracy: share of all test images that the judge is right about.
        judge_seconds: of its training.
        frechet: Fréchet distance of the samples to the test images.
        floor: the same of training images, the mean over ``floors`` disjoint sets of n.
        rows: the table.
        shown: what pictures show.
        warnings: what a reader must know before the table, in plain sentences.
        seed: of the choice of images.
    """

    name: str
    samples: int
    n: int
    training: int
    test: int
    classes: tuple[str, ...]
    judge_accuracy: float
    judge_seconds: float
    frechet: Estimate
    floor: Estimate
    floors: int
    rows: tuple[ImageRow, ...]
    shown: Shown
    warnings: tuple[str, ...] = field(default=())
    seed: int = 0

    def row(self, name: str) -> ImageRow:
        """Return the row called ``name``; KeyError if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def count(self, *verdicts: Verdict) -> int:
        """Return how many rows ended in one of ``verdicts``."""
        return sum(row.verdict in verdicts for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON file: JSON types, None for what is not a number."""
        return {
            "schema": SCHEMA,
            "kind": "images",
            "name": self.name,
            "samples": self.samples,
            "compared": self.n,
            "training_images": self.training,
            "test_images": self.test,
            "classes": list(self.classes),
            "seed": self.seed,
            "judge": {
                "accuracy": _number(self.judge_accuracy),
                "training_seconds": _number(self.judge_seconds),
            },
            "frechet": {
                **_estimate(self.frechet),
                "floor": _estimate(self.floor),
                "floors": self.floors,
            },
            "verdicts": {name.replace(" ", "_"): self.count(name) for name in VERDICTS},
            "warnings": list(self.warnings),
            "metrics": [_row(row) for row in self.rows],
            "class_shares": {
                "samples": _numbers(self.shown.shares),
                "training": _numbers(self.shown.training_shares),
            },
            "confusion": None if self.shown.confusion is None else self.shown.confusion.tolist(),
        }


def write_image_metrics(path: Path, evaluation: ImageEvaluation) -> None:
    """Write ``metrics.json`` to ``path``, whole or not at all; strict JSON, without NaN.

    Raises:
        DataError: if ``path`` cannot be written.
    """
    text = json.dumps(evaluation.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    write_atomically(path, text + "\n")


def _row(row: ImageRow) -> dict[str, Any]:
    return {
        "name": row.name,
        **_estimate(row.samples),
        "real": _estimate(row.real),
        "close": _numbers(row.close),
        "better": row.better,
        "verdict": row.verdict,
        "meaning": row.meaning,
        "note": row.note,
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": _number(estimate.value),
        "interval": _numbers((estimate.low, estimate.high)),
    }


def _numbers(values: Sequence[float] | FloatArray) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
