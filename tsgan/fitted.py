"""A fitted model as one value: what is saved in a directory and read back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tsgan import checkpoint, seeding
from tsgan.bar_channels import BarChannels
from tsgan.calibration import Calibration
from tsgan.conditions import VOLATILITY, Conditions, VolatilityCondition
from tsgan.config import Config
from tsgan.data.profile import Profile
from tsgan.data.scaling import Scaler
from tsgan.data.tables import FloatArray
from tsgan.errors import CheckpointError, ConfigError
from tsgan.facts import DataFacts
from tsgan.fitted_checks import demand_facts, demand_magnitudes, demand_volatilities
from tsgan.networks import Generator
from tsgan.panel_calibration import PanelCalibration
from tsgan.reading import ReadConfig
from tsgan.run import TrainingFacts
from tsgan.sampler import NOT_CALIBRATED, sample_groups

RESPONSE_PATHS, RESPONSE_STEPS, RESPONSE_ROUNDS = 128, 252, 2
LONGEST_RESPONSE = 2520
"""Steps of a longer schedule that are looked at."""

CALIBRATION_PATHS, CALIBRATION_STEPS = 1024, 2048
PANEL_CALIBRATION_PATHS = 256
"""Of several channels, each path of which has the returns of all."""

MEAN_RETURNS, LEAST_MEAN_PATHS, MOST_MEAN_PATHS = 1 << 20, 4, 4096
"""Returns and paths of which the mean return is taken."""

MEAN_STEPS = 2048
"""Steps of such paths, where nothing that is given changes along them."""


@dataclass(frozen=True)
class Fitted:
    """Everything that sampling needs, and what is known of where it comes from.

    Attributes:
        config: every setting of the run.
        facts: the data; scaler: fitted on its training part; conditions: that paths can be given.
        generator: on the CPU, without gradients.
        training: how it was trained; versions: of Python and the packages that trained it.
        calibration: of unconditional paths.
        profile: how volatility goes with the time of day, None where it does not.
        bars: how the channels of a path are bars; None where they are assets.
        weights_sha256: of the file of weights that it was read from; "" where it was not.
    """

    config: Config
    facts: DataFacts
    scaler: Scaler
    conditions: Conditions
    generator: Generator
    training: TrainingFacts
    versions: Mapping[str, str]
    calibration: Calibration | PanelCalibration = NOT_CALIBRATED
    profile: Profile | None = None
    bars: BarChannels | None = None
    weights_sha256: str = ""

    @property
    def channels(self) -> int:
        """Return how many series the network makes."""
        return len(self.scaler.mean)

    @property
    def assets(self) -> int:
        """Return how many assets a path has."""
        return len(self.facts.names)

    @property
    def volatile(self) -> int:
        """Return of how many channels, the first ones, the volatility is that of a path."""
        return self.channels if self.bars is None else 1

    @property
    def is_calibrated(self) -> bool:
        """Return whether the marginals are calibrated; a short training series leaves them."""
        if isinstance(self.calibration, PanelCalibration):
            return any(one.made.size > 0 for one in self.calibration.each)
        return self.calibration.made.size > 0

    @property
    def calibration_given(self) -> Calibration | PanelCalibration:
        """Return the calibration of paths under a condition: their marginal is another.

        What is not a return of theirs, as the wicks of bars, keeps its own.
        """
        if not isinstance(self.calibration, PanelCalibration):
            return NOT_CALIBRATED
        returns = self.channels if self.bars is None else self.bars.returns
        kept = self.calibration.each[returns:]
        return replace(self.calibration, each=(NOT_CALIBRATED,) * returns + kept)

    def calibrated(self, returns: FloatArray) -> Self:
        """Return the same model, calibrated to the ``returns`` of training, (n, channels)."""
        one = self.channels == 1
        made = sample_groups(
            self.generator,
            Scaler(np.zeros(self.channels), np.ones(self.channels)),
            self.conditions.row({}, 1),
            range(CALIBRATION_PATHS if one else PANEL_CALIBRATION_PATHS),
            CALIBRATION_STEPS,
            self.config.seed,
            seeding.CALIBRATION,
        )
        scaled = np.concatenate([group.reshape(-1, self.channels) for group in made])
        kind = Calibration if one else PanelCalibration
        return replace(self, calibration=kind.fit(self.scaler.transform(returns), scaled))

    def condition(self, values: Mapping[str, float | FloatArray], horizon: int) -> Tensor:
        """Return the condition of paths that realise ``values``, a row of the generator's layout.

        Of a volatility it is the one with which the median path realises it, measured on paths of
        their own: what is realised is near what is asked of the generator but not the same.

        Args:
            values: as ``Conditions.row`` takes them.
            horizon: steps.

        Raises:
            ConfigError: if the paths do not move.
        """
        row = self.conditions.row(values, horizon)
        if VOLATILITY not in values:
            return row
        asked = np.asarray(values[VOLATILITY], dtype=np.float64)
        changes = any(np.ndim(value) for value in values.values())
        steps = min(horizon, LONGEST_RESPONSE) if changes else RESPONSE_STEPS
        along = np.broadcast_to(asked[:steps] if asked.ndim else asked, (steps,))
        for _ in range(RESPONSE_ROUNDS):
            log_ratio = float(np.log(self._realised(row, along)))
            row = self.generator.layout.rescaled(row[None], -log_ratio)[0]
        return row

    def _realised(self, row: Tensor, asked: FloatArray) -> float:
        """Return what the median path under ``row`` realises of ``asked``, (steps,), as a ratio."""
        unit = self.conditions.volatility.unit
        groups = sample_groups(
            self.generator,
            Scaler(np.zeros(self.channels), np.full(self.channels, unit)),
            row,
            range(RESPONSE_PATHS),
            len(asked),
            self.config.seed,
            seeding.RESPONSE,
        )
        squares = [
            np.mean((group[..., : self.volatile] / asked[:, None]) ** 2, axis=(1, 2))
            for group in groups
        ]
        median = float(np.median(np.sqrt(np.concatenate(squares))))
        if not median > 0:
            raise ConfigError(
                f"vol: expected a model whose paths move, but none does at {asked[0]:g}; fit again"
            )
        return median

    def mean_path(
        self, row: Tensor, calibration: Calibration | PanelCalibration, steps: int
    ) -> FloatArray:
        """Return the mean of each channel at each step under ``row``, (steps, channels).

        It is that of paths of their own, fewer of long ones.
        """
        paths = int(np.clip(MEAN_RETURNS // steps, LEAST_MEAN_PATHS, MOST_MEAN_PATHS))
        groups = sample_groups(
            self.generator,
            self.scaler,
            row,
            range(paths),
            steps,
            self.config.seed,
            seeding.RESPONSE,
            calibration,
        )
        return np.asarray(sum(group.sum(axis=0) for group in groups) / paths)

    def manifest(self) -> dict[str, Any]:
        """Return what is known of the model, as JSON types."""
        return {
            "config": self.config.to_dict(),
            "data": self.facts.to_dict(),
            "scaler": self.scaler.to_dict(),
            "volatility": self.conditions.volatility.to_dict(),
            "conditions": self.conditions.to_dict(),
            "training": asdict(self.training),
            "versions": dict(self.versions),
            "calibration": self.calibration.to_dict(),
            "profile": None if self.profile is None else self.profile.to_dict(),
            "bars": None if self.bars is None else self.bars.to_dict(),
        }

    def write(self, directory: Path) -> None:
        """Write ``generator.safetensors`` and ``manifest.json``."""
        checkpoint.write_model(directory, self.generator.state_dict(), self.manifest())

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return what ``write`` wrote; nothing in the directory is executed.

        Raises:
            CheckpointError: if the directory is none, or any part of it is damaged or foreign.
        """
        manifest, weights = checkpoint.read_model(directory, checkpoint.SERIES)
        with checkpoint.fitting_together(directory):
            checkpoint.demand_weights(weights)
            fitted = cls._of(manifest, weights)
            fitted._check()
        return fitted

    @classmethod
    def _of(cls, manifest: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Self:
        config = Config.from_dict(manifest["config"])
        scaler = Scaler.from_dict(manifest["scaler"])
        volatility = VolatilityCondition.from_dict(manifest["volatility"])
        conditions = Conditions(volatility)
        calibration: Calibration | PanelCalibration = NOT_CALIBRATED
        if "conditions" in manifest:  # earlier models have none of these
            conditions = Conditions.from_dict(volatility, manifest["conditions"])
        if "calibration" in manifest:
            calibration = _calibration(manifest["calibration"])
        demand_magnitudes(scaler, calibration)
        profile, bars = manifest.get("profile"), manifest.get("bars")
        bars = None if bars is None else BarChannels.from_dict(bars)
        return cls(
            config=config,
            facts=checkpoint.typed(DataFacts, manifest["data"]),
            scaler=scaler,
            conditions=conditions,
            generator=restored_generator(config, weights, len(scaler.mean), conditions, bars),
            training=checkpoint.typed(TrainingFacts, manifest["training"]),
            versions={name: str(text) for name, text in manifest["versions"].items()},
            calibration=calibration,
            profile=None if profile is None else Profile.from_dict(profile),
            bars=bars,
            weights_sha256=str(manifest["weights_sha256"]),
        )

    def _check(self) -> None:
        """Raise CheckpointError or ConfigError for values that no fit writes."""
        demand_facts(self.facts, self.training)
        demand_volatilities(self.conditions.volatility)
        _ = self.facts.calendar
        ReadConfig.from_dict(self.facts.reading)
        if len(self.facts.means) not in (0, self.assets) or not np.isfinite(self.facts.means).all():
            raise CheckpointError(f"expected {self.assets} mean returns")
        figures = [self.facts.last_price, self.facts.periods_per_year, *self.facts.last_prices]
        figures += self.conditions.volatility.to_dict().values()
        if not all(np.isfinite(figure) and figure > 0 for figure in figures):
            raise CheckpointError(f"expected prices and volatilities above 0, got {figures}")
        if len(self.facts.last_prices) not in (0, self.assets):
            raise CheckpointError(f"expected {self.assets} last prices")
        channels = self.assets if self.bars is None else len(self.bars)
        if self.channels != channels or (self.bars is not None and self.assets != 1):
            raise CheckpointError(f"expected a scaler of {channels}, got {self.channels}")
        joint = isinstance(self.calibration, PanelCalibration)
        if self.calibration is not NOT_CALIBRATED and joint != (channels > 1):
            raise CheckpointError(f"expected a calibration of {channels} channels")
        if (
            isinstance(self.calibration, PanelCalibration)
            and len(self.calibration.each) != channels
        ):
            raise CheckpointError(f"expected a calibration of {channels} channels")
        slots = self.facts.calendar.slots, channels
        if self.profile is not None and self.profile.factors.shape != slots:
            raise CheckpointError(f"expected a profile of {slots} slots and channels")


def _calibration(values: object) -> Calibration | PanelCalibration:
    if isinstance(values, dict) and "turn" in values:
        return PanelCalibration.from_dict(values)
    return Calibration.from_dict(values)  # type: ignore[arg-type]


def restored_generator(
    config: Config,
    weights: Mapping[str, Tensor],
    channels: int,
    conditions: Conditions,
    bars: BarChannels | None,
) -> Generator:
    """Return the generator with these weights; none are drawn, nor memory taken before they fit."""
    powers = () if bars is None else bars.powers
    with torch.device("meta"):
        generator = Generator(config.network, channels, conditions.layout(channels), powers=powers)
    generator.load_state_dict(weights, assign=True)
    return generator.requires_grad_(False)
