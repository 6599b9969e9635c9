"""Several assets: what moments foretell and how they go on, against volatilities that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from tsgan import analogues, moment_library, seeding
from tsgan.analogues import market_past, rolling_forecasts
from tsgan.config import Config
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError
from tsgan.moment_library import Library, market
from tsgan.moments import AHEAD
from tsgan.networks import Generator
from tsgan.sampler import sample_groups

UNITS = np.array([0.01, 0.02, 0.005])
"""Unconditional volatility of each asset."""

BACK, STEPS = 300, 700
SMALL = replace(Config().network, layers=4, slow_noise=(40.0, 200.0))


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moment_library, "PATHS", 250)
        patch.setattr(moment_library, "MOMENTS", 40)
        patch.setattr(moment_library, "NEIGHBOURS", 100)
        patch.setattr(analogues, "LOOK_BACK", BACK)
        yield
    torch.set_num_threads(before)


def panel_paths(paths: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Constant correlation of .5 and a GARCH(1,1) for each asset, of different speeds.

    Returns:
        (paths, steps, 3) returns, and the log σ of the step after each.
    """
    source = np.random.default_rng(seed)
    root = np.linalg.cholesky(0.5 + 0.5 * np.eye(3))
    alpha, beta = np.array([0.10, 0.20, 0.06]), np.array([0.88, 0.76, 0.93])
    variance, burn_in = np.ones((paths, 3)), 100
    returns, ahead = np.empty((2, steps + burn_in, paths, 3))
    for step in range(steps + burn_in):
        returns[step] = np.sqrt(variance) * (source.standard_normal((paths, 3)) @ root.T)
        variance = 1 - alpha - beta + alpha * returns[step] ** 2 + beta * variance
        ahead[step] = 0.5 * np.log(variance)
    kept = slice(burn_in, None)
    return (UNITS * returns[kept]).swapaxes(0, 1), (ahead[kept] + np.log(UNITS)).swapaxes(0, 1)


@pytest.fixture(scope="module")
def known() -> tuple[Library, np.ndarray]:
    """A library of 10,000 moments, and log σ of each asset at each, (moments, 3)."""
    returns, ahead = panel_paths(250, STEPS, 1)
    steps = np.arange(BACK, STEPS - max(AHEAD) - 1, 8)
    path, step = np.repeat(np.arange(250), steps.size), np.tile(steps, 250)
    return Library.learned(returns.astype(np.float32), path, step, BACK), ahead[path, step]


def one_step(foretold: np.ndarray) -> np.ndarray:
    return foretold[:, :: len(AHEAD)]


def test_each_assets_volatility_is_foretold(known: tuple[Library, np.ndarray]) -> None:
    library, _ = known
    assert len(library.of_assets) == 3 and library.of_market is not None
    np.testing.assert_allclose(library.spread, UNITS, rtol=0.1)
    returns, ahead = panel_paths(1, 1_500, 2)
    steps = np.arange(BACK, 1_500, 5)
    found, true = one_step(library.foretell(returns[0], steps)), ahead[0, steps]
    for asset, least in enumerate((0.9, 0.9, 0.9)):
        assert np.corrcoef(found[:, asset], true[:, asset])[0, 1] > least
        assert np.polyfit(true[:, asset], found[:, asset], 1)[0] == pytest.approx(1, abs=0.2)
        assert np.mean(found[:, asset] - true[:, asset]) == pytest.approx(0, abs=0.05)


def test_chosen_moments_go_on_as_each_asset_would(known: tuple[Library, np.ndarray]) -> None:
    library, true_of = known
    returns, ahead = panel_paths(1, 2_500, 3)
    steps = np.arange(BACK, 2_500, 10)
    chosen = library.nearest(library.foretell(returns[0], steps))
    assert chosen.shape == (220, 100)
    true = ahead[0, steps] - np.log(UNITS)
    found = true_of[chosen].mean(axis=1) - np.log(UNITS)
    own = np.array([np.corrcoef(found[:, i], true[:, i])[0, 1] for i in range(3)])
    assert (own > 0.85).all()
    apart, expected = found - found.mean(axis=1, keepdims=True), true - true.mean(1, keepdims=True)
    for asset in range(3):  # which of them is the wild one, beside how wild all are
        assert np.corrcoef(apart[:, asset], expected[:, asset])[0, 1] > 0.8
    came = library.came_after(chosen, 5)
    assert came.shape == (220, 100, 5, 3) and came.dtype == np.float64
    spread = np.log(came.std(axis=(1, 2)) / UNITS)
    assert (np.abs((spread - true).mean(axis=0)) < 0.1).all()


def test_what_came_after_is_of_the_moment(known: tuple[Library, np.ndarray]) -> None:
    library, _ = known
    moment = 7 * 43
    path, step = library.path[moment], library.step[moment]
    came = library.came_after(np.array([moment]), 4)[0]
    np.testing.assert_array_equal(came, library.returns[path, step + 1 : step + 5])


def test_market_moves_as_assets_do_together_or_not() -> None:
    returns = np.random.default_rng(0).standard_normal((2, 400, 5)) * np.arange(1, 6)
    spread = np.arange(1.0, 6.0)
    series = market(returns, spread)
    scaled = returns / spread
    np.testing.assert_allclose(series**2, np.mean(scaled**2, axis=2), rtol=1e-12)
    np.testing.assert_array_equal(series > 0, scaled.mean(axis=2) > 0)
    np.testing.assert_allclose(market(returns[..., :1], spread[:1]), returns[..., 0], rtol=1e-12)


def test_market_says_what_an_asset_has_not_felt_yet() -> None:
    """Volatility is common, and one asset's last returns are by chance small."""
    source = np.random.default_rng(4)
    level = np.repeat(np.exp(0.8 * source.standard_normal((400, 14))), 50, axis=1)
    returns = level[..., None] * source.standard_normal((400, 700, 6))
    steps = np.arange(BACK, 630, 13)
    path, step = np.repeat(np.arange(400), steps.size), np.tile(steps, 400)
    together = Library.learned(returns, path, step, BACK)
    alone = Library.learned(returns[..., :1], path, step, BACK)
    true = np.log(level[path, step + 1])
    errors = [np.mean((library.foretold[:, 0] - true) ** 2) for library in (together, alone)]
    assert errors[0] < 0.8 * errors[1]


# --- a network of several assets -----------------------------------------------------------------


def restless(assets: int = 2, seed: int = 3) -> tuple[Generator, Scaler]:
    """Assets whose volatilities move apart, by the same stack, and a scaler of units as above."""
    with seeding.initial_weights(seed, seeding.WEIGHTS):
        generator = Generator(SMALL, assets).requires_grad_(False)
    generator.stack.enter.weight[:, -2:] *= 6
    generator.stack.leave.weight[:assets] *= 0.1
    generator.stack.leave.weight[assets:] *= 6
    return generator, Scaler(np.zeros(assets), np.resize(UNITS, assets))


@pytest.mark.parametrize("assets", [2, 3])
def test_forecasts_of_several_assets_are_those_of_the_model(assets: int) -> None:
    generator, scaler = restless(assets)
    nothing = torch.zeros(2)
    made = next(sample_groups(generator, scaler, nothing, range(1), 1_400, 9))[0]
    found = rolling_forecasts(
        generator, scaler, nothing, made[:400], made[400:], 2, draws=99, vector_draws=50
    )
    assert found.next.shape == (1_000, 99, assets)
    assert found.vectors.shape == (991, 50, 10, assets)
    assert found.volatility.shape == (1_000, assets)
    ranks = (found.next < made[400:, None]).mean(axis=1)
    for asset in range(assets):
        assert np.abs(np.sort(ranks[:, asset]) - np.arange(1_000) / 1_000).max() < 0.07
        far = np.abs(made[400:, asset]) / found.volatility[:, asset]
        half = np.median(found.volatility[:, asset])
        calm, wild = (
            far[found.volatility[:, asset] < half],
            far[found.volatility[:, asset] > half],
        )
        assert wild.mean() / calm.mean() == pytest.approx(1, abs=0.2)


def test_past_of_several_assets_goes_on_wild_or_calm() -> None:
    generator, scaler = restless()
    nothing, source, spread = torch.zeros(2), np.random.default_rng(3), {}
    made = next(sample_groups(generator, scaler, nothing, range(60), 900, 3))
    usual = made.std(axis=(0, 1))
    for name, factor in (("calm", 0.3), ("wild", 2.0)):
        history = factor * usual * source.standard_normal((500, 2))
        past = market_past(generator, scaler, nothing, history, 0)
        assert past.noise.shape == (generator.memory, 100, generator.noise_channels)
        groups = sample_groups(generator, scaler, nothing, range(300), 8, 1, past=past)
        spread[name] = np.concatenate(list(groups)).std(axis=(0, 1))
    assert (spread["calm"] < 0.75 * usual).all() and (spread["wild"] > 1.25 * usual).all()


def test_past_goes_on_as_the_library_does() -> None:
    generator, scaler = restless()
    library = Library.of(generator, scaler, torch.zeros(2), lambda made: made, 4, BACK)
    place = 40 * 17 + 11
    number, last = int(library.path[place]), int(library.step[place])
    history = library.returns[number, : last + 1].astype(np.float64)
    past = market_past(generator, scaler, torch.zeros(2), history, 4)
    begin = last + 1
    name = 4, seeding.HISTORY, number
    shape = begin + generator.memory, generator.noise_channels
    noise = seeding.numpy_generator(*name).standard_normal(shape, np.float32)
    np.testing.assert_array_equal(past.noise[:, 0], noise[begin:])


def test_many_assets_have_fewer_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moment_library, "MOST_ASSETS", 1)
    for assets, paths in ((2, 125), (5, 50)):
        generator, scaler = restless(assets)
        library = Library.of(generator, scaler, torch.zeros(2), lambda made: made, 0, 120)
        assert library.returns.shape[0] == paths and library.returns.dtype == np.float32
        wanted = library.foretold[:3]
        nearest = library.nearest(wanted)
        assert nearest.shape == (3, 100 * paths // 250)
        np.testing.assert_array_equal(nearest[:, 0], [0, 1, 2])


@pytest.mark.parametrize("shape", [(200, 3), (200, 1)])
def test_history_must_have_the_assets_of_the_model(shape: tuple[int, int]) -> None:
    generator, scaler = restless()
    with pytest.raises(DataError, match=r"expected log returns of 2 assets, got shape"):
        market_past(generator, scaler, torch.zeros(2), np.zeros(shape), 0)
