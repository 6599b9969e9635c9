"""Causal convolutions: nothing after t reaches the output at t.

The generator's layers are time-major, ``(time, batch, channels)``: a shift in time is then a slice
of whole rows, and a convolution of kernel 2 two matrix products, which on a CPU takes two thirds of
the time of ``torch.nn.Conv1d`` at these sizes. The critics' layers keep torch's ``(batch, channels,
time)``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

NEGATIVE_SLOPE = 0.1
"""Slope of LeakyReLU left of zero, everywhere in tsgan."""


class DilatedCausalLayer(nn.Module):
    """``y_t = leaky_relu(A x_t + B x_{t-d} + b)``: kernel 2, dilation d, cropped, never padded.

    The first d steps have no complete past and are left out, so the output is d steps shorter.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.now = nn.Linear(channels, channels)
        self.past = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(time, batch, channels)`` to ``(time - dilation, batch, channels)``."""
        time, batch, channels = x.shape
        now = x[self.dilation :].reshape(-1, channels)
        past = x[: -self.dilation].reshape(-1, channels)
        y = torch.addmm(self.now(now), past, self.past.weight.t())
        return F.leaky_relu(y, NEGATIVE_SLOPE).view(time - self.dilation, batch, channels)


class CausalStack(nn.Module):
    """Residual layers of dilations 1, 2, 4, … whose outputs meet in one skip connection.

    van den Oord et al. 2016 (WaveNet), Bai et al. 2018 (TCN). The receptive field is exactly
    ``1 + Σ dilations = 2**layers`` steps, the present one included.
    """

    def __init__(self, inputs: int, channels: int, layers: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, channels)
        self.layers = nn.ModuleList(DilatedCausalLayer(channels, 2**i) for i in range(layers))
        self.skip = nn.Linear(channels * layers, channels)
        self.leave = nn.Linear(channels, outputs)
        self.receptive_field = 2**layers

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(time, batch, inputs)`` to ``(time - receptive_field + 1, batch, outputs)``."""
        time = x.shape[0] - self.receptive_field + 1
        x = self.enter(x)
        skips = []
        for layer in self.layers:
            y = layer(x)
            x = x[-y.shape[0] :] + y
            skips.append(y[-time:])
        joined = F.leaky_relu(self.skip(torch.cat(skips, dim=2)), NEGATIVE_SLOPE)
        out: Tensor = self.leave(joined)
        return out


class StridedCausalConv1d(nn.Conv1d):
    """Convolution of stride 2 whose output j sees inputs up to 2j + 1: left-padded with zeros."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=2)
        self.left = kernel - 2

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, inputs, time)`` to ``(batch, outputs, time / 2)``; time must be even."""
        return F.conv1d(F.pad(x, (self.left, 0)), self.weight, self.bias, stride=2)

    def adjoint(self, gradient: Tensor) -> Tensor:
        """Map a gradient ``(batch, outputs, time / 2)`` of the output to the one of the input."""
        return F.conv_transpose1d(gradient, self.weight, stride=2)[..., self.left :]


def softplus_inverse(y: float) -> float:
    """Return x with ``log(1 + exp(x)) = y``, for y > 0."""
    return y + math.log(-math.expm1(-y))
