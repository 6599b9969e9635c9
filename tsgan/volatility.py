"""The condition that every model has: the volatility that a path shall realise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan.errors import ConfigError

LEVELS = ("low", "mid", "high")
VOLATILITIES = (1e-4, 10.0)
"""Annualised volatilities that can be asked for: 0.01 % to 1,000 %."""


@dataclass(frozen=True)
class VolatilityCondition:
    """Trailing realised volatility, annualised, over a window.

    It is ``√(mean (r − m)² · periods per year)`` with the mean m of all training returns.

    Attributes:
        unit: annualised volatility that a log volatility of 0 stands for.
        low, mid, high: mean realised volatility of the lowest, middle and highest third of the
            training windows.
        smallest, largest: the range that training saw.
    """

    unit: float
    low: float
    mid: float
    high: float
    smallest: float
    largest: float

    @classmethod
    def fit(cls, logs: npt.NDArray[np.floating[Any]], unit: float) -> Self:
        """Return the condition of training windows with log volatilities ``logs``, (windows,)."""
        ordered = unit * np.exp(np.sort(np.asarray(logs, dtype=np.float64)))
        low, mid, high = (float(part.mean()) for part in np.array_split(ordered, 3))
        return cls(unit, low, mid, high, float(ordered[0]), float(ordered[-1]))

    def volatility(self, given: str | float) -> float:
        """Return the annualised volatility that ``given`` asks for: a level, or a number.

        Raises:
            ConfigError: if it is neither, or not within ``VOLATILITIES``.
        """
        if isinstance(given, str) and given in LEVELS:
            level: float = getattr(self, given)
            return level
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not VOLATILITIES[0] <= value <= VOLATILITIES[1]:
            raise ConfigError(
                f"vol: expected low, mid, high or an annualised volatility such as 0.35, at least "
                f"{VOLATILITIES[0]:g} and at most {VOLATILITIES[1]:g}, got {given!r}"
            )
        return value

    def seen(self, volatility: float) -> bool:
        """Return whether training saw windows of this annualised volatility."""
        return self.smallest <= volatility <= self.largest

    def vector(self, volatility: float | None) -> Tensor:
        """Return the condition (2,) of an annualised volatility, or of none."""
        if volatility is None:
            return torch.zeros(2)
        return torch.tensor([math.log(volatility / self.unit), 1.0])

    def to_dict(self) -> dict[str, float]:
        """Return the levels as JSON numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the condition of ``to_dict``."""
        return cls(**{name: float(value) for name, value in values.items()})
