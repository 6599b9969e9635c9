"""Paths are compared byte for byte; what they are is the matter of tests/test_inference.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tsgan import inference, sampler, seeding
from tsgan.calibration import Calibration
from tsgan.conditions import VolatilityCondition
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.errors import ConfigError
from tsgan.inference import Plan
from tsgan.networks import Generator
from tsgan.seats import seated

PLAIN = Scaler(np.zeros(1), np.ones(1))
NOT_GIVEN = torch.zeros(2)

NETWORK = replace(Config().network, layers=3)
MAP = Calibration(np.array([-1.0, 0.0, 1.0]), np.array([-1.5, 0.0, 0.8]), (1.2, 0.9))


def built(**sizes: Any) -> Generator:
    with seeding.initial_weights(1, seeding.WEIGHTS):
        return Generator(replace(NETWORK, **sizes)).requires_grad_(False)


@pytest.fixture(scope="module", params=[(), (20.0, 200.0)], ids=["fast", "slow"])
def generator(request: pytest.FixtureRequest) -> Generator:
    return built(slow_noise=request.param)


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


@pytest.mark.parametrize("width", [16, 5])
@pytest.mark.parametrize("horizon", [1, 5, 300, 9000])
def test_path_depends_on_seed_and_number_alone(width: int, horizon: int) -> None:
    generator = built(channels=width)  # of odd widths the place in a product may change rounding
    size = sampler.group_size(Plan.of(generator, horizon))
    many = draw(generator, range(size + 3), horizon)
    assert many.shape == (size + 3, horizon, 1) and many.dtype == np.float64
    few = draw(generator, range(2), horizon)
    subset = draw(generator, [size + 1, 1], horizon)
    backwards = draw(generator, range(size + 2, -1, -1), horizon)
    assert few.tobytes() == many[:2].tobytes()
    assert subset.tobytes() == many[[size + 1, 1]].tobytes()
    assert backwards.tobytes() == many[::-1].tobytes()
    for number in (0, size + 2):
        assert draw(generator, [number, number], horizon).tobytes() == 2 * many[number].tobytes()


def test_groups_and_threads_change_no_bit(
    generator: Generator, monkeypatch: pytest.MonkeyPatch, threads: None
) -> None:
    torch.set_num_threads(1)
    whole = draw(generator, range(200), 700)
    for count, steps in ((1, 5_000), (2, 5_000), (3, 1)):
        torch.set_num_threads(count)
        monkeypatch.setattr(sampler, "STEPS_AT_ONCE", steps)
        groups = list(sampler.sample_groups(generator, PLAIN, NOT_GIVEN, range(200), 700, 0))
        assert len(groups) > 6
        assert np.concatenate(groups).tobytes() == whole.tobytes()
        assert torch.get_num_threads() == count


def test_seats_follow_from_numbers() -> None:
    assert seated([4, 5, 6, 7, 8], 4) == [{0: 0, 1: 1, 2: 2, 3: 3}, {0: 4}]
    assert seated([1, 5, 9, 2], 4) == [{1: 0, 2: 3}, {1: 1}, {1: 2}]
    assert seated([3, 10**9], 1) == [{0: 0}, {0: 1}]


def test_seeds_and_paths_are_unlike_each_other(generator: Generator) -> None:
    one = draw(generator, range(3), 4000)[..., 0]
    other = draw(generator, range(3), 4000, seed=1)[..., 0]
    correlation = np.corrcoef(np.concatenate([one, other]))
    assert np.abs(correlation - np.eye(6)).max() < 0.1


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


PIECE = inference.ACTIVATIONS // NETWORK.channels


def test_shorter_horizon_is_the_beginning_of_a_longer_one(generator: Generator) -> None:
    beyond = PIECE + 500
    longer = draw(generator, range(2), beyond)
    for horizon in (1, 130, PIECE):
        shorter = draw(generator, range(2), horizon)
        np.testing.assert_allclose(shorter, longer[:, :horizon], rtol=0, atol=1e-5)


@pytest.mark.parametrize("sizes", [{}, {"layers": 9}, {"channels": 200}])
def test_groups_stay_small_at_every_horizon(sizes: dict[str, int]) -> None:
    generator = built(**sizes)
    horizons = np.unique(np.geomspace(1, sampler.MAXIMAL_HORIZON, 100).astype(int)).tolist()
    for horizon in horizons:
        plan = Plan.of(generator, horizon)
        size = sampler.group_size(plan)
        assert 1 <= size <= 512 and size % plan.seats == 0
        assert size == plan.seats or size * plan.steps <= sampler.STEPS_AT_ONCE
    assert size == 1


def test_long_horizon(generator: Generator) -> None:
    path = draw(generator, [0], 300_000)
    assert path.shape == (1, 300_000, 1) and np.isfinite(path).all()
    assert abs(np.corrcoef(path[0, :150_000, 0], path[0, 150_000:, 0])[0, 1]) < 0.05


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
        ("horizon", (1, 10_000_001, 0)),
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
    sampler.check_request(np.int64(3), np.int32(10_000_000), np.uint8(7))
