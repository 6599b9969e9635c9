"""How many of the seventeen rows a perfect model gets: real series and paths of one known process.

``python benchmarks/perfect.py --process gjr --replicates 40 --out DIR``

In each replicate one path stands for the real series, and 200 others are compared with it as
``tsgan.evaluate`` does. Beside these true paths stand the same ones with the marginal of the real
series put in, as tsgan does after training, and those of a GJR-GARCH fitted to the real series.
Each leaves a JSON file in DIR, and is not run again; the tables go to DIR/PROCESS.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from quality_series import read_series
from scipy.signal import lfilter

from tsgan import stylized
from tsgan.bands import bootstrapped, measure, noise_bands
from tsgan.baselines import BASELINES, simulate_baseline
from tsgan.calibration import Calibration
from tsgan.comparison import BAND_STREAM
from tsgan.data.returns import log_returns
from tsgan.errors import DataError
from tsgan.files import write_atomically
from tsgan.metric import LAGS, Sample
from tsgan.metrics import METRICS
from tsgan.results import SEVENTEEN, FloatArray
from tsgan.seeding import BASELINES as FITTED
from tsgan.seeding import BOOTSTRAP, numpy_generator

MODEL = "GJR-t"
PARTS = ((5.0, 0.30, -0.46), (50.0, 0.37, -0.75), (500.0, 0.36, -0.32))
"""Of log volatility: half-life in steps, sd, and correlation of its next change with the return."""
SIMULATION, LIKENESS, BLOCK = 1_000, 1_001, 250.0  # streams of this alone; mean bootstrap block
CALIBRATED = ("W1(1)/sd", "DY(1)", "sd", "Hill 5%", "ES 1%", "ES 99%")
ELEVEN = tuple(row for row in SEVENTEEN if row not in CALIBRATED)
ROWS = [metric for metric in METRICS if metric.name in SEVENTEEN]
MARKS = {"50 %": 1, "95 %": 2}
WAYS = ("true", "true, calibrated", f"{MODEL} fitted", f"{MODEL} fitted, calibrated")

Record = Mapping[str, Mapping[str, Sequence[float]]]
"""By way and row: the value, and the 50 % and 95 % marks of the noise band; NaN is over any."""


def garch(sample: FloatArray, paths: int, steps: int, draws: np.random.Generator) -> FloatArray:
    """Return (paths, steps) of the GJR-GARCH(1,1) with Student-t shocks fitted to ``sample``."""
    return simulate_baseline(MODEL, sample, paths, steps, draws)


def volatile(sample: FloatArray, paths: int, steps: int, draws: np.random.Generator) -> FloatArray:
    """Return (paths, steps) of stochastic volatility with long memory and leverage.

    ``r_t = μ + σ exp(Σ_i x_i,t − v) z_t``, ``x_i,t+1 = φ_i x_i,t + s_i √(1 − φ_i²) e_i,t``, z and
    e standard normal, ``e_i = ρ_i z + √(1 − ρ_i²) w_i`` with independent w; x stationary with
    ``v = Var Σ_i x_i``; μ and σ are mean and standard deviation of ``sample``.
    """
    half_lives, loads, leverages = np.array(PARTS).T
    phi, own = 0.5 ** (1 / half_lives), np.sqrt(1 - leverages**2)
    scale = loads * np.sqrt(1 - phi**2)
    common = np.outer(leverages, leverages) + np.diag(own**2)
    covariance = np.outer(scale, scale) * common / (1 - np.outer(phi, phi))
    first = draws.multivariate_normal(np.zeros(len(PARTS)), covariance, size=paths)
    shocks = draws.standard_normal((paths, steps))
    logarithm = np.full((paths, steps), -covariance.sum())
    for i in range(len(PARTS)):
        news = leverages[i] * shocks + own[i] * draws.standard_normal((paths, steps))
        news = np.column_stack([first[:, i], scale[i] * news[:, :-1]])
        logarithm += lfilter([1.0], [1.0, -phi[i]], news, axis=1)
    return np.asarray(sample.mean() + sample.std() * np.exp(logarithm) * shocks)


PROCESSES = {"gjr": garch, "sv": volatile}


def compare(real: FloatArray, sets: Mapping[str, FloatArray], draws: int, seed: int) -> Record:
    """Measure sets of paths beside ``real`` (n,), as an evaluation with this seed does."""
    series, stream = Sample(real[None]), numpy_generator(seed, BOOTSTRAP, BAND_STREAM)
    bands = noise_bands(series, bootstrapped(real, BLOCK, stream), draws, metrics=ROWS)
    found = {way: measure(series, Sample(paths), ROWS) for way, paths in sets.items()}
    return {
        way: {row: [value, *(bands[row] or [np.nan] * 3)[1:]] for row, value in values.items()}
        for way, values in found.items()
    }


def replicate(asked: argparse.Namespace, sample: FloatArray, seed: int) -> Record:
    """Simulate one real series, and all that is compared with it; without a fit that fails."""
    draws = numpy_generator(seed, SIMULATION, list(PROCESSES).index(asked.process))
    drawn = PROCESSES[asked.process](sample, 1 + asked.paths, asked.returns, draws)
    real, sets = drawn[0], {WAYS[0]: drawn[1:]}
    stream = numpy_generator(seed, FITTED, BASELINES.index(MODEL))
    try:
        sets[WAYS[2]] = simulate_baseline(MODEL, real, asked.paths, asked.returns, stream)
    except DataError as error:
        print(f"seed {seed}: {error}", flush=True)
    for way, paths in list(sets.items()):
        sets[f"{way}, calibrated"] = Calibration.fit(real, paths)(paths)
    return compare(real, sets, asked.bootstraps, seed)


def replicates(asked: argparse.Namespace, sample: FloatArray) -> list[Record]:
    """Return all that is asked for: from DIR, or made and left there."""
    sizes = f"{asked.returns}-{asked.paths}-{asked.bootstraps}"
    records = []
    for seed in range(asked.seed, asked.seed + asked.replicates):
        file = asked.out / f"{asked.process}-{sizes}-seed{seed}.json"
        if not file.exists():
            write_atomically(file, json.dumps(replicate(asked, sample, seed)))
        records.append(json.loads(file.read_text(encoding="utf-8")))
    return records


def counts(records: Sequence[Record], way: str, mark: str, rows: Sequence[str]) -> FloatArray:
    """Return how many of ``rows`` are at or under the mark, by replicate that has the way."""
    found = [record[way] for record in records if way in record]
    which = MARKS[mark]
    return np.array([sum(one[row][0] <= one[row][which] for row in rows) for one in found], float)


def spread(values: FloatArray, form: str = "{:.0f}") -> str:
    """Return the median (5 % … 95 %) of values that occur."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), method="inverted_cdf")
    return f"{form} ({form} … {form})".format(middle, low, high).replace("-", "−")


def count_table(records: Sequence[Record]) -> Iterator[str]:
    yield "| paths | series | mark | rows of 17 | ≥ 14 | ≥ 15 | ≥ 16 | 17 | of the other eleven |"
    yield "|---|" + "---:|" * 8
    for way in WAYS:
        for mark in MARKS:
            found = counts(records, way, mark, SEVENTEEN)
            if found.size:
                shares = " | ".join(f"{np.mean(found >= bar):.1%}" for bar in (14, 15, 16, 17))
                eleven = spread(counts(records, way, mark, ELEVEN))
                yield f"| {way} | {found.size} | {mark} | {spread(found)} | {shares} | {eleven} |"


def row_table(records: Sequence[Record]) -> Iterator[str]:
    yield "| share of series at or under 50 %, 95 % | " + " | ".join(WAYS) + " |"
    yield "|---|" + "---:|" * len(WAYS)
    for row in SEVENTEEN:
        cells = [[counts(records, way, mark, [row]) for mark in MARKS] for way in WAYS]
        shown = (", ".join(f"{found.mean():.0%}" for found in cell if found.size) for cell in cells)
        yield f"| {row} | " + " | ".join(shown) + " |"


def figures(paths: FloatArray) -> dict[str, FloatArray]:
    """Return what is told of each path."""
    memory = stylized.autocorrelation(np.abs(paths), LAGS)
    curves = {"ACF of abs": memory, "leverage": stylized.leverage(paths, LAGS)}
    return {
        "sd, %": 100 * paths.std(axis=1),
        "excess kurtosis": stylized.excess_kurtosis(paths),
        **{
            f"{name}, lags {a}–{b}": curve[:, a - 1 : b].mean(axis=1)
            for name, curve in curves.items()
            for a, b in ((1, 5), (6, 20), (21, 100), (101, LAGS))
        },
        "vol dispersion": np.array([stylized.volatility_dispersion(x[None]) for x in paths]),
    }


def likeness(asked: argparse.Namespace, sample: FloatArray) -> Iterator[str]:
    """Yield figures of the sample beside those of paths of the process, and its rows."""
    draws = numpy_generator(asked.seed, LIKENESS, list(PROCESSES).index(asked.process))
    paths = PROCESSES[asked.process](sample, asked.paths, sample.size, draws)
    yield "| figure | sample | process, single paths |\n|---|---:|---:|"
    own = figures(sample[None])
    for name, values in figures(paths).items():
        yield f"| {name} | {own[name][0]:.3f} | {spread(values, '{:.3f}')} |".replace("-0.", "−0.")
    of = [compare(sample, {WAYS[0]: paths}, asked.bootstraps, asked.seed)]
    at = (f"{counts(of, WAYS[0], mark, SEVENTEEN)[0]:.0f} under {mark}" for mark in MARKS)
    yield f"\nRows of the sample beside these paths: {', '.join(at)}."


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", choices=PROCESSES, required=True)
    parser.add_argument("--replicates", type=int, default=40, help="real series (default 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the first replicate (default 0)")
    for name, size in {"returns": 5_030, "paths": 200, "bootstraps": 200}.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    parser.add_argument("--out", type=Path, required=True, help="folder for all that is written")
    asked = parser.parse_args(given)
    asked.out.mkdir(parents=True, exist_ok=True)
    sample = log_returns(read_series("sp500"))[:, 0]
    made = replicates(asked, sample)
    tables = count_table(made), row_table(made), likeness(asked, sample)
    text = "\n\n".join("\n".join(lines) for lines in tables) + "\n"
    write_atomically(asked.out / f"{asked.process}.md", text)
    print(text, end="")


if __name__ == "__main__":
    main()
