from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from toys import assert_same_state

from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.images.config import ImageNetworkConfig
from tsgan.images.growth import FADES, SIDES, stage_at
from tsgan.images.networks import make_networks
from tsgan.images.progressive import (
    ProgressiveCritic,
    ProgressiveGenerator,
    ProgressiveHead,
)
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.trainer import Trainer

SMALL = ImageNetworkConfig(
    kind="progressive",
    noise=8,
    embedding=5,
    generator_channels=(12, 8),
    critic_channels=(8, 10),
    critic_dense=16,
)
LAYOUT = ConditionLayout(labels=3)
(FIRST, SECOND), (THIRD, FOURTH) = FADES
MIDDLES = (FIRST + SECOND) / 2, (THIRD + FOURTH) / 2
STAGES = pytest.mark.parametrize(
    ("fraction", "side"),
    list(
        zip(
            (0.0, FIRST / 2, FIRST, MIDDLES[0], SECOND, THIRD, MIDDLES[1], FOURTH, 1.0),
            (7, 7, 14, 14, 14, 28, 28, 28, 28),
            strict=True,
        )
    ),
)


def pair(
    fraction: float, layout: ConditionLayout = LAYOUT
) -> tuple[ProgressiveGenerator, ProgressiveCritic, ProgressiveHead]:
    with initial_weights(0):
        generator, critic = make_networks(SMALL, layout)
    assert isinstance(generator, ProgressiveGenerator) and isinstance(critic, ProgressiveCritic)
    generator.follow(fraction)
    critic.follow(fraction)
    (head,) = critic.heads
    assert isinstance(head, ProgressiveHead)
    return generator, critic, head


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(6, name))


def rows(batch: int) -> Tensor:
    return LAYOUT.pack(batch, label=torch.arange(batch) % 3)


def enlarged(x: Tensor, side: int) -> Tensor:
    times = side // x.shape[-1]
    return x.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)


def test_stages_follow_the_run() -> None:
    assert SIDES == (7, 14, 28)
    assert stage_at(0) == stage_at(FIRST / 2) == (0, 1.0) and not stage_at(0).fading
    assert stage_at(FIRST) == (1, 0.0) and stage_at(FIRST).fading
    assert stage_at(MIDDLES[0]) == pytest.approx((1, 0.5))
    assert stage_at(SECOND) == (1, 1.0)
    assert stage_at(MIDDLES[1]) == pytest.approx((2, 0.5))
    assert stage_at(FOURTH) == stage_at(1) == (2, 1.0)


@STAGES
def test_samples_are_always_whole_images_of_the_resolution_reached(fraction, side) -> None:
    generator, _, _ = pair(fraction)
    images = generator(normal(5, 8), rows(5))
    assert images.shape == (5, 1, 28, 28) and float(images.detach().std()) > 0.05
    coarse = F.avg_pool2d(images, 28 // side)
    torch.testing.assert_close(enlarged(coarse, 28), images)
    if side > 7 and fraction not in (FIRST, THIRD):
        coarser = enlarged(F.avg_pool2d(images, 2 * 28 // side), 28)
        assert float((coarser - images).detach().abs().max()) > 1e-3


@pytest.mark.parametrize(("middle", "before", "after"), [
    (MIDDLES[0], 0.0, SECOND), (MIDDLES[1], SECOND, 1.0)
])  # fmt: skip
def test_half_way_an_image_is_the_mean_of_both_stages(middle, before, after) -> None:
    generator, _, _ = pair(middle)
    noise, given = normal(5, 8), rows(5)
    mixed = generator(noise, given)
    ends = []
    for fraction in (before, after):
        generator.follow(fraction)
        ends.append(generator(noise, given))
    torch.testing.assert_close(mixed, (ends[0] + ends[1]) / 2)


@pytest.mark.parametrize("border", [FIRST, SECOND, THIRD, FOURTH])
def test_nothing_leaps_where_a_fade_begins_or_ends(border) -> None:
    generator, critic, head = pair(border)
    noise, given, real = normal(5, 8), rows(5), normal(5, 1, 28, 28, name=1)
    found = []
    for fraction in (border - 1e-5, border + 1e-5):
        generator.follow(fraction)
        critic.follow(fraction)
        ((view, label),) = critic.views([(real, given)], torch_generator(0))
        found.append((generator(noise, given), head(view, label)))
    (image, score), (later_image, later_score) = found
    torch.testing.assert_close(image, later_image, atol=1e-3, rtol=0)
    torch.testing.assert_close(score, later_score, atol=1e-3, rtol=0)


@STAGES
def test_the_critic_sees_the_resolution_reached(fraction, side) -> None:
    _, critic, _ = pair(fraction)
    real, given = normal(4, 1, 28, 28), rows(4)
    ((view, label),) = critic.views([(real, given)], torch_generator(0))
    assert view.shape == (4, 1, side, side)
    assert torch.equal(label, LAYOUT.label_of(given))
    pooled = F.avg_pool2d(real, 28 // side)
    if (share := stage_at(fraction).alpha) < 1:
        pooled = share * pooled + (1 - share) * enlarged(F.avg_pool2d(pooled, 2), side)
    torch.testing.assert_close(view, pooled)


def score_of_convolutions(head: ProgressiveHead, x: Tensor, label: Tensor) -> Tensor:
    """The critic of torch's own convolutions; x is (batch, 1, side, side)."""

    def entered(level: int, x: Tensor) -> Tensor:
        entry = head.entries[level]
        return F.leaky_relu(F.conv2d(x, entry.weight[..., None, None], entry.bias), 0.1)

    level, alpha = head.growth.stage
    y = entered(level, x)
    for below in reversed(range(level)):
        y = F.leaky_relu(head.falls[below](y), 0.1)
        if below == level - 1:
            y = alpha * y + (1 - alpha) * entered(below, F.avg_pool2d(x, 2))
    seen = F.leaky_relu(head.dense(y.permute(0, 2, 3, 1).flatten(1)), 0.1)
    return (seen * (head.score.weight + head.projection(label))).sum(dim=1) + head.score.bias


@STAGES
def test_scores_and_their_gradient_are_those_of_torch(fraction, side) -> None:
    _, critic, head = pair(fraction)
    weights = list(head.parameters())
    ((x, label),) = critic.views([(normal(4, 1, 28, 28), rows(4))], torch_generator(0))
    x.requires_grad_()
    expected = score_of_convolutions(head, x, label)
    torch.testing.assert_close(head(x, label), expected)
    (slope,) = torch.autograd.grad(expected.sum(), x, create_graph=True)
    written = head.input_gradient(x.detach(), label)
    torch.testing.assert_close(written, slope, atol=1e-6, rtol=1e-4)
    assert written.shape == (4, 1, side, side) and bool(written.any())
    direction = normal(*slope.shape, name=2)
    ours, theirs = (
        torch.autograd.grad((g * direction).sum(), weights, allow_unused=True)
        for g in (written, slope)
    )
    for weight, *found in zip(weights, ours, theirs, strict=True):
        one, other = (torch.zeros_like(weight) if g is None else g for g in found)
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def used(network: torch.nn.Module, output: Tensor) -> set[str]:
    """Names of the layers that ``output`` depends on."""
    names, weights = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(output.sum(), weights, allow_unused=True)
    return {n.rpartition(".")[0] for n, g in zip(names, gradients, strict=True) if g is not None}


def test_layers_beyond_the_stage_are_not_computed() -> None:
    stages = {}
    for fraction in (0.0, MIDDLES[0], SECOND, MIDDLES[1], 1.0):
        generator, critic, head = pair(fraction)
        ((x, label),) = critic.views([(normal(4, 1, 28, 28), rows(4))], torch_generator(0))
        made = used(generator, generator(normal(4, 8), rows(4)) ** 2)
        stages[fraction] = made, used(head, head(x, label))
    start = {"embedding", "dense", "norms.0"}
    middle = start | {"rises.0", "norms.1"}
    last = middle | {"rises.1", "norms.2"}
    end = {"dense", "score", "projection"}
    falls = {"falls.0", "falls.1"}
    assert stages == {
        0.0: (start | {"greys.0"}, end | {"entries.0"}),
        MIDDLES[0]: (middle | {"greys.0", "greys.1"}, end | {"entries.0", "entries.1", "falls.0"}),
        SECOND: (middle | {"greys.1"}, end | {"entries.1", "falls.0"}),
        MIDDLES[1]: (last | {"greys.1", "greys.2"}, end | falls | {"entries.1", "entries.2"}),
        1.0: (last | {"greys.2"}, end | falls | {"entries.2"}),
    }


def batches(stream: torch.Generator) -> Batch:
    label = torch.randint(3, (4,), generator=stream)
    images = torch.tanh(torch.randn(4, 1, 28, 28, generator=stream) + label[:, None, None, None])
    return [(images, LAYOUT.pack(4, label=label))]


def trainer(steps: int = 20, **settings: object) -> Trainer:
    generator, critic, _ = pair(0.0)
    training = TrainingConfig(steps=steps, batch=4, check_every=5, log_every=1, **settings)
    return Trainer(generator, critic, batches, training, torch_generator(7))


def test_a_run_grows_to_the_end_and_every_weight_takes_part() -> None:
    run, start = trainer(), trainer()
    assert run.run()
    for part in ("generator", "critic"):
        before = dict(getattr(start, part).named_parameters())
        after = getattr(run, part).named_parameters()
        assert [n for n, p in after if torch.equal(p, before[n])] in ([], ["heads.0.score.bias"])
    best = run.best
    assert isinstance(best, ProgressiveGenerator)
    assert best.growth.stage == (2, 1.0)


@pytest.mark.parametrize("done", [1, 3, 5, 7, 12])
def test_interrupted_in_any_stage_and_resumed_equals_uninterrupted(done) -> None:
    whole, first, second = trainer(), trainer(), trainer()
    whole.run()
    first.run(stop=lambda: first.step == done)
    second.load_state(*first.state())
    assert second.generator.growth.stage == first.generator.growth.stage
    second.run()
    assert_same_state(whole, second)


@pytest.mark.parametrize("objective", ["gan", "lsgan", "wgan"])
def test_other_objectives_grow_as_well(objective) -> None:
    run = trainer(10, objective=objective)
    assert run.run() and run.best.growth.stage == (2, 1.0)
