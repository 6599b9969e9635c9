"""Threads finish when they like; what they make comes in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from tsgan.workers import in_order


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    running = threading.active_count()
    yield
    assert torch.get_num_threads() == 2 and threading.active_count() == running
    torch.set_num_threads(before)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_order_is_that_of_the_tasks(workers: int) -> None:
    def late(task: int) -> tuple[int, int]:
        time.sleep(0.003 * (task % 3 == 0))
        return task, torch.get_num_threads()

    assert list(in_order(late, range(20), workers)) == [(task, 1) for task in range(20)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_is_computed_than_may_wait(workers: int) -> None:
    begun = []
    made = in_order(begun.append, range(100), workers)
    for taken in range(1, 10):
        next(made)
        time.sleep(0.01)
        assert len(begun) <= taken + workers + 1


def test_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=20)
    assert sorted(in_order(lambda _: meeting.wait(), range(2), 2)) == [0, 1]


@pytest.mark.parametrize("workers", [1, 2])
def test_error_reaches_the_caller(workers: int) -> None:
    def fails(task: int) -> int:
        if task == 3:
            raise ValueError("the third")
        return task

    made = in_order(fails, range(100), workers)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(made)


def test_caller_may_leave_early() -> None:
    begun, go = [], threading.Event()

    def waits(task: int) -> None:
        begun.append(task)
        if task:
            go.wait(20)

    made = in_order(waits, iter(range(10**9)), 2)
    next(made)
    while len(begun) < 3:
        time.sleep(0.001)
    threading.Timer(0.3, go.set).start()  # while what runs is waited for
    made.close()
    assert begun == [0, 1, 2]


def test_later_threads_have_as_many_as_before() -> None:
    list(in_order(str, range(5), 2))
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [2]
