"""A path that continues a past is the end of a longer path that heard the same noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tsgan import sampler, seeding
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.errors import ConfigError
from tsgan.networks import Generator
from tsgan.sampler import Past, sample_groups
from tsgan.slow_noise import GRID, grid_points, slow_noise

SLOW = (20.0, 200.0)
UNIT = Scaler(np.zeros(1), np.ones(1))
SEED = 5


def built(**sizes: Any) -> Generator:
    with seeding.initial_weights(1, seeding.WEIGHTS):
        network = replace(Config().network, layers=4, slow_noise=SLOW, **sizes)
        return Generator(network).requires_grad_(False)


def drawn(
    generator: Generator, past: Past | None, numbers: list[int], horizon: int = 100
) -> np.ndarray:
    groups = sample_groups(generator, UNIT, torch.zeros(2), numbers, horizon, SEED, past=past)
    return np.concatenate(list(groups))[..., 0]


def some_past(generator: Generator, weights: list[float], white: bool = True) -> Past:
    stream, particles = np.random.default_rng(0), len(weights)
    points = generator.memory // GRID + 1
    return Past(
        stream.standard_normal(
            (generator.memory, particles, generator.noise_channels), dtype=np.float32
        ),
        stream.standard_normal((points, particles, len(SLOW)), dtype=np.float32) if white else None,
        np.array(weights),
    )


@pytest.mark.parametrize("stack", ["residual", "gated"])
@pytest.mark.parametrize("horizon", [1, 100, 9000])
def test_continued_path_is_the_end_of_a_longer_one(stack: str, horizon: int) -> None:
    generator, before, number = built(stack=stack), 5 * GRID, 11
    stream = seeding.numpy_generator(SEED, seeding.PATHS, number)
    stream.random()  # picks the particle
    slow = seeding.numpy_generator(SEED, seeding.PATHS, number, sampler.SLOW)
    memory, channels = generator.memory, generator.noise_channels
    heard = np.random.default_rng(1)
    noise = np.concatenate(
        [
            heard.standard_normal((memory + before, channels), dtype=np.float32),
            stream.standard_normal((horizon, channels), dtype=np.float32),
        ]
    )
    known, first = grid_points(memory + before - 1), before // GRID
    more = grid_points(memory + before + horizon - 1) - known
    white = np.concatenate(
        [
            heard.standard_normal((known, len(SLOW)), dtype=np.float32),
            slow.standard_normal((more, len(SLOW)), dtype=np.float32),
        ]
    )
    longer = generator(
        torch.from_numpy(noise)[:, None], torch.zeros(1, 2), torch.from_numpy(white)[:, None]
    )[0, 0, before:]
    level = slow_noise(torch.from_numpy(white)[:, None], SLOW, before + 1)[before].numpy()
    past = Past(
        noise[before : before + memory, None],
        np.concatenate([level, white[first + 1 : known]])[:, None],
        np.ones(1),
    )
    path = drawn(generator, past, [number], horizon)[0]
    np.testing.assert_allclose(path, longer, rtol=0, atol=2e-5)


def test_path_is_the_same_in_any_company(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = built()
    past = some_past(generator, [0.2, 0.5, 0.3])
    many = drawn(generator, past, list(range(60)))
    monkeypatch.setattr(sampler, "STEPS_AT_ONCE", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    few = drawn(generator, past, [59, 7, 8])
    torch.set_num_threads(before)
    assert few.tobytes() == many[[59, 7, 8]].tobytes()
    assert not np.allclose(few, drawn(generator, None, [59, 7, 8]), atol=0.1)


def test_paths_go_their_own_ways_from_one_past() -> None:
    generator = built()
    paths = drawn(generator, some_past(generator, [1.0]), [0, 1], 3000)
    assert abs(np.corrcoef(paths)[0, 1]) < 0.1


def test_particles_are_picked_by_their_weights() -> None:
    generator = built()
    weights = [0.0, 0.2, 0.5, 0.0, 0.3, 0.0]
    past = some_past(generator, weights)
    streams = (seeding.numpy_generator(SEED, seeding.PATHS, k) for k in range(4000))
    picked = np.bincount([past.particle(stream) for stream in streams], minlength=6) / 4000
    np.testing.assert_allclose(picked, weights, rtol=0, atol=0.03)
    assert not picked[[0, 3, 5]].any()
    everyone = drawn(generator, past, list(range(30)), 20)
    for number in range(30):
        particle = past.particle(seeding.numpy_generator(SEED, seeding.PATHS, number))
        white = past.white[:, [particle]]
        alone = replace(past, noise=past.noise[:, [particle]], white=white, weights=np.ones(1))
        assert drawn(generator, alone, [number], 20)[0].tobytes() == everyone[number].tobytes()


def test_slow_noise_may_be_left_to_the_path() -> None:
    generator = built()
    without = some_past(generator, [1.0], white=False)
    shape = (grid_points(generator.memory + 99), 1, len(SLOW))
    slow = seeding.numpy_generator(SEED, seeding.PATHS, 4, sampler.SLOW)
    told = replace(without, white=slow.standard_normal(shape, dtype=np.float32))
    np.testing.assert_array_equal(drawn(generator, without, [4]), drawn(generator, told, [4]))


@pytest.mark.parametrize(
    "broken",
    [
        {"noise": np.zeros((15, 2, 3), np.float32)},
        {"noise": np.zeros((16, 2, 4), np.float32)},
        {"noise": np.zeros((16, 3, 3), np.float32)},
        {"white": np.zeros((2, 2, 1), np.float32)},
        {"white": np.zeros((2, 3, 2), np.float32)},
        {"weights": np.array([0.5, np.nan])},
        {"weights": np.array([-0.5, 1.5])},
        {"weights": np.zeros(2)},
    ],
)
def test_past_of_another_generator_is_refused(broken: dict[str, np.ndarray]) -> None:
    generator = built()
    past = replace(some_past(generator, [0.5, 0.5]), **broken)
    with pytest.raises(ConfigError, match=r"^past: expected .*, got"):
        drawn(generator, past, [0])
