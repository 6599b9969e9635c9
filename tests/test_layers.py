from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils._python_dispatch import TorchDispatchMode

from tsgan.layers import (
    NEGATIVE_SLOPE,
    CausalStack,
    GatedStack,
    softplus_inverse,
)

STACKS = pytest.mark.parametrize("kind", [CausalStack, GatedStack])
LOW_PRECISION = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])


@pytest.fixture(autouse=True)
def _repeatable():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def make_stack(kind: type, layers: int) -> CausalStack | GatedStack:
    return kind(inputs=2, channels=3, layers=layers, outputs=2).double()


def support(output: Tensor, x: Tensor, time_axis: int) -> list[int]:
    """Return the times of ``x`` that reach ``output``, a number."""
    (gradient,) = torch.autograd.grad(output, x, retain_graph=True)
    others = [axis for axis in range(x.ndim) if axis != time_axis]
    return gradient.abs().amax(others).nonzero()[:, 0].tolist()


def reference_causal(stack: CausalStack, x: Tensor, time: int) -> Tensor:
    """The sum of skips with torch's dilated ``conv1d``: (batch, channels, time) -> the same."""
    total = torch.zeros(())
    for i, (now, past, bias, skip) in enumerate(
        zip(stack.now, stack.past, stack.bias, stack.skip, strict=True)
    ):
        y = F.conv1d(x, torch.stack([past, now], dim=2), bias, dilation=2**i)
        y = F.leaky_relu(y, NEGATIVE_SLOPE)
        total = total + F.conv1d(y[..., -time:], skip[..., None])
        x = x[..., 2**i :] + y
    return total


def reference_gated(stack: GatedStack, x: Tensor, time: int) -> Tensor:
    """The same for WaveNet's equation 2."""
    total = torch.zeros(())
    for i, skip in enumerate(stack.skip):
        kernels = torch.stack([stack.past[i], stack.now[i]], dim=3)
        signal, gate = (F.conv1d(x, kernels[k], stack.bias[i, k], dilation=2**i) for k in (0, 1))
        z = torch.tanh(signal) * torch.sigmoid(gate)
        total = total + F.conv1d(z[..., -time:], skip[..., None])
        if i + 1 < len(stack.skip):
            x = x[..., 2**i :] + F.conv1d(z, stack.residual[i][..., None])
    return total


def reference_stack(stack: CausalStack | GatedStack, x: Tensor) -> Tensor:
    """The same network of torch's own layers: (time, batch, inputs) -> the same."""
    inner = F.linear(x, stack.enter.weight, stack.enter.bias).permute(1, 2, 0)
    reference = reference_causal if isinstance(stack, CausalStack) else reference_gated
    total = reference(stack, inner, len(x) - stack.receptive_field + 1) + stack.skip_bias[:, None]
    joined = F.leaky_relu(total, NEGATIVE_SLOPE).permute(2, 0, 1)
    return F.linear(joined, stack.leave.weight, stack.leave.bias)


@STACKS
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_stack_is_torch_s_dilated_convolutions_with_the_same_weights(kind, layers) -> None:
    stack, x = make_stack(kind, layers), normal(2**layers + 6, 3, 2)
    torch.testing.assert_close(stack(x), reference_stack(stack, x), rtol=1e-12, atol=1e-12)


@STACKS
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_gradients_of_the_stack_are_those_of_torch_s_convolutions(kind, layers) -> None:
    stack, x = make_stack(kind, layers), normal(2**layers + 6, 3, 2).requires_grad_()
    of = [x, *stack.parameters()]
    weighted = normal(7, 3, 2)
    got = torch.autograd.grad((stack(x) * weighted).sum(), of)
    expected = torch.autograd.grad((reference_stack(stack, x) * weighted).sum(), of)
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@STACKS
def test_gradients_of_the_stack_are_its_differences(kind) -> None:
    stack, x = make_stack(kind, 2), normal(6, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda *_: stack(x), (x, *stack.parameters()))


def test_the_gated_stack_differentiates_twice_and_the_other_refuses() -> None:
    x = normal(6, 2, 2).requires_grad_()
    gated, plain = make_stack(GatedStack, 2), make_stack(CausalStack, 2)
    assert torch.autograd.gradgradcheck(lambda *_: gated(x), (x, gated.now, gated.skip))
    (gradient,) = torch.autograd.grad(plain(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@STACKS
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_stack_reaches_back_exactly_its_receptive_field(kind, layers) -> None:
    stack = make_stack(kind, layers)
    field = stack.receptive_field
    assert field == 2**layers
    x = normal(field + 6, 2, 2).requires_grad_()
    y = stack(x)
    assert y.shape == (7, 2, 2)
    for t in range(7):
        assert support(y[t, 0].sum(), x, 0) == list(range(t, t + field))


@STACKS
@pytest.mark.parametrize("t", [0, 7, 12, 18])
def test_a_change_at_t_leaves_the_stack_before_t_the_same(kind, t) -> None:
    stack, x = make_stack(kind, 3), normal(20, 2, 2)
    changed = x.clone()
    changed[t] += 1
    same = (stack(changed) == stack(x)).all(dim=2).all(dim=1)
    first = max(0, t - stack.receptive_field + 1)  # output j ends at input j + field - 1
    assert same[:first].all()
    assert not same[first]


@STACKS
def test_stack_mixes_no_samples_and_needs_no_certain_length(kind) -> None:
    stack, x = make_stack(kind, 3), normal(30, 4, 2)
    part = stack(x[-12:, 1:2])
    assert part.shape == (5, 1, 2)
    torch.testing.assert_close(stack(x)[-5:, 1:2], part, rtol=1e-12, atol=1e-12)


def test_names_order_and_first_weights_of_the_causal_stack_stay() -> None:
    torch.manual_seed(0)
    stack = CausalStack(2, 3, 4, 5)
    torch.manual_seed(0)
    enter, leave = nn.Linear(2, 3), nn.Linear(3, 5)
    expected = {}
    for name in ("now", "past", "bias", "skip", "skip_bias"):
        shape = {"bias": (4, 3), "skip_bias": (3,)}.get(name, (4, 3, 3))
        bound = 12**-0.5 if name.startswith("skip") else 3**-0.5
        expected[name] = torch.empty(shape).uniform_(-bound, bound)
    expected |= {f"enter.{name}": value for name, value in enter.state_dict().items()}
    expected |= {f"leave.{name}": value for name, value in leave.state_dict().items()}
    got = stack.state_dict()
    assert list(got) == list(expected)
    assert all(torch.equal(got[name], expected[name]) for name in expected)


@pytest.mark.parametrize("layers", [1, 3, 9])
def test_the_gated_stack_starts_at_order_one_and_all_its_layers_learn(layers) -> None:
    stack = GatedStack(inputs=4, channels=16, layers=layers, outputs=2)
    y = stack(torch.randn(2**layers + 255, 12, 4))
    assert 0.15 < y.std(dim=(0, 1)).mean() < 0.8
    (gradient,) = torch.autograd.grad(y.square().mean(), stack.now)
    sizes = gradient.flatten(1).norm(dim=1)
    assert sizes.max() < 3 * sizes.min()


class Products(TorchDispatchMode):
    """Collects the dtypes of all matrix products, forward and backward."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: set[torch.dtype] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "mm" in func.__name__:
            self.dtypes |= {a.dtype for a in args if isinstance(a, Tensor)}
        return func(*args, **(kwargs or {}))


def run_stack(stack: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor], set[torch.dtype]]:
    """Return the output, gradients by x and the weights, and the dtypes of the products."""
    with Products() as products:
        y = stack(x)
        gradients = torch.autograd.grad(y.float().square().sum(), [x, *stack.parameters()])
    return y, list(gradients), products.dtypes


@STACKS
@LOW_PRECISION
@pytest.mark.parametrize("layers", [1, 5])
def test_under_autocast_only_the_products_of_the_stack_lose_precision(kind, dtype, layers) -> None:
    stack = kind(inputs=3, channels=8, layers=layers, outputs=2)
    x = torch.randn(2**layers + 20, 64, 3, requires_grad=True)
    exact, exact_gradients, dtypes = run_stack(stack, x)
    assert dtypes == {torch.float32}
    with torch.autocast("cpu", dtype=dtype):
        low, low_gradients, dtypes = run_stack(stack, x)
    assert dtypes == {dtype} and low.dtype == dtype
    eps = torch.finfo(dtype).eps
    assert 0 < (low - exact).norm() < 4 * eps * exact.norm()
    for a, b in zip(low_gradients, exact_gradients, strict=True):
        assert a.dtype == torch.float32
        assert 0 < (a - b).norm() < 3 * eps**0.5 * b.norm()  # a share eps of the slopes flips


@STACKS
def test_autocast_leaves_float64_alone(kind) -> None:
    stack, x = make_stack(kind, 3), normal(12, 2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = stack(x)
    assert torch.equal(low, stack(x))


@pytest.mark.parametrize("y", [1e-6, 0.01, math.log(2), 0.6, 5.0, 40.0])
def test_softplus_inverse_undoes_softplus(y) -> None:
    x = torch.tensor(softplus_inverse(y), dtype=torch.float64)
    assert torch.log1p(torch.exp(x)).item() == pytest.approx(y, rel=1e-9)
