"""Moments of a generator's own paths, and the volatility that is foretold at each, by asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tsgan import moments, seeding
from tsgan.data.scaling import Scaler
from tsgan.moments import AHEAD, Foresight, Indices
from tsgan.networks import Generator
from tsgan.sampler import Calibrate, FloatArray, sample_groups
from tsgan.slow_noise import GRID

PATHS, MOMENTS = 2_000, 96
"""Paths in the library, and moments of each: at every point of the grid of slow noise."""

NEIGHBOURS = 1_000
"""Moments that are kept: about one in two hundred."""

MOST_ASSETS, FEWEST = 10, 10
"""Assets up to which there are as many paths, and beyond, down to this part of them, so many
returns."""

MOST_FITTED = 20_000
"""Moments that the regressions of several assets are fitted to."""

Values = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Library:
    """Paths of a generator, and what is foretold at some of their moments.

    What an asset will do is foretold from its own past; of several, from what the market's past
    foretells, too.

    Attributes:
        returns: (paths, steps, assets) log returns, of several assets as float32.
        path, step: (moments,), the last return that is known at each moment.
        spread: (assets,) standard deviations of the returns.
        of_market, of_assets: learned from them; None for the market of one asset.
        foretold: (moments, assets × len(AHEAD)) log volatilities, asset by asset.
        look_back: returns that are looked at.
    """

    returns: Values
    path: Indices
    step: Indices
    spread: FloatArray
    of_market: Foresight | None
    of_assets: tuple[Foresight, ...]
    foretold: FloatArray
    look_back: int

    @classmethod
    def of(
        cls,
        generator: Generator,
        scaler: Scaler,
        condition: Tensor,
        calibration: Calibrate,
        seed: int,
        look_back: int,
        channels: slice = slice(None),
    ) -> Self:
        """Return the library of ``seed``: of those channels, further arguments of ``market_past``.

        Of many assets there are fewer paths, so that it stays as large.
        """
        assets = len(range(generator.assets)[channels])
        count = max(min(PATHS, PATHS * MOST_ASSETS // assets), PATHS // FEWEST)
        first = -(-look_back // GRID) * GRID - 1
        steps = np.arange(first, first + MOMENTS * GRID, GRID)
        horizon = int(steps[-1]) + 1 + max(AHEAD)
        kind = np.float64 if assets == 1 else np.float32
        returns, made = np.empty((count, horizon, assets), kind), 0
        for group in sample_groups(
            generator,
            scaler,
            condition,
            range(count),
            horizon,
            seed,
            seeding.HISTORY,
            calibration,
        ):
            returns[made : made + len(group)] = group[..., channels]
            made += len(group)
        path, step = np.repeat(np.arange(count), MOMENTS), np.tile(steps, count)
        return cls.learned(returns, path, step, look_back)

    @classmethod
    def learned(cls, returns: Values, path: Indices, step: Indices, look_back: int) -> Self:
        """Return the library of ``returns`` at these moments, 60 steps before the end or sooner."""
        assets = returns.shape[2]
        spread = np.array([returns[..., i].std(dtype=np.float64) for i in range(assets)])
        spread = np.where(spread > 0, spread, 1.0)
        most = moments.MOST_FITTED if assets == 1 else MOST_FITTED
        of_market, heard, learned, foretold = None, np.empty((path.size, 0)), [], []

        def fitted(series: FloatArray, unit: float) -> tuple[Foresight, FloatArray]:
            floor = moments.FLOOR * unit
            described = moments.describe(series, path, step, look_back, floor)
            described = np.concatenate([described, heard], axis=1)
            following = moments.came_after(series, path, step, max(AHEAD))
            foresight = Foresight.fit(described, following, floor, most)
            return foresight, foresight(described)

        if assets > 1:
            of_market, heard = fitted(market(returns, spread), 1.0)
        for asset, unit in enumerate(spread.tolist()):
            foresight, said = fitted(np.asarray(returns[..., asset], np.float64), unit)
            learned.append(foresight)
            foretold.append(said)
        said = np.concatenate(foretold, axis=1)
        return cls(returns, path, step, spread, of_market, tuple(learned), said, look_back)

    def foretell(self, returns: FloatArray, steps: Indices) -> FloatArray:
        """Return (moments, assets × len(AHEAD)) after ``steps`` of real returns (n, assets)."""
        place = np.zeros_like(steps)

        def described(series: FloatArray, unit: float) -> FloatArray:
            floor = moments.FLOOR * unit
            return moments.describe(series, place, steps, self.look_back, floor)

        heard = np.empty((steps.size, 0))
        if self.of_market is not None:
            heard = self.of_market(described(market(returns[None], self.spread), 1.0))
        said = []
        for asset, foresight in enumerate(self.of_assets):
            own = described(returns[None, :, asset], float(self.spread[asset]))
            said.append(foresight(np.concatenate([own, heard], axis=1)))
        return np.concatenate(said, axis=1)

    def nearest(self, foretold: FloatArray) -> Indices:
        """Return (queries, neighbours) moments most like those that foretell this.

        The distance is that of all assets' log volatilities together, so that what they have in
        common counts most. There are NEIGHBOURS, fewer where there are fewer paths.
        """
        count = NEIGHBOURS * len(self.returns) // PATHS
        return moments.nearest(self.foretold, foretold, count)

    def came_after(self, chosen: Indices, horizon: int) -> FloatArray:
        """Return (…, horizon, assets) returns that came after ``chosen`` moments, any shape."""
        path, step = self.path[chosen], self.step[chosen]
        return np.asarray(moments.came_after(self.returns, path, step, horizon), np.float64)


def market(returns: Values, spread: FloatArray) -> FloatArray:
    """Return one series, (paths, steps), of how several assets move, (paths, steps, assets).

    Its square is the mean of the squares of theirs in units of ``spread``, (assets,), so that it
    is as volatile as they are, whether or not they move together; its sign is that of their mean.
    """
    square, total = np.zeros(returns.shape[:-1]), np.zeros(returns.shape[:-1])
    for asset, unit in enumerate(spread):
        scaled = returns[..., asset] / unit
        square += scaled**2
        total += scaled
    return np.asarray(np.copysign(np.sqrt(square / spread.size), total))
