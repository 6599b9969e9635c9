"""What a day's job costs: many models and the paths of each, in hours of one core and in bytes.

``python benchmarks/cluster.py [--prices FILE] [--tickers 3000] [--paths 10000] [--years 10]
[--fit-minutes 5] [--cores 64] [--evaluate]``

Times are of this process's processor, on one thread, so that what else the machine does hardly
counts: of a training step, of sampling and writing a file of paths, of the evaluation of a model
(with ``--evaluate``, half a minute to a minute more), and of the start of a worker. From them it
works out the job.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import torch

from tsgan import Config, TimeSeriesGAN, TrainingConfig, read_prices
from tsgan.judge import evaluate_model
from tsgan.partitions import BlockWork
from tsgan.scenario_folders import begin_folder
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_targets import target_of

SAMPLE = Path(__file__).parents[1] / "data/samples/sp500.csv"
DAYS = 252
FEW, MANY = 20, 60
"""Steps of two short fits; their difference is what steps take."""

FILE_PATHS = 500


@dataclass(frozen=True)
class Measured:
    """Seconds of one core, and bytes.

    Attributes:
        start: of a worker; step: of training; around: of the fit beside its steps; evaluation: of
            a model; million: of sampling and writing 10⁶ returns.
        bytes, bytes32: of a return in Parquet, as it is written and with numbers as float32.
    """

    start: float
    step: float
    around: float
    evaluation: float
    million: float
    bytes: float
    bytes32: float


def spent(work: Callable[[], object]) -> float:
    """Return the seconds of the processor that a piece of work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def start_seconds() -> float:
    """Return what a worker takes until it can begin."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import tsgan.many_fits"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def as_float32(file: Path) -> int:
    """Return the bytes of a file with its numbers as float32."""
    table = parquet.read_table(file)
    fields = [
        pa.field(each.name, pa.float32() if each.type == pa.float64() else each.type)
        for each in table.schema
    ]
    keys = [each.name for each in fields if each.type != pa.float32()]
    numbers = [each.name for each in fields if each.type == pa.float32()]
    packed = io.BytesIO()
    parquet.write_table(
        table.cast(pa.schema(fields)),
        packed,
        compression="zstd",
        compression_level=1,
        use_dictionary=keys,
        column_encoding=dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
    )
    return packed.tell()


def measured(prices: Path, steps: int, folder: Path, evaluate: bool) -> Measured:
    """Return what this machine takes; ``steps`` are those of a path."""
    models: list[TimeSeriesGAN] = []

    def fit(count: int) -> Callable[[], object]:
        training = TrainingConfig(steps=count)
        return lambda: models.append(TimeSeriesGAN(Config(training=training)).fit(prices))

    fit(1)()  # warms up
    few, many = spent(fit(FEW)), spent(fit(MANY))
    step = (many - few) / (MANY - FEW)
    model = models[-1]
    request = WriteRequest(FILE_PATHS, steps, partition=FILE_PATHS)
    target = target_of(folder / "paths", folder=True)
    begin_folder(target, request)
    groups = model.production(FILE_PATHS, steps).groups
    write = spent(lambda: BlockWork(f"{folder}/paths/", groups, request)(range(FILE_PATHS)))
    (file,) = (folder / "paths").glob("*.parquet")
    returns = FILE_PATHS * steps
    told = spent(lambda: evaluate_model(model, read_prices(prices))) if evaluate else 0.0
    return Measured(
        start_seconds(),
        step,
        few - FEW * step,
        told,
        write / returns * 1e6,
        file.stat().st_size / returns,
        as_float32(file) / returns,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prices", type=Path, default=SAMPLE)
    parser.add_argument("--tickers", type=int, default=3000)
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--years", type=float, default=10.0)
    parser.add_argument("--fit-minutes", type=float, default=5.0, help="--max-time of each fit")
    parser.add_argument("--cores", type=int, default=64)
    parser.add_argument("--evaluate", action="store_true", help="measure the evaluation as well")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    steps = round(asked.years * DAYS)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(asked.prices, steps, Path(folder), asked.evaluate)
    print(f"start of a worker                {found.start:9.2f} s")
    print(f"step of training                 {found.step * 1e3:9.1f} ms")
    print(f"fit beside its steps             {found.around:9.2f} s")
    print(f"evaluation of a model            {found.evaluation:9.1f} s")
    print(f"sampling and writing 10⁶ returns {found.million:9.3f} s")
    print(f"Parquet, float64                 {found.bytes:9.2f} bytes/return")
    print(f"Parquet, float32                 {found.bytes32:9.2f} bytes/return\n")
    returns = asked.tickers * asked.paths * steps
    fits = asked.tickers * (asked.fit_minutes * 60 + found.around + found.evaluation) / 3600
    making = returns / 1e6 * found.million / 3600
    total = fits + making
    print(f"{asked.tickers:,} tickers × {asked.paths:,} paths × {steps:,} steps: {returns:.3g}")
    print(
        f"fits     {fits:9,.0f} core hours, {asked.fit_minutes * 60 / found.step:,.0f} steps each"
    )
    print(f"paths    {making:9,.0f} core hours")
    print(f"together {total:9,.0f} core hours: {total / asked.cores:.1f} h on {asked.cores} cores")
    print(
        f"disk     {returns * found.bytes / 1e12:9.2f} TB, or "
        f"{returns * found.bytes32 / 1e12:.2f} TB in float32"
    )


if __name__ == "__main__":
    main()
