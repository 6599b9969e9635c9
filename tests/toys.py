"""Networks of a few weights, and a run of a few steps, for tests of the steps and the trainer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest
import tiny
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.batches import SeriesBatches
from tsgan.callbacks import Callback, Progress
from tsgan.config import TrainingConfig
from tsgan.critics import Critic, CriticHead
from tsgan.layers import NEGATIVE_SLOPE
from tsgan.networks import Generator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.strided import StridedStack
from tsgan.trainer import Trainer

STEPS = 12
CONFIG = replace(
    TrainingConfig(), steps=STEPS, log_every=1, check_every=4, learning_rate=0.01, average=0.9
)


class Listener(Callback):
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Progress | int | None]] = []

    def of(self, kind: str) -> list[Progress | int | None]:
        return [what for name, what in self.heard if name == kind]

    def on_start(self, step: int) -> None:
        self.heard.append(("start", step))

    def on_log(self, progress: Progress) -> None:
        self.heard.append(("log", progress))

    def on_check(self, progress: Progress) -> None:
        self.heard.append(("check", progress))

    def on_return(self, step: int) -> None:
        self.heard.append(("return", step))

    def on_end(self) -> None:
        self.heard.append(("end", None))


class Affine(nn.Module):
    """Generator ``shift + scale · noise``; it records the conditions that it was given."""

    def __init__(self, scale: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.shift = nn.Parameter(torch.tensor(shift))
        self.conditions: list[Tensor] = []

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        self.conditions.append(condition)
        return self.shift + self.scale * torch.randn(real.shape, generator=stream)


class Linear(nn.Module):
    """Head ``⟨w, x⟩``; it records the conditions that it was given."""

    def __init__(self, weight: Sequence[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.conditions: list[Tensor] = []

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        self.conditions.append(condition)
        return x.flatten(1) @ self.weight


class Perceptron(nn.Module):
    """Head with one hidden layer over the sample and its condition."""

    def __init__(self, inputs: int, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), nn.LeakyReLU(0.1), nn.Linear(width, 1)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.layers(torch.cat([x.flatten(1), condition], dim=1))[:, 0]


class Heads(nn.Module):
    """Critic whose heads see one part of the batch each, as it is."""

    def __init__(self, *heads: nn.Module) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: torch.Generator
    ) -> Sequence[tuple[Tensor, Tensor]]:
        return parts


def convolved(stack: StridedStack, x: Tensor) -> Tensor:
    """The stack of torch's own padded convolutions, which differentiate as often as one likes."""
    for weight, bias in zip(stack.weights, stack.biases, strict=True):
        x = F.pad(x, (weight.shape[0] - 2, 0))
        x = F.leaky_relu(F.conv1d(x, weight.permute(2, 1, 0), bias, stride=2), NEGATIVE_SLOPE)
    return x.transpose(1, 2)


def plain_score(head: CriticHead, x: Tensor, condition: Tensor) -> Tensor:
    """The scores of a head of torch's own parts."""
    x, static = head._told(x, condition)
    y = convolved(head.stack, x)
    if head.pooled:
        unit, kernel = 2 ** len(head.stack.weights), len(head.stack.weights[0])
        field = 1 + (kernel - 1) * (unit - 1)
        y = y[:, [unit * (p + 1) >= field for p in range(y.shape[1])]]
    else:
        y = y.reshape(len(y), 1, -1)
    told = torch.cat([y, static[:, None].expand(-1, y.shape[1], -1)], dim=2)
    hidden = F.leaky_relu(F.linear(told, head.dense.weight, head.dense.bias), NEGATIVE_SLOPE)
    return F.linear(hidden, head.score.weight, head.score.bias)[..., 0].mean(dim=1)


def toy_batch(stream: torch.Generator) -> Batch:
    """Samples of N(1, 4), one number each."""
    return [(1 + 2 * torch.randn(16, 1, 1, generator=stream), torch.zeros(16, 0))]


class Spoiled:
    """Batches of which those with the given numbers, counted from 1, are not a number."""

    def __init__(self, *numbers: int) -> None:
        self.numbers, self.count = numbers, 0

    def __call__(self, stream: torch.Generator) -> Batch:
        self.count += 1
        ((x, condition),) = toy_batch(stream)
        return [(x * math.nan if self.count in self.numbers else x, condition)]


def toy_trainer(
    config: TrainingConfig = CONFIG,
    batches: Callable[[torch.Generator], Batch] = toy_batch,
    score: Callable[[nn.Module], float] | None = None,
    generator: Affine | None = None,
    critic: Heads | None = None,
) -> Trainer:
    """A run of ``CONFIG``: 12 steps, with a check after each third."""
    with initial_weights(0):
        critic = Heads(Perceptron(1)) if critic is None else critic
    generator = Affine() if generator is None else generator
    return Trainer(generator, critic, batches, config, torch_generator(7), score)


def scores(*values: float) -> Callable[[nn.Module], float]:
    """A held-out score that says ``values`` in turn."""
    left = iter(values)
    return lambda generator: next(left)


def let_steps_last(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Set a clock by which steps of a trainer last so long, and all later ones as the last."""

    def readings() -> Iterator[float]:
        now = 0.0
        for duration in chain(seconds, repeat(seconds[-1])):
            yield now
            now += duration
            yield now

    clock = readings()
    monkeypatch.setattr("tsgan.trainer.time", SimpleNamespace(perf_counter=lambda: next(clock)))


def series_trainer(**settings: Any) -> Trainer:
    """The networks and batches of series, tiny, with a score that the weights decide."""
    config = tiny.config(STEPS)
    training = replace(config.training, critic_steps=2, check_every=4, score_from=0.5, **settings)
    with initial_weights(0):
        generator = Generator(config.network)
        critic = Critic(config.network, 128, 256)
    series = torch.from_numpy(100 * tiny.garch_returns()).float()[:, None]
    batches = SeriesBatches(series, 128, 256, training)

    def score(generator: nn.Module) -> float:
        return next(generator.parameters()).sum().item()

    return Trainer(generator, critic, batches, training, torch_generator(7), score)


def assert_same_state(one: Trainer, other: Trainer) -> None:
    (tensors, numbers), (other_tensors, other_numbers) = one.state(), other.state()
    assert tensors.keys() == other_tensors.keys()
    differ = [k for k in tensors if not torch.equal(tensors[k], other_tensors[k])]
    assert differ in ([], ["history.seconds"])
    timeless = {"seconds": 0.0}
    assert numbers | timeless == other_numbers | timeless
