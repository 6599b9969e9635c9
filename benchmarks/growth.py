"""What reading, training, sampling and judging cost as the price file grows.

``python benchmarks/growth.py`` simulates series of 10 to 1,000,000 returns, GARCH(1,1) with shocks
of Student's t, and runs each in a process of its own on one thread. Time is the processor's, on a
quiet machine that of the clock; a step of training, the median, is given in both, and compared in
the processor's. Memory is the most that the process has held so far.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

LENGTHS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
COMPARED = 10_000
"""Returns of the series that a step's time is given in units of."""

INTRADAY = 100_000
"""A series of so many returns or more is of minutes, a shorter one of business days."""

SAMPLED, LONGEST = 20, 100_000
"""Paths that are sampled, as long as the series, and their most steps."""

OMEGA, ALPHA, BETA, DEGREES = 0.01, 0.09, 0.9, 5
"""Of the simulated variance, whose mean is 1, and of its shocks."""

HEAD: tuple[str, ...] = (
    "returns",
    "read s",
    "fit s",
    "ms per step",
    "CPU ms",
    "of 10,000",
    "MiB after fit",
)
HEAD += ("sample s", "evaluate s", "MiB in all", "remarks")
STEP = "CPU ms"
MEMORY = {"fit": "MiB after fit", "evaluate": "MiB in all"}

Result = TypeVar("Result")


def simulated_prices(returns: int, seed: int) -> npt.NDArray[np.float64]:
    """Return (returns + 1,) prices from 100 on, of some 20 % volatility a year."""
    intraday = returns >= INTRADAY
    unit = 0.2 / np.sqrt(252 * 1440 if intraday else 252)
    spread = np.sqrt((DEGREES - 2) / DEGREES)
    shocks = spread * np.random.default_rng(seed).standard_t(DEGREES, returns)
    made, variance = np.empty(returns), 1.0
    for step, shock in enumerate(shocks.tolist()):
        made[step] = shock * variance**0.5
        variance = OMEGA + (ALPHA * shock * shock + BETA) * variance
    return 100 * np.exp(unit * np.concatenate([[0.0], np.cumsum(made)]))


def write_prices(path: Path, returns: int, seed: int) -> None:
    """Write a price file of business days, or of minutes where the series is long."""
    count, intraday = returns + 1, returns >= INTRADAY
    if intraday:
        dates = np.datetime64("2020-01-01T00:00") + np.arange(count).astype("timedelta64[m]")
    else:
        dates = np.busday_offset("1980-01-01", np.arange(count), roll="forward")
    prices = simulated_prices(returns, seed)
    lines = (f"{date},{price:.8g}" for date, price in zip(dates.astype(str), prices, strict=True))
    path.write_text("\n".join(["Date,Close", *lines]) + "\n")


def measure(path: Path, steps: int, told: Callable[[dict[str, Any]], None]) -> None:
    """Read, fit, sample and evaluate; ``told`` hears of each as soon as it is done."""
    from tsgan import Config, TimeSeriesGAN, TrainingConfig, read_prices
    from tsgan.errors import DataError
    from tsgan.judge import evaluate_model

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        started = time.process_time()
        result = work()
        told({f"{stage} s": time.process_time() - started})
        told({MEMORY[stage]: peak_mebibytes()} if stage in MEMORY else {})
        return result

    try:
        prices = timed("read", lambda: read_prices(path))
        training = TrainingConfig(steps=steps, check_every=1)  # a check is no step: one, at the end
        model = TimeSeriesGAN(Config(device="cpu", training=training))
        clock: list[float] = []  # the processor's before each step

        def tick() -> bool:
            clock.append(time.process_time())
            return False

        timed("fit", lambda: model.fit(prices, stop=tick))
        told({"ms per step": _median_ms(np.diff(model.history_["seconds"], prepend=0))})
        told({"CPU ms": _median_ms(np.diff(clock))})
        horizon = min(len(prices) - 1, LONGEST)
        timed("sample", lambda: model.sample(SAMPLED, horizon))
        found = timed("evaluate", lambda: evaluate_model(model, prices))
        told({"remarks": f"{found.paths} paths, {found.bootstrap_paths} of the bootstrap"})
    except DataError as error:
        told({"remarks": str(error)})


def _median_ms(seconds: npt.NDArray[np.float64]) -> float:
    return 1e3 * float(np.median(seconds)) if seconds.size else float("nan")


def peak_mebibytes() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**10 if sys.platform != "darwin" else 2**20
    )


def in_its_own_process(returns: int, steps: int, seed: int, limit: float) -> dict[str, Any]:
    """Return what ``measure`` told of a series, or what it had told when its time was up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prices.csv"
        write_prices(path, returns, seed)
        command = [sys.executable, __file__, "--measure", str(path), "--steps", str(steps)]
        alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        row: dict[str, Any] = {"returns": returns}
        try:
            text = subprocess.run(
                command, env=alone, stdout=subprocess.PIPE, timeout=limit, check=True, text=True
            ).stdout
        except subprocess.TimeoutExpired as late:
            text = (late.stdout or b"").decode()
            row["remarks"] = f"stopped after {limit:g} s"
        for line in text.splitlines():
            row |= json.loads(line)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    unit = next((row.get(STEP) for row in rows if row["returns"] == COMPARED), None)
    lines = [f"| {' | '.join(HEAD)} |", f"|{' --: |' * (len(HEAD) - 1)} :-- |"]
    for row in rows:
        own = row.get(STEP)
        ratio = {"of 10,000": own / unit} if own and unit else {}
        lines.append(f"| {' | '.join(_cell(name, (row | ratio).get(name)) for name in HEAD)} |")
    return "\n".join(lines)


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("|", "\\|")
    places = {"returns": 0, "of 10,000": 2}.get(name, 0 if name.startswith("MiB") else 1)
    return f"{value:,.{places}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=3600, help="seconds for each length")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.steps, lambda row: print(json.dumps(row), flush=True))
        return
    rows = []
    for returns in arguments.lengths:
        rows.append(in_its_own_process(returns, arguments.steps, arguments.seed, arguments.limit))
        print(f"{returns:,} returns measured", file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
