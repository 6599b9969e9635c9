"""What a path can be given: the volatility that it shall realise, and tracks that run along it.

Inside, a volatility is ``(log volatility in scaled units, 1)``, or ``(0, 0)`` where none is given.
Outside, it is an annualised volatility, or one of the levels ``low``, ``mid`` and ``high``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.errors import ConfigError
from tsgan.requirements import require, require_int
from tsgan.tracks import NUMBER, FloatArray, TrackCondition
from tsgan.units import Units

VOLATILITY = "vol"
"""Name of the condition that every model has."""

MOST_TRACKS, MOST_CHANNELS = 8, 64

LEVELS = ("low", "mid", "high")
VOLATILITIES = (1e-4, 10.0)
"""Annualised volatilities that can be asked for: 0.01 % to 1,000 %."""

SMALLEST_LOG_VOLATILITY = math.log(1e-3)
"""Floor for windows in which nothing moves, so that their logarithm is finite."""


def trailing_log_volatility(series: Tensor, window: int) -> Tensor:
    """Return ``½ ln(mean square)`` of every window: (n, assets) -> (n − window + 1,)."""
    squares = series.square().mean(dim=1)
    mean_square = F.avg_pool1d(squares[None], window, stride=1)[0]
    return (0.5 * torch.log(mean_square)).clamp_min(SMALLEST_LOG_VOLATILITY)


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


@dataclass(frozen=True)
class Conditions:
    """All that the paths of one model can be given.

    Attributes:
        volatility: that every model has, called ``vol``.
        tracks: those asked for when it was fitted, in the order of their channels.
        units: in which a path is measured where its volatility is not given; None without tracks.

    Raises:
        ConfigError: at birth, if there are too many, two of one name, or no units for them.
    """

    volatility: VolatilityCondition
    tracks: tuple[TrackCondition, ...] = ()
    units: Units | None = None

    def __post_init__(self) -> None:
        require_int("number of conditions", len(self.tracks), 0, MOST_TRACKS)
        require(len(set(self.names)) == len(self.names), "conditions", "each once", self.names)
        require(sum(self.sizes) <= MOST_CHANNELS, "conditions", "fewer classes", self.names)
        channels = 0 if self.units is None else len(self.units.means)
        expected = f"units of {sum(self.sizes)} channels"
        require(channels == sum(self.sizes), "conditions", expected, channels)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, ``vol`` first."""
        return (VOLATILITY, *(track.name for track in self.tracks))

    def track(self, name: str) -> TrackCondition:
        """Return the track of this name."""
        return next(track for track in self.tracks if track.name == name)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The channels of each track."""
        return tuple(track.channels for track in self.tracks)

    @property
    def held(self) -> tuple[bool, ...]:
        """For each track, whether it is one value of a whole window."""
        return tuple(track.held for track in self.tracks)

    @property
    def levelled(self) -> tuple[bool, ...]:
        """For each track, whether it is a number that moves within a window."""
        return tuple(track.kind == NUMBER for track in self.tracks)

    def layout(self, assets: int = 1) -> ConditionLayout:
        """Return where they stand in the condition of a sample."""
        return ConditionLayout(covariates=sum(self.sizes), assets=assets)

    def series(self, values: Mapping[str, FloatArray]) -> Tensor | None:
        """Return the channels of all tracks side by side, (n, channels); None without tracks.

        Args:
            values: by the name of each track, (n,) as ``TrackCondition.encoded`` takes them.
        """
        if not self.tracks:
            return None
        parts = [track.encoded(values[track.name]) for track in self.tracks]
        return torch.from_numpy(np.concatenate(parts, axis=1))

    def given(self, values: Mapping[str, float | FloatArray], horizon: int) -> Tensor:
        """Return the channels along a sample, (channels, horizon); what is not named is not given.

        Args:
            values: by name, one number for the whole horizon, or (horizon,); a class is its place
                in the classes, from 0. NaN is not given.
            horizon: steps.
        """
        parts = [
            track.encoded(np.broadcast_to(values.get(track.name, np.nan), (horizon,))).T
            for track in self.tracks
        ]
        return torch.from_numpy(np.concatenate([np.zeros((0, horizon), np.float32), *parts]))

    def row(self, values: Mapping[str, float | FloatArray], horizon: int) -> Tensor:
        """Return the condition of one sample, (size,), a row of ``layout``.

        Args:
            values: as in ``given``, and ``vol``, annualised; it may be (horizon,) as well.
            horizon: steps; where nothing changes along them, the row has one.
        """
        volatility = values.get(VOLATILITY)
        if not self.tracks and not isinstance(volatility, np.ndarray):
            return self.volatility.vector(volatility)
        if not any(isinstance(value, np.ndarray) for value in values.values()):
            horizon = 1
        log_scale = units = None
        tracks = self.given(values, horizon)[None]
        if volatility is not None:
            ratios = np.broadcast_to(volatility, (horizon,)) / self.volatility.unit
            units = torch.from_numpy(np.log(ratios).astype(np.float32))[None]
            log_scale = units.mean(dim=1)
        elif self.units is not None:
            given = [2**k for k, track in enumerate(self.tracks) if track.name in values]
            weights = self.units.weights(self.sizes)[[sum(given)]]
            units = self.units.log_units(tracks, weights)
        along = tracks if self.tracks else None
        row = self.layout().pack(1, log_scale=log_scale, covariates=along, units=units)
        return row[0]

    def to_dict(self) -> dict[str, Any]:
        """Return tracks and units as JSON types; the volatility has an entry of its own."""
        units = None if self.units is None else self.units.to_dict()
        return {"tracks": [track.to_dict() for track in self.tracks], "units": units}

    @classmethod
    def from_dict(cls, volatility: VolatilityCondition, values: object) -> Self:
        """Return the conditions of ``to_dict``.

        Raises:
            ConfigError: if it is no object of tracks and units.
        """
        if not isinstance(values, Mapping) or set(values) != {"tracks", "units"}:
            raise ConfigError("conditions: expected an object of tracks and units, got another")
        tracks = values["tracks"]
        if not isinstance(tracks, Sequence) or isinstance(tracks, str):
            raise ConfigError(f"conditions: expected a JSON list, got {type(tracks).__name__}")
        units = None if values["units"] is None else Units.from_dict(values["units"])
        return cls(volatility, tuple(TrackCondition.from_dict(track) for track in tracks), units)
