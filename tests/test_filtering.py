"""The filter against closed forms, and against returns whose hidden state is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan import filtering, seeding
from tsgan.calibration import Calibration
from tsgan.config import Config, NetworkConfig
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError
from tsgan.filtering import MarketState, filter_history
from tsgan.innovations import Innovations
from tsgan.layers import softplus_inverse
from tsgan.networks import Generator
from tsgan.observations import taken_back
from tsgan.rolling import rolling_forecasts
from tsgan.slow_noise import GRID, grid_points, slow_noise

PLAIN = Scaler(np.zeros(1), np.ones(1))
SMALL = replace(Config().network, layers=4, slow_noise=(20.0, 200.0))
NONE = Calibration.none()


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def restless(config: NetworkConfig = SMALL, seed: int = 3) -> Generator:
    """A generator whose volatility moves by a factor of ten, with fast and slow noise alike."""
    with seeding.initial_weights(seed, seeding.WEIGHTS):
        generator = Generator(config).requires_grad_(False)
    slow = len(config.slow_noise)
    generator.stack.enter.weight[:, -slow:] *= 6
    generator.stack.leave.weight[0] *= 1.5
    generator.stack.leave.weight[1] *= 15
    return generator


def simulated(
    generator: Generator, steps: int, seed: int = 1
) -> tuple[np.ndarray, np.ndarray, Tensor, Tensor]:
    """One path: returns (steps,), σ (steps,), and the noise and white numbers behind them."""
    draws = torch.Generator().manual_seed(seed)
    noise = torch.randn(generator.memory + steps, 1, generator.noise_channels, generator=draws)
    points = grid_points(generator.memory + steps - 1)
    white = torch.randn(points, 1, len(generator.slow), generator=draws)
    context = generator.context(torch.zeros(1, 2), steps, white)
    heard = generator.stack(torch.cat([noise[:-1], context], dim=2))[:, 0]
    returns = generator(noise, torch.zeros(1, 2), white)[0, 0]
    return returns.double().numpy(), F.softplus(heard[:, 1]).double().numpy(), noise, white


def observed(generator: Generator, returns: np.ndarray, particles: int, **more: Any) -> MarketState:
    more = {"doubt": 0.0, "phase": returns.size % GRID} | more
    state = MarketState(generator, particles, stream(), **more)
    for value in returns.tolist():
        state.observe(value, value)
    return state


# --- the exact answer of a linear Gaussian model -------------------------------------------------

OWN, LAST, BEFORE = 0.8, 0.5, -0.4
"""μ_t = OWN s_{t−1} + LAST ε_{t−1} + BEFORE ε_{t−2}, σ = 1, ξ = ε₀."""


def linear() -> Generator:
    """A generator whose layers never leave the straight part of their LeakyReLU."""
    config = replace(SMALL, layers=1, channels=3, noise_channels=1, slow_noise=(60.0,))
    generator = Generator(config).requires_grad_(False)
    stack, high = generator.stack, 20.0
    for parameter in generator.parameters():
        parameter.zero_()
    stack.enter.weight[0, 0] = stack.enter.weight[1, 2] = 1.0  # [noise, not given, slow]
    stack.bias[0] = high
    stack.now[0, 0, 0] = stack.now[0, 1, 1] = stack.past[0, 2, 0] = 1.0
    stack.skip[0] = torch.eye(3)
    stack.leave.weight[0] = torch.tensor([LAST, OWN, BEFORE])
    stack.leave.bias[0] = -high * (LAST + OWN + BEFORE)
    stack.leave.bias[1] = softplus_inverse(1.0)
    return generator


def linear_law(steps: int, phase: int) -> np.ndarray:
    """The covariance (steps, steps) of the returns of ``linear``."""
    columns = steps + 2
    points = torch.eye(grid_points(columns + GRID))[:, :, None]
    lines = slow_noise(points, (60.0,), columns + GRID)[:, :, 0].double().numpy()
    lines = lines[(GRID - phase) % GRID :][1 : steps + 1]  # s_{t−1}; memory is 2
    fast = (
        np.eye(steps, columns, 2)
        + LAST * np.eye(steps, columns, 1)
        + BEFORE * np.eye(steps, columns)
    )
    return OWN**2 * lines @ lines.T + fast @ fast.T


@pytest.fixture(scope="module")
def linear_run() -> tuple[np.ndarray, MarketState, np.ndarray]:
    steps = 150
    returns, *_ = simulated(linear(), steps)
    phase = steps % GRID
    state = MarketState(linear(), 6000, stream(), doubt=0.0, phase=phase)
    drift = np.empty(steps)
    for step, value in enumerate(returns.tolist()):
        drift[step] = state.weights @ state.drift
        state.observe(value, value)
    return returns, state, drift


def test_filter_gives_the_mean_and_likelihood_of_a_gaussian_model(
    linear_run: tuple[np.ndarray, MarketState, np.ndarray],
) -> None:
    returns, state, drift = linear_run
    steps = returns.size
    covariance = linear_law(steps, steps % GRID)
    exact = np.array(
        [
            covariance[t, :t] @ np.linalg.solve(covariance[:t, :t], returns[:t]) if t else 0.0
            for t in range(steps)
        ]
    )
    assert np.std(exact) > 0.5
    assert np.sqrt(np.mean((drift - exact) ** 2)) < 0.06
    density = stats.multivariate_normal(np.zeros(steps), covariance).logpdf(returns)
    assert state.log_likelihood == pytest.approx(density, abs=1.5)


# --- returns of the model itself, whose state is known -------------------------------------------


@pytest.fixture(scope="module")
def known() -> tuple[Generator, np.ndarray, np.ndarray]:
    generator = restless()
    returns, volatility, *_ = simulated(generator, 1600)
    return generator, returns, volatility


def test_filter_finds_the_volatility_that_made_the_returns(
    known: tuple[Generator, np.ndarray, np.ndarray],
) -> None:
    generator, returns, volatility = known
    assert np.quantile(volatility, 0.95) > 5 * np.quantile(volatility, 0.05)
    state = MarketState(generator, 500, stream(), doubt=0.0)
    found = np.empty(returns.size)
    for step, value in enumerate(returns.tolist()):
        found[step] = state.weights @ np.log(state.volatility)
        state.observe(value, value)
    assert np.corrcoef(found, np.log(volatility))[0, 1] > 0.85


@pytest.fixture(scope="module")
def forecasts(known: tuple[Generator, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Ranks in (0, 1) of the returns among forecasts of one step, and of non-overlapping sums."""
    generator, returns, _ = known
    found = rolling_forecasts(
        generator,
        PLAIN,
        NONE,
        returns[:100],
        returns[100:],
        stream(),
        particles=500,
        draws=199,
        vector_draws=99,
        doubt=0.0,
    )
    assert found.next.shape == (1500, 199) and found.vectors.shape == (1491, 99, 10)
    held_out = returns[100:]
    sums = np.lib.stride_tricks.sliding_window_view(held_out, 10).sum(axis=1)
    one = (found.next < held_out[:, None]).mean(axis=1)
    ten = (found.vectors.sum(axis=2) < sums[:, None]).mean(axis=1)[::10]
    return one, ten


def test_forecasts_of_the_model_itself_are_uniform(
    forecasts: tuple[np.ndarray, np.ndarray],
) -> None:
    for ranks in forecasts:
        assert stats.kstest(ranks, "uniform").pvalue > 0.02
    one = forecasts[0] - forecasts[0].mean()
    for known in (one, one**2 - np.mean(one**2)):  # nothing is left to be foreseen
        assert abs(known[1:] @ known[:-1] / (known @ known)) < 3 / one.size**0.5


def test_forecasts_are_as_far_from_uniform_as_they_can_be_told_where_weights_are_wrong(
    known: tuple[Generator, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, returns, _ = known
    monkeypatch.setattr(Innovations, "log_density", lambda self, x: np.zeros_like(x))
    state = MarketState(generator, 300, stream(), doubt=0.0)
    ranks = np.empty(returns.size)
    for step, value in enumerate(returns.tolist()):
        ranks[step] = (state.simulate(99, 1) < value).mean()
        state.observe(value, value)
    assert stats.kstest(ranks, "uniform").pvalue < 1e-6


def test_steps_ahead_follow_the_particles_as_the_network_does(
    known: tuple[Generator, np.ndarray, np.ndarray],
) -> None:
    generator, returns, _ = known
    history = returns[:80]
    state = observed(generator, history, 400)
    many = state.simulate(4000, 40)
    past = state.past()
    draws = torch.Generator().manual_seed(5)
    particle = torch.from_numpy(filtering.chosen(past.weights, 4000, stream(7)))
    noise = torch.from_numpy(past.noise)[:, particle]
    white = torch.from_numpy(past.white)[:, particle]
    noise = torch.cat([noise, torch.randn(40, 4000, generator.noise_channels, generator=draws)])
    needed = grid_points(generator.memory + 39) - len(white)
    white = torch.cat([white, torch.randn(needed, 4000, len(generator.slow), generator=draws)])
    there = generator(noise, torch.zeros(4000, 2), white)[:, 0].double().numpy()
    for step in (0, 1, 5, 20, 39):
        assert stats.ks_2samp(many[:, step], there[:, step]).pvalue > 1e-3
    assert stats.ks_2samp(many.sum(axis=1), there.sum(axis=1)).pvalue > 1e-3


# --- the past that is handed on ------------------------------------------------------------------


@pytest.mark.parametrize("stack", ["residual", "gated"])
@pytest.mark.parametrize("layers", [1, 3, 5])
@pytest.mark.parametrize("slow", [(), (20.0, 200.0)], ids=["fast", "slow"])
@pytest.mark.parametrize("count", [70, 80])
def test_past_is_what_the_network_must_hear_to_stand_there(
    stack: str, layers: int, slow: tuple[float, ...], count: int
) -> None:
    generator = Generator(replace(SMALL, stack=stack, layers=layers, slow_noise=slow))
    generator.requires_grad_(False)
    returns = 0.6 * stream(4).standard_t(4, count)
    state = observed(generator, returns, 60)
    past = state.past()
    assert past.noise.shape == (2**layers, 60, generator.noise_channels)
    assert past.weights.sum() == pytest.approx(1) and past.noise.dtype == np.float32
    white = None
    if slow:
        assert past.white is not None and past.white.dtype == np.float32
        assert past.white.shape == (grid_points(2**layers), 60, len(slow))
        white = torch.from_numpy(past.white)
    else:
        assert past.white is None
    context = generator.context(torch.zeros(60, 2), 1, white)
    heard = generator.stack(torch.cat([torch.from_numpy(past.noise), context], dim=2))[0]
    np.testing.assert_allclose(state.drift, heard[:, 0], rtol=0, atol=1e-4)
    expected = F.softplus(heard[:, 1])
    floor = state.volatility.min()
    np.testing.assert_allclose(state.volatility, expected.clamp_min(floor), rtol=0, atol=1e-4)


def test_noise_of_the_past_explains_the_returns() -> None:
    generator = restless()
    returns, *_ = simulated(generator, 200)
    past = observed(generator, returns, 2000).past()
    noise = torch.from_numpy(past.noise)
    innovation = (noise[..., 0] + generator.innovation(noise)[..., 0]).numpy()
    last = returns[-generator.memory :]
    signs, strong = np.sign(innovation) @ past.weights, np.abs(last) > 1
    assert strong.any() and (signs[strong] * np.sign(last[strong]) > 0.5).all()


def test_same_stream_same_past() -> None:
    generator, returns = restless(), 0.01 * stream(3).standard_normal(60)
    one, other = (
        filter_history(generator, Scaler(np.zeros(1), np.full(1, 0.01)), NONE, returns, stream(9))
        for _ in range(2)
    )
    assert one.noise.tobytes() == other.noise.tobytes()
    assert one.white is not None and other.white is not None
    assert one.white.tobytes() == other.white.tobytes()
    assert one.noise.shape[1] == filtering.PARTICLES


def test_returns_that_no_model_expects_leave_finite_particles() -> None:
    generator = restless()
    returns = np.zeros(60)
    returns[[20, 40, 41]] = -300.0, 1e9, 1e-300
    state = observed(generator, returns, 200, doubt=0.5)
    assert np.isfinite(state.weights).all() and state.weights.sum() == pytest.approx(1)
    assert np.isfinite(state.log_likelihood) and np.isfinite(state.past().noise).all()
    assert np.abs(state.past().noise).max() < 7  # noise that a normal variable may take


def test_returns_of_the_model_itself_are_less_likely_where_it_is_doubted() -> None:
    generator = restless()
    returns, *_ = simulated(generator, 300)
    exact, doubtful = (observed(generator, returns, 1000, doubt=doubt) for doubt in (0.0, 0.8))
    assert exact.log_likelihood > doubtful.log_likelihood + 5


@pytest.mark.parametrize("doubt", [0.0, 0.5])
def test_doubt_divides_a_shock_by_a_lognormal_factor(doubt: float) -> None:
    """Of a normal innovation and a lognormal factor, by plain integration."""
    state = MarketState(linear(), 20_000, stream(), doubt=doubt)
    shock = 2.0
    innovations, logs = state._explained(np.full(20_000, shock))
    factors = np.exp(np.linspace(-5, 5, 20_001) * doubt)
    prior = stats.norm.pdf(np.linspace(-5, 5, 20_001)) * 5e-4
    density = prior * stats.norm.pdf(shock / factors) / factors
    assert logs[0] == pytest.approx(np.log(density.sum()), abs=0.05)
    mean = (density * shock / factors).sum() / density.sum()
    assert innovations.mean() == pytest.approx(mean, abs=0.05)


@pytest.mark.parametrize("count", [0, 15])
def test_history_shorter_than_the_memory_is_refused(count: int) -> None:
    wanted = rf"at least 16 returns.*got {count}; give at least 17 prices"
    with pytest.raises(DataError, match=wanted):
        filter_history(restless(), PLAIN, NONE, np.zeros(count), stream())


@pytest.mark.parametrize("returns", [np.array([0.0] * 20 + [np.nan]), np.zeros((20, 1))])
def test_history_must_be_one_finite_series(returns: np.ndarray) -> None:
    with pytest.raises(DataError, match="expected finite log returns of one series"):
        filter_history(restless(), PLAIN, NONE, returns, stream())


# --- the law of the innovation -------------------------------------------------------------------


def test_density_of_a_normal_innovation_is_the_normal_one() -> None:
    law = Innovations.of(linear(), stream(2))
    middle = np.linspace(-3.3, 3.3, 331)
    np.testing.assert_allclose(law.log_density(middle), stats.norm.logpdf(middle), atol=0.35)
    np.testing.assert_allclose(
        law.log_density(middle[80:-80]), stats.norm.logpdf(middle[80:-80]), atol=0.07
    )
    far = np.array([-1e6, -50.0, -8.0, -4.0, 4.0, 8.0, 50.0, 1e6])
    logs = law.log_density(far)
    assert np.isfinite(logs).all() and (np.diff(logs[:4]) > 0).all()
    assert (np.diff(logs[4:]) < 0).all()
    assert (logs[[1, 2, 5, 6]] > stats.norm.logpdf(far[[1, 2, 5, 6]])).all()  # heavier


def test_density_adds_up_to_one() -> None:
    law = Innovations.of(restless(), stream(2))
    x = np.linspace(-40, 40, 80_001)
    assert np.exp(law.log_density(x)).sum() * 1e-3 == pytest.approx(1, abs=0.01)


def test_noise_given_an_innovation_has_it_and_is_otherwise_free() -> None:
    generator = restless()
    law = Innovations.of(generator, stream(2))
    wanted = np.repeat([-2.5, -0.3, 0.0, 1.7], 500)
    noise = torch.from_numpy(law.noise_given(wanted, stream(3)))
    got = noise[:, 0] + generator.innovation(noise)[:, 0]
    np.testing.assert_allclose(got, wanted, atol=0.02)
    others = noise[500:1000, 1:].numpy()
    assert (np.abs(others.mean(axis=0)) < 0.3).all() and (others.std(axis=0) > 0.8).all()


# --- back through scaler and calibration ---------------------------------------------------------

CURVED = Calibration(
    np.array([-2.0, -1.0, 0.5, 0.6, 2.0]), np.array([-3.0, -1.5, 0.0, 0.0, 1.0]), (1.5, 0.7)
)


def test_calibration_is_taken_back() -> None:
    made = np.array([-7.0, -2.0, -1.3, 0.0, 0.499, 0.7, 2.0, 5.0])
    low, high = taken_back(CURVED, CURVED(made))
    np.testing.assert_allclose(low, made, atol=1e-6)
    assert (low == high).all()


def test_return_of_a_flat_part_may_be_any_that_becomes_it() -> None:
    low, high = taken_back(CURVED, np.array([0.0, 1e-12]))
    np.testing.assert_allclose(low, 0.5, atol=1e-6)
    np.testing.assert_allclose(high, 0.6, atol=1e-6)


def test_no_calibration_changes_nothing() -> None:
    low, high = taken_back(NONE, np.array([-1.0, 2.0]))
    assert low.tolist() == high.tolist() == [-1.0, 2.0]


def test_forecasts_pass_through_calibration_and_scaler() -> None:
    generator, scaler = restless(), Scaler(np.array([0.5]), np.array([2.0]))
    returns, *_ = simulated(generator, 60)
    steep = Calibration(np.array([-1.0, 0.0, 1.0]), np.array([-1.5, 0.0, 0.8]), (1.2, 0.9))
    seen = 0.5 + 2.0 * steep(returns)
    found, plain = (
        rolling_forecasts(
            generator, *units, x[:45], x[45:], stream(), particles=100, draws=50, vector_draws=9
        )
        for units, x in (((scaler, steep), seen), ((PLAIN, NONE), returns))
    )
    np.testing.assert_allclose(found.next[:5], 0.5 + 2 * steep(plain.next[:5]), atol=1e-4)
    np.testing.assert_allclose(found.vectors[:5], 0.5 + 2 * steep(plain.vectors[:5]), atol=1e-4)


def test_held_out_shorter_than_the_horizon_is_refused() -> None:
    with pytest.raises(DataError, match="at least 10 held-out returns, got 9"):
        rolling_forecasts(restless(), PLAIN, NONE, np.zeros(20), np.zeros(9), stream())


def test_calibration_is_monotone_both_ways() -> None:
    x = np.linspace(-6, 6, 500)
    low, high = taken_back(CURVED, x)
    assert (np.diff(low) >= 0).all() and (np.diff(high) >= 0).all() and (high >= low).all()


def test_resampling_is_in_proportion() -> None:
    weights = np.array([0.0, 0.5, 0.125, 0.375, 0.0])
    counts = np.bincount(filtering.chosen(weights, 800, stream()), minlength=5)
    np.testing.assert_allclose(counts, 800 * weights, atol=1)
