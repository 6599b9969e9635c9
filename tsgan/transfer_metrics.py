"""Rows about what can be learnt from synthetic paths: TSTR and TRTS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsgan import transfer
from tsgan.metric import Metric, Sample
from tsgan.results import FloatArray

Runs = Callable[[FloatArray, FloatArray], FloatArray]


def _transfer(name: str, meaning: str, runs: Runs) -> Metric:
    """Return the metric ``|mean ratio of errors − 1|``."""

    def distance(real: Sample, synthetic: Sample) -> float:
        return abs(float(np.mean(runs(real.paths[0], synthetic.paths))) - 1)

    least = transfer.LEAST_RETURNS
    return Metric(name, meaning, "judges", least, least, distance, runs=runs)


TRANSFER_METRICS: tuple[Metric, ...] = (
    _transfer(
        "TSTR",
        "Trained on synthetic, tested on real: error of a forecast of the next absolute return "
        "that was learnt on synthetic paths, over that of one learnt on other real returns, "
        "less 1.",
        transfer.tstr,
    ),
    _transfer(
        "TRTS",
        "Trained on real, tested on synthetic: the same with the parts exchanged.",
        transfer.trts,
    ),
)
"""Rows beside the seventeen."""
