"""Forecasts of the held-out part from the present states of a model, beside those of GJR-GARCH.

``python benchmarks/history.py MODEL PRICES``

MODEL is the directory of a fit of PRICES, of one asset, with a held-out part. At each held-out
return, its paths go on from the states that ``tsgan generate --from-history`` would find in all
returns before; the GJR-GARCH of these is fitted anew every quarter of a year, to the past. The
ratios are to GJR-GARCH(1,1)-t fitted to the training part; that fitted to the held-out part itself
has seen what it foretells. The tests are p-values; ten steps are added up, and tested at every
tenth step, from each of the ten first steps in turn: the table has the median p-value, and how many
of the ten are below 5 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from tsgan import TimeSeriesGAN, forecast_scores, read_prices
from tsgan.analogues import rolling_forecasts
from tsgan.data.returns import log_returns
from tsgan.errors import DataError
from tsgan.fitted import Fitted
from tsgan.forecasters import gjr_forecasts
from tsgan.results import FloatArray
from tsgan.seeding import FORECASTS, numpy_generator

DRAWS, VECTOR_DRAWS, STEPS = 1_000, 250, 10
LEVELS = (0.01, 0.05)
STREAM = 1_000
"""Second integer of the names of the streams that are of this alone."""
OURS = "tsgan, from history"
RIVAL, OWN = "GJR-t of the training part", "GJR-t of the held-out part itself"
Forecast = tuple[FloatArray, FloatArray]
"""Draws (n, DRAWS) of the next return, and (n − 9, VECTOR_DRAWS, 10) of the next ten."""


def continued(model: Fitted, returns: FloatArray, seed: int) -> Forecast:
    """Return the forecasts by the present states that a model finds."""
    split = model.facts.training
    began = time.perf_counter()
    found = rolling_forecasts(
        model.generator,
        model.scaler,
        model.conditions.row({}, 1),
        returns[:split],
        returns[split:],
        seed,
        model.calibration,
        draws=DRAWS,
        vector_draws=VECTOR_DRAWS,
        horizon=STEPS,
    )
    print(f"{time.perf_counter() - began:.1f} s for {returns.size - split} steps\n", flush=True)
    return found.next, found.vectors


def rivals(returns: FloatArray, split: int, seed: int) -> Iterator[tuple[str, Forecast]]:
    """Yield the forecasts of GJR-GARCH by name."""
    held_out = returns[split:]
    for name, part in ((RIVAL, returns[:split]), (OWN, held_out)):
        stream = numpy_generator(seed, FORECASTS, STREAM)
        one = gjr_forecasts(part, held_out, DRAWS, 1, stream)[:, :, 0]
        yield name, (one, gjr_forecasts(part, held_out, VECTOR_DRAWS, STEPS, stream))


def tests(draws: FloatArray, realised: FloatArray) -> Iterator[tuple[float, float, float]]:
    """Yield the breaches, %, and the p-values of Kupiec and Christoffersen at each level."""
    for level in LEVELS:
        breaches = realised < np.quantile(draws, level, axis=1, method="weibull")
        kupiec = chi2.sf(forecast_scores.kupiec(breaches, level), 1)
        together = chi2.sf(forecast_scores.christoffersen(breaches, level), 2)
        yield 100 * float(breaches.mean()), float(kupiec), float(together)


def one_step_row(name: str, forecast: Forecast, held_out: FloatArray, rival: FloatArray) -> str:
    ratio = forecast_scores.crps(forecast[0], held_out).mean() / rival.mean()
    found = (f"{share:.1f} % | {a:.3f} | {b:.3f}" for share, a, b in tests(forecast[0], held_out))
    return f"| {name} | {ratio:.4f} | {' | '.join(found)} |"


def ten_step_row(name: str, forecast: Forecast, held_out: FloatArray, rival: Forecast) -> str:
    ahead = np.lib.stride_tricks.sliding_window_view(held_out, STEPS)
    sums, outcome = forecast[1].sum(axis=2), ahead.sum(axis=1)
    scores = (
        forecast_scores.crps(sums, outcome).mean()
        / forecast_scores.crps(rival[1].sum(axis=2), outcome).mean(),
        forecast_scores.energy_score(forecast[1], ahead).mean()
        / forecast_scores.energy_score(rival[1], ahead).mean(),
    )
    found = np.array(
        [list(tests(sums[first::STEPS], outcome[first::STEPS])) for first in range(STEPS)]
    )
    cells = [
        f"{level[:, 0].mean():.1f} % | "
        + " | ".join(f"{np.median(p):.3f} ({np.sum(p < 0.05)})" for p in level[:, 1:].T)
        for level in found.transpose(1, 0, 2)
    ]
    return f"| {name} | {scores[0]:.4f} | {scores[1]:.4f} | {' | '.join(cells)} |"


def table(found: dict[str, Forecast], held_out: FloatArray) -> Iterator[str]:
    columns = " | ".join(
        f"below {100 * level:g} % VaR | Kupiec | Christoffersen" for level in LEVELS
    )
    rival = forecast_scores.crps(found[RIVAL][0], held_out)
    yield f"| one step | CRPS / GJR-t | {columns} |\n|---" + "|---:" * 7 + "|"
    for name, forecast in found.items():
        yield one_step_row(name, forecast, held_out, rival)
    yield f"\n| ten steps | CRPS / GJR-t | energy / GJR-t | {columns} |\n|---" + "|---:" * 8 + "|"
    for name, forecast in found.items():
        yield ten_step_row(name, forecast, held_out, found[RIVAL])


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("prices", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(given)
    model = TimeSeriesGAN.load(asked.model).fitted_
    returns = log_returns(read_prices(asked.prices))[:, 0]
    split = model.facts.training
    if returns.size != model.facts.returns or split == returns.size:
        raise DataError(
            f"{asked.prices}: expected the {model.facts.returns} returns of the fit, "
            f"{split} of which it was trained on, and some held out, got {returns.size}; pass the "
            "file of the fit, and fit with --holdout"
        )
    found = {
        OURS: continued(model, returns, asked.seed),
        **dict(rivals(returns, split, asked.seed)),
    }
    print("\n".join(table(found, returns[split:])))


if __name__ == "__main__":
    main()
