"""The fast pass makes what ``Generator.forward`` makes of the same noise, however time is cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tsgan import inference, sampler, seeding
from tsgan.conditioning import ConditionLayout
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.inference import Inference, Plan, slow_grid, slow_points
from tsgan.networks import Generator
from tsgan.slow_noise import GRID, grid_points, slow_noise

NETWORK = replace(Config().network, layers=5)
NOT_GIVEN = torch.zeros(2)


def built(layout: ConditionLayout | None = None, assets: int = 1, **sizes: Any) -> Generator:
    with seeding.initial_weights(1, seeding.WEIGHTS):
        layout = layout or ConditionLayout(assets=assets)
        generator = Generator(replace(NETWORK, **sizes), assets, layout).requires_grad_(False)
    generator.tilt.weight.fill_(0.3)
    return generator


def sampled(
    generator: Generator, numbers: list[int], horizon: int, condition: Tensor
) -> np.ndarray:
    unit = Scaler(np.zeros(generator.assets), np.ones(generator.assets))
    groups = sampler.sample_groups(generator, unit, condition, numbers, horizon, seed=3)
    return np.concatenate(list(groups))


def expected(generator: Generator, number: int, horizon: int, condition: Tensor) -> np.ndarray:
    """The path as the generator that is trained makes it, from the path's own two streams."""
    stream = seeding.numpy_generator(3, seeding.PATHS, number)
    shape = (generator.memory + horizon, 1, generator.noise_channels)
    noise = stream.standard_normal(shape, dtype=np.float32)
    white = None
    if generator.slow:
        stream = seeding.numpy_generator(3, seeding.PATHS, number, sampler.SLOW)
        points = (grid_points(generator.memory + horizon - 1), 1, len(generator.slow))
        white = torch.from_numpy(stream.standard_normal(points, dtype=np.float32))
    return generator(torch.from_numpy(noise), condition[None], white)[0].T.numpy()


def agrees(
    generator: Generator, horizon: int, condition: Tensor = NOT_GIVEN, numbers: Any = (7, 3, 1000)
) -> None:
    made = sampled(generator, list(numbers), horizon, condition)
    truth = [expected(generator, number, horizon, condition) for number in numbers]
    np.testing.assert_allclose(made, np.stack(truth), rtol=0, atol=2e-5)
    assert made.shape == (len(numbers), horizon, generator.assets) and made.std() > 0.1


@pytest.mark.parametrize("stack", ["residual", "gated"])
@pytest.mark.parametrize("slow", [(), (20.0,), (20.0, 200.0)])
@pytest.mark.parametrize("horizon", [1, 16, 17, 700])
def test_paths_are_those_of_the_generator(
    stack: str, slow: tuple[float, ...], horizon: int
) -> None:
    agrees(built(stack=stack, slow_noise=slow), horizon, torch.tensor([0.4, 1.0]))


@pytest.mark.parametrize("stack", ["residual", "gated"])
@pytest.mark.parametrize("horizon", [1, 300])
def test_several_assets(stack: str, horizon: int) -> None:
    agrees(built(assets=4, stack=stack), horizon, torch.tensor([0.4, 1.0]))


@pytest.mark.parametrize(
    "sizes", [{"layers": 1}, {"channels": 3, "innovation_width": 5}, {"noise_channels": 1}]
)
def test_odd_sizes(sizes: dict[str, int]) -> None:
    agrees(built(**sizes), 100, numbers=range(20))


def test_default_sizes() -> None:
    agrees(built(layers=Config().network.layers), 1200)


@pytest.mark.parametrize("stack", ["residual", "gated"])
@pytest.mark.parametrize("activations", [64, 1024, 4096])
def test_pieces_have_no_seam(monkeypatch: pytest.MonkeyPatch, stack: str, activations: int) -> None:
    monkeypatch.setattr(inference, "ACTIVATIONS", activations)
    generator = built(stack=stack)
    assert Plan.of(generator, 999).pieces > 2
    agrees(generator, 999)


@pytest.mark.parametrize("activations", [64, 2**17])
def test_what_runs_along_time_is_heard(monkeypatch: pytest.MonkeyPatch, activations: int) -> None:
    monkeypatch.setattr(inference, "ACTIVATIONS", activations)
    layout = ConditionLayout(labels=2, history=6, covariates=1)
    condition = layout.pack(
        1,
        label=torch.tensor([1]),
        history=torch.linspace(-2, 2, 6)[None, None],
        covariates=torch.linspace(-3, 3, 300).sin()[None, None],
        units=torch.linspace(-1, 1, 300)[None],
    )[0]
    generator = built(layout)
    agrees(generator, 300, condition)
    agrees(generator, 211, condition)
    other = sampled(generator, [3], 300, layout.pack(1)[0])
    assert not np.allclose(sampled(generator, [3], 300, condition), other, atol=0.1)


@pytest.mark.parametrize("horizon", [1, 5, 252, 5000, 10**7])
@pytest.mark.parametrize("sizes", [{}, {"channels": 300}, {"layers": 12}])
def test_plan_covers_the_horizon_with_little_memory(horizon: int, sizes: dict[str, int]) -> None:
    generator = built(**sizes)
    plan = Plan.of(generator, horizon)
    assert horizon <= plan.steps < horizon + GRID * plan.pieces
    rows = max(inference.ACTIVATIONS // generator.stack.leave.in_features, generator.memory, GRID)
    assert plan.seats * plan.length <= rows + GRID * plan.seats
    assert plan.seats == 1 or plan.seats * generator.memory <= rows
    buffers = Inference(generator, NOT_GIVEN, plan)
    assert len(buffers._layers.x) <= 2 * rows + GRID * plan.seats


def test_slow_grid_is_slow_noise_where_its_lines_meet() -> None:
    white = np.random.default_rng(0).standard_normal((300, 3, 2)).astype(np.float32)
    steps = (len(white) - 2) * GRID + 1
    noise = slow_noise(torch.from_numpy(white), (20.0, 2000.0), steps)
    grid = slow_grid(white, (20.0, 2000.0))
    np.testing.assert_allclose(grid[:-1], noise[::GRID], rtol=0, atol=1e-5)
    alone = slow_grid(white[:, 1:2], (20.0, 2000.0))
    assert alone.numpy().tobytes() == grid[:, 1:2].numpy().tobytes()


def test_slow_points_reach_to_the_last_step() -> None:
    generator = built()
    for horizon in (1, 16, 17, 999):
        plan = Plan.of(generator, horizon)
        assert slow_points(generator, plan) >= (generator.memory + plan.steps - 2) // GRID + 2
