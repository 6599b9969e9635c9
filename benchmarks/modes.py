"""How many modes of two mixtures of Gaussians each objective covers, over several seeds.

``python benchmarks/modes.py`` prints the table and draws the picture of docs/objectives.md;
``python benchmarks/modes.py --tune`` prints what the settings were chosen from.

Networks, initial weights, batches and the number of steps of both networks are the same for all.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator as RandomStream
from torch import Tensor, nn

from tsgan.canvas import REAL, RULE, SYNTHETIC, save_figure, styled
from tsgan.config import TrainingConfig
from tsgan.seeding import TRAINING, VALIDATION, WEIGHTS, initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.trainer import Trainer

STEPS, BATCH, SAMPLES = 3000, 128, 10_000
NOISE, WIDTH, WAVES, FREQUENCY = 2, 64, 16, 2.0
NEAR = 3.0
"""A sample belongs to a mode within so many of its standard deviations: 98.9 % of the truth do."""
COVERED = 0.1
"""A mode is covered if this part of its even share of all samples belongs to it."""
TUNING_SEED = 100

SAME = {"critic_steps": 1, "critic_rate": 1.0, "fresh_fakes": True}
ADAM = {**SAME, "optimizer": "adam", "beta1": 0.5}
RMSPROP = {**SAME, "optimizer": "rmsprop", "beta2": 0.99}
RATES = (2e-4, 5e-4, 1e-3, 2e-3, 4e-3)
GAN = tuple({**ADAM, "beta2": 0.999, "learning_rate": rate} for rate in RATES)
TRIED: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "wgan-gp": [
        {**ADAM, "beta2": 0.9, "learning_rate": rate, "penalty_weight": weight}
        for rate, weight in product((2e-3, 4e-3), (0.1, 1.0))
    ],
    "wgan": [
        {**RMSPROP, "learning_rate": rate, "clip": clip}
        for rate, clip in product((2e-3, 4e-3), (0.1, 0.3))
    ],
    "gan": GAN,
    "gan-minimax": GAN,
    "lsgan": GAN,
}
"""Settings of each objective, four or five."""
CHOSEN = {"wgan-gp": 3, "wgan": 3, "gan": 0, "gan-minimax": 0, "lsgan": 1}
"""Which of them covered most modes of the tuning seed, then had most samples in a mode."""


@dataclass(frozen=True)
class Mixture:
    name: str
    centres: tuple[tuple[float, float], ...]
    sd: float = 0.05

    def draw(self, count: int, stream: RandomStream) -> Tensor:
        centres = torch.tensor(self.centres)
        which = torch.randint(len(centres), (count,), generator=stream)
        return centres[which] + self.sd * torch.randn(count, 2, generator=stream)

    def coverage(self, samples: Tensor) -> tuple[int, float]:
        """Return how many modes ``samples``, (count, 2), cover, and which part is in a mode."""
        distance, nearest = torch.cdist(samples, torch.tensor(self.centres)).min(dim=1)
        near = distance <= NEAR * self.sd
        counts = torch.bincount(nearest[near], minlength=len(self.centres))
        covered = counts >= COVERED * len(samples) / len(self.centres)
        return int(covered.sum()), near.float().mean().item()


EIGHTHS = [2 * math.pi * k / 8 for k in range(8)]
RING = Mixture("ring of 8", tuple((2 * math.cos(t), 2 * math.sin(t)) for t in EIGHTHS))
GRID = Mixture(
    "grid of 25", tuple((float(x), float(y)) for x, y in product(range(-2, 3), repeat=2))
)
MIXTURES = (RING, GRID)


class Waves(nn.Module):
    """``x`` and random waves of it, ``sin xB`` and ``cos xB`` (Tancik et al. 2020, eq. 4).

    A critic without them is too smooth to tell 25 modes apart in so few steps.
    """

    frequencies: Tensor

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", FREQUENCY * torch.randn(inputs, WAVES))

    def forward(self, x: Tensor) -> Tensor:
        phase = x @ self.frequencies
        return torch.cat([x, phase.sin(), phase.cos()], dim=1)


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        Waves(inputs),
        nn.Linear(inputs + 2 * WAVES, WIDTH),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH, WIDTH),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH, outputs),
    )


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = perceptron(NOISE, 2)

    def sample_like(self, real: Tensor, _: Tensor, stream: RandomStream) -> Tensor:
        samples: Tensor = self.layers(torch.randn(len(real), NOISE, generator=stream))
        return samples


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = perceptron(2, 1)

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        scores: Tensor = self.layers(x)[:, 0]
        return scores


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList([Head()])

    def views(self, parts: Batch, _: RandomStream) -> Batch:
        return parts


@dataclass(frozen=True)
class Run:
    objective: str
    mixture: Mixture
    settings: Mapping[str, Any]
    seed: int
    steps: int = STEPS


def samples_of(run: Run) -> Tensor:
    """Train on one thread; return samples of the averaged generator, (SAMPLES, 2)."""
    torch.set_num_threads(1)
    config = TrainingConfig(objective=run.objective, steps=run.steps, **run.settings)
    with initial_weights(run.seed, WEIGHTS):
        generator, critic = Generator(), Critic()
    none, stream = torch.zeros(BATCH, 0), torch_generator(run.seed, TRAINING)
    trainer = Trainer(
        generator, critic, lambda s: [(run.mixture.draw(BATCH, s), none)], config, stream
    )
    trainer.run()
    like = torch.zeros(SAMPLES, 2)
    with torch.no_grad():
        return trainer.average.sample_like(like, like, torch_generator(run.seed, VALIDATION))


def settings_in_words(settings: Mapping[str, Any]) -> str:
    betas = f"β = ({settings.get('beta1', 0):g}, {settings['beta2']:g})"
    kind = "Adam" if settings["optimizer"] == "adam" else "RMSProp"
    words = [kind, f"{settings['learning_rate']:g}"]
    words.append(betas if kind == "Adam" else f"β₂ = {settings['beta2']:g}")
    for name, symbol in (("penalty_weight", "λ"), ("clip", "c")):
        if name in settings:
            words.append(f"{symbol} = {settings[name]:g}")
    return ", ".join(words)


def table(runs: Sequence[Run], samples: Iterable[Tensor]) -> str:
    """Return a Markdown table, a line for each objective and its settings: median (worst)."""
    found: dict[tuple[str, str], dict[str, list[tuple[int, float]]]] = {}
    for run, drawn in zip(runs, samples, strict=True):
        line = found.setdefault((run.objective, settings_in_words(run.settings)), {})
        line.setdefault(run.mixture.name, []).append(run.mixture.coverage(drawn))
    head = ["objective", "settings"]
    for mixture in MIXTURES:
        head += [f"{mixture.name}: modes", "samples in a mode"]
    lines = [head, ["---"] * len(head)]
    for (objective, settings), by_mixture in found.items():
        cells = [f"`{objective}`", settings]
        for mixture in MIXTURES:
            modes, shares = zip(*by_mixture[mixture.name], strict=True)
            worst = f" ({min(modes)})" if len(modes) > 1 else ""
            cells.append(f"{statistics.median(modes):g}{worst}")
            cells.append(f"{statistics.median(shares):.0%}".replace("%", " %"))
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


@styled
def picture(runs: Sequence[Run], samples: Sequence[Tensor]) -> Figure:
    """Draw the samples of each objective, a row for each mixture; a circle is a mode."""
    figure = Figure(figsize=(10, 4.6))
    grid = figure.subplots(len(MIXTURES), len(TRIED))
    for run, drawn in zip(runs, samples, strict=True):
        axes = grid[MIXTURES.index(run.mixture), list(TRIED).index(run.objective)]
        x, y = drawn[:2000].T.numpy()
        axes.plot(x, y, ".", color=SYNTHETIC, markersize=1.6, alpha=0.5, markeredgewidth=0)
        x, y = torch.tensor(run.mixture.centres).T.numpy()
        axes.plot(x, y, "o", color=REAL, markersize=7, fillstyle="none", markeredgewidth=0.5)
        modes, share = run.mixture.coverage(drawn)
        axes.set_xlabel(f"{modes} of {len(run.mixture.centres)} modes, {100 * share:.0f} % in one")
        if run.mixture is MIXTURES[0]:
            axes.set_title(run.objective)
        axes.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), xticks=[], yticks=[], aspect="equal")
        axes.spines[:].set(visible=True, color=RULE)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, … (default 5)")
    parser.add_argument("--tune", action="store_true", help="all settings tried, on seed 100")
    parser.add_argument("--processes", type=int, default=2, help="runs at a time (default 2)")
    parser.add_argument("--out", type=Path, help="where the picture of seed 0 goes, a PNG")
    given = parser.parse_args()
    settings = [
        (name, one)
        for name, tried in TRIED.items()
        for one in (tried if given.tune else [tried[CHOSEN[name]]])
    ]
    seeds = [TUNING_SEED] if given.tune else range(given.seeds)
    runs = [
        Run(name, mixture, one, seed)
        for seed, (name, one), mixture in product(seeds, settings, MIXTURES)
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        samples = list(pool.map(samples_of, runs))
    print(table(runs, samples))
    if given.out is not None and not given.tune:
        first = len(settings) * len(MIXTURES)
        save_figure(picture(runs[:first], samples[:first]), given.out)


if __name__ == "__main__":
    main()
