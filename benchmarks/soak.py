"""Fit, generate and evaluate again and again in one process: does anything grow?

``python benchmarks/soak.py --minutes 60 [--prices data/samples/sp500.csv] [--steps 20]``

Each round runs the three commands with their default networks and writes over what the last one
wrote. After it are told: memory held, open descriptors, threads, and files in the working folder
and in the one for temporary files, both of this run alone. At the end memory is compared between
the second fifth of the rounds and the last; the exit code is 1 if it has grown by more than
``--most`` MiB, or any of the others at all. Linux only, by /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tsgan.cli.app import app

MIB = 2**20


@dataclass(frozen=True)
class Held:
    """What the process holds after a round: MiB, and counts."""

    memory: float
    descriptors: int
    threads: int
    files: int
    temporary: int

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.descriptors, self.threads, self.files, self.temporary


def held(folder: Path, temporary: Path) -> Held:
    """Look at this process and at its two folders."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(
        memory=pages * os.sysconf("SC_PAGE_SIZE") / MIB,
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        threads=threading.active_count(),
        files=sum(1 for _ in folder.rglob("*")),
        temporary=sum(1 for _ in temporary.rglob("*")),
    )


def commands(prices: Path, folder: Path, steps: int) -> list[list[str]]:
    """Return the three commands of a round."""
    model, paths = str(folder / "model"), str(folder / "paths.parquet")
    report = ["--json", str(folder / "found.json"), "--report", str(folder / "report.html")]
    return [
        ["fit", str(prices), "--out", model, "--steps", str(steps), "--overwrite"],
        ["generate", model, "--paths", "200", "--horizon", "500", "--out", paths, "--overwrite"],
        ["evaluate", str(prices), paths, *report],
    ]


def run(words: Sequence[str]) -> None:
    """Run a command within this process, silent unless it fails."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            app(list(words), standalone_mode=False)
    except BaseException:
        sys.stderr.write(told.getvalue())
        raise


def verdict(rounds: Sequence[Held], most: float) -> str:
    """Return what has grown between the second fifth of the rounds and the last; '' if nothing."""
    fifth = max(len(rounds) // 5, 1)
    early, late = rounds[fifth : 2 * fifth] or rounds[:1], rounds[-fifth:]
    grown = statistics.median(one.memory for one in late) - statistics.median(
        one.memory for one in early
    )
    print(f"memory: {grown:+.1f} MiB from the second fifth of {len(rounds)} rounds to the last")
    names = ("descriptors", "threads", "files", "temporary files")
    limits = [max(column) for column in zip(*(one.counts for one in early), strict=True)]
    found = zip(names, limits, late[-1].counts, strict=True)
    told = [f"{name} {before} → {after}" for name, before, after in found if after > before]
    return ", ".join([*([f"memory {grown:+.1f} MiB"] if grown > most else []), *told])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--prices", type=Path, default=Path("data/samples/sp500.csv"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--most", type=float, default=20.0, help="MiB that memory may grow by")
    asked = parser.parse_args()
    rounds: list[Held] = []
    with tempfile.TemporaryDirectory() as name:
        folder, temporary = Path(name) / "work", Path(name) / "temporary"
        folder.mkdir()
        temporary.mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
        until = time.monotonic() + 60 * asked.minutes
        while time.monotonic() < until or len(rounds) < 2:
            for words in commands(asked.prices.resolve(), folder, asked.steps):
                run(words)
            rounds.append(held(folder, temporary))
            print(f"round {len(rounds)}: {rounds[-1]}", flush=True)
        tempfile.tempdir = None
    if grown := verdict(rounds, asked.most):
        sys.exit(f"grown: {grown}")
    print("nothing has grown")


if __name__ == "__main__":
    main()
