from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.classic import ClassicHead
from tsgan.images.critics import ImageCritic, ImageHead
from tsgan.images.patches import overlapped, patches
from tsgan.layers import NEGATIVE_SLOPE
from tsgan.penalty import gradient_penalty
from tsgan.seeding import initial_weights, torch_generator

LABELS, SIZE, BATCH = 3, 8, 9
LAYOUT = ConditionLayout(labels=LABELS, codes=4, code_numbers=2)


def normal(*shape: int, dtype: torch.dtype = torch.float64, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch_generator(1, name))


def label(dtype: torch.dtype = torch.float64) -> Tensor:
    """One-hot labels, of which the last is not given."""
    return torch.cat(
        [F.one_hot(torch.arange(BATCH - 1) % LABELS, LABELS), torch.zeros(1, LABELS)]
    ).to(dtype)


def make_head(
    labels: int = LABELS,
    dtype: torch.dtype = torch.float64,
    widths: tuple[int, ...] = (4, 6),
    dense: int = 7,
) -> ImageHead:
    with initial_weights(0):
        head = ImageHead(widths, SIZE, dense, labels)
        if head.projection is not None:
            nn.init.normal_(head.projection.weight)
    return head.to(dtype)


def plain_score(head: ImageHead, x: Tensor, condition: Tensor) -> Tensor:
    """The score by torch's own convolutions, which autograd differentiates twice."""
    widths = head.first.out_features
    kernel = head.first.weight.view(widths, 1, 4, 4)
    y = F.conv2d(x, kernel, head.first.bias, stride=2, padding=1)
    y = F.leaky_relu(y, NEGATIVE_SLOPE)
    for convolution in head.convolutions:
        y = F.conv2d(y, convolution.weight, convolution.bias, stride=2, padding=1)
        y = F.leaky_relu(y, NEGATIVE_SLOPE)
    features = y.permute(0, 2, 3, 1).flatten(1)
    if head.dense is not None:
        features = F.leaky_relu(head.dense(features), NEGATIVE_SLOPE)
    score = head.score(features)[:, 0]
    if head.projection is None:
        return score
    return score + torch.einsum("nf,lf,nl->n", features, head.projection.weight, condition)


HEADS = pytest.mark.parametrize(
    ("widths", "dense"), [((5,), 0), ((4, 6), 0), ((5,), 7), ((4, 6, 3), 7)]
)
DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)]
)
LABELLED = pytest.mark.parametrize("labels", [0, LABELS])


def test_a_convolution_of_one_channel_is_a_product_with_its_patches() -> None:
    x, kernel = normal(2, 1, 8, 12), normal(5, 1, 4, 4, name=1)
    expected = F.conv2d(x, kernel, stride=2, padding=1)
    got = patches(x) @ kernel.view(5, 16).T
    torch.testing.assert_close(got.permute(0, 3, 1, 2), expected)


def test_overlapped_patches_are_a_transposed_convolution_to_one_channel() -> None:
    y, kernel = normal(2, 5, 4, 6), normal(5, 1, 4, 4, name=1)
    expected = F.conv_transpose2d(y, kernel, stride=2, padding=1)
    got = overlapped(y.permute(0, 2, 3, 1) @ kernel.view(5, 16))
    torch.testing.assert_close(got, expected)


def test_patches_and_their_overlap_are_each_other_s_transpose_and_differentiate_twice() -> None:
    x, y = normal(2, 1, 6, 6).requires_grad_(), normal(2, 3, 3, 16, name=1).requires_grad_()
    torch.testing.assert_close((patches(x) * y).sum(), (x * overlapped(y)).sum())
    assert torch.autograd.gradgradcheck(lambda x: patches(x) ** 3, (x,))
    assert torch.autograd.gradgradcheck(lambda y: overlapped(y) ** 3, (y,))


@HEADS
@LABELLED
@DTYPES
def test_scores_are_those_of_torch_s_own_convolutions(
    widths, dense, labels, dtype, tolerance
) -> None:
    head = make_head(labels, dtype, widths, dense)
    x, c = normal(BATCH, 1, SIZE, SIZE, dtype=dtype), label(dtype)[:, :labels]
    scores = head(x, c)
    assert scores.shape == (BATCH,) and scores.dtype == dtype
    torch.testing.assert_close(scores, plain_score(head, x, c), rtol=tolerance, atol=tolerance)


@HEADS
@LABELLED
@DTYPES
def test_written_out_gradient_is_that_of_autograd(widths, dense, labels, dtype, tolerance) -> None:
    head = make_head(labels, dtype, widths, dense)
    x = normal(BATCH, 1, SIZE, SIZE, dtype=dtype).requires_grad_()
    c = label(dtype)[:, :labels]
    got = head.input_gradient(x, c)
    assert got.shape == x.shape and got.dtype == dtype
    for score in (head(x, c), plain_score(head, x, c)):
        (expected,) = torch.autograd.grad(score.sum(), x)
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


@HEADS
@LABELLED
@DTYPES
def test_the_penalty_s_weight_gradients_are_those_of_the_double_backward(
    widths, dense, labels, dtype, tolerance
) -> None:
    head = make_head(labels, dtype, widths, dense)
    real, fake = (normal(BATCH, 1, SIZE, SIZE, dtype=dtype, name=name) for name in (1, 2))
    c, of = label(dtype)[:, :labels], list(head.parameters())
    got, expected = (
        torch.autograd.grad(
            gradient_penalty(score, real, fake, c, torch_generator(0)), of, materialize_grads=True
        )
        for score in (head, lambda x, c: plain_score(head, x, c))
    )
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
    learn = len(widths) + 1 + bool(dense) + bool(labels)
    assert sum(bool(a.any()) for a in got) == learn  # all but the biases


def test_the_label_adds_its_own_direction_in_the_features() -> None:
    """Without a label the score is that of a head that has no place for one."""
    head, x, c = make_head(), normal(BATCH, 1, SIZE, SIZE), label()
    plain = make_head(0)
    missing = plain.load_state_dict(head.state_dict(), strict=False)
    assert missing.unexpected_keys == ["projection.weight"] and not missing.missing_keys
    torch.testing.assert_close(head(x, torch.zeros_like(c)), plain(x, c[:, :0]))
    assert bool((head(x, c)[:-1] != plain(x, c[:, :0])[:-1]).all())
    torch.testing.assert_close(head(x, c)[-1], plain(x, c[:, :0])[-1])


def test_a_fresh_critic_has_not_heard_of_labels() -> None:
    """Directions drawn at random would be far longer than the one that all classes share."""
    head, x = ImageHead((4, 6), SIZE, 7, LABELS).double(), normal(BATCH, 1, SIZE, SIZE)
    torch.testing.assert_close(head(x, label()), head(x, torch.zeros_like(label())))


@pytest.mark.parametrize("make", [make_head, lambda: ClassicHead(LABELS).double()])
def test_a_score_does_not_depend_on_the_rest_of_the_batch(make) -> None:
    head = make()
    size = SIZE if isinstance(head, ImageHead) else 28
    x, c = normal(BATCH, 1, size, size), label()
    torch.testing.assert_close(head(x[2:3], c[2:3]), head(x, c)[2:3], rtol=1e-12, atol=1e-12)


def test_channels_last_images_and_weights_score_the_same() -> None:
    head, x, c = make_head(), normal(BATCH, 1, SIZE, SIZE), label()
    expected = head(x, c), head.input_gradient(x, c)
    head = head.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close((head(x, c), head.input_gradient(x, c)), expected)


def test_the_critic_is_told_the_label_and_nothing_else_of_a_row() -> None:
    critic = ImageCritic(make_head(), LAYOUT)
    of = torch.arange(BATCH) % LABELS
    x, code = normal(BATCH, 1, SIZE, SIZE), torch.arange(BATCH) % 4
    rows = LAYOUT.pack(BATCH, label=of, code=code, code_numbers=torch.rand(BATCH, 2))
    ((seen, told),) = critic.views([(x, rows)], torch_generator(0))
    torch.testing.assert_close(seen, x)
    torch.testing.assert_close(told, F.one_hot(of, LABELS).float())
    assert len(critic.heads) == 1


def test_the_classic_critic_is_two_strided_convolutions_and_a_linear_output() -> None:
    head = ClassicHead(LABELS)
    kinds = [type(part) for part in head.modules() if not list(part.children())]
    assert kinds == [
        *(nn.Conv2d, nn.LeakyReLU, nn.Conv2d, nn.LeakyReLU, nn.Flatten),
        *(nn.Linear, nn.Linear),
    ]
    assert all(part.stride == (2, 2) for part in head.modules() if isinstance(part, nn.Conv2d))
    x, c = torch.rand(2, 1, 28, 28), torch.eye(LABELS)[:2]
    scores = head(x, c)
    assert scores.shape == (2,)
    told = head(x, torch.zeros(2, LABELS))
    torch.testing.assert_close(
        scores - told, (head.layers(x) * head.projection.weight.T[:2]).sum(dim=1)
    )
