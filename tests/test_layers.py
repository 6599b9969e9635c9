from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.layers import NEGATIVE_SLOPE, CausalStack, StridedCausalConv1d, softplus_inverse

KERNELS = (2, 3, 5, 8)


@pytest.fixture(autouse=True)
def _repeatable():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def make_stack(layers: int) -> CausalStack:
    return CausalStack(inputs=2, channels=3, layers=layers, outputs=2).double()


def support(output: Tensor, x: Tensor, time_axis: int) -> list[int]:
    """Return the times of ``x`` that reach ``output``, a number."""
    (gradient,) = torch.autograd.grad(output, x, retain_graph=True)
    others = [axis for axis in range(x.ndim) if axis != time_axis]
    return gradient.abs().amax(others).nonzero()[:, 0].tolist()


def reference_stack(stack: CausalStack, x: Tensor) -> Tensor:
    """The same network with torch's dilated ``conv1d``: (time, batch, inputs) -> the same."""
    x = F.linear(x, stack.enter.weight, stack.enter.bias).permute(1, 2, 0)
    time = x.shape[2] - stack.receptive_field + 1
    total = stack.skip_bias[:, None]
    for i, (now, past, bias, skip) in enumerate(
        zip(stack.now, stack.past, stack.bias, stack.skip, strict=True)
    ):
        y = F.conv1d(x, torch.stack([past, now], dim=2), bias, dilation=2**i)
        y = F.leaky_relu(y, NEGATIVE_SLOPE)
        total = total + F.conv1d(y[..., -time:], skip[..., None])
        x = x[..., 2**i :] + y
    joined = F.leaky_relu(total, NEGATIVE_SLOPE).permute(2, 0, 1)
    return F.linear(joined, stack.leave.weight, stack.leave.bias)


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_stack_is_torch_s_dilated_convolutions_with_the_same_weights(layers) -> None:
    stack, x = make_stack(layers), normal(2**layers + 6, 3, 2).requires_grad_()
    torch.testing.assert_close(stack(x), reference_stack(stack, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_gradients_of_the_stack_are_those_of_torch_s_convolutions(layers) -> None:
    stack, x = make_stack(layers), normal(2**layers + 6, 3, 2).requires_grad_()
    of = [x, *stack.parameters()]
    weighted = normal(7, 3, 2)
    got = torch.autograd.grad((stack(x) * weighted).sum(), of)
    expected = torch.autograd.grad((reference_stack(stack, x) * weighted).sum(), of)
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_stack_reaches_back_exactly_its_receptive_field(layers) -> None:
    stack = make_stack(layers)
    field = stack.receptive_field
    x = normal(field + 6, 2, 2).requires_grad_()
    y = stack(x)
    assert y.shape == (7, 2, 2)
    for t in range(7):
        assert support(y[t, 0].sum(), x, 0) == list(range(t, t + field))


@pytest.mark.parametrize("t", [0, 7, 12, 18])
def test_a_change_at_t_leaves_the_stack_before_t_the_same(t) -> None:
    stack, x = make_stack(3), normal(20, 2, 2)
    changed = x.clone()
    changed[t] += 1
    same = (stack(changed) == stack(x)).all(dim=2).all(dim=1)
    first = max(0, t - stack.receptive_field + 1)  # output j ends at input j + field - 1
    assert same[:first].all()
    assert not same[first]


def test_stack_mixes_no_samples_of_a_batch() -> None:
    stack, x = make_stack(3), normal(12, 4, 2)
    torch.testing.assert_close(stack(x)[:, 1:2], stack(x[:, 1:2]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_strided_convolution_is_the_sum_that_it_says(kernel) -> None:
    layer = StridedCausalConv1d(2, 3, kernel).double()
    x, y = normal(4, 2, 10), torch.zeros(4, 3, 5, dtype=torch.float64)
    for j in range(5):
        y[:, :, j] = layer.bias
        for i in range(kernel):
            t = 2 * j + 2 - kernel + i
            if t >= 0:
                y[:, :, j] += x[:, :, t] @ layer.weight[:, :, i].T
    torch.testing.assert_close(layer(x), y.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_strided_convolution_sees_kernel_steps_up_to_its_own(kernel) -> None:
    layer, x = StridedCausalConv1d(2, 3, kernel).double(), normal(1, 2, 20).requires_grad_()
    y = layer(x)
    assert y.shape == (1, 3, 10)
    for j in range(10):
        expected = list(range(max(0, 2 * j + 2 - kernel), 2 * j + 2))
        assert support(y[0, :, j].sum(), x, 2) == expected


@pytest.mark.parametrize("time", [2, 4, 14, 64])
@pytest.mark.parametrize("kernel", KERNELS)
def test_adjoint_is_the_exact_adjoint(kernel, time) -> None:
    layer = StridedCausalConv1d(2, 3, kernel).double()
    x, y = normal(5, 2, time), normal(5, 3, time // 2)
    forward = layer(x) - layer(torch.zeros_like(x))
    back = layer.adjoint(y)
    assert back.shape == x.shape
    torch.testing.assert_close((forward * y).sum(), (x * back).sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("y", [1e-6, 0.01, math.log(2), 0.6, 5.0, 40.0])
def test_softplus_inverse_undoes_softplus(y) -> None:
    x = torch.tensor(softplus_inverse(y), dtype=torch.float64)
    assert torch.log1p(torch.exp(x)).item() == pytest.approx(y, rel=1e-9)
