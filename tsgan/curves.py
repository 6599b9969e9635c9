"""The data of the report's pictures, computed from two samples of returns."""

from __future__ import annotations

import numpy as np

from tsgan.metrics import LAGS, TRANSFORMS, Sample
from tsgan.results import Curves, FloatArray, LagCurve

DENSITY_BINS = 121
DENSITY_MARGIN = 0.15
"""How far the bins reach beyond the real extremes, as a share of the real range."""

TAIL_POINTS = 60
SHOWN_PATHS = 30
FAN = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def build_curves(real: Sample, synthetic: Sample) -> Curves:
    """Return every curve of :class:`tsgan.results.Curves`; ``real`` holds one path.

    Lags end at 250, or before the shorter of the two ends.
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
        leverage=_lag_curve(real.leverages(lags), synthetic.leverages(lags)),
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
    )


def _lag_curve(real: FloatArray, synthetic: FloatArray) -> LagCurve:
    low, high = np.quantile(synthetic, [0.05, 0.95], axis=0)
    return LagCurve(real=real[0].copy(), synthetic=synthetic.mean(axis=0), low=low, high=high)


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
