from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tsgan.seeding import torch_generator
from tsgan.slow_noise import AT_ONCE, GRID, grid_points, slow_noise

TAUS = (20.0, 250.0, 2000.0)


def normal(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch_generator(5))


def plain(white: Tensor, taus: tuple[float, ...], steps: int) -> np.ndarray:
    """The recursion as it is written, and straight lines between its points."""
    shocks = white.double().numpy()
    points = shocks.copy()
    for i, tau in enumerate(taus):
        phi = math.exp(-GRID / tau)
        for j in range(1, len(points)):
            points[j, :, i] = phi * points[j - 1, :, i] + (1 - phi**2) ** 0.5 * shocks[j, :, i]
    grid = GRID * np.arange(len(points))
    lines = [np.interp(np.arange(steps), grid, line) for line in points.reshape(len(points), -1).T]
    return np.stack(lines, axis=1).reshape(steps, *white.shape[1:])


@pytest.mark.parametrize(
    ("steps", "points"), [(1, 2), (15, 2), (16, 2), (17, 3), (32, 3), (33, 4), (1535, 97)]
)
def test_numbers_that_so_many_steps_need(steps, points) -> None:
    assert grid_points(steps) == points
    assert slow_noise(normal(points, 2, 3), TAUS, steps).shape == (steps, 2, 3)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-5), (torch.float64, 1e-11)])
@pytest.mark.parametrize("points", [2, 3, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 5])
def test_it_is_the_plain_recursion_however_many_points_there_are(points, dtype, error) -> None:
    white, steps = normal(points, 2, 3, dtype=dtype), GRID * (points - 1)
    before = white.clone()
    got = slow_noise(white, TAUS, steps)
    assert got.dtype == dtype and torch.equal(white, before)
    np.testing.assert_allclose(got.numpy(), plain(white, TAUS, steps), rtol=0, atol=error)


def test_it_is_stationary_with_variance_one_and_forgets_as_it_says() -> None:
    """On the grid; five standard errors of a moment of 20,000 independent samples."""
    batch, points = 20_000, 70
    noise = slow_noise(normal(points, batch, 3, dtype=torch.float32), TAUS, GRID * (points - 1))
    z = noise[::GRID].double()
    error = 5 / batch**0.5
    assert z.mean(dim=1).abs().max() < error
    assert (z.square().mean(dim=1) - 1).abs().max() < error * 2**0.5
    for lag in (1, 4, 16, 64):
        found = (z[0] * z[lag]).mean(dim=0)
        expected = torch.exp(-GRID * lag / torch.tensor(TAUS, dtype=torch.float64))
        assert (found - expected).abs().max() < error * 2**0.5
    across = (z[:, :, [0, 0, 1]] * z[:, :, [1, 2, 2]]).mean(dim=1)
    assert across.abs().max() < error  # channels are independent


@pytest.mark.parametrize("steps", [1, 16, 17, 500, GRID * AT_ONCE, GRID * AT_ONCE + 1])
def test_the_first_steps_need_their_own_numbers_alone(steps) -> None:
    points = grid_points(steps)
    white = normal(points + 200, 2, 3)
    long = slow_noise(white, TAUS, GRID * (points + 199))
    short = slow_noise(white[:points], TAUS, steps)
    torch.testing.assert_close(long[:steps], short, rtol=1e-12, atol=1e-12)
    changed = white.clone()
    changed[points:] = 1e6
    after = slow_noise(changed, TAUS, GRID * (points + 199))
    torch.testing.assert_close(after[:steps], short, rtol=1e-9, atol=1e-9)


def test_lines_are_straight_between_points_and_join_at_them() -> None:
    noise = slow_noise(normal(200, 2, 3), TAUS, GRID * 199)
    bend = noise[2:] - 2 * noise[1:-1] + noise[:-2]
    inner = torch.arange(1, len(noise) - 1) % GRID != 0
    assert bend[inner].abs().max() < 1e-12
    steps = (noise[1:] - noise[:-1]).abs().amax(dim=(0, 1))
    shock = [(1 - math.exp(-2 * GRID / tau)) ** 0.5 for tau in TAUS]
    assert all(step < 5 * s / GRID for step, s in zip(steps.tolist(), shock, strict=True))


def test_samples_of_a_batch_do_not_meet_and_channels_have_their_own_constant() -> None:
    white = normal(150, 4, 3)
    noise = slow_noise(white, TAUS, 2000)
    alone = slow_noise(white[:, 2:3], TAUS, 2000)
    torch.testing.assert_close(noise[:, 2:3], alone, rtol=1e-12, atol=1e-12)
    for i, tau in enumerate(TAUS):
        channel = slow_noise(white[..., i : i + 1], (tau,), 2000)
        torch.testing.assert_close(noise[..., i : i + 1], channel, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("points", [20, 2 * AT_ONCE])
def test_low_precision_leaves_it_as_it_is(points, dtype) -> None:
    white, steps = normal(points, 2, 3, dtype=torch.float32), GRID * (points - 1)
    with torch.autocast("cpu", dtype=dtype):
        low = slow_noise(white, TAUS, steps)
    assert torch.equal(low, slow_noise(white, TAUS, steps))


def test_it_asks_for_no_gradient_of_its_own() -> None:
    assert not slow_noise(normal(4, 2, 3), TAUS, 40).requires_grad
