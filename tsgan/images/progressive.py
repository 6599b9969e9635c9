"""A pair that grows from 7 × 7 over 14 × 14 to 28 × 28 pixels (Karras et al. 2018).

Each new layer fades in: at first its share α of the image, or of the critic's features, is zero.
What lies beyond the resolution reached is not computed, so that early steps cost little. When which
stage begins is a matter of the part of the run that is done, which both networks keep in a buffer,
so that averages, checkpoints and samples know it.

Of the paper's other means batch normalisation in the generator takes the place of its pixel-wise
normalisation; the spread over the batch as a feature of the critic is left out, since it would let
the images of a batch hear each other, and so are rates scaled by the layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.config import SIZE, ImageNetworkConfig
from tsgan.images.critics import ImageCritic
from tsgan.images.generators import ImageGenerator
from tsgan.images.growth import SIDES, Growing
from tsgan.images.patches import KERNEL, PADDING, STRIDE
from tsgan.layers import NEGATIVE_SLOPE, leaky_relu_slope

DENSE = 256
"""Width of the critic's dense layer, unless the configuration says another."""


class Passed(NamedTuple):
    """What leaves each LeakyReLU of the critic.

    Attributes:
        new, old: of the entries of the resolution reached and, while it fades in, of the one
            before, (batch, channels, side, side).
        falls: of the convolutions that are in use, the smallest image first.
        features: of the dense layer, (batch, features).
    """

    new: Tensor
    old: Tensor | None
    falls: list[Tensor]
    features: Tensor


class ProgressiveGenerator(ImageGenerator):
    """A dense layer, and a transposed convolution for each later stage.

    A convolution of one pixel makes the grey image of a stage. It is enlarged by repetition, so
    that samples are always 28 × 28.

    Args:
        config: sizes; layout: the conditions that it can be given.
    """

    def __init__(self, config: ImageNetworkConfig, layout: ConditionLayout) -> None:
        super().__init__(config.noise, layout)
        widths = _widths(*config.generator_channels)
        self.growth = Growing()
        self.folded = (SIDES[0], SIDES[0], widths[0])
        inputs, self.embedding = config.noise, None
        if layout.static:
            inputs += config.embedding
            self.embedding = nn.Linear(layout.static, config.embedding, bias=False)
            nn.init.normal_(self.embedding.weight)
        self.dense = nn.Linear(inputs, SIDES[0] ** 2 * widths[0], bias=False)
        self.rises = nn.ModuleList(
            nn.ConvTranspose2d(a, b, KERNEL, STRIDE, PADDING, bias=False)
            for a, b in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.greys = nn.ModuleList(nn.Linear(width, 1) for width in widths)

    def follow(self, fraction: float) -> None:
        """Grow to where a network stands after ``fraction`` of the run."""
        self.growth.done.fill_(fraction)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise, (batch, noise), and rows, (batch, size), to (batch, 1, 28, 28) in [−1, 1]."""
        if self.embedding is not None:
            heard = self.embedding(self.layout.static_of(condition))
            noise = torch.cat([noise, heard], dim=1)
        stage = self.growth.stage
        y = self.dense(noise).view(-1, *self.folded).permute(0, 3, 1, 2)
        images = []
        for level in range(stage.level + 1):
            y = F.relu_(self.norms[level](self.rises[level - 1](y) if level else y))
            if level >= stage.level - stage.fading:
                grey = torch.tanh(self.greys[level](y.permute(0, 2, 3, 1)))
                images.append(grey.permute(0, 3, 1, 2))
        image = images[-1]
        if stage.fading:
            coarse = _enlarged(images[0], image.shape[-1]).to(image.dtype)  # autocast widens it
            image = torch.lerp(coarse, image, stage.alpha)
        return _enlarged(image, SIZE)


class ProgressiveHead(nn.Module):
    """A strided convolution for each later stage, a dense layer and a score.

    A convolution of one pixel takes in the image of a stage; without the dense layer pixels of
    7 × 7 would be judged one by one. The label is projected on its features.

    Args:
        config: sizes; labels: length of the one-hot label, 0 for none.
    """

    def __init__(self, config: ImageNetworkConfig, labels: int = 0) -> None:
        super().__init__()
        widths = _widths(*reversed(config.critic_channels))
        features = config.critic_dense or DENSE
        self.growth = Growing()
        self.folded = (SIDES[0], SIDES[0], widths[0])
        self.entries = nn.ModuleList(nn.Linear(1, width) for width in widths)
        self.falls = nn.ModuleList(
            nn.Conv2d(b, a, KERNEL, STRIDE, PADDING) for a, b in itertools.pairwise(widths)
        )
        self.dense = nn.Linear(SIDES[0] ** 2 * widths[0], features)
        self.score = nn.Linear(features, 1)
        self.projection = nn.Linear(labels, features, bias=False) if labels else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, 1, side, side), given its label, (batch, labels): (batch,)."""
        features = self._passed(x).features
        return (features * self._direction(condition)).sum(dim=1) + self.score.bias

    def _passed(self, x: Tensor) -> Passed:
        stage = self.growth.stage
        y = new = self._entered(stage.level, x)
        old, falls = None, []
        for level in reversed(range(stage.level)):
            y = F.leaky_relu_(self.falls[level](y), NEGATIVE_SLOPE)
            falls.append(y)
            if stage.fading and level == stage.level - 1:
                old = self._entered(level, F.avg_pool2d(x, 2))
                y = torch.lerp(old, y, stage.alpha)
        y = self.dense(y.permute(0, 2, 3, 1).flatten(1))
        return Passed(new, old, falls[::-1], F.leaky_relu_(y, NEGATIVE_SLOPE))

    def _entered(self, level: int, x: Tensor) -> Tensor:
        """Take in the image of a stage: (batch, channels, side, side)."""
        y: Tensor = F.leaky_relu_(self.entries[level](x.permute(0, 2, 3, 1)), NEGATIVE_SLOPE)
        return y.permute(0, 3, 1, 2)

    def _direction(self, condition: Tensor) -> Tensor:
        """Return the gradient by the features of the dense layer: (batch or 1, features)."""
        if self.projection is None:
            return self.score.weight
        direction: Tensor = self.score.weight + self.projection(condition)
        return direction

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return ∂score/∂x, shape of ``x``, differentiable by the weights.

        Exact almost everywhere, as that of ``ImageHead``.
        """
        stage = self.growth.stage
        with torch.no_grad():
            passed = self._passed(x)
        y = self._direction(condition) * leaky_relu_slope(passed.features)
        y = (y @ self.dense.weight).view(-1, *self.folded).permute(0, 3, 1, 2)
        below = None
        for level, (fall, fallen) in enumerate(zip(self.falls, passed.falls, strict=False)):
            if passed.old is not None and level == stage.level - 1:
                below = self._left(level, y * leaky_relu_slope(passed.old))
            y = y * leaky_relu_slope(fallen)
            y = F.conv_transpose2d(y, cast(Tensor, fall.weight), stride=STRIDE, padding=PADDING)
        gradient = self._left(stage.level, y * leaky_relu_slope(passed.new))
        if below is None:
            return gradient
        return torch.lerp(_enlarged(below, x.shape[-1]) / 4, gradient, stage.alpha)

    def _left(self, level: int, gradient: Tensor) -> Tensor:
        """Return the gradient by the image from that by what its entry gives."""
        seen = gradient.permute(0, 2, 3, 1) @ cast(Tensor, self.entries[level].weight)
        return seen.permute(0, 3, 1, 2)


class ProgressiveCritic(ImageCritic):
    """One head that looks at images of the resolution that is reached.

    While a resolution fades in, what it adds to the image is faint at first: real and fake images
    alike are mixed with themselves at the resolution before.
    """

    @property
    def _growth(self) -> Growing:
        return cast(ProgressiveHead, self.heads[0]).growth

    def follow(self, fraction: float) -> None:
        """Grow to where a network stands after ``fraction`` of the run."""
        self._growth.done.fill_(fraction)

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: RandomStream
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the images, (batch, 1, side, side), and their label, (batch, labels)."""
        level, alpha = stage = self._growth.stage
        views = []
        for x, label in super().views(parts, stream):
            if level < len(SIDES) - 1:
                x = F.avg_pool2d(x, SIZE // SIDES[level])
            if stage.fading:
                coarse = _enlarged(F.avg_pool2d(x, 2), SIDES[level])
                x = torch.lerp(coarse, x, alpha)
            views.append((x, label))
        return views


def _widths(wide: int, narrow: int) -> tuple[int, int, int]:
    """Return the channels of each stage; a stage costs at most as much again as all before it."""
    return wide, narrow, max(narrow // 4, 1)


def _enlarged(x: Tensor, side: int) -> Tensor:
    """Repeat the pixels of (batch, 1, height, width) until a side has so many."""
    if x.shape[-1] == side:
        return x
    return F.interpolate(x, scale_factor=side // x.shape[-1], mode="nearest")
