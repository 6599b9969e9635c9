from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tsgan.config import NetworkConfig
from tsgan.errors import ConfigError
from tsgan.networks import CriticHead
from tsgan.objectives import OBJECTIVES, gradient_penalty, input_gradient, make_objective
from tsgan.seeding import initial_weights, torch_generator

BATCH, CHANNELS, TIME = 5, 2, 3
NO_CONDITION = torch.zeros(BATCH, 0)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_generator(2, name))


class Linear(nn.Module):
    """``D(x) = ⟨w, x⟩``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return (self.weight * x).flatten(1).sum(1)


def half_square(x: Tensor, condition: Tensor) -> Tensor:
    """``D(x) = ½ ‖x‖²``, whose gradient is x."""
    return 0.5 * x.square().flatten(1).sum(1)


class Recorder:
    """Keeps the points and conditions at which its gradient is asked for."""

    def __call__(self, x: Tensor, condition: Tensor) -> Tensor:
        raise AssertionError("the gradient is written out")

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        self.x, self.condition = x, condition
        return x


@pytest.mark.parametrize("length", [0.0, 0.25, 1.0, 3.0])
def test_a_linear_critic_has_penalty_of_its_slope_minus_one_squared(length) -> None:
    """The penalty is two-sided: slopes below 1 are punished as those above."""
    weight = normal(CHANNELS, TIME)
    head = Linear(length * weight / weight.norm())
    ends = normal(BATCH, CHANNELS, TIME, name=1), normal(BATCH, CHANNELS, TIME, name=2)
    penalty = gradient_penalty(head, *ends, NO_CONDITION, torch_generator(0))
    assert penalty.shape == ()
    assert penalty.item() == pytest.approx((length - 1) ** 2, abs=1e-12)


def test_the_norm_is_per_sample_over_channels_and_time() -> None:
    real = normal(BATCH, CHANNELS, TIME)  # both ends alike: the gradient of ½‖x‖² is x itself
    got = gradient_penalty(half_square, real, real, NO_CONDITION, torch_generator(0)).item()
    by_axes = {
        axes: (real.square().sum(axes).sqrt() - 1).square().mean().item()
        for axes in [(1, 2), (1,), (2,), (0, 1, 2), (0, 1), (0,)]
    }
    right = sum((math.hypot(*x.flatten().tolist()) - 1) ** 2 for x in real) / BATCH
    assert got == pytest.approx(right, rel=1e-12)
    others = [value for axes, value in by_axes.items() if axes != (1, 2)]
    assert min(abs(value - right) for value in others) > 0.05


def test_one_epsilon_per_sample_uniform_on_the_line() -> None:
    head, shape = Recorder(), (20_000, 2, 3)
    real, fake = torch.full(shape, 3.0), torch.full(shape, 1.0)
    gradient_penalty(head, real, fake, torch.zeros(shape[0], 0), torch_generator(0))
    epsilon = (head.x - 1) / 2
    assert torch.equal(epsilon, epsilon[:, :1, :1].expand(shape))
    levels = torch.linspace(0, 1, shape[0])
    sorted_epsilon = epsilon[:, 0, 0].sort().values
    assert (sorted_epsilon - levels).abs().max() < 1.63 / math.sqrt(shape[0])  # Kolmogorov, 1 %


def test_the_points_lie_between_real_and_fake_of_the_same_sample() -> None:
    head = Recorder()
    real, fake = normal(BATCH, CHANNELS, TIME, name=1), normal(BATCH, CHANNELS, TIME, name=2)
    gradient_penalty(head, real, fake, NO_CONDITION, torch_generator(0))
    epsilon = torch.rand(BATCH, 1, 1, generator=torch_generator(0)).double()
    torch.testing.assert_close(head.x, epsilon * real + (1 - epsilon) * fake)


def test_the_condition_is_held_fixed() -> None:
    head, condition = Recorder(), normal(BATCH, 4)
    real, fake = normal(BATCH, CHANNELS, TIME, name=1), normal(BATCH, CHANNELS, TIME, name=2)
    gradient_penalty(head, real, fake, condition, torch_generator(0))
    assert torch.equal(head.condition, condition)


def make_head(channels: int, length: int, conditions: int) -> CriticHead:
    config = NetworkConfig(critic_channels=(2, 3), critic_dense=3, critic_kernel=3)
    with initial_weights(0):
        return CriticHead(channels, length, config, conditions).double()


def test_a_critic_without_written_out_gradient_is_differentiated() -> None:
    head, x, condition = make_head(2, 8, 1), normal(BATCH, 2, 8), normal(BATCH, 1, name=1)
    losses = [
        (input_gradient(one, x, condition) * normal(BATCH, 2, 8, name=2)).sum()
        for one in (head, lambda x, condition: head(x, condition))
    ]
    torch.testing.assert_close(*losses, rtol=1e-10, atol=1e-10)
    of = list(head.parameters())
    gradients = [torch.autograd.grad(loss, of, materialize_grads=True) for loss in losses]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("written_out", [True, False])
def test_gradient_of_the_whole_critic_loss_against_finite_differences(written_out) -> None:
    network, objective = make_head(1, 8, 2), make_objective("wgan-gp", 10.0)
    head = network if written_out else lambda x, condition: network(x, condition)
    real, fake, condition = normal(4, 1, 8, name=1), normal(4, 1, 8, name=2), normal(4, 2, name=3)

    def loss() -> Tensor:
        scores = objective.critic_loss(head(real, condition), head(fake, condition))
        return scores + objective.constraint(head, real, fake, condition, torch_generator(0))

    parameters = list(network.parameters())
    gradients = torch.autograd.grad(loss(), parameters, materialize_grads=True)
    step = 1e-6
    for parameter, gradient in zip(parameters, gradients, strict=True):
        flat = parameter.detach().view(-1)
        for i in range(len(flat)):
            flat[i] += step
            above = loss().item()
            flat[i] -= 2 * step
            below = loss().item()
            flat[i] += step
            expected = (above - below) / (2 * step)
            assert gradient.flatten()[i].item() == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_losses_of_given_scores() -> None:
    objective = make_objective("wgan-gp", 10.0)
    real, fake = torch.tensor([1.0, 4.0]), torch.tensor([-2.0, 0.0])
    assert objective.critic_loss(real, fake).item() == -3.5
    assert objective.generator_loss(fake).item() == 1.0


@pytest.mark.parametrize("weight", [0.0, 10.0, 25.0])
def test_the_constraint_is_weight_times_penalty(weight) -> None:
    head = Linear(torch.full((CHANNELS, TIME), 2.0, dtype=torch.float64))
    real, fake = normal(BATCH, CHANNELS, TIME, name=1), normal(BATCH, CHANNELS, TIME, name=2)
    held = make_objective("wgan-gp", weight).constraint(
        head, real, fake, NO_CONDITION, torch_generator(0)
    )
    assert held.item() == pytest.approx(weight * (math.sqrt(24) - 1) ** 2, rel=1e-12)


def test_an_unknown_objective_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"objective: expected one of .*'wasserstein'") as error:
        make_objective("wasserstein", 10.0)
    assert all(name in str(error.value) for name in OBJECTIVES)


class Perceptron(nn.Module):
    """Zero at first: the two-sided penalty has a second minimum, a slope of the wrong sign."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2)
        )
        self.score = nn.Linear(32, 1)
        nn.init.zeros_(self.score.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.score(self.layers(x.flatten(1)))[:, 0]


def gaussian(theta: float, stream: torch.Generator, count: int) -> Tensor:
    return theta + torch.randn(count, 1, 1, generator=stream)


def parallel_line(theta: float, stream: torch.Generator, count: int) -> Tensor:
    z = torch.rand(count, 1, 1, generator=stream)
    return torch.cat([torch.full_like(z, theta), z], dim=1)


def estimated_distance(sample: Callable[..., Tensor], theta: float, weight: float) -> float:
    """Train a critic between ``sample(0)`` and ``sample(theta)``; return its estimate."""
    objective, stream = make_objective("wgan-gp", weight), torch_generator(5)
    with initial_weights(0):
        head = Perceptron(sample(0.0, stream, 1).numel())
    optimizer = torch.optim.Adam(head.parameters(), betas=(0.0, 0.9), fused=True)
    condition, steps = torch.zeros(256, 0), 250
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - step / steps)
        real, fake = sample(0.0, stream, 256), sample(theta, stream, 256)
        loss = objective.critic_loss(head(real, condition), head(fake, condition))
        loss = loss + objective.constraint(head, real, fake, condition, stream)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        real, fake = (head(sample(x, stream, 20_000), condition) for x in (0.0, theta))
    return -objective.critic_loss(real, fake).item()


@pytest.mark.parametrize("theta", [1.0, -2.0])
def test_a_trained_critic_estimates_the_distance_of_two_gaussians(theta) -> None:
    assert estimated_distance(gaussian, theta, 20.0) == pytest.approx(abs(theta), rel=0.1)


@pytest.mark.parametrize("theta", [1.0, -0.5])
def test_a_trained_critic_estimates_the_distance_of_parallel_lines(theta) -> None:
    """The best slope s maximises ``s |θ| − λ (s − 1)²``: it is ``1 + |θ| / 2λ``."""
    expected = abs(theta) * (1 + abs(theta) / 40)
    assert estimated_distance(parallel_line, theta, 20.0) == pytest.approx(expected, rel=0.01)
