"""The classic pair of the Wasserstein GAN's notebooks, ``wgan``, for comparison.

Noise becomes 128 × 7 × 7, two strided transposed convolutions of 128 channels and a closing one of
one channel with a tanh make the image. The critic has two strided convolutions of 64 channels, no
batch normalisation and a linear output. All weights start as N(0, 0.02), all biases at zero. All is
done as torch does it, and the penalty by differentiating twice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsgan.conditioning import ConditionLayout
from tsgan.images.config import SIZE, ImageNetworkConfig
from tsgan.images.generators import ImageGenerator
from tsgan.images.patches import KERNEL, PADDING, STRIDE

INITIAL_SD = 0.02
SLOPE = 0.2
GENERATOR_WIDTH, CRITIC_WIDTH = 128, 64
SIDE = SIZE // STRIDE**2


class ClassicGenerator(ImageGenerator):
    """Two strided transposed convolutions; what is given goes beside the noise.

    Args:
        config: length of the noise; layout: the conditions that it can be given.
    """

    def __init__(self, config: ImageNetworkConfig, layout: ConditionLayout) -> None:
        super().__init__(config.noise, layout)
        width = GENERATOR_WIDTH
        self.layers = nn.Sequential(
            nn.Linear(config.noise + layout.static, width * SIDE * SIDE),
            nn.LeakyReLU(SLOPE),
            nn.Unflatten(1, (width, SIDE, SIDE)),
            nn.ConvTranspose2d(width, width, KERNEL, STRIDE, PADDING),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(width, width, KERNEL, STRIDE, PADDING),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 1, 3, padding=1),
            nn.Tanh(),
        )
        small_weights(self)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise, (batch, noise), and rows, (batch, size), to (batch, 1, 28, 28) in [−1, 1]."""
        heard = torch.cat([noise, self.layout.static_of(condition)], dim=1)
        image: Tensor = self.layers(heard)
        return image


class ClassicHead(nn.Module):
    """Two strided convolutions and a linear output that hears the one-hot label.

    Args:
        labels: length of the one-hot label, 0 for none.
    """

    def __init__(self, labels: int = 0) -> None:
        super().__init__()
        width = CRITIC_WIDTH
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, KERNEL, STRIDE, PADDING),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, width, KERNEL, STRIDE, PADDING),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
        )
        features = width * SIDE * SIDE
        self.score = nn.Linear(features, 1)
        self.projection = nn.Linear(labels, features, bias=False) if labels else None
        small_weights(self)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, 1, 28, 28), given its label, (batch, labels): (batch,)."""
        features = self.layers(x)
        score: Tensor = self.score(features)[:, 0]
        if self.projection is not None:
            score = score + (features * self.projection(condition)).sum(dim=1)
        return score


def small_weights(network: nn.Module) -> None:
    """Draw all weights from N(0, 0.02), and put all biases to zero."""
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.normal_(parameter, std=INITIAL_SD)
