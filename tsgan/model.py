"""The model as its users see it: fit, sample, save, load."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd

from tsgan import checkpoint
from tsgan.calendars import AUTO
from tsgan.callbacks import Callback
from tsgan.condition_sources import PriceSource
from tsgan.conditions import Conditions, VolatilityCondition
from tsgan.config import Config
from tsgan.data.prices import Prices, read_prices
from tsgan.device import ieee_float32, threads
from tsgan.errors import ConfigError, DataError, ScenarioWarning, ShortSeriesWarning
from tsgan.facts import DataFacts
from tsgan.fitted import Fitted
from tsgan.given import Asked
from tsgan.preparation import shortness
from tsgan.production import Production, Request
from tsgan.ranks import ALONE, Ranks
from tsgan.reading import ReadConfig
from tsgan.requirements import require_numbers
from tsgan.run import History, TrainingFacts
from tsgan.sampler import check_request
from tsgan.scenario_groups import joined
from tsgan.scenarios import Scenarios
from tsgan.series_run import SeriesRun

TRAINING_THREADS = 1
"""Operations of this size take a tenth of a millisecond: a second thread hardly helps, slows them
severalfold where another process holds a core, and would change the last bits of the weights.
"""


class TimeSeriesGAN:
    """A conditional GAN of one return series, or of those of several assets jointly.

    Attributes:
        config: every setting.
        facts_: the data it was fitted on; training_: how; conditions_: what paths can be given.
        fitted_: all that is saved of it.
        history_: by name, arrays of the training curves; empty for a loaded model.
    """

    facts_: DataFacts
    training_: TrainingFacts
    conditions_: Conditions
    fitted_: Fitted
    history_: History

    def __init__(self, config: Config | None = None) -> None:
        self.config = Config() if config is None else config

    @property
    def volatility_(self) -> VolatilityCondition:
        """Return the condition that every model has."""
        return self.conditions_.volatility

    def fit(
        self,
        prices: Prices | pd.DataFrame | pd.Series | str | Path,
        *,
        beside: PriceSource | None = None,
        directory: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
        stop: Callable[[], bool] = lambda: False,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Train on ``prices`` and keep the best averaged generator by held-out score.

        Args:
            prices: what ``read_prices`` returns or takes.
            beside: where ``Prices`` come from, whose other columns conditions may name; default:
                ``prices`` themselves.
            directory: the model is saved there at every check, so that a run can be resumed; a
                model that is there already is replaced at the first. ``metrics.jsonl`` is written
                there from the first step on, see ``logs.MetricsFile``.
            resume: go on from the state in ``directory``; the weights at the end are those of a
                run that was never interrupted, unless it diverges on the way.
            callbacks: told of the steps, checks and scores, see ``Callback``.
            stop: asked between two steps; True ends the run early, with the state saved.
            ranks: the processes that train it together, see ``distributed.joined``.

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
        if not isinstance(prices, Prices):
            beside = prices if beside is None else beside
            prices = read_prices(prices, bars=self.config.bars)
        with threads(TRAINING_THREADS), ieee_float32():
            place = None if directory is None else Path(directory)
            run = SeriesRun(prices, self.config, place, beside, ranks)
            if few := shortness(run.prepared.facts.training):
                warnings.warn(few, ShortSeriesWarning, stacklevel=2)
            if resume:
                run.resume()
            run.train(callbacks, stop, self._become)
        return self

    def _become(self, fitted: Fitted, history: History) -> None:
        self.fitted_, self.config = fitted, fitted.config
        self.facts_, self.training_ = fitted.facts, fitted.training
        self.conditions_, self.history_ = fitted.conditions, history

    def sample(
        self,
        n_samples: int,
        horizon: int,
        *,
        seed: int = 0,
        given: Asked = None,
        history: Prices | pd.DataFrame | pd.Series | str | Path | None = None,
        drift: float | str | None = None,
        start_price: float | Sequence[float] | None = None,
        start_date: str | None = None,
        calendar: str = AUTO,
        tick: float | None = None,
        only: Sequence[int] | None = None,
        extrapolate: bool = False,
    ) -> Scenarios:
        """Return ``n_samples`` synthetic paths of ``horizon`` steps.

        Args:
            n_samples: number of paths; path k depends on the seed and k alone.
            horizon: steps, 1 to 10,000,000.
            seed: of the paths.
            given: what the paths are under. A volatility that they shall realise, ``low``, ``mid``,
                ``high`` or annualised as in 0.35; or conditions by name, ``{"vol": 0.35, "crisis":
                "yes"}``, each one value or one for every step; or a schedule's file, or texts as
                ``--given`` takes them. Without it paths move through all states as the series does.
            history: prices that the paths continue, from the market's state at their end.
            drift: annual, of log prices; ``real``, ``zero``, or None for the model's own.
            start_price: price before the first step; default: the last real one. Of several
                assets one for all, or one for each.
            start_date: first date as ``YYYY-MM-DD``; default: after the last real one.
            calendar: ``business days``, ``24/7`` or an exchange such as ``XNYS``, of daily data.
            tick: prices are rounded to its multiples.
            only: numbers of the paths instead of 0, 1, … ``n_samples`` − 1, each below that.
            extrapolate: do not warn of given values that training did not see.

        Raises:
            ConfigError, DataError: if an argument is outside its range, or the model cannot do what
                is asked.

        Warns:
            ScenarioWarning: of given values that training did not see, and the like.
        """
        production = self.production(
            n_samples,
            horizon,
            seed=seed,
            given=given,
            history=history,
            drift=drift,
            start_price=start_price,
            start_date=start_date,
            calendar=calendar,
            tick=tick,
            only=only,
            extrapolate=extrapolate,
        )
        for text in production.warnings:
            warnings.warn(text, ScenarioWarning, stacklevel=2)
        return joined(list(production.groups()))

    def sample_groups(self, n_samples: int, horizon: int, **asked: Any) -> Iterator[Scenarios]:
        """Yield what ``sample`` returns in groups of paths, so that memory stays small.

        The arguments are those of ``sample``; they are checked at the call, before the first group
        is asked for. Nothing is warned of, see ``production``.
        """
        return self.production(n_samples, horizon, **asked).groups()

    def production(
        self,
        n_samples: int,
        horizon: int,
        *,
        history: Prices | pd.DataFrame | pd.Series | str | Path | None = None,
        only: Sequence[int] | None = None,
        **asked: Any,
    ) -> Production:
        """Return how ``sample`` makes its paths, with what is to be said before they are made.

        The arguments are those of ``sample``; they are checked here.
        """
        self._check_fitted()
        check_request(n_samples, horizon, asked.get("seed", 0))
        numbers = require_numbers(n_samples, only, "paths")
        if history is not None and not isinstance(history, Prices):
            reading = ReadConfig.from_dict(self.facts_.reading)
            source = history
            try:
                history = read_prices(source, self.facts_.columns, reading)
            except DataError:
                if not self.facts_.columns:
                    raise
                history = read_prices(source, (), reading)  # a column of another name
        return Production(self.fitted_, Request(numbers, horizon, history=history, **asked))

    def save(self, directory: str | Path) -> None:
        """Write the model: ``generator.safetensors`` and ``manifest.json``.

        Another model that is there is replaced, with its training state, its logs and its report.
        """
        self._check_fitted()
        checkpoint.save_alone(Path(directory), self.fitted_.write)

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
