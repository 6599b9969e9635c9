"""The model as its users see it: fit, sample, save, load."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from tsgan import checkpoint
from tsgan.conditions import VolatilityCondition
from tsgan.config import Config
from tsgan.data.prices import Prices, read_prices
from tsgan.device import resolve_device, threads
from tsgan.errors import CheckpointError, ConfigError
from tsgan.facts import DataFacts, TrainingFacts
from tsgan.fitted import Fitted, restored_generator, versions
from tsgan.fitting import Prepared, make_trainer, prepare
from tsgan.sampler import check_request, sample_groups
from tsgan.scenarios import Scenarios
from tsgan.trainer import Progress, Trainer

TRAINING_THREADS = 1
"""Operations of this size take a tenth of a millisecond: a second thread hardly helps, slows them
severalfold where another process holds a core, and would change the last bits of the weights.
"""


class TimeSeriesGAN:
    """A conditional WGAN-GP of one return series.

    Attributes:
        config: every setting.
        facts_: the data it was fitted on; training_: how; volatility_: its condition.
        fitted_: all that is saved of it.
        history_: by name, arrays of the training curves; empty for a loaded model.
    """

    facts_: DataFacts
    training_: TrainingFacts
    volatility_: VolatilityCondition
    fitted_: Fitted
    history_: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]

    def __init__(self, config: Config | None = None) -> None:
        self.config = Config() if config is None else config

    def fit(
        self,
        prices: Prices | pd.DataFrame | pd.Series | str | Path,
        *,
        directory: str | Path | None = None,
        resume: bool = False,
        on_step: Callable[[Progress], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Train on ``prices`` and keep the best averaged generator by held-out score.

        Args:
            prices: what ``read_prices`` returns or takes.
            directory: the model is saved there at every check, so that a run can be resumed; a
                model that is there already is replaced at the first.
            resume: go on from the state in ``directory``; the weights at the end are those of a
                run that was never interrupted, unless it diverges on the way.
            on_step: told after each step.
            stop: asked between two steps; True ends the run early, with the state saved.

        Returns:
            The model itself, fitted.

        Raises:
            DataError, ConfigError: if the prices or settings cannot be trained on.
            CheckpointError: if there is nothing to resume, or it belongs to other prices or
                settings.
            TrainingError: if training diverges.
        """
        prices = prices if isinstance(prices, Prices) else read_prices(prices)
        prepared = prepare(prices, self.config)
        device = resolve_device(self.config.device)
        folder = None if directory is None else Path(directory)
        with threads(TRAINING_THREADS):
            trainer = make_trainer(prepared, self.config, device)
            if resume:
                self._resume(trainer, prepared, folder)
            elif folder is not None:
                checkpoint.make_directory(folder)

            def save(trainer: Trainer) -> None:
                nonlocal resume
                self._take(trainer, prepared)
                if folder is not None:
                    self._save_state(trainer, prepared, folder, replacing=not resume)
                resume = True

            trainer.run(on_step, save, stop)
            save(trainer)
        return self

    def _resume(self, trainer: Trainer, prepared: Prepared, folder: Path | None) -> None:
        if folder is None:
            raise ConfigError("resume: expected the directory of the interrupted run, got none")
        tensors, numbers = checkpoint.read_training(folder)
        for name, value in self._origin(trainer, prepared).items():
            if numbers.get(name) != value:
                kinds = {"config": "settings", "device": "device"}
                what = kinds.get(name, f"prices ({name})")
                got = "others" if name == "config" else f"{value}, not {numbers.get(name)}"
                raise CheckpointError(
                    f"{folder}: expected the {what} that this run was started with, got {got}; "
                    "resume with the same or use --overwrite"
                )
        trainer.load_state(tensors, numbers)

    def _origin(self, trainer: Trainer, prepared: Prepared) -> dict[str, Any]:
        """Return what a run must share with the one that it resumes, as JSON values."""
        return {
            "sha256": prepared.facts.sha256,
            "column": prepared.facts.column,
            "device": trainer.stream.device.type,
            "config": json.loads(json.dumps(self.config.to_dict())),
        }

    def _save_state(
        self, trainer: Trainer, prepared: Prepared, folder: Path, *, replacing: bool
    ) -> None:
        """Save the model as it is now with the trainer's state."""
        tensors, numbers = trainer.state()
        checkpoint.write_training(folder, tensors, numbers | self._origin(trainer, prepared))
        self.fitted_.write(folder)
        if replacing:
            kept = (checkpoint.TRAINING, checkpoint.WEIGHTS, checkpoint.MANIFEST)
            checkpoint.keep_only(folder, *kept)

    def _take(self, trainer: Trainer, prepared: Prepared) -> None:
        """Become the best generator so far."""
        checked = trainer.best_step > 0  # a run may be stopped before its first check
        chosen = trainer.best if checked else trainer.average
        weights = {name: w.cpu().clone() for name, w in chosen.state_dict().items()}
        best = trainer.best_score
        training = TrainingFacts(
            trainer.step,
            round(trainer.seconds, 3),
            trainer.fraction >= 1,
            trainer.best_step if checked else trainer.step,
            best if np.isfinite(best) else None,
            trainer.stream.device.type,
        )
        self._become(
            Fitted(
                self.config,
                prepared.facts,
                prepared.scaler,
                prepared.volatility,
                restored_generator(self.config, weights),
                training,
                versions(),
            )
        )
        self.history_ = _history(trainer)

    def _become(self, fitted: Fitted) -> None:
        self.fitted_, self.config = fitted, fitted.config
        self.facts_, self.training_ = fitted.facts, fitted.training
        self.volatility_, self.history_ = fitted.volatility, {}

    def sample(
        self,
        n_samples: int,
        horizon: int,
        *,
        seed: int = 0,
        given: str | float | None = None,
        start_price: float | None = None,
        start_date: str | None = None,
    ) -> Scenarios:
        """Return ``n_samples`` synthetic paths of ``horizon`` steps.

        Args:
            n_samples: number of paths; path k depends on the seed and k alone.
            horizon: steps, 1 to 100,000.
            seed: of the paths.
            given: volatility that the paths shall realise: ``low``, ``mid``, ``high`` or annualised
                as in 0.35; without it paths move through all states as the series does.
            start_price: price before the first step; default: the last real one.
            start_date: first date as ``YYYY-MM-DD``; default: after the last real one.

        Raises:
            ConfigError: if an argument is outside its range.
        """
        groups = list(
            self.sample_groups(
                n_samples,
                horizon,
                seed=seed,
                given=given,
                start_price=start_price,
                start_date=start_date,
            )
        )
        return replace(
            groups[0],
            log_returns=np.concatenate([group.log_returns for group in groups]),
            paths=np.concatenate([group.paths for group in groups]),
        )

    def sample_groups(
        self,
        n_samples: int,
        horizon: int,
        *,
        seed: int = 0,
        given: str | float | None = None,
        start_price: float | None = None,
        start_date: str | None = None,
    ) -> Iterator[Scenarios]:
        """Yield what ``sample`` returns in groups of paths, so that memory stays small.

        The arguments are checked at the call, before the first group is asked for.
        """
        self._check_fitted()
        check_request(n_samples, horizon, seed)
        price = self.facts_.last_price if start_price is None else start_price
        if not isinstance(price, int | float) or not (np.isfinite(price) and price > 0):
            raise ConfigError(f"start price: expected a number above 0, got {price!r}")
        condition = (
            self.volatility_.vector(None)
            if given is None
            else self.fitted_.condition(self.volatility_.volatility(given))
        )
        dates = self.facts_.calendar.after(horizon, start_date)

        def groups() -> Iterator[Scenarios]:
            first = 0
            for group in sample_groups(
                self.fitted_.generator,
                self.fitted_.scaler,
                condition,
                range(n_samples),
                horizon,
                seed,
            ):
                numbers = np.arange(first, first + len(group))
                first += len(group)
                yield Scenarios(group[..., 0], float(price), dates, numbers)

        return groups()

    def save(self, directory: str | Path) -> None:
        """Write the model: ``generator.safetensors`` and ``manifest.json``.

        Another model that is there is replaced, with its training state and its report.
        """
        self._check_fitted()
        self.fitted_.write(Path(directory))
        checkpoint.keep_only(Path(directory), checkpoint.WEIGHTS, checkpoint.MANIFEST)

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Return the model saved in ``directory``; nothing in it is executed.

        Raises:
            CheckpointError: if the directory is none, or any part of it is damaged or foreign.
        """
        model = cls()
        model._become(Fitted.read(Path(directory)))
        return model

    def _check_fitted(self) -> None:
        if not hasattr(self, "fitted_"):
            raise ConfigError(
                "expected a fitted model, got one that is not: call fit or load first"
            )


def _history(trainer: Trainer) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    columns = {name: np.asarray(values) for name, values in trainer.history.items()}
    columns["step"] = np.arange(1, len(columns["seconds"]) + 1, dtype=np.float64)
    columns["wasserstein"] = columns["real_score"] - columns["fake_score"]
    scores = np.asarray(trainer.scores, dtype=np.float64).reshape(-1, 2)
    columns["heldout_step"], columns["heldout_score"] = scores[:, 0], scores[:, 1]
    columns["best_step"] = np.asarray([trainer.best_step], dtype=np.float64)
    return columns
