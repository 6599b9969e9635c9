"""Paths are compared byte for byte, and a generator that remembers its noise shows the seams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from torch import Tensor

from tsgan import sampler, seeding
from tsgan.calibration import Calibration
from tsgan.conditioning import ConditionLayout
from tsgan.conditions import VolatilityCondition
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.errors import ConfigError
from tsgan.networks import Generator
from tsgan.slow_noise import grid_points, slow_noise

PLAIN = Scaler(np.zeros(1), np.ones(1))
NOT_GIVEN = torch.zeros(2)


NETWORK = replace(Config().network, layers=3)
"""Of the default width: at many others, of which 4 is one, the library of matrix products may
round the row of a path by its place among the others.
"""
MAP = Calibration(np.array([-1.0, 0.0, 1.0]), np.array([-1.5, 0.0, 0.8]), (1.2, 0.9))


@pytest.fixture(scope="module", params=[(), (20.0, 200.0)], ids=["fast", "slow"])
def generator(request: pytest.FixtureRequest) -> Generator:
    with seeding.initial_weights(1, seeding.WEIGHTS):
        network = replace(NETWORK, slow_noise=request.param)
        return Generator(network).requires_grad_(False)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def draw(
    generator: Generator,
    paths: Sequence[int],
    horizon: int,
    seed: int = 0,
    condition: Tensor = NOT_GIVEN,
    scaler: Scaler = PLAIN,
    **more: Any,
) -> np.ndarray:
    groups = sampler.sample_groups(generator, scaler, condition, paths, horizon, seed, **more)
    return np.concatenate(list(groups))


class Echo(Generator):
    """Returns the noise of two steps ago plus a hundred times the present one; notes its calls."""

    def __init__(self) -> None:
        super().__init__(tiny.config().network)
        self.shapes: list[tuple[int, ...]] = []
        self.threads: list[int] = []

    def paths(self, noise: Tensor, scale: Tensor, context: Tensor) -> Tensor:
        assert len(context) == len(noise) - 1
        self.shapes.append(tuple(noise.shape))
        self.threads.append(torch.get_num_threads())
        heard = noise[:, :, :1].permute(1, 2, 0)
        return heard[..., self.memory - 2 : -2] + 100 * heard[..., self.memory :]


@pytest.mark.parametrize("horizon", [1, 5, 300, 5000])
def test_path_depends_on_seed_and_number_alone(generator: Generator, horizon: int) -> None:
    size = sampler.group_size(horizon)
    many = draw(generator, range(size + 3), horizon)
    assert many.shape == (size + 3, horizon, 1) and many.dtype == np.float64
    few = draw(generator, range(2), horizon)
    subset = draw(generator, [size + 1, 7], horizon)
    backwards = draw(generator, range(size + 2, -1, -1), horizon)
    assert few.tobytes() == many[:2].tobytes()
    assert subset.tobytes() == many[[size + 1, 7]].tobytes()
    assert backwards.tobytes() == many[::-1].tobytes()
    for number in (0, size + 2):
        assert draw(generator, [number], horizon).tobytes() == many[number].tobytes()


@pytest.mark.parametrize("count", [1, 3, 70])
def test_networks_always_see_a_batch_of_the_same_size(count: int) -> None:
    echo = Echo()  # matrix products of other sizes may round otherwise
    draw(echo, range(count), 300)
    assert {batch for _, batch, _ in echo.shapes} == {sampler.group_size(300)}


def test_threads_change_no_bit_and_are_put_back(generator: Generator, threads: None) -> None:
    drawn = []
    for count in (1, 2):
        torch.set_num_threads(count)
        drawn.append(draw(generator, range(40), 700).tobytes())
        assert torch.get_num_threads() == count
    assert drawn[0] == drawn[1]


def test_networks_run_on_one_thread(threads: None) -> None:
    torch.set_num_threads(2)
    echo = Echo()
    draw(echo, range(2), 10)
    assert echo.threads == [1]


def test_seeds_and_paths_are_unlike_each_other(generator: Generator) -> None:
    one = draw(generator, range(3), 4000)[..., 0]
    other = draw(generator, range(3), 4000, seed=1)[..., 0]
    correlation = np.corrcoef(np.concatenate([one, other]))
    assert np.abs(correlation - np.eye(6)).max() < 0.1


@pytest.mark.parametrize("horizon", [1, 16, 17, 100])
def test_long_path_has_no_seam(monkeypatch: pytest.MonkeyPatch, horizon: int) -> None:
    whole = draw(Echo(), range(3), horizon)
    monkeypatch.setattr(sampler, "LONGEST_PIECE", 16)
    echo = Echo()
    assert draw(echo, range(3), horizon).tobytes() == whole.tobytes()
    assert len(echo.shapes) == -(-horizon // 16)


def test_each_step_hears_the_noise_of_its_own_stream() -> None:
    path = draw(Echo(), [4], 5000, seed=3)[0, :, 0]
    stream = seeding.numpy_generator(3, seeding.PATHS, 4)
    shape = (Echo().memory + 5000, Echo().noise_channels)
    heard = stream.standard_normal(shape, dtype=np.float32)[-5002:, 0]
    np.testing.assert_allclose(path, heard[:-2] + 100 * heard[2:], rtol=1e-5, atol=1e-4)


class Heard(Generator):
    """Returns the first channel of slow noise that it hears at the end of the context's steps."""

    def __init__(self) -> None:
        super().__init__(replace(NETWORK, slow_noise=(20.0, 200.0)))

    def paths(self, noise: Tensor, scale: Tensor, context: Tensor) -> Tensor:
        assert context.shape[2] == 1 + 2
        return context[self.memory - 1 :, :, 1:2].permute(1, 2, 0)


def test_slow_noise_comes_from_a_stream_of_its_own() -> None:
    path = draw(Heard(), [4], 5000, seed=3)[0, :, 0]
    stream = seeding.numpy_generator(3, seeding.PATHS, 4, sampler.SLOW)
    steps = Heard().memory - 1 + 5000
    white = stream.standard_normal((grid_points(steps), 2), dtype=np.float32)
    expected = slow_noise(torch.from_numpy(white)[:, None], (20.0, 200.0), steps)
    np.testing.assert_allclose(path, expected[-5000:, 0, 0], rtol=0, atol=1e-5)
    fast = seeding.numpy_generator(3, seeding.PATHS, 4).standard_normal(white.shape)
    assert abs(np.corrcoef(white.ravel(), fast.ravel())[0, 1]) < 0.2


def test_fast_noise_is_the_same_with_slow_noise_and_without() -> None:
    with_slow, without = Echo(), Echo()
    assert with_slow.slow
    without.slow = ()
    one, other = (draw(echo, range(2), 100) for echo in (with_slow, without))
    assert one.tobytes() == other.tobytes()


def test_slow_noise_has_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = draw(Heard(), range(3), 100)
    monkeypatch.setattr(sampler, "LONGEST_PIECE", 16)
    np.testing.assert_allclose(draw(Heard(), range(3), 100), whole, rtol=0, atol=1e-6)


def test_calibration_is_of_scaled_returns(generator: Generator) -> None:
    scaler = Scaler(np.array([0.5]), np.array([3.0]))
    scaled = draw(generator, range(3), 50)
    mapped = draw(generator, range(3), 50, scaler=scaler, calibration=MAP)
    assert mapped.tobytes() == scaler.inverse(MAP(scaled)).tobytes()
    none = draw(generator, range(3), 50, calibration=sampler.NOT_CALIBRATED)
    assert (
        none.tobytes()
        == scaled.tobytes()
        != draw(generator, range(3), 50, calibration=MAP).tobytes()
    )


def test_pieces_of_a_network_are_one_path(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw(generator, range(2), 2000)
    monkeypatch.setattr(sampler, "LONGEST_PIECE", 64)
    np.testing.assert_allclose(draw(generator, range(2), 2000), whole, rtol=0, atol=1e-5)


def test_pieces_with_history_and_covariates_are_one_path(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = ConditionLayout(labels=2, history=6, covariates=1)
    with seeding.initial_weights(1, seeding.WEIGHTS):
        generator = Generator(tiny.config().network, layout=layout).requires_grad_(False)
    row = layout.pack(
        1,
        label=torch.tensor([1]),
        history=torch.linspace(-2, 2, 6)[None, None],
        covariates=torch.linspace(-3, 3, 300).sin()[None, None],
    )[0]
    whole = draw(generator, range(2), 300, condition=row)
    assert not np.allclose(whole, draw(generator, range(2), 300, condition=layout.pack(1)[0]))
    monkeypatch.setattr(sampler, "LONGEST_PIECE", 4)  # shorter than the receptive field
    pieces = draw(generator, range(2), 300, condition=row)
    np.testing.assert_allclose(pieces, whole, rtol=0, atol=1e-5)


def test_shorter_horizon_is_the_beginning_of_a_longer_one(generator: Generator) -> None:
    beyond = sampler.LONGEST_PIECE + 500
    longer = draw(generator, range(2), beyond)
    for horizon in (1, 130, sampler.LONGEST_PIECE):
        shorter = draw(generator, range(2), horizon)
        np.testing.assert_allclose(shorter, longer[:, :horizon], rtol=0, atol=1e-5)


def test_longest_horizon_needs_little_memory(generator: Generator) -> None:
    horizon = sampler.MAXIMAL_HORIZON
    assert horizon == 100_000
    path = draw(generator, [0, 1], horizon)
    assert path.shape == (2, horizon, 1) and np.isfinite(path).all()
    echo = Echo()
    draw(echo, range(2), 10_000)
    assert max(time for time, _, _ in echo.shapes) <= sampler.LONGEST_PIECE + echo.memory


def test_groups_stay_small_at_every_horizon() -> None:
    horizons = np.unique(np.geomspace(1, sampler.MAXIMAL_HORIZON, 200).astype(int))
    for horizon in horizons.tolist():
        size = sampler.group_size(horizon)
        assert 16 <= size <= 512
        assert size * min(horizon, sampler.LONGEST_PIECE) <= 2**16


def test_scaler_is_undone(generator: Generator) -> None:
    scaled = draw(generator, range(2), 50)
    scaler = Scaler(np.array([0.5]), np.array([3.0]))
    np.testing.assert_allclose(draw(generator, range(2), 50, scaler=scaler), 0.5 + 3 * scaled)


def test_given_volatility_is_a_unit_of_measurement(generator: Generator) -> None:
    levels = VolatilityCondition(0.2, 0.1, 0.2, 0.4, 0.1, 0.4)
    wide, narrow = (
        draw(generator, range(8), 500, condition=levels.vector(volatility))
        for volatility in (200.0, 100.0)  # far from 0, where the drift no longer changes
    )
    np.testing.assert_allclose(wide, 2 * narrow, rtol=0, atol=0.1)


def test_overflow_is_refused(generator: Generator) -> None:
    levels = VolatilityCondition(0.2, 0.1, 0.2, 0.4, 0.1, 0.4)
    with pytest.raises(ConfigError, match=r"finite returns.*smaller volatility"):
        draw(generator, [0], 5, condition=levels.vector(1e300))


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("paths", (0, 1, 0)),
        ("paths", (-1, 1, 0)),
        ("paths", (1.5, 1, 0)),
        ("paths", ("3", 1, 0)),
        ("horizon", (1, 0, 0)),
        ("horizon", (1, 100_001, 0)),
        ("horizon", (1, 2.0, 0)),
        ("horizon", (1, None, 0)),
        ("seed", (1, 1, -1)),
        ("seed", (1, 1, 2**63)),
        ("seed", (1, 1, 0.5)),
    ],
)
def test_impossible_request_is_refused(name: str, request_: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}: expected a whole number.*got"):
        sampler.check_request(*request_)


def test_numpy_numbers_are_numbers() -> None:
    sampler.check_request(np.int64(3), np.int32(100_000), np.uint8(7))
