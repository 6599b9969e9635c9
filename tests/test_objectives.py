from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from toys import CONFIG, Affine, Heads, Perceptron, plain_score, toy_trainer

from tsgan.callbacks import Callback, Progress
from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.critics import CriticHead
from tsgan.errors import ConfigError
from tsgan.objectives import OBJECTIVES, make_objective, preset
from tsgan.seeding import initial_weights, torch_generator
from tsgan.trainer import Trainer

NAMES = list(OBJECTIVES)
NO_CONDITION = torch.zeros(4, 0)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_generator(2, name))


def make(name: str, **settings: object):
    return make_objective(TrainingConfig(objective=name, **settings))


def differences(loss: Callable[[], Tensor], parameters: list[Tensor]) -> list[float]:
    """Return the gradient of ``loss`` by central differences."""
    step, found = 1e-6, []
    for parameter in parameters:
        flat = parameter.detach().view(-1)
        for i in range(len(flat)):
            flat[i] += step
            above = loss().item()
            flat[i] -= 2 * step
            found.append((above - loss().item()) / (2 * step))
            flat[i] += step
    return found


def assert_gradient(loss: Callable[[], Tensor], parameters: list[Tensor]) -> None:
    gradients = torch.autograd.grad(loss(), parameters, materialize_grads=True)
    got = torch.cat([gradient.flatten() for gradient in gradients]).tolist()
    assert got == pytest.approx(differences(loss, parameters), rel=1e-5, abs=1e-7)
    assert any(abs(value) > 1e-3 for value in got)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("written_out", [True, False])
def test_gradient_of_the_whole_critic_loss_against_finite_differences(name, written_out) -> None:
    config = NetworkConfig(critic_channels=(2, 3), critic_dense=3, critic_kernel=3)
    with initial_weights(0):
        network = CriticHead(1, 8, config, ConditionLayout()).double()
    head = network if written_out else lambda x, condition: plain_score(network, x, condition)
    real, fake, condition = normal(4, 1, 8, name=1), normal(4, 1, 8, name=2), normal(4, 2, name=3)
    objective = make(name)

    def loss() -> Tensor:
        scores = objective.critic_loss(head(real, condition), head(fake, condition))
        return scores + objective.constraint(head, real, fake, condition, torch_generator(0))

    assert_gradient(loss, list(network.parameters()))


@pytest.mark.parametrize("name", NAMES)
def test_gradient_of_the_generator_loss_against_finite_differences(name) -> None:
    with initial_weights(0):
        generator, head = Affine(0.7, -0.3).double(), Perceptron(3).double()
    noise = normal(4, 1, 3)

    def loss() -> Tensor:
        fake = generator.shift + generator.scale * noise
        return make(name).generator_loss(head(fake, NO_CONDITION))

    assert_gradient(loss, list(generator.parameters()))


LOG2, LOG3, LOG5 = math.log(2), math.log(3), math.log(5)
BY_HAND = {  # scores log 3, 0 of reals and log 2, −log 4 of fakes: D = 3/4, 1/2 and 2/3, 1/5
    "wgan-gp": ((-LOG2 - LOG3) / 2, LOG2 / 2, (LOG2 + LOG3) / 2),
    "wgan": ((-LOG2 - LOG3) / 2, LOG2 / 2, (LOG2 + LOG3) / 2),
    "gan": (
        -math.log(3 / 8) / 2 - math.log(4 / 15) / 2,
        -math.log(2 / 15) / 2,
        LOG2 + math.log(1 / 10) / 4,
    ),
    "gan-minimax": (
        -math.log(3 / 8) / 2 - math.log(4 / 15) / 2,
        math.log(4 / 15) / 2,
        LOG2 + math.log(1 / 10) / 4,
    ),
    "lsgan": (
        ((LOG3 - 1) ** 2 + 1 + 5 * LOG2**2) / 4,
        ((LOG2 - 1) ** 2 + (2 * LOG2 + 1) ** 2) / 4,
        1 - ((LOG3 - 1) ** 2 + 1 + 5 * LOG2**2),
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_estimate_of_given_scores(name) -> None:
    objective = make(name)
    real = torch.tensor([LOG3, 0.0], dtype=torch.float64)
    fake = torch.tensor([LOG2, -2 * LOG2], dtype=torch.float64)
    got = (
        objective.critic_loss(real, fake),
        objective.generator_loss(fake),
        objective.estimate(real, fake),
    )
    assert [x.item() for x in got] == pytest.approx(BY_HAND[name], rel=1e-12)


@pytest.mark.parametrize("name", ["wgan-gp", "wgan"])
def test_a_critic_that_has_it_the_wrong_way_round_estimates_less_than_nothing(name) -> None:
    real, fake = normal(5, name=1), normal(5, name=2)
    estimate = make(name).estimate
    assert estimate(real, fake).item() == -estimate(fake, real).item() != 0


@pytest.mark.parametrize("name", NAMES)
def test_no_score_is_too_far_for_the_losses(name) -> None:
    far = torch.tensor([1e4, -1e4])
    objective = make(name)
    losses = objective.critic_loss(far, far), objective.generator_loss(far)
    assert all(loss.isfinite() for loss in losses)


def test_the_generators_of_the_gan_lean_the_same_way_as_one_minus_d_to_d() -> None:
    """By the score they have gradients −D and −(1 − D): the first is lost on fakes easily told."""
    score = torch.linspace(-20, 20, 41, dtype=torch.float64).requires_grad_()
    told = 1 / (1 + torch.exp(-score.detach()))
    gradient = {}
    for name in ("gan", "gan-minimax"):
        (gradient[name],) = torch.autograd.grad(make(name).generator_loss(score), score)
    torch.testing.assert_close(gradient["gan-minimax"] * 41, -told)
    torch.testing.assert_close(gradient["gan"] / gradient["gan-minimax"], (1 - told) / told)
    assert gradient["gan-minimax"][0].abs() < 1e-8 * gradient["gan"][0].abs()


@pytest.mark.parametrize("weight", [0.0, 10.0, 25.0])
def test_the_constraint_of_wgan_gp_is_weight_times_penalty(weight) -> None:
    def head(x: Tensor, condition: Tensor) -> Tensor:
        return 2 * x.flatten(1).sum(1)

    ends = normal(4, 2, 3, name=1), normal(4, 2, 3, name=2)
    objective = make("wgan-gp", penalty_weight=weight)
    held = objective.constraint(head, *ends, NO_CONDITION, torch_generator(0))
    assert held.item() == pytest.approx(weight * (math.sqrt(24) - 1) ** 2, rel=1e-12)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "wgan-gp"])
def test_the_others_add_nothing_to_the_loss(name) -> None:
    ends = normal(4, 2, 3, name=1), normal(4, 2, 3, name=2)
    held = make(name).constraint(Perceptron(6), *ends, NO_CONDITION, torch_generator(0))
    assert held.shape == () and held.item() == 0 and held.dtype == ends[0].dtype


class WeightsWatched(Callback):
    """Notes the largest weight of the critic after each step."""

    trainer: Trainer

    def __init__(self) -> None:
        self.largest: list[float] = []

    def on_log(self, progress: Progress) -> None:
        weights = nn.utils.parameters_to_vector(self.trainer.critic.parameters())
        self.largest.append(weights.abs().max().item())


def largest_weights(**settings: object) -> list[float]:
    watched = WeightsWatched()
    fields = {**CONFIG.__dict__, "log_every": 1, **settings}
    with initial_weights(0):
        watched.trainer = toy_trainer(TrainingConfig(**fields), critic=Heads(Perceptron(1)))
    watched.trainer.run([watched])
    return watched.largest


@pytest.mark.parametrize("clip", [0.01, 0.3])
def test_after_each_step_of_a_training_all_weights_are_within_the_clip(clip) -> None:
    largest = largest_weights(objective="wgan", optimizer="rmsprop", clip=clip)
    assert largest == [pytest.approx(clip, rel=1e-6)] * CONFIG.steps  # within, and some at it


@pytest.mark.parametrize("name", [name for name in NAMES if name != "wgan"])
def test_the_others_leave_the_weights_as_they_are(name) -> None:
    assert min(largest_weights(objective=name, clip=0.01)) > 0.3
    weight = normal(3)
    make(name, clip=0.01).confine([weight])
    assert torch.equal(weight, normal(3))


def test_the_objective_reads_its_settings() -> None:
    assert make("wgan-gp", penalty_weight=3.0).penalty_weight == 3.0
    assert make("wgan", clip=0.2).clip == 0.2


def test_an_unknown_objective_or_preset_is_refused_with_the_choices() -> None:
    choices = ", ".join(NAMES)
    for call in (lambda: make("wasserstein"), lambda: preset("wasserstein")):
        with pytest.raises(ConfigError) as error:
            call()
        assert str(error.value) == f"objective: expected one of {choices}, got 'wasserstein'"
    with pytest.raises(ConfigError, match=r"^preset: expected one of tuned, paper, got 'best'$"):
        preset("wgan", "best")
