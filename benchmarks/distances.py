"""What trained critics say of two parallel lines: their distance, and where to go.

``python benchmarks/distances.py --out docs/images/objectives-distances.png`` prints the table and
draws the figure of docs/objectives.md.

The real line is (0, Z), the generator's (θ, Z), Z ~ U(0, 1) (Arjovsky et al. 2017, example 1).
For each θ a critic is trained until it has nothing more to learn; the generator is never moved.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Generator as RandomStream
from torch import Tensor, nn

from tsgan.canvas import CHOSEN, REAL, SYNTHETIC, TEXT, plain_numbers, save_figure, styled
from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.device import Precision
from tsgan.objectives import make_objective
from tsgan.seeding import TRAINING, WEIGHTS, initial_weights, torch_generator
from tsgan.steps import Batch, critic_step, generator_step, make_fakes

STEPS, RATE, BATCH, MANY = 1000, 5e-3, 256, 20_000
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "wgan-gp": {},
    "wgan": {"optimizer": "rmsprop", "beta2": 0.99, "clip": 0.05},
    "gan-minimax": {},
    "gan": {},
    "lsgan": {},
}
COLOURS = dict(zip(SETTINGS, (SYNTHETIC, CHOSEN, "#b4472e", "#d08a3c", "#7a5195"), strict=True))
THETAS = [sign * k / 10 for sign in (-1, 1) for k in (1, 2, 3, 4, 5, 6, 8, 10)]


class Line(nn.Module):
    """Generator of (θ, Z)."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def sample_like(self, real: Tensor, _: Tensor, stream: RandomStream) -> Tensor:
        z = torch.rand(len(real), generator=stream)
        return torch.stack([self.theta + torch.zeros_like(z), z], dim=1)


class Head(nn.Module):
    """Perceptron, flat at first."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2)
        )
        self.score = nn.Linear(32, 1)
        nn.init.zeros_(self.score.weight)

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        scores: Tensor = self.score(self.layers(x))[:, 0]
        return scores


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList([Head()])

    def views(self, parts: Batch, _: RandomStream) -> Batch:
        return parts


@dataclass(frozen=True)
class Told:
    """What a trained critic says: the distance, and the gradient of the generator's loss by θ."""

    objective: str
    theta: float
    estimate: float
    gradient: float


def ask(objective: str, theta: float) -> Told:
    """Train a critic of the lines at 0 and at ``theta``; return what it says of 20,000 samples."""
    torch.set_num_threads(1)
    config = TrainingConfig(objective=objective, learning_rate=RATE, **SETTINGS[objective])
    game = make_objective(config), Precision()
    stream = torch_generator(0, TRAINING)
    with initial_weights(0, WEIGHTS):
        critic = Critic()
    truth, line, descend = Line(0.0).requires_grad_(False), Line(theta), Descent(critic, config)

    def batch(count: int) -> Batch:
        none = torch.zeros(count, 0)
        return [(truth.sample_like(none, none, stream), none)]

    def fakes(real: Batch) -> Batch:
        return make_fakes(line, real, Precision(), stream)

    for step in range(STEPS):
        descend.set_rate(RATE * (1 - step / STEPS))
        real = batch(BATCH)
        critic_step(critic, real, fakes(real), *game, descend, stream)
    real = batch(MANY)
    told = critic_step(critic, real, fakes(real), *game, lambda _: None, stream)
    generator_step(critic, fakes(batch(MANY)), *game, lambda loss: loss.backward(), stream)
    assert line.theta.grad is not None
    return Told(objective, theta, told[3].item(), line.theta.grad.item())


def table(answers: Sequence[Told]) -> str:
    """Return a Markdown table of estimate and gradient at a few θ."""
    shown = (-1.0, -0.5, 0.1, 0.5, 1.0)
    rows = ["| objective | " + " | ".join(f"θ = {x:g}" for x in shown) + " |", "|---" * 6 + "|"]
    for name in SETTINGS:
        by_theta = {one.theta: one for one in answers if one.objective == name}
        cells = [f"{by_theta[x].estimate:.3f}, {by_theta[x].gradient:+.3g}" for x in shown]
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def lines(axes: Axes, answers: Sequence[Told], names: Sequence[str], what: str) -> None:
    """Draw estimate or size of the gradient by θ, apart on both sides of 0, where there is none."""
    for name, side in product(names, (-1, 1)):
        points = sorted(
            (one.theta, abs(getattr(one, what)))
            for one in answers
            if one.objective == name and one.theta * side > 0
        )
        label = name if side > 0 else None
        axes.plot(*zip(*points, strict=True), "o-", color=COLOURS[name], markersize=3, label=label)


@styled
def picture(answers: Sequence[Told]) -> Figure:
    figure = Figure(figsize=(10, 3.7))
    slopes, classes, gradients = figure.subplots(1, 3)
    slopes.set_title("estimated distance")
    lines(slopes, answers, ("wgan-gp", "wgan"), "estimate")
    slopes.plot([-1, 0, 1], [1, 0, 1], ":", color=REAL, zorder=0)
    slopes.text(0.58, 0.36, "|θ|, the\ntrue one", color=REAL, ha="left")
    slopes.annotate("", (0.42, 0.42), (0.57, 0.42), arrowprops={"arrowstyle": "-", "color": TEXT})
    classes.set_title("estimated divergence")
    lines(classes, answers, ("gan", "lsgan"), "estimate")
    classes.axhline(math.log(2), color=REAL, linestyle=":", zorder=0)
    classes.text(0, math.log(2) + 0.02, "log 2", color=REAL, ha="center")
    classes.set_ylim(0, 1.08)
    gradients.set_title("size of the generator's gradient by θ")
    lines(gradients, answers, tuple(SETTINGS), "gradient")
    gradients.set_yscale("log")
    handles, labels = gradients.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    for axes in (slopes, classes, gradients):
        axes.set_xlabel("θ")
        axes.margins(x=0.04)
        plain_numbers(axes.xaxis)
    plain_numbers(slopes.yaxis)
    plain_numbers(classes.yaxis)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2, help="critics at a time (default 2)")
    parser.add_argument("--out", type=Path, help="where the figure goes, a PNG")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.processes) as pool:
        answers = list(pool.map(ask, *zip(*product(SETTINGS, THETAS), strict=True)))
    print(table(answers))
    if given.out is not None:
        save_figure(picture(answers), given.out)


if __name__ == "__main__":
    main()
