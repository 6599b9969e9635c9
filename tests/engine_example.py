"""Work for the tests of engines, which other processes import: nothing heavy."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsgan.errors import DataError
from tsgan.tasks import Outcome, perform, told_to_stop

BAD, BROKEN, KILLED, CURSED, SLOW = -1, -2, -3, -4, -5
"""Tasks with a story; all others are squared."""


@dataclass(frozen=True)
class Work:
    """Squares numbers, and leaves a file in ``folder`` at each try."""

    folder: Path

    def __call__(self, task: int) -> tuple[int, int, str]:
        tries = len(list(self.folder.glob(f"try-{task}-*")))
        (self.folder / f"try-{task}-{tries}").touch()
        if task == BAD:
            raise DataError("bad.csv, line 3: expected a number, found 'x'")
        if task == BROKEN:
            raise ZeroDivisionError("by\nnothing")
        if task == CURSED or (task == KILLED and tries == 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if task == SLOW:
            self.wait()
        return task**2, os.getpid(), os.environ.get("OMP_NUM_THREADS", "")

    def wait(self) -> None:
        """Wait to be told to stop, then save."""
        with told_to_stop() as stop:
            while not stop():
                time.sleep(0.01)
        (self.folder / "saved").touch()
        raise KeyboardInterrupt

    def tries(self, task: int) -> int:
        return len(list(self.folder.glob(f"try-{task}-*")))


@dataclass(frozen=True)
class KilledOnce:
    """A source of scenarios, whose process is lost in the middle of one file, the first time."""

    source: Callable[[range], Iterable[Any]]
    at: int
    marker: Path

    def __call__(self, block: range) -> Iterator[Any]:
        import tsgan.scenario_requests

        before = tsgan.scenario_requests.ROWS_AT_ONCE
        tsgan.scenario_requests.ROWS_AT_ONCE = 1  # each path is written when it is there
        try:
            for group in self.source(block):
                half = max(1, len(group.numbers) // 2)
                yield from self.halves(group, half, block)
        finally:  # other tests have the same processes
            tsgan.scenario_requests.ROWS_AT_ONCE = before

    def halves(self, group: Any, half: int, block: range) -> Iterator[Any]:
        from tsgan.scenario_groups import cut

        yield cut(group, 0, half)
        if block.start == self.at and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if half < len(group.numbers):
            yield cut(group, half, len(group.numbers))


class Inline:
    """Workers that are this process: what is not about processes is quick with them."""

    described = "this process"
    count = 2

    def outcomes(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Outcome]:
        for task in tasks:
            yield perform(work, task)


@contextmanager
def inline(engine: object) -> Iterator[Inline]:
    """Give these workers in the place of ``tsgan.engines.opened``."""
    yield Inline()
