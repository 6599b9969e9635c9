"""What a model remembers of the data it was fitted on, and of its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tsgan.scenarios import Calendar


@dataclass(frozen=True)
class DataFacts:
    """What a model remembers of the data it was fitted on.

    Attributes:
        source, column, sha256: the file's name, its price column, the hash of its bytes.
        prices: prices used; returns: their log returns; training: how many of them were trained on.
        first_date, last_date: of the prices; training_end: date of the last training return.
        last_price: the anchor of generated paths.
        periods_per_year: what annualises a volatility.
        step: how dates follow each other, see ``Calendar``.
        notes: what the reader decided.
        findings: rows that were left out, changed or look odd, see ``Finding.to_dict``.
        reading, columns: how the file was read, to read it so again, see ``ReadConfig``.
        breaks: where windows ended within the training part.
    """

    source: str
    column: str
    sha256: str
    prices: int
    returns: int
    training: int
    first_date: str | None
    last_date: str | None
    training_end: str | None
    last_price: float
    periods_per_year: float
    step: str | int
    notes: tuple[str, ...]
    findings: tuple[Mapping[str, Any], ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    breaks: int = 0

    @property
    def calendar(self) -> Calendar:
        """Return how the dates go on."""
        return Calendar(self.last_date, self.step)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON types."""
        lists = {"notes": list(self.notes), "findings": list(self.findings)}
        return asdict(self) | lists | {"columns": list(self.columns)}


@dataclass(frozen=True)
class TrainingFacts:
    """How a model was trained.

    Attributes:
        steps: generator steps done; seconds: of training; finished: whether to the end.
        best_step: the checkpoint that was kept; best_score: its held-out score, None without one.
        device: where it ran.
    """

    steps: int
    seconds: float
    finished: bool
    best_step: int
    best_score: float | None
    device: str
