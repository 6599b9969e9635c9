"""Writing scenario files: returns per second, bytes per return and memory, by size.

``python benchmarks/writing.py [--returns 1e8] [--horizon 252] [--folder DIRECTORY] [--all]``

The returns are normal random numbers, which cost next to nothing, so that only writing is measured.
Each writing is a process of its own; its files are removed. The memory must not grow with the
number of paths.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

GROUP_RETURNS = 1 << 17
"""Returns of a group, about as many as the sampler gives at a time."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "parquet": ("x.parquet", {}),
    "folder": ("x/", {}),
    "npy": ("x.npy", {}),
    "csv": ("x.csv", {}),
    "bars": ("x.parquet", {"bars": 4}),
    "panel": ("x.parquet", {"assets": 5}),
    "long": ("x.parquet", {}),
    "wide": ("x.parquet", {"shape": "wide"}),
}
"""By name: where to, and what else is asked for."""


def write(name: str, returns: int, horizon: int, folder: Path) -> dict[str, float]:
    """Write so many returns; return the seconds, the bytes, and the peak MiB of this process."""
    from tsgan.scenario_files import write_scenarios
    from tsgan.scenario_requests import WriteRequest
    from tsgan.scenarios import Bars, Scenarios

    target, asked = CASES[name]
    assets = asked.get("assets", 1)
    if name == "long":
        horizon = min(returns, 10**7)
    if name == "wide":
        horizon = max(horizon, returns // 10_000)
    paths = max(1, returns // horizon // assets)
    dates = np.busday_offset("2024-01-01", np.arange(horizon), roll="forward")
    draws = np.random.default_rng(0)
    shape = (horizon, assets) if assets > 1 else (horizon,)
    start: Any = np.full(assets, 100.0) if assets > 1 else 100.0
    names = tuple(f"asset {k}" for k in range(assets)) if assets > 1 else ("close",)

    def groups(wanted: range) -> Iterator[Scenarios]:
        size = max(1, GROUP_RETURNS // (horizon * assets))
        for first in range(wanted.start, wanted.stop, size):
            numbers = np.arange(first, min(first + size, wanted.stop))
            drawn = draws.standard_normal((len(numbers), *shape))
            drawn *= 0.01 / np.sqrt(max(1, horizon / 10_000))
            bars = Bars(*(np.exp(drawn) for _ in range(4))) if "bars" in asked else None
            yield Scenarios(drawn, start, dates, numbers, names, bars)

    request = WriteRequest(paths, horizon, **asked)
    begin, before = time.perf_counter(), time.process_time()
    text = f"{folder}/{target}"
    write_scenarios(text, groups, request)
    seconds, used = time.perf_counter() - begin, time.process_time() - before
    import resource

    files = [Path(text)] if Path(text).is_file() else list(Path(text).iterdir())
    written = sum(file.stat().st_size for file in files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = paths * horizon * assets
    return {
        "paths": paths,
        "returns": count,
        "seconds": seconds,
        "cpu": used,
        "bytes": written,
        "mib": peak,
    }


def measured(name: str, returns: int, horizon: int, folder: Path | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        asked = [name, str(returns), str(horizon), place]
        command = [sys.executable, __file__, "--write", *asked]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, float] = json.loads(answer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--returns", type=float, default=1e7)
    parser.add_argument("--horizon", type=int, default=252)
    parser.add_argument("--folder", type=Path, help="where to write; default: the system's own")
    parser.add_argument("--all", action="store_true", help="all formats and shapes")
    parser.add_argument("--write", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        name, returns, horizon, folder = asked.write
        print(json.dumps(write(name, int(returns), int(horizon), Path(folder))))
        return
    sizes = [int(asked.returns) // 100, int(asked.returns) // 10, int(asked.returns)]
    heads = ("paths", "returns", "s", "M/s", "CPU s", "B/return", "MiB")
    print(f"{'':8} {{:>11}} {{:>13}} {{:>7}} {{:>6}} {{:>7}} {{:>9}} {{:>6}}".format(*heads))
    for name in CASES if asked.all else ("parquet",):
        for returns in sizes:
            found = measured(name, returns, asked.horizon, asked.folder)
            print(
                f"{name:8} {found['paths']:11,} {found['returns']:13,} {found['seconds']:7.1f} "
                f"{found['returns'] / found['seconds'] / 1e6:6.1f} {found['cpu']:7.1f} "
                f"{found['bytes'] / found['returns']:9.2f} {found['mib']:6,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
