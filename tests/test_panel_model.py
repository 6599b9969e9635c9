from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import ConfigError, DataError, TimeSeriesGAN, read_prices
from tsgan.fitting import make_trainer
from tsgan.networks import Generator, stack_width
from tsgan.preparation import prepare
from tsgan.seeding import initial_weights, torch_generator

NAMES = ("Oil", "Gas", "Coal")
SCALES = np.array([1.0, 2.0, 0.5])


def panel(n: int = tiny.RETURNS) -> pd.DataFrame:
    """Closes of three assets: each moves with the first, and at its own scale."""
    first, *others = (tiny.garch_returns(n, seed) for seed in range(3))
    returns = np.stack([first, *(0.8 * first + 0.6 * other for other in others)], axis=1)
    closes = 100 * SCALES * np.exp(np.cumsum(returns * SCALES, axis=0))
    return pd.DataFrame(closes, pd.bdate_range(end="2021-12-31", periods=n), list(NAMES))


@pytest.fixture(scope="module")
def model() -> TimeSeriesGAN:
    return TimeSeriesGAN(tiny.config(steps=30)).fit(panel())


def test_paths_have_all_assets_with_the_real_correlations_and_scales(model) -> None:
    scenarios = model.sample(40, 500)
    assert scenarios.names == NAMES and scenarios.log_returns.shape == (40, 500, 3)
    real = np.diff(np.log(panel().to_numpy()), axis=0)
    made = scenarios.log_returns.reshape(-1, 3)
    np.testing.assert_allclose(np.corrcoef(made.T), np.corrcoef(real.T), atol=0.04)
    np.testing.assert_allclose(made.std(axis=0), real.std(axis=0), rtol=0.1)


def test_paths_begin_at_the_last_real_prices_or_at_those_asked_for(model) -> None:
    def before(**asked: object) -> np.ndarray:
        made = model.sample(2, 5, **asked)
        return made.closes()[:, 0] / np.exp(made.log_returns[:, 0])

    np.testing.assert_allclose(before(), np.tile(panel().to_numpy()[-1], (2, 1)))
    np.testing.assert_allclose(before(start_price=100.0), np.full((2, 3), 100.0))
    np.testing.assert_allclose(before(start_price=[1, 2, 3]), [[1, 2, 3]] * 2)
    for wrong in ([1, 2], [1, 2, -3], "x", [1, 2, float("nan")]):
        with pytest.raises(ConfigError, match="start price: expected one, or 3 prices above 0"):
            before(start_price=wrong)


def test_a_path_is_the_same_in_any_company(model) -> None:
    many, one = model.sample(20, 300, seed=3), model.sample(3, 300, seed=3)
    np.testing.assert_array_equal(many.log_returns[:3], one.log_returns)


def test_a_given_volatility_is_that_of_all_assets_together(model) -> None:
    scale = model.fitted_.scaler.scale
    unit = np.sqrt(252 * np.mean(scale**2))
    paths = (
        model.sample(64, 252, given=level, extrapolate=True).log_returns / scale
        for level in (0.1, 0.4)
    )
    realised = [float(np.median(unit * np.sqrt((x**2).mean(axis=(1, 2))))) for x in paths]
    np.testing.assert_allclose(realised, [0.1, 0.4], rtol=0.2)


def test_a_saved_model_samples_the_same(model, tmp_path) -> None:
    model.save(tmp_path / "model")
    again = TimeSeriesGAN.load(tmp_path / "model")
    assert again.facts_ == model.facts_
    ours, theirs = (m.sample(3, 50, seed=1).log_returns for m in (model, again))
    np.testing.assert_array_equal(ours, theirs)


def test_an_interrupted_fit_goes_on_to_the_same_model(tmp_path) -> None:
    whole = TimeSeriesGAN(tiny.config(steps=6)).fit(panel())
    calls = iter(range(100))
    parts = TimeSeriesGAN(tiny.config(steps=6))
    parts.fit(panel(), directory=tmp_path / "m", stop=lambda: next(calls) == 3)
    parts.fit(panel(), directory=tmp_path / "m", resume=True)
    ours, theirs = (m.sample(2, 30).log_returns for m in (whole, parts))
    np.testing.assert_array_equal(ours, theirs)


def test_an_asset_that_never_moves_is_refused_by_its_name() -> None:
    with pytest.raises(DataError, match="column Gas: expected returns that vary"):
        prepare(read_prices(panel().assign(Gas=5.0)), tiny.config())


def test_shocks_are_mixed_by_the_root_of_the_real_correlation() -> None:
    prices = read_prices(panel())
    settings = tiny.config()
    trainer = make_trainer(prepare(prices, settings), settings, torch.device("cpu"))
    generator = trainer.generator
    with torch.no_grad():
        for weight in generator.innovation.parameters():
            weight.zero_()
    noise = torch.randn(50_000, generator.noise_channels, generator=torch_generator(0, 1))
    made = np.corrcoef(generator.shocks(noise).detach().numpy().T)
    training = prepare(prices, settings).facts.training
    real = np.corrcoef(np.diff(np.log(panel().to_numpy()), axis=0)[:training].T)
    np.testing.assert_allclose(made, real, atol=0.015)


def test_one_innovation_network_bends_the_shocks_of_all_assets_alike() -> None:
    with initial_weights(0):
        generator = Generator(tiny.config().network, 3)
    noise = torch.randn(7, generator.noise_channels)
    noise[:, :3] = noise[:, :1]
    made = generator.shocks(noise)
    torch.testing.assert_close(made, made[:, :1].expand(-1, 3))
    counts = [
        sum(p.numel() for p in Generator(tiny.config().network, n).innovation.parameters())
        for n in (1, 3, 20)
    ]
    assert len(set(counts)) == 1


def test_each_channel_grows_with_the_volatility_by_its_power() -> None:
    with initial_weights(0):
        generator = Generator(
            replace(tiny.config().network, slow_noise=()), 3, powers=(1, 1 / 3, 0)
        )
    noise = torch.randn(generator.memory + 9, 2, generator.noise_channels)
    rows = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    with torch.no_grad():
        generator.tilt.weight.zero_()
        one, twice = (
            generator(noise, rows),
            generator(noise, rows + torch.tensor([float(np.log(2)), 0.0])),
        )
    growth = torch.tensor([2.0, 2 ** (1 / 3), 1.0])[:, None]
    torch.testing.assert_close(twice, growth * one)


def test_the_stack_of_several_assets_is_wider_by_their_number() -> None:
    assert [stack_width(16, n) for n in (1, 2, 8, 9, 20, 50)] == [16, 24, 24, 32, 40, 72]
