"""Disks that are full, places that cannot be written to, and names that cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tiny
from crash_cases import CASES, PATCHES, begun, demand_whole, leftovers, prepare
from crash_server import Server

from tsgan.checkpoint import TRAINING

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="limits and mounts of POSIX"),
    pytest.mark.usefixtures("tiny_defaults"),
]

LARGEST = {"fit": 30_000, "generate for": 500, "evaluate": 9_000}
"""Bytes that a file may have, so that the first large one of each command does not fit."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(PATCHES)
    yield server
    server.close()


@pytest.fixture(scope="module")
def prepared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare(server, folder)
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights to")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, left: int) -> None:
    """Leave so many bytes of a disk."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "filler").write_bytes(bytes(free - left))


def demand_line(said: str, *words: str) -> None:
    line = said.rstrip("\n").splitlines()[-1]
    assert line.startswith("tsgan: ") and "Traceback" not in said, said
    assert [word for word in words if word not in line] == [], line


@pytest.mark.parametrize("name", [name for name in CASES if name != "fit over a model"])
def test_file_that_may_not_be_so_large_is_told_and_the_old_one_stays(
    server: Server, prepared: Path, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    folder = begun(prepared, tmp_path / "x", case)
    old = [made for made in case.made if "." in made]
    for made in old:
        (folder / made).write_text("old")
    limited = server.run(folder, *case.arguments, largest=LARGEST.get(name, 2_000))
    assert limited.code == 1, limited.said
    demand_line(limited.said, f"cannot write {case.made[0]}", "File too large", "free some space")
    assert leftovers(folder) == []
    assert all((folder / made).read_text() == "old" for made in old)
    assert server.run(folder, *case.next(folder)).code == 0
    demand_whole(folder)


def test_full_disk_in_the_middle_of_a_fit_keeps_the_last_state(
    server: Server, prepared: Path, small_disk: Path
) -> None:
    model = small_disk / "m"
    fit = ("fit", prepared / "p.csv", "--out", model)
    assert server.run(prepared, *fit, "--steps", 3).code == 0
    assert (
        server.run(
            prepared,
            "generate",
            model,
            "--paths",
            2,
            "--horizon",
            5,
            "--out",
            "a.npy",
            "--overwrite",
        ).code
        == 0
    )
    before = tiny.contents(model)
    fill(small_disk, 40_000)
    full = server.run(prepared, *fit, "--resume")
    assert full.code == 1
    demand_line(
        full.said,
        f"cannot write {model}/{TRAINING}: No space left on device",
        "kB needed, ",
        " left)",
        "free some space",
        "go on with: tsgan fit",
    )
    assert tiny.contents(model) == before
    (small_disk / "filler").unlink()
    assert server.run(prepared, *fit, "--resume").code == 0


@pytest.mark.parametrize("out", ["x.csv", "x.npy", "x.parquet", "parts/"])
def test_full_disk_is_told_before_or_while_scenarios_are_written(
    server: Server, prepared: Path, small_disk: Path, out: str
) -> None:
    fill(small_disk, 100_000)
    asked = ("--paths", 100, "--horizon", 252, "--out", f"{small_disk}/{out}")
    full = server.run(prepared, "generate", "model", *asked)
    assert full.code == 1
    demand_line(full.said, f"{small_disk}/{out}", "expected room for about", "the disk has 0 MB")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder with an empty one in it, that nobody can write to, not even root."""
    place = tmp_path / "fixed"
    place.mkdir()
    if os.geteuid():
        (place / "empty").mkdir()
        place.chmod(0o555)
        (place / "empty").chmod(0o555)
        yield place
        place.chmod(0o755)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root ignores modes of files, and may not mount here")
    (place / "empty").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


WRITERS: dict[str, Callable[[Path, Path, str], tuple[object, ...]]] = {
    "fit": lambda prices, _, out: ("fit", prices, "--out", out, "--steps", 3),
    "fit-images": lambda *found: ("fit-images", "sample", "--out", found[2], "--steps", 1),
    "generate file": lambda _, model, out: (
        *("generate", model, "--paths", 2, "--horizon", 3, "--out", f"{out}.parquet"),
    ),
    "generate folder": lambda _, model, out: (
        *("generate", model, "--paths", 2, "--horizon", 3, "--out", f"{out}/"),
    ),
    "generate for": lambda _, model, out: (
        *("generate", model, "--paths", 2, "--horizon", 3, "--out", out, "--for", "skfolio"),
    ),
    "evaluate report": lambda prices, model, out: ("evaluate", prices, model, "--report", out),
    "evaluate json": lambda prices, model, out: ("evaluate", prices, model, "--json", out),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_read_only_place_is_refused(
    read_only: Path, price_file: Path, model_directory: Path, writer: str
) -> None:
    for out in ("new", "empty"):
        if out == "empty" and "fit" not in writer and "folder" not in writer:
            continue
        arguments = WRITERS[writer](price_file, model_directory, f"{read_only}/{out}")
        result = tiny.command(*arguments)
        assert result.exit_code == 1, result.output
        demand_line(result.stderr, str(read_only), "; choose ")
    assert [path.name for path in read_only.rglob("*")] == ["empty"]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    "kind", ["a file", "too long", "nearly too long", "no parent", "below a file"]
)
def test_name_that_cannot_be_is_refused(
    price_file: Path, model_directory: Path, tmp_path: Path, writer: str, kind: str
) -> None:
    (tmp_path / "taken").write_text("taken")
    out = {
        "a file": "taken",
        "too long": "n" * 300,
        "nearly too long": "n" * 250,
        "no parent": "missing/new",
        "below a file": "taken/new",
    }[kind]
    if kind == "a file" and writer in ("generate file", "evaluate report", "evaluate json"):
        (tmp_path / "taken").unlink()
        (tmp_path / "taken").mkdir()
        if writer == "generate file":
            (tmp_path / "taken").rename(tmp_path / "taken.parquet")
    if "fit" in writer and kind in ("nearly too long", "no parent"):
        return  # which a model directory may have
    before = sorted(tmp_path.rglob("*"))
    if kind == "nearly too long" and writer == "generate folder":
        return
    result = tiny.command(*WRITERS[writer](price_file, model_directory, f"{tmp_path}/{out}"))
    assert result.exit_code == 1, result.output
    demand_line(result.stderr, out)
    assert sorted(tmp_path.rglob("*")) == before
