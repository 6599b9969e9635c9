"""A fitted model as one value: what is saved in a directory and read back from it."""

from __future__ import annotations

import importlib.metadata
import platform
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tsgan import checkpoint, seeding
from tsgan.calibration import Calibration
from tsgan.conditions import VolatilityCondition
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.data.tables import FloatArray
from tsgan.errors import CheckpointError, ConfigError, TsganError
from tsgan.facts import DataFacts, TrainingFacts
from tsgan.networks import Generator
from tsgan.reading import ReadConfig
from tsgan.sampler import NOT_CALIBRATED, sample_groups

RESPONSE_PATHS, RESPONSE_STEPS, RESPONSE_ROUNDS = 128, 252, 2
CALIBRATION_PATHS, CALIBRATION_STEPS = 1024, 2048
PACKAGES = ("tsgan", "torch", "numpy", "pandas")


@dataclass(frozen=True)
class Fitted:
    """Everything that sampling needs, and what is known of where it comes from.

    Attributes:
        config: every setting of the run.
        facts: the data; scaler: fitted on its training part; volatility: the condition.
        generator: on the CPU, without gradients.
        training: how it was trained; versions: of Python and the packages that trained it.
        calibration: of unconditional paths; those of a given volatility are left as they are.
    """

    config: Config
    facts: DataFacts
    scaler: Scaler
    volatility: VolatilityCondition
    generator: Generator
    training: TrainingFacts
    versions: Mapping[str, str]
    calibration: Calibration = NOT_CALIBRATED

    def calibrated(self, returns: FloatArray) -> Self:
        """Return the same model with its marginal calibrated to ``returns``, (n, 1) of training."""
        unit = Scaler(np.zeros(1), np.ones(1))
        made = sample_groups(
            self.generator,
            unit,
            self.volatility.vector(None),
            range(CALIBRATION_PATHS),
            CALIBRATION_STEPS,
            self.config.seed,
            seeding.CALIBRATION,
        )
        scaled = np.concatenate([group.ravel() for group in made])
        return replace(self, calibration=Calibration.fit(self.scaler.transform(returns), scaled))

    def condition(self, volatility: float) -> Tensor:
        """Return the condition (2,) with which the median path realises ``volatility``.

        Measured on paths of their own, since what is realised is near what is asked of the
        generator but not the same.

        Raises:
            ConfigError: if the paths do not move.
        """
        scaler = Scaler(np.zeros(1), np.full(1, self.volatility.unit))
        asked = volatility
        for _ in range(RESPONSE_ROUNDS):
            groups = sample_groups(
                self.generator,
                scaler,
                self.volatility.vector(asked),
                range(RESPONSE_PATHS),
                RESPONSE_STEPS,
                self.config.seed,
                seeding.RESPONSE,
            )
            realised = [np.sqrt(np.mean(group**2, axis=(1, 2))) for group in groups]
            median = float(np.median(np.concatenate(realised)))
            if not median > 0:
                raise ConfigError(
                    f"vol: expected a model whose paths move, but none does at {volatility:g}; "
                    "fit again"
                )
            asked *= volatility / median
        return self.volatility.vector(asked)

    def manifest(self) -> dict[str, Any]:
        """Return what is known of the model, as JSON types."""
        return {
            "config": self.config.to_dict(),
            "data": self.facts.to_dict(),
            "scaler": self.scaler.to_dict(),
            "volatility": self.volatility.to_dict(),
            "training": asdict(self.training),
            "versions": dict(self.versions),
            "calibration": self.calibration.to_dict(),
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
        manifest = checkpoint.read_manifest(directory)
        weights = checkpoint.read_weights(directory, manifest)
        try:
            config = Config.from_dict(manifest["config"])
            _check_weights(weights)
            fitted = cls(
                config=config,
                facts=checkpoint.typed(DataFacts, manifest["data"]),
                scaler=Scaler.from_dict(manifest["scaler"]),
                volatility=VolatilityCondition.from_dict(manifest["volatility"]),
                generator=restored_generator(config, weights),
                training=checkpoint.typed(TrainingFacts, manifest["training"]),
                versions={name: str(text) for name, text in manifest["versions"].items()},
                calibration=Calibration.from_dict(manifest["calibration"])
                if "calibration" in manifest
                else NOT_CALIBRATED,
            )
            fitted._check()
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            RuntimeError,
            TsganError,
        ) as error:
            reason = textwrap.shorten(str(error), 300, placeholder=" …")
            raise CheckpointError(
                f"{directory}: expected a model of tsgan {versions()['tsgan']}, but its "
                f"manifest.json and weights do not fit together ({reason}); restore the "
                "directory, or fit again with --overwrite"
            ) from error
        return fitted

    def _check(self) -> None:
        """Raise CheckpointError or ConfigError for values that no fit writes."""
        self.facts.calendar.after(1)
        ReadConfig.from_dict(self.facts.reading)
        figures = [self.facts.last_price, self.facts.periods_per_year]
        figures += self.volatility.to_dict().values()
        if not all(np.isfinite(figure) and figure > 0 for figure in figures):
            raise CheckpointError(f"expected prices and volatilities above 0, got {figures}")
        if self.scaler.mean.shape != (1,):
            raise CheckpointError(f"expected a scaler of one series, got {self.scaler.mean.size}")


def _check_weights(weights: Mapping[str, Tensor]) -> None:
    for name, tensor in weights.items():
        if tensor.dtype != torch.float32 or not bool(tensor.isfinite().all()):
            raise CheckpointError(f"{name}: expected finite float32 weights, got others")


def restored_generator(config: Config, weights: Mapping[str, Tensor]) -> Generator:
    """Return the generator with these weights; none are drawn, nor memory taken before they fit."""
    with torch.device("meta"):
        generator = Generator(config.network)
    generator.load_state_dict(weights, assign=True)
    return generator.requires_grad_(False)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a model depends on."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }
