"""The model as its users see it: fit, sample, save, load."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from tsgan import checkpoint
from tsgan.callbacks import Callback
from tsgan.conditions import VolatilityCondition
from tsgan.config import Config
from tsgan.data.prices import Prices, read_prices
from tsgan.device import ieee_float32, threads
from tsgan.errors import ConfigError, ShortSeriesWarning
from tsgan.facts import DataFacts, TrainingFacts
from tsgan.fitted import Fitted
from tsgan.fitting import shortness
from tsgan.run import History, Run
from tsgan.sampler import NOT_CALIBRATED, check_request, sample_groups
from tsgan.scenarios import Scenarios

TRAINING_THREADS = 1
"""Operations of this size take a tenth of a millisecond: a second thread hardly helps, slows them
severalfold where another process holds a core, and would change the last bits of the weights.
"""


class TimeSeriesGAN:
    """A conditional GAN of one return series, a WGAN-GP unless its configuration says otherwise.

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
    history_: History

    def __init__(self, config: Config | None = None) -> None:
        self.config = Config() if config is None else config

    def fit(
        self,
        prices: Prices | pd.DataFrame | pd.Series | str | Path,
        *,
        directory: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
        stop: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Train on ``prices`` and keep the best averaged generator by held-out score.

        Args:
            prices: what ``read_prices`` returns or takes.
            directory: the model is saved there at every check, so that a run can be resumed; a
                model that is there already is replaced at the first. ``metrics.jsonl`` is written
                there from the first step on, see ``logs.MetricsFile``.
            resume: go on from the state in ``directory``; the weights at the end are those of a
                run that was never interrupted, unless it diverges on the way.
            callbacks: told of the steps, checks and scores, see ``Callback``.
            stop: asked between two steps; True ends the run early, with the state saved.

        Returns:
            The model itself, fitted.

        Warns:
            ShortSeriesWarning: with fewer than 500 training returns.

        Raises:
            DataError, ConfigError: if the prices or settings cannot be trained on.
            CheckpointError: if there is nothing to resume, or it belongs to other prices or
                settings.
            TrainingError: if training diverges.
        """
        prices = prices if isinstance(prices, Prices) else read_prices(prices)
        with threads(TRAINING_THREADS), ieee_float32():
            run = Run(prices, self.config, None if directory is None else Path(directory))
            if few := shortness(run.prepared.facts.training):
                warnings.warn(few, ShortSeriesWarning, stacklevel=2)
            if resume:
                run.resume()
            run.train(callbacks, stop, self._become)
        return self

    def _become(self, fitted: Fitted, history: History) -> None:
        self.fitted_, self.config = fitted, fitted.config
        self.facts_, self.training_ = fitted.facts, fitted.training
        self.volatility_, self.history_ = fitted.volatility, history

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
                calibration=self.fitted_.calibration if given is None else NOT_CALIBRATED,
            ):
                numbers = np.arange(first, first + len(group))
                first += len(group)
                yield Scenarios(group[..., 0], float(price), dates, numbers)

        return groups()

    def save(self, directory: str | Path) -> None:
        """Write the model: ``generator.safetensors`` and ``manifest.json``.

        Another model that is there is replaced, with its training state, its logs and its report.
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
        model._become(Fitted.read(Path(directory)), {})
        return model

    def _check_fitted(self) -> None:
        if not hasattr(self, "fitted_"):
            raise ConfigError(
                "expected a fitted model, got one that is not: call fit or load first"
            )
