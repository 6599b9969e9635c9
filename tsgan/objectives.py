"""Objectives of the adversarial game: critic loss, generator loss, constraint.

Each is a small frozen object. Scores come from one head of a critic, shape (batch,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.errors import ConfigError


class Head(Protocol):
    """What an objective asks of a critic: a score per sample given a condition."""

    def __call__(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return the scores, (batch,)."""
        ...


class Objective(Protocol):
    """What the trainer asks of an objective."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss that the critic minimises from its scores, (batch,) each -> ()."""
        ...

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return the loss that the generator minimises from the scores, (batch,) -> ()."""
        ...

    def constraint(
        self, head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
    ) -> Tensor:
        """Return the term that keeps the critic admissible, ()."""
        ...


@dataclass(frozen=True)
class WassersteinGradientPenalty:
    """WGAN-GP: ``E D(fake) − E D(real) + λ E (‖∇D(x̂)‖₂ − 1)²`` (Gulrajani et al. 2017, eq. 3).

    ``E D(real) − E D(fake)`` of a trained critic estimates the Wasserstein-1 distance (Arjovsky et
    al. 2017, eq. 2).
    """

    penalty_weight: float = 10.0

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``E D(fake) − E D(real)``."""
        return fake.mean() - real.mean()

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return ``−E D(fake)``."""
        return -fake.mean()

    def constraint(
        self, head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
    ) -> Tensor:
        """Return λ times the gradient penalty."""
        return self.penalty_weight * gradient_penalty(head, real, fake, condition, stream)


OBJECTIVES = {"wgan-gp": WassersteinGradientPenalty}


def make_objective(name: str, penalty_weight: float) -> Objective:
    """Return the objective called ``name``; ConfigError where there is none."""
    if name not in OBJECTIVES:
        raise ConfigError(f"objective: expected one of {', '.join(OBJECTIVES)}, got {name!r}")
    return OBJECTIVES[name](penalty_weight)


def gradient_penalty(
    head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
) -> Tensor:
    """Return ``E (‖∇ₓ D(x̂ | c)‖₂ − 1)²`` at ``x̂ = ε real + (1 − ε) fake``.

    Two-sided; the norm is per sample over channels and time; one ε ~ U(0, 1) per sample; the
    condition is the same at both ends (Gulrajani et al. 2017, algorithm 1).

    Args:
        head: the critic; its own ``input_gradient`` is used where it has one.
        real, fake: (batch, channels, time), the ends of the line, both without gradient.
        condition: (batch, conditions).
        stream: where ε comes from.

    Returns:
        ().
    """
    shape = (real.shape[0],) + (1,) * (real.ndim - 1)
    epsilon = torch.rand(shape, generator=stream, device=stream.device).to(real.device, real.dtype)
    between = fake + epsilon * (real - fake)
    norm = torch.linalg.vector_norm(input_gradient(head, between, condition).flatten(1), dim=1)
    return torch.mean((norm - 1) ** 2)


def input_gradient(head: Head, x: Tensor, condition: Tensor) -> Tensor:
    """Return ∂D/∂x per sample, shape of ``x``, differentiable by the weights of ``head``."""
    written_out = getattr(head, "input_gradient", None)
    if written_out is not None:
        gradient: Tensor = written_out(x, condition)
        return gradient
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(head(x, condition).sum(), x, create_graph=True)
    return gradient
