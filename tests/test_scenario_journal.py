"""An interrupted file leaves its paths beside it, and going on ends in the same bytes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from scenario_example import Sampler
from scenario_example import scenarios as example

from tsgan import scenario_requests
from tsgan.cli.common import reports_errors
from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import Written, write_scenarios
from tsgan.scenario_journal import ENDING, Journal, read_kept
from tsgan.scenario_requests import WriteRequest
from tsgan.scenarios import Scenarios

PATHS, HORIZON = 40, 30
NAMES = ["x.parquet", "x.csv", "x.npy"]
REQUEST = WriteRequest(PATHS, HORIZON, resume=True, identity={"seed": 3})


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario_requests, "ROWS_AT_ONCE", 6 * HORIZON)


def interrupt(path: Path, at: int, request: WriteRequest = REQUEST) -> int:
    """Interrupt a writing before a path; return how many paths are kept."""
    source = Sampler(HORIZON, request.assets, request.bars, fails_at=at)
    with pytest.raises(KeyboardInterrupt) as caught:
        write_scenarios(path, source, request)
    kept = path.with_name(path.name + ENDING)
    if not kept.exists():
        assert not hasattr(caught.value, "__notes__")
        return 0
    paths = read_kept(kept)[1]
    note = f"{paths:,} paths are kept in {kept}; add --resume to go on"
    assert caught.value.__notes__ == [note]
    return paths


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize(("assets", "bars"), [(1, 0), (3, 0), (1, 3), (1, 4)])
def test_going_on_ends_in_the_same_file(
    tmp_path: Path, name: str, shape: Any, assets: int, bars: int
) -> None:
    if shape == "wide" and (assets > 1 or name == "x.npy"):
        return
    request = replace(REQUEST, shape=shape, assets=assets, bars=bars)
    whole, path = tmp_path / f"whole-{name}", tmp_path / name
    write_scenarios(whole, Sampler(HORIZON, assets, bars), replace(request, resume=False))
    kept = 0
    for at in (17, 33):
        before, kept = kept, interrupt(path, at, request)
        assert before < kept <= at and not path.exists()
    source = Sampler(HORIZON, assets, bars)
    assert write_scenarios(path, source, request) == Written(PATHS, kept)
    assert set(source.sampled) == {*range(kept, PATHS), 0}  # path 0 is compared
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == [whole.name, name]


def test_command_says_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @reports_errors
    def command() -> None:
        write_scenarios(tmp_path / "x.csv", Sampler(HORIZON, fails_at=33), REQUEST)

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 130
    kept = f"24 paths are kept in {tmp_path}/x.csv.partial; add --resume to go on"
    said = f"tsgan: interrupted; nothing was left half written; {kept}\n"
    assert capsys.readouterr().err == said


def test_nothing_is_left_where_nothing_was_sampled(tmp_path: Path) -> None:
    assert interrupt(tmp_path / "x.csv", 0) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("large", [False, True])
def test_large_files_keep_their_paths_unasked(
    tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(scenario_requests, "KEPT_RETURNS", PATHS * HORIZON)
    assert interrupt(tmp_path / "x.csv", 33, replace(REQUEST, resume=False)) == 24 * large
    assert len(list(tmp_path.iterdir())) == large


def test_of_many_that_begin_at_once_one_writes(tmp_path: Path) -> None:
    """Each looks whether there is a kept file before any has made one."""
    for attempt in range(20):
        path, together = tmp_path / f"{attempt}.partial", threading.Barrier(6)
        journals, refused = list[Journal](), list[str]()

        def begin(path=path, together=together, journals=journals, refused=refused) -> None:
            together.wait()
            try:
                journals.append(Journal(path, REQUEST))
            except ConfigError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=begin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(journals) == 1 and len(refused) == 5
        assert all("another process is writing these paths" in text for text in refused)
        journals[0].close(done=True)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_kept_in_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder.partial"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"folder.partial: expected what an interrupted tsgan"):
        Journal(folder, REQUEST)
    with pytest.raises(DataError, match=r"^cannot write .*x.partial: no such file"):
        Journal(tmp_path / "nowhere" / "x.partial", REQUEST)


def test_an_empty_file_is_what_a_kill_can_leave(tmp_path: Path) -> None:
    (tmp_path / "x.npy.partial").touch()
    done = write_scenarios(f"{tmp_path}/x.npy", Sampler(HORIZON), REQUEST)
    assert done.reused == 0 and not (tmp_path / "x.npy.partial").exists()


def test_a_link_to_nothing_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "link.partial"
    link.symlink_to(tmp_path / "there")
    journal = Journal(link, REQUEST)
    assert journal.paths == 0 and (tmp_path / "there").exists()
    journal.close(done=True)


def test_file_that_is_another_each_time_is_given_up(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os.path, "samestat", lambda *_: False)
    with pytest.raises(DataError, match=r"becomes another file each time that it is opened"):
        Journal(tmp_path / "x.partial", REQUEST)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no open file")
def test_it_is_removed_before_another_can_have_it(tmp_path: Path, monkeypatch) -> None:
    path, seen = tmp_path / "x.partial", list[bool]()
    journal, close = Journal(path, REQUEST), FileIO.close

    class Watched(FileIO):
        def close(self) -> None:
            seen.append(path.exists())
            close(self)

    with journal._file as whole:
        journal._file = Watched(os.dup(whole.fileno()), "r+b")
        journal.close(done=True)
    assert seen[0] is False


def test_leftovers_are_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    interrupt(path, 33)
    before = path.with_name("x.npy.partial").read_bytes()
    for request, message in (
        (replace(REQUEST, resume=False), "add --resume to go on, or delete the file"),
        (replace(REQUEST, identity={"seed": 4}), "its seed is 3, not 4"),
        (replace(REQUEST, paths=PATHS + 1), "its paths is 40, not 41"),
    ):
        with pytest.raises(ConfigError, match=rf"x\.npy\.partial: .*{message}"):
            write_scenarios(path, Sampler(HORIZON), request)
        assert path.with_name("x.npy.partial").read_bytes() == before


def test_paths_of_another_model_are_refused(tmp_path: Path) -> None:
    def other(paths: range) -> Iterator[Scenarios]:
        for group in Sampler(HORIZON)(paths):
            yield replace(group, log_returns=group.log_returns * 1.0001)

    interrupt(tmp_path / "x.npy", 33)
    with pytest.raises(ConfigError, match=r"partial: expected paths of this model and seed"):
        write_scenarios(tmp_path / "x.npy", other, REQUEST)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npy.partial"]


@pytest.mark.parametrize("data", [b"mine", b"tsgan-1\n" + b"\xff" * 40, b"\0" * 99])
def test_other_files_of_that_name_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.npy.partial").write_bytes(data)
    with pytest.raises(ConfigError, match=r"x\.npy\.partial: .*found something else"):
        write_scenarios(tmp_path / "x.npy", Sampler(HORIZON), REQUEST)
    assert (tmp_path / "x.npy.partial").read_bytes() == data


def reopened(kept: Path) -> int:
    journal = Journal(kept, REQUEST)
    journal.close(done=False)
    return journal.paths


def test_only_paths_that_the_disk_has_are_trusted(tmp_path: Path) -> None:
    kept = tmp_path / "x.npy.partial"
    journal = Journal(kept, REQUEST)
    journal.append(example(range(8), HORIZON))
    journal.flush()
    journal.append(example(range(8, 13), HORIZON))  # not waited for
    journal._file.close()
    assert reopened(kept) == 8
    kept.write_bytes(kept.read_bytes()[: -HORIZON * 8 * 2 - 1])
    assert reopened(kept) == 5
    assert interrupt(tmp_path / "x.npy", 33) == 30  # pieces do not begin at path 5
    assert write_scenarios(tmp_path / "x.npy", Sampler(HORIZON), REQUEST).reused == 30
    assert np.array_equal(np.load(tmp_path / "x.npy"), example(range(PATHS), HORIZON).log_returns)


KILLED = """
import sys, time
from pathlib import Path
from scenario_example import Sampler
from tsgan import scenario_journal, scenario_requests
from tsgan.scenario_files import write_scenarios
scenario_journal.FLUSHED = 1
scenario_requests.ROWS_AT_ONCE = 180
class Slow(Sampler):
    def __call__(self, paths):
        for group in super().__call__(paths):
            yield group
            time.sleep(0.05)
            print(group.numbers[-1], flush=True)
request = scenario_requests.WriteRequest(2_000, 30, resume=True, partition=eval(sys.argv[2]))
write_scenarios(sys.argv[1], Slow(30), request)
"""


@pytest.mark.parametrize(("name", "partition"), [("x.csv", None), ("out", 10)])
def test_killed_writing_goes_on(tmp_path: Path, name: str, partition: int | None) -> None:
    arguments = [sys.executable, "-c", KILLED, str(tmp_path / name), str(partition)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 60:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "x.csv").exists()
    source = Sampler(30)
    request = WriteRequest(2_000, 30, resume=True, partition=partition)
    done = write_scenarios(tmp_path / name, source, request)
    assert 30 <= done.reused < 2_000
    assert min(set(source.sampled) - {0}) <= done.reused
    left = sorted(file.name for file in (tmp_path / ("out" if partition else "")).iterdir())
    assert [file for file in left if file.startswith(".")] == []
    assert left == ["x.csv"] if partition is None else len(left) == 202


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", [*NAMES, "out/"])
def test_disk_that_gets_full_is_told(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise FULL

    for sink in ("ParquetSink", "CsvSink", "ArraySink"):
        original = getattr(__import__("tsgan.scenario_sinks", fromlist=[sink]), sink).write

        def write(self: object, group: Scenarios, original: Any = original) -> None:
            (full if group.numbers[0] > 20 else original)(self, group)

        monkeypatch.setattr(f"tsgan.scenario_sinks.{sink}.write", write)
    request = replace(REQUEST, partition=10 if name == "out/" else None)
    with pytest.raises(DataError) as caught:
        write_scenarios(f"{tmp_path}/{name}", Sampler(HORIZON), request)
    message = str(caught.value)
    assert message.startswith(f"cannot write {tmp_path}/{name}: No space left on device, of about")
    assert "free some space" in message and "add --resume to go on" in message
    assert not (tmp_path / "x.csv").exists()
    monkeypatch.undo()
    monkeypatch.setattr(scenario_requests, "ROWS_AT_ONCE", 6 * HORIZON)
    done = write_scenarios(f"{tmp_path}/{name}", Sampler(HORIZON), request)
    assert done.reused >= (20 if name == "out/" else 24)


@pytest.mark.parametrize("name", [*NAMES, "out/"])
def test_small_disk_gets_full(tmp_path: Path, name: str) -> None:
    """The real thing, where one may mount a small disk; estimates are turned off."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights to")
    try:
        request = WriteRequest(900, 300, partition=20 if name == "out/" else None)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tsgan.scenario_files.demand_room", lambda *_: None)
            with pytest.raises(DataError, match="No space left on device, of about") as caught:
                write_scenarios(f"{tmp_path}/{name}", Sampler(300), request)
        assert "free some space" in str(caught.value)
        left = [file for file in tmp_path.rglob("*") if file.is_file()]
        for file in left:
            assert file.suffix == ".parquet" or file.name == "_request.json", file
            assert file.stat().st_size > 0
        assert bool(left) == (name == "out/")
        with pytest.raises(ConfigError, match=r"expected room for about \d+ MB, the disk has"):
            write_scenarios(f"{tmp_path}/y.csv", Sampler(300), WriteRequest(900, 300))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
