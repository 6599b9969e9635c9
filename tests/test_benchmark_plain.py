"""What tsgan is timed against plays the same game: the same weights give the same numbers."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.critics import Critic
from tsgan.device import Precision
from tsgan.networks import Generator
from tsgan.objectives import make_objective
from tsgan.slow_noise import grid_points
from tsgan.steps import critic_step, generator_step, make_fakes
from tsgan.trainer import Trainer

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
    for head, other in zip(ours.heads, plain.heads, strict=True):
        stack = head.stack
        for weight, bias, layer in zip(
            stack.weights, stack.biases, other.convolutions, strict=True
        ):
            yield of(weight), of(layer.weight).permute(2, 1, 0)
            yield of(bias), of(layer.bias)
        for a, b in ((head.dense, other.dense), (head.score, other.score)):
            yield of(a.weight), of(b.weight)
            yield of(a.bias), of(b.bias)


@pytest.fixture
def generators() -> tuple[Generator, PlainGenerator]:
    ours, plain = Generator(NETWORK), PlainGenerator(NETWORK)
    nn.init.normal_(ours.tilt.weight)
    for a, b in generators_in_pairs(ours, plain, weight):
        b.copy_(a)
    return ours, plain


@pytest.fixture
def critics() -> tuple[Critic, PlainCritic]:
    ours = Critic(NETWORK, WINDOW, LENGTH)
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


def noises(generator: Generator, time: int, size: int) -> tuple[Tensor, Tensor]:
    """Return noise, and what the slow noise is made of, both time-major."""
    steps = generator.memory + time
    noise = torch.randn(steps, size, generator.noise_channels)
    return noise, torch.randn(grid_points(steps - 1), size, len(generator.slow))


@pytest.mark.parametrize("time", [1, 2, WINDOW])
def test_both_generators_make_the_same_paths(generators, time) -> None:
    ours, plain = generators
    condition = batch()[1][1]
    noise, white = noises(ours, time, 3)
    paths = plain(noise.permute(1, 2, 0), condition, white.permute(1, 2, 0))
    demand_same([(ours(noise, condition, white), paths)])


def test_fresh_paths_of_both_have_the_same_shape(generators) -> None:
    for (real, condition), network in itertools.product(batch(), generators):
        assert network.sample_like(real, condition, stream()).shape == real.shape


@pytest.mark.parametrize("networks", ["generators", "critics"])
def test_both_have_as_many_weights(request, networks) -> None:
    pair = request.getfixturevalue(networks)
    assert len({sum(p.numel() for p in network.parameters()) for network in pair}) == 1


def test_both_critics_give_the_same_scores(critics) -> None:
    for a, b, view in zip(
        critics[0].heads, critics[1].heads, critics[0].views(batch(), stream()), strict=True
    ):
        demand_same([(a(*view), b(*view))])


def test_both_critics_go_down_the_same_gradient(generators, critics, monkeypatch) -> None:
    """With the penalty, which is written out in one and a double backward in the other."""
    real = batch()
    fakes = [(2 * x, condition) for (x, _), (_, condition) in zip(batch(), real, strict=True)]
    training = plain_training(generators[1], critics[1])
    made = iter([x for x, _ in fakes])
    monkeypatch.setattr(training.generator, "sample_like", lambda *_: next(made))
    critic_step(critics[0], real, fakes, *GAME, backward, stream())
    training.critic_step(real)
    demand_same(critics_in_pairs(critics[0], training.critic, gradient), FLOAT32)


def test_both_generators_go_down_the_same_gradient(generators, critics, monkeypatch) -> None:
    (ours, plain), real = generators, batch()
    training = plain_training(plain, critics[1])
    drawn = [noises(ours, x.shape[2], len(x)) for x, _ in real]

    def same_noise(generator: nn.Module, order: tuple[int, ...]) -> Callable[..., Tensor]:
        left = iter(drawn)

        def sample_like(_: Tensor, condition: Tensor, __: torch.Generator) -> Tensor:
            noise, white = (part.permute(order) for part in next(left))
            return generator(noise, condition, white)

        return sample_like

    monkeypatch.setattr(ours, "sample_like", same_noise(ours, (0, 1, 2)))
    plain = training.generator
    monkeypatch.setattr(plain, "sample_like", same_noise(plain, (1, 2, 0)))
    fakes = make_fakes(ours, real, GAME[1], stream())
    loss = generator_step(critics[0], fakes, *GAME, backward, stream())
    training.generator_step(real)
    assert loss.isfinite()
    demand_same(generators_in_pairs(ours, plain, gradient), FLOAT32)


def test_both_learn_at_the_same_rates(generators, critics) -> None:
    training = plain_training(generators[1], critics[1])
    ours = Trainer(generators[0], critics[0], lambda _: batch(), TRAINING, stream())
    ours._iterate()
    for name, optimizer in (("generator", training.of_generator), ("critic", training.of_critic)):
        rates = [group["lr"] for group in optimizer.param_groups]
        own = [group["lr"] for group in ours.descents[name].optimizer.param_groups]
        assert rates == pytest.approx(own, rel=1e-12)


@pytest.mark.parametrize(("separate", "steps"), [(True, 3), (False, 1)])
def test_the_terms_of_the_critic_are_taken_apart_or_together(
    generators, critics, separate, steps
) -> None:
    training = plain_training(generators[1], critics[1], separate)
    training.iterate()
    taken = max(int(state["step"]) for state in training.of_critic.state.values())
    assert taken == steps * TRAINING.critic_steps  # the bias of the score is not in the penalty
    assert {int(state["step"]) for state in training.of_generator.state.values()} == {1}
