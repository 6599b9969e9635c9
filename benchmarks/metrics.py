"""How long two metrics take, beside what they cannot avoid and beside a loop of statsmodels.

``python benchmarks/metrics.py`` prints the table; ``--processor-time`` counts the time on the
processor, for a machine that others use.

A ratio is the median over rounds; in a round everything is timed once, one after the other, so
that what else the machine does meets all of them alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import scipy
import statsmodels
from statsmodels.tsa.stattools import acf

from tsgan.distances import wasserstein_1
from tsgan.stylized import autocorrelation

VALUES = 10_000_000
PATHS, STEPS, LAGS = 1_000, 5_000, 250
LOOPED = 50
"""Paths that statsmodels is timed on; its time for all of them is so many times longer."""

SORTS, ACF = "both `np.sort`", "`autocorrelation`"
SAME, LESS = "`wasserstein_1`, same sizes", "`wasserstein_1`, one value less"
FFT, DIRECT = "loop of `acf(fft=True)`", "loop of `acf(fft=False)`"

Calls = Mapping[str, tuple[Callable[[], Any], float]]
"""By name: what is timed, and by how much its time is multiplied."""


def measure(calls: Calls, rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Return the seconds of every call, round by round; a round before them warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, (call, scale) in calls.items():
            started = clock()
            call()
            if number:
                seconds[name].append(scale * (clock() - started))
    return seconds


def distance_calls(generator: np.random.Generator) -> Calls:
    x, y = (generator.standard_normal(VALUES) for _ in range(2))
    less = y[:-1].copy()

    def sort() -> None:
        kept = np.sort(x), np.sort(y)
        del kept

    return {
        SORTS: (sort, 1),
        SAME: (lambda: wasserstein_1(x, y), 1),
        LESS: (lambda: wasserstein_1(x, less), 1),
    }


def memory_calls(generator: np.random.Generator) -> Calls:
    paths = generator.standard_normal((PATHS, STEPS))

    def loop(fft: bool) -> None:
        for path in paths[:LOOPED]:
            acf(path, nlags=LAGS, fft=fft)

    return {
        ACF: (lambda: autocorrelation(paths, LAGS), 1),
        FFT: (lambda: loop(True), PATHS / LOOPED),
        DIRECT: (lambda: loop(False), PATHS / LOOPED),
    }


def table(seconds: Mapping[str, list[float]], base: str, bars: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a table: every call beside ``base``, with the bar that is set for it."""
    yield f"| | s | over {base} | bar |"
    yield "| --- | ---: | ---: | ---: |"
    for name, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(taken, seconds[base], strict=True))
        shown = "" if name == base else f"{ratio:.2f}"
        yield f"| {name} | {statistics.median(taken):.2f} | {shown} | {bars.get(name, '')} |"


def compare(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield what is printed."""
    clock = time.process_time if arguments.processor_time else time.perf_counter
    generator = np.random.default_rng(0)
    yield (
        f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__},"
        f" {os.cpu_count()} processors, {platform.system()} {platform.machine()}"
    )
    yield f"\nW1 of {VALUES:,} float64 values against as many, and one less\n"
    found = measure(distance_calls(generator), arguments.rounds, clock)
    yield from table(found, SORTS, {SAME: "≤ 1.3", LESS: "≤ 1.3"})
    yield f"\nAutocorrelation at {LAGS} lags of {PATHS:,} paths of {STEPS:,} steps\n"
    found = measure(memory_calls(generator), arguments.rounds, clock)
    yield from table(found, ACF, {FFT: "≥ 20", DIRECT: ""})


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians are of this many rounds")
    parser.add_argument(
        "--processor-time", action="store_true", help="count the time on the processor"
    )
    for line in compare(parser.parse_args()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
