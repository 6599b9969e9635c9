"""The table of metrics: the rows that are measured between any two sets of paths, in their order.

Distributions pool all paths; autocorrelation and leverage are computed for each path and then
averaged, as the real series is one path. Each row's formula stands in a function of its own, in
:mod:`tsgan.distances`, :mod:`tsgan.stylized`, :mod:`tsgan.tails`, :mod:`tsgan.strategies` or
:mod:`tsgan.transfer`.
"""

from __future__ import annotations

import numpy as np

from tsgan.distribution_metrics import (
    DEVIATION,
    DISTRIBUTION_METRICS,
    dragulescu_yakovenko,
    wasserstein,
)
from tsgan.memory_metrics import DISPERSION, MEMORY_METRICS, autocorrelation, leverage
from tsgan.metric import Metric
from tsgan.strategy_metrics import STRATEGY_METRICS
from tsgan.tail_metrics import TAIL_METRICS, expected_shortfall, hill
from tsgan.transfer_metrics import TRANSFER_METRICS

METRICS: tuple[Metric, ...] = (
    *(wasserstein(k) for k in (1, 5, 20, 100)),
    *(dragulescu_yakovenko(k) for k in (1, 5, 20, 100)),
    autocorrelation("id", "returns", "can the next return be foreseen"),
    autocorrelation("abs", "absolute returns", "does volatility cluster, and for how long"),
    autocorrelation("sq", "squared returns", "clustering, as the largest moves see it"),
    leverage(),
    DEVIATION,
    hill("5%", 0.05, "the largest 5 % of absolute returns", np.abs),
    expected_shortfall(1),
    expected_shortfall(99),
    DISPERSION,
    *DISTRIBUTION_METRICS,
    *MEMORY_METRICS,
    *TAIL_METRICS,
    *STRATEGY_METRICS,
    *TRANSFER_METRICS,
)
"""The first seventeen are those that are counted."""
