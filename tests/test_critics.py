from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from toys import plain_score

from tsgan.conditioning import NOTHING_ELSE, SCALE_SIZE, ConditionLayout
from tsgan.config import NetworkConfig
from tsgan.critics import (
    LOG_FLOOR,
    Critic,
    CriticHead,
    block_features,
    positions_skipped,
    random_stretch,
    usable_scales,
)
from tsgan.penalty import gradient_penalty
from tsgan.seeding import initial_weights, torch_generator

TINY = NetworkConfig(
    critic_channels=(4, 6), critic_kernel=5, critic_dense=7, scales=(1, 4, 8), stretch=64
)
UNIT, FIELD, PATCH = 4, 13, 16
"""Of ``TINY``: steps of a position, steps that it sees, and the shortest input that has them."""
WINDOW, PATH_LENGTH = 32, 512


def normal(*shape: int, dtype: torch.dtype = torch.float64, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch_generator(1, name))


def make_head(
    pooled: bool, layout: ConditionLayout | None, dtype: torch.dtype = torch.float64
) -> CriticHead:
    with initial_weights(0):
        return CriticHead(2, WINDOW, TINY, layout, pooled=pooled).to(dtype)


@pytest.fixture
def critic() -> Critic:
    with initial_weights(0):
        return Critic(TINY, WINDOW, PATH_LENGTH).double()


POOLED = pytest.mark.parametrize("pooled", [False, True])
LAYOUTS = pytest.mark.parametrize("layout", [None, NOTHING_ELSE])
DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)]
)


@POOLED
@LAYOUTS
@DTYPES
def test_scores_are_those_of_torch_s_own_parts(pooled, layout, dtype, tolerance) -> None:
    head = make_head(pooled, layout, dtype)
    x, c = normal(9, 2, WINDOW, dtype=dtype), normal(9, SCALE_SIZE, dtype=dtype)
    scores = head(x, c)
    assert scores.shape == (9,) and scores.dtype == dtype
    torch.testing.assert_close(scores, plain_score(head, x, c), rtol=tolerance, atol=tolerance)


@POOLED
@LAYOUTS
@DTYPES
def test_written_out_gradient_is_that_of_autograd(pooled, layout, dtype, tolerance) -> None:
    head = make_head(pooled, layout, dtype)
    x, c = normal(9, 2, WINDOW, dtype=dtype).requires_grad_(), normal(9, SCALE_SIZE, dtype=dtype)
    got = head.input_gradient(x, c)
    assert got.shape == x.shape and got.dtype == dtype
    for score in (head, lambda x, c: plain_score(head, x, c)):
        (expected,) = torch.autograd.grad(score(x, c).sum(), x)
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


@POOLED
@LAYOUTS
@DTYPES
def test_its_derivative_by_the_weights_is_the_double_backward(
    pooled, layout, dtype, tolerance
) -> None:
    head = make_head(pooled, layout, dtype)
    real, fake = (normal(9, 2, WINDOW, dtype=dtype, name=name) for name in (1, 2))
    c, of = normal(9, SCALE_SIZE, dtype=dtype), list(head.parameters())
    got, expected = (
        torch.autograd.grad(
            gradient_penalty(score, real, fake, c, torch_generator(0)), of, materialize_grads=True
        )
        for score in (head, lambda x, c: plain_score(head, x, c))
    )
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
    assert sum(bool(a.any()) for a in got) == len(TINY.critic_channels) + 2  # all but the biases


@POOLED
def test_a_score_does_not_depend_on_the_rest_of_the_batch(pooled) -> None:
    head = make_head(pooled, NOTHING_ELSE)
    x, c = normal(6, 2, WINDOW), normal(6, SCALE_SIZE)
    torch.testing.assert_close(head(x[2:3], c[2:3]), head(x, c)[2:3], rtol=1e-12, atol=1e-12)


def test_a_pooled_score_is_the_mean_of_the_scores_of_its_patches() -> None:
    """Each position with its whole past is a patch that stands alone, and no other counts."""
    head, x, c = make_head(True, None), normal(3, 2, WINDOW), normal(3, 0)
    ends = range(PATCH, WINDOW + 1, UNIT)
    patches = torch.stack([head(x[..., end - PATCH : end], c) for end in ends])
    torch.testing.assert_close(head(x, c), patches.mean(dim=0), rtol=1e-12, atol=1e-12)


def test_the_first_patch_of_a_pooled_head_lacks_nothing_and_leaves_out_what_it_need_not_see() -> (
    None
):
    head, x = make_head(True, None), normal(3, 2, PATCH).requires_grad_()
    (gradient,) = torch.autograd.grad(head(x, normal(3, 0)).sum(), x)
    seen = gradient.abs().amax(dim=(0, 1)).nonzero()[:, 0].tolist()
    assert seen == list(range(PATCH - FIELD, PATCH))


@pytest.mark.parametrize("layers", range(1, 9))
@pytest.mark.parametrize("kernel", [2, 3, 5, 8, 64])
def test_as_few_positions_are_left_out_as_lack_a_part_of_their_past(layers, kernel) -> None:
    config = NetworkConfig(critic_channels=(1,) * layers, critic_kernel=kernel)
    unit = 2**layers
    field = 1 + (kernel - 1) * (unit - 1)
    assert positions_skipped(TINY) == 3
    skipped = positions_skipped(config)
    assert unit * skipped < field <= unit * (skipped + 1)


KERNEL_9 = NetworkConfig(critic_kernel=9)  # 57 steps make a position: 64 in whole positions
LAYERS_6 = NetworkConfig(critic_channels=(4,) * 6)  # 253: 256


@pytest.mark.parametrize(
    ("config", "path_length", "scales"),
    [
        (NetworkConfig(), 128, [1, 4, 16]),
        (NetworkConfig(), 256, [1, 4, 16]),
        (NetworkConfig(), 512, [1, 4, 16, 64]),
        (NetworkConfig(), 1024, [1, 4, 16, 64]),
        (KERNEL_9, 128, [1, 16]),
        (KERNEL_9, 256, [1, 4, 16]),
        (LAYERS_6, 1024, [1, 4, 16]),
        (LAYERS_6, 512, [1, 4]),
        (LAYERS_6, 256, [1, 4]),
        (LAYERS_6, 128, [1]),
        (NetworkConfig(critic_kernel=64), 256, [16]),
        (NetworkConfig(scales=(1,)), 128, [1]),
        (NetworkConfig(scales=(1, 4), critic_kernel=16, stretch=64), 1024, [4]),
    ],
)
def test_scales_that_fit_into_paths(config, path_length, scales) -> None:
    assert usable_scales(config, path_length) == scales
    unit = 2 ** len(config.critic_channels)
    field = 1 + (config.critic_kernel - 1) * (unit - 1)
    assert all(path_length % (b * unit) == 0 for b in scales)
    assert all(min(path_length // b, config.stretch) >= field for b in scales[:-1])
    with initial_weights(0):
        critic = Critic(config, 128, path_length)
    paths = normal(2, 1, path_length).float(), torch.zeros(2, 2)
    views = critic.views(
        [paths, (normal(3, 1, 128).float(), torch.zeros(3, 2))], torch_generator(0)
    )
    for head, view in zip(critic.heads, views, strict=True):
        assert head(*view).isfinite().all()


def test_default_heads_on_the_longest_paths() -> None:
    config = NetworkConfig()
    critic = Critic(config, 128, 1024)
    assert critic.lengths == [512, 1024, 1024, 1024]
    assert [head.pooled for head in critic.heads] == [True, True, True, False, False]
    widths = [1, 2, 2, 2, 1]
    assert [head.stack.weights[0].shape[1] for head in critic.heads] == widths
    folded = [64, 64, 64, 64 * 2, 64 * 16 + SCALE_SIZE]
    assert [head.dense.in_features for head in critic.heads] == folded
    assert [head.layout for head in critic.heads] == [None] * 4 + [NOTHING_ELSE]


def test_a_stretch_comes_from_its_own_path_in_its_order() -> None:
    time, batch = torch.arange(30.0), 200
    start = 1000 * torch.arange(float(batch))[:, None]
    paths = torch.stack([start + time, -start - time], dim=1)
    stretches = random_stretch(paths, 7, torch_generator(0))
    assert stretches.shape == (batch, 2, 7)
    first = stretches[:, 0, :1] - start
    assert set(first.flatten().tolist()) == set(range(24))  # every start that fits, no other
    expected = stretches[:, 0, :1] + torch.arange(7.0)
    assert torch.equal(stretches[:, 0], expected) and torch.equal(stretches[:, 1], -expected)


def test_a_stretch_as_long_as_the_path_is_the_path() -> None:
    paths, stream = normal(3, 1, 8), torch_generator(0)
    assert torch.equal(random_stretch(paths, 8, stream), paths)
    assert torch.equal(stream.get_state(), torch_generator(0).get_state())


def test_block_features_by_hand() -> None:
    paths = torch.tensor([[[1.0, 2.0, -3.0, 4.0], [0.0, 0.0, 2.0, -2.0]]])
    expected = torch.tensor(
        [
            [3 / math.sqrt(2), 1 / math.sqrt(2)],
            [0.0, 0.0],
            [math.log(2.5 + LOG_FLOOR) / 2, math.log(12.5 + LOG_FLOOR) / 2],
            [math.log(LOG_FLOOR) / 2, math.log(4 + LOG_FLOOR) / 2],
        ]
    )
    torch.testing.assert_close(block_features(paths, 2)[0], expected)


def test_each_head_scores_its_view(critic) -> None:
    """Scale 1 sees the returns, the others blocks; each a stretch of up to 64 blocks."""
    paths, windows = normal(3, 1, PATH_LENGTH), normal(4, 1, WINDOW)
    parts = [(paths, torch.zeros(3, SCALE_SIZE)), (windows, normal(4, SCALE_SIZE))]
    views = critic.views(parts, torch_generator(0))
    scores = [head(x, c) for head, (x, c) in zip(critic.heads, views, strict=True)]
    assert [len(score) for score in scores] == [3, 3, 3, 4]
    assert [c.shape[1] for _, c in views] == [0, 0, 0, SCALE_SIZE]
    stream = torch_generator(0)
    assert torch.equal(views[0][0], random_stretch(paths, 64, stream))
    assert torch.equal(views[1][0], block_features(random_stretch(paths, 256, stream), 4))
    assert torch.equal(views[2][0], block_features(paths, 8))


def test_all_positions_of_the_coarsest_head_and_of_the_conditional_one_have_weights(critic) -> None:
    for head, length in zip(critic.heads[2:], (PATH_LENGTH // 8, WINDOW), strict=True):
        assert not head.pooled
        conditions = 0 if head.layout is None else SCALE_SIZE
        assert head.dense.in_features == length // UNIT * TINY.critic_channels[-1] + conditions


def test_conditional_windows_are_seen_in_units_of_their_volatility(critic) -> None:
    windows = normal(6, 1, WINDOW) * torch.logspace(-2, 2, 6, dtype=torch.float64)[:, None, None]
    given = torch.stack([windows.square().mean((1, 2)).log() / 2, torch.ones(6)], dim=1)
    parts = [(normal(3, 1, PATH_LENGTH), torch.zeros(3, SCALE_SIZE)), (windows, given)]
    seen, condition = critic.views(parts, torch_generator(0))[-1]
    torch.testing.assert_close(seen.square().mean((1, 2)), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(seen / windows, (seen / windows)[..., :1].expand_as(seen))
    assert torch.equal(condition, given)


def test_paths_of_several_assets_have_two_features_of_each_in_a_block() -> None:
    critic = Critic(TINY, WINDOW, PATH_LENGTH, 3, ConditionLayout(assets=3))
    paths, windows = normal(2, 3, PATH_LENGTH).float(), normal(2, 3, WINDOW).float()
    parts = [(paths, torch.zeros(2, SCALE_SIZE)), (windows, torch.zeros(2, SCALE_SIZE))]
    views = critic.views(parts, torch_generator(0))
    assert [x.shape[1] for x, _ in views] == [3, 6, 6, 3]
    for (head, view), other in itertools.product(zip(critic.heads, views, strict=True), [0.0, 1.0]):
        assert head(view[0] + other, view[1]).shape == (2,)
