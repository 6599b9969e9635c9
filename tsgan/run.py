"""A training run and its directory: what is saved at each check, how an interrupted run goes on.

It knows neither what is learned nor what becomes of it; ``series_run`` and ``images`` say that.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tsgan import checkpoint
from tsgan.callbacks import Callback
from tsgan.errors import CheckpointError, ConfigError
from tsgan.locks import alone
from tsgan.logs import EVENTS, LOG, EventFiles, MetricsFile
from tsgan.trainer import Trainer

History = Mapping[str, npt.NDArray[np.float64]]


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


class Settings(Protocol):
    """Every setting of a run."""

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON types."""
        ...

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return those of ``to_dict``."""
        ...


class Writable(Protocol):
    """A model that can be saved."""

    def write(self, directory: Path) -> None:
        """Write it into the directory."""
        ...


Model = TypeVar("Model", bound=Writable)


class Run(ABC, Generic[Model]):
    """A trainer, which saves its model and its state in a directory.

    Args:
        trainer: at step 0.
        config: every setting.
        directory: None saves nothing.

    Attributes:
        data: what is learned, in a word.
    """

    data: ClassVar[str]

    def __init__(self, trainer: Trainer, config: Settings, directory: Path | None) -> None:
        self.trainer, self.settings, self.directory = trainer, config, directory
        self.goes_on = False

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return what tells the data from others, as JSON values."""

    @abstractmethod
    def model(
        self, training: TrainingFacts, weights: Mapping[str, Tensor], *, final: bool
    ) -> Model:
        """Return the model with these generator's weights, on the CPU.

        What takes time can wait until it is ``final``: the run is over, at its end or stopped.
        """

    def resume(self) -> None:
        """Go on from the state in the directory.

        Raises:
            CheckpointError: if there is none, or it belongs to other data or settings.
        """
        if self.directory is None:
            raise ConfigError("resume: expected the directory of the interrupted run, got none")
        tensors, numbers = checkpoint.read_training(self.directory)
        for name, value in self._origin().items():
            recorded = numbers.get(name)
            if self._same(name, recorded, value):
                continue
            kinds = {"config": "settings", "device": "device"}
            what = kinds.get(name, f"{self.data} ({name})")
            got = _others(recorded, value) if name == "config" else f"{value}, not {recorded}"
            raise CheckpointError(
                f"{self.directory}: expected the {what} that this run was started with, got "
                f"{got}; resume with the same, or start anew in its place, with --overwrite of "
                "tsgan fit"
            )
        self.trainer.load_state(tensors, numbers)
        self.goes_on = True

    def train(
        self,
        callbacks: Sequence[Callback],
        stop: Callable[[], bool],
        take: Callable[[Model, History], None],
    ) -> None:
        """Train to the end or until ``stop()``; save, and let ``take`` have, the best so far.

        Raises:
            TrainingError: if training diverges.
            RankError: if it is not the same run in all ranks, or one is gone.
        """
        ranks = self.trainer.ranks
        ranks.demand_same("the same prices, settings and state in all ranks", self._beginning)
        directory = self.directory if ranks.first else None
        kept = {checkpoint.TRAINING, checkpoint.WEIGHTS, checkpoint.MANIFEST, LOG}
        if directory is not None:
            checkpoint.make_directory(directory)
            log = MetricsFile(directory / LOG, self.trainer.returns, held=not self.goes_on)
            callbacks = [log, *callbacks]
            kept |= {EVENTS for c in callbacks if _writes_to(c, directory / EVENTS)}

        def save(trainer: Trainer, *, final: bool = False) -> None:
            ranks.demand_same("machines of one kind, with the same weights", trainer.digest)
            if directory is not None:
                tensors, numbers = trainer.state()
                if not self.goes_on:  # from here on an earlier run cannot be resumed
                    (directory / checkpoint.TRAINING).unlink(missing_ok=True)
                    log.release()
                checkpoint.write_training(directory, tensors, numbers | self._origin())
            made = self._made(final)
            if directory is not None:
                made.write(directory)
                if not self.goes_on:
                    checkpoint.keep_only(directory, *kept)
            self.goes_on = True
            take(made, self._history())

        with nullcontext() if directory is None else alone(directory):
            self.trainer.run(callbacks, save, stop)
            save(self.trainer, final=True)

    def _beginning(self) -> str:
        """Return what all ranks must begin with."""
        return json.dumps([self._origin(), self.trainer.step, self.trainer.digest()])

    def _origin(self) -> dict[str, Any]:
        """Return what a run must share with the one that it resumes, as JSON values."""
        return {
            **self.identity(),
            "device": self.trainer.stream.device.type,
            "precision": str(self.trainer.precision.dtype),
            "config": self.settings.to_dict(),
        }

    def _same(self, name: str, recorded: object, value: object) -> bool:
        """Return whether one entry of a recorded origin, maybe of an earlier version, fits."""
        if name != "config":
            return recorded == value
        try:
            config = type(self.settings)
            return isinstance(recorded, dict) and config.from_dict(recorded) == self.settings
        except (KeyError, TypeError, ConfigError):
            return False

    def _made(self, final: bool) -> Model:
        """Return the model with the best weights so far."""
        trainer = self.trainer
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
        return self.model(training, weights, final=final)

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


def _others(recorded: Any, value: Any) -> str:
    """Return which settings differ, as ``training.steps 20, not 40``."""
    was, now = _flat(recorded), _flat(json.loads(json.dumps(value)))
    names = [name for name in now | was if was.get(name) != now.get(name)]
    told = [f"{name} {now.get(name)}, not {was.get(name)!s:.40}" for name in names[:4]]
    return "; ".join(told) + ("; …" if len(names) > 4 else "") or "others"


def _flat(settings: Any, before: str = "") -> dict[str, Any]:
    if not isinstance(settings, Mapping):
        return {before[:-1]: settings}
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{before}{name}.")
    return flat
