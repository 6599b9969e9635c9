from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from toys import convolved

from tsgan.seeding import initial_weights, torch_generator
from tsgan.strided import StridedStack

KERNEL = pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
SIZES = pytest.mark.parametrize(
    ("batch", "widths", "positions"),
    [(1, (1, 1), 1), (1, (2, 3), 7), (4, (3, 1, 2), 1), (3, (2, 4, 3), 5), (5, (1, 3, 2, 4), 3)],
)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_generator(4, name))


def make_stack(widths: Sequence[int], kernel: int) -> StridedStack:
    with initial_weights(0):
        return StridedStack(widths, kernel).double()


def assert_same(got: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12)


def slopes_at(stack: StridedStack, x: Tensor, gradient: Tensor) -> Tensor:
    return stack.slopes(gradient, stack.activations(x))


@KERNEL
@SIZES
def test_the_stack_is_torch_s_padded_convolutions(kernel, batch, widths, positions) -> None:
    stack = make_stack(widths, kernel)
    x = normal(batch, widths[0], positions * stack.unit)
    assert stack.unit == 2 ** (len(widths) - 1)
    assert stack(x).shape == (batch, positions, widths[-1])
    assert_same([stack(x), stack.activations(x)[-1]], [convolved(stack, x)] * 2)


@KERNEL
@SIZES
def test_its_gradients_are_those_of_the_convolutions(kernel, batch, widths, positions) -> None:
    stack = make_stack(widths, kernel)
    x = normal(batch, widths[0], positions * stack.unit).requires_grad_()
    weighted, of = normal(batch, positions, widths[-1], name=1), [x, *stack.parameters()]
    got, expected = (
        torch.autograd.grad((y * weighted).square().sum(), of)
        for y in (stack(x), convolved(stack, x))
    )
    assert_same(got, expected)


@KERNEL
@SIZES
def test_slopes_and_their_gradients_are_the_double_backward(
    kernel, batch, widths, positions
) -> None:
    stack = make_stack(widths, kernel)
    x = normal(batch, widths[0], positions * stack.unit).requires_grad_()
    gradient = normal(batch, positions, widths[-1], name=1).requires_grad_()
    (twice,) = torch.autograd.grad(convolved(stack, x), x, gradient, create_graph=True)
    once = slopes_at(stack, x.detach(), gradient)
    assert_same([once], [twice])
    weighted, of = normal(*x.shape, name=2), [gradient, *stack.weights]
    got, expected = (
        torch.autograd.grad((slopes * weighted).square().sum(), of) for slopes in (once, twice)
    )
    assert_same(got, expected)


def test_only_what_learns_has_a_gradient() -> None:
    stack, x = make_stack((2, 3, 4), 5), normal(3, 2, 12)
    y = stack(x)
    y.sum().backward()
    gradients = [p.grad for p in stack.parameters()]
    stack.requires_grad_(False)
    assert not stack(x).requires_grad
    x.requires_grad_()
    stack(x).sum().backward()
    (expected,) = torch.autograd.grad(convolved(stack, x).sum(), x)
    assert_same([x.grad], [expected])
    stack.requires_grad_(True)
    assert_same(gradients, torch.autograd.grad(convolved(stack, x).sum(), [*stack.parameters()]))


def test_inputs_and_gradients_may_lie_in_memory_as_they_like() -> None:
    stack, wide = make_stack((2, 3), 5), normal(12, 2, 3)
    x = wide.permute(2, 1, 0)[:, :, 2:]
    gradient = normal(3, 1, 1, name=1).expand(3, 5, 3)
    assert_same([stack(x)], [stack(x.contiguous())])
    expected = slopes_at(stack, x.contiguous(), gradient.contiguous())
    assert_same([slopes_at(stack, x, gradient)], [expected])


def test_neither_pass_differentiates_more_often_than_it_says() -> None:
    stack, x = make_stack((2, 3), 5), normal(3, 2, 4).requires_grad_()
    gradient = normal(3, 2, 3).requires_grad_()
    for y, by in ((stack(x), x), (slopes_at(stack, x, gradient), gradient)):
        (slope,) = torch.autograd.grad(y.square().sum(), by, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            slope.sum().backward()


def support(output: Tensor, x: Tensor) -> list[int]:
    """Return the times of ``x`` that reach ``output``, a number."""
    (gradient,) = torch.autograd.grad(output, x, retain_graph=True)
    return gradient.abs().amax(dim=(0, 1)).nonzero()[:, 0].tolist()


@KERNEL
def test_an_output_sees_kernel_steps_up_to_its_own(kernel) -> None:
    stack, x = make_stack((2, 3), kernel), normal(1, 2, 20).requires_grad_()
    y = stack(x)
    for j in range(10):
        expected = list(range(max(0, 2 * j + 2 - kernel), 2 * j + 2))
        assert support(y[0, j].sum(), x) == expected


@KERNEL
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_chain_sees_what_it_says(kernel, layers) -> None:
    stack, x = make_stack((2,) * (layers + 1), kernel), normal(1, 2, 80).requires_grad_()
    field = 1 + (kernel - 1) * (2**layers - 1)
    assert support(stack(x)[0, -1].sum(), x) == list(range(80 - field, 80))


@KERNEL
def test_the_future_changes_nothing(kernel) -> None:
    stack, x = make_stack((2, 3, 4), kernel), normal(3, 2, 40)
    changed = x.clone()
    changed[:, :, 20:] = torch.nan
    assert torch.equal(stack(changed)[:, :5], stack(x)[:, :5])
    assert stack(changed)[:, 5:].isnan().any(dim=2).all()


@KERNEL
@pytest.mark.parametrize("sample", [0, 2, 3])
def test_samples_of_a_batch_do_not_meet_at_their_borders(kernel, sample) -> None:
    """Their rows stand one after the other in memory: not a number in one stays there."""
    stack, x = make_stack((2, 3, 3, 4), kernel), normal(4, 2, 24)
    gradient = normal(4, 3, 4, name=1)
    lost, lost_gradient = torch.full_like(x, torch.nan), torch.full_like(gradient, torch.nan)
    lost[sample], lost_gradient[sample] = x[sample], gradient[sample]
    assert torch.equal(stack(lost)[sample], stack(x)[sample])
    got = slopes_at(stack, lost, lost_gradient)[sample]
    assert torch.equal(got, slopes_at(stack, x, gradient)[sample])
    x.requires_grad_()
    (of_x,) = torch.autograd.grad(stack(x)[sample].sum(), x)
    assert of_x[sample].all() and of_x.count_nonzero() == of_x[sample].numel()


@KERNEL
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_the_pass_is_low_and_its_gradients_are_float32(kernel, dtype) -> None:
    stack = make_stack((2, 8, 4), kernel).float()
    x = normal(4, 2, 20).float().requires_grad_()
    of, exact = [x, *stack.parameters()], stack(x)
    expected = torch.autograd.grad(exact.square().sum(), of)
    with torch.autocast("cpu", dtype=dtype):
        low = stack(x)
        got = torch.autograd.grad(low.float().square().sum(), of)
        with torch.autocast("cpu", enabled=False):
            assert torch.equal(stack(x), exact)
    assert low.dtype == dtype
    assert {gradient.dtype for gradient in got} == {torch.float32}
    error = 16 * torch.finfo(dtype).eps
    assert 0 < (low - exact).norm() < error * exact.norm()
    for a, b in zip(got, expected, strict=True):
        assert 0 < (a - b).norm() < error * b.norm()


def test_first_weights_are_those_of_torch_s_convolutions() -> None:
    """Uniform up to one over the root of what a product sums."""
    stack = make_stack((3, 40, 50), 5)
    for weight, bias, inputs in zip(stack.weights, stack.biases, (3, 40), strict=True):
        bound = (5 * inputs) ** -0.5
        assert bias.abs().max() <= bound and weight.abs().max() <= bound
        assert weight.abs().max() > 0.98 * bound and bias.abs().max() > 0.8 * bound
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
