"""A task for one of many processes, and what came of it.

Work is a function of one value, the task, that carries what all tasks share; both travel to other
processes, and what it returns travels back. A task may be done again where its process is lost, so
its work must come to the same when it is.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Generic, Protocol, TypeVar

from tsgan.errors import TsganError

Task = TypeVar("Task")
Made = TypeVar("Made")

RETRIES = 2
"""How often a task is done again after its process was lost."""

GRACE = 60.0
"""Seconds that tasks get to save their state, once they are told to stop."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Outcome(Generic[Task, Made]):
    """What came of a task.

    Attributes:
        task: as it was given.
        made: what its work returned; None where it failed.
        error: why it failed; None where it did not.
        seconds: that the work took, at its last try.
        stopped: it was told to stop before its end.
        lost: processes that it has cost before, as far as it is known.
    """

    task: Task
    made: Made | None
    error: TsganError | None
    seconds: float = 0.0
    stopped: bool = False
    lost: int = 0


class Workers(Protocol):
    """Processes that do tasks.

    Attributes:
        described: what they are, in words.
    """

    described: str

    @property
    def count(self) -> int:
        """Return how many tasks are done at a time, as far as it is known."""

    def outcomes(
        self, work: Callable[[Task], Made], tasks: Iterable[Task]
    ) -> Generator[Outcome[Task, Made], None, None]:
        """Yield what comes of each task, in the order in which they end.

        A few tasks are taken ahead, so that memory does not grow with their number. A task whose
        process is lost is done again, ``RETRIES`` times at most; one that fails stops no other.
        When the iterator is closed, tasks that run are told to stop, and waited for.
        """


def perform(work: Callable[[Task], Made], task: Task) -> Outcome[Task, Made]:
    """Do one task in this process, on one thread; nothing is raised."""
    began = time.monotonic()

    def ended(made: Made | None, error: TsganError | None) -> Outcome[Task, Made]:
        return Outcome(task, made, error, time.monotonic() - began)

    try:
        with _raising(), _one_thread():
            return ended(work(task), None)
    except TsganError as error:
        return ended(None, _bare(error))
    except KeyboardInterrupt:
        return Outcome(task, None, TsganError("told to stop"), time.monotonic() - began, True)
    except Exception as error:
        return ended(None, TsganError(f"{_said(error)}, on {socket.gethostname()}"))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread within the block; it is not loaded for that."""
    if "torch" not in sys.modules:
        yield
        return
    from tsgan.device import threads

    with threads(1):
        yield


def _bare(error: TsganError) -> TsganError:
    """Return an error that can travel, without what it came of."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
    return error


def _said(error: Exception) -> str:
    last, place = error.__traceback__, "?"
    while last is not None:
        place = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}"
        last = last.tb_next
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({place})"


def lost(task: Task, reason: str = "") -> Outcome[Task, Made]:
    """Return the outcome of a task whose process was lost each time."""
    why = f" ({reason})" if reason else ""
    error = TsganError(
        f"expected a process that ends by itself, lost {RETRIES + 1} of them{why}; a "
        "process that the system ends is most often short of memory: give each more, or use fewer "
        "--workers; what it printed itself stands above"
    )
    return Outcome(task, None, error)


@contextmanager
def _raising() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C would, so that files in the making are removed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled({signal.SIGTERM: interrupt}):
        yield


@contextmanager
def told_to_stop() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C and SIGTERM within the block; what is yielded says whether one has come."""
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    with _handled(dict.fromkeys(_SIGNALS, note)):
        yield lambda: bool(caught)


@contextmanager
def _handled(
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]],
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(TypeError):  # one that was not set from Python
                signal.signal(number, handler)
