"""How many returns a second are sampled: by tsgan, by arch's GARCH(1,1) and by bootstraps.

``python benchmarks/sampling.py [--paths 500] [--horizon 5030] [--threads 2] [--rounds 7]``

tsgan's network is of the default size, with weights as they are drawn, which makes no difference to
the time; its returns are calibrated and brought back to the unit of the prices. All contenders take
turns in each round, and ratios are of the same round, so that what else the machine does meets all
of them alike. The slow ones make fewer paths.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from arch.bootstrap import StationaryBootstrap
from arch.univariate import GARCH, ConstantMean, Normal

from tsgan.baselines import garch_residuals, stationary_bootstrap
from tsgan.calibration import Calibration
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.networks import Generator
from tsgan.sampler import sample_groups

SERIES, SEED = 5030, 0
OMEGA, ALPHA, BETA = 0.02, 0.08, 0.9
BLOCK = 20
SLOW_PATHS = 10
"""Paths of contenders that make them one by one in Python."""

Contender = Callable[[int], int]
"""Makes so many paths, and returns how many it made."""


def tsgan(horizon: int, threads: int) -> Contender:
    """Return tsgan's sampler on so many threads."""
    generator = Generator(Config().network).requires_grad_(False)
    stream = np.random.default_rng(SEED)
    calibration = Calibration.fit(stream.standard_t(4, SERIES), stream.standard_t(5, 2**18))
    scaler = Scaler(np.zeros(1), np.full(1, 0.01))

    def sample(paths: int) -> int:
        torch.set_num_threads(threads)
        groups = sample_groups(
            generator,
            scaler,
            torch.zeros(2),
            range(paths),
            horizon,
            SEED,
            calibration=calibration,
        )
        return sum(len(group) for group in groups)

    return sample


def contenders(horizon: int, threads: int) -> dict[str, Contender]:
    """Return all by name, tsgan on ``threads`` threads first."""
    stream = np.random.default_rng(SEED)
    series = garch_residuals(stream.standard_normal((SERIES, 1)), OMEGA, ALPHA, 0.0, BETA)[:, 0]
    model = ConstantMean(series, volatility=GARCH(1, 0, 1), distribution=Normal(seed=stream))
    fitted = model.fit(disp="off")

    def simulated(paths: int) -> int:
        few = min(paths, SLOW_PATHS)
        for _ in range(few):
            model.simulate(fitted.params, horizon)
        return few

    def forecast(paths: int) -> int:
        fitted.forecast(horizon=horizon, method="simulation", simulations=paths)
        return paths

    def vectorised(paths: int) -> int:
        garch_residuals(stream.standard_normal((horizon, paths)), OMEGA, ALPHA, 0.0, BETA)
        return paths

    def resampled(paths: int) -> int:
        bootstrap = StationaryBootstrap(BLOCK, np.resize(series, horizon), seed=stream)
        for (path,), _ in bootstrap.bootstrap(paths):
            path.sum()
        return paths

    def blocks(paths: int) -> int:
        stationary_bootstrap(series, paths, horizon, BLOCK, stream)
        return paths

    return {
        f"tsgan, threads: {threads}": tsgan(horizon, threads),
        "tsgan, threads: 1": tsgan(horizon, 1),
        "arch GARCH(1,1), model.simulate": simulated,
        "arch GARCH(1,1), forecast by simulation": forecast,
        "numpy GARCH(1,1), all paths at once": vectorised,
        "arch StationaryBootstrap": resampled,
        "numpy stationary bootstrap, all paths at once": blocks,
    }


def measure(calls: dict[str, Contender], paths: int, rounds: int) -> dict[str, list[float]]:
    """Return the paths a second of each, a number for each round; the first round warms up."""
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            made = call(paths)
            if number:
                rates[name].append(made / (time.perf_counter() - began))
    return rates


def compare(paths: int, horizon: int, threads: int, rounds: int) -> Iterator[str]:
    """Yield the lines of the table."""
    rates = measure(contenders(horizon, threads), paths, rounds)
    yield f"{machine()}; {paths:,} paths of {horizon:,} steps, medians of {rounds} rounds"
    yield ""
    yield "| sampler | returns/s | best round | tsgan faster by |"
    yield "| --- | ---: | ---: | ---: |"
    own = next(iter(rates.values()))
    for name, found in rates.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(own, found, strict=True))
        yield (
            f"| {name} | {horizon * statistics.median(found):,.0f} | {horizon * max(found):,.0f} "
            f"| {'' if found is own else f'{ratio:.2g}'} |"
        )


def machine() -> str:
    """Return what the figures were measured on."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, "
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}{load}"
    )


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--horizon", type=int, default=5030, help="steps of a path")
    parser.add_argument("--threads", type=int, default=2, help="threads of tsgan")
    parser.add_argument("--rounds", type=int, default=7, help="medians are of this many rounds")
    arguments = parser.parse_args()
    for line in compare(**vars(arguments)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
