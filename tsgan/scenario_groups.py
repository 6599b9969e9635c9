"""Groups of scenarios: cut to pieces of even size, checked, and handed on ahead of their use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tsgan.errors import ConfigError
from tsgan.scenario_requests import WriteRequest
from tsgan.scenarios import Bars, Scenarios

Source: TypeAlias = Callable[[range], Iterable[Scenarios]]
"""Numbers of consecutive paths -> their scenarios, in groups, in order."""

WAITING = 2
"""Most pieces that wait to be written."""


def cut(group: Scenarios, first: int, last: int) -> Scenarios:
    """Return the paths at positions ``first`` to ``last``, the latter excluded; no copy."""
    chosen, bars = slice(first, last), group.bars
    if bars is not None:
        volume = None if bars.volume is None else bars.volume[chosen]
        bars = Bars(bars.open[chosen], bars.high[chosen], bars.low[chosen], volume)
    return replace(
        group, log_returns=group.log_returns[chosen], numbers=group.numbers[chosen], bars=bars
    )


def joined(groups: list[Scenarios]) -> Scenarios:
    """Return groups of the same model one below the other."""
    first = groups[0]
    if len(groups) == 1:
        return first
    bars = [group.bars for group in groups if group.bars is not None]
    volumes = [each.volume for each in bars if each.volume is not None]
    whole = None
    if bars:
        whole = Bars(
            open=np.concatenate([each.open for each in bars]),
            high=np.concatenate([each.high for each in bars]),
            low=np.concatenate([each.low for each in bars]),
            volume=np.concatenate(volumes) if volumes else None,
        )
    return replace(
        first,
        log_returns=np.concatenate([group.log_returns for group in groups]),
        numbers=np.concatenate([group.numbers for group in groups]),
        bars=whole,
    )


def pieces(
    groups: Iterable[Scenarios], wanted: range, request: WriteRequest, block: int
) -> Iterator[Scenarios]:
    """Cut groups anew: ``request.piece_paths`` at a time, none across a multiple of ``block``.

    Raises:
        ConfigError: the groups are not those of ``wanted``, or of another shape.
    """
    held: list[Scenarios] = []
    begin, end = wanted.start, wanted.start  # of what is held
    for group in groups:
        _demand_expected(group, end, wanted.stop, request)
        held.append(group)
        end += len(group.numbers)
        while end > begin:
            stop = min(begin + request.piece_paths, (begin // block + 1) * block, wanted.stop)
            if end < stop:
                break
            whole = joined(held)
            yield cut(whole, 0, stop - begin)
            held = [cut(whole, stop - begin, end - begin)] if end > stop else []
            begin = stop
    if end < wanted.stop:
        raise ConfigError(
            f"groups: expected {request.paths:,} paths, got {end - request.first:,}; pass them "
            "all, or ask for fewer"
        )


def _demand_expected(group: Scenarios, first: int, stop: int, request: WriteRequest) -> None:
    count = len(group.numbers)
    if not np.array_equal(group.numbers, np.arange(first, first + count)) or first + count > stop:
        got = f"{group.numbers[0]} to {group.numbers[-1]}" if count else "none"
        raise ConfigError(
            f"groups: expected path {first} next, and paths up to {stop - 1}, got {got}; pass "
            "consecutive paths, as many as are asked for"
        )
    columns = 0 if group.bars is None else 3 + (group.bars.volume is not None)
    expected = (request.horizon, request.assets, request.bars)
    found = (group.log_returns.shape[1], len(group.names), columns)
    if found != expected:
        raise ConfigError(
            f"groups: expected (steps, assets, columns of bars) to be {expected}, got {found}; ask "
            "for what the groups hold"
        )


def handed_on(groups: Iterable[Scenarios], write: Callable[[Scenarios], None]) -> None:
    """Write groups in a thread of their own, while the next ones are sampled; in order.

    At most ``WAITING`` wait. Where sampling fails or is interrupted, what waits is written; where
    writing fails, nothing more is.
    """
    failed: list[BaseException] = []

    def write_unless_failed(group: Scenarios) -> None:
        if not failed:
            try:
                write(group)
            except BaseException as error:
                failed.append(error)
                raise

    with ThreadPoolExecutor(1, "scenarios") as pool:
        waiting: deque[Future[None]] = deque()
        for group in groups:
            waiting.append(pool.submit(write_unless_failed, group))
            if len(waiting) > WAITING:
                waiting.popleft().result()
        while waiting:
            waiting.popleft().result()
