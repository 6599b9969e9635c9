from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from toys import plain_score

from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig
from tsgan.critics import CriticHead
from tsgan.penalty import gradient_penalty, input_gradient
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


def make_head(channels: int, length: int, layout: ConditionLayout | None) -> CriticHead:
    config = NetworkConfig(critic_channels=(2, 3), critic_dense=3, critic_kernel=3)
    with initial_weights(0):
        return CriticHead(channels, length, config, layout, pooled=layout is None).double()


@pytest.mark.parametrize("layout", [None, ConditionLayout()])
def test_a_critic_without_written_out_gradient_is_differentiated(layout) -> None:
    """Weights learn the same from both, through a pooled head and one with a condition."""
    head, x, condition = make_head(2, 16, layout), normal(BATCH, 2, 16), normal(BATCH, 2, name=1)
    losses = [
        (input_gradient(one, x, condition) * normal(BATCH, 2, 16, name=2)).sum()
        for one in (head, lambda x, condition: plain_score(head, x, condition))
    ]
    torch.testing.assert_close(*losses, rtol=1e-10, atol=1e-10)
    of = list(head.parameters())
    gradients = [torch.autograd.grad(loss, of, materialize_grads=True) for loss in losses]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)
