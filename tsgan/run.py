"""A training run and its directory: what is saved at each check, how an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tsgan import checkpoint
from tsgan.callbacks import Callback
from tsgan.condition_sources import PriceSource
from tsgan.config import Config
from tsgan.data.prices import Prices
from tsgan.device import resolve_device
from tsgan.errors import CheckpointError, ConfigError
from tsgan.facts import TrainingFacts
from tsgan.fitted import Fitted, restored_generator, versions
from tsgan.fitting import make_trainer
from tsgan.logs import EVENTS, LOG, EventFiles, MetricsFile
from tsgan.preparation import prepare
from tsgan.trainer import Trainer

History = Mapping[str, npt.NDArray[np.float64]]


class Run:
    """A trainer on prices, which saves its model and its state in a directory.

    Args:
        prices: to be learned.
        config: every setting.
        directory: None saves nothing.
        beside: where the prices come from, whose other columns conditions may name.

    Raises:
        DataError, ConfigError: if the prices or settings cannot be trained on.
    """

    def __init__(
        self,
        prices: Prices,
        config: Config,
        directory: Path | None,
        beside: PriceSource | None = None,
    ) -> None:
        self.config, self.directory = config, directory
        self.prepared = prepare(prices, config, beside)
        self.trainer = make_trainer(self.prepared, config, resolve_device(config.device))
        self.goes_on = False

    def resume(self) -> None:
        """Go on from the state in the directory.

        Raises:
            CheckpointError: if there is none, or it belongs to other prices or settings.
        """
        if self.directory is None:
            raise ConfigError("resume: expected the directory of the interrupted run, got none")
        tensors, numbers = checkpoint.read_training(self.directory)
        for name, value in self._origin().items():
            if name == "columns" or (name in ("reading", "sources") and name not in numbers):
                continue  # the column that came of them is compared; an earlier version had none
            recorded = numbers.get(name)
            same = _same_settings(recorded, self.config) if name == "config" else recorded == value
            if not same:
                kinds = {"config": "settings", "device": "device"}
                what = kinds.get(name, f"prices ({name})")
                got = "others" if name == "config" else f"{value}, not {recorded}"
                raise CheckpointError(
                    f"{self.directory}: expected the {what} that this run was started with, got "
                    f"{got}; resume with the same or use --overwrite"
                )
        self.trainer.load_state(tensors, numbers)
        self.goes_on = True

    def train(
        self,
        callbacks: Sequence[Callback],
        stop: Callable[[], bool],
        take: Callable[[Fitted, History], None],
    ) -> None:
        """Train to the end or until ``stop()``; save, and let ``take`` have, the best so far.

        What is saved on the way is not calibrated yet.

        Raises:
            TrainingError: if training diverges.
        """
        kept = {checkpoint.TRAINING, checkpoint.WEIGHTS, checkpoint.MANIFEST, LOG}
        if self.directory is not None:
            checkpoint.make_directory(self.directory)
            log = MetricsFile(self.directory / LOG, self.trainer.returns, held=not self.goes_on)
            callbacks = [log, *callbacks]
            kept |= {EVENTS for c in callbacks if _writes_to(c, self.directory / EVENTS)}

        def save(trainer: Trainer, *, final: bool = False) -> None:
            if self.directory is not None:
                tensors, numbers = trainer.state()
                if not self.goes_on:  # from here on an earlier run cannot be resumed
                    (self.directory / checkpoint.TRAINING).unlink(missing_ok=True)
                    log.release()
                checkpoint.write_training(self.directory, tensors, numbers | self._origin())
            fitted = self._fitted(final)
            if self.directory is not None:
                fitted.write(self.directory)
                if not self.goes_on:
                    checkpoint.keep_only(self.directory, *kept)
            self.goes_on = True
            take(fitted, self._history())

        self.trainer.run(callbacks, save, stop)
        save(self.trainer, final=True)

    def _origin(self) -> dict[str, Any]:
        """Return what a run must share with the one that it resumes, as JSON values."""
        return {
            "sha256": self.prepared.facts.sha256,
            "column": self.prepared.facts.column,
            "columns": list(self.prepared.facts.columns),
            "reading": dict(self.prepared.facts.reading),
            "sources": dict(self.prepared.facts.sources),
            "device": self.trainer.stream.device.type,
            "precision": str(self.trainer.precision.dtype),
            "config": self.config.to_dict(),
        }

    def _fitted(self, final: bool) -> Fitted:
        """Return the best generator so far, at the end calibrated; before, it is not finished."""
        trainer, prepared = self.trainer, self.prepared
        checked = trainer.best_step > 0  # a run may be stopped before its first check
        chosen = trainer.best if checked else trainer.average
        weights = {name: w.cpu().clone() for name, w in chosen.state_dict().items()}
        best = trainer.best_score
        training = TrainingFacts(
            trainer.step,
            round(trainer.seconds, 3),
            trainer.finished and final,
            trainer.best_step if checked else trainer.step,
            best if np.isfinite(best) else None,
            trainer.stream.device.type,
        )
        channels, conditions = prepared.returns.shape[1], prepared.conditions
        fitted = Fitted(
            self.config,
            prepared.facts,
            prepared.scaler,
            conditions,
            restored_generator(self.config, weights, channels, conditions, prepared.bars),
            training,
            versions(),
            profile=None if prepared.profile.flat else prepared.profile,
            bars=prepared.bars,
        )
        returns = prepared.returns[: prepared.facts.training]
        return fitted.calibrated(returns) if final else fitted

    def _history(self) -> History:
        """Return the training curves, see ``training_plots.History``."""
        trainer = self.trainer
        columns = {name: np.asarray(values) for name, values in trainer.history.columns.items()}
        columns["step"] = np.arange(1, len(columns["seconds"]) + 1, dtype=np.float64)
        scores = np.asarray(trainer.scores, dtype=np.float64).reshape(-1, 2)
        columns["heldout_step"], columns["heldout_score"] = scores[:, 0], scores[:, 1]
        columns["best_step"] = np.asarray([trainer.best_step], dtype=np.float64)
        return columns


def _writes_to(callback: Callback, folder: Path) -> bool:
    return isinstance(callback, EventFiles) and callback.directory.resolve() == folder.resolve()


def _same_settings(recorded: object, config: Config) -> bool:
    """Return whether a recorded configuration, maybe of an earlier version, is ``config``."""
    try:
        return isinstance(recorded, dict) and Config.from_dict(recorded) == config
    except (KeyError, TypeError, ConfigError):
        return False
