"""From prices to what is learned: channels, split, scale, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan.bar_channels import BarChannels
from tsgan.calendar_learning import learn_calendar
from tsgan.calendars import Calendar
from tsgan.condition_requests import parse_requests
from tsgan.condition_sources import (
    PriceSource,
    SeriesFacts,
    find_conditions,
    fit_conditions,
    source_hashes,
)
from tsgan.conditions import Conditions, VolatilityCondition, trailing_log_volatility
from tsgan.config import Config
from tsgan.data.prices import Prices
from tsgan.data.profile import Profile
from tsgan.data.returns import log_returns, periods_per_year, stretches
from tsgan.data.scaling import Scaler
from tsgan.data.windows import first_steps
from tsgan.errors import ConfigError, DataError
from tsgan.facts import DataFacts
from tsgan.splits import held_out_count, within

FloatArray = npt.NDArray[np.float64]

FEW_RETURNS = 500
"""Below this many training returns the tails and the long memory are mostly guesswork."""

MOST_ASSETS = 100
"""So many assets are learned jointly at most."""


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
    """One series, several of as many assets, or the bars of one, ready to be trained on.

    Attributes:
        returns: (n, channels) of the whole file, without their profile: log returns of each asset,
            or the channels of bars. The first ``facts.training`` are trained on.
        scaler: fitted on the training part.
        conditions: fitted on the training part.
        tracks: (n, track channels) of the conditions beside the volatility, None without.
        path_length: steps of the long paths, a power of two.
        bounds: (stretches + 1,) of the returns between breaks, 0, …, n; no window leaves its own.
        profile: how volatility goes with the time of day; flat but within a day.
        bars: how the channels are bars, None where they are assets.
        known: the returns as far as conditions are made of them; values: what each condition beside
            the volatility was at every return, by its name.
    """

    returns: FloatArray
    scaler: Scaler
    conditions: Conditions
    tracks: Tensor | None
    facts: DataFacts
    path_length: int
    bounds: npt.NDArray[np.intp]
    profile: Profile
    bars: BarChannels | None
    known: SeriesFacts
    values: Mapping[str, FloatArray]

    @property
    def powers(self) -> tuple[float, ...]:
        """How each channel grows with the volatility; empty where all are returns."""
        return () if self.bars is None else self.bars.powers

    @property
    def volatile(self) -> int:
        """Of how many channels, the first ones, the volatility is that of windows."""
        return self.returns.shape[1] if self.bars is None else 1

    @property
    def training_bounds(self) -> torch.Tensor:
        """The bounds within the training part."""
        return torch.from_numpy(within(self.bounds, 0, self.facts.training))

    @property
    def held_out_bounds(self) -> torch.Tensor:
        """The bounds within the held-out part, from its beginning."""
        return torch.from_numpy(within(self.bounds, self.facts.training, len(self.returns)))


def prepare(prices: Prices, config: Config, beside: PriceSource | None = None) -> Prepared:
    """Split, scale and measure the returns of ``prices``.

    Args:
        prices: of one asset or several.
        config: every setting.
        beside: where the prices come from, whose other columns conditions may name.

    Raises:
        DataError: with too many assets, or too few returns for the window.
        ConfigError: if ``holdout`` is a date that the series does not reach, or leaves too little;
            if there is patience, but nothing held out to wait for; if bars or conditions are asked
            for that there are not.
    """
    requests = parse_requests(config.conditions, config.labels)
    bounds = stretches(prices)
    returns = int(bounds[-1])
    training = returns - held_out_count(prices, returns, config)
    bars = _bars(prices, config, training)
    longest = _longest_stretch(prices, bounds, training, config)
    found = find_conditions(requests, prices.return_index, beside, prices.reading)
    calendar = learn_calendar(prices, config.calendar)
    plain = _plain(prices, bars)
    channels, profile = _without_profile(plain, prices, calendar, training)
    scaler = _scaler(prices, bars, channels[:training])
    per_year = periods_per_year(prices.return_index if prices.cuts else prices.values.index)
    volatile = channels.shape[1] if bars is None else 1
    scaled = scaler.transform(channels)[:, :volatile]
    starts = first_steps(torch.from_numpy(within(bounds, 0, training)), config.window, round=False)
    series = torch.from_numpy(scaled[:training].astype(np.float32))
    logs = trailing_log_volatility(series, config.window)[starts].numpy()
    unit = float(np.sqrt(np.mean(scaler.scale[:volatile] ** 2) * per_year))
    known = SeriesFacts(
        returns=channels[:, :volatile],
        scaled=scaled,
        training=training,
        starts=starts.numpy(),
        window=config.window,
        periods_per_year=per_year,
        volatility=VolatilityCondition.fit(logs, unit),
    )
    conditions, values = fit_conditions(requests, found, known)
    means = tuple(float(mean) for mean in plain[:training, :volatile].mean(axis=0))
    return Prepared(
        returns=channels,
        scaler=scaler,
        conditions=conditions,
        tracks=conditions.series(values),
        facts=DataFacts.of(
            prices, returns, training, per_year, calendar, source_hashes(found), means
        ),
        path_length=_path_length(longest, config),
        bounds=bounds,
        profile=profile,
        bars=bars,
        known=known,
        values=values,
    )


def _bars(prices: Prices, config: Config, training: int) -> BarChannels | None:
    """Return how bars become channels, None where none are asked for; refuse too many assets."""
    if len(prices.names) > MOST_ASSETS:
        raise DataError(
            f"{prices.source}: expected at most {MOST_ASSETS} price columns, got "
            f"{len(prices.names)}; choose some with --column"
        )
    if not config.bars:
        return None
    if prices.bars is None:
        raise ConfigError(
            f"bars: expected prices with open, high and low, got the closes of {prices.source} "
            "alone; read them with read_prices(…, bars=True)"
        )
    return BarChannels.fit(prices.bars, prices.cuts, training)


def _longest_stretch(
    prices: Prices, bounds: npt.NDArray[np.intp], training: int, config: Config
) -> int:
    """Return the longest stretch of training; refuse what is too short to be learned."""
    last = np.diff(within(bounds, training, int(bounds[-1]))).max(initial=0)
    if config.training.patience is not None and last < config.window:
        raise ConfigError(
            "patience: expected a held-out end of the series, whose score it waits for, got none; "
            f"hold out at least {config.window} returns with --holdout, or train without patience"
        )
    own = within(bounds, 0, training)
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
            + (" or hold out less" if training < bounds[-1] else "")
        )
    return longest


def _plain(prices: Prices, bars: BarChannels | None) -> FloatArray:
    """Return (n, channels): log returns of each asset, or the channels of bars."""
    if bars is None or prices.bars is None:
        return log_returns(prices)
    return bars.channels(prices.bars, prices.cuts)


def _without_profile(
    plain: FloatArray, prices: Prices, calendar: Calendar, training: int
) -> tuple[FloatArray, Profile]:
    """Return (n, channels) without the profile of the time of day, and that profile."""
    slots = calendar.slots_of_returns(prices)
    profile = Profile.fit(
        plain[:training], slots[:training], calendar.slots, calendar.apart, calendar.circular
    )
    return (plain if profile.flat else profile.divide(plain, slots)), profile


def _scaler(prices: Prices, bars: BarChannels | None, training: FloatArray) -> Scaler:
    """Return the scaler of the training part, (m, channels)."""
    names = prices.names if bars is None else bars.names
    for name, series in zip(names, training.T, strict=True):
        try:
            Scaler.fit(series[:, None])
        except DataError as error:
            raise DataError(f"{prices.source}, column {name}: {error}") from error
    return Scaler.fit(training)


def _path_length(longest_stretch: int, config: Config) -> int:
    """Return the longest power of two that two thirds of the longest stretch have.

    Paths go round the end of their stretch: longer ones would see most of it twice. A window fits
    into them, and so do the layers of the critic, each of which halves a window.
    """
    longest = min(config.training.path_length, 2 * longest_stretch // 3)
    length: int = max(1 << (longest.bit_length() - 1), 1 << (config.window - 1).bit_length())
    return length
