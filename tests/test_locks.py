"""One process writes to a directory at a time, and a lock ends with the process that has it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny
import torch

from tsgan import TimeSeriesGAN, checkpoint, locks
from tsgan.errors import ConfigError, DataError
from tsgan.locks import LOCK, alone

HOLDER = """
import sys, time
from pathlib import Path
from tsgan.locks import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to ``directory``; it is killed at the end."""
    program = [sys.executable, "-c", HOLDER, str(directory)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def in_thread(directory: Path) -> str:
    """Return how ``alone`` refuses another thread, "" if it does not."""
    said: list[str] = []

    def work() -> None:
        try:
            with alone(directory):
                said.append("")
        except ConfigError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return said[0]


def test_lock_is_of_one_thread_and_leaves_nothing(tmp_path: Path) -> None:
    with alone(tmp_path):
        assert (tmp_path / LOCK).is_file()
        with alone(tmp_path), alone(tmp_path / "." / ".." / tmp_path.name):
            refused = in_thread(tmp_path)
            assert refused.startswith(f"{tmp_path}: process {os.getpid()} on ")
            assert refused.endswith("wait until that has ended, or choose another place")
        assert in_thread(tmp_path), "the end of an inner block gave the lock away"
    assert list(tmp_path.iterdir()) == []
    assert in_thread(tmp_path) == ""


def test_lock_names_its_process_and_ends_with_it(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(ConfigError, match=f"process {process.pid} on "), alone(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / LOCK).exists()
        with alone(tmp_path):
            assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()} on")
    assert list(tmp_path.iterdir()) == []


def test_threads_are_never_two_at_once(tmp_path: Path) -> None:
    inside, most, done = [0], [0], [0]

    def work() -> None:
        while done[0] < 40:
            try:
                with alone(tmp_path):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    done[0] += 1
                    inside[0] -= 1
            except ConfigError:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] and list(tmp_path.iterdir()) == []


def test_lock_file_that_is_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, calls = locks.lock, []

    def removed_first(descriptor: int) -> bool | None:
        if not calls:
            (tmp_path / LOCK).unlink()  # by the process that had it
        calls.append(descriptor)
        return lock(descriptor)

    monkeypatch.setattr(locks, "lock", removed_first)
    with alone(tmp_path):
        assert len(calls) == 2 and in_thread(tmp_path)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_file_system_without_locks_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    with alone(tmp_path):
        assert in_thread(tmp_path) == ""
    checkpoint.write_model(tmp_path, {"a": torch.zeros(2)}, {})
    assert {path.name for path in tmp_path.iterdir()} == {checkpoint.MANIFEST, checkpoint.WEIGHTS}


def test_lock_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a stand-in goes: bytes that are never written, released with the file."""
    held: dict[str, int] = {}

    def locking(descriptor: int, mode: int, count: int) -> None:
        name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        assert (mode, count) == (2, 1) and os.lseek(descriptor, 0, os.SEEK_CUR) == 1 << 30
        if name in held:
            raise PermissionError(errno.EACCES, "Permission denied")
        held[name] = descriptor

    close = os.close

    def closing(descriptor: int) -> None:
        for name in [name for name, own in held.items() if own == descriptor]:
            del held[name]
        close(descriptor)

    monkeypatch.setattr(
        locks, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2), raising=False
    )
    monkeypatch.setattr("os.close", closing)
    monkeypatch.setattr("sys.platform", "win32")
    with alone(tmp_path):
        assert f"process {os.getpid()}" in in_thread(tmp_path)
        assert (tmp_path / LOCK).stat().st_size < 200
    assert held == {} and list(tmp_path.iterdir()) == []


def test_place_without_room_for_a_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    with pytest.raises(DataError, match=rf"cannot write to {tmp_path}: .*choose another place"):
        TimeSeriesGAN(tiny.config(1)).fit(tiny.prices(), directory=tmp_path)
    with pytest.raises(DataError, match="cannot write to"), alone(tmp_path / "missing"):
        pass


@pytest.fixture
def busy(model_directory: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of a model that another process writes to."""
    model = tmp_path / "model"
    model.mkdir()
    for file in model_directory.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    with holder(model) as process:
        (tmp_path / "pid").write_text(str(process.pid))
        yield model


def test_second_writer_is_refused_in_one_line_and_readers_are_not(
    busy: Path, price_file: Path, tmp_path: Path, tiny_defaults: None
) -> None:
    pid, before = (tmp_path / "pid").read_text(), tiny.contents(busy)
    for arguments in (
        ("fit", price_file, "--out", busy, "--overwrite", "--steps", 3),
        ("fit-images", "sample", "--out", busy, "--overwrite", "--steps", 1),
    ):
        result = tiny.command(*arguments)
        line = result.stderr.splitlines()[-1]
        assert result.exit_code == 1 and "Training" not in result.stdout, result.output
        assert line.startswith(f"tsgan: {busy}: process {pid} on ") and "wait until" in line
    with pytest.raises(ConfigError, match=f"process {pid}"):
        TimeSeriesGAN.load(busy).save(busy)
    assert tiny.contents(busy) == before
    out = tmp_path / "x.npy"
    assert tiny.command("info", busy).exit_code == 0
    asked = ("--paths", 2, "--horizon", 3, "--out", out)
    assert tiny.command("generate", busy, *asked).exit_code == 0 and out.is_file()


def test_second_writer_of_scenarios_is_refused(
    model_directory: Path, tmp_path: Path, tiny_defaults: None
) -> None:
    (tmp_path / "parts").mkdir()
    asked = ("--paths", 2, "--horizon", 3, "--partition", 1, "--out", tmp_path / "parts")
    with holder(tmp_path / "parts") as process:
        result = tiny.command("generate", model_directory, *asked)
        tiny.demand_refusal(result, f"process {process.pid} on ", "wait until")
    assert tiny.command("generate", model_directory, *asked).exit_code == 0
