from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import tiny
import torch
from torch import Tensor, nn

from tsgan.conditioning import ConditionLayout
from tsgan.networks import Generator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.validation import HeldOutScore

WINDOW = 128


def garch(n: int, seed: int = 0) -> Tensor:
    """(n, 1) returns of standard deviation 1, with clusters of volatility."""
    returns = tiny.garch_returns(n, seed)
    return torch.from_numpy(returns / returns.std()).float()[:, None]


class Replay(nn.Module):
    """Gives the window whose volatility it is asked for, or what ``change`` makes of it."""

    def __init__(self, series: Tensor, change=lambda windows: windows) -> None:
        super().__init__()
        self.windows, self.change = series.unfold(0, WINDOW, 1), change
        self.logs = self.windows.square().mean(dim=(1, 2)).log() / 2

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        self.condition = condition
        nearest = (condition[:, :1] - self.logs).abs().argmin(dim=1)
        windows = self.change(self.windows[nearest])
        assert windows.shape == real.shape
        return windows


def scrambled(windows: Tensor) -> Tensor:
    order = torch.randperm(WINDOW, generator=torch_generator(1))
    return windows[..., order]


def gaussian(windows: Tensor) -> Tensor:
    noise = torch.randn(windows.shape, generator=torch_generator(1))
    return noise * windows.square().mean(dim=2, keepdim=True).sqrt()


@pytest.fixture(scope="module")
def series() -> Tensor:
    return garch(WINDOW + 127)  # 128 windows, a quarter of those that are generated


def test_the_held_out_windows_themselves_score_zero(series) -> None:
    assert HeldOutScore(series, WINDOW, 0)(Replay(series)) == pytest.approx(0, abs=1e-7)


def sums(windows: np.ndarray, span: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(windows, span, axis=1).sum(axis=2)


def mean_autocorrelation(windows: np.ndarray) -> np.ndarray:
    """(20,) of |r| at lags 1..20, the mean over windows, term by term."""
    sizes = np.abs(windows) - np.abs(windows).mean(axis=1, keepdims=True)
    products = [(sizes[:, lag:] * sizes[:, :-lag]).sum(axis=1) for lag in range(1, 21)]
    return np.mean(products / np.square(sizes).sum(axis=1), axis=1)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_scaled_returns_score_the_mean_size_of_the_sums(series, scale) -> None:
    """W1 between X and aX is |a − 1| E|X|; autocorrelations stay."""
    windows = series.unfold(0, WINDOW, 1)[:, 0].double().numpy()
    expected = [
        abs(scale - 1) * np.abs(sums(windows, span)).mean() / sums(windows, span).std()
        for span in (1, 5, 20)
    ]
    score = HeldOutScore(series, WINDOW, 0)(Replay(series, lambda x: scale * x))
    assert score == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("change", [scrambled, gaussian, lambda x: 1 + x.flip(2)])
def test_the_score_of_other_windows_is_what_it_says(series, change) -> None:
    real = series.unfold(0, WINDOW, 1)
    fake = change(real).double().numpy()[:, 0]
    real = real.double().numpy()[:, 0]
    distances = [
        scipy.stats.wasserstein_distance(sums(real, k).ravel(), sums(fake, k).ravel())
        / sums(real, k).std()
        for k in (1, 5, 20)
    ]
    memory = np.square(mean_autocorrelation(fake) - mean_autocorrelation(real)).mean() ** 0.5
    score = HeldOutScore(series, WINDOW, 0)(
        Replay(series, lambda x: change(x[::4]).repeat(4, 1, 1))
    )
    assert memory > 0.001
    assert score == pytest.approx(np.mean(distances) + memory, rel=1e-5)


@pytest.mark.parametrize("windows", [1, 40, 512, 900])
def test_the_volatility_of_every_part_is_asked_for(windows) -> None:
    """A series that grows wilder: the share of each of its parts is its share of the time."""
    n = WINDOW + windows - 1
    series = torch.randn(n, 1, generator=torch_generator(0)) * torch.linspace(0.1, 3, n)[:, None]
    replay = Replay(series)
    HeldOutScore(series, WINDOW, 0)(replay)
    asked, flag = replay.condition.T
    gap = scipy.stats.wasserstein_distance(asked.numpy(), replay.logs.numpy())
    assert gap < 0.02
    assert torch.equal(flag, torch.ones_like(flag))


def test_a_score_depends_on_the_weights_and_seed_alone(series) -> None:
    with initial_weights(0):
        generator = Generator(tiny.config().network)
    score = HeldOutScore(series, WINDOW, 0)
    state = torch.get_rng_state()
    first = score(generator)
    assert score(generator) == first == HeldOutScore(series, WINDOW, 0)(generator)
    assert HeldOutScore(series, WINDOW, 1)(generator) != first
    assert torch.equal(torch.get_rng_state(), state)


def test_a_held_out_part_in_which_nothing_moves_has_a_finite_score() -> None:
    with initial_weights(0):
        generator = Generator(tiny.config().network)
    assert np.isfinite(HeldOutScore(torch.zeros(200, 1), WINDOW, 0)(generator))


def test_a_generator_of_more_conditions_can_be_scored(series) -> None:
    layout = ConditionLayout(labels=3, history=4)
    with initial_weights(0):
        generator = Generator(tiny.config().network, layout=layout)
    score = HeldOutScore(series, WINDOW, 0, layout)
    assert score.condition.shape[1] == layout.fixed
    assert np.isfinite(score(generator))
