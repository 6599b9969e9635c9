"""The data of the report's pictures, computed from two samples of returns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tsgan import stylized, tails
from tsgan.metric import LAGS, TRANSFORMS, Sample
from tsgan.pictured import BandCurve, Curves, HillCurve, Outcome
from tsgan.results import FloatArray
from tsgan.strategies import STRATEGIES
from tsgan.strategy_metrics import LEAST_STEPS, MEASURES

DENSITY_BINS = 121
DENSITY_MARGIN = 0.15
"""How far the bins reach beyond the real extremes, as a share of the real range."""

TAIL_POINTS = 60
SHOWN_PATHS = 30
FAN = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
SPANS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 250)
"""Steps of the sums whose kurtosis is drawn."""

HILL_FRACTIONS = tuple(np.geomspace(0.005, 0.2, 60).tolist())
"""Shares of the returns that a Hill plot takes as the tail."""

LEAST_TAIL = 10
"""Fewest real returns in the smallest of these tails."""

DRAWDOWN_POINTS = 100


def build_curves(
    real: Sample, synthetic: Sample, pit: Mapping[str, FloatArray] | None = None
) -> Curves:
    """Return every curve of :class:`tsgan.pictured.Curves`; ``real`` holds one path.

    Lags end at 250, or before the shorter of the two ends. ``pit``: see Curves.
    """
    lags = min(LAGS, real.paths.shape[1] - 1, synthetic.paths.shape[1] - 1)
    edges = _density_edges(real.ordered_sums())
    p = _probabilities(real.paths.size)
    cumulative = _cumulative(synthetic.paths)
    return Curves(
        acf={
            kind: _lag_curve(
                real.autocorrelations(kind, lags), synthetic.autocorrelations(kind, lags)
            )
            for kind in TRANSFORMS
        },
        acf_error={kind: _without_memory(real.paths[0], kind, lags) for kind in TRANSFORMS},
        leverage=_lag_curve(real.leverages(lags), synthetic.leverages(lags)),
        aggregation=_aggregation(real.paths, synthetic.paths),
        drawdowns=_drawdowns(real.paths, synthetic.paths),
        hill={
            "left": _hill(-real.ordered_sums(), -synthetic.ordered_sums()),
            "right": _hill(real.ordered_sums(), synthetic.ordered_sums()),
        },
        strategies=_outcomes(real, synthetic),
        density_x=(edges[1:] + edges[:-1]) / 2,
        density_real=_density(real.ordered_sums(), edges),
        density_synthetic=_density(synthetic.ordered_sums(), edges),
        quantile_p=p,
        quantile_real=np.quantile(real.ordered_sums(), p),
        quantile_synthetic=np.quantile(synthetic.ordered_sums(), p),
        real_path=_cumulative(real.paths)[0],
        synthetic_paths=cumulative[:SHOWN_PATHS].copy(),
        fan_p=FAN.copy(),
        fan=np.quantile(cumulative, FAN, axis=0),
        pit=pit or {},
    )


def _lag_curve(real: FloatArray, synthetic: FloatArray) -> BandCurve:
    return _band_curve(np.arange(1.0, real.shape[1] + 1), real, synthetic)


def _band_curve(x: FloatArray, real: FloatArray, synthetic: FloatArray) -> BandCurve:
    """Return the curve from (1, points) real and (paths, points) synthetic values."""
    low, high = np.quantile(synthetic, [0.05, 0.95], axis=0)
    return BandCurve(x, real[0].copy(), synthetic.mean(axis=0), low, high)


def _without_memory(series: FloatArray, kind: str, lags: int) -> FloatArray:
    """Return the half widths in ``Curves.acf_error``: returns of equal law have 1.96 / √n."""
    if kind == "id":
        return stylized.autocorrelation_error(series, lags)
    return np.full(lags, 1.96 / np.sqrt(series.size))


def _aggregation(real: FloatArray, synthetic: FloatArray) -> BandCurve:
    """Return the excess kurtosis of each path's k-step sums over k, 0 of a path without moves."""
    longest = min(real.shape[1], synthetic.shape[1]) // 4
    spans = np.array([k for k in SPANS if k <= max(longest, 1)])
    curves = [
        np.stack([stylized.excess_kurtosis(stylized.overlapping_sums(paths, k)) for k in spans], 1)
        for paths in (real, synthetic)
    ]
    return _band_curve(spans.astype(float), *map(np.nan_to_num, curves))


def _drawdowns(real: FloatArray, synthetic: FloatArray) -> BandCurve | None:
    """Return the share of one-year stretches whose drawdown is at least x, path by path."""
    if min(real.shape[1], synthetic.shape[1]) < stylized.TRADING_YEAR:
        return None
    found = [tails.maximum_drawdowns(paths) for paths in (real, synthetic)]
    deepest = max(found[0].max(), float(np.quantile(found[1], 0.999)))
    x = np.linspace(0, deepest, DRAWDOWN_POINTS)
    return _band_curve(x, *(_survival(np.sort(depths, axis=1), x) for depths in found))


def _survival(ordered: FloatArray, x: FloatArray) -> FloatArray:
    """Return (paths, points) shares of each ascending row that are at least x."""
    below = np.stack([np.searchsorted(row, x) for row in ordered])
    shares: FloatArray = 1 - below / ordered.shape[1]
    return shares


def _hill(real: FloatArray, synthetic: FloatArray) -> HillCurve:
    """Return the Hill plot of the upper tail of both; what is not defined is NaN."""
    least = LEAST_TAIL / min(real.size, synthetic.size)
    fractions = np.array([share for share in HILL_FRACTIONS if share >= least])
    if not fractions.size:
        return HillCurve(*(np.empty(0) for _ in range(5)))
    intervals = [tails.hill_interval(real, fraction) for fraction in fractions]
    low, high = np.array(intervals).reshape(-1, 2).T
    own, theirs = (tails.hill_curve(values, fractions) for values in (real, synthetic))
    return HillCurve(fractions, own, theirs, low, high)


def _outcomes(real: Sample, synthetic: Sample) -> tuple[Outcome, ...]:
    if min(real.paths.shape[1], synthetic.paths.shape[1]) < LEAST_STEPS:
        return ()
    found = []
    for strategy in STRATEGIES:
        own, theirs = (sample.traded(strategy).outcomes for sample in (real, synthetic))
        for measure in MEASURES:
            figures = np.concatenate([own[measure], theirs[measure]])
            if np.isfinite(figures).all():  # absurd returns overflow
                quantiles = np.quantile(theirs[measure], FAN).tolist()
                found.append(Outcome(strategy, measure, float(figures[0]), tuple(quantiles)))
    return tuple(found)


def _density_edges(ordered_real: FloatArray) -> FloatArray:
    """Return (bins + 1,) edges of equal bins that span the real returns and a margin."""
    low, high = ordered_real[0], ordered_real[-1]
    margin = DENSITY_MARGIN * (high - low)
    return np.linspace(low - margin, high + margin, DENSITY_BINS + 1)


def _density(ordered: FloatArray, edges: FloatArray) -> FloatArray:
    """Return (bins,) densities; values outside the bins count in the total, but are not shown."""
    counts = np.diff(np.searchsorted(ordered, edges))
    density: FloatArray = counts / (ordered.size * np.diff(edges))
    return density


def _probabilities(returns: int) -> FloatArray:
    """Return probabilities dense in both tails, from half a real observation to all but half."""
    tail = np.geomspace(0.5 / returns, 0.5, TAIL_POINTS)
    return np.concatenate([tail, 1 - tail[-2::-1]])


def _cumulative(paths: FloatArray) -> FloatArray:
    """Return (paths, steps + 1) cumulative log returns that start at 0."""
    total = np.zeros((paths.shape[0], paths.shape[1] + 1))
    np.cumsum(paths, axis=1, out=total[:, 1:])
    return total
