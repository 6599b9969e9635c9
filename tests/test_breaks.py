"""Breaks and sessions: which returns are taken, and that no window goes across a break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import Prices, ReadConfig, TimeSeriesGAN, read_prices
from tsgan.batches import SeriesBatches
from tsgan.config import TrainingConfig
from tsgan.data.returns import log_returns, stretches
from tsgan.data.windows import first_steps, windows_at
from tsgan.errors import DataError
from tsgan.fitting import make_trainer
from tsgan.periods import split_periods
from tsgan.preparation import prepare
from tsgan.seeding import torch_generator

DAY = 86_400.0
BREAK = ReadConfig(break_after=20 * DAY)


def broken(*lengths: int, seed: int = 0) -> pd.Series:
    """Daily prices in stretches of so many rows, a hundred days apart."""
    days = pd.bdate_range("2010-01-01", periods=sum(lengths)).to_numpy()
    pauses = np.repeat(np.arange(len(lengths)), lengths) * np.timedelta64(100, "D")
    steps = 0.01 * np.random.default_rng(seed).standard_normal(sum(lengths))
    return pd.Series(100 * np.exp(np.cumsum(steps)), pd.DatetimeIndex(days + pauses), name="Close")


def minutes(days: int, per_day: int) -> pd.Series:
    """Prices by the minute in sessions of so many rows."""
    first = pd.bdate_range("2024-01-01", periods=days) + pd.Timedelta(hours=9)
    times = [day + pd.Timedelta(minutes=k) for day in first for k in range(per_day)]
    steps = 0.001 * np.random.default_rng(0).standard_normal(len(times))
    return pd.Series(100 * np.exp(np.cumsum(steps)), pd.DatetimeIndex(times), name="Close")


def test_no_return_is_taken_over_a_break() -> None:
    series = broken(5, 3, 4)
    prices = read_prices(series, reading=BREAK)
    logs = np.log(series.to_numpy())
    expected = [np.diff(logs[:5]), np.diff(logs[5:8]), np.diff(logs[8:])]
    np.testing.assert_allclose(log_returns(prices)[:, 0], np.concatenate(expected), rtol=1e-12)
    assert prices.breaks == prices.cuts == (5, 8)
    assert stretches(prices).tolist() == [0, 4, 6, 9]
    assert prices.return_index.equals(prices.values.index.delete([0, 5, 8]))


def test_without_the_option_a_gap_is_one_step_and_said() -> None:
    prices = read_prices(broken(5, 4))
    assert len(log_returns(prices)) == 8 and stretches(prices).tolist() == [0, 8]
    (gap,) = [finding for finding in prices.findings if finding.kind == "gaps"]
    assert gap.lines == ((6, 6),) and gap.action == "kept"


def test_sessions_are_joined_unless_they_are_cut() -> None:
    series = minutes(4, 30)
    joined, cut = (
        read_prices(series, reading=ReadConfig(sessions=choice)) for choice in ("join", "cut")
    )
    assert len(log_returns(joined)) == 119 and len(log_returns(cut)) == 116
    inside = np.delete(np.diff(np.log(series.to_numpy())), [29, 59, 89])
    np.testing.assert_allclose(log_returns(cut)[:, 0], inside, rtol=1e-12)
    assert cut.breaks == () and stretches(cut).tolist() == [0, 116]
    for prices, action in ((joined, "kept"), (cut, "cut")):
        (found,) = [finding for finding in prices.findings if finding.kind == "sessions"]
        assert (found.action, found.count) == (action, 3)


def test_stretches_count_returns_where_sessions_are_cut_as_well() -> None:
    first, second = minutes(3, 20), minutes(2, 20)
    second.index += pd.Timedelta(days=60)
    reading = ReadConfig(sessions="cut", break_after=30 * DAY)
    prices = read_prices(pd.concat([first, second]), reading=reading)
    assert stretches(prices).tolist() == [0, 3 * 19, 5 * 19]


@pytest.mark.parametrize("length", [3, 5])
def test_windows_go_round_within_their_stretch(length: int) -> None:
    series, bounds = torch.arange(12.0)[:, None], torch.tensor([0, 5, 12])
    starts = first_steps(bounds, length, round=True)
    windows = windows_at(series, starts, length, bounds)[:, 0].int()
    for first, window in zip(starts.tolist(), windows.tolist(), strict=True):
        begin, size = (0, 5) if first < 5 else (5, 7)
        assert window == [begin + (first - begin + k) % size for k in range(length)]


def test_windows_begin_where_their_stretch_has_room() -> None:
    bounds = torch.tensor([0, 5, 8, 12])
    assert first_steps(bounds, 4, round=False).tolist() == [0, 1, 8]
    assert first_steps(bounds, 4, round=True).tolist() == [0, 1, 2, 3, 4, 8, 9, 10, 11]


def test_no_path_and_no_window_of_a_batch_leaves_its_stretch() -> None:
    series, bounds = torch.arange(60.0)[:, None], torch.tensor([0, 25, 30, 60])
    config = replace(TrainingConfig(), batch=50, conditional_windows=50)
    batches = SeriesBatches(series, 8, 16, config, bounds=bounds)
    for (x, _), _ in zip(batches(torch_generator(0)), range(2), strict=True):
        own = torch.bucketize(x[:, 0], torch.tensor([24.5, 29.5]))
        assert bool((own == own[:, :1]).all())
        assert set(own.unique().tolist()) == {0, 2}


def test_training_sees_no_break() -> None:
    prices = read_prices(broken(400, 300, seed=1), reading=BREAK)
    config = tiny.config(holdout=0)
    prepared = prepare(prices, config)
    assert prepared.path_length <= 2 * 399 // 3
    batches = make_trainer(prepared, config, torch.device("cpu")).batches
    assert isinstance(batches, SeriesBatches)
    assert batches.bounds.tolist() == [0, 399, 698]
    assert len(batches.window_starts) == 698 - 2 * 127


def test_stretches_shorter_than_two_windows_are_refused() -> None:
    with pytest.raises(DataError, match=r"at least 256 returns between two breaks, got 199"):
        prepare(read_prices(broken(200, 200, 200), reading=BREAK), tiny.config())


def test_a_model_of_broken_prices_knows_its_training_part() -> None:
    prices = read_prices(broken(400, 300, seed=1), reading=BREAK)
    model = TimeSeriesGAN(tiny.config(holdout=0.25)).fit(prices)
    facts = model.facts_
    assert (facts.returns, facts.breaks, facts.reading["break_after"]) == (698, 1, 20 * DAY)
    assert facts.training_end == str(prices.return_index[facts.training - 1].date())
    periods = split_periods(prices, {"training_end": facts.training_end})
    assert len(periods.training) == facts.training


def test_prices_of_an_earlier_kind_have_no_breaks() -> None:
    frame = broken(4).to_frame()
    prices = Prices(frame, "x", "0", 4, ())
    assert (prices.breaks, prices.cuts, prices.findings) == ((), (), ())
    assert len(log_returns(prices)) == 3
