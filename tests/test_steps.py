from __future__ import annotations

import math
from dataclasses import replace

import pytest
import tiny
import torch
from torch import Tensor, nn
from toys import Affine, Heads, Linear, Perceptron

from tsgan.config import TrainingConfig
from tsgan.critics import Critic
from tsgan.descent import Descent
from tsgan.device import Precision
from tsgan.networks import Generator
from tsgan.objectives import make_objective
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch, critic_step, generator_step, learning_rate, make_fakes

LAMBDA = 10.0
OBJECTIVE = make_objective(TrainingConfig(penalty_weight=LAMBDA))
SHAPE = (8, 1, 2)


def descent(network: nn.Module) -> Descent:
    """Steps by minus the gradient."""
    return Descent(network, TrainingConfig(optimizer="sgd", learning_rate=1.0))


def improve_critic(critic: nn.Module, generator: nn.Module, batch: Batch, seed: int = 0) -> Tensor:
    stream = torch_generator(seed)
    fakes = make_fakes(generator, batch, Precision(), stream)
    told = critic_step(critic, batch, fakes, OBJECTIVE, Precision(), descent(critic), stream)
    assert told.shape == (4,) and not told.requires_grad
    return told


def improve_generator(
    critic: nn.Module, generator: nn.Module, batch: Batch, seed: int = 0
) -> Tensor:
    stream = torch_generator(seed)
    fakes = make_fakes(generator, batch, Precision(), stream)
    return generator_step(critic, fakes, OBJECTIVE, Precision(), descent(generator), stream)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(3, name))


def weights(network: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in network.parameters()]


def series_networks() -> tuple[Generator, Critic, Batch]:
    network = tiny.config().network
    with initial_weights(0):
        generator, critic = Generator(network), Critic(network, 128, 256)
    given = torch.stack([normal(3, name=1), torch.ones(3)], dim=1)
    return generator, critic, [(normal(2, 1, 256), torch.zeros(2, 2)), (normal(3, 1, 128), given)]


def toy_networks() -> tuple[Affine, Heads, Batch]:
    with initial_weights(0):
        critic = Heads(Perceptron(2), Perceptron(3))
    parts = [(normal(*SHAPE), torch.zeros(8, 0)), (normal(*SHAPE), normal(8, 1, name=1))]
    return Affine(), critic, parts


class Spy(Perceptron):
    """Notes whether its passes run in low precision, and of which type are the samples."""

    def __init__(self) -> None:
        super().__init__(2)
        self.forwards: list[tuple[bool, torch.dtype]] = []
        self.gradients: list[tuple[bool, torch.dtype]] = []

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        self.forwards.append((torch.is_autocast_enabled("cpu"), x.dtype))
        return super().forward(x, condition)

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        self.gradients.append((torch.is_autocast_enabled("cpu"), x.dtype))
        x = x.detach().requires_grad_()
        scores = Perceptron.forward(self, x, condition)
        (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return gradient


LOW = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])


@LOW
def test_forward_passes_are_in_low_precision_and_the_penalty_in_float32(dtype) -> None:
    spy, generator = Spy(), Affine()
    batch, precision = [(normal(*SHAPE), torch.zeros(8, 0))], Precision("cpu", dtype)
    critic = Heads(spy)
    config = TrainingConfig()
    descents = [Descent(network, config, precision) for network in (critic, generator)]
    stream = torch_generator(0)
    fakes = make_fakes(generator, batch, precision, stream)
    told = critic_step(critic, batch, fakes, OBJECTIVE, precision, descents[0], stream)
    generator_step(critic, fakes, OBJECTIVE, precision, descents[1], stream)
    assert spy.forwards == [(True, torch.float32)] * 2
    assert spy.gradients == [(False, torch.float32)]
    assert told.dtype == torch.float32
    for network in (critic, generator):
        assert all(p.dtype == p.grad.dtype == torch.float32 for p in network.parameters())


@LOW
def test_a_step_of_the_series_in_low_precision_is_near_the_one_in_float32(dtype) -> None:
    results = []
    for precision in (Precision(), Precision("cpu", dtype)):
        generator, critic, batch = series_networks()
        before = torch.cat([w.flatten() for w in weights(generator) + weights(critic)])
        config = TrainingConfig(optimizer="sgd", learning_rate=1e-3)
        stream = torch_generator(0)
        fakes = make_fakes(generator, batch, precision, stream)
        descents = [Descent(network, config, precision) for network in (critic, generator)]
        told = critic_step(critic, batch, fakes, OBJECTIVE, precision, descents[0], stream)
        loss = generator_step(critic, fakes, OBJECTIVE, precision, descents[1], stream)
        after = torch.cat([w.flatten() for w in weights(generator) + weights(critic)])
        results.append((told, loss, after - before))
    (told, loss, step), (low_told, low_loss, low_step) = results
    torch.testing.assert_close(low_told, told, rtol=0.02, atol=0.02)
    torch.testing.assert_close(low_loss, loss, rtol=0.02, atol=0.02)
    assert (low_step - step).norm() < 0.05 * step.norm()
    assert not torch.equal(low_step, step)


NETWORKS = pytest.mark.parametrize("networks", [series_networks, toy_networks])


@NETWORKS
def test_a_critic_step_changes_the_critic_alone_and_all_of_it(networks) -> None:
    generator, critic, batch = networks()
    before, untouched = weights(critic), weights(generator)
    improve_critic(critic, generator, batch)
    pairs = [(a, b) for a, b in zip(before, critic.parameters(), strict=True) if a.ndim > 1]
    assert not any(torch.equal(a, b) for a, b in pairs)  # biases may have no say in the loss
    assert all(torch.equal(a, b) for a, b in zip(untouched, generator.parameters(), strict=True))
    assert all(p.grad is None for p in generator.parameters())


@NETWORKS
def test_a_generator_step_changes_the_generator_alone_and_all_of_it(networks) -> None:
    generator, critic, batch = networks()
    before, untouched = weights(generator), weights(critic)
    loss = improve_generator(critic, generator, batch)
    assert not any(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(untouched, critic.parameters(), strict=True))
    assert all(p.grad is None for p in critic.parameters())
    assert loss.shape == () and not loss.requires_grad


def test_a_critic_step_of_two_linear_heads_by_hand() -> None:
    critic, generator = Heads(Linear([0.6, -0.8]), Linear([3.0, 4.0])), Affine(0.0, 0.5)
    batch = [(normal(*SHAPE), torch.zeros(8, 0)), (normal(*SHAPE, name=1), torch.zeros(8, 0))]
    before = weights(critic)
    real, fake, held, distance = improve_critic(critic, generator, batch)
    means = [x.mean(dim=(0, 1)) for x, _ in batch]
    fakes = torch.tensor([0.5, 0.5])
    expected = sum(w @ m for w, m in zip(before, means, strict=True))
    torch.testing.assert_close(real, expected)
    torch.testing.assert_close(fake, sum(w @ fakes for w in before))
    torch.testing.assert_close(held, torch.tensor(LAMBDA * (0 + 16)))
    for now, w, mean in zip(critic.parameters(), before, means, strict=True):
        gradient = fakes - mean + 2 * LAMBDA * (w.norm() - 1) * w / w.norm()
        torch.testing.assert_close(now, w - gradient)
    torch.testing.assert_close(distance, real - fake)


def test_a_generator_step_against_two_linear_heads_by_hand() -> None:
    critic, generator = Heads(Linear([0.6, -0.8]), Linear([3.0, 4.0])), Affine(1.0, 0.5)
    batch = [(normal(*SHAPE), torch.zeros(8, 0))] * 2
    noises = Affine(), torch_generator(0)
    noise = [noises[0].sample_like(x, c, noises[1]).detach() for x, c in batch]
    loss = improve_generator(critic, generator, batch)
    slopes = torch.tensor([[0.6, -0.8], [3.0, 4.0]])
    along = sum((n * w).sum(dim=(1, 2)).mean() for n, w in zip(noise, slopes, strict=True))
    torch.testing.assert_close(loss, -(along + 0.5 * slopes.sum()))
    torch.testing.assert_close(generator.shift.detach(), 0.5 + slopes.sum())
    torch.testing.assert_close(generator.scale.detach(), 1 + along)


def test_fakes_are_asked_for_and_judged_at_the_conditions_of_the_real_batch() -> None:
    head, generator = Linear([1.0, 0.0]), Affine()
    condition = normal(8, 3)
    improve_critic(Heads(head), generator, [(normal(*SHAPE), condition)])
    improve_generator(Heads(head), generator, [(normal(*SHAPE), condition)])
    assert all(torch.equal(c, condition) for c in generator.conditions)
    scored, penalised, judged = head.conditions
    assert torch.equal(scored, torch.cat([condition, condition]))
    assert torch.equal(penalised, condition) and torch.equal(judged, condition)


def test_a_generator_step_looks_at_shapes_and_conditions_of_the_batch_alone() -> None:
    results = []
    for x in (normal(*SHAPE), torch.full(SHAPE, math.nan)):
        generator, critic, batch = toy_networks()
        batch = [(x, c) for _, c in batch]
        improve_generator(critic, generator, batch)
        results.append(weights(generator))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("improve", [improve_critic, improve_generator])
def test_the_same_stream_takes_the_same_step(improve) -> None:
    results = []
    for seed in (0, 0, 1):
        generator, critic, batch = series_networks()
        improve(critic, generator, batch, seed)
        results.append(torch.cat([w.flatten() for w in weights(generator) + weights(critic)]))
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


@pytest.mark.parametrize(
    ("fraction", "share"),
    [(0.0, 1.0), (0.3, 1.0), (0.6, 1.0), (0.7, 0.8), (0.8, 0.6), (1.0, 0.2), (1.5, 0.2)],
)
def test_the_rate_is_held_then_falls_linearly(fraction, share) -> None:
    config = TrainingConfig(learning_rate=0.01, decay_from=0.6, final_rate=0.2)
    assert learning_rate(config, fraction) == pytest.approx(0.01 * share, rel=1e-12)


@pytest.mark.parametrize(
    ("fraction", "share"), [(0.0, 1.0), (0.6, 1.0), (0.7, 0.883), (0.8, 0.6), (1.0, 0.2)]
)
def test_the_rate_falls_as_half_a_cosine(fraction, share) -> None:
    config = TrainingConfig(schedule="cosine", learning_rate=0.01, decay_from=0.6, final_rate=0.2)
    assert learning_rate(config, fraction) == pytest.approx(0.01 * share, rel=1e-3)


def test_a_constant_rate_is_held_to_the_end() -> None:
    config = TrainingConfig(schedule="constant", learning_rate=0.01)
    assert [learning_rate(config, x) for x in (0.0, 0.5, 1.0, 2.0)] == [0.01] * 4


def test_a_rate_may_never_fall_or_fall_from_the_start() -> None:
    config = TrainingConfig(learning_rate=0.01, decay_from=1.0, final_rate=0.0)
    assert [learning_rate(config, x) for x in (0.0, 0.99, 1.0, 2.0)] == [0.01] * 4
    config = replace(config, decay_from=0.0)
    rates = [learning_rate(config, x) for x in (0.0, 0.25, 1.0)]
    assert rates == pytest.approx([0.01, 0.0075, 0.0])
