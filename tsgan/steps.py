"""One critic step and one generator step of the adversarial game, pure of files and printing.

A batch is a list of parts ``(x, condition)``, which may differ in shape; a critic has one or more
heads, each with its own view of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from tsgan.config import TrainingConfig
from tsgan.device import Precision
from tsgan.objectives import Objective
from tsgan.penalty import Head

Batch = Sequence[tuple[Tensor, Tensor]]
Descend = Callable[[Tensor], None]
"""A step down the gradient of a loss, (): see ``Descent``."""


class GeneratorNetwork(Protocol):
    """The generator as a step sees it."""

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return fresh samples of the shape of ``real``."""
        ...


class Recogniser(Protocol):
    """What finds the latent code of a fake again."""

    def __call__(self, fakes: Batch) -> Tensor:
        """Return what the generator and it minimise besides the critic's verdict, ()."""
        ...


class CriticNetwork(Protocol):
    """The critic as a step sees it: its heads, and what each of them looks at.

    A head whose attribute ``coupled`` is true, as one with batch normalisation, lets the samples of
    a batch hear each other, so that real and fake ones are shown to it apart.
    """

    @property
    def heads(self) -> Sequence[Head]:
        """Return the heads."""
        ...

    def views(self, parts: Batch, stream: RandomStream) -> Sequence[tuple[Tensor, Tensor]]:
        """Return (input, condition) for each head."""
        ...

    def parameters(self) -> Iterable[Tensor]:
        """Return the weights."""
        ...


def make_fakes(
    generator: GeneratorNetwork, batch: Batch, precision: Precision, stream: RandomStream
) -> list[tuple[Tensor, Tensor]]:
    """Return fresh fakes of the shapes and conditions of ``batch``, with their conditions."""
    with precision.forward():
        return [(generator.sample_like(x, c, stream), c) for x, c in batch]


def critic_step(
    critic: CriticNetwork,
    batch: Batch,
    fakes: Batch,
    objective: Objective,
    precision: Precision,
    descend: Descend,
    stream: RandomStream,
) -> Tensor:
    """Improve the critic once on a real batch and as many fakes.

    Returns:
        Real score, fake score, constraint and estimated distance, (4,), each summed over the heads,
        without gradient.
    """
    fakes = [(x.detach(), c) for x, c in fakes]
    real_views, fake_views = critic.views(batch, stream), critic.views(fakes, stream)
    losses, told = [], []
    for head, (real, condition), (fake, _) in zip(
        critic.heads, real_views, fake_views, strict=True
    ):
        with precision.forward():
            if getattr(head, "coupled", False):
                scores = torch.cat([head(real, condition), head(fake, condition)])
            else:
                scores = head(torch.cat([real, fake]), torch.cat([condition, condition]))
        on_real, on_fake = scores.float().chunk(2)
        constraint = objective.constraint(head, real, fake, condition, stream)
        losses.append(objective.critic_loss(on_real, on_fake) + constraint)
        with torch.no_grad():
            distance = objective.estimate(on_real, on_fake)
            told.append(torch.stack([on_real.mean(), on_fake.mean(), constraint, distance]))
    descend(torch.stack(losses).sum())
    objective.confine(critic.parameters())
    return torch.stack(told).sum(dim=0)


def generator_step(
    critic: CriticNetwork,
    fakes: Batch,
    objective: Objective,
    precision: Precision,
    descend: Descend,
    stream: RandomStream,
    recogniser: Recogniser | None = None,
) -> Tensor:
    """Improve the generator that made ``fakes`` once against all heads.

    With a ``recogniser``, its loss is added, and ``descend`` moves its weights as well.

    Returns:
        The generator's loss, (), without gradient.
    """
    losses = []
    for head, (x, condition) in zip(critic.heads, critic.views(fakes, stream), strict=True):
        with precision.forward():
            scores = head(x, condition)
        losses.append(objective.generator_loss(scores.float()))
    loss = torch.stack(losses).sum()
    if recogniser is not None:
        with precision.forward():
            unheard = recogniser(fakes)
        loss = loss + unheard.float()
    descend(loss)
    return loss.detach()


@torch.no_grad()
def move_average(
    average: nn.Module, generator: nn.Module, step: int, config: TrainingConfig
) -> None:
    """Average the weights exponentially, quickly at first so that the start is forgotten."""
    decay = min(config.average, (1 + step) / (1 + config.average_parts + step))
    means, weights = list(average.parameters()), list(generator.parameters())
    get_ema_multi_avg_fn(decay)(means, weights, None)  # type: ignore[no-untyped-call]
    for mean, buffer in zip(average.buffers(), generator.buffers(), strict=True):
        mean.copy_(buffer)


def learning_rate(config: TrainingConfig, fraction: float) -> float:
    """Return the rate after ``fraction`` of the run.

    It is held, and then goes down to the final rate: in a straight line, or as half a cosine
    (Loshchilov & Hutter 2017, eq. 5).
    """
    fraction = min(fraction, 1.0)
    if config.schedule == "constant" or fraction <= config.decay_from:
        return config.learning_rate
    left = (1 - fraction) / (1 - config.decay_from)
    if config.schedule == "cosine":
        left = (1 - math.cos(math.pi * left)) / 2
    return config.learning_rate * (config.final_rate + (1 - config.final_rate) * left)
