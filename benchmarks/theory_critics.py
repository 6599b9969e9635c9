"""Clipped against penalised critics on toy data, after figure 1 of Gulrajani et al. 2017.

The generator never moves: its samples are the real ones with normal noise. Critics play tsgan's own
game: ``critic_step`` with the objectives ``wgan`` (RMSProp, weights clipped to ±c) and ``wgan-gp``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Generator as RandomStream
from torch import Tensor, nn

from tsgan.canvas import NEGATIVE, REAL, SYNTHETIC, plain_numbers, styled
from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.device import Precision
from tsgan.objectives import make_objective
from tsgan.seeding import TRAINING, WEIGHTS, initial_weights, torch_generator
from tsgan.steps import Batch, critic_step

STEPS, SURFACE_STEPS, BATCH, RATE = 600, 2500, 256, 1e-3
NOISE = 0.5
"""Standard deviation of what the generator adds to real samples."""
DEEP, DEEP_WIDTH = 12, 64
WIDE, WIDE_WIDTH = 3, 128
CLIPS = (0.1, 0.01, 0.001)
AT_BOUND = 0.999
"""A weight is at its bound if its size is above so much of c."""


def eight_gaussians(count: int, stream: RandomStream) -> Tensor:
    """Return (count, 2) points of eight Gaussians on a ring of radius 2."""
    angle = torch.randint(8, (count,), generator=stream) * (math.pi / 4)
    centre = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return centre + 0.05 * torch.randn(count, 2, generator=stream)


def swiss_roll(count: int, stream: RandomStream) -> Tensor:
    """Return (count, 2) points of a spiral of one and a half turns, of radius up to 2."""
    angle = 1.5 * math.pi * (1 + 2 * torch.rand(count, generator=stream))
    roll = torch.stack([angle * angle.cos(), angle * angle.sin()], dim=1) / 7.5
    return roll + 0.05 * torch.randn(count, 2, generator=stream)


DATA = {"eight Gaussians": eight_gaussians, "Swiss roll": swiss_roll}


class Head(nn.Module):
    """ReLU perceptron."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        sizes = [2, *[width] * hidden, 1]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def activations(self, x: Tensor) -> list[Tensor]:
        """Return the input, what each hidden layer gives, and the scores, (batch, …) each."""
        met = [x]
        for layer in self.layers[:-1]:
            met.append(torch.relu(layer(met[-1])))
        return [*met, self.layers[-1](met[-1])]

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        return self.activations(x)[-1][:, 0]


class Critic(nn.Module):
    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList([Head(hidden, width)])

    def views(self, parts: Batch, _: RandomStream) -> Batch:
        return parts


def train(data: str, clip: float | None, hidden: int, width: int, steps: int = STEPS) -> Head:
    """Return a trained critic's head; its weights are clipped to ±``clip``, or penalised."""
    torch.set_num_threads(1)
    settings = {"learning_rate": RATE}
    config = (
        TrainingConfig(objective="wgan-gp", **settings)
        if clip is None
        else TrainingConfig(objective="wgan", optimizer="rmsprop", clip=clip, **settings)
    )
    objective, stream = make_objective(config), torch_generator(0, TRAINING)
    with initial_weights(0, WEIGHTS):
        critic = Critic(hidden, width)
    descend, nothing = Descent(critic, config), torch.zeros(BATCH, 0)
    for step in range(steps):
        descend.set_rate(RATE * (1 - step / steps))
        real, base = DATA[data](BATCH, stream), DATA[data](BATCH, stream)
        fake = base + NOISE * torch.randn(BATCH, 2, generator=stream)
        parts = [(real, nothing)], [(fake, nothing)]
        critic_step(critic, *parts, objective, Precision(), descend, stream)
    return critic.heads[0]


@dataclass(frozen=True)
class Studied:
    """What is told of a deep critic: norms ‖∂D/∂a‖ by layer, input first; its weights."""

    gradients: list[float]
    weights: np.ndarray
    clip: float | None

    @property
    def at_bound(self) -> float:
        """Share of weights at ±c; NaN without clipping."""
        if self.clip is None:
            return math.nan
        return float(np.mean(np.abs(self.weights) > AT_BOUND * self.clip))


def studied(clip: float | None, steps: int = STEPS) -> Studied:
    """Train a deep critic on the Swiss roll and look at it."""
    head = train("Swiss roll", clip, DEEP, DEEP_WIDTH, steps)
    x = swiss_roll(2000, torch_generator(1, TRAINING)).requires_grad_()
    met = head.activations(x)
    gradients = torch.autograd.grad(met[-1].sum(), met[:-1])
    norms = [gradient.norm(dim=1).mean().item() for gradient in gradients]
    weights = torch.cat([layer.weight.detach().flatten() for layer in head.layers])
    return Studied(norms, weights.numpy(), clip)


def study(steps: int = STEPS) -> dict[str, Studied]:
    """Return the critics of all clips and of the penalty by name."""
    found = {f"clipped, c = {clip:g}": studied(clip, steps) for clip in CLIPS}
    return {**found, "penalty, λ = 10": studied(None, steps)}


def table(critics: Mapping[str, Studied]) -> str:
    """Return a Markdown table of them."""
    rows = [
        "| critic | gradient at the last hidden layer | at the input | a layer multiplies by "
        "| weights at ±c |",
        "|---|---|---|---|---|",
    ]
    for name, one in critics.items():
        first, last = one.gradients[0], one.gradients[-1]
        factor = (first / last) ** (1 / DEEP)
        share = "–" if one.clip is None else f"{100 * one.at_bound:.0f} %"
        rows.append(f"| {name} | {last:.2g} | {first:.2g} | {factor:.2g} | {share} |")
    return "\n".join(rows)


COLOURS = (NEGATIVE, "#d08a3c", "#7a5195", SYNTHETIC)


@styled
def gradients_picture(critics: Mapping[str, Studied]) -> Figure:
    figure = Figure(figsize=(9, 3.2))
    norms, clipped, free = figure.subplots(1, 3, width_ratios=(1.6, 1, 1))
    for (name, one), colour in zip(critics.items(), COLOURS, strict=True):
        norms.plot(range(DEEP + 1), one.gradients, "o-", markersize=3, color=colour, label=name)
    norms.set_yscale("log")
    norms.legend(loc="lower right")
    norms.set(xlabel="layer (0: the input)", title="size of the gradient by the layer's values")
    panels = {"clipped, c = 0.01": (clipped, COLOURS[1]), "penalty, λ = 10": (free, COLOURS[3])}
    for name, (axes, colour) in panels.items():
        weights = critics[name].weights
        bound = 1.1 * np.quantile(np.abs(weights), 0.999)
        axes.hist(weights, bins=np.linspace(-bound, bound, 61), color=colour)
        axes.set(title=f"weights: {name}", yticks=[])
        plain_numbers(axes.xaxis)
    return figure


@styled
def surfaces_picture() -> Figure:
    figure = Figure(figsize=(7.2, 3.7))
    grid = np.linspace(-3, 3, 81)
    across, up = np.meshgrid(grid, grid)
    points = torch.tensor(np.stack([across.ravel(), up.ravel()], axis=1), dtype=torch.float32)
    real = eight_gaussians(400, torch_generator(2, TRAINING))
    kinds = {"clipped, c = 0.1": 0.1, "penalty, λ = 10": None}
    for axes, (kind, clip) in zip(figure.subplots(1, 2), kinds.items(), strict=True):
        head = train("eight Gaussians", clip, WIDE, WIDE_WIDTH, SURFACE_STEPS)
        with torch.no_grad():
            scores = head(points, points).reshape(across.shape).numpy()
        axes.contour(across, up, scores, levels=14, cmap="viridis", linewidths=1)
        axes.plot(*real.T, ".", color=REAL, markersize=2)
        axes.set(title=kind, aspect="equal")
        plain_numbers(axes.xaxis)
        plain_numbers(axes.yaxis)
    return figure
