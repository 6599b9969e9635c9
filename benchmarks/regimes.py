"""Regimes found without labels, in markets whose regimes are known.

    python benchmarks/regimes.py [--steps 1500] [--volatilities 0.1,0.3] [--stay 500] [--seed 0]

Prices of a market that stays in each state for ``stay`` returns on average, between 60 % and 140 %
of it, and then goes to another one; within a state the returns are normal and independent. A model
is trained on them with ``regime=found:K``, as many as there are states.

Told are: how many real windows are taken for the regime of their state, of all windows by the state
that they are in most of the time, and of those that are in one state alone; the volatility of
windows made under each regime against that of its state; the information in nats; and quantiles of
the volatility of windows, real and made.
"""

from __future__ import annotations

import argparse
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan import TimeSeriesGAN
from tsgan.config import Config, TrainingConfig
from tsgan.data.prices import read_prices
from tsgan.model import TRAINING_THREADS, threads
from tsgan.recognition import RegimeRecogniser
from tsgan.regime_meanings import taken_for
from tsgan.series_run import SeriesRun

RETURNS = 6000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PATHS = 300

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--volatilities", default="0.1,0.3")
    parser.add_argument("--stay", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    volatilities = np.array([float(text) for text in asked.volatilities.split(",")])
    prices, states = market(volatilities, asked.stay, asked.seed)
    config = Config(
        holdout=0,
        seed=asked.seed,
        conditions=(f"regime=found:{len(volatilities)}",),
        training=TrainingConfig(steps=asked.steps),
    )
    model, taken, run = trained(prices, config)
    window = config.window
    tell(model, taken, states, volatilities, window)
    real = run.prepared.known.volatilities()[window - 1 :]
    spread("real", real)
    made = [
        model.sample(PATHS, window, given={"regime": k + 1}, extrapolate=True).log_returns
        for k in range(len(volatilities))
    ]
    spread("made under regimes", annual(np.concatenate(made)))
    spread("made freely", annual(model.sample(PATHS, window).log_returns))


def market(volatilities: FloatArray, stay: int, seed: int) -> tuple[pd.Series, IntArray]:
    """Return closes on business days and the state at each return, (n,)."""
    stream = np.random.default_rng(seed)
    states, state, begin = np.empty(RETURNS, dtype=np.int64), 0, 0
    while begin < RETURNS:
        length = int(stay * stream.uniform(0.6, 1.4))
        states[begin : begin + length] = state
        begin += length
        state = (state + int(stream.integers(1, len(volatilities)))) % len(volatilities)
    returns = volatilities[states] / np.sqrt(252) * stream.standard_normal(RETURNS)
    days = pd.bdate_range("1990-01-01", periods=RETURNS + 1, name="Date")
    return pd.Series(100 * np.exp(np.cumsum(np.r_[0.0, returns])), days, name="Close"), states


def trained(prices: pd.Series, config: Config) -> tuple[TimeSeriesGAN, IntArray, SeriesRun]:
    """Return the model and the regime, from 0, that each real window is taken for."""
    model = TimeSeriesGAN(config)
    run = SeriesRun(read_prices(prices), config, None)
    with threads(TRAINING_THREADS):
        run.train([], lambda: False, model._become)
    recogniser, found = run.trainer.recogniser, model.conditions_.found
    assert isinstance(recogniser, RegimeRecogniser) and found is not None
    codes = taken_for(recogniser, run.prepared, run.prepared.known.starts)
    return model, np.array([int(name) - 1 for name in found.classes])[codes], run


def tell(
    model: TimeSeriesGAN,
    taken: IntArray,
    states: IntArray,
    volatilities: FloatArray,
    window: int,
) -> None:
    """Print how well the regimes recover the states."""
    seen = np.lib.stride_tricks.sliding_window_view(states, window)[: len(taken)]
    shares = np.stack([(seen == k).mean(axis=1) for k in range(len(volatilities))], axis=1)
    mostly, pure = shares.argmax(axis=1), shares.max(axis=1) == 1
    order = max(
        permutations(range(len(volatilities))), key=lambda p: np.mean(np.array(p)[taken] == mostly)
    )
    right = np.array(order)[taken] == mostly
    regimes = model.conditions_.regimes
    assert regimes is not None
    print(f"{right.mean():.1%} of all windows, {right[pure].mean():.1%} of those in one state")
    print(f"information {regimes.heard}")
    for regime, state in zip(regimes.each, order, strict=True):
        ratio = regime.volatility / volatilities[state]
        print(f"state of {volatilities[state]:.1%}: {regime.volatility:.1%}, {ratio - 1:+.1%}")
    for line in (*regimes.lines("regime"), *regimes.doubts("regime")):
        print(line)


def annual(paths: FloatArray) -> FloatArray:
    """Return the annualised volatility of each path."""
    return np.asarray(paths.std(axis=1) * np.sqrt(252))


def spread(name: str, volatilities: FloatArray) -> None:
    """Print quantiles of volatilities."""
    figures = ", ".join(f"{level:.1%}" for level in np.quantile(volatilities, QUANTILES))
    print(f"{name}: mean {volatilities.mean():.1%}; {figures}")


if __name__ == "__main__":
    main()
