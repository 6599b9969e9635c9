"""The benchmark of modes: its measure against known samples, and its claim in a small version."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from tsgan.seeding import torch_generator


def load() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "modes.py"
    spec = importlib.util.spec_from_file_location("modes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["modes"] = module
    spec.loader.exec_module(module)
    return module


modes = load()
MIXTURES = {"ring": modes.RING, "grid": modes.GRID}


def samples(name: str, count: int = 10_000) -> Tensor:
    return MIXTURES[name].draw(count, torch_generator(0))


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_samples_of_the_mixture_cover_all_its_modes(name, count) -> None:
    """Of a round Gaussian ``1 − exp(−r²/2)`` is within r standard deviations."""
    covered, share = MIXTURES[name].coverage(samples(name))
    assert covered == len(MIXTURES[name].centres) == count
    assert share == pytest.approx(1 - math.exp(-(3**2) / 2), abs=0.004)


@pytest.mark.parametrize("name", MIXTURES)
def test_the_modes_are_apart_and_even(name) -> None:
    centres = torch.tensor(MIXTURES[name].centres)
    apart = torch.cdist(centres, centres).fill_diagonal_(math.inf)
    assert apart.min() > 2 * 6 * MIXTURES[name].sd
    drawn = samples(name, 100_000)
    nearest = torch.cdist(drawn, centres).argmin(1)
    assert torch.bincount(nearest) / 100_000 * len(centres) == pytest.approx(1, abs=0.1)
    spread = (drawn - centres[nearest]).square().mean().sqrt().item()
    assert spread == pytest.approx(MIXTURES[name].sd, rel=0.01)


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mode_without_samples_is_not_covered(name) -> None:
    drawn, lost = samples(name), torch.tensor(MIXTURES[name].centres[:3])
    kept = drawn[torch.cdist(drawn, lost).min(1).values > 0.4]
    assert MIXTURES[name].coverage(kept)[0] == len(MIXTURES[name].centres) - 3


@pytest.mark.parametrize("name", MIXTURES)
def test_a_blur_over_the_square_covers_nothing(name) -> None:
    """Each mode gets π (3 sd)² of the area 36, less than a tenth of its even share."""
    blur = 6 * torch.rand(100_000, 2, generator=torch_generator(1)) - 3
    covered, share = MIXTURES[name].coverage(blur)
    area = len(MIXTURES[name].centres) * math.pi * (3 * MIXTURES[name].sd) ** 2 / 36
    assert share == pytest.approx(area, rel=0.05)
    assert covered == 0


SETTINGS = {
    "wgan-gp": {"beta2": 0.9, "penalty_weight": 1.0},
    "gan": {"beta2": 0.999},
}


def covered(objective: str, name: str, steps: int) -> int:
    """Train as the benchmark does, for fewer steps, at one rate; return the modes covered."""
    settings = {**modes.ADAM, "learning_rate": 4e-3, **SETTINGS[objective]}
    run = modes.Run(objective, MIXTURES[name], settings, 1, steps)
    return MIXTURES[name].coverage(modes.samples_of(run))[0]


def test_wgan_gp_covers_the_ring_and_the_gan_with_the_same_networks_does_not() -> None:
    """Of three seeds: 8, 8, 8 against 3, 3, 3."""
    assert covered("wgan-gp", "ring", 500) == 8
    assert covered("gan", "ring", 500) <= 5


def test_wgan_gp_covers_the_grid_and_the_gan_with_the_same_networks_does_not() -> None:
    """Of three seeds: 25, 25, 25 against 14, 14, 16."""
    assert covered("wgan-gp", "grid", 1400) == 25
    assert covered("gan", "grid", 1400) <= 20
