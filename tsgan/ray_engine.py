"""Tasks on a Ray cluster: one that runs, or one of this machine's processors that is begun here."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from tsgan.errors import ConfigError, TsganError
from tsgan.tasks import GRACE, RETRIES, Made, Outcome, Task, lost, perform

AHEAD = 2
"""Tasks that are handed over for each processor, so that none of them waits."""

REACHED = 5.0
"""Seconds after which an address that does not answer cannot be reached."""


@contextmanager
def ray_workers(address: str | None, count: int | None) -> Iterator[RayWorkers]:
    """Connect to a cluster for the length of the block.

    Args:
        address: of the cluster, such as ``10.0.0.1:6379``, ``ray://10.0.0.1:10001`` or ``auto``;
            default: that in the variable ``RAY_ADDRESS``, or else this machine's.
        count: most tasks at a time; default: as many as the cluster has processors.

    Raises:
        ConfigError: Ray is not installed, or the address not reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "engine: expected the package ray, it is not installed; install it with "
            "pip install 'tsgan[ray]', or use --engine local"
        ) from None
    own = not ray.is_initialized()
    if own:
        _connect(ray, address or os.environ.get("RAY_ADDRESS"), count)
    try:
        yield RayWorkers(ray, count)
    finally:
        if own:
            ray.shutdown()


def _connect(ray: Any, address: str | None, count: int | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    here = {"include_dashboard": False, "num_cpus": count}
    try:
        if address is None or address == "local":
            ray.init(address="local", **here, **quiet)
            return
        _demand_answer(address)
        ray.init(address=address, **quiet)
    except Exception as error:  # Ray has many, and some are no more than this
        where = "a cluster on this machine" if address is None else f"a cluster at {address}"
        said = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"engine: expected {where}, it cannot be reached ({said or type(error).__name__}); "
            "check --address and that ray start has been run there with the same version of Ray, "
            "or use --engine local"
        ) from error


def _demand_answer(address: str) -> None:
    """Raise OSError unless somebody answers; Ray itself tries for long, and ends the process."""
    found = re.fullmatch(r"(?:ray://)?\[?([^/\]]+?)\]?:(\d{1,5})(?:/.*)?", address)
    if found is not None:
        try:
            socket.create_connection((found[1], int(found[2])), REACHED).close()
        except OverflowError as error:
            raise OSError(str(error)) from error


class RayWorkers:
    """The processors of a cluster that this process is connected to.

    Args:
        ray: the package.
        limit: most tasks at a time.
    """

    def __init__(self, ray: Any, limit: int | None) -> None:
        self._ray, self._limit = ray, limit
        nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        what = "1 machine" if nodes == 1 else f"{nodes:,} machines"
        self.described = f"a Ray cluster of {what}, {self._processors()} processors"

    @property
    def count(self) -> int:
        """Return the number of processors now, or the limit."""
        there = self._processors()
        return there if self._limit is None else min(there, self._limit)

    def _processors(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def outcomes(
        self, work: Callable[[Task], Made], tasks: Iterable[Task]
    ) -> Generator[Outcome[Task, Made], None, None]:
        """Yield what comes of each task, see ``Workers``."""
        ray, left = self._ray, iter(tasks)
        shared = ray.put(work)  # once, however many tasks there are
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(perform_beside)
        folder = Path.cwd()
        running: dict[Any, tuple[Task, int]] = {}
        try:
            while True:
                # a cluster may have grown since
                most = self._limit or AHEAD * self._processors()
                for task in islice(left, max(0, most - len(running))):
                    running[remote.remote(folder, shared, task)] = task, 0
                if not running:
                    return
                done, _ = ray.wait(list(running), num_returns=1)
                for each in done:
                    task, stops = running.pop(each)
                    outcome = self._outcome(each, task)
                    if outcome.stopped and stops < RETRIES:  # by others: its machine is taken away
                        running[remote.remote(folder, shared, task)] = task, stops + 1
                    else:
                        yield outcome
        finally:
            self._cancel(list(running))

    def _outcome(self, reference: Any, task: Any) -> Outcome[Any, Any]:
        ray = self._ray
        try:
            found: Outcome[Any, Any] = ray.get(reference)
        except ray.exceptions.RayTaskError as error:  # the work itself raises nothing
            said = " ".join(str(error.cause).split())
            return Outcome(
                task,
                None,
                TsganError(
                    f"expected workers that can do a task of tsgan, got {said}; install the same "
                    "version of tsgan and Python on each machine of the cluster"
                ),
            )
        except ray.exceptions.RayError as error:
            return lost(task, " ".join(str(error).split())[:200])
        return found

    def _cancel(self, running: list[Any]) -> None:
        """Tell tasks to stop, and wait a while."""
        if not running:
            return
        for each in running:
            with suppress(Exception):
                self._ray.cancel(each)
        with suppress(KeyboardInterrupt):
            self._ray.wait(running, num_returns=len(running), timeout=GRACE)


def perform_beside(folder: Path, work: Callable[[Task], Made], task: Task) -> Outcome[Task, Made]:
    """Do one task in the folder of whom it is done for, where this machine sees that folder."""
    with suppress(OSError):
        os.chdir(folder)
    return perform(work, task)
