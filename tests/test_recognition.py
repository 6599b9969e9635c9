"""Regimes are found without labels: in a market whose regimes are known, and piece by piece."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from tsgan.batches import SeriesBatches, SeriesConditions
from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.critics import Critic, CriticHead
from tsgan.networks import Generator
from tsgan.recognition import RegimeRecogniser
from tsgan.seeding import initial_weights, torch_generator
from tsgan.trainer import Trainer
from tsgan.units import Units

N, STAY, WINDOW = 4000, 200, 16
VOLATILITIES = torch.tensor([0.4, 1.6])
STATES = torch.arange(N) // STAY % 2
SERIES = (VOLATILITIES[STATES] * torch.randn(N, generator=torch_generator(0)))[:, None]
SMALL = {"channels": 8, "layers": 3, "noise_channels": 2, "slow_noise": (), "innovation_width": 8}
NETWORK = NetworkConfig(**SMALL, critic_channels=(16, 32), critic_dense=32)
TRAINING = replace(
    TrainingConfig(),
    steps=500,
    batch=1,
    conditional_windows=32,
    learning_rate=2e-3,
    average=0.98,
    check_every=1,
)


class OnWindows(nn.Module):
    """A critic of one head, which sees the windows of a batch and no path."""

    def __init__(self, layout: ConditionLayout) -> None:
        super().__init__()
        self.layout = layout
        self.heads = nn.ModuleList([CriticHead(1, WINDOW, NETWORK, layout.observed)])

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: torch.Generator
    ) -> list[tuple[Tensor, Tensor]]:
        windows, rows = parts[1]
        unit = torch.exp(self.layout.log_scale_of(rows))[:, None]
        return [(windows / unit, self.layout.told(rows))]


@cache
def market(weight: float = 1.0) -> tuple[Generator, RegimeRecogniser]:
    """Train on a market that is calm and wild in turn, 200 steps each."""
    batches = SeriesBatches(SERIES, WINDOW, WINDOW, TRAINING, SeriesConditions(latent=2))
    layout = batches.layout
    with initial_weights(0):
        generator, critic = Generator(NETWORK, layout=layout), OnWindows(layout)
        recogniser = RegimeRecogniser(NETWORK, WINDOW, layout, weight=weight)
    stream = torch_generator(1)
    trainer = Trainer(generator, critic, batches, TRAINING, stream, recogniser=recogniser)
    assert trainer.run() and trainer.returns == 0
    return trainer.average, recogniser  # type: ignore[return-value]


def made(generator: Generator, code: int | None, count: int = 500) -> Tensor:
    """Windows under a code, (count, 1, WINDOW)."""
    covariates = None
    if code is not None:
        covariates = torch.eye(2)[code].expand(count, 2)[..., None]
    rows = generator.layout.pack(count, covariates=covariates)
    with torch.no_grad():
        return generator.sample_like(torch.empty(count, 1, WINDOW), rows, torch_generator(2))


def real_windows() -> tuple[Tensor, Tensor]:
    """Real windows and the true state of each, those that lie in one state alone."""
    windows, states = SERIES.unfold(0, WINDOW, 1), STATES.unfold(0, WINDOW, 1)
    pure = (states == states[:, :1]).all(dim=1)
    return windows[pure], states[pure, 0]


def test_codes_recover_the_states_of_the_market() -> None:
    generator, recogniser = market()
    windows, states = real_windows()
    taken = recogniser.shares(windows).argmax(dim=1)
    right = float((taken == states).float().mean())
    assert max(right, 1 - right) > 0.95
    order = [0, 1] if right > 0.5 else [1, 0]
    for code, volatility in zip(order, VOLATILITIES, strict=True):
        ratio = float(made(generator, code).square().mean().sqrt() / volatility)
        assert abs(math.log(ratio)) < 0.2, (code, ratio)


def test_every_window_is_told_by_what_it_was_made_under() -> None:
    generator, recogniser = market()
    for code in (0, 1):
        assert recogniser.shares(made(generator, code))[:, code].mean() > 0.95


def test_recogniser_and_generator_learn_the_code_together() -> None:
    layout = ConditionLayout(covariates=2, latent=2)
    with initial_weights(0):
        generator = Generator(NETWORK, layout=layout)
        recogniser = RegimeRecogniser(NETWORK, WINDOW, layout, weight=3.0)
    rows = layout.pack(6, covariates=torch.eye(2).repeat(3, 1)[..., None])
    fakes = generator.sample_like(torch.empty(6, 1, WINDOW), rows, torch_generator(0))
    loss = recogniser([(torch.empty(0), torch.empty(0)), (fakes, rows)])
    guess = torch.log_softmax(recogniser.logits(fakes), dim=1)
    expected = -3.0 * guess[torch.arange(6), torch.tensor([0, 1] * 3)].mean()
    torch.testing.assert_close(loss, expected)
    loss.backward()
    for network in (generator, recogniser):
        slopes = [p.grad.abs().max() for p in network.parameters() if p.grad is not None]
        assert max(slopes) > 0


def test_windows_without_a_code_cost_nothing() -> None:
    layout = ConditionLayout(covariates=2, latent=2)
    recogniser = RegimeRecogniser(NETWORK, WINDOW, layout)
    windows = torch.randn(3, 1, WINDOW, generator=torch_generator(0))
    codes = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    some = layout.pack(3, covariates=codes[..., None])
    alone = layout.pack(1, covariates=codes[:1, :, None])
    nothing = (torch.empty(0), torch.empty(0))
    whole, part = (
        recogniser([nothing, (windows, some)]),
        recogniser([nothing, (windows[:1], alone)]),
    )
    torch.testing.assert_close(3 * whole, part)


def test_recogniser_does_not_see_what_a_window_sums_up_to() -> None:
    recogniser = RegimeRecogniser(NETWORK, WINDOW, ConditionLayout(covariates=3, latent=3))
    windows = torch.randn(5, 1, WINDOW, generator=torch_generator(0))
    torch.testing.assert_close(recogniser.logits(windows), recogniser.logits(-windows))
    assert not torch.allclose(recogniser.logits(windows), recogniser.logits(2 * windows))


def test_half_as_many_windows_more_hear_a_code_and_nothing_else() -> None:
    batches = SeriesBatches(SERIES, WINDOW, 64, TRAINING, SeriesConditions(latent=3))
    (_, none), (windows, rows) = batches(torch_generator(0))
    layout = batches.layout
    assert layout == ConditionLayout(covariates=3, latent=3) and len(windows) == len(rows) == 48
    assert not none.any() and none.shape[1] == layout.fixed
    codes = layout.covariates_of(rows)
    assert codes.shape == (48, 3, WINDOW) and not codes[:32].any()
    assert torch.equal(codes[32:].sum(dim=1), torch.ones(16, WINDOW))
    assert torch.equal(codes[32:], codes[32:, :, :1].expand(-1, -1, WINDOW))
    assert set(codes[32:, :, 0].argmax(dim=1).tolist()) == {0, 1, 2}
    scale = layout.log_scale_of(rows)
    assert not scale[32:].any() and not rows[32:, :2].any() and rows[:32, 1].all()
    own = windows[:32].square().mean(dim=(1, 2)).log() / 2
    assert float((scale[:32, 0] - own).std()) == pytest.approx(0.1, rel=0.5)  # the jitter
    starts = {tuple(row.tolist()) for row in SERIES.unfold(0, WINDOW, 1)[:, 0]}
    assert all(tuple(row.tolist()) in starts for row in windows[:, 0])


def test_codes_stand_behind_what_is_observed() -> None:
    """What the critic is told is the batch of a run without codes."""
    tracks = torch.randn(N, 2, generator=torch_generator(3))
    units = Units((0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), (0.3, 0.2), -1.0, 1.0)
    observed = {"covariates": tracks, "sizes": (2,), "held": (False,), "levelled": (True,)}
    plain, coded = (
        SeriesBatches(
            SERIES, WINDOW, 64, TRAINING, SeriesConditions(**observed, units=units, latent=k)
        )
        for k in (0, 4)
    )
    (paths, _), (windows, rows) = plain(torch_generator(0))
    (same_paths, _), (more, all_rows) = coded(torch_generator(0))
    assert torch.equal(paths, same_paths) and torch.equal(windows, more[:32])
    told = coded.layout.told(all_rows)
    assert coded.layout.observed == plain.layout
    assert torch.equal(told[:32], rows) and not told[32:].any()
    assert torch.equal(coded.layout.latent_of(all_rows)[32:].sum(dim=1), torch.ones(16))


def test_critic_is_not_told_the_code() -> None:
    layout = ConditionLayout(covariates=2, latent=2)
    with initial_weights(0):
        critic = Critic(NETWORK, WINDOW, 64, layout=layout)
    windows = torch.randn(2, 1, WINDOW, generator=torch_generator(0))
    paths = (torch.zeros(1, 1, 64), torch.zeros(1, layout.fixed))
    scores = []
    for codes in (torch.eye(2), torch.eye(2).flip(0)):
        rows = layout.pack(2, covariates=codes[..., None].expand(-1, -1, WINDOW))
        view = critic.views([paths, (windows, rows)], torch_generator(1))[-1]
        scores.append(critic.heads[-1](*view))
    assert torch.equal(*scores)
