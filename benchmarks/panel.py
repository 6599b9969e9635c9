"""How good a model of several assets is, and what each asset more costs.

    python benchmarks/panel.py PRICES.csv --max-time 10m [--from 2000] [--seed 0]
    python benchmarks/panel.py PRICES.csv --model DIR [--from 2000]
    python benchmarks/panel.py --cost

The first fits and measures, the second measures a model that was fitted to the same prices. Rows
are those of ``tsgan evaluate``; an asset is *inside* where all of its seventeen rows are at or
under the 95 % mark of its own noise band. ``--cost`` times training steps and sampling for 1 to 50
assets of random returns, all in one run, as multiples of one asset's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from tsgan import Config, Evaluation, TimeSeriesGAN, TrainingConfig, read_prices
from tsgan.cli.common import parse_duration
from tsgan.data.prices import Prices
from tsgan.fitting import make_trainer
from tsgan.judge import evaluate_model
from tsgan.preparation import prepare
from tsgan.results import SEVENTEEN

ASSETS = (1, 2, 5, 10, 20, 50)
RETURNS, STEPS, ROUNDS = 3000, 4, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prices", nargs="?", type=Path)
    parser.add_argument("--from", dest="first", help="first date that is used")
    parser.add_argument("--model", type=Path, help="a model of these prices, already fitted")
    parser.add_argument("--max-time", type=parse_duration, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cost", action="store_true", help="time training steps and sampling")
    asked = parser.parse_args()
    if asked.cost:
        tell_cost()
    if asked.prices is not None:
        prices = read(asked.prices, asked.first)
        tell_quality(evaluate_model(fitted(prices, asked), prices))


def read(path: Path, first: str | None) -> Prices:
    prices = read_prices(path)
    return prices if first is None else read_prices(prices.values[prices.values.index >= first])


def fitted(prices: Prices, asked: argparse.Namespace) -> TimeSeriesGAN:
    if asked.model is not None:
        return TimeSeriesGAN.load(asked.model)
    training = TrainingConfig(max_seconds=asked.max_time)
    model = TimeSeriesGAN(Config(seed=asked.seed, holdout=0, training=training)).fit(prices)
    print(f"{model.training_.steps:,} steps in {model.training_.seconds:.0f} s")
    return model


def tell_quality(found: Evaluation) -> None:
    for row in found.rows:
        marks = "" if row.band is None else f"50 % {row.band[1]:.3f}, 95 % {row.band[2]:.3f}"
        print(f"{row.name:24} {row.value:7.3f}   {marks:28} {row.verdict}")
    assert found.panel is not None
    curves = found.panel
    for name, real, made in (
        ("corr(r)", curves.correlation_real, curves.correlation_synthetic),
        ("corr(|r|)", curves.magnitude_real, curves.magnitude_synthetic),
    ):
        apart = ~np.eye(len(real), dtype=bool)
        print(f"{name}: mean absolute error {np.abs(real - made)[apart].mean():.3f}")
    inside, half, counted = [], 0, 0
    off: dict[str, list[str]] = {}
    for asset, each in found.assets.items():
        rows = [row for row in each.rows if row.name in SEVENTEEN and row.band is not None]
        outside = [row.name for row in rows if row.value > row.band[2]]
        inside += [] if outside else [asset]
        half += sum(row.value <= row.band[1] for row in rows)
        counted += len(rows)
        for name in outside:
            off.setdefault(name, []).append(asset)
    print(f"{len(inside)} of {len(found.assets)} assets have all of their rows inside")
    print(f"{counted - sum(map(len, off.values()))} of {counted} rows inside, {half} at 50 %")
    for name, assets in off.items():
        print(f"  {name}: outside for {', '.join(assets)}")


def tell_cost() -> None:
    print("| assets | training step | one path of 1,000 steps |\n|---|---|---|")
    base = None
    for assets in ASSETS:
        seconds = cost(assets)
        base = base or seconds
        step, path = (now / first for now, first in zip(seconds, base, strict=True))
        print(f"| {assets} | {step:.1f} | {path:.1f} |")


def cost(assets: int) -> tuple[float, float]:
    """Return the median seconds of a training step and of a path, of so many assets."""
    stream = np.random.default_rng(0)
    returns = 0.01 * stream.standard_t(4, (RETURNS, assets))
    prices = read_prices(pd.DataFrame(100 * np.exp(returns.cumsum(axis=0))).add_prefix("A"))
    config = Config(holdout=0, training=TrainingConfig(steps=STEPS))
    model = TimeSeriesGAN(config).fit(prices)
    steps, paths = [], []
    for _ in range(ROUNDS):
        trainer = make_trainer(prepare(prices, config), config, torch.device("cpu"))
        trainer.run()
        steps.append(trainer.seconds / STEPS)
        started = time.perf_counter()
        model.sample(16, 1000)
        paths.append((time.perf_counter() - started) / 16)
    return statistics.median(steps), statistics.median(paths)


if __name__ == "__main__":
    main()
