"""Several threads, and yet what they make comes in order, a bounded number of pieces at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from tsgan.device import threads

Task = TypeVar("Task")
Made = TypeVar("Made")


def in_order(
    compute: Callable[[Task], Made], tasks: Iterable[Task], workers: int
) -> Iterator[Made]:
    """Yield what becomes of each task; torch uses one thread for each of ``workers``.

    Of what is computed, ``workers + 1`` wait at most while the caller is busy.
    """
    if workers == 1:
        for task in tasks:
            with threads(1):
                made = compute(task)
            yield made
        return
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, "sampler", torch.set_num_threads, (1,))
    waiting: deque[Future[Made]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(compute, task))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # which the threads have set for all that come later
