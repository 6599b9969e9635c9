from __future__ import annotations

import pytest
import torch

from tsgan.data.windows import sliding_windows, windows_at

SERIES = torch.stack([torch.arange(6.0), 10 + torch.arange(6.0)], dim=1)


@pytest.mark.parametrize(
    ("first", "steps"),
    [(0, [0, 1, 2]), (3, [3, 4, 5]), (4, [4, 5, 0]), (5, [5, 0, 1])],
)
def test_windows_at_go_round_in_the_order_of_time(first, steps) -> None:
    (window,) = windows_at(SERIES, torch.tensor([first]), 3)
    assert window.tolist() == [steps, [10 + step for step in steps]]


def test_a_window_as_long_as_the_series_holds_every_step_once() -> None:
    windows = windows_at(SERIES, torch.tensor([2, 0]), 6)
    assert windows.shape == (2, 2, 6)
    assert windows[0, 0].tolist() == [2, 3, 4, 5, 0, 1]
    assert torch.equal(windows[1], SERIES.T)


def test_every_return_has_the_same_weight() -> None:
    windows = windows_at(SERIES, torch.arange(6), 4)[:, 0]
    assert torch.bincount(windows.flatten().int()).tolist() == [4] * 6


@pytest.mark.parametrize("length", [1, 4, 6])
def test_sliding_windows_are_all_that_do_not_go_round(length) -> None:
    windows = sliding_windows(SERIES, length)
    expected = [SERIES[i : i + length].T for i in range(6 - length + 1)]
    assert torch.equal(windows, torch.stack(expected))
