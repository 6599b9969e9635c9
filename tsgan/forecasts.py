"""Rows about forecasts: what synthetic paths foretell of held-out returns, beside GJR-GARCH.

The forecast that the paths imply is that of :func:`tsgan.forecasters.analogue_forecasts`, one step
ahead, and ten steps ahead as a vector. It is tested by itself (are its probabilities right?) and
compared with GJR-GARCH(1,1)-t, fitted to the same training returns (are its scores as good?).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tsgan import forecast_scores as scores
from tsgan.baselines import stationary_bootstrap
from tsgan.errors import DataError
from tsgan.forecasters import analogue_forecasts, gjr_forecasts
from tsgan.results import FloatArray, Marks, Row, verdict

SYNTHETIC, RIVAL = "synthetic", "GJR-t"
"""Names of the two forecasters."""

LEAST_HELD_OUT = 100
"""Fewest held-out returns whose forecasts say anything."""

LEAST_RETURNS = 50_000
"""Fewest synthetic returns: neighbours of fewer are too few for the quantiles of a forecast."""

MOST_HELD_OUT = 5_000
"""At most so many held-out returns are forecast, the first ones."""

ONE_STEP_DRAWS, VECTOR_DRAWS, VECTOR_STEPS = 500, 100, 10
"""Draws of a forecast of one step, and draws and steps of a forecast of a vector."""

MARKS = (0.05, 0.5, 0.95)
LAGS = 10
"""Lags of the PIT's autocorrelation."""

BOOTSTRAPS, LEAST_BLOCK = 1_000, 10
"""Bootstrap samples of a ratio of scores; their mean block is at least two forecasts long."""

BOOTSTRAP_STREAM = 4
"""Second integer of a random stream's name; the streams before it belong to the forecasters."""

Forecaster = Callable[[int, int, np.random.Generator], FloatArray]


@dataclass(frozen=True)
class Forecast:
    """What a forecaster said of the held-out returns, and how it fared.

    Attributes:
        draws: (n, 500) one-step log returns; pit: (n,) where the outcome fell among them.
        crps: (n,) one-step scores; energy: (n − 9,) scores of ten-step vectors.
    """

    draws: FloatArray
    pit: FloatArray
    crps: FloatArray
    energy: FloatArray


@dataclass(frozen=True)
class Calibration:
    """A test of a forecaster by itself: value, its distribution if the forecasts are right.

    Attributes:
        quantiles: from the number of held-out returns to the 5 %, 50 % and 95 % quantiles.
    """

    name: str
    meaning: str
    value: Callable[[Forecast, FloatArray], float]
    quantiles: Callable[[int], FloatArray]
    note: str


def forecast_rows(
    training: FloatArray, held_out: FloatArray, paths: FloatArray, seed: int
) -> tuple[tuple[Row, ...], Mapping[str, FloatArray], list[str]]:
    """Return the rows, the histograms of the PIT, and warnings.

    Args:
        training: (m,) log returns that the model and GJR-GARCH were fitted to.
        held_out: (h,) log returns that follow them.
        paths: (p, steps) synthetic log returns.
        seed: the same seed gives the same numbers.

    Returns:
        Rows; by ``"synthetic"`` and ``"GJR-t"`` the (10,) shares of held-out returns in each tenth
        of their forecast distribution, none where all rows are skipped; and warnings.
    """
    if held_out.size < LEAST_HELD_OUT:
        reason = f"needs {LEAST_HELD_OUT} held-out returns, there are {held_out.size}"
        return _all_skipped(reason), {}, []
    if paths.size < LEAST_RETURNS:
        reason = f"needs {LEAST_RETURNS:,} synthetic returns, there are {paths.size:,}"
        return _all_skipped(reason), {}, []
    warnings = []
    if held_out.size > MOST_HELD_OUT:
        warnings.append(
            f"Only the first {MOST_HELD_OUT:,} of {held_out.size:,} held-out returns were forecast."
        )
        held_out = held_out[:MOST_HELD_OUT]

    try:
        forecasts = {SYNTHETIC: _by_analogues(paths, training, held_out, seed)}
    except DataError as error:
        return _all_skipped(str(error)), {}, warnings
    try:
        forecasts[RIVAL] = _by_gjr(training, held_out, seed)
    except DataError as error:
        warnings.append(f"A forecaster is missing. {error}.")
    rows = (
        *(_test_row(test, forecasts, held_out) for test in TESTS),
        *(_ratio_row(name, forecasts, seed, stream) for stream, name in enumerate(RATIOS)),
    )
    histograms = {
        name: np.histogram(forecast.pit, 10, (0, 1))[0] / held_out.size
        for name, forecast in forecasts.items()
    }
    return rows, histograms, warnings


def _by_analogues(
    paths: FloatArray, training: FloatArray, held_out: FloatArray, seed: int
) -> Forecast:
    def forecaster(draws: int, horizon: int, generator: np.random.Generator) -> FloatArray:
        return analogue_forecasts(paths, training, held_out, draws, horizon, generator)

    return _forecast(forecaster, held_out, seed, 0)


def _by_gjr(training: FloatArray, held_out: FloatArray, seed: int) -> Forecast:
    def forecaster(draws: int, horizon: int, generator: np.random.Generator) -> FloatArray:
        return gjr_forecasts(training, held_out, draws, horizon, generator)

    return _forecast(forecaster, held_out, seed, 2)


def _forecast(forecaster: Forecaster, held_out: FloatArray, seed: int, stream: int) -> Forecast:
    """Let ``forecaster`` draw from the streams ``stream`` and the next, and score it."""
    from tsgan.seeding import FORECASTS, numpy_generator  # brings torch: not on import

    generator = numpy_generator(seed, FORECASTS, stream)
    draws = forecaster(ONE_STEP_DRAWS, 1, generator)[:, :, 0]
    pit = scores.probability_integral_transform(draws, held_out, generator)
    vectors = forecaster(VECTOR_DRAWS, VECTOR_STEPS, numpy_generator(seed, FORECASTS, stream + 1))
    outcomes = np.lib.stride_tricks.sliding_window_view(held_out, VECTOR_STEPS)
    return Forecast(
        draws, pit, scores.crps(draws, held_out), scores.energy_score(vectors, outcomes)
    )


def _test_row(test: Calibration, forecasts: Mapping[str, Forecast], realised: FloatArray) -> Row:
    values = {name: test.value(forecast, realised) for name, forecast in forecasts.items()}
    value = values.pop(SYNTHETIC)
    low, middle, high = test.quantiles(realised.size).tolist()
    band = low, middle, high
    return Row(
        name=test.name,
        meaning=test.meaning,
        value=value,
        real=None,
        synthetic=None,
        band=band,
        verdict=verdict(value, *band[1:]),
        baselines=values,
        note=f"band: {test.note}",
        group="forecasts",
    )


def _ratio_row(name: str, forecasts: Mapping[str, Forecast], seed: int, stream: int) -> Row:
    from tsgan.seeding import FORECASTS, numpy_generator

    attribute, meaning, steps = RATIOS[name]
    if RIVAL not in forecasts:
        return _skipped(name, meaning, f"{RIVAL} cannot be fitted")
    own, rival = (getattr(forecasts[key], attribute) for key in (SYNTHETIC, RIVAL))
    value, block = float(np.mean(own) / np.mean(rival)), max(LEAST_BLOCK, 2 * steps)
    generator = numpy_generator(seed, FORECASTS, BOOTSTRAP_STREAM + stream)
    band = _ratio_band(own, rival, block, generator)
    return Row(
        name=name,
        meaning=meaning,
        value=value,
        real=None,
        synthetic=None,
        band=band,
        verdict=verdict(value, *band[1:]),
        note=f"band: 1 and what chance adds to the ratio, from a bootstrap of blocks of {block}",
        group="forecasts",
    )


def _ratio_band(
    own: FloatArray, rival: FloatArray, block: int, generator: np.random.Generator
) -> Marks:
    """Return 1 plus the quantiles of the bootstrapped ratio of means, less the ratio itself."""
    ratios = np.empty(BOOTSTRAPS)
    places, rows = np.arange(own.size, dtype=np.float64), max((1 << 20) // own.size, 1)
    for start in range(0, BOOTSTRAPS, rows):
        count = min(rows, BOOTSTRAPS - start)
        drawn = stationary_bootstrap(places, count, own.size, block, generator).astype(np.intp)
        ratios[start : start + count] = own[drawn].mean(axis=1) / rival[drawn].mean(axis=1)
    centred = 1 + ratios - np.mean(own) / np.mean(rival)
    low, middle, high = np.quantile(centred, MARKS).tolist()
    return low, middle, high


def _coverage(
    name: str, percent: int, statistic: Callable[[scores.BoolArray, float], float], degrees: int
) -> Calibration:
    level = percent / 100

    def value(forecast: Forecast, realised: FloatArray) -> float:
        return statistic(realised < _value_at_risk(forecast.draws, level), level)

    also = "" if degrees == 1 else ", and one breach does not announce another"
    meaning = (
        f"Is the forecast {percent} % value at risk breached on {percent} % of the steps{also}? "
        "A likelihood ratio."
    )
    return _chi_squared(f"{name} {percent}%", meaning, value, degrees)


def _value_at_risk(draws: FloatArray, level: float) -> FloatArray:
    """Return (n,) quantiles below which a further draw falls with probability ``level``."""
    quantile: FloatArray = np.quantile(draws, level, axis=1, method="weibull")
    return quantile


def _chi_squared(
    name: str, meaning: str, value: Callable[[Forecast, FloatArray], float], degrees: int
) -> Calibration:
    def quantiles(_count: int) -> FloatArray:
        from scipy.stats import chi2  # slow to import

        return np.asarray(chi2.ppf(MARKS, degrees))

    noun = "degree" if degrees == 1 else "degrees"
    return Calibration(name, meaning, value, quantiles, f"χ² with {degrees} {noun} of freedom")


def _kolmogorov(count: int) -> FloatArray:
    from scipy.stats import kstwo  # slow to import

    return np.asarray(kstwo.ppf(MARKS, count))


def _skipped(name: str, meaning: str, reason: str) -> Row:
    return Row(
        name, meaning, float("nan"), None, None, None, "skipped", note=reason, group="forecasts"
    )


def _all_skipped(reason: str) -> tuple[Row, ...]:
    meanings = [(test.name, test.meaning) for test in TESTS]
    meanings += [(name, meaning) for name, (_, meaning, _) in RATIOS.items()]
    return tuple(_skipped(name, meaning, reason) for name, meaning in meanings)


TESTS: tuple[Calibration, ...] = (
    Calibration(
        "PIT uniformity",
        "Do held-out returns fall evenly over their forecast distributions? The largest gap "
        "between the distribution of their ranks and the uniform one.",
        lambda forecast, _realised: scores.uniformity(forecast.pit),
        _kolmogorov,
        "Kolmogorov's distribution",
    ),
    _chi_squared(
        "PIT independence",
        f"Is anything left to be foreseen? Autocorrelation, at lags 1 to {LAGS}, of where held-out "
        "returns fell in their forecast distributions, and of how far from the middle.",
        lambda forecast, _realised: scores.independence(forecast.pit, LAGS),
        2 * LAGS,
    ),
    *(_coverage("Kupiec", percent, scores.kupiec, 1) for percent in (1, 5)),
    *(_coverage("Christoffersen", percent, scores.christoffersen, 2) for percent in (1, 5)),
)
"""Tests of a forecaster by itself, in the order of their rows."""

RATIOS = {
    "CRPS/GJR-t": (
        "crps",
        "Error of the one-step forecast distributions that the paths imply, over that of "
        "GJR-GARCH: at most 1 if they foretell as well.",
        1,
    ),
    "energy/GJR-t": (
        "energy",
        f"The same of forecasts of the next {VECTOR_STEPS} steps together.",
        VECTOR_STEPS,
    ),
}
"""Attribute of :class:`Forecast`, meaning and forecast steps of each row that compares scores."""
