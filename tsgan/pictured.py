"""What the pictures of a report show: values only, computed before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BandCurve:
    """A statistic over some x: the real series, the mean of the paths, 5 % and 95 % of them.

    All arrays have shape (points,).
    """

    x: FloatArray
    real: FloatArray
    synthetic: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class HillCurve:
    """The Hill tail index over the share of values that are taken as the tail; (points,) each.

    Attributes:
        fraction: share of all values, ascending; real, synthetic: the index, synthetic pooled.
        low, high: the 95 % confidence interval of the real one.
    """

    fraction: FloatArray
    real: FloatArray
    synthetic: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Outcome:
    """What a strategy came to: on the real series, and over the synthetic paths.

    Attributes:
        strategy: its name; measure: ``"profit"``, ``"Sharpe"``, ``"drawdown"``, ``"turnover"``.
        real: the figure on the real series.
        synthetic: 5, 25, 50, 75 and 95 % of the figure over the synthetic paths.
    """

    strategy: str
    measure: str
    real: float
    synthetic: tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Curves:
    """Everything that the pictures of the report show, already computed.

    Attributes:
        acf: by ``"id"``, ``"abs"``, ``"sq"``: autocorrelation of r, |r|, r² over lags.
        acf_error: by the same, (lags,): the half width of the 95 % interval around 0 in which
            the real autocorrelation would lie, of r if it had no memory, whatever its volatility
            does, of |r| and r² if volatility had none.
        leverage: Corr(r_t, r²_{t+lag}) over lags.
        aggregation: excess kurtosis of k-step returns over k.
        drawdowns: share of one-year stretches whose largest drawdown is at least x, over x;
            None where paths are shorter than a year.
        hill: by ``"left"`` and ``"right"`` tail.
        strategies: outcomes, strategy by strategy; empty where paths are too short for them.
        density_x: (bins,) centres of equal bins of one-step log returns.
        density_real, density_synthetic: (bins,) densities over those bins, 0 where empty.
        quantile_p: (points,) probabilities; quantile_real, quantile_synthetic: log returns there.
        real_path: (n + 1,) cumulative log return of the real series, starting at 0.
        synthetic_paths: (k, horizon + 1) the same of the first few synthetic paths.
        fan_p: (m,) probabilities; fan: (m, horizon + 1) their quantiles over all paths, by step.
        pit: by forecaster, ``"synthetic"`` first, (10,): share of the held-out returns in each
            tenth of their forecast distribution; empty without forecasts.
    """

    acf: Mapping[str, BandCurve]
    acf_error: Mapping[str, FloatArray]
    leverage: BandCurve
    aggregation: BandCurve
    drawdowns: BandCurve | None
    hill: Mapping[str, HillCurve]
    strategies: tuple[Outcome, ...]
    density_x: FloatArray
    density_real: FloatArray
    density_synthetic: FloatArray
    quantile_p: FloatArray
    quantile_real: FloatArray
    quantile_synthetic: FloatArray
    real_path: FloatArray
    synthetic_paths: FloatArray
    fan_p: FloatArray
    fan: FloatArray
    pit: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class PanelCurves:
    """What the pictures of several assets show.

    Attributes:
        names: (assets,) of the assets.
        correlation_real, correlation_synthetic: (assets, assets) of returns.
        magnitude_real, magnitude_synthetic: (assets, assets) the same of absolute returns.
        spectrum: eigenvalues of the correlation matrix, largest first, over their rank.
    """

    names: tuple[str, ...]
    correlation_real: FloatArray
    correlation_synthetic: FloatArray
    magnitude_real: FloatArray
    magnitude_synthetic: FloatArray
    spectrum: BandCurve
