"""Damaged price files by the hundred thousand, each within limits of time and memory.

``python benchmarks/fuzz_prices.py --files 100000`` reads the files of the seeds 0, 1, 2, …, see
``mutations``, and reports. Each must end in prices whose account of rows adds up or in a refusal of
one line, within 5 s of the processor and within 10 times the file's size, after decompression, plus
a base of 16 MiB of memory: pandas and pyarrow take up to 10 MiB whatever the file. The files that
do not are kept with what happened, as is the one on which the process should die.
"""

from __future__ import annotations

import argparse
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import mutations
import pyarrow as pa
from price_files import frame  # noqa: F401  (loads what reading needs before memory is measured)

from tsgan.data.files import read_content
from tsgan.errors import DataError

SECONDS = 5.0
TIMES, BASE = 10, 16 * 2**20
"""Of memory: so many times the file's size, plus the base, in bytes."""

SHARED = Path(__file__).parents[2] / "shared" / "data" / "dirty"
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class ExcessError(Exception):
    """A file took more time or memory than it may."""


def memory(what: str) -> int:
    """Return ``VmRSS`` or its peak ``VmHWM`` in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


def whole_size(case: mutations.Damaged, folder: Path) -> int:
    """Return the size of a file after decompression, or of a frame, in bytes."""
    if not isinstance(case.data, bytes):
        return int(case.data.memory_usage(deep=True).sum())
    try:
        return max(len(case.data), len(read_content(folder / case.name).data))
    except DataError:
        return len(case.data)


def measured(case: mutations.Damaged, folder: Path) -> tuple[str, float, int]:
    """Return the outcome of a file, the seconds of the processor, and the memory beyond before.

    Raises:
        ExcessError: it took too much.
        Exception: what ``mutations.outcome`` raises.
    """
    RESET.write_text("5")
    before, begin = memory("VmRSS"), time.process_time()
    said = mutations.outcome(case, folder)
    seconds, taken = time.process_time() - begin, memory("VmHWM") - before
    if seconds > SECONDS:
        raise ExcessError(f"{seconds:.1f} s")
    if taken > BASE:
        size = whole_size(case, folder)
        if taken > TIMES * size + BASE:
            raise ExcessError(f"{taken / 2**20:.0f} MiB for a file of {size:,} bytes")
    return said, seconds, taken


def keep(case: mutations.Damaged, seed: int, folder: Path) -> None:
    """Write a failing file, and the error that is being handled, under its seed."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(case.data, bytes):
        (folder / f"{seed}-{case.name}").write_bytes(case.data)
    said = f"{case.columns}\n{case.reading}\n{traceback.format_exc()}"
    (folder / f"{seed}.txt").write_text(said)


def main() -> None:
    """Read the files of a range of seeds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("fuzzed"), help="of failing files")
    options = parser.parse_args()
    pa.set_cpu_count(1)
    work = options.folder / f"now-{options.first_seed}"
    work.mkdir(parents=True, exist_ok=True)
    real = mutations.heads(SHARED)
    outcomes, slowest, largest = Counter[str](), (0.0, -1), (0, -1)
    begin = time.perf_counter()
    for seed in range(options.first_seed, options.first_seed + options.files):
        (work / "seed").write_text(str(seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case = mutations.damaged_file(seed, real)
        try:
            said, seconds, taken = measured(case, work)
        except Exception as error:
            keep(case, seed, options.folder)
            said, seconds, taken = type(error).__name__, 0.0, 0
            print(f"seed {seed}: {said}: {str(error)[:100]!r}", flush=True)
        outcomes[f"{case.name} {said}"] += 1
        slowest, largest = max(slowest, (seconds, seed)), max(largest, (taken, seed))
        if (seed + 1) % 10_000 == 0:
            print(f"{seed + 1}: {dict(outcomes)}", flush=True)
    passed = time.perf_counter() - begin
    print(f"{options.files:,} files in {passed:.0f} s: {dict(sorted(outcomes.items()))}")
    print(f"slowest: {slowest[0]:.2f} s of the processor, seed {slowest[1]}")
    print(f"most memory: {largest[0] / 2**20:.1f} MiB beyond what was held, seed {largest[1]}")


if __name__ == "__main__":
    main()
