"""Causal convolutions: nothing after t reaches the output at t.

The generator's layers are time-major, ``(time, batch, channels)``: a shift in time is then a slice
of whole rows, and a convolution of kernel 2 is two matrix products.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

NEGATIVE_SLOPE = 0.1
"""Slope of LeakyReLU left of zero, everywhere in tsgan."""

SKIP_GAIN = 8.0
"""How much larger the skip weights of ``GatedStack`` start than those of ``CausalStack``.

``tanh(f) σ(g)`` is a fraction of f; with this the sum of skips starts at a variance of order one.
"""


def leaky_relu_slope(x: Tensor) -> Tensor:
    """Return the derivative of LeakyReLU at ``x``, or where its output is ``x``: shape of ``x``.

    On a CPU 25 times as fast as ``torch.where``, whose branch is a coin toss, and of x's dtype.
    """
    return x.sign().clamp_min_(NEGATIVE_SLOPE)


class _DilatedLayers(torch.autograd.Function):
    """The residual layers of ``CausalStack`` and their common skip connection.

    ``y_t = leaky_relu(A x_t + B x_{t-d} + b)``, ``x ← x_t + y_t``, ``s += S y``; d = 1, 2, 4, …

    The backward pass is written out: slices of time then cost nothing, where autograd fills and
    adds whole tensors for each. It differentiates once only.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, now: Tensor, past: Tensor, bias: Tensor, skip: Tensor
    ) -> Tensor:
        """Map x, (time, batch, channels), to s, (time − Σ dilations, batch, channels).

        ``now``, ``past`` and ``skip`` are (layers, channels, channels), ``bias`` (layers,
        channels).
        """
        time, batch, channels = x.shape
        layers = now.shape[0]
        rows = (time - 2**layers + 1) * batch
        x = x.reshape(-1, channels)
        total = x.new_zeros(rows, channels)
        inputs, outputs = [], []
        for i in range(layers):
            shift = batch << i
            y = torch.addmm(bias[i], x[shift:], now[i].t()).addmm_(x[:-shift], past[i].t())
            y = F.leaky_relu_(y, NEGATIVE_SLOPE)
            total.addmm_(y[-rows:], skip[i].t())
            inputs.append(x)
            outputs.append(y)
            x = x[shift:] + y
        ctx.save_for_backward(now, past, skip, *inputs, *outputs)
        ctx.batch = batch
        return total.view(-1, batch, channels)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return the gradients of x, now, past, bias and skip from that of s."""
        now, past, skip, *saved = ctx.saved_tensors
        layers, channels = skip.shape[:2]
        of_s = gradient.reshape(-1, channels)
        rows = of_s.shape[0]
        of_now, of_past, of_skip = (torch.empty_like(part) for part in (now, past, skip))
        of_bias = now.new_empty(layers, channels)
        of_x = of_s.new_zeros(rows, channels)
        for i in reversed(range(layers)):
            shift, x, y = ctx.batch << i, saved[i], saved[layers + i]
            of_y = of_x.clone()
            of_y[-rows:].addmm_(of_s, skip[i])
            of_y *= leaky_relu_slope(y)
            torch.mm(of_s.t(), y[-rows:], out=of_skip[i])
            torch.mm(of_y.t(), x[shift:], out=of_now[i])
            torch.mm(of_y.t(), x[:-shift], out=of_past[i])
            torch.sum(of_y, 0, out=of_bias[i])
            of_input = torch.empty_like(x)
            of_input[:shift] = 0
            torch.addmm(of_x, of_y, now[i], out=of_input[shift:])
            of_input[:-shift].addmm_(of_y, past[i])
            of_x = of_input
        return of_x.view(-1, ctx.batch, channels), of_now, of_past, of_bias, of_skip


class _Stack(nn.Module):
    """What the two stacks share: all but the layers between ``enter`` and the skips.

    Under autocast ``enter`` returns the low precision, and the products of the layers follow it;
    the parameters, and with them their gradients, stay as they are.
    """

    def __init__(
        self, inputs: int, channels: int, layers: int, outputs: int, branches: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.receptive_field = 2**layers
        self.enter = nn.Linear(inputs, channels)
        self.now = nn.Parameter(torch.empty(layers, *branches, channels, channels))
        self.past = nn.Parameter(torch.empty(layers, *branches, channels, channels))
        self.bias = nn.Parameter(torch.empty(layers, *branches, channels))
        self.skip = nn.Parameter(torch.empty(layers, channels, channels))
        self.skip_bias = nn.Parameter(torch.empty(channels))
        self.leave = nn.Linear(channels, outputs)
        for parameter in (self.now, self.past, self.bias):
            nn.init.uniform_(parameter, -(channels**-0.5), channels**-0.5)
        for parameter in (self.skip, self.skip_bias):
            bound = (channels * layers) ** -0.5
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(time, batch, inputs)`` to ``(time - receptive_field + 1, batch, outputs)``."""
        x = self.enter(x)
        weights = (self.now, self.past, self.bias, self.skip)
        skips = self._skips(x, *(weight.to(x.dtype) for weight in weights))
        out: Tensor = self.leave(F.leaky_relu(skips + self.skip_bias, NEGATIVE_SLOPE))
        return out

    def _skips(self, x: Tensor, now: Tensor, past: Tensor, bias: Tensor, skip: Tensor) -> Tensor:
        """Map (time, batch, channels) to the sum of skips, receptive_field − 1 steps shorter."""
        raise NotImplementedError


class CausalStack(_Stack):
    """Residual layers of kernel 2 and dilations 1, 2, 4, … with one common skip connection.

    van den Oord et al. 2016 (WaveNet), Bai et al. 2018 (TCN). Steps without a complete past are
    cropped, never padded: the receptive field is exactly ``1 + Σ dilations = 2**layers`` steps, the
    present one included. It differentiates once only.
    """

    def __init__(self, inputs: int, channels: int, layers: int, outputs: int) -> None:
        super().__init__(inputs, channels, layers, outputs, branches=())

    def _skips(self, x: Tensor, now: Tensor, past: Tensor, bias: Tensor, skip: Tensor) -> Tensor:
        skips: Tensor = _DilatedLayers.apply(x, now, past, bias, skip)  # type: ignore[no-untyped-call]
        return skips


class GatedStack(_Stack):
    """The dilated stack of WaveNet: each layer has a filter and a gate (branches 0 and 1).

    van den Oord et al. 2016, eq. 2: ``z = tanh(W_f * x) ⊙ σ(W_g * x)`` with convolutions of
    kernel 2 and dilations 1, 2, 4, …; then ``x ← x_t + R z`` and ``s += S z``. Cropped as
    ``CausalStack`` is, with the same receptive field of exactly ``2**layers`` steps.

    ``R`` has no bias, since those of the next layers hold it, and the last layer has no ``R``,
    since nothing would hear it.
    """

    def __init__(self, inputs: int, channels: int, layers: int, outputs: int) -> None:
        super().__init__(inputs, channels, layers, outputs, branches=(2,))
        self.residual = nn.ParameterList(
            nn.init.xavier_uniform_(torch.empty(channels, channels)) for _ in range(layers - 1)
        )
        with torch.no_grad():
            self.skip.mul_(SKIP_GAIN)

    def _skips(self, x: Tensor, now: Tensor, past: Tensor, bias: Tensor, skip: Tensor) -> Tensor:
        time, batch, channels = x.shape
        rows = (time - self.receptive_field + 1) * batch
        x = x.reshape(-1, channels)
        total = x.new_zeros(rows, channels)
        for i in range(len(skip)):
            shift = batch << i
            present, earlier = x[shift:], x[:-shift]
            signal, gate = (
                torch.addmm(bias[i, k], present, now[i, k].t()).addmm_(earlier, past[i, k].t())
                for k in range(2)
            )
            z = signal.tanh_() * gate.sigmoid_()
            total = torch.addmm(total, z[-rows:], skip[i].t())
            if i < len(self.residual):
                x = torch.addmm(present, z, self.residual[i].t())
        return total.view(-1, batch, channels)


def softplus_inverse(y: float) -> float:
    """Return x with ``log(1 + exp(x)) = y``, for y > 0."""
    return y + math.log(-math.expm1(-y))
