"""The pair of DCGAN (Radford et al. 2016) for images of 28 × 28.

Strided convolutions in place of pooling, batch normalisation in both networks but for the
generator's output and the critic's input, ReLU in the generator and LeakyReLU(0.2) in the critic, a
tanh at the end; weights start as N(0, 0.02).

Batch normalisation lets the images of a batch hear each other, so that real and fake ones are shown
to the critic apart, and a gradient penalty for each image would not be one (Gulrajani et al. 2017,
section 4). Without it, ``batch_norm=False``, the layers have biases instead.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.config import SIZE, ImageNetworkConfig
from tsgan.images.generators import ImageGenerator
from tsgan.images.patches import KERNEL, PADDING, PIXELS, STRIDE, overlapped, patches

INITIAL_SD = 0.02
SLOPE = 0.2
SIDE = SIZE // STRIDE**2
"""Pixels of a side where the generator begins and the critic ends."""


class DcganGenerator(ImageGenerator):
    """Noise is projected to 7 × 7 and doubled twice by transposed convolutions.

    Args:
        config: sizes; layout: the conditions, which go beside the noise.
    """

    def __init__(self, config: ImageNetworkConfig, layout: ConditionLayout) -> None:
        super().__init__(config.noise, layout)
        wide, narrow = config.generator_channels
        self.folded = (wide, SIDE, SIDE)
        free = not config.batch_norm
        self.project = nn.Linear(config.noise + layout.static, wide * SIDE * SIDE, bias=free)
        self.first_norm = _norm(wide, config)
        self.rise = nn.ConvTranspose2d(wide, narrow, KERNEL, STRIDE, PADDING, bias=free)
        self.second_norm = _norm(narrow, config)
        self.leave = nn.Linear(narrow, PIXELS, bias=False)
        self.bias = nn.Parameter(torch.zeros(1))
        _draw_weights(self)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise, (batch, noise), and rows, (batch, size), to (batch, 1, 28, 28) in [−1, 1]."""
        heard = torch.cat([noise, self.layout.static_of(condition)], dim=1)
        y = self.project(heard).view(-1, *self.folded).to(memory_format=torch.channels_last)
        y = F.relu(self.first_norm(y))
        y = F.relu(self.second_norm(self.rise(y)))
        return torch.tanh(overlapped(self.leave(y.permute(0, 2, 3, 1))) + self.bias)


class DcganHead(nn.Module):
    """Two strided convolutions to one score, with a projection on the label.

    Args:
        config: channels after each convolution, and whether the second is normalised.
        labels: length of the one-hot label, 0 for none.
    """

    def __init__(self, config: ImageNetworkConfig, labels: int = 0) -> None:
        super().__init__()
        narrow, wide = config.critic_channels
        self.coupled = config.batch_norm
        self.first = nn.Linear(PIXELS, narrow)
        self.second = nn.Conv2d(narrow, wide, KERNEL, STRIDE, PADDING, bias=not config.batch_norm)
        self.norm = _norm(wide, config)
        features = wide * SIDE * SIDE
        self.score = nn.Linear(features, 1)
        self.projection = nn.Linear(labels, features, bias=False) if labels else None
        _draw_weights(self)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, 1, 28, 28), given its label, (batch, labels): (batch,)."""
        y = F.leaky_relu(self.first(patches(x)), SLOPE).permute(0, 3, 1, 2)
        y = F.leaky_relu(self.norm(self.second(y)), SLOPE)
        features = y.permute(0, 2, 3, 1).flatten(1)
        score: Tensor = self.score(features)[:, 0]
        if self.projection is not None:
            score = score + (features * self.projection(condition)).sum(dim=1)
        return score


def _norm(channels: int, config: ImageNetworkConfig) -> nn.Module:
    return nn.BatchNorm2d(channels) if config.batch_norm else nn.Identity()


def _draw_weights(network: nn.Module) -> None:
    """Draw weights from N(0, 0.02), those of normalisations from N(1, 0.02); biases are zero."""
    for part in network.modules():
        for name, parameter in part.named_parameters(recurse=False):
            if name == "bias":
                nn.init.zeros_(parameter)
            else:
                centre = 1.0 if isinstance(part, nn.BatchNorm2d) else 0.0
                nn.init.normal_(parameter, centre, INITIAL_SD)
