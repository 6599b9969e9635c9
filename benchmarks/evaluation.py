"""What a full evaluation costs, and which part of it.

``python benchmarks/evaluation.py`` compares 500 paths of 5,000 steps with 5,030 real returns, with
200 bootstrap paths, every baseline, a held-out fifth, judges and forecasts. Seconds depend on the
machine, so the total is also given in units of one sort of all synthetic returns, taken in the same
run.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from tsgan import evaluate, read_prices
from tsgan.baselines import simulate_baseline
from tsgan.data.returns import log_returns
from tsgan.results import FloatArray

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"


def sort_seconds(paths: FloatArray, rounds: int = 5) -> float:
    """Return the median seconds of sorting all values."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        np.sort(paths, axis=None)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--bootstrap-paths", type=int, default=200)
    arguments = parser.parse_args()

    real = log_returns(read_prices(SAMPLE))[:, 0]
    training, held_out = np.split(real, [4 * len(real) // 5])
    generator = np.random.default_rng(0)
    paths = simulate_baseline("GJR-t", training, arguments.paths, arguments.steps, generator)
    unit = sort_seconds(paths)

    stages: dict[str, float] = {}
    last = ["", time.perf_counter()]

    def told(stage: str, _share: float) -> None:
        now = time.perf_counter()
        stages[str(last[0])] = stages.get(str(last[0]), 0.0) + now - float(last[1])
        last[:] = [stage, now]

    started = time.perf_counter()
    evaluate(
        real,
        paths,
        training=training,
        held_out=held_out,
        bootstrap_paths=arguments.bootstrap_paths,
        progress=told,
    )
    total = time.perf_counter() - started
    for stage, seconds in stages.items():
        if stage:
            print(f"{stage:<46}{seconds:7.2f} s")
    print(f"{'all':<46}{total:7.2f} s, {total / unit:.0f} sorts of {paths.size:,} values")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{'memory at most':<46}{peak / (2**20 if sys.platform != 'darwin' else 2**30):7.2f} GiB")


if __name__ == "__main__":
    main()
