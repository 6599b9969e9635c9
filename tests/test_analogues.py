"""Present states that are found, against returns of the model itself, whose state is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional as F  # noqa: N812

from tsgan import analogues, moment_library, seeding
from tsgan.analogues import expected_volatilities, market_past, rolling_forecasts
from tsgan.baselines import garch_residuals
from tsgan.config import Config, NetworkConfig
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError
from tsgan.forecasters import fit_gjr
from tsgan.moment_library import Library
from tsgan.moments import AHEAD
from tsgan.networks import Generator
from tsgan.sampler import SLOW, Past, sample_groups
from tsgan.slow_noise import GRID, grid_points, slow_noise

PLAIN = Scaler(np.zeros(1), np.ones(1))
SMALL = replace(Config().network, layers=4, slow_noise=(40.0, 200.0))
NOTHING = torch.zeros(2)


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moment_library, "PATHS", 250)
        patch.setattr(moment_library, "MOMENTS", 60)
        patch.setattr(moment_library, "NEIGHBOURS", 150)
        patch.setattr(analogues, "LOOK_BACK", 400)
        yield
    torch.set_num_threads(before)


def restless(config: NetworkConfig = SMALL, seed: int = 3) -> Generator:
    """A generator whose volatility moves by a factor of ten, with fast and slow noise alike."""
    with seeding.initial_weights(seed, seeding.WEIGHTS):
        generator = Generator(config).requires_grad_(False)
    slow = len(config.slow_noise)
    if slow:
        generator.stack.enter.weight[:, -slow:] *= 6
    generator.stack.leave.weight[0] *= 0.1
    generator.stack.leave.weight[1] *= 15
    return generator


def simulated(generator: Generator, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One path: returns (steps,) and the σ of each, (steps,)."""
    draws = torch.Generator().manual_seed(seed)
    noise = torch.randn(generator.memory + steps, 1, generator.noise_channels, generator=draws)
    points = grid_points(generator.memory + steps - 1)
    white = torch.randn(points, 1, len(generator.slow), generator=draws)
    context = generator.context(torch.zeros(1, 2), steps, white)
    heard = generator.stack(torch.cat([noise[:-1], context], dim=2))[:, 0]
    returns = generator(noise, torch.zeros(1, 2), white)[0, 0]
    return returns.double().numpy(), F.softplus(heard[:, 1]).double().numpy()


def past_of(generator: Generator, returns: np.ndarray, seed: int = 0) -> Past:
    return market_past(generator, PLAIN, NOTHING, returns, seed)


def volatility_of(generator: Generator, past: Past) -> np.ndarray:
    """σ of the next return of each particle, as the network has it."""
    white = None if past.white is None else torch.from_numpy(past.white)
    count = past.weights.size
    context = generator.context(torch.zeros(count, 2), 1, white)
    heard = generator.stack(torch.cat([torch.from_numpy(past.noise), context], dim=2))[-1]
    return F.softplus(heard[:, 1]).double().numpy()


@pytest.fixture(scope="module")
def known() -> tuple[Generator, np.ndarray, np.ndarray]:
    generator = restless()
    return generator, *simulated(generator, 2_400, 1)


def test_chosen_states_are_as_volatile_as_the_one_that_made_the_returns(
    known: tuple[Generator, np.ndarray, np.ndarray],
) -> None:
    generator, returns, volatility = known
    ends = np.arange(500, 2_400, 200)
    found = [
        np.log(volatility_of(generator, past_of(generator, returns[:end]))).mean() for end in ends
    ]
    true = np.log(volatility[ends])
    assert true.std() > 0.4
    assert np.corrcoef(found, true)[0, 1] > 0.75
    assert np.mean(found) == pytest.approx(true.mean(), abs=0.25)


def test_forecasts_of_the_model_itself_are_uniform(
    known: tuple[Generator, np.ndarray, np.ndarray],
) -> None:
    generator, returns, volatility = known
    held_out = returns[400:]
    found = rolling_forecasts(
        generator, PLAIN, NOTHING, returns[:400], held_out, 2, draws=99, vector_draws=99
    )
    assert found.next.shape == (2_000, 99) and found.vectors.shape == (1_991, 99, 10)
    assert np.corrcoef(np.log(found.volatility), np.log(volatility[400:]))[0, 1] > 0.75
    one = (found.next < held_out[:, None]).mean(axis=1)
    assert stats.kstest(one, "uniform").statistic < 0.04
    sums = np.lib.stride_tricks.sliding_window_view(held_out, 10).sum(axis=1)
    ten = (found.vectors.sum(axis=2) < sums[:, None]).mean(axis=1)[::10]
    assert stats.kstest(ten, "uniform").pvalue > 0.02
    distance = (one - 0.5) ** 2 - np.mean((one - 0.5) ** 2)
    for lag in (1, 2, 5):  # little is left to be foreseen
        assert abs(distance[lag:] @ distance[:-lag] / (distance @ distance)) < 0.08


def test_forecasts_know_the_past_alone(known: tuple[Generator, np.ndarray, np.ndarray]) -> None:
    generator, returns, _ = known
    changed = returns[400:450].copy()
    changed[20:] *= -5
    one, other = (
        rolling_forecasts(generator, PLAIN, NOTHING, returns[:400], held_out, 2, draws=5)
        for held_out in (returns[400:450], changed)
    )
    np.testing.assert_array_equal(one.next[:21], other.next[:21])
    np.testing.assert_array_equal(one.vectors[:21], other.vectors[:21])
    assert (one.next[21:] != other.next[21:]).any()


# --- the past that is handed on ------------------------------------------------------------------


@pytest.mark.parametrize("layers", [3, 5])
@pytest.mark.parametrize("slow", [(), (40.0, 200.0)], ids=["fast", "slow"])
def test_past_goes_on_as_the_library_does(layers: int, slow: tuple[float, ...]) -> None:
    """The path that is the history: its first neighbour is itself."""
    generator = restless(replace(SMALL, layers=layers, slow_noise=slow))
    library = Library.of(generator, PLAIN, NOTHING, lambda made: made, 4, 400)
    place = 60 * 17 + 11
    number, last = int(library.path[place]), int(library.step[place])
    assert number == 17 and (last + 1) % GRID == 0
    past = past_of(generator, library.returns[number, : last + 1, 0], 4)
    memory, more = generator.memory, 40
    name = 4, seeding.HISTORY, number
    shape = last + 1 + memory + more, 1, generator.noise_channels
    noise = seeding.numpy_generator(*name).standard_normal(shape, np.float32)
    np.testing.assert_array_equal(past.noise[:, 0], noise[last + 1 : last + 1 + memory, 0])
    heard = torch.from_numpy(np.concatenate([past.noise[:, :1], noise[last + 1 + memory :]]))
    white = None
    if slow:
        assert past.white is not None
        points = grid_points(last + memory + more)
        shape = points, 1, len(slow)
        drawn = seeding.numpy_generator(*name, SLOW).standard_normal(shape, np.float32)
        begin = (last + 1) // GRID + len(past.white)
        white = torch.from_numpy(np.concatenate([past.white[:, :1], drawn[begin:]]))
        steps = grid_points(memory) * GRID - GRID
        track = slow_noise(torch.from_numpy(drawn), slow, last + 1 + steps)[last + 1 :]
        again = slow_noise(torch.from_numpy(past.white[:, :1]), slow, steps)
        np.testing.assert_allclose(again, track, rtol=0, atol=1e-5)
    else:
        assert past.white is None
    goes_on = generator(heard, torch.zeros(1, 2), white)[0, 0].numpy()[:more]
    expected = library.returns[number, last + 1 : last + 1 + more, 0]
    np.testing.assert_allclose(goes_on, expected, rtol=1e-3, atol=1e-4)
    # the sampler takes it
    made = next(sample_groups(generator, PLAIN, NOTHING, range(5), 30, 0, past=past))
    assert made.shape == (5, 30, 1)


def test_past_has_the_shapes_of_the_sampler() -> None:
    generator = restless()
    past = past_of(generator, np.random.default_rng(0).standard_normal(120))
    assert past.noise.shape == (16, 150, generator.noise_channels)
    assert past.noise.dtype == np.float32
    assert past.white is not None and past.white.dtype == np.float32
    assert past.white.shape == (grid_points(16), 150, 2)
    assert past.weights.sum() == pytest.approx(1) and (past.weights > 0).all()


def test_calm_goes_on_calm_and_wild_goes_on_wild_and_both_end_as_usual() -> None:
    generator = restless()
    usual = next(sample_groups(generator, PLAIN, NOTHING, range(150), 1_000, 3)).std()
    source, spread = np.random.default_rng(3), {}
    for name, factor in (("calm", 0.25), ("wild", 2.0)):
        past = past_of(generator, factor * usual * source.standard_normal(500))
        groups = sample_groups(generator, PLAIN, NOTHING, range(600), 1_200, 1, past=past)
        made = np.concatenate(list(groups))[..., 0]
        spread[name] = made[:, :5].std(), made[:, -150:].std()
    assert spread["calm"][0] < 0.6 * usual and spread["wild"][0] > 1.4 * usual
    for _, late in spread.values():
        assert late == pytest.approx(usual, rel=0.15)


def test_same_seed_same_past() -> None:
    generator, returns = restless(), np.random.default_rng(3).standard_normal(300)
    one, again, other = (past_of(generator, returns, seed) for seed in (9, 9, 10))
    assert one.noise.tobytes() == again.noise.tobytes() != other.noise.tobytes()
    assert one.white is not None and again.white is not None
    assert one.white.tobytes() == again.white.tobytes()


def test_long_ago_does_not_matter() -> None:
    generator, returns = restless(), np.random.default_rng(3).standard_normal(900)
    changed = returns.copy()
    changed[:490] = 3.0
    one, other = (past_of(generator, series) for series in (returns, changed))
    assert one.noise.tobytes() == other.noise.tobytes()


def test_units_and_calibration_are_those_of_the_returns() -> None:
    generator, returns = restless(), np.random.default_rng(3).standard_normal(300)
    plain = past_of(generator, returns)
    half = Scaler(np.zeros(1), np.full(1, 0.5))
    scaled = market_past(generator, half, NOTHING, returns / 2, 0)
    doubled = market_past(generator, half, NOTHING, returns, 0, lambda made: 2.0 * made)
    for other in (scaled, doubled):
        assert plain.noise.tobytes() == other.noise.tobytes()


def test_channel_is_the_one_that_is_named() -> None:
    with seeding.initial_weights(3, seeding.WEIGHTS):
        generator = Generator(SMALL, assets=2).requires_grad_(False)
    two = Scaler(np.zeros(2), np.array([1.0, 5.0]))
    libraries = [
        Library.of(generator, two, NOTHING, lambda x: x, 0, 120, slice(i, i + 1)) for i in (0, 1)
    ]
    spreads = [library.returns.std() for library in libraries]
    assert spreads[1] == pytest.approx(5 * spreads[0], rel=0.5)
    returns = np.random.default_rng(3).standard_normal(300)
    past = market_past(generator, two, NOTHING, returns, 0, channel=1)
    assert past.noise.shape == (16, 150, generator.noise_channels)


@pytest.mark.parametrize("shock", [1e-9, 1e9])
def test_returns_that_no_model_expects_leave_finite_states(shock: float) -> None:
    returns = np.zeros(200)
    returns[[50, 150, 199]] = shock, -shock, shock
    assert np.isfinite(past_of(restless(), returns).noise).all()


@pytest.mark.parametrize("count", [0, 99])
def test_history_too_short_is_refused(count: int) -> None:
    wanted = rf"at least 100 returns.*got {count}; give at least 101 prices"
    with pytest.raises(DataError, match=wanted):
        past_of(restless(), np.zeros(count))
    with pytest.raises(DataError, match="at least 10 held-out returns, got 9"):
        rolling_forecasts(restless(), PLAIN, NOTHING, np.zeros(100), np.zeros(9), 0)


def test_history_must_be_finite() -> None:
    with pytest.raises(DataError, match="expected finite log returns, got 1 that are not"):
        past_of(restless(), np.array([0.0] * 120 + [np.nan]))


@pytest.mark.parametrize("shape", [(120, 1), (120, 2), (120, 1, 1)])
def test_history_must_be_one_series(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="expected log returns of one series, got shape"):
        past_of(restless(), np.zeros(shape))


# --- between the library and GJR-GARCH -----------------------------------------------------------


def leaping(steps: int, seed: int = 5) -> np.ndarray:
    """GJR-GARCH returns, whose volatility leaps after losses: not the generator's own."""
    shocks = np.random.default_rng(seed).standard_t(8, steps) / np.sqrt(8 / 6)
    return 0.6 * garch_residuals(shocks[:, None], 0.03, 0.02, 0.35, 0.78)[:, 0]


def test_expected_volatility_is_between_the_library_and_garch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is fitted to the last returns of what is known, anew after every seventy."""
    monkeypatch.setattr(analogues, "REFITTED", 70)
    library = Library.of(restless(), PLAIN, NOTHING, lambda made: made, 0, 400)
    returns = leaping(1_300)
    expected = expected_volatilities(library, returns[:, None], 1_200)
    assert expected.shape == (101, len(AHEAD))
    one, two = fit_gjr(returns[200:1_200]), fit_gjr(returns[270:1_270])
    parts = one.follow(returns[1_200:1_269]), two.follow(returns[1_270:])
    garch = np.concatenate([one.ahead(parts[0], AHEAD), two.ahead(parts[1], AHEAD)])
    own = library.foretell(returns[:, None], np.arange(1_199, 1_300))
    assert np.abs(garch - own).max() > 0.3
    share = analogues.SHARE
    np.testing.assert_allclose(expected, share * garch + (1 - share) * own, rtol=1e-12)


def test_too_few_returns_for_garch_leave_the_library_alone() -> None:
    library = Library.of(restless(), PLAIN, NOTHING, lambda made: made, 0, 400)
    returns = leaping(1_100)[:, None]
    own = library.foretell(returns, np.arange(998, 1_100))
    np.testing.assert_array_equal(expected_volatilities(library, returns, 999), own)
    assert (expected_volatilities(library, returns, 1_000) != own[1:]).all()
    still = np.zeros((1_100, 1))
    assert np.isfinite(expected_volatilities(library, still, 1_100)).all()  # no fit, no trouble


def test_only_the_last_returns_are_fitted() -> None:
    library = Library.of(restless(), PLAIN, NOTHING, lambda made: made, 0, 400)
    returns = leaping(1_500)[:, None]
    changed = returns.copy()
    changed[:500] *= 20
    one, other = (expected_volatilities(library, each, 1_500) for each in (returns, changed))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_volatility_that_leaps_is_foretold_better_with_garch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quasi-likelihood of what came, by the spread of the draws."""
    generator, returns = restless(), leaping(2_000)
    loss = []
    for share in (0.0, analogues.SHARE):
        monkeypatch.setattr(analogues, "SHARE", share)
        made = rolling_forecasts(
            generator, PLAIN, NOTHING, returns[:1_200], returns[1_200:], 2, draws=150
        )
        spread = made.next.std(axis=1)
        loss.append(np.mean(np.log(spread) + np.square(returns[1_200:] / spread) / 2))
    assert loss[1] < loss[0] - 0.003
