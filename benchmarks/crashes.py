"""SIGKILL at many moments of fit, generate and evaluate: what is left, and what comes after.

``python benchmarks/crashes.py [KILLS [NAME...]]`` kills each command so often (50) at moments drawn
evenly over the time that it takes, demands that all files are whole, gives the command again (with
``--resume`` where there is something to go on with), and compares what it made with what the
undisturbed command makes: weights, training states, paths and metrics byte for byte, manifests and
logs but for the seconds in them.

Models are tiny and evaluations an example, see ``tests/crash_server.py``; files are written, and
flushed, as ever. ``tests/test_crashes.py`` visits each rename besides.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from crash_cases import CASES, PATCHES, begun, leftovers, meaning, prepare, recovered
from crash_server import Server

KILLS = 50
NAMES = ("fit", "fit over a model", "generate folder", "generate csv", "evaluate")


def kill(server: Server, prepared: Path, place: Path, name: str, kills: int) -> Counter[str]:
    """Kill a command so often; return how often what happened."""
    case, drawn, found = CASES[name], random.Random(name), Counter[str]()
    whole = begun(prepared, place / "whole", case)
    calm = server.run(whole, *case.arguments)
    expected, seconds = meaning(whole, case.made), calm.seconds
    numbers = itertools.count()
    while found["killed"] < kills:
        folder = begun(prepared, place / str(next(numbers)), case)
        share = (found["killed"] + drawn.random()) / kills
        ended = server.run(folder, *case.arguments, after=share * seconds)
        if not ended.code:  # the machine was less busy
            seconds = min(seconds, ended.seconds)
            continue
        found["killed"] += 1
        found["temporary files left"] += bool(leftovers(folder))
        found["nothing there yet"] += not any((folder / made).exists() for made in case.made)
        found["gone on with"] += case.next(folder) != case.arguments
        found["same in the end"] += recovered(server, folder, case, ended) == expected
    return found


def main() -> None:
    """Print a row for each command."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    columns = (
        *("killed", "nothing there yet", "temporary files left", "gone on with"),
        "same in the end",
    )
    print(f"{'command':<18}" + "".join(f"{column:>22}" for column in columns))
    server = Server(PATCHES)
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary) / "prepared"
        prepared.mkdir()
        prepare(server, prepared)
        for name in sys.argv[2:] or NAMES:
            place = Path(temporary) / name.replace(" ", "-")
            place.mkdir()
            found = kill(server, prepared, place, name, kills)
            print(f"{name:<18}" + "".join(f"{found[column]:>22}" for column in columns), flush=True)
    server.close()


if __name__ == "__main__":
    main()
