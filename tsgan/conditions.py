"""What a path can be given: the volatility that it shall realise, and tracks that run along it.

Inside, a volatility is ``(log volatility in scaled units, 1)``, or ``(0, 0)`` where none is given.
Outside, it is an annualised volatility, or one of the levels ``low``, ``mid`` and ``high``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.errors import ConfigError
from tsgan.found_regimes import FoundRegimes
from tsgan.requirements import require, require_int
from tsgan.tracks import FOUND, NUMBER, FloatArray, TrackCondition
from tsgan.units import Units
from tsgan.volatility import LEVELS as LEVELS
from tsgan.volatility import VolatilityCondition as VolatilityCondition

VOLATILITY = "vol"
"""Name of the condition that every model has."""

MOST_TRACKS, MOST_CHANNELS = 8, 64

SMALLEST_LOG_VOLATILITY = math.log(1e-3)
"""Floor for windows in which nothing moves, so that their logarithm is finite."""


def trailing_log_volatility(series: Tensor, window: int) -> Tensor:
    """Return ``½ ln(mean square)`` of every window: (n, assets) -> (n − window + 1,)."""
    squares = series.square().mean(dim=1)
    mean_square = F.avg_pool1d(squares[None], window, stride=1)[0]
    return (0.5 * torch.log(mean_square)).clamp_min(SMALLEST_LOG_VOLATILITY)


@dataclass(frozen=True)
class Conditions:
    """All that the paths of one model can be given.

    Attributes:
        volatility: that every model has, called ``vol``.
        tracks: those asked for when it was fitted, in the order of their channels. Regimes found
            without labels come last, and are given alone: training saw nothing else beside them.
        units: in which a path is measured where its volatility is not given; None without tracks
            that are observed.
        regimes: what the classes of regimes found without labels turned out to mean; None where
            there are none, or training is not over.

    Raises:
        ConfigError: at birth, if there are too many, two of one name, or no units for them.
    """

    volatility: VolatilityCondition
    tracks: tuple[TrackCondition, ...] = ()
    units: Units | None = None
    regimes: FoundRegimes | None = None

    def __post_init__(self) -> None:
        require_int("number of conditions", len(self.tracks), 0, MOST_TRACKS)
        require(len(set(self.names)) == len(self.names), "conditions", "each once", self.names)
        found = [track for track in self.tracks if track.kind == FOUND]
        last = found == list(self.tracks[len(self.tracks) - len(found) :])
        expected = "at most one set of regimes found without labels, and last"
        require(last and len(found) < 2, "conditions", expected, self.names)
        codes = self.latent
        require(sum(self.sizes) + codes <= MOST_CHANNELS, "conditions", "fewer classes", self.names)
        channels = 0 if self.units is None else len(self.units.means)
        expected = f"units of {sum(self.sizes)} channels"
        require(channels == sum(self.sizes), "conditions", expected, channels)
        meanings = codes if self.regimes is None else len(self.regimes.each)
        require(meanings == codes, "conditions", f"meanings of {codes} regimes", meanings)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, ``vol`` first."""
        return (VOLATILITY, *(track.name for track in self.tracks))

    def track(self, name: str) -> TrackCondition:
        """Return the track of this name."""
        return next(track for track in self.tracks if track.name == name)

    @property
    def observed(self) -> tuple[TrackCondition, ...]:
        """The tracks that real windows have, all but regimes found without labels."""
        return tuple(track for track in self.tracks if track.kind != FOUND)

    @property
    def found(self) -> TrackCondition | None:
        """The regimes found without labels."""
        return next((track for track in self.tracks if track.kind == FOUND), None)

    @property
    def latent(self) -> int:
        """How many regimes are found without labels, 0 for none."""
        return 0 if self.found is None else self.found.channels

    @property
    def sizes(self) -> tuple[int, ...]:
        """The channels of each observed track."""
        return tuple(track.channels for track in self.observed)

    @property
    def held(self) -> tuple[bool, ...]:
        """For each of these, whether it is one value of a whole window."""
        return tuple(track.held for track in self.observed)

    @property
    def levelled(self) -> tuple[bool, ...]:
        """For each of these, whether it is a number that moves within a window."""
        return tuple(track.kind == NUMBER for track in self.observed)

    def layout(self, assets: int = 1) -> ConditionLayout:
        """Return where they stand in the condition of a sample."""
        covariates = sum(self.sizes) + self.latent
        return ConditionLayout(covariates=covariates, latent=self.latent, assets=assets)

    def series(self, values: Mapping[str, FloatArray]) -> Tensor | None:
        """Return the channels of the observed tracks side by side, (n, channels); None without.

        Args:
            values: by the name of each track, (n,) as ``TrackCondition.encoded`` takes them.
        """
        if not self.observed:
            return None
        parts = [track.encoded(values[track.name]) for track in self.observed]
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
            given = [2**k for k, track in enumerate(self.observed) if track.name in values]
            weights = self.units.weights(self.sizes)[[sum(given)]]
            units = self.units.log_units(tracks[:, : sum(self.sizes)], weights)
        along = tracks if self.tracks else None
        row = self.layout().pack(1, log_scale=log_scale, covariates=along, units=units)
        return row[0]

    def to_dict(self) -> dict[str, Any]:
        """Return tracks and units as JSON types; the volatility has an entry of its own."""
        units = None if self.units is None else self.units.to_dict()
        told = {"tracks": [track.to_dict() for track in self.tracks], "units": units}
        return told if self.regimes is None else {**told, "regimes": self.regimes.to_dict()}

    @classmethod
    def from_dict(cls, volatility: VolatilityCondition, values: object) -> Self:
        """Return the conditions of ``to_dict``.

        Raises:
            ConfigError: if it is no object of tracks and units.
        """
        if not isinstance(values, Mapping) or set(values) - {"regimes"} != {"tracks", "units"}:
            raise ConfigError("conditions: expected an object of tracks and units, got another")
        tracks = values["tracks"]
        if not isinstance(tracks, Sequence) or isinstance(tracks, str):
            raise ConfigError(f"conditions: expected a JSON list, got {type(tracks).__name__}")
        units = None if values["units"] is None else Units.from_dict(values["units"])
        known = tuple(TrackCondition.from_dict(track) for track in tracks)
        found = FoundRegimes.from_dict(values["regimes"]) if "regimes" in values else None
        return cls(volatility, known, units, found)
