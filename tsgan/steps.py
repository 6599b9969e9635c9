"""One critic step and one generator step of the adversarial game, pure of files and printing.

A batch is a list of parts ``(x, condition)``, which may differ in shape; a critic has one or more
heads, each with its own view of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.config import TrainingConfig
from tsgan.objectives import Head, Objective

Batch = Sequence[tuple[Tensor, Tensor]]


class GeneratorNetwork(Protocol):
    """The generator as a step sees it."""

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return fresh samples of the shape of ``real``."""
        ...


class CriticNetwork(Protocol):
    """The critic as a step sees it: its heads, and what each of them looks at."""

    @property
    def heads(self) -> Sequence[Head]:
        """Return the heads."""
        ...

    def views(self, parts: Batch, stream: RandomStream) -> Sequence[tuple[Tensor, Tensor]]:
        """Return (input, condition) for each head."""
        ...


def critic_step(
    critic: CriticNetwork,
    generator: GeneratorNetwork,
    batch: Batch,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    stream: RandomStream,
) -> tuple[Tensor, Tensor, Tensor]:
    """Improve the critic once on a real batch and as many fresh fakes.

    Returns:
        Real score, fake score and constraint, each (), summed over the heads, without gradient.
    """
    with torch.no_grad():
        fakes = [(generator.sample_like(x, c, stream), c) for x, c in batch]
        real_views, fake_views = critic.views(batch, stream), critic.views(fakes, stream)
    zero = batch[0][0].new_zeros(())
    real_score, fake_score, constraint, loss = zero, zero, zero, zero
    for head, (real, condition), (fake, _) in zip(
        critic.heads, real_views, fake_views, strict=True
    ):
        scores = head(torch.cat([real, fake]), torch.cat([condition, condition]))
        on_real, on_fake = scores.chunk(2)
        held = objective.constraint(head, real, fake, condition, stream)
        loss = loss + objective.critic_loss(on_real, on_fake) + held
        real_score = real_score + on_real.detach().mean()
        fake_score = fake_score + on_fake.detach().mean()
        constraint = constraint + held.detach()
    descend(loss, optimizer)
    return real_score, fake_score, constraint


def generator_step(
    critic: CriticNetwork,
    generator: GeneratorNetwork,
    batch: Batch,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    stream: RandomStream,
) -> Tensor:
    """Improve the generator once against all heads; only shapes and conditions of ``batch`` count.

    Returns:
        The generator's loss, (), without gradient.
    """
    fakes = [(generator.sample_like(x, c, stream), c) for x, c in batch]
    views = critic.views(fakes, stream)
    losses = [
        objective.generator_loss(head(x, condition))
        for head, (x, condition) in zip(critic.heads, views, strict=True)
    ]
    loss = torch.stack(losses).sum()
    descend(loss, optimizer)
    return loss.detach()


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Step down the gradient by the optimizer's own parameters; no other gradient is computed."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()


def learning_rate(config: TrainingConfig, fraction: float) -> float:
    """Return the rate after ``fraction`` of the run: held, then linear down to the final rate."""
    fraction = min(fraction, 1.0)
    if fraction <= config.decay_from:
        return config.learning_rate
    left = (1 - fraction) / (1 - config.decay_from)
    return config.learning_rate * (config.final_rate + (1 - config.final_rate) * left)
