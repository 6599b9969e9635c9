from __future__ import annotations

from dataclasses import replace

import pytest
import scipy.stats
import torch
from torch import Tensor

from tsgan.batches import SeriesBatches, SeriesConditions
from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.data.windows import windows_at
from tsgan.errors import ConfigError
from tsgan.seeding import torch_generator
from tsgan.units import Units

N, WINDOW, PATH_LENGTH = 24, 8, 16
CONFIG = replace(TrainingConfig(), batch=5, conditional_windows=7, condition_jitter=0.0)
STEPS = torch.arange(float(N))[:, None]  # the value of a step is its place


def draw(series: Tensor = STEPS, seed: int = 0, **settings: float) -> list[tuple[Tensor, Tensor]]:
    batches = SeriesBatches(series, WINDOW, PATH_LENGTH, replace(CONFIG, **settings))
    return batches(torch_generator(seed))


def test_shapes_of_a_batch() -> None:
    paths, windows = draw()
    assert [x.shape for x in paths] == [(5, 1, PATH_LENGTH), (5, 2)]
    assert [x.shape for x in windows] == [(7, 1, WINDOW), (7, 2)]


def test_paths_are_real_stretches_that_may_go_round_without_a_condition() -> None:
    (paths, condition), _ = draw(batch=200)
    expected = (paths[..., :1] + torch.arange(float(PATH_LENGTH))) % N
    assert torch.equal(paths, expected)
    assert not condition.any()


def test_windows_are_real_stretches_that_do_not_go_round() -> None:
    _, (windows, _) = draw(conditional_windows=200)
    assert torch.equal(windows, windows[..., :1] + torch.arange(float(WINDOW)))


@pytest.mark.parametrize(("part", "starts"), [(0, N), (1, N - WINDOW + 1)])
def test_starts_are_uniform(part, starts) -> None:
    stretches, _ = draw(batch=4000, conditional_windows=4000)[part]
    counts = torch.bincount(stretches[:, 0, 0].int(), minlength=starts)
    assert len(counts) == starts
    assert scipy.stats.chisquare(counts.numpy()).pvalue > 0.001


def test_the_condition_of_a_window_is_its_own_log_volatility() -> None:
    series = torch.randn(N, 1, generator=torch_generator(1)) * torch.logspace(-2, 1, N)[:, None]
    _, (windows, given) = draw(series, conditional_windows=50)
    torch.testing.assert_close(given[:, 0].exp(), windows.square().mean(dim=(1, 2)).sqrt())
    assert torch.equal(given[:, 1], torch.ones(50))


@pytest.mark.parametrize("jitter", [0.1, 0.5])
def test_the_condition_jitters_as_much_as_told(jitter) -> None:
    _, (windows, given) = draw(conditional_windows=4000, condition_jitter=jitter)
    error = given[:, 0] - windows.square().mean(dim=(1, 2)).sqrt().log()
    assert scipy.stats.kstest(error.numpy(), scipy.stats.norm(scale=jitter).cdf).pvalue > 0.001


def test_a_batch_comes_from_its_stream() -> None:
    first, again, other = (draw(seed=seed, condition_jitter=0.1) for seed in (0, 0, 1))
    for part, same, different in zip(first, again, other, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(part, same, strict=True))
        assert not torch.equal(part[0], different[0])


def test_several_assets_move_together() -> None:
    (paths, _), (windows, given) = draw(torch.cat([STEPS, 100 + STEPS], dim=1))
    for x in (paths, windows):
        assert torch.equal(x[:, 1], x[:, 0] + 100)
    torch.testing.assert_close(given[:, 0].exp(), windows.square().mean(dim=(1, 2)).sqrt())


def test_the_volatility_may_be_that_of_the_first_channels() -> None:
    series = torch.randn(N, 3, generator=torch_generator(1))
    batches = SeriesBatches(series, WINDOW, PATH_LENGTH, CONFIG, SeriesConditions(measured=1))
    _, (windows, given) = batches(torch_generator(0))
    torch.testing.assert_close(given[:, 0].exp(), windows[:, 0].square().mean(dim=1).sqrt())


def test_windows_bring_their_own_conditions() -> None:
    """Each step says its place: so do its label, its vector, its covariates and its history."""
    history = 3
    conditions = SeriesConditions(
        label=torch.arange(N) % 5,
        labels=5,
        numbers=torch.stack([torch.arange(N) + 0.5, -torch.arange(N)], dim=1),
        covariates=torch.stack([STEPS[:, 0] + 100, STEPS[:, 0] + 200], dim=1),
        history=history,
    )
    config = replace(CONFIG, conditional_windows=300)
    batches = SeriesBatches(STEPS, WINDOW, PATH_LENGTH, config, conditions)
    layout = batches.layout
    assert layout == ConditionLayout(labels=5, numbers=2, history=history, covariates=2)
    (_, none), (windows, rows) = batches(torch_generator(0))
    assert none.shape == (5, layout.fixed) and not none.any()
    first, last = windows[:, 0, 0], windows[:, 0, -1]
    assert set(first.tolist()) == set(range(history, N - WINDOW + 1))
    static = layout.static_of(rows)
    assert torch.equal(static[:, :5].argmax(1), last.long() % 5)
    assert torch.equal(static[:, 5:], torch.stack([last + 0.5, -last, torch.ones(300)], dim=1))
    past, given = layout.history_of(rows)
    assert torch.equal(past[:, 0], first[:, None] + torch.arange(-3.0, 0.0)) and given.all()
    along = layout.covariates_of(rows)
    assert torch.equal(along, torch.cat([windows + 100, windows + 200], dim=1))
    torch.testing.assert_close(rows[:, 0].exp(), windows.square().mean(dim=(1, 2)).sqrt())


def test_drawing_leaves_the_conditions_as_they_are() -> None:
    batches = SeriesBatches(STEPS, WINDOW, PATH_LENGTH, replace(CONFIG, condition_jitter=1.0))
    before = batches.rows.clone()
    batches(torch_generator(0))
    assert torch.equal(batches.rows, before)


def test_the_volatility_need_not_be_given() -> None:
    conditions = SeriesConditions(label=torch.arange(N) % 2, labels=2, scale=False)
    config = replace(CONFIG, condition_jitter=1.0)
    batches = SeriesBatches(STEPS, WINDOW, PATH_LENGTH, config, conditions)
    _, (windows, rows) = batches(torch_generator(0))
    expected = batches.layout.pack(7, label=windows[:, 0, -1].long() % 2)
    assert torch.equal(rows, expected)


def test_numbers_of_other_types_become_those_of_the_series() -> None:
    numbers = torch.arange(N, dtype=torch.float64)[:, None]
    conditions = SeriesConditions(numbers=numbers, covariates=numbers)
    batches = SeriesBatches(STEPS, WINDOW, PATH_LENGTH, CONFIG, conditions)
    assert batches.rows.dtype == torch.float32


def test_without_tracks_a_batch_is_drawn_as_ever() -> None:
    """Written out: models without further conditions are trained bit for bit as they were."""
    series = torch.randn(N, 1, generator=torch_generator(2))
    parts = draw(series, seed=3, condition_jitter=0.2)
    stream = torch_generator(3)
    paths = windows_at(series, torch.randint(N, (5,), generator=stream), PATH_LENGTH)
    first = torch.randint(N - WINDOW + 1, (7,), generator=stream)
    windows = windows_at(series, first, WINDOW)
    logs = 0.5 * torch.log(windows.square().mean(dim=(1, 2)))
    jitter = 0.2 * torch.randn(7, generator=stream)
    assert torch.equal(parts[0][0], paths) and torch.equal(parts[1][0], windows)
    torch.testing.assert_close(parts[1][1], torch.stack([logs + jitter, torch.ones(7)], dim=1))
    assert torch.equal(parts[1][1][:, 1], torch.ones(7)) and not parts[0][1].any()


SIZES = (2, 3)
TRACKS = torch.cat([STEPS + 1, torch.ones(N, 1), torch.rand(N, 3) + STEPS + 100], dim=1)


def tracked(
    count: int = 2000, jitter: float = 0.0, levelled: bool = False
) -> tuple[SeriesBatches, Tensor, Tensor]:
    """Return batches with a running and a held condition, and what one of them draws."""
    variances = torch.eye(5).tolist()
    products = (0.01, 0.0, 0.002, 0.0, 0.0)
    units = Units((0.0,) * 5, tuple(map(tuple, variances)), products, -9.0, 9.0)
    conditions = SeriesConditions(
        covariates=TRACKS, sizes=SIZES, held=(False, True), levelled=(levelled, False), units=units
    )
    config = replace(CONFIG, conditional_windows=count, condition_jitter=jitter)
    batches = SeriesBatches(STEPS, WINDOW, PATH_LENGTH, config, conditions)
    (_, none), (windows, rows) = batches(torch_generator(0))
    assert none.shape == (5, 2) and not none.any()
    return batches, windows, rows


def test_each_condition_and_the_volatility_is_left_out_of_every_other_window() -> None:
    batches, windows, rows = tracked()
    along = batches.layout.covariates_of(rows)
    first, last = windows[:, 0, 0], windows[:, 0, -1]
    running, held = along[:, 0, 0] != 0, along[:, 2, 0] != 0
    vol = rows[:, 1] == 1
    assert torch.equal(along[running, 0], windows[running, 0] + 1)
    assert torch.equal(along[:, 1], running.float()[:, None].expand(-1, WINDOW))
    own = TRACKS[last[held].long(), 2:]  # a window's last step, all along it
    assert torch.equal(along[held, 2:], own[..., None].expand(-1, -1, WINDOW))
    assert not along[~running, :2].any() and not along[~held, 2:].any()
    counts = torch.bincount(4 * running + 2 * held + vol.long(), minlength=8)
    assert scipy.stats.chisquare(counts.numpy()).pvalue > 0.001
    assert scipy.stats.pearsonr(first, running.float()).pvalue > 0.001


def test_a_window_is_looked_at_in_units_of_its_volatility_or_of_what_is_given() -> None:
    batches, windows, rows = tracked(jitter=0.3)
    logs = batches.layout.log_scale_of(rows)
    running, held = (batches.layout.covariates_of(rows)[:, k, 0] != 0 for k in (0, 2))
    vol = rows[:, 1] == 1
    torch.testing.assert_close(rows[:, 0], logs.mean(dim=1))
    own = windows.square().mean(dim=(1, 2)).sqrt().log()
    assert torch.equal(logs[vol], logs[vol][:, :1].expand(-1, WINDOW))
    assert (logs[vol, 0] - own[vol]).std() == pytest.approx(0.3, rel=0.1)
    expected = 0.01 * (windows[:, 0] + 1) * running[:, None]
    expected = expected + 0.002 * (TRACKS[windows[:, 0, -1].long(), 2] * held)[:, None]
    torch.testing.assert_close(logs[~vol], expected[~vol], rtol=1e-4, atol=1e-5)
    assert not logs[~vol & ~running & ~held].any()  # as the long paths, that have no unit


def test_every_other_window_of_a_number_has_one_level_or_two() -> None:
    batches, windows, rows = tracked(levelled=True)
    along = batches.layout.covariates_of(rows)
    given = along[:, 1, 0] == 1
    z, path = along[given, 0], windows[given, 0] + 1  # a path goes up by 1 at each step
    moves = torch.diff(z, dim=1)
    as_it_was, jumps = (moves == 1).all(dim=1), (moves != 0).sum(dim=1)
    assert torch.equal(z[as_it_was], path[as_it_was])
    counts = [int(as_it_was.sum())] + [int((~as_it_was & (jumps == k)).sum()) for k in (0, 1)]
    assert sum(counts) == len(z)  # a cut leaves at least one step before it
    steps = [0.5, 0.25 + 0.25 / WINDOW, 0.25 - 0.25 / WINDOW]
    assert scipy.stats.chisquare(counts, [len(z) * part for part in steps]).pvalue > 0.001
    torch.testing.assert_close(z.mean(dim=1), path.mean(dim=1))
    torch.testing.assert_close(moves.amax(dim=1)[jumps == 1], torch.full((counts[2],), WINDOW / 2))


@pytest.mark.parametrize(
    "wrong", [{"sizes": (2, 2)}, {"held": (True,)}, {"levelled": ()}, {"units": None}]
)
def test_conditions_that_do_not_fit_their_channels_are_refused(wrong) -> None:
    units = Units((0.0,) * 5, ((0.0,) * 5,) * 5, (0.0,) * 5, -1.0, 1.0)
    fitting = {"sizes": SIZES, "held": (False, True), "levelled": (True, False), "units": units}
    with pytest.raises(ConfigError, match="conditions: expected 5 channels in all"):
        SeriesConditions(covariates=TRACKS, **(fitting | wrong))
