"""A source of scenarios whose path k depends on k alone, that counts, and that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.scenarios import Bars, Scenarios

NAMES = ("SPY", "TLT", "Gold, spot")


def path_returns(path: int, horizon: int, assets: int) -> np.ndarray:
    """(horizon, assets) log returns of a path."""
    return np.random.default_rng(path).normal(0, 0.01, (horizon, assets))


def scenarios(
    paths: range,
    horizon: int,
    assets: int = 1,
    bars: int = 0,
    *,
    step: str | int = BUSINESS_DAYS,
    last: str | None = "2021-12-31",
) -> Scenarios:
    """The scenarios of some paths."""
    returns = np.stack([path_returns(k, horizon, assets) for k in paths])
    dates = Calendar(last, step).after(horizon)
    if assets > 1:
        start = 99.9 + 10.0 * np.arange(assets)
        return Scenarios(returns, start, dates, np.arange(paths.start, paths.stop), NAMES[:assets])
    plain = Scenarios(returns[..., 0], 99.9, dates, np.arange(paths.start, paths.stop))
    if not bars:
        return plain
    closes = plain.closes()
    volume = np.round(1e6 * np.abs(plain.log_returns)) if bars > 3 else None
    whole = Bars(closes * 1.001, closes * 1.002, closes * 0.999, volume)
    return Scenarios(plain.log_returns, 99.9, dates, plain.numbers, bars=whole)


@dataclass
class Sampler:
    """Called with a range of paths, gives their groups.

    Attributes:
        sampled: numbers of the paths that it was asked for, in order.
        fails_at: the path before which it raises ``failure``.
    """

    horizon: int
    assets: int = 1
    bars: int = 0
    group: int = 7
    fails_at: int | None = None
    failure: BaseException = field(default_factory=KeyboardInterrupt)
    sampled: list[int] = field(default_factory=list)

    def __call__(self, paths: range) -> Iterator[Scenarios]:
        for first in range(paths.start, paths.stop, self.group):
            chosen = range(first, min(first + self.group, paths.stop))
            if self.fails_at is not None and self.fails_at < chosen.stop:
                raise self.failure
            self.sampled += chosen
            yield scenarios(chosen, self.horizon, self.assets, self.bars)
