"""Killed at any moment, tsgan leaves whole files, and the next command ends in the same bytes.

Each file that appears is a moment, so that all are visited; a few random moments are added, many
more in ``benchmarks/crashes.py``.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_cases import CASES, PATCHES, begun, leftovers, meaning, prepare, recovered
from crash_server import Ended, Server

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="forks, and signals that cannot be caught, are of POSIX"
)

RANDOM = {"fit": 2, "generate folder": 1, "evaluate": 1}
Whole = dict[str, tuple[Ended, object]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A process whose forks are killed."""
    server = Server(PATCHES)
    yield server
    server.close()


@pytest.fixture(scope="module")
def prepared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with prices, a model and paths."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(server, folder)
    return folder


@pytest.fixture(scope="module")
def whole(server: Server, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """How each command ends, and what it makes, when nothing happens to it."""
    found = {}
    for name, case in CASES.items():
        folder = begun(prepared, tmp_path_factory.mktemp("whole") / "x", case)
        ended = server.run(folder, *case.arguments)
        assert ended.code == 0 and leftovers(folder) == [], ended.said
        found[name] = ended, meaning(folder, case.made)
    return found


@pytest.mark.parametrize("name", CASES)
def test_killed_around_each_rename(
    server: Server, prepared: Path, whole: Whole, tmp_path: Path, name: str
) -> None:
    case, (calm, expected) = CASES[name], whole[name]
    renames = [at for at, moment in enumerate(calm.moments) if moment.startswith("os.rename")]
    assert len(renames) >= len(case.made)
    if name == "fit":  # whose later moments are those of the fit over a model
        renames = renames[:3]
    for at in (*renames, renames[-1] + 1):
        folder = begun(prepared, tmp_path / str(at), case)
        ended = server.run(folder, *case.arguments, at=at)
        assert ended.code == -signal.SIGKILL, ended.said
        assert recovered(server, folder, case, ended) == expected, calm.moments[at]
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", RANDOM)
def test_killed_at_a_random_moment(
    server: Server, prepared: Path, whole: Whole, tmp_path: Path, name: str
) -> None:
    case, (calm, expected) = CASES[name], whole[name]
    drawn = random.Random(name)
    for number in range(RANDOM[name]):
        folder = begun(prepared, tmp_path / str(number), case)
        share = (number + drawn.random()) / RANDOM[name]
        ended = server.run(folder, *case.arguments, after=share * calm.seconds)
        assert ended.code in (0, -signal.SIGKILL), ended.said
        if ended.code:
            assert recovered(server, folder, case, ended) == expected


@pytest.mark.parametrize("name", ["fit", "generate folder", "generate csv", "evaluate"])
def test_interrupted_command_ends_in_order(
    server: Server, prepared: Path, whole: Whole, tmp_path: Path, name: str
) -> None:
    case, (calm, expected) = CASES[name], whole[name]
    for share, number in ((0.0, signal.SIGTERM), (0.6, signal.SIGINT)):
        at = int(share * len(calm.moments))
        folder = begun(prepared, tmp_path / str(at), case)
        ended = server.run(folder, *case.arguments, at=at, number=number)
        assert ended.code in (0, 130), ended.said
        assert "Traceback" not in ended.said and leftovers(folder) == []
        if ended.code:
            line = ended.said.rstrip("\n").splitlines()[-1]
            assert line.startswith("tsgan: interrupted"), ended.said
            assert recovered(server, folder, case, ended) == expected
        assert ended.code or at > 0
