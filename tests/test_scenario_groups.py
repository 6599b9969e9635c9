"""Groups are cut anew without a change of any number, and written in order behind the sampling."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_example import Sampler
from scenario_example import scenarios as example

from tsgan.scenario_groups import WAITING, cut, handed_on, joined, pieces
from tsgan.scenario_requests import ROWS_AT_ONCE, WriteRequest
from tsgan.scenarios import Scenarios

HORIZON = ROWS_AT_ONCE // 6


def tiny_paths(paths: range, size: int) -> Iterator[Scenarios]:
    """Groups of paths that seem long, and take no memory."""
    dates = np.broadcast_to(np.datetime64("2020-01-01"), HORIZON)
    for first in range(paths.start, paths.stop, size):
        numbers = np.arange(first, min(first + size, paths.stop))
        returns = np.broadcast_to(np.float64(0), (len(numbers), HORIZON))
        yield Scenarios(returns, 1.0, dates, numbers)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 30), st.integers(1, 30), st.integers(1, 20), st.integers(1, 20))
def test_pieces_are_even_and_end_with_their_block(
    start: int, count: int, size: int, block: int
) -> None:
    wanted = range(start, start + count)
    request = WriteRequest(100, HORIZON)
    assert request.piece_paths == 6
    expected, begin = [], start
    while begin < wanted.stop:
        stop = min(begin + 6, (begin // block + 1) * block, wanted.stop)
        expected.append([*range(begin, stop)])
        begin = stop
    cut_anew = pieces(tiny_paths(wanted, size), wanted, request, block)
    assert [group.numbers.tolist() for group in cut_anew] == expected


@pytest.mark.parametrize(("assets", "bars"), [(1, 0), (3, 0), (1, 3), (1, 4)])
def test_groups_that_are_joined_and_cut_are_the_same(assets: int, bars: int) -> None:
    whole = example(range(9), 5, assets, bars)
    group = cut(joined([cut(whole, 0, 4), cut(whole, 4, 5), cut(whole, 5, 9)]), 3, 8)
    expected = example(range(3, 8), 5, assets, bars)
    assert np.array_equal(group.log_returns, expected.log_returns)
    assert np.array_equal(group.numbers, expected.numbers)
    assert (group.bars is None) == (bars == 0)
    for name in ("open", "high", "low", "volume")[:bars]:
        assert np.array_equal(getattr(group.bars, name), getattr(expected.bars, name))


def test_groups_are_written_in_order_and_few_wait() -> None:
    sampled: list[int] = []
    written: list[int] = []
    most = 0

    def groups() -> Iterator[Scenarios]:
        nonlocal most
        for group in Sampler(5, group=1)(range(50)):
            sampled.append(int(group.numbers[0]))
            most = max(most, len(sampled) - len(written))
            yield group

    threads = set()

    def write(group: Scenarios) -> None:
        threads.add(threading.current_thread().name)
        threading.Event().wait(0.001)
        written.append(int(group.numbers[0]))

    handed_on(groups(), write)
    assert written == sampled == [*range(50)]
    assert 1 < most <= WAITING + 2
    assert len(threads) == 1 and threading.current_thread().name not in threads


def test_nothing_is_written_after_a_failure() -> None:
    written: list[int] = []
    sampled: list[int] = []

    def groups() -> Iterator[Scenarios]:
        for group in Sampler(5, group=1)(range(50)):
            sampled.append(int(group.numbers[0]))
            yield group

    def write(group: Scenarios) -> None:
        written.append(int(group.numbers[0]))
        threading.Event().wait(0.02)  # others wait by then
        if len(written) == 3:
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        handed_on(groups(), write)
    assert written == [0, 1, 2] and len(sampled) <= 3 + WAITING + 1


def test_what_was_sampled_is_written_before_an_interrupt_ends_it() -> None:
    written: list[int] = []

    def write(group: Scenarios) -> None:
        threading.Event().wait(0.01)
        written.append(int(group.numbers[0]))

    with pytest.raises(KeyboardInterrupt):
        handed_on(Sampler(5, group=1, fails_at=4)(range(50)), write)
    assert written == [0, 1, 2, 3]
