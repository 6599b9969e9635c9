"""Reading a large price file: seconds and memory of ``read_prices`` beside pyarrow's bare parse.

``python benchmarks/reading.py [--rows 10000000] [--repeats 3]``

Writes one-minute bars to a temporary file. Each reading is a process of its own; ratios of
readings that follow each other say more than seconds, since machines are shared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

PARSERS = ("pyarrow", "tsgan")


def write_bars(path: Path, rows: int, seed: int = 0) -> None:
    """Write ``rows`` one-minute bars with a header."""
    draws = np.random.default_rng(seed)
    times = pd.date_range("2000-01-03", periods=rows, freq="min")
    close = np.round(100 * np.exp(np.cumsum(1e-4 * draws.standard_t(4, rows))), 4)
    before = np.r_[close[0], close[:-1]]
    columns = {
        "Date": pa.array(times.strftime("%Y-%m-%d %H:%M:%S")),
        "Open": before,
        "High": np.round(np.maximum(before, close) * 1.0002, 4),
        "Low": np.round(np.minimum(before, close) * 0.9998, 4),
        "Close": close,
        "Volume": draws.integers(0, 9999, rows),
    }
    csv.write_csv(pa.table(columns), path, csv.WriteOptions(quoting_style="none"))


def read(parser: str, path: Path) -> dict[str, float]:
    """Return the seconds that reading takes, and the most MiB that this process has held."""
    begin = time.perf_counter()
    if parser == "pyarrow":
        begin = time.perf_counter()
        rows = csv.read_csv(path).num_rows
    else:
        from tsgan import read_prices

        begin = time.perf_counter()
        rows = len(read_prices(path))
    seconds = time.perf_counter() - begin
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": seconds, "mib": peak}


def measured(parser: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--read", parser, str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(answer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--read", nargs=2, metavar=("PARSER", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        print(json.dumps(read(asked.read[0], Path(asked.read[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.csv"
        write_bars(path, asked.rows)
        print(f"{asked.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
        runs = [{name: measured(name, path) for name in PARSERS} for _ in range(asked.repeats)]
    for name in PARSERS:
        seconds = statistics.median(run[name]["seconds"] for run in runs)
        print(f"{name:<8} {seconds:6.1f} s  {max(run[name]['mib'] for run in runs):6,.0f} MiB")
    ratios = [run["tsgan"]["seconds"] / run["pyarrow"]["seconds"] for run in runs]
    print(f"tsgan / pyarrow: median {statistics.median(ratios):.2f} of {len(ratios)} pairs")


if __name__ == "__main__":
    main()
