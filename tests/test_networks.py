from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tsgan.conditioning import SCALE_SIZE
from tsgan.config import NetworkConfig
from tsgan.networks import (
    LOG_FLOOR,
    NOTHING_ELSE,
    Critic,
    CriticHead,
    Generator,
    block_features,
    random_windows,
)
from tsgan.seeding import initial_weights, torch_generator

TINY = NetworkConfig(
    channels=4,
    layers=3,
    noise_channels=3,
    innovation_width=4,
    critic_channels=(4, 6),
    critic_kernel=5,
    critic_dense=7,
    block=4,
)
UNCONDITIONAL = [0.0, 0.0]
WINDOW, PATH_LENGTH = 16, 64


def normal(*shape: int, dtype: torch.dtype = torch.float64, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch_generator(1, name))


@pytest.fixture
def generator() -> Generator:
    with initial_weights(0):
        return Generator(TINY).double()


@pytest.fixture
def critic() -> Critic:
    with initial_weights(0):
        return Critic(TINY, WINDOW, PATH_LENGTH, windows_per_path=5).double()


def conditions(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def test_a_return_hears_its_own_noise_and_exactly_memory_steps_before(generator) -> None:
    time, memory = 6, generator.memory
    noise = normal(memory + time, 1, 3).requires_grad_()
    path = generator(noise, conditions(UNCONDITIONAL))[0, 0]
    assert path.shape == (time,)
    for t in range(time):
        (gradient,) = torch.autograd.grad(path[t], noise, retain_graph=True)
        heard = gradient.abs().amax(dim=(1, 2)).nonzero()[:, 0].tolist()
        assert heard == list(range(t, t + memory + 1))


def test_noise_at_t_enters_through_the_innovation_alone(generator) -> None:
    """With μ and σ from the past, r(a) − r(b) = σ (u(a) − u(b)): its ratios know no past."""
    memory = generator.memory
    pasts, presents = normal(memory, 4, 3), normal(3, 3, name=1)
    returns = torch.stack(
        [
            generator(
                torch.cat([pasts, now.expand(1, 4, 3)]),
                conditions(UNCONDITIONAL).expand(4, 2),
            )[:, 0, 0]
            for now in presents
        ]
    )
    ratios = (returns[0] - returns[1]) / (returns[2] - returns[1])
    torch.testing.assert_close(ratios, ratios[:1].expand(4), rtol=1e-9, atol=0)
    scales = (returns[0] - returns[1]).abs()
    assert scales.max() > 1.001 * scales.min()  # yet volatility moves with the past


def test_the_end_of_a_long_run_is_a_short_run_with_the_same_noise(generator) -> None:
    noise, none = normal(generator.memory + 50, 2, 3), conditions(UNCONDITIONAL, [0.4, 1.0])
    long, short = generator(noise, none), generator(noise[-(generator.memory + 9) :], none)
    torch.testing.assert_close(long[..., -9:], short, rtol=1e-12, atol=1e-12)


def test_paths_of_a_batch_do_not_meet(generator) -> None:
    noise, given = normal(generator.memory + 5, 3, 3), conditions(UNCONDITIONAL, [0.4, 1], [-1, 1])
    alone = generator(noise[:, 1:2], given[1:2])
    torch.testing.assert_close(generator(noise, given)[1:2], alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("log_volatility", [-1.5, 0.3, 1.0])
def test_a_given_volatility_scales_the_path_up_to_the_tilt(generator, log_volatility) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    untilted = []
    for given in (conditions([0.0, 1.0]), conditions([log_volatility, 1.0])):
        tilt = torch.tanh(given) @ generator.tilt.weight.T
        untilted.append(generator(noise, given) * torch.exp(-given[0, 0]) - tilt[..., None])
    torch.testing.assert_close(untilted[1], untilted[0], rtol=1e-10, atol=1e-10)


def test_without_a_condition_no_weight_of_the_condition_counts(generator) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    before = generator(noise, conditions(UNCONDITIONAL))
    given = generator(noise, conditions([0.0, 1.0]))
    with torch.no_grad():
        generator.tilt.weight += 1
        generator.stack.enter.weight[:, -1] += 1
    assert torch.equal(generator(noise, conditions(UNCONDITIONAL)), before)
    assert not torch.allclose(generator(noise, conditions([0.0, 1.0])), given)


def test_the_stack_is_told_whether_a_volatility_is_given(generator) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    torch.nn.init.zeros_(generator.tilt.weight)
    given, none = (generator(noise, conditions([0.0, flag])) for flag in (1.0, 0.0))
    assert not torch.allclose(given, none)


def test_the_first_paths_are_of_order_one_and_without_drift() -> None:
    with initial_weights(3):
        generator = Generator(NetworkConfig())
    like, none = torch.empty(8, 1, 500), torch.zeros(8, SCALE_SIZE)
    with torch.no_grad():
        paths = generator.sample_like(like, none, torch_generator(0))
    assert 0.3 < paths.std() < 1.2
    assert paths.mean().abs() < 0.3


@pytest.mark.parametrize("assets", [1, 2, 5])
def test_fresh_paths_have_the_shape_asked_for_and_come_from_the_stream(assets) -> None:
    with initial_weights(0):
        generator = Generator(TINY, assets)
    like, none = torch.empty(3, assets, 10), torch.zeros(3, SCALE_SIZE)
    first, again, other = (
        generator.sample_like(like, none, torch_generator(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == like.shape
    assert torch.equal(first, again) and not torch.equal(first, other)


def make_head(conditions: int, dtype: torch.dtype) -> CriticHead:
    with initial_weights(0):
        return CriticHead(2, WINDOW, TINY, NOTHING_ELSE if conditions else None).to(dtype)


HEADS = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)]
)


@HEADS
@pytest.mark.parametrize("size", [0, SCALE_SIZE])
def test_written_out_gradient_is_that_of_autograd(size, dtype, tolerance) -> None:
    head = make_head(size, dtype)
    x, c = normal(9, 2, WINDOW, dtype=dtype).requires_grad_(), normal(9, size, dtype=dtype)
    (expected,) = torch.autograd.grad(head(x, c).sum(), x)
    got = head.input_gradient(x, c)
    assert got.shape == x.shape and got.dtype == dtype
    torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


@HEADS
@pytest.mark.parametrize("size", [0, SCALE_SIZE])
def test_its_derivative_by_the_weights_is_the_double_backward(size, dtype, tolerance) -> None:
    head = make_head(size, dtype)
    x, c = normal(9, 2, WINDOW, dtype=dtype).requires_grad_(), normal(9, size, dtype=dtype)
    (twice,) = torch.autograd.grad(head(x, c).sum(), x, create_graph=True)
    of = list(head.parameters())
    got, expected = (
        torch.autograd.grad(
            (gradient.flatten(1).norm(dim=1) - 1).square().mean(), of, materialize_grads=True
        )
        for gradient in (head.input_gradient(x, c), twice)
    )
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
    assert sum(bool(a.any()) for a in got) == len(TINY.critic_channels) + 2  # all but the biases


def test_a_score_does_not_depend_on_the_rest_of_the_batch() -> None:
    head = make_head(SCALE_SIZE, torch.float64)
    x, c = normal(6, 2, WINDOW), normal(6, SCALE_SIZE)
    scores = head(x, c)
    assert scores.shape == (6,)
    torch.testing.assert_close(head(x[2:3], c[2:3]), scores[2:3], rtol=1e-12, atol=1e-12)


def test_windows_come_from_their_own_path_in_its_order() -> None:
    time = torch.arange(30.0)
    paths = torch.stack([torch.stack([1000 * b + time, -1000 * b - time]) for b in range(4)])
    windows = random_windows(paths, 7, 50, torch_generator(0)).view(4, 50, 2, 7)
    first = windows[..., 0, 0] - 1000 * torch.arange(4.0)[:, None]
    assert set(first.flatten().tolist()) == set(range(24))  # every start that fits, no other
    expected = windows[..., 0, :1] + torch.arange(7.0)
    assert torch.equal(windows[..., 0, :], expected)
    assert torch.equal(windows[..., 1, :], -expected)


def test_a_window_as_long_as_the_path_is_the_path() -> None:
    paths = normal(3, 1, 8)
    assert torch.equal(random_windows(paths, 8, 1, torch_generator(0)), paths)


def test_block_features_by_hand() -> None:
    paths = torch.tensor([[[1.0, 2.0, -3.0, 4.0], [0.0, 0.0, 2.0, -2.0]]])
    got = block_features(paths, 2)[0]
    floor = LOG_FLOOR
    expected = torch.tensor(
        [
            [3 / math.sqrt(2), 1 / math.sqrt(2)],
            [0.0, 0.0],
            [math.log(2.5 + floor) / 2, math.log(12.5 + floor) / 2],
            [math.log(floor) / 2, math.log(4 + floor) / 2],
        ]
    )
    torch.testing.assert_close(got, expected)


def test_each_head_scores_its_view(critic) -> None:
    paths, windows = normal(3, 1, PATH_LENGTH), normal(4, 1, WINDOW)
    given = normal(4, SCALE_SIZE)
    parts = [(paths, torch.zeros(3, SCALE_SIZE)), (windows, given)]
    views = critic.views(parts, torch_generator(0))
    assert len(views) == len(critic.heads) == 3
    scores = [head(x, c) for head, (x, c) in zip(critic.heads, views, strict=True)]
    assert [len(score) for score in scores] == [15, 3, 4]
    assert torch.equal(views[0][0], random_windows(paths, WINDOW, 5, torch_generator(0)))
    assert torch.equal(views[1][0], block_features(paths, TINY.block))


def test_conditional_windows_are_seen_in_units_of_their_volatility(critic) -> None:
    windows = normal(6, 1, WINDOW) * torch.logspace(-2, 2, 6, dtype=torch.float64)[:, None, None]
    given = torch.stack([windows.square().mean((1, 2)).log() / 2, torch.ones(6)], dim=1)
    parts = [(normal(3, 1, PATH_LENGTH), torch.zeros(3, SCALE_SIZE)), (windows, given)]
    seen, condition = critic.views(parts, torch_generator(0))[2]
    torch.testing.assert_close(seen.square().mean((1, 2)), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(seen / windows, (seen / windows)[..., :1].expand_as(seen))
    assert torch.equal(condition, given)
