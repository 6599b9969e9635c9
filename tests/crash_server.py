"""Commands of tsgan in processes of their own, killed at any moment, for the price of a fork.

``Server`` starts this file as a program, which imports everything once and stays single-threaded;
each command runs in a fork of it. What a command does to the files of its folder are moments:
before each of them it can be killed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = (
    *("tsgan.judge", "tsgan.report", "tsgan.scenario_files", "tsgan.backtesters"),
    *("tsgan.cli.app", "tsgan.cli.progress", "tsgan.cli.tables", "tsgan.cli.contestants"),
    *("tsgan.images.model", "tsgan.images.assessment", "matplotlib.backends.backend_agg"),
    *("torch._dynamo", "matplotlib.figure"),
)
WATCHED = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "open"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus a signal; seconds; what it said; moments."""

    code: int
    seconds: float
    processor_seconds: float
    said: str
    moments: tuple[str, ...]


class Server:
    """A process that runs commands.

    Args:
        patches: assignments such as ``("tsgan.fitted.CALIBRATION_PATHS", 8)``.
    """

    def __init__(self, patches: Sequence[tuple[str, Any]] = ()) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(list(patches))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "MPLBACKEND": "agg"},
        )
        self._answer()

    def run(
        self,
        folder: Path,
        *arguments: object,
        after: float | None = None,
        at: int | None = None,
        number: int = signal.SIGKILL,
        largest: int | None = None,
    ) -> Ended:
        """Run ``tsgan`` with ``arguments`` in ``folder``.

        Args:
            folder: where it works, and whose files are watched.
            arguments: of the command.
            after: seconds until the signal is sent, None for never.
            at: moment before which the process sends the signal to itself, from 0.
            number: of the signal.
            largest: bytes that a file may have, as on a disk that is full.
        """
        asked = {
            "folder": str(folder),
            "arguments": [str(argument) for argument in arguments],
            "after": after,
            "at": at,
            "number": int(number),
            "largest": largest,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        found = self._answer()
        return Ended(
            found["code"], found["seconds"], found["cpu"], found["said"], tuple(found["moments"])
        )

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the server of crashes has ended"
        return dict(json.loads(line))


def serve(patches: Sequence[tuple[str, Any]]) -> None:
    """Answer each line of stdin with one of stdout."""
    import tiny

    for module in MODULES:
        importlib.import_module(module)
    for owner, name, value in tiny.defaults():
        setattr(owner, name, value)
    for place, value in patches:
        module, _, name = place.rpartition(".")
        setattr(importlib.import_module(module), name, value)
    _shorten()
    import torch

    torch.set_num_threads(1)
    assert threading.active_count() == 1, "a fork has one thread alone"
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _shorten() -> None:
    """Leave out what computes or draws for long and writes nothing."""
    from evaluation_example import example_evaluation

    found = example_evaluation(50)
    for module, name in (("tsgan.judge", "evaluate_model"), ("tsgan.evaluation", "evaluate")):
        setattr(importlib.import_module(module), name, lambda *_, **__: found)
    small = importlib.import_module("matplotlib.figure").Figure
    importlib.import_module("tsgan.judge").training_figure = lambda *_: small((1, 1))
    importlib.import_module("tsgan.report")._pictures = lambda *_: iter(())


def _forked(asked: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _command(asked, writing)
    os.close(writing)
    if asked["after"] is not None:
        time.sleep(max(0.0, asked["after"] - (time.monotonic() - started)))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, asked["number"])
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status, used = os.wait4(child, 0)
    said, _, moments = said.partition("\0")
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "said": said,
        "moments": json.loads(moments or "[]"),
    }


def _command(asked: dict[str, Any], pipe: int) -> None:
    """Be the command; never return."""
    code = 99
    moments: list[str] = []
    try:
        os.chdir(asked["folder"])
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(pipe, 2)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
        if asked["largest"] is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest"],) * 2)
        _watch(asked["folder"], asked["at"], asked["number"], moments)
        sys.argv = ["tsgan", *asked["arguments"]]
        importlib.import_module("tsgan.cli.app").main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os.write(pipe, b"\0" + json.dumps(moments).encode())
        os._exit(code)


def _watch(folder: str, at: int | None, number: int, moments: list[str]) -> None:
    """Note what is done to the files of ``folder``; send the signal before moment ``at``."""
    inside = os.path.realpath(folder) + os.sep
    flush = os.fsync

    def note(what: str) -> None:
        moments.append(what)
        if len(moments) - 1 == at:
            os.kill(os.getpid(), number)

    def audit(event: str, found: tuple[Any, ...]) -> None:
        if event not in WATCHED or isinstance(found[0], int):
            return
        if event == "open" and not (isinstance(found[2], int) and found[2] & WRITING):
            return
        path = str(Path.cwd() / os.fsdecode(found[1 if event == "os.rename" else 0]))
        if path.startswith(inside):
            note(f"{event} {path.removeprefix(inside)}")

    def fsync(descriptor: int) -> None:
        note("fsync")
        flush(descriptor)

    os.fsync = fsync
    sys.addaudithook(audit)


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
