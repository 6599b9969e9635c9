from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tsgan.conditioning import SCALE_SIZE
from tsgan.config import NetworkConfig
from tsgan.networks import Generator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.slow_noise import grid_points, slow_noise

TINY = NetworkConfig(channels=4, layers=3, noise_channels=3, slow_noise=(), innovation_width=4)
UNCONDITIONAL = [0.0, 0.0]


def normal(*shape: int, dtype: torch.dtype = torch.float64, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch_generator(1, name))


def white(generator: Generator, steps: int, batch: int = 1) -> Tensor | None:
    """What slow noise of ``steps`` steps is made of; more steps begin with the same numbers."""
    if not generator.slow:
        return None
    every = normal(20, batch, len(generator.slow), name=2)
    return every[: grid_points(steps)]


def made(generator: Generator, noise: Tensor, given: Tensor) -> Tensor:
    """Return the paths of ``noise`` with the same slow noise each time."""
    paths: Tensor = generator(noise, given, white(generator, len(noise) - 1, noise.shape[1]))
    return paths


@pytest.fixture
def fast() -> Generator:
    """A generator that hears fast noise alone."""
    with initial_weights(0):
        return Generator(TINY).double()


@pytest.fixture
def slow() -> Generator:
    """A generator that hears slow noise besides."""
    with initial_weights(0):
        return Generator(replace(TINY, slow_noise=(20.0, 200.0))).double()


@pytest.fixture(params=["fast", "slow"])
def generator(request) -> Generator:
    return request.getfixturevalue(request.param)


def conditions(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def test_a_return_hears_its_own_noise_and_exactly_memory_steps_before(generator) -> None:
    time, memory = 6, generator.memory
    noise = normal(memory + time, 1, 3).requires_grad_()
    path = made(generator, noise, conditions(UNCONDITIONAL))[0, 0]
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
            made(
                generator,
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


def test_the_end_of_a_long_run_is_a_short_run_with_the_same_noise(fast) -> None:
    noise, none = normal(fast.memory + 50, 2, 3), conditions(UNCONDITIONAL, [0.4, 1.0])
    long, short = fast(noise, none), fast(noise[-(fast.memory + 9) :], none)
    torch.testing.assert_close(long[..., -9:], short, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("time", [1, 9, 10, 25, 41])
def test_a_long_run_begins_as_a_short_one(generator, time) -> None:
    noise, none = normal(generator.memory + 50, 2, 3), conditions(UNCONDITIONAL, [0.4, 1.0])
    long, short = (made(generator, noise[:end], none) for end in (None, generator.memory + time))
    assert short.shape == (2, 1, time)
    torch.testing.assert_close(long[..., :time], short, rtol=1e-12, atol=1e-12)


def test_paths_of_a_batch_do_not_meet(generator) -> None:
    noise, given = normal(generator.memory + 5, 3, 3), conditions(UNCONDITIONAL, [0.4, 1], [-1, 1])
    heard = white(generator, len(noise) - 1, 3)
    alone = generator(noise[:, 1:2], given[1:2], None if heard is None else heard[:, 1:2])
    torch.testing.assert_close(generator(noise, given, heard)[1:2], alone, rtol=1e-12, atol=1e-12)


def test_a_return_hears_slow_noise_up_to_the_step_before_it_and_no_later(slow) -> None:
    """At step p of its own, the first of which is ``memory`` before the path."""
    time, memory = 60, slow.memory
    noise, heard = normal(memory + time, 1, 3), white(slow, memory + time - 1)
    heard.requires_grad_()
    path = slow(noise, conditions(UNCONDITIONAL), heard)[0, 0]
    for t in range(time):
        (gradient,) = torch.autograd.grad(path[t], heard, retain_graph=True)
        points = gradient.abs().amax(dim=1).ne(0).all(dim=1).nonzero()[:, 0].tolist()
        last = -(-(t + memory - 1) // 16)  # the grid point at or after the step before
        assert points == list(range(last + 1))


def test_slow_noise_is_what_the_stack_hears_after_all_else(slow) -> None:
    heard = white(slow, slow.memory + 29, 2)
    context = slow.context(conditions(UNCONDITIONAL, [0.4, 1.0]), 30, heard)
    assert context.shape == (slow.memory + 29, 2, 1 + 2)
    assert torch.equal(context[:, :, 1:], slow_noise(heard, (20.0, 200.0), slow.memory + 29))
    assert torch.equal(context[:, :, 0], torch.tensor([[0.0, 1.0]] * (slow.memory + 29)).double())


def test_slow_noise_moves_the_returns_for_longer_than_the_memory(slow) -> None:
    """With all else alike, what a path's slow noise makes of it outlasts the receptive field."""
    with torch.no_grad():
        slow.stack.enter.weight[:, -2:] *= 20
    time, batch = 250, 200
    noise = normal(slow.memory + time, 1, 3).expand(-1, batch, -1)
    heard = normal(grid_points(slow.memory + time - 1), batch, 2, name=3)
    given = conditions(UNCONDITIONAL).expand(batch, 2)
    moved = slow(noise, given, heard)[:, 0]
    moved = (moved - moved.mean(dim=0)) / moved.std(dim=0)
    apart = (moved[:, 5 * slow.memory :] * moved[:, : -5 * slow.memory]).mean(dim=0)
    assert apart.abs().mean() > 0.15  # 0.06 by chance


@pytest.mark.parametrize("log_volatility", [-1.5, 0.3, 1.0])
def test_a_given_volatility_scales_the_path_up_to_the_tilt(generator, log_volatility) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    untilted = []
    for given in (conditions([0.0, 1.0]), conditions([log_volatility, 1.0])):
        tilt = torch.tanh(given) @ generator.tilt.weight.T
        untilted.append(made(generator, noise, given) * torch.exp(-given[0, 0]) - tilt[..., None])
    torch.testing.assert_close(untilted[1], untilted[0], rtol=1e-10, atol=1e-10)


def test_without_a_condition_no_weight_of_the_condition_counts(generator) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    before = made(generator, noise, conditions(UNCONDITIONAL))
    given = made(generator, noise, conditions([0.0, 1.0]))
    with torch.no_grad():
        generator.tilt.weight += 1
        generator.stack.enter.weight[:, generator.noise_channels] += 1
    assert torch.equal(made(generator, noise, conditions(UNCONDITIONAL)), before)
    assert not torch.allclose(made(generator, noise, conditions([0.0, 1.0])), given)


def test_the_stack_is_told_whether_a_volatility_is_given(generator) -> None:
    noise = normal(generator.memory + 5, 1, 3)
    torch.nn.init.zeros_(generator.tilt.weight)
    given, none = (made(generator, noise, conditions([0.0, flag])) for flag in (1.0, 0.0))
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
@pytest.mark.parametrize("slow_noise", [(), (20.0, 200.0)])
def test_fresh_paths_have_the_shape_asked_for_and_come_from_the_stream(assets, slow_noise) -> None:
    with initial_weights(0):
        generator = Generator(replace(TINY, slow_noise=slow_noise), assets)
    like, none = torch.empty(3, assets, 10), torch.zeros(3, SCALE_SIZE)
    first, again, other = (
        generator.sample_like(like, none, torch_generator(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == like.shape
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_fresh_paths_hear_slow_noise_of_the_stream(slow, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(slow, "forward", lambda *given: told.append(given) or given[0])
    slow.sample_like(torch.empty(3, 1, 10), torch.zeros(3, SCALE_SIZE), torch_generator(0))
    noise, _, heard = told[0]
    assert noise.shape == (slow.memory + 10, 3, 3)
    assert heard.shape == (grid_points(slow.memory + 9), 3, 2)
    drawn = torch.cat([noise.flatten(), heard.flatten()])
    assert len(set(drawn.tolist())) == len(drawn)  # none is drawn twice


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("time", [30, 2100])
def test_paths_in_low_precision_are_float32_and_near_those_of_full(slow, time, dtype) -> None:
    """So long that the slow noise has one piece, and two."""
    slow.float()
    like, none = torch.empty(2, 1, time), torch.zeros(2, SCALE_SIZE)
    with torch.no_grad():
        exact = slow.sample_like(like, none, torch_generator(0))
        with torch.autocast("cpu", dtype=dtype):
            low = slow.sample_like(like, none, torch_generator(0))
    assert low.dtype == torch.float32
    assert 0 < (low - exact).norm() < 4 * torch.finfo(dtype).eps * exact.norm()
