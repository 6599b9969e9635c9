"""The words around each picture of the report: its title and how to read it."""

from __future__ import annotations

from collections.abc import Mapping

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "paths": (
        "Sample paths beside the real one",
        "A good model gives paths among which the real one does not stand out.",
    ),
    "fan": (
        "Fan of all synthetic paths",
        "Shaded: the middle 90 % and 50 % of all paths at each step. The real path should stay "
        "mostly inside.",
    ),
    "density": (
        "Returns of one step, centre",
        "Densities on a linear scale: peak and shoulders.",
    ),
    "tails": (
        "Returns of one step, tails",
        "The same on a logarithmic scale. A single real return gives the lowest black level.",
    ),
    "quantiles": (
        "Quantile against quantile",
        "On the line both distributions agree; flatter at an end means too thin a tail there.",
    ),
    "returns": (
        "Returns in order",
        "Calm and turbulent spells should alternate alike: above real, below the first path.",
    ),
    "acf_id": (
        "Memory of returns",
        "Near zero at every lag: yesterday's return says little about today's. Between the dashed "
        "lines 95 % of the real values would lie without any memory.",
    ),
    "acf_abs": (
        "Memory of absolute returns",
        "The slow decay of volatility: large moves follow large moves.",
    ),
    "acf_sq": (
        "Memory of squared returns",
        "The same, with more weight on the largest moves.",
    ),
    "leverage": (
        "Leverage effect",
        "Below zero at short lags: falls are followed by more volatility than rises.",
    ),
    "hill_left": (
        "Tail index, losses",
        "Shares of the largest losses taken as the tail, against the Hill index they give: "
        "lower is a heavier tail. Shaded: the 95 % interval of the real one. Look for a level "
        "stretch.",
    ),
    "hill_right": (
        "Tail index, gains",
        "The same for the largest gains.",
    ),
    "aggregation": (
        "Excess kurtosis as steps add up",
        "Fat tails of single steps fade in longer sums, the slower the longer volatility persists.",
    ),
    "drawdowns": (
        "Drawdowns within a year",
        "Share of one-year stretches whose largest fall from a peak is at least so deep.",
    ),
    "strategies": (
        "What strategies would have earned",
        "Diamond: on the real series. Bars: the middle 50 % and 90 % of synthetic paths, with "
        "their median. The real outcome should be an ordinary one of theirs.",
    ),
    "pit": (
        "Calibration of one-step forecasts",
        "Where held-out returns fell in their forecast distributions: one tenth of them in "
        "each tenth, if the forecasts are right.",
    ),
    "correlation": (
        "Correlations of returns",
        "Pairs of assets, blue above 0, red below, darker towards ±1. Both squares should "
        "look alike.",
    ),
    "magnitude": (
        "Correlations of absolute returns",
        "The same for the size of moves: do turbulent days coincide?",
    ),
    "spectrum": (
        "Eigenvalues of the correlation matrix",
        "The first is the common market; the last are nearly redundant combinations.",
    ),
    "scores": (
        "Training: scores of the critic",
        "Mean score of real and of synthetic windows; faint each step, strong the moving average.",
    ),
    "penalty": (
        "Training: λ × gradient penalty",
        "Small beside the estimate while the critic keeps its slope near one.",
    ),
    "heldout": (
        "Training: held-out score",
        "Distance to data never trained on, lower is better; in green the chosen checkpoint, the "
        "lowest of the late ones, or of all where patience can end the run.",
    ),
}
"""Title and reading aid of each picture but the estimate, whose depend on the objective."""

ESTIMATES: Mapping[str, str] = {
    "Wasserstein": "Their difference. It settles when the critic finds no more to tell them apart "
    "by.",
    "Jensen–Shannon": "From the critic's loss, summed over its heads: 0 where it cannot tell real "
    "from synthetic, log 2 for each head where it always can, below 0 while it is mistaken.",
    "Vincze–Le Cam": "From the critic's loss, summed over its heads: 0 where it cannot tell real "
    "from synthetic, 1 for each head where it always can, below 0 while it is mistaken.",
}
"""Reading aid of the estimate's picture by the objective's distance."""
