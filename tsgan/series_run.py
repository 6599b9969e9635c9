"""A training run on prices."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

from torch import Tensor

from tsgan.condition_sources import PriceSource
from tsgan.conditions import Conditions
from tsgan.config import Config
from tsgan.data.prices import Prices
from tsgan.device import resolve_device
from tsgan.fitted import Fitted, restored_generator
from tsgan.fitting import make_trainer
from tsgan.preparation import prepare
from tsgan.ranks import ALONE, Ranks
from tsgan.recognition import RegimeRecogniser
from tsgan.regime_meanings import with_meanings
from tsgan.run import Run, TrainingFacts
from tsgan.versions import versions


class SeriesRun(Run[Fitted]):
    """A trainer on prices. What it saves on the way is not calibrated yet.

    Args:
        prices: to be learned.
        config: every setting.
        directory: None saves nothing.
        beside: where the prices come from, whose other columns conditions may name.
        ranks: the processes that train it together.

    Raises:
        DataError, ConfigError: if the prices or settings cannot be trained on.
    """

    data: ClassVar[str] = "prices"

    def __init__(
        self,
        prices: Prices,
        config: Config,
        directory: Path | None,
        beside: PriceSource | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.config = config
        self.prepared, self.index = prepare(prices, config, beside), prices.return_index
        trainer = make_trainer(self.prepared, config, resolve_device(config.device), ranks)
        super().__init__(trainer, config, directory)

    def identity(self) -> dict[str, Any]:
        """Return hashes, columns and how the file was read."""
        facts = self.prepared.facts
        return {
            "sha256": facts.sha256,
            "column": facts.column,
            "columns": list(facts.columns),
            "reading": dict(facts.reading),
            "sources": dict(facts.sources),
        }

    def model(
        self, training: TrainingFacts, weights: Mapping[str, Tensor], *, final: bool
    ) -> Fitted:
        """Return the model with these weights; if it is final, calibrated, its regimes named."""
        prepared = self.prepared
        channels, conditions = prepared.returns.shape[1], prepared.conditions
        fitted = Fitted(
            self.config,
            prepared.facts,
            prepared.scaler,
            conditions,
            restored_generator(self.config, weights, channels, conditions, prepared.bars),
            training,
            versions("pandas"),
            profile=None if prepared.profile.flat else prepared.profile,
            bars=prepared.bars,
        )
        if not final:
            return fitted
        returns = prepared.returns[: prepared.facts.training]
        return replace(fitted, conditions=self._meant(fitted)).calibrated(returns)

    def _meant(self, fitted: Fitted) -> Conditions:
        """Return the conditions, with what regimes found without labels turned out to mean."""
        recogniser = self.trainer.recogniser
        if recogniser is None:
            return fitted.conditions
        own = cast(RegimeRecogniser, copy.deepcopy(recogniser).cpu())
        seed = self.config.seed
        return with_meanings(fitted.generator, own, self.prepared, self.index, seed)

    def _same(self, name: str, recorded: object, value: object) -> bool:
        if name == "columns" or (name in ("reading", "sources") and recorded is None):
            return True  # the column that came of them is compared; an earlier version had none
        return super()._same(name, recorded, value)
