"""The core learns what each kind of condition does to a simulated market, several at once."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from toys import Heads

from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.critics import CriticHead
from tsgan.networks import Generator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.trainer import Trainer

TIME, BATCH = 8, 64
NETWORK = NetworkConfig(
    channels=8,
    layers=3,
    noise_channels=2,
    slow_noise=(),
    innovation_width=8,
    critic_channels=(16, 32),
)
TRAINING = replace(TrainingConfig(), critic_steps=2, critic_rate=1.0, average=0.98)
STEPS = 500


def given(layout: ConditionLayout, count: int, stream: torch.Generator) -> dict[str, Tensor]:
    """Conditions at random: a coin, a number in [−1, 1], a past of N(0, 1), coins along time."""
    kinds = {
        "label": torch.randint(2, (count,), generator=stream),
        "numbers": 2 * torch.rand(count, 1, generator=stream) - 1,
        "history": torch.randn(count, 1, 2, generator=stream),
        "covariates": 2 * torch.randint(2, (count, 1, TIME), generator=stream).float() - 1,
    }
    has = {"label": layout.labels, "numbers": layout.numbers}
    has |= {"history": layout.history, "covariates": layout.covariates}
    return {kind: value for kind, value in kinds.items() if has[kind]}


def market(conditions: dict[str, Tensor], stream: torch.Generator) -> Tensor:
    """``r_t = .7 r_{t−1} + l − ½ + n / 2 + ½ e^{.7 z_t} ε_t``, what is not given being 0."""
    count = len(next(iter(conditions.values())))
    drift = torch.zeros(count)
    if "label" in conditions:
        drift = drift + conditions["label"] - 0.5
    if "numbers" in conditions:
        drift = drift + 0.5 * conditions["numbers"][:, 0]
    z = conditions.get("covariates", torch.zeros(count, 1, TIME))[:, 0]
    last = conditions.get("history", torch.zeros(count, 1, 1))[:, 0, -1]
    noise, returns = torch.randn(count, TIME, generator=stream), []
    for t in range(TIME):
        last = 0.7 * last * ("history" in conditions)
        last = last + drift + 0.5 * torch.exp(0.7 * z[:, t]) * noise[:, t]
        returns.append(last)
    return torch.stack(returns, dim=1)[:, None]


def trained(layout: ConditionLayout, rate: float, steps: int = STEPS) -> nn.Module:
    """Return the averaged generator of a short run on that market."""

    def batches(stream: torch.Generator) -> Batch:
        conditions = given(layout, BATCH, stream)
        return [(market(conditions, stream), layout.pack(BATCH, **conditions))]

    with initial_weights(0):
        generator = Generator(NETWORK, layout=layout)
        critic = Heads(CriticHead(1, TIME, NETWORK, layout))
    training = replace(TRAINING, steps=steps, learning_rate=rate)
    trainer = Trainer(generator, critic, batches, training, torch_generator(1))
    assert trainer.run() and trainer.returns == 0
    return trainer.average


def both(layout: ConditionLayout, generator: nn.Module, **fixed: Tensor) -> tuple[Tensor, Tensor]:
    """Return 4,000 real and 4,000 generated windows, (windows, time), some conditions fixed."""
    count, stream = 4000, torch_generator(2)
    conditions = given(layout, count, stream)
    conditions |= {kind: x.expand(count, *x.shape) for kind, x in fixed.items()}
    real = market(conditions, stream)
    with torch.no_grad():
        fake = generator.sample_like(real, layout.pack(count, **conditions), stream)
    return real[:, 0], fake[:, 0]


def effect(layout, generator, kind: str, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return by how much ``high`` instead of ``low`` moves the mean at each step, real and fake."""
    at_low = both(layout, generator, **{kind: low})
    at_high = both(layout, generator, **{kind: high})
    real, fake = ((b.mean(0) - a.mean(0)) for a, b in zip(at_low, at_high, strict=True))
    return real, fake


def test_label_vector_and_history_are_obeyed_together() -> None:
    layout = ConditionLayout(labels=2, numbers=1, history=2)
    generator = trained(layout, 4e-3)
    for kind, low, high in (
        ("label", torch.tensor(0), torch.tensor(1)),
        ("numbers", torch.tensor([-1.0]), torch.tensor([1.0])),
        ("history", torch.tensor([[0.0, -1.5]]), torch.tensor([[0.0, 1.5]])),
    ):
        real, fake = effect(layout, generator, kind, low, high)
        assert (fake - real).abs().max() < 0.4 * real.abs().max(), kind
    _, first = effect(layout, generator, "history", *torch.tensor([[[-1.5, 0.0]], [[1.5, 0.0]]]))
    assert abs(first[0]) < 0.5  # the value before the last has no effect


def test_a_covariate_sets_the_volatility_step_by_step() -> None:
    layout = ConditionLayout(covariates=1)
    generator = trained(layout, 2e-3, steps=800)
    for sign in (-1.0, 1.0):
        z = torch.full((1, TIME), sign)
        z[:, TIME // 2 :] *= -1
        real, fake = (x.std(0) for x in both(layout, generator, covariates=z))
        assert (torch.log(fake / real)).abs().max() < 0.5  # while the two levels are 1.4 apart
