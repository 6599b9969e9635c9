"""Synthetic paths with dates and prices, in the shapes that their users take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.errors import DataError
from tsgan.ticks import closes_of

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]
DateArray = npt.NDArray[np.datetime64]

FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Bars:
    """What a bar holds beside its close: low <= open, close <= high, all above 0.

    Attributes:
        open, high, low: (paths, horizon) float64 prices.
        volume: (paths, horizon) float64, None where the real series has none.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    volume: FloatArray | None = None


@dataclass(frozen=True)
class Scenarios:
    """Synthetic paths of one asset, or of several that move together.

    Attributes:
        log_returns: (paths, horizon) float64; (paths, horizon, assets) of several assets.
        start_price: the price before the first return, of every path; (assets,) of several.
        dates: (horizon,) of the steps; NaT where the real series has none.
        numbers: (paths,) number of each path.
        names: of the assets.
        bars: opens, highs, lows and volumes; of one asset only.
        tick: closes are its multiples; None where they are any numbers.

    Raises:
        DataError: if the shapes do not fit one another.
    """

    log_returns: FloatArray
    start_price: float | FloatArray
    dates: DateArray
    numbers: npt.NDArray[np.int64]
    names: tuple[str, ...] = ("close",)
    bars: Bars | None = None
    tick: float | None = None

    def __post_init__(self) -> None:
        paths, horizon = self.log_returns.shape[:2]
        assets = self.log_returns.shape[2:]
        expected = {
            "start price": (np.shape(self.start_price), assets),
            "dates": (self.dates.shape, (horizon,)),
            "numbers": (self.numbers.shape, (paths,)),
            "names": ((len(self.names),), assets or (1,)),
        }
        for name in FIELDS[:3] + FIELDS[4:] if self.bars is not None else ():
            if (values := getattr(self.bars, name)) is not None:
                expected[name] = (values.shape, (paths, horizon))
        for name, (found, wanted) in expected.items():
            if found != wanted:
                raise DataError(
                    f"scenarios, {name}: expected the shape {wanted} beside log returns of "
                    f"{self.log_returns.shape}, found {found}; give it that shape"
                )
        if assets and self.bars is not None:
            raise DataError("scenarios: expected bars of one asset, found several; leave them out")

    @property
    def several(self) -> bool:
        """Whether the log returns have an axis of assets."""
        return self.log_returns.ndim > 2

    def closes(self) -> FloatArray:
        """Return the prices after each step, in the shape of the log returns."""
        if not self.several:
            return closes_of(self.log_returns, float(self.start_price), self.tick)
        start = np.asarray(self.start_price, dtype=np.float64)
        each = [
            closes_of(self.log_returns[..., k], float(p), self.tick) for k, p in enumerate(start)
        ]
        return np.stack(each, axis=-1)

    def rounded(self) -> Self:
        """Return the same with the log returns of closes that are rounded to the tick."""
        if self.tick is None:
            return self
        logs = np.log(self.closes())
        first = np.log(np.broadcast_to(self.start_price, logs[:, :1].shape))
        return replace(self, log_returns=np.diff(logs, axis=1, prepend=first))

    def to_frame(self, shape: Literal["long", "wide"] = "long") -> pd.DataFrame:
        """Return one frame of all paths.

        ``long``: ``path, step, date, log_return, close`` and, of bars, ``open, high, low, volume``;
        of several assets ``path, step, date, asset, log_return, close``. Steps count from 1.

        ``wide``: closes by date, a column per path; of several assets the columns are (path,
        asset), of bars (path, field) with the fields ``Open, High, Low, Close, Volume``.

        Raises:
            ConfigError: for another shape.
        """
        from tsgan import scenario_views

        return scenario_views.frame(self, shape)

    def to_xarray(self) -> xarray.Dataset:
        """Return a dataset of ``log_return`` and ``close`` over (path, step[, asset]).

        ``date`` is a coordinate of the steps, ``start_price`` one of the assets; bars add
        ``open, high, low, volume``.

        Raises:
            ConfigError: if xarray is not installed.
        """
        from tsgan import scenario_views

        return scenario_views.dataset(self)

    def paths(self) -> Iterator[pd.DataFrame]:
        """Yield each path as a frame by date, as backtests take it.

        Its columns are ``close``; ``Open, High, Low, Close, Volume`` (the last where there are
        volumes) of bars; the names of several assets, with their closes. The index is named
        ``date``; where the real series has no dates it counts the steps from 1.
        """
        from tsgan import scenario_views

        return scenario_views.each_path(self)

    def plot(self, paths: int = 5) -> Figure:
        """Return a picture of the prices: quantiles of all paths by date, and the first ``paths``.

        Several assets stand one above the other.

        Raises:
            ConfigError: if ``paths`` is negative.
        """
        from tsgan.scenario_plots import scenario_figure

        return scenario_figure(self, paths)
