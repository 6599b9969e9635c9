"""From prices to a trainer that is ready to run: split, scale, networks, held-out score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from tsgan import seeding
from tsgan.batches import SeriesBatches
from tsgan.conditions import VolatilityCondition, trailing_log_volatility
from tsgan.config import AUTO_HOLDOUT, AUTO_SHARE, Config
from tsgan.critics import Critic
from tsgan.data.prices import Prices
from tsgan.data.returns import log_returns, periods_per_year, stretches
from tsgan.data.scaling import Scaler
from tsgan.data.windows import first_steps
from tsgan.errors import ConfigError, DataError
from tsgan.facts import DataFacts
from tsgan.networks import Generator
from tsgan.scenarios import BUSINESS_DAYS, DAYS, MONTHS
from tsgan.trainer import Trainer
from tsgan.validation import HeldOutScore

FloatArray = npt.NDArray[np.float64]

FEW_RETURNS = 500
"""Below this many training returns the tails and the long memory are mostly guesswork."""


def shortness(training: int) -> str:
    """Return what to expect of so few training returns; empty if they are enough."""
    if training >= FEW_RETURNS:
        return ""
    return (
        f"{training} returns are few (fewer than {FEW_RETURNS}): expect everyday moves and their "
        "volatility to be learned; the size of rare losses, volatility that lasts for more than a "
        "few weeks and leverage are mostly guesswork; a longer history of this market is the remedy"
    )


@dataclass(frozen=True)
class Prepared:
    """One series, ready to be trained on.

    Attributes:
        returns: (n, 1) log returns of the whole file; the first ``facts.training`` are trained on.
        scaler: fitted on the training part.
        volatility: the condition, fitted on the training part.
        path_length: steps of the long paths, a power of two.
        bounds: (stretches + 1,) of the returns between breaks, 0, …, n; no window leaves its own.
    """

    returns: FloatArray
    scaler: Scaler
    volatility: VolatilityCondition
    facts: DataFacts
    path_length: int
    bounds: npt.NDArray[np.intp]

    @property
    def training_bounds(self) -> torch.Tensor:
        """The bounds within the training part."""
        return torch.from_numpy(_within(self.bounds, 0, self.facts.training))

    @property
    def held_out_bounds(self) -> torch.Tensor:
        """The bounds within the held-out part, from its beginning."""
        return torch.from_numpy(_within(self.bounds, self.facts.training, len(self.returns)))


def prepare(prices: Prices, config: Config) -> Prepared:
    """Split, scale and measure the returns of ``prices``.

    Raises:
        DataError: with more than one column, or too few returns for the window.
        ConfigError: if ``holdout`` is a date that the series does not reach, or leaves too little;
            if there is patience, but nothing held out to wait for.
    """
    if len(prices.names) != 1:
        raise DataError(
            f"{prices.source}: expected one price column, got {', '.join(prices.names)}; a model "
            "learns one series so far: choose one with --column"
        )
    returns = log_returns(prices)
    held = _held_out(prices, len(returns), config)
    bounds = stretches(prices)
    last = np.diff(_within(bounds, len(returns) - held, len(returns))).max(initial=0)
    if config.training.patience is not None and last < config.window:
        raise ConfigError(
            "patience: expected a held-out end of the series, whose score it waits for, got none; "
            f"hold out at least {config.window} returns with --holdout, or train without patience"
        )
    training = len(returns) - held
    own = _within(bounds, 0, training)
    longest = int(np.diff(own).max(initial=0))
    if len(own) > 2 and longest < 2 * config.window:
        raise DataError(
            f"{prices.source}: expected at least {2 * config.window} returns between two breaks, "
            f"got {longest} at most; break at longer gaps with --break, or give a longer file"
        )
    if training < 2 * config.window:
        raise DataError(
            f"{prices.source}: expected at least {2 * config.window + 1} prices to train on for "
            f"windows of {config.window}, got {training + 1}; give a longer file"
            + (" or hold out less" if held else "")
        )
    try:
        scaler = Scaler.fit(returns[:training])
    except DataError as error:
        raise DataError(f"{prices.source}, column {prices.names[0]}: {error}") from error
    series = torch.from_numpy(scaler.transform(returns[:training]).astype(np.float32))
    whole = first_steps(torch.from_numpy(own), config.window, round=False)
    logs = trailing_log_volatility(series, config.window)[whole].numpy()
    per_year = periods_per_year(prices.return_index if prices.cuts else prices.values.index)
    unit = float(scaler.scale[0]) * float(np.sqrt(per_year))
    return Prepared(
        returns=returns,
        scaler=scaler,
        volatility=VolatilityCondition.fit(logs, unit),
        facts=_facts(prices, len(returns), training, per_year),
        path_length=_path_length(longest, config),
        bounds=bounds,
    )


def _held_out(prices: Prices, returns: int, config: Config) -> int:
    """Return how many returns at the end are held out: none if they would not fill a window."""
    holdout = config.holdout
    if holdout == "auto":
        count = max(AUTO_HOLDOUT, config.window)
        count = count if returns >= AUTO_SHARE * count else 0
    elif isinstance(holdout, str):
        if not prices.has_dates:
            raise ConfigError(f"holdout: {prices.source} has no dates; give a fraction, not a date")
        try:
            first = pd.Timestamp(str(holdout), tz=pd.DatetimeIndex(prices.values.index).tz)
        except ValueError:
            raise ConfigError(
                "holdout: expected a fraction from 0 to 0.5 or a date as YYYY-MM-DD, got "
                f"{holdout!r}"
            ) from None
        count = int((prices.return_index >= first).sum())
        if count == 0:
            raise ConfigError(
                f"holdout: expected a date up to {_iso(prices.values.index[-1])}, the last one of "
                f"{prices.source}, got {holdout}"
            )
    else:
        count = round(holdout * returns)
    if count < config.window:
        if holdout not in ("auto", 0):
            raise ConfigError(
                f"holdout: expected at least one window of {config.window} returns, "
                f"{holdout} keeps {count}; hold out more, or 0"
            )
        return 0
    return count


def _score(held_out: torch.Tensor, bounds: torch.Tensor, config: Config) -> HeldOutScore | None:
    """Return the score on the longest held-out stretch; None if that does not fill a window."""
    sizes = torch.diff(bounds)
    if not len(held_out) or int(sizes.max()) < config.window:
        return None
    own = int(sizes.argmax())
    return HeldOutScore(held_out[bounds[own] : bounds[own + 1]], config.window, config.seed)


def _within(bounds: npt.NDArray[np.intp], first: int, last: int) -> npt.NDArray[np.intp]:
    """Return the bounds of the stretches between two steps, from the first of these."""
    return np.unique(np.clip(bounds, first, last)) - first


def _path_length(longest_stretch: int, config: Config) -> int:
    """Return the longest power of two that two thirds of the longest stretch have.

    Paths go round the end of their stretch: longer ones would see most of it twice. A window fits
    into them, and so do the layers of the critic, each of which halves a window.
    """
    longest = min(config.training.path_length, 2 * longest_stretch // 3)
    length: int = max(1 << (longest.bit_length() - 1), 1 << (config.window - 1).bit_length())
    return length


def _facts(prices: Prices, returns: int, training: int, per_year: float) -> DataFacts:
    index = prices.values.index
    dated = prices.has_dates
    return DataFacts(
        source=prices.source,
        column=prices.names[0],
        sha256=prices.sha256,
        prices=len(prices),
        returns=returns,
        training=training,
        first_date=_iso(index[0]) if dated else None,
        last_date=_iso(index[-1]) if dated else None,
        training_end=_iso(prices.return_index[training - 1]) if dated else None,
        last_price=float(prices.values.to_numpy()[-1, 0]),
        periods_per_year=per_year,
        step=_step(index) if dated else BUSINESS_DAYS,
        notes=prices.notes,
        findings=tuple(finding.to_dict() for finding in prices.findings),
        reading=prices.reading.to_dict(),
        columns=prices.columns,
        breaks=len(prices.breaks),
    )


def _iso(date: pd.Timestamp) -> str:
    """Return a date, with its time of day only where it has one; UTC where it has a zone."""
    naive = date.tz_localize(None) if date.tzinfo is not None else date
    return naive.date().isoformat() if naive == naive.normalize() else naive.isoformat()


def _step(index: pd.Index) -> str | int:
    """Return how the dates follow each other, see ``Calendar``."""
    dates = pd.DatetimeIndex(index)
    apart = int(np.median(np.diff(dates.as_unit("s").asi8)))
    if apart >= 28 * 86_400:
        return f"{round(apart / (86_400 * 365.25 / 12))}{MONTHS}"
    if apart != 86_400:
        return max(apart, 1)  # dates are written in whole seconds
    return DAYS if float((dates.day_of_week >= 5).mean()) > 0.1 else BUSINESS_DAYS


def make_trainer(prepared: Prepared, config: Config, device: torch.device) -> Trainer:
    """Return a trainer at step 0 for ``prepared``, its networks and data on ``device``."""
    with seeding.initial_weights(config.seed, seeding.WEIGHTS):
        generator = Generator(config.network)
        critic = Critic(
            config.network,
            config.window,
            prepared.path_length,
        )
    scaled = prepared.scaler.transform(prepared.returns).astype(np.float32)
    series = torch.from_numpy(scaled).to(device)
    training = prepared.facts.training
    heldout = series[training:]
    return Trainer(
        generator.to(device),
        critic.to(device),
        SeriesBatches(
            series[:training],
            config.window,
            prepared.path_length,
            config.training,
            bounds=prepared.training_bounds,
        ),
        config.training,
        seeding.torch_generator(config.seed, seeding.TRAINING, device=device),
        _score(heldout, prepared.held_out_bounds, config),
    )
