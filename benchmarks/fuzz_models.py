"""Damaged models, images and scenario files by the hundred thousand, within time and memory.

``python benchmarks/fuzz_models.py --inputs 10000`` takes so many seeds of each kind, see
``model_mutations``, and reports. Each must be read or refused in one line, within 5 s of the
processor and within 20 times the input's size plus a base of 128 MiB of memory: torch and pyarrow
take that once. Inputs that are not are kept with what happened, as is the one on which the process
should die. ``--kind`` names some of the kinds; ``tests/corpus`` keeps inputs that once failed.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections import Counter
from pathlib import Path

import model_mutations
import pyarrow as pa
import torch
from fuzz_prices import RESET, ExcessError, memory

SECONDS = 5.0
TIMES, BASE = 20, 128 * 2**20
"""Of memory: so many times the input's size, plus the base, in bytes."""


def measured(
    bases: model_mutations.Bases, kind: str, data: bytes, folder: Path
) -> tuple[str, float, int]:
    """Return the outcome of an input, the seconds of the processor, and the memory beyond before.

    Raises:
        ExcessError: it took too much.
        Exception: what ``model_mutations.outcome`` raises.
    """
    RESET.write_text("5")
    before, begin = memory("VmRSS"), time.process_time()
    said = model_mutations.outcome(bases, kind, data, folder)
    seconds, taken = time.process_time() - begin, memory("VmHWM") - before
    if seconds > SECONDS:
        raise ExcessError(f"{seconds:.1f} s")
    if taken > TIMES * len(data) + BASE:
        raise ExcessError(f"{taken / 2**20:.0f} MiB for {len(data):,} bytes")
    return said, seconds, taken


def fuzz(bases: model_mutations.Bases, kind: str, seeds: range, folder: Path) -> Counter[str]:
    """Take the inputs of some seeds; keep those that fail, and return how they ended."""
    work = folder / f"now-{seeds.start}"
    work.mkdir(parents=True, exist_ok=True)
    outcomes, slowest, largest = Counter[str](), (0.0, -1), (0, -1)
    begin = time.process_time()
    for seed in seeds:
        (work / "seed").write_text(f"{kind} {seed}")
        data = model_mutations.mutated(bases, kind, seed)
        try:
            said, seconds, taken = measured(bases, kind, data, work)
        except Exception as error:
            said, seconds, taken = f"FAILED {type(error).__name__}", 0.0, 0
            name = f"{kind.replace(' ', '_')}-{seed}"
            (folder / name).write_bytes(data)
            (folder / f"{name}.txt").write_text(traceback.format_exc())
            print(f"{kind}, seed {seed}: {said}: {str(error)[:120]!r}", flush=True)
        outcomes[said] += 1
        slowest, largest = max(slowest, (seconds, seed)), max(largest, (taken, seed))
    passed = time.process_time() - begin
    print(
        f"{kind}: {len(seeds):,} inputs, {len(seeds) / passed:,.0f} a second of the processor, "
        f"{dict(sorted(outcomes.items()))}; slowest {slowest[0]:.2f} s (seed {slowest[1]}), most "
        f"memory {largest[0] / 2**20:.0f} MiB (seed {largest[1]})",
        flush=True,
    )
    return outcomes


def main() -> None:
    """Take a range of seeds of each kind and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="of each kind")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="default: all")
    parser.add_argument("--folder", type=Path, default=Path("fuzzed"), help="of failing inputs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pa.set_cpu_count(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    bases = model_mutations.Bases.of(options.folder / "whole")
    seeds = range(options.first_seed, options.first_seed + options.inputs)
    kinds = options.kind or list(bases.files)
    total = sum((fuzz(bases, kind, seeds, options.folder) for kind in kinds), Counter[str]())
    print(f"{total.total():,} inputs of {len(kinds)} kinds: {dict(sorted(total.items()))}")


if __name__ == "__main__":
    main()
