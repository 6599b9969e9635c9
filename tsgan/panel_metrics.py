"""Rows about several assets at once: do they move together as the real ones do."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan import dependence, tails
from tsgan.distances import sliced_wasserstein_1
from tsgan.metric import Metric, Sample, difference, pooled, relative
from tsgan.results import FloatArray

DIRECTIONS, DIRECTIONS_SEED = 32, 0
"""Directions of the sliced distance: the same ones for whatever is compared."""

TAIL = 0.05
LEAST_RETURNS = 100


class PanelSample(Sample):
    """Returns of several assets; as a plain sample it is their equally weighted portfolio."""

    def __init__(self, panel: FloatArray) -> None:
        """Take ``panel`` (paths, steps, assets)."""
        super().__init__(dependence.portfolio(panel))
        self.panel = panel
        self._matrices: dict[str, FloatArray] = {}

    def matrix(self, name: str) -> FloatArray:
        """Return one of :data:`MATRICES` of the panel, computed once."""
        if name not in self._matrices:
            self._matrices[name] = MATRICES[name](self.panel)
        return self._matrices[name]


MATRICES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "corr(r)": dependence.correlations,
    "corr(|r|)": dependence.magnitude_correlations,
    "cross-corr(1)": lambda panel: dependence.cross_correlations(panel, 1),
    "eigenvalues": dependence.spectrum,
}
"""What of a panel is compared entry by entry, by the name of its row."""

MEANINGS = {
    "corr(r)": "Frobenius norm of the gap between the correlation matrices of returns.",
    "corr(|r|)": "The same of absolute returns: are the assets wild at the same times.",
    "cross-corr(1)": "The same of the correlations of each asset with each other one step later.",
    "eigenvalues": "Euclidean gap between the eigenvalues of the correlation matrices, largest "
    "first: how much of all movement the market explains.",
}


def _panel(sample: Sample) -> PanelSample:
    if not isinstance(sample, PanelSample):
        raise TypeError(f"expected a sample of several assets, got {type(sample).__name__}")
    return sample


def _matrix(name: str) -> Metric:
    def distance(real: Sample, synthetic: Sample) -> float:
        return dependence.matrix_distance(_panel(real).matrix(name), _panel(synthetic).matrix(name))

    return Metric(name, MEANINGS[name], "dependence", LEAST_RETURNS, 2, distance)


def _tail_dependence(side: str, words: str) -> Metric:
    return difference(
        f"{side} tail dependence",
        f"Share of the {words} {TAIL:.0%} of steps that two assets have in common, mean of all "
        "pairs.",
        "dependence",
        LEAST_RETURNS,
        lambda sample: dependence.mean_tail_dependence(
            _panel(sample).panel, TAIL, upper=side == "upper"
        ),
    )


def _sliced() -> Metric:
    def scaled(sample: Sample, scale: FloatArray) -> FloatArray:
        panel = _panel(sample).panel
        return panel.reshape(-1, panel.shape[2]) / scale

    def distance(real: Sample, synthetic: Sample) -> float:
        own = _panel(real).panel
        deviation = own.std(axis=(0, 1))
        scale = np.where(deviation > 0, deviation, 1.0)
        directions = np.random.default_rng(DIRECTIONS_SEED)
        return sliced_wasserstein_1(
            scaled(real, scale), scaled(synthetic, scale), DIRECTIONS, directions
        )

    meaning = (
        f"W1 between one-step returns of random portfolios, mean of {DIRECTIONS} fixed ones; each "
        "asset in its real standard deviations."
    )
    return Metric("sliced W1(1)/sd", meaning, "dependence", 2, 2, distance)


def _portfolio(name: str, percent: int, statistic: Callable[[FloatArray, float], float]) -> Metric:
    return relative(
        f"portfolio {name} {percent}%",
        f"{name} at {percent} % of the equally weighted portfolio's one-step returns.",
        "dependence",
        math.ceil(100 / percent),
        pooled(lambda returns: statistic(returns, percent / 100)),
    )


PANEL_METRICS: tuple[Metric, ...] = (
    *(_matrix(name) for name in MATRICES),
    _tail_dependence("lower", "worst"),
    _tail_dependence("upper", "best"),
    _sliced(),
    *(_portfolio("VaR", percent, tails.value_at_risk) for percent in (1, 5)),
    *(_portfolio("ES", percent, tails.expected_shortfall) for percent in (1, 5)),
)
"""Rows of several assets, in their order."""
