"""What regimes that were found without labels turned out to mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from tsgan.errors import ConfigError
from tsgan.requirements import require, require_int, require_real

FEWEST, MOST = 2, 8
"""Regimes that can be looked for."""

LEAST_SHARE = 0.1
"""Of the entropy of the code: where less of it is found again, the code counts as ignored."""

RARE = 0.02
"""Share of real windows below which a regime is said to be none of the market's."""

CALM, WILD = 0.8, 1.25
"""Times the usual volatility of windows: below and above, a regime has the word."""

LARGEST = 1e9
MOST_EPISODES = 3


@dataclass(frozen=True)
class Regime:
    """One regime: what is made under it, and the real windows that look like it.

    Attributes:
        volatility, drift: means over windows made under it, annualised.
        memory: their mean autocorrelation of |r| at lags 1..20.
        skewness, kurtosis: of all their returns, in excess of the normal law.
        windows: how many real windows of the training part are taken for it, overlapping; share:
            as a part of all.
        real_volatility, real_drift: their means, None where there are none.
        episodes: first and last date, or number of the return, of the longest times in a row at
            which the window around it is taken for it, longest first.
    """

    volatility: float
    drift: float
    memory: float
    skewness: float
    kurtosis: float
    windows: int
    share: float
    real_volatility: float | None
    real_drift: float | None
    episodes: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        for name in ("volatility", "drift", "memory", "skewness", "kurtosis"):
            require_real(f"regime, {name}", getattr(self, name), -LARGEST, LARGEST)
        require_int("regime, windows", self.windows, 0, 2**53)
        require_real("regime, share", self.share, 0, 1)
        for name in ("real_volatility", "real_drift"):
            if (value := getattr(self, name)) is not None:
                require_real(f"regime, {name}", value, -LARGEST, LARGEST)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the regime of ``asdict``; ConfigError for what is none."""
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ConfigError(f"regime: expected an object of {', '.join(sorted(names))}")
        episodes = values["episodes"]
        fits = isinstance(episodes, Sequence) and all(
            isinstance(pair, list | tuple) and [type(text) for text in pair] == [str, str]
            for pair in episodes
        )
        require(fits, "regime, episodes", "pairs of dates", episodes)
        return cls(**{**values, "episodes": tuple(tuple(pair) for pair in episodes)})


@dataclass(frozen=True)
class FoundRegimes:
    """All regimes of a model, the calmest first: what is called 1 is ``each[0]``.

    Attributes:
        information: a lower bound on the mutual information of regime and window, in nats.
        usual: mean annualised volatility of the middle third of the real windows.
        latest: number of the regime, from 1, for which the last real window is taken.
        each: the regimes.
    """

    information: float
    usual: float
    latest: int
    each: tuple[Regime, ...]

    def __post_init__(self) -> None:
        require_int("number of regimes", len(self.each), FEWEST, MOST)
        require_real("regimes, information", self.information, -LARGEST, LARGEST)
        require_real("regimes, usual", self.usual, 0, LARGEST)
        require_int("regimes, latest", self.latest, 1, len(self.each))

    @property
    def entropy(self) -> float:
        """Return what could be known of a regime at most, in nats."""
        return math.log(len(self.each))

    @property
    def heard(self) -> str:
        """Return how much of it a window tells, in words."""
        return f"{max(self.information, 0.0):.2f} of {self.entropy:.2f} nats"

    @property
    def ignored(self) -> bool:
        """Return whether the windows hardly tell by which regime they were made."""
        return self.information < LEAST_SHARE * self.entropy

    def word(self, number: int) -> str:
        """Return how volatile a regime is, in a word and a figure: 1 is the calmest."""
        volatility = self.each[number - 1].volatility
        ratio = volatility / self.usual if self.usual else 1.0
        word = "calm" if ratio < CALM else "wild" if ratio > WILD else "usual"
        return f"{word}: {volatility:.1%} a year"

    def shown(self, name: Callable[[float], str]) -> Callable[[float], str]:
        """Return how a code is told, from how it is called."""
        return lambda code: f"{name(code)} ({self.word(int(name(code)))})"

    @property
    def listed(self) -> str:
        """Return all regimes in a phrase."""
        return " or ".join(f"{k} ({self.word(k)})" for k in range(1, len(self.each) + 1))

    def meaning(self, number: int) -> str:
        """Return what a regime means, in words."""
        regime = self.each[number - 1]
        real = f"{regime.share:.0%} of real windows"
        if regime.real_volatility is not None and regime.real_drift is not None:
            real += f" (of {regime.real_volatility:.1%} a year, drift {regime.real_drift:+.1%})"
        shape = f"memory {regime.memory:.2f}, skewness {regime.skewness:+.1f}, "
        shape += f"excess kurtosis {regime.kurtosis:.1f}"
        when = ", ".join(f"{first} … {last}" for first, last in regime.episodes)
        drift = f"drift {regime.drift:+.1%}"
        told = f"{self.word(number)}, {drift}, {shape}; {real}"
        return told + (f"; longest {when}" if when else "")

    def lines(self, name: str) -> list[str]:
        """Return all that is known of the regimes of this name, one sentence a line."""
        return [
            f"{name}: {len(self.each)} regimes found without labels; a window tells {self.heard} "
            f"of its regime; the last one of training is taken for {name}={self.latest}.",
            *(f"{name}={k}, {self.meaning(k)}." for k in range(1, len(self.each) + 1)),
        ]

    def doubts(self, name: str) -> list[str]:
        """Return what speaks against these regimes, in sentences."""
        if self.ignored:
            return [
                f"{name}: the regimes mean nothing that can be seen: a window tells {self.heard} "
                "of its regime; train for longer, look for fewer, or leave them out"
            ]
        rare = [str(k) for k, regime in enumerate(self.each, 1) if regime.share < RARE]
        if not rare:
            return []
        return [
            f"{name}: fewer than {RARE:.0%} of the real windows are taken for regime "
            f"{' and '.join(rare)}: look for fewer regimes, or train for longer"
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the regimes of ``to_dict``; ConfigError for what is none."""
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ConfigError(f"regimes: expected an object of {', '.join(sorted(names))}")
        each = values["each"]
        fits = isinstance(each, Sequence) and not isinstance(each, str)
        require(fits, "regimes", "a JSON list", each)
        return cls(**{**values, "each": tuple(Regime.from_dict(regime) for regime in each)})
