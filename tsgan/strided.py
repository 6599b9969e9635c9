"""The critics' convolutions: causal, of stride 2, as products of matrices.

Two neighbouring steps of a channels-last signal are one row in memory, a *pair*; a convolution of
stride 2 moves from pair to pair. So with K taps it is ⌈K/2⌉ products of all pairs with a matrix
each, shifted by whole rows: nothing is gathered or copied, and the operations are large.

LeakyReLU makes a critic piecewise linear, and both of its passes can be written out. ``_Layers`` is
the pass forward, which learns by the usual backward pass. ``_Slopes`` is the input gradient for the
penalty: the backward pass through the slopes that were met, which itself is differentiated by a
forward pass of tangents through the same slopes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tsgan.layers import NEGATIVE_SLOPE


class StridedStack(nn.Module):
    """Causal convolutions of stride 2, each with a LeakyReLU: output j sees inputs up to 2j + 1.

    A chain of n layers sees ``1 + (kernel − 1)(2ⁿ − 1)`` steps, the last one included; before the
    first there are zeros.

    Args:
        widths: channels of the input and of each layer's output; kernel: taps of each layer.
    """

    def __init__(self, widths: Sequence[int], kernel: int) -> None:
        super().__init__()
        self.unit = 2 ** (len(widths) - 1)
        pairs = list(itertools.pairwise(widths))
        self.weights = nn.ParameterList(torch.empty(kernel, a, b) for a, b in pairs)
        self.biases = nn.ParameterList(torch.empty(b) for _, b in pairs)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            bound = (weight.shape[0] * weight.shape[1]) ** -0.5
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, time) to (batch, time / unit, outputs); ``unit`` divides time."""
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        parameters = [p.to(x.dtype) for p in (*self.weights, *self.biases)]
        out: Tensor = _Layers.apply(x, len(self.weights), *parameters)  # type: ignore[no-untyped-call]
        return out

    @torch.no_grad()
    def activations(self, x: Tensor) -> list[Tensor]:
        """Return the padded input of each layer and the last output, see ``_forward``."""
        return _forward(x, list(self.weights), list(self.biases))

    def slopes(self, gradient: Tensor, activations: Sequence[Tensor]) -> Tensor:
        """Map the gradient (batch, time / unit, outputs) by the output to the one by the input.

        It is (batch, inputs, time), and differentiable once by ``gradient`` and the weights.
        """
        out: Tensor = _Slopes.apply(gradient, activations, *self.weights)  # type: ignore[no-untyped-call]
        return out


def _padding(kernel: int) -> int:
    """Return how many pairs of zeros stand before the first step."""
    return (kernel + 1) // 2 - 1


def _padded(like: Tensor, batch: int, time: int, channels: int, rows: int) -> Tensor:
    """Return (batch, rows + time, channels) of which the first ``rows`` are zero, the rest not."""
    out = like.new_empty(batch, rows + time, channels)
    out[:, :rows] = 0
    return out


class _Products:
    """The products of one layer: for each, the newest first, how many pairs back it looks.

    Views are made by ``as_strided``, one operation where slicing would be three: at these sizes
    they cost as much as the arithmetic.
    """

    def __init__(self, weight: Tensor) -> None:
        self.kernel, self.inputs, self.outputs = weight.shape
        self.padding = _padding(self.kernel)
        self.taps = [
            (back, max(self.kernel - 2 * back - 2, 0), self.kernel - 2 * back)
            for back in range(self.padding + 1)
        ]

    def matrix(self, weight: Tensor, first: int, last: int) -> Tensor:
        """Return taps [first, last) of ``weight`` as ((last − first) · inputs, outputs)."""
        size = (last - first) * self.inputs, self.outputs
        offset = weight.storage_offset() + first * self.inputs * self.outputs
        return weight.as_strided(size, (self.outputs, 1), offset)

    def seen(self, x: Tensor, back: int, taps: int, rows: int) -> Tensor:
        """Return (rows, taps · inputs): the last ``taps`` of each pair, ``back`` pairs back."""
        pair = 2 * self.inputs
        first = (self.padding - back) * pair + (2 - taps) * self.inputs
        return x.as_strided((rows, taps * self.inputs), (pair, 1), first)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map padded x to (batch, padding + time / 2, outputs), of which the padding is junk."""
        batch, time, _ = x.shape
        rows = batch * time // 2
        out = x.new_empty(rows, self.outputs)
        inner = out.narrow(0, self.padding, rows - self.padding)
        for back, first, last in self.taps:
            seen = self.seen(x, back, last - first, rows - self.padding)
            matrix = self.matrix(weight, first, last)
            if back:
                inner.addmm_(seen, matrix)
            elif bias is None:
                torch.mm(seen, matrix, out=inner)
            else:
                torch.addmm(bias, seen, matrix, out=inner)
        return out.view(batch, time // 2, self.outputs)

    def transpose(self, gradient: Tensor, weight: Tensor) -> Tensor:
        """Map (batch, padding + time / 2, outputs), zero in the padding, to padded inputs."""
        batch, time, _ = gradient.shape
        inner = gradient.view(-1, self.outputs).narrow(0, self.padding, batch * time - self.padding)
        out = gradient.new_empty(batch, 2 * time, self.inputs)
        for back, first, last in self.taps:
            seen = self.seen(out, back, last - first, len(inner))
            matrix = self.matrix(weight, first, last).t()
            if back:
                seen.addmm_(inner, matrix)
            else:
                out.view(-1)[: self.padding * 2 * self.inputs] = 0
                torch.mm(inner, matrix, out=seen)
        return out

    def outer(self, gradient: Tensor, x: Tensor) -> Tensor:
        """Return the gradient of the weight from padded x and the output's padded gradient."""
        rows = gradient.shape[0] * gradient.shape[1] - self.padding
        inner = gradient.view(-1, self.outputs).narrow(0, self.padding, rows)
        out = x.new_empty(self.kernel, self.inputs, self.outputs)
        for back, first, last in self.taps:
            seen = self.seen(x, back, last - first, rows)
            torch.mm(seen.t(), inner, out=self.matrix(out, first, last))
        return out


def _forward(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> list[Tensor]:
    """Return the padded input of each layer, (batch, 2 · padding + time, channels), and the output.

    The output of the last layer is not padded.
    """
    pad = _padding(weights[0].shape[0])
    batch, inputs, time = x.shape
    padded = _padded(x, batch, time, inputs, 2 * pad)
    padded[:, 2 * pad :] = x.transpose(1, 2)
    activations = [padded]
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        y = _Products(weight).convolve(activations[-1], weight, bias)[:, pad:]
        before = 0 if i == len(weights) - 1 else 2 * pad
        out = _padded(y, batch, y.shape[1], y.shape[2], before)
        torch.ops.aten.leaky_relu.out(y, NEGATIVE_SLOPE, out=out[:, before:])
        activations.append(out)
    return activations


def _masked(gradient: Tensor, activation: Tensor, pad: int) -> Tensor:
    """Return ``gradient`` by the output of a LeakyReLU as that by its input, padded with zeros."""
    batch, time, channels = activation.shape
    out = _padded(gradient, batch, time, channels, pad)
    torch.ops.aten.leaky_relu_backward.grad_input(
        gradient, activation, NEGATIVE_SLOPE, True, grad_input=out[:, pad:]
    )
    return out


class _Layers(torch.autograd.Function):
    """Inputs to outputs of the whole stack; differentiates once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layers: int, *parameters: Tensor) -> Tensor:
        activations = _forward(x, parameters[:layers], parameters[layers:])
        ctx.save_for_backward(*activations, *parameters[:layers])
        ctx.layers = layers
        return activations[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        layers = ctx.layers
        activations, weights = ctx.saved_tensors[: layers + 1], ctx.saved_tensors[layers + 1 :]
        pad = _padding(weights[0].shape[0])
        learns = any(ctx.needs_input_grad[2:])
        of_weights: list[Tensor | None] = [None] * layers
        of_biases: list[Tensor | None] = [None] * layers
        for i in reversed(range(layers)):
            skip = activations[i + 1].shape[1] - gradient.shape[1]
            masked = _masked(gradient, activations[i + 1][:, skip:], pad)
            products = _Products(weights[i])
            if learns:
                of_weights[i] = products.outer(masked, activations[i])
                of_biases[i] = masked.view(-1, masked.shape[2]).sum(0)
            if i or ctx.needs_input_grad[0]:
                gradient = products.transpose(masked, weights[i])[:, 2 * pad :]
        of_x = gradient.transpose(1, 2) if ctx.needs_input_grad[0] else None
        return of_x, None, *of_weights, *of_biases


class _Slopes(torch.autograd.Function):
    """Gradient by the outputs to gradient by the inputs, at fixed slopes; differentiates once."""

    @staticmethod
    def forward(
        ctx: Any, gradient: Tensor, activations: Sequence[Tensor], *weights: Tensor
    ) -> Tensor:
        pad = _padding(weights[0].shape[0])
        masks = []
        for i in reversed(range(len(weights))):
            skip = activations[i + 1].shape[1] - gradient.shape[1]
            masked = _masked(gradient, activations[i + 1][:, skip:], pad)
            masks.append(masked)
            gradient = _Products(weights[i]).transpose(masked, weights[i])[:, 2 * pad :]
        ctx.save_for_backward(*weights)
        ctx.passed, ctx.activations = masks[::-1], activations
        return gradient.transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, tangent: Tensor) -> tuple[Any, ...]:
        weights, activations = ctx.saved_tensors, ctx.activations
        pad = _padding(weights[0].shape[0])
        batch, inputs, time = tangent.shape
        padded = _padded(tangent, batch, time, inputs, 2 * pad)
        padded[:, 2 * pad :] = tangent.transpose(1, 2)
        of_weights = []
        for i, weight in enumerate(weights):
            products = _Products(weight)
            of_weights.append(products.outer(ctx.passed[i], padded))
            y = products.convolve(padded, weight, None)[:, pad:]
            skip = activations[i + 1].shape[1] - y.shape[1]
            padded = _masked(y, activations[i + 1][:, skip:], skip)
        return padded, None, *of_weights
