"""Tasks on processes of this machine, each of which is replaced alone when it is lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic

from tsgan.errors import TsganError
from tsgan.tasks import GRACE, RETRIES, Made, Outcome, Task, lost, perform

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that libraries of linear algebra take the number of their threads from."""


class LocalWorkers:
    """Processes of this machine, one thread each.

    They are started anew, not forked: a script that uses them is read by each, and begins its own
    work under ``if __name__ == "__main__":``.

    Args:
        count: how many; default: one for each processor that this process may use.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or _processors()
        what = "1 process" if self._count == 1 else f"{self._count:,} processes"
        self.described = f"{what} of this machine"

    @property
    def count(self) -> int:
        """Return the number of processes."""
        return self._count

    def outcomes(
        self, work: Callable[[Task], Made], tasks: Iterable[Task]
    ) -> Generator[Outcome[Task, Made], None, None]:
        """Yield what comes of each task, see ``Workers``."""
        left = iter(tasks)
        again: deque[_Try[Task]] = deque()
        idle: list[_Seat] = [_Seat(work) for _ in range(self._count)]
        running: dict[Future[Any], tuple[_Seat, _Try[Task]]] = {}
        try:
            while True:
                while idle and (one := again.popleft() if again else _next(left)) is not None:
                    seat = idle.pop()
                    running[seat.submit(one.task)] = seat, one
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    seat, one = running.pop(future)
                    idle.append(seat)
                    outcome = seat.outcome(future, one)
                    if outcome is not None:
                        yield outcome
                    else:
                        again.append(_Try(one.task, one.lost + 1))
        finally:
            _end([seat for seat, _ in running.values()], list(running), idle)


@dataclass(frozen=True)
class _Try(Generic[Task]):
    """A task, and how many processes it has lost."""

    task: Task
    lost: int = 0


def _next(tasks: Iterator[Task]) -> _Try[Task] | None:
    for task in tasks:
        return _Try(task)
    return None


class _Seat:
    """The place of one process, which is started when it is needed, and again when it is lost."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._pool: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None

    def submit(self, task: Any) -> Future[Any]:
        """Begin a task, in a new process where the old one was lost meanwhile."""
        if self._pool is not None:
            with suppress(BrokenProcessPool):
                return self._pool.submit(_do, task)
            self.close()
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _begin, (self._work,))
        self._pid = self._pool.submit(os.getpid)
        return self._pool.submit(_do, task)

    def outcome(self, future: Future[Any], one: _Try[Task]) -> Outcome[Task, Any] | None:
        """Return what came of a task that ended, None where it is to be done again."""
        try:
            found: Outcome[Task, Any] = future.result()
        except BrokenProcessPool:
            self.close()
            return None if one.lost < RETRIES else lost(one.task)
        except Exception as error:  # of a task, or of what it made, that cannot travel
            reason = " ".join(str(error).split())
            told = f"expected a task that can travel to a process, and its result back: {reason}"
            return Outcome(one.task, None, TsganError(told))
        if found.stopped and one.lost < RETRIES:  # not by this one, which still waits for it
            return None
        return replace(found, lost=one.lost)

    def tell(self, number: int) -> None:
        """Send the process a signal."""
        with suppress(Exception):
            assert self._pid is not None
            os.kill(self._pid.result(GRACE), number)

    def close(self) -> None:
        """Let the process end."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._pid = None


def _end(busy: list[_Seat], running: list[Future[Any]], idle: list[_Seat]) -> None:
    """Tell tasks to stop, wait a while, and end all processes."""
    try:
        for seat in busy:
            seat.tell(signal.SIGTERM)
        late = wait(running, GRACE).not_done
    except KeyboardInterrupt:  # once more: now
        late = {future for future in running if not future.done()}
    for seat, future in zip(busy, running, strict=True):
        if future in late:
            seat.tell(getattr(signal, "SIGKILL", signal.SIGTERM))
    for seat in (*busy, *idle):
        seat.close()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_work: Callable[[Any], Any] | None = None
_busy = threading.Event()


def _begin(work: Callable[[Any], Any]) -> None:
    """Make a new process ready: one thread, deaf to Ctrl-C, of which the first process tells it."""
    global _work
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _work = work


def _do(task: Any) -> Outcome[Any, Any]:
    assert _work is not None
    _busy.set()
    try:
        return perform(_work, task)
    finally:
        _busy.clear()


def _follow_parent() -> None:
    """End when the first process has ended, however it did."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    while _busy.is_set():
        time.sleep(0.1)
    os._exit(1)
