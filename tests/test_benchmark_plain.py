"""What tsgan is timed against plays the same game: the same weights give the same numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.device import Precision
from tsgan.networks import Critic, Generator
from tsgan.objectives import make_objective
from tsgan.steps import critic_step, generator_step

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from plain import PlainCritic, PlainGenerator, PlainTraining

NETWORK = NetworkConfig()
TRAINING = TrainingConfig(learning_rate=1e-12)
WINDOW, LENGTH = 128, TRAINING.path_length
GAME = make_objective(TRAINING), Precision()

FLOAT32 = 1e-6
"""The steps of tsgan take the scores as float32, so their gradients are rounded once."""


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def stream() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def batch() -> list[tuple[Tensor, Tensor]]:
    given = torch.stack([0.3 * torch.randn(3), torch.ones(3)], dim=1)
    return [
        (torch.randn(2, 1, LENGTH), torch.zeros(2, 2)),
        (torch.randn(3, 1, WINDOW), given),
    ]


def weight(parameter: Tensor) -> Tensor:
    return parameter.data


def gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def generators_in_pairs(
    ours: Generator, plain: PlainGenerator, of: Callable[[Tensor], Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of the same weights of both, or of their gradients."""
    stack = ours.stack
    for a, b in ((stack.enter, plain.enter), (stack.leave, plain.leave)):
        yield of(a.weight), of(b.weight)[..., 0]
        yield of(a.bias), of(b.bias)
    for i, (layer, skip) in enumerate(zip(plain.layers, plain.skips, strict=True)):
        yield of(stack.past)[i], of(layer.weight)[..., 0]
        yield of(stack.now)[i], of(layer.weight)[..., 1]
        yield of(stack.bias)[i], of(layer.bias)
        yield of(stack.skip)[i], of(skip.weight)[..., 0]
    yield of(stack.skip_bias), of(plain.skips[0].bias)
    yield of(ours.tilt.weight), of(plain.tilt.weight)
    for a, b in zip(ours.innovation.parameters(), plain.innovation.parameters(), strict=True):
        yield of(a), of(b).reshape(a.shape)


def critics_in_pairs(
    ours: Critic, plain: PlainCritic, of: Callable[[Tensor], Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        yield of(a), of(b)


@pytest.fixture
def generators() -> tuple[Generator, PlainGenerator]:
    ours, plain = Generator(NETWORK), PlainGenerator(NETWORK)
    nn.init.normal_(ours.tilt.weight)
    for a, b in generators_in_pairs(ours, plain, weight):
        b.copy_(a)
    return ours, plain


@pytest.fixture
def critics() -> tuple[Critic, PlainCritic]:
    ours = Critic(NETWORK, WINDOW, LENGTH, TRAINING.windows_per_path)
    plain = PlainCritic(NETWORK, WINDOW, TRAINING)
    for a, b in critics_in_pairs(ours, plain, weight):
        b.copy_(a)
    return ours, plain


def plain_training(
    generator: PlainGenerator, critic: PlainCritic, separate: bool = False
) -> PlainTraining:
    training = PlainTraining(NETWORK, WINDOW, TRAINING, lambda _: batch(), stream(), separate)
    training.generator.load_state_dict(generator.state_dict())
    training.critic.load_state_dict(critic.state_dict())
    return training


def backward(loss: Tensor) -> None:
    loss.backward()


def demand_same(pairs: Iterable[tuple[Tensor, Tensor]], tolerance: float = 1e-10) -> None:
    for a, b in pairs:
        largest = float(a.detach().abs().max())
        torch.testing.assert_close(a, b, rtol=0, atol=tolerance * largest + 1e-14)


@pytest.mark.parametrize("time", [1, WINDOW])
def test_both_generators_make_the_same_paths(generators, time) -> None:
    ours, plain = generators
    condition = batch()[1][1]
    noise = torch.randn(ours.memory + time, 3, ours.noise_channels)
    demand_same([(ours(noise, condition), plain(noise.permute(1, 2, 0), condition))])


def test_both_generators_have_as_many_weights(generators) -> None:
    assert len({sum(p.numel() for p in network.parameters()) for network in generators}) == 1


def test_both_critics_give_the_same_scores(critics) -> None:
    for a, b, view in zip(
        critics[0].heads, critics[1].heads, critics[0].views(batch(), stream()), strict=True
    ):
        demand_same([(a(*view), b(*view))])


def test_both_critics_go_down_the_same_gradient(generators, critics, monkeypatch) -> None:
    """With the penalty, which is written out in one and a double backward in the other."""
    (ours, plain), real, fakes = generators, batch(), [2 * x for x, _ in batch()]
    training = plain_training(plain, critics[1])
    for generator in (ours, training.generator):
        made = iter(fakes)
        monkeypatch.setattr(generator, "sample_like", lambda *_, made=made: next(made))
    critic_step(critics[0], ours, real, *GAME, backward, stream())
    training.critic_step(real)
    demand_same(critics_in_pairs(critics[0], training.critic, gradient), FLOAT32)


def test_both_generators_go_down_the_same_gradient(generators, critics, monkeypatch) -> None:
    (ours, plain), real = generators, batch()
    training = plain_training(plain, critics[1])
    noises = [torch.randn(ours.memory + x.shape[2], len(x), ours.noise_channels) for x, _ in real]

    def same_noise(generator: nn.Module, order: tuple[int, ...]) -> Callable[..., Tensor]:
        left = iter(noises)
        return lambda _, condition, __: generator(next(left).permute(order), condition)

    monkeypatch.setattr(ours, "sample_like", same_noise(ours, (0, 1, 2)))
    plain = training.generator
    monkeypatch.setattr(plain, "sample_like", same_noise(plain, (1, 2, 0)))
    loss = generator_step(critics[0], ours, real, *GAME, backward, stream())
    training.generator_step(real)
    assert loss.isfinite()
    demand_same(generators_in_pairs(ours, plain, gradient), FLOAT32)


@pytest.mark.parametrize(("separate", "steps"), [(True, 3), (False, 1)])
def test_the_terms_of_the_critic_are_taken_apart_or_together(
    generators, critics, separate, steps
) -> None:
    training = plain_training(generators[1], critics[1], separate)
    training.iterate()
    taken = max(int(state["step"]) for state in training.of_critic.state.values())
    assert taken == steps * TRAINING.critic_steps  # the bias of the score is not in the penalty
    assert {int(state["step"]) for state in training.of_generator.state.values()} == {1}
