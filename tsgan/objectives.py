"""Objectives of the adversarial game: critic loss, generator loss, constraint, paper's settings.

Each is a small frozen object. Scores come from one head of a critic, shape (batch,), and are never
squashed: where a paper puts a sigmoid at the critic's end, it is part of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Generator as RandomStream
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.config import TrainingConfig
from tsgan.errors import ConfigError
from tsgan.penalty import Head, gradient_penalty

Settings = Mapping[str, Any]
"""Settings of ``TrainingConfig`` by name."""


class Objective(Protocol):
    """What the trainer asks of an objective.

    Attributes:
        distance: what ``estimate`` estimates.
        tuned, paper: its training settings, where they are not the defaults: tsgan's own for
            return series, and those that its authors print.
    """

    distance: ClassVar[str]
    tuned: ClassVar[Settings]
    paper: ClassVar[Settings]

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss that the critic minimises from its scores, (batch,) each -> ()."""
        ...

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return the loss that the generator minimises from the scores, (batch,) -> ()."""
        ...

    def constraint(
        self, head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
    ) -> Tensor:
        """Return the term of the critic's loss that keeps the critic admissible, ()."""
        ...

    def confine(self, parameters: Iterable[Tensor]) -> None:
        """Put the critic's weights back where they are admissible, after each of its steps."""
        ...

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the distance that a trained critic's scores estimate, (batch,) each -> ()."""
        ...


class Unconstrained:
    """An objective whose critic may be any function."""

    def constraint(
        self,
        head: Head,  # noqa: ARG002
        real: Tensor,
        fake: Tensor,  # noqa: ARG002
        condition: Tensor,  # noqa: ARG002
        stream: RandomStream,  # noqa: ARG002
    ) -> Tensor:
        """Return 0."""
        return real.new_zeros(())

    def confine(self, parameters: Iterable[Tensor]) -> None:
        """Leave the weights as they are."""


class Wasserstein(Unconstrained):
    """Losses of the Wasserstein GAN (Arjovsky et al. 2017, eq. 2 and 3).

    ``E D(real) − E D(fake)`` of the best D of slopes up to one is the Wasserstein-1 distance.
    """

    distance: ClassVar[str] = "Wasserstein"

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``E D(fake) − E D(real)``."""
        return fake.mean() - real.mean()

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return ``−E D(fake)``."""
        return -fake.mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``E D(real) − E D(fake)``."""
        return real.mean() - fake.mean()


@dataclass(frozen=True)
class WassersteinGradientPenalty(Wasserstein):
    """WGAN-GP: ``E D(fake) − E D(real) + λ E (‖∇D(x̂)‖₂ − 1)²`` (Gulrajani et al. 2017, eq. 3)."""

    penalty_weight: float = 10.0

    tuned: ClassVar[Settings] = {}
    paper: ClassVar[Settings] = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "critic_rate": 1.0,
        "fresh_fakes": True,
        "beta1": 0.0,
        "beta2": 0.9,
        "critic_steps": 5,
        "penalty_weight": 10.0,
        "batch": 64,
        "conditional_windows": 64,
        "schedule": "constant",
        "average": 0.0,
    }

    def constraint(
        self, head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
    ) -> Tensor:
        """Return λ times the gradient penalty."""
        return self.penalty_weight * gradient_penalty(head, real, fake, condition, stream)


@dataclass(frozen=True)
class WassersteinClipping(Wasserstein):
    """WGAN: the slopes are bounded since each weight is in [−c, c] (Arjovsky et al. 2017, alg. 1).

    The bound on the slopes is some K, not 1, so that the estimate is K times the distance.
    """

    clip: float = 0.01

    tuned: ClassVar[Settings] = {"optimizer": "rmsprop", "critic_steps": 2, "critic_rate": 1.0}
    paper: ClassVar[Settings] = {
        "optimizer": "rmsprop",
        "learning_rate": 5e-5,
        "critic_rate": 1.0,
        "fresh_fakes": True,
        "beta2": 0.99,
        "critic_steps": 5,
        "clip": 0.01,
        "batch": 64,
        "conditional_windows": 64,
        "schedule": "constant",
        "average": 0.0,
    }

    @torch.no_grad()
    def confine(self, parameters: Iterable[Tensor]) -> None:
        """Clip each weight to [−c, c]."""
        for parameter in parameters:
            parameter.clamp_(-self.clip, self.clip)


class JensenShannon(Unconstrained):
    """Critic of the GAN, with D = σ(score) (Goodfellow et al. 2014, eq. 1).

    The best critic's loss is ``2 log 2 − 2 JS`` (their theorem 1), so that a trained critic
    estimates the Jensen–Shannon divergence, 0 to log 2.
    """

    distance: ClassVar[str] = "Jensen–Shannon"
    tuned: ClassVar[Settings] = {"critic_steps": 1, "critic_rate": 1.0, "beta1": 0.5}
    paper: ClassVar[Settings] = {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "critic_rate": 1.0,
        "fresh_fakes": True,
        "beta1": 0.5,
        "critic_steps": 1,
        "batch": 100,
        "conditional_windows": 100,
        "schedule": "constant",
        "average": 0.0,
    }
    """The paper says momentum and one critic step; rate, momentum and batch are its code's."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``−E log D(real) − E log(1 − D(fake))``."""
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``log 2 − ½ critic loss``."""
        return math.log(2) - 0.5 * self.critic_loss(real, fake)


@dataclass(frozen=True)
class MinimaxGan(JensenShannon):
    """GAN in its minimax form: the generator minimises what the critic maximises."""

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return ``E log(1 − D(fake))``."""
        return -F.softplus(fake).mean()


@dataclass(frozen=True)
class NonSaturatingGan(JensenShannon):
    """GAN whose generator has a gradient while its fakes are easily told (section 3, ibid.)."""

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return ``−E log D(fake)``."""
        return F.softplus(-fake).mean()


@dataclass(frozen=True)
class LeastSquares(Unconstrained):
    """LSGAN with a = 0 for fakes, b = 1 for reals, c = 1 (Mao et al. 2016, eq. 2 and 9)."""

    distance: ClassVar[str] = "Vincze–Le Cam"
    tuned: ClassVar[Settings] = {"critic_steps": 1, "critic_rate": 1.0, "beta1": 0.5}
    paper: ClassVar[Settings] = {
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "critic_rate": 1.0,
        "fresh_fakes": True,
        "beta1": 0.5,
        "beta2": 0.999,
        "critic_steps": 1,
        "batch": 64,
        "conditional_windows": 64,
        "schedule": "constant",
        "average": 0.0,
    }
    """Rate and batch are those of its code for LSUN."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``½ E (D(real) − 1)² + ½ E D(fake)²``."""
        return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return ``½ E (D(fake) − 1)²``."""
        return 0.5 * (fake - 1).square().mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return ``1 − 4 critic loss``.

        The best critic is ``p / (p + q)``; put into the loss, this is ``½ ∫ (p − q)² / (p + q)``,
        the divergence of Vincze and Le Cam: 0 for the same laws, 1 for ones apart.
        """
        return 1 - 4 * self.critic_loss(real, fake)


OBJECTIVES: Mapping[str, type[Objective]] = {
    "wgan-gp": WassersteinGradientPenalty,
    "wgan": WassersteinClipping,
    "gan": NonSaturatingGan,
    "gan-minimax": MinimaxGan,
    "lsgan": LeastSquares,
}
PRESETS = ("tuned", "paper")


def make_objective(config: TrainingConfig) -> Objective:
    """Return the objective that ``config`` names, with the settings that it reads of it."""
    kind = _kind(config.objective)
    if kind is WassersteinGradientPenalty:
        return WassersteinGradientPenalty(config.penalty_weight)
    if kind is WassersteinClipping:
        return WassersteinClipping(config.clip)
    return kind()


def preset(objective: str, name: str = "tuned") -> dict[str, Any]:
    """Return settings of ``TrainingConfig`` for an objective: ``tuned``, or those of its ``paper``.

    >>> TrainingConfig(**{**preset("wgan", "paper"), "steps": 100}).learning_rate
    5e-05

    Raises:
        ConfigError: if there is no such objective or preset.
    """
    kind = _kind(objective)
    if name not in PRESETS:
        raise ConfigError(f"preset: expected one of {', '.join(PRESETS)}, got {name!r}")
    return {"objective": objective, **(kind.tuned if name == "tuned" else kind.paper)}


def _kind(name: str) -> type[Objective]:
    if name not in OBJECTIVES:
        raise ConfigError(f"objective: expected one of {', '.join(OBJECTIVES)}, got {name!r}")
    return OBJECTIVES[name]
