"""What a row is that needs more than two sets of paths, before it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tsgan.results import FloatArray, Group, Marks


@dataclass(frozen=True)
class Setting:
    """What the gauges measure paths against.

    Attributes:
        series: (n,) real log returns; training: (m,) those that the model was trained on.
        held_out: (h,) those that it never saw; None without any.
        seed: of every random choice.
    """

    series: FloatArray
    training: FloatArray
    held_out: FloatArray | None
    seed: int

    def generator(self, stream: int) -> np.random.Generator:
        """Return the random numbers of one gauge."""
        from tsgan.seeding import BOOTSTRAP, numpy_generator  # brings torch: not on import

        return numpy_generator(self.seed, BOOTSTRAP, stream)


@dataclass(frozen=True)
class Reading:
    """A gauge's value, and the figure and spread that stand beside it."""

    value: float
    figure: float | None = None
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Limits:
    """Where indistinguishable and within noise end.

    Attributes:
        indistinguishable, within_noise: the largest such values.
        band: 5 %, 50 % and 95 % where the limits are a distribution's marks; else None.
        real: the figure of the real series, or of chance; note: what the limits are.
    """

    indistinguishable: float
    within_noise: float
    band: Marks | None
    real: float | None
    note: str


@dataclass(frozen=True)
class Gauge:
    """One such row, still to be measured; ``obstacle`` says why it cannot be, empty if it can."""

    name: str
    meaning: str
    group: Group
    obstacle: Callable[[Setting, FloatArray], str]
    measure: Callable[[Setting, FloatArray], Reading]
    limits: Callable[[Setting, FloatArray], Limits]

    def value(self, setting: Setting, paths: FloatArray) -> float:
        """Return the value of ``paths``, NaN where it is not defined."""
        if self.obstacle(setting, paths):
            return float("nan")
        return self.measure(setting, paths).value
