"""Bars to the channels that a network learns, and back to bars that are valid by construction.

With the close C, open O, high H, low L and volume V of bar t, these say all there is to say:

    return  r = ln C_t / C_{t−1}                gap   g = ln O_t / C_{t−1}
    up      u = ln H_t / max(O_t, C_t) ≥ 0      down  d = ln min(O_t, C_t) / L_t ≥ 0
    volume  v = ln V_t − mean of ln V over the 250 bars before t

Whatever r, g, v and whatever u, d of 0 and above make a bar with L ≤ min(O, C) ≤ max(O, C) ≤ H; so
wicks below 0 are taken as 0, and nothing else must be mended.

Wicks are one-sided with a heavy tail, and a tenth of them is exactly 0: a network is given their
cube root, which makes such laws nearly normal (Wilson & Hilferty 1931; on eight real series the
skewness is within ±0.6, the excess kurtosis mostly within ±0.6), and whose inverse turns an outlier
of the network into a long wick, not into an endless one as an exponential would. A volume of 0
stands at half the smallest one that was traded, an unknown one at its own mean.

Source: Wilson & Hilferty (1931), "The distribution of chi-square".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tsgan.bar_paths import PathBars, path_bars, path_volumes
from tsgan.data.bars import BarPrices
from tsgan.errors import DataError
from tsgan.log_bars import (
    CHANNELS,
    DOWN,
    GAP,
    RETURN,
    UP,
    VOLUME,
    floor_and_lot,
    log_bars,
)
from tsgan.volume_levels import LEVEL

FloatArray = npt.NDArray[np.float64]

WICKS = ("up", "down")
POWERS = {"return": 1.0, "gap": 1.0, "up": 1 / 3, "down": 1 / 3, "volume": 0.0}
"""How each channel grows with the volatility: twice of it makes ``2**power`` of the channel."""

ROUNDING = 1e-12
"""Gaps and wicks up to here are 0: a scaler's inverse of what was 0 is only nearly so."""

LEAST_SPREAD = 1e-9


@dataclass(frozen=True)
class BarChannels:
    """How bars become channels; what it must know of the series to turn them back.

    Attributes:
        names: the channels in their order, those of :data:`CHANNELS` that vary; the return is the
            first. What is left out is 0 throughout.
        volume: whether there are volumes at all.
        floor: what a volume of 0 counts as; 0 where every bar has traded.
        lot: volumes are multiples of it; 0 where they are no whole numbers.

    Raises:
        DataError: at birth, where they are not as described.
    """

    names: tuple[str, ...]
    volume: bool = False
    floor: float = 0.0
    lot: float = 0.0

    def __post_init__(self) -> None:
        known = tuple(name for name in CHANNELS if name in self.names)
        numbers = np.array([self.floor, self.lot])
        fits = self.names == known and self.names[:1] == CHANNELS[:1]
        fits = fits and bool(np.isfinite(numbers).all() and (numbers >= 0).all())
        if not fits or (not self.volume and ("volume" in self.names or numbers.any())):
            raise DataError(
                f"expected channels among {', '.join(CHANNELS)} in this order, the return first, "
                f"found {self}; fit the model again"
            )

    @classmethod
    def fit(cls, bars: BarPrices, cuts: Sequence[int] = (), training: int | None = None) -> Self:
        """Return the channels of ``bars``.

        Args:
            bars: all of them.
            cuts: rows without a return from the row before.
            training: how many of the returns are trained on; default: all.

        Raises:
            DataError: fewer than 2 bars.
        """
        floor, lot = (0.0, 0.0) if bars.volume is None else floor_and_lot(bars.volume)
        plain = np.delete(log_bars(bars, floor), np.array(cuts, dtype=np.intp) - 1, axis=0)
        varies = plain[:training].std(axis=0) > LEAST_SPREAD
        return cls(
            names=tuple(
                name
                for place, name in enumerate(CHANNELS[: plain.shape[1]])
                if place == RETURN or varies[place]
            ),
            volume=bars.volume is not None,
            floor=floor,
            lot=lot,
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def powers(self) -> tuple[float, ...]:
        """How each channel grows with the volatility, see POWERS."""
        return tuple(POWERS[name] for name in self.names)

    @property
    def returns(self) -> int:
        """How many channels, the first ones, are log returns: of the close, and of the gap."""
        return sum(POWERS[name] == 1.0 for name in self.names)

    def channels(self, bars: BarPrices, cuts: Sequence[int] = ()) -> FloatArray:
        """Return (n − 1 − cuts, channels), what a network learns; a row for each return.

        Args:
            bars: n of them.
            cuts: rows without a return from the row before, as ``Prices.cuts``.

        Raises:
            DataError: fewer than 2 bars, or no volume where there was one in the fit.
        """
        if self.volume and bars.volume is None:
            raise DataError(
                "expected bars with a volume as in the fit, found none; name a file with volumes"
            )
        plain = log_bars(bars, self.floor)[:, [CHANNELS.index(name) for name in self.names]]
        wicks = [k for k, name in enumerate(self.names) if name in WICKS]
        plain[:, wicks] = np.cbrt(plain[:, wicks])
        return np.delete(plain, np.array(cuts, dtype=np.intp) - 1, axis=0)

    def plain(self, channels: npt.ArrayLike) -> FloatArray:
        """Return (…, 5), or (…, 4) without volume: r, g, u ≥ 0, d ≥ 0, v of (…, channels).

        Raises:
            DataError: another number of channels, or such as are not finite.
        """
        given = np.asarray(channels, dtype=np.float64)
        if not given.ndim or given.shape[-1] != len(self) or not np.isfinite(given).all():
            raise DataError(
                f"expected finite channels (…, {len(self)}) of {', '.join(self.names)}, found "
                f"shape {given.shape}"
            )
        found = np.zeros((*given.shape[:-1], len(CHANNELS) if self.volume else VOLUME))
        for k, name in enumerate(self.names):
            found[..., CHANNELS.index(name)] = given[..., k]
        found[..., UP:VOLUME] = np.maximum(found[..., UP:VOLUME], 0.0) ** 3
        inside = found[..., GAP:VOLUME]
        inside[np.abs(inside) <= ROUNDING] = 0.0
        return found

    def bars(
        self,
        channels: npt.ArrayLike,
        start_price: float,
        volumes: npt.ArrayLike | None = None,
        tick: float | None = None,
    ) -> PathBars:
        """Return the bars of ``channels`` (paths, horizon, channels).

        Args:
            channels: as a network makes them.
            start_price: the close before the first bar.
            volumes: where they start from: one number, see :func:`base_volume`, or those of the
                last bars before, (k,), oldest first; not needed without volumes.
            tick: prices are rounded to its multiples, and are one tick at least.

        Raises:
            DataError: prices or volumes leave the range of float64, or there is no start of these.
            ConfigError: a tick that is none.
        """
        parts = np.moveaxis(self.plain(channels), -1, 0)
        wicks = parts[UP], parts[DOWN]
        made = path_bars(parts[RETURN], parts[GAP], *wicks, start_price=start_price, tick=tick)
        if not self.volume:
            return made
        return made._replace(volume=path_volumes(parts[VOLUME], volumes, self.floor, self.lot))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types."""
        return {**asdict(self), "names": list(self.names)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the channels that ``to_dict`` described.

        Raises:
            DataError: an entry is missing or not as described.
        """
        try:
            names = tuple(str(name) for name in values["names"])
            numbers = float(values["floor"]), float(values["lot"])
            return cls(names, values["volume"] is True, *numbers)
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "expected channels of bars with 'names', 'volume', 'floor' and 'lot', found "
                "others; fit the model again"
            ) from None


def base_volume(bars: BarPrices) -> float | None:
    """Return the geometric mean of the last 250 volumes above 0; None without volumes."""
    if bars.volume is None:
        return None
    with np.errstate(invalid="ignore"):
        traded = bars.volume[bars.volume > 0]
    return float(np.exp(np.log(traded[-LEVEL:]).mean()))
