"""What finds the latent code of an image again: the Q network of InfoGAN (Chen et al. 2016).

Theirs is one more output of the discriminator. Here it has weights of its own: the critic of a
Wasserstein distance is bound to slopes near one, which a classifier must not be.

The class of the code is looked for in an image that has been slanted, turned, stretched and moved a
little, its numbers in the image as it is. A class must then be something that such a change leaves
as it is, and slant and size are left to the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.config import SIZE
from tsgan.images.patches import KERNEL, PADDING, PIXELS, STRIDE, patches
from tsgan.information import guess_size, surprise
from tsgan.layers import NEGATIVE_SLOPE

WIDTHS = (32, 64)
HIDDEN = 128
NUMBER_SHARE = 0.1
"""Weight of the numbers beside the class, as in the code of the paper."""

SLOWER = 8.0
"""Weights are kept so many times as large as they are used, so that a step of Adam moves them by so
much less: the rate is the generator's, whose batch normalisation bears a far higher one.
"""

DISTORTIONS = 64
TURN, SLANT, STRETCH, SHIFT = 0.25, 0.3, 0.15, 0.1
"""Largest angle in radians, shear, change of the logarithm of a side, and move in half images."""


class ImageRecogniser(nn.Module):
    """A small convolutional network from images to a guess of the code that they were made from.

    Args:
        layout: how many classes and numbers the code has, and where in a row they stand.
        weight: λ of the mutual information.
    """

    distortions: Tensor

    def __init__(self, layout: ConditionLayout, weight: float = 1.0) -> None:
        super().__init__()
        self.layout, self.weight = layout, weight
        side = SIZE // STRIDE**2
        self.first = nn.Linear(PIXELS, WIDTHS[0])
        self.second = nn.Conv2d(*WIDTHS, KERNEL, STRIDE, PADDING)
        self.hidden = nn.Linear(side * side * WIDTHS[1], HIDDEN)
        self.answer = nn.Linear(HIDDEN, guess_size(layout.codes, layout.code_numbers))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(SLOWER)
        self.register_buffer("distortions", _distortions(), persistent=False)

    def forward(self, fakes: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Return λ times the mean surprise at the codes of ``fakes``, ().

        Args:
            fakes: parts of images, (batch, 1, 28, 28) in [−1, 1], and their rows, (batch, size).
        """
        x = torch.cat([images for images, _ in fakes])
        codes = torch.cat([self.layout.codes_of(rows) for _, rows in fakes])
        classes, total = self.layout.codes, x.new_zeros(len(x))
        if classes:
            logits = self._guess(self._distorted(x))[:, :classes]
            total = total + surprise(logits.float(), codes[:, :classes], classes)
        if self.layout.code_numbers:
            numbers = self._guess(x)[:, classes:]
            total = total + NUMBER_SHARE * surprise(numbers.float(), codes[:, classes:], 0)
        return self.weight * total.mean()

    @torch.no_grad()
    def guess(self, x: Tensor, batch: int = 512) -> tuple[Tensor, Tensor]:
        """Return log Q of each class, (n, codes), and the expected numbers, (n, code_numbers).

        Args:
            x: (n, 1, 28, 28) in [−1, 1], fakes or real images; batch: images in a pass.
        """
        guesses = torch.cat([self._guess(part) for part in torch.split(x, batch)])
        classes, numbers = self.layout.codes, self.layout.code_numbers
        known = F.log_softmax(guesses[:, :classes], dim=1)
        return known, guesses[:, classes : classes + numbers]

    def _guess(self, x: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) to logits, means and logarithms of sds: (batch, guess_size)."""
        y = F.leaky_relu(_dense(self.first, patches(x)), NEGATIVE_SLOPE).permute(0, 3, 1, 2)
        weight, bias = self.second.weight / SLOWER, cast(Tensor, self.second.bias) / SLOWER
        y = F.leaky_relu(F.conv2d(y, weight, bias, STRIDE, PADDING), NEGATIVE_SLOPE)
        y = y.permute(0, 2, 3, 1).flatten(1)
        y = F.leaky_relu(_dense(self.hidden, y), NEGATIVE_SLOPE)
        return _dense(self.answer, y)

    def _distorted(self, x: Tensor) -> Tensor:
        """Return the images, each by the distortion of its place in the batch."""
        places = torch.arange(len(x), device=x.device) % DISTORTIONS
        maps = self.distortions[places].to(x.dtype)
        grid = F.affine_grid(maps, list(x.shape), align_corners=False)
        return F.grid_sample(x + 1, grid, align_corners=False) - 1  # black lies beyond the edge


def _dense(layer: nn.Linear, x: Tensor) -> Tensor:
    return F.linear(x, layer.weight / SLOWER, layer.bias / SLOWER)


def _distortions() -> Tensor:
    """Return the fixed affine maps, (DISTORTIONS, 2, 3): codes are drawn anew, maps need not be.

    So they take nothing from the random stream of a run.
    """
    engine = torch.quasirandom.SobolEngine(6)  # type: ignore[no-untyped-call]
    draws = 2 * engine.draw(DISTORTIONS + 1)[1:] - 1  # its first is the corner of all zeros
    turn, slant, wide, high, right, down = draws.double().T
    turn, slant = TURN * turn, SLANT * slant
    wide, high = torch.exp(STRETCH * wide), torch.exp(STRETCH * high)
    cosine, sine = torch.cos(turn), torch.sin(turn)
    rows = [
        torch.stack([wide * cosine, high * (slant * cosine - sine), SHIFT * right], dim=1),
        torch.stack([wide * sine, high * (slant * sine + cosine), SHIFT * down], dim=1),
    ]
    return torch.stack(rows, dim=1).float()
