"""Critics of images: strided convolutions without normalisation, and a projection on the label.

The score is ``⟨φ(x), w + V y⟩ + b`` with the features φ of the convolutions and the one-hot label
y (Miyato & Koyama 2018, eq. 3, with their ψ linear). LeakyReLU makes it piecewise linear in the
image, so that the gradient by the image, which the penalty needs, can be written out: transposed
convolutions through the slopes that were met.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.patches import KERNEL, PADDING, PIXELS, STRIDE, overlapped, patches
from tsgan.layers import NEGATIVE_SLOPE, leaky_relu_slope


class Projection(nn.Module):
    """``V y`` of one-hot labels y; V is 0 at first.

    Its columns are looked up: with hundreds of labels a product with y takes longer than all else.
    """

    def __init__(self, labels: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(labels, features))

    def forward(self, condition: Tensor) -> Tensor:
        """Return V y, (batch, features), of y, (batch, labels): one-hot, or zeros for no label."""
        told, place = condition.max(dim=1, keepdim=True)
        return told * F.embedding(place[:, 0], self.weight)


class ImageHead(nn.Module):
    """Convolutions of kernel 4 that halve the image, each with a LeakyReLU, and a score of all.

    Args:
        widths: channels after each convolution; size: pixels of a side, 2**len(widths) divides it.
        dense: width of a dense layer before the score, with a LeakyReLU too; 0 for none.
        labels: length of the one-hot label, 0 for none.
    """

    def __init__(self, widths: Sequence[int], size: int, dense: int = 0, labels: int = 0) -> None:
        super().__init__()
        self.first = nn.Linear(PIXELS, widths[0])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, KERNEL, STRIDE, PADDING) for a, b in itertools.pairwise(widths)
        )
        side = size // STRIDE ** len(widths)
        self.folded = (side, side, widths[-1])
        features = side * side * widths[-1]
        self.dense = nn.Linear(features, dense) if dense else None
        features = dense or features
        self.score = nn.Linear(features, 1)
        self.projection = Projection(labels, features) if labels else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, 1, size, size), given its label, (batch, labels): (batch,)."""
        features = self._activations(x)[-1].flatten(1)
        return (features * self._direction(condition)).sum(dim=1) + self.score.bias

    def _activations(self, x: Tensor) -> list[Tensor]:
        """Return the output of each layer.

        It is (batch, channels, height, width) in channels-last of the convolutions but the last,
        (batch, height, width, channels) of that, and (batch, dense) of a dense layer.
        """
        y = F.leaky_relu_(self.first(patches(x)), NEGATIVE_SLOPE).permute(0, 3, 1, 2)
        activations = [y]
        for convolution in self.convolutions:
            activations.append(F.leaky_relu_(convolution(activations[-1]), NEGATIVE_SLOPE))
        activations[-1] = activations[-1].permute(0, 2, 3, 1)
        if self.dense is not None:
            seen = self.dense(activations[-1].flatten(1))
            activations.append(F.leaky_relu_(seen, NEGATIVE_SLOPE))
        return activations

    def _direction(self, condition: Tensor) -> Tensor:
        """Return ``w + V y``, the gradient by the features: (batch or 1, features)."""
        if self.projection is None:
            return self.score.weight
        direction: Tensor = self.score.weight + self.projection(condition)
        return direction

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return ∂score/∂x, shape of ``x``, differentiable by the weights.

        Exact almost everywhere: the slopes are constant in a neighbourhood of x. It saves the
        double backward of ``torch.autograd.grad(create_graph=True)``.
        """
        with torch.no_grad():
            slopes = [leaky_relu_slope(y) for y in self._activations(x)]
        gradient = self._direction(condition)
        if self.dense is not None:
            gradient = (gradient * slopes.pop()) @ self.dense.weight
        gradient = gradient.view(-1, *self.folded) * slopes.pop()
        for convolution in reversed(self.convolutions):
            gradient = F.conv_transpose2d(
                gradient.permute(0, 3, 1, 2),
                cast(Tensor, convolution.weight),
                stride=STRIDE,
                padding=PADDING,
            )
            gradient = (gradient * slopes.pop()).permute(0, 2, 3, 1)
        return overlapped(gradient @ self.first.weight)


class ImageCritic(nn.Module):
    """One head that looks at whole images and is told their label, and nothing else of a row.

    Args:
        head: scores images given their one-hot label.
        layout: where the label stands in a row of conditions.
    """

    def __init__(self, head: nn.Module, layout: ConditionLayout) -> None:
        super().__init__()
        self.layout = layout
        self.heads = nn.ModuleList([head])

    def views(
        self,
        parts: Sequence[tuple[Tensor, Tensor]],
        stream: RandomStream,  # noqa: ARG002
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the images, (batch, 1, height, width), and their label, (batch, labels)."""
        return [(x, self.layout.label_of(rows)) for x, rows in parts]
