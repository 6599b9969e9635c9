"""Conditions that run along a window: a number or a class at each step, as channels."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from tsgan.errors import ConfigError, DataError
from tsgan.requirements import require, require_choice, require_int, require_real
from tsgan.wording import is_name

FloatArray: TypeAlias = npt.NDArray[np.float64]

NUMBER, LABEL, REGIME, TREND, FOUND = KINDS = ("number", "label", "regime", "trend", "found")
RESERVED = frozenset({"vol", "step", "date"})
"""Names that mean something else: the volatility, and the columns that say when."""

NAME = re.compile(r"[^\W\d][\w.-]{0,39}")
LONGEST_CLASS = 40
"""Characters of the name of a class at most."""

MOST_CLASSES = 20
LARGEST = 1e15
YES_NO = ("no", "yes")
ALIASES = {"0": "no", "1": "yes", "false": "no", "true": "yes"}
REGIMES = {"low": "1", "mid": "2", "high": "3"}


@dataclass(frozen=True)
class TrackCondition:
    """A condition that runs along a window.

    Attributes:
        name: what ``--given`` calls it.
        kind: ``number`` or ``label`` at each step; of a whole window ``regime``, the class of its
            realised volatility, ``trend``, its annualised drift, a number, or ``found``, a latent
            code, which no real window has.
        mean, sd: of a number over the training part, of its logarithm where ``log``; annualised
            and over the training windows of a trend.
        log: the logarithm is taken, as all values are above 0.
        smallest, largest: of a number in training, in its own unit.
        classes: names of a label's or regime's classes.
        edges: (classes − 1,) annualised volatilities between regimes.

    Raises:
        ConfigError: at birth, where something is not as described.
    """

    name: str
    kind: str
    mean: float = 0.0
    sd: float = 1.0
    log: bool = False
    smallest: float = 0.0
    largest: float = 0.0
    classes: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name)
        require_choice("kind of condition", self.kind, KINDS)
        for name in ("mean", "smallest", "largest"):
            require_real(f"{self.name}, {name}", getattr(self, name), -LARGEST, LARGEST)
        require_real(f"{self.name}, sd", self.sd, 1e-12, LARGEST)
        require(isinstance(self.log, bool), f"{self.name}, log", "true or false", self.log)
        ordered = self.smallest <= self.largest and (not self.log or self.smallest > 0)
        require(ordered, f"{self.name}, smallest", "a number up to the largest", self.smallest)
        wanted = "two or more different names" if self.labelled else "none of a number"
        texts = all(
            isinstance(text, str) and 0 < len(text) <= LONGEST_CLASS and is_name(text)
            for text in self.classes
        )
        count = len(set(self.classes)) if texts else -1
        fits = count == len(self.classes) and (2 <= count <= MOST_CLASSES) == self.labelled
        require(fits and (self.labelled or not count), f"{self.name}, classes", wanted, count)
        wanted = "ascending volatilities, one fewer than classes" if self.labelled else "none"
        expected = len(self.classes) - 1 if self.kind == REGIME else 0
        require(len(self.edges) == expected, f"{self.name}, edges", wanted, self.edges)
        for edge in self.edges:
            require_real(f"{self.name}, edges", edge, 0, LARGEST)
        rising = all(a < b for a, b in zip(self.edges, self.edges[1:], strict=False))
        require(rising, f"{self.name}, edges", wanted, self.edges)

    @classmethod
    def of_numbers(cls, name: str, training: FloatArray, *, log: bool, kind: str = NUMBER) -> Self:
        """Return the condition of a number with these values in training, (n,), none missing.

        Raises:
            DataError: if they do not vary.
        """
        smallest, largest = float(training.min()), float(training.max())
        if not -LARGEST <= smallest < largest <= LARGEST:
            raise DataError(
                f"condition {name}: expected numbers that vary within ±{LARGEST:g} in the training "
                f"part, found {smallest:g} to {largest:g}; leave it out, or hold out less"
            )
        numbers = np.log(training) if log else training
        mean, sd = float(numbers.mean()), float(numbers.std())
        return cls(name, kind, mean, max(sd, 1e-12), log, smallest, largest)

    @classmethod
    def of_regimes(cls, volatilities: FloatArray, classes: int) -> Self:
        """Return regimes that are equally many of these windows each, classes 1, 2, 3, ….

        Args:
            volatilities: (windows,) annualised, of training.
            classes: how many.

        Raises:
            DataError: if the windows do not differ.
        """
        edges = np.quantile(volatilities, np.arange(1, classes) / classes)
        if not np.all(np.diff(edges, prepend=volatilities.min()) > 0):
            raise DataError(
                f"condition regime: expected volatilities of windows in {classes} classes, found "
                "too many that are the same; take fewer classes, or leave it out"
            )
        names = tuple(str(k + 1) for k in range(classes))
        return cls(REGIME, REGIME, classes=names, edges=tuple(edges.tolist()))

    @property
    def labelled(self) -> bool:
        """Whether it is one of several classes, not a number."""
        return self.kind in (LABEL, REGIME, FOUND)

    @property
    def held(self) -> bool:
        """Whether it is one value of a whole window."""
        return self.kind in (REGIME, TREND, FOUND)

    @property
    def channels(self) -> int:
        """How many channels it has: one of each class, or the number and whether it is given."""
        return len(self.classes) if self.labelled else 2

    def encoded(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Return (n, channels) of (n,) numbers, or places of classes from 0; NaN is not given."""
        given = ~np.isnan(values)
        if self.labelled:
            hot = np.equal(values[:, None], np.arange(len(self.classes)))
            return np.asarray(hot, dtype=np.float32)
        known = np.where(given, values, 1.0)
        numbers = np.log(known) if self.log else known
        scaled = np.where(given, (numbers - self.mean) / self.sd, 0.0)
        return np.stack([scaled, given], axis=1).astype(np.float32)

    def value(self, asked: str | float) -> float:
        """Return the number, or the place of the class from 0, that is asked for.

        Raises:
            ConfigError: if it is none, with those there are.
        """
        if not self.labelled:
            return self._number(asked)
        whole = isinstance(asked, float) and asked.is_integer()
        return self._class(str(int(asked) if whole else asked).strip())

    def _class(self, asked: str) -> float:
        if asked in self.classes:  # classes may differ by case alone
            return float(self.classes.index(asked))
        known = {text.casefold(): k for k, text in enumerate(self.classes)}
        other = {}
        if self.classes == YES_NO:
            other = ALIASES
        elif self.kind == REGIME and len(self.classes) == len(REGIMES):
            other = REGIMES
        text = asked.casefold()
        place = known.get(text, known.get(other.get(text, text)))
        if place is None:
            raise ConfigError(
                f"{self.name}: expected one of {', '.join(self.classes)}, got {asked!r}"
            )
        return float(place)

    def _number(self, asked: str | float) -> float:
        try:
            value = float(asked)
        except ValueError:
            value = math.nan
        low = "above 0" if self.log else f"from {-LARGEST:g}"
        if not (0 if self.log else -LARGEST) <= value <= LARGEST or (self.log and value == 0):
            raise ConfigError(
                f"{self.name}: expected a number {low} to {LARGEST:g}, such as "
                f"{self.smallest:.4g} to {self.largest:.4g} in training, got {asked!r}"
            )
        return value

    def seen(self, value: float) -> bool:
        """Return whether training saw this number; every class was seen."""
        return self.labelled or self.smallest <= value <= self.largest

    def shown(self, value: float) -> str:
        """Return a value as its user would write it."""
        return self.classes[int(value)] if self.labelled else f"{value:.6g}"

    @property
    def described(self) -> str:
        """What it may be: its classes, or the numbers that training saw."""
        if self.labelled:
            where = ", found without labels" if self.kind == FOUND else ""
            classes = sorted(self.classes) if where else self.classes
            return f"one of {', '.join(classes)}{where}"
        return f"{self.shown(self.smallest)} to {self.shown(self.largest)} in training"

    def to_dict(self) -> dict[str, Any]:
        """Return the condition as JSON types."""
        return asdict(self) | {"classes": list(self.classes), "edges": list(self.edges)}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the condition of ``to_dict``.

        Raises:
            ConfigError: if an entry is missing, unknown, or not as described.
        """
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ConfigError(f"condition: expected an object of {', '.join(sorted(names))}")
        lists = {name: _tuple(name, values[name]) for name in ("classes", "edges")}
        return cls(**{**values, **lists})


def require_name(name: object) -> None:
    """Raise ConfigError unless a condition can be called so."""
    fits = isinstance(name, str) and NAME.fullmatch(name) and name.casefold() not in RESERVED
    expected = "a name of letters, digits, _, . and -, that begins with a letter, and is not "
    require(bool(fits), "condition", expected + ", ".join(sorted(RESERVED)), name)


def _tuple(name: str, values: object) -> tuple[Any, ...]:
    fits = isinstance(values, Sequence) and not isinstance(values, str)
    require(fits, f"condition, {name}", "a JSON list", values)
    require_int(f"condition, number of {name}", len(values), 0, MOST_CLASSES)  # type: ignore[arg-type]
    return tuple(values)  # type: ignore[arg-type]
