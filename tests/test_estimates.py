"""What the critics estimate: of the best scores in closed form, and of critics that are trained."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm, wasserstein_distance
from torch import Tensor, nn

from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.objectives import OBJECTIVES, make_objective
from tsgan.seeding import initial_weights, torch_generator

NAMES = list(OBJECTIVES)
NO_CONDITION = torch.zeros(256, 0)
LOG2 = math.log(2)


def make(name: str):
    return make_objective(TrainingConfig(objective=name))


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_generator(2, name))


P, Q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.3, 0.2, 0.1])
P_OVER_Q = torch.from_numpy(np.log(P / Q))
BEST = {  # of the two laws on the points 0 to 3: the best scores, and the distance
    "wgan-gp": (torch.arange(4.0).double(), wasserstein_distance(range(4), range(4), P, Q)),
    "wgan": (torch.arange(4.0).double(), wasserstein_distance(range(4), range(4), P, Q)),
    "gan": (P_OVER_Q, jensenshannon(P, Q) ** 2),
    "gan-minimax": (P_OVER_Q, jensenshannon(P, Q) ** 2),
    "lsgan": (torch.from_numpy(P / (P + Q)), ((P - Q) ** 2 / (P + Q)).sum() / 2),
}


def among(scores: Tensor, law: np.ndarray) -> Tensor:
    """Return the scores of ten samples that follow ``law`` to the point."""
    return scores.repeat_interleave(torch.from_numpy(np.rint(10 * law).astype(int)))


@pytest.mark.parametrize("name", NAMES)
def test_the_best_scores_of_two_discrete_laws_give_their_distance(name) -> None:
    scores, distance = BEST[name]
    got = make(name).estimate(among(scores, P), among(scores, Q)).item()
    assert got == pytest.approx(distance, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_no_other_scores_give_more(name) -> None:
    """Of the Wasserstein critics: none of slopes up to one."""
    scores, distance = BEST[name]
    for k in range(50):
        other = scores + 0.1 * normal(4, name=k)
        if name.startswith("wgan"):
            other = other / other.diff().abs().max()
        assert make(name).estimate(among(other, P), among(other, Q)).item() < distance


@pytest.mark.parametrize("theta", [0.5, 3.0])
def test_the_best_critics_of_two_gaussians(theta) -> None:
    """N(0, 1) and N(θ, 1): ``log p/q = θ²/2 − θx``; the integrals are taken numerically."""

    def js(x: float) -> float:
        p, q = norm.pdf(x), norm.pdf(x - theta)
        return (p * math.log(2 * p / (p + q)) + q * math.log(2 * q / (p + q))) / 2

    def vincze_le_cam(x: float) -> float:
        p, q = norm.pdf(x), norm.pdf(x - theta)
        return (p - q) ** 2 / (p + q) / 2

    real = torch.from_numpy(norm.ppf((np.arange(20_000) + 0.5) / 20_000))
    ratio = [theta**2 / 2 - theta * x for x in (real, real + theta)]
    shares = [torch.sigmoid(x) for x in ratio]
    lines = [-x for x in (real, real + theta)]
    for name, scores, truth in (
        ("gan", ratio, quad(js, -12, 15)[0]),
        ("lsgan", shares, quad(vincze_le_cam, -12, 15)[0]),
        ("wgan-gp", lines, theta),
    ):
        assert make(name).estimate(*scores).item() == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_equal_laws_are_at_no_distance_and_laws_apart_at_the_largest(name) -> None:
    nothing = torch.full((3,), 0.5 if name == "lsgan" else 0.0)
    assert make(name).estimate(nothing, nothing).item() == pytest.approx(0, abs=1e-7)
    if not name.startswith("wgan"):
        real, fake = (1.0, 0.0) if name == "lsgan" else (50.0, -50.0)
        got = make(name).estimate(torch.full((3,), real), torch.full((3,), fake)).item()
        assert got == pytest.approx(1 if name == "lsgan" else LOG2)


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


Law = Callable[[float | Tensor, torch.Generator, int], Tensor]


def gaussian(theta: float | Tensor, stream: torch.Generator, count: int) -> Tensor:
    return theta + torch.randn(count, 1, 1, generator=stream)


def parallel_line(theta: float | Tensor, stream: torch.Generator, count: int) -> Tensor:
    """(θ, Z), Z ~ U(0, 1) (Arjovsky et al. 2017, example 1)."""
    z = torch.rand(count, 1, 1, generator=stream)
    return torch.cat([theta + torch.zeros_like(z), z], dim=1)


@dataclass
class Trained:
    """What a critic trained between ``law(0)``, the real one, and ``law(θ)`` says.

    Attributes:
        estimate: of their distance.
        gradient: of the generator's loss by its only weight θ.
    """

    estimate: float
    gradient: float


def train_critic(
    name: str, law: Law, theta: float, steps: int = 250, **settings: object
) -> Trained:
    config = TrainingConfig(objective=name, learning_rate=5e-3, **settings)
    objective, stream = make_objective(config), torch_generator(5)
    with initial_weights(0):
        head = Perceptron(law(0.0, stream, 1).numel())
    descend = Descent(head, config)
    for step in range(steps):
        descend.set_rate(config.learning_rate * (1 - step / steps))
        real, fake = law(0.0, stream, 256), law(theta, stream, 256)
        loss = objective.critic_loss(head(real, NO_CONDITION), head(fake, NO_CONDITION))
        descend(loss + objective.constraint(head, real, fake, NO_CONDITION, stream))
        objective.confine(head.parameters())
    weight = torch.tensor(theta, requires_grad=True)
    real, fake = law(0.0, stream, 20_000), law(weight, stream, 20_000)
    scores = head(fake, NO_CONDITION)
    (gradient,) = torch.autograd.grad(objective.generator_loss(scores), weight)
    estimate = objective.estimate(head(real, NO_CONDITION), scores)
    return Trained(estimate.item(), gradient.item())


@pytest.mark.parametrize("theta", [1.0, -2.0])
def test_a_trained_critic_estimates_the_distance_of_two_gaussians(theta) -> None:
    told = train_critic("wgan-gp", gaussian, theta, penalty_weight=20.0)
    assert told.estimate == pytest.approx(abs(theta), rel=0.1)
    assert told.gradient == pytest.approx(math.copysign(1, theta), rel=0.1)


@pytest.mark.parametrize(
    ("start", "end"),
    [([1.0], [1 - 1 / 40]), ([-1.0], [-1 - 1 / 40]), ([1.0, 0.01], [-1 - 1 / 40, 0.0])],
)
def test_on_a_line_a_slope_of_the_wrong_sign_stays_and_in_the_plane_it_turns(start, end) -> None:
    """``D(x) = ⟨s, x⟩`` minimises ``s₁ + λ (‖s‖ − 1)²``, whose slope 0 in 1-D is on a ridge."""
    slope = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    objective = make_objective(TrainingConfig(penalty_weight=20.0))
    real = torch.zeros(8, len(start), dtype=torch.float64)
    fake = real + torch.eye(len(start), dtype=torch.float64)[0]

    def head(x: Tensor, condition: Tensor) -> Tensor:
        return x @ slope

    for _ in range(600):
        loss = objective.critic_loss(head(real, NO_CONDITION), head(fake, NO_CONDITION))
        loss = loss + objective.constraint(head, real, fake, NO_CONDITION, torch_generator(0))
        (gradient,) = torch.autograd.grad(loss, slope)
        slope.data -= 0.02 * gradient
    assert slope.tolist() == pytest.approx(end, abs=0.005)


@pytest.mark.parametrize("theta", [1.0, 0.25, -0.5])
def test_a_trained_critic_estimates_the_distance_of_parallel_lines(theta) -> None:
    """The best slope s maximises ``s |θ| − λ (s − 1)²``: it is ``1 + |θ| / 2λ``."""
    told = train_critic("wgan-gp", parallel_line, theta, penalty_weight=20.0)
    slope = 1 + abs(theta) / 40
    assert told.estimate == pytest.approx(slope * abs(theta), rel=0.01)
    assert told.gradient == pytest.approx(math.copysign(slope, theta), rel=0.02)


@pytest.mark.parametrize("theta", [1.0, 0.25, -0.5])
def test_of_parallel_lines_the_gan_learns_that_they_differ_but_not_how_far(theta) -> None:
    told = train_critic("gan-minimax", parallel_line, theta)
    assert told.estimate == pytest.approx(LOG2, rel=0.01)
    assert abs(told.gradient) < 0.01
    assert train_critic("lsgan", parallel_line, theta).estimate == pytest.approx(1, rel=0.01)


def test_the_estimate_of_a_clipped_critic_is_some_constant_times_the_distance() -> None:
    settings = {"optimizer": "rmsprop", "beta2": 0.99, "clip": 0.05}
    thetas = [0.25, 0.5, -1.0]
    told = [train_critic("wgan", parallel_line, theta, 1000, **settings) for theta in thetas]
    ratios = [one.estimate / abs(theta) for one, theta in zip(told, thetas, strict=True)]
    assert ratios == pytest.approx([ratios[0]] * len(thetas), rel=0.1)
    assert ratios[0] < 0.2  # nothing makes the constant 1
    for one, theta in zip(told, thetas, strict=True):
        assert one.gradient == pytest.approx(math.copysign(ratios[0], theta), rel=0.15)
