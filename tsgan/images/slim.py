"""The generator of the default pair: as little work as a good image takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.images.config import SIZE, ImageNetworkConfig
from tsgan.images.generators import ImageGenerator
from tsgan.images.patches import KERNEL, PADDING, PIXELS, STRIDE, overlapped

SIDE = SIZE // STRIDE**2
"""Pixels of a side where the generator begins."""


class SlimGenerator(ImageGenerator):
    """Two dense layers, a transposed convolution, and one to a single channel that ends in a tanh.

    The first dense layer lets noise and condition meet before they are spread over the image, as
    the mapping of a style does (Karras et al. 2019, section 2). It costs little.

    Args:
        config: sizes; layout: the conditions that it can be given.
    """

    def __init__(self, config: ImageNetworkConfig, layout: ConditionLayout) -> None:
        super().__init__(config.noise, layout)
        wide, narrow = config.generator_channels
        self.folded = (SIDE, SIDE, wide)
        inputs, self.embedding = config.noise, None
        if layout.static:
            inputs += config.embedding
            self.embedding = nn.Linear(layout.static, config.embedding, bias=False)
            nn.init.normal_(self.embedding.weight)
        self.mapping = nn.Linear(inputs, config.generator_dense, bias=False)
        self.mapping_norm = nn.BatchNorm1d(config.generator_dense)
        self.dense = nn.Linear(config.generator_dense, SIDE * SIDE * wide, bias=False)
        self.first_norm = nn.BatchNorm2d(wide)
        self.rise = nn.ConvTranspose2d(wide, narrow, KERNEL, STRIDE, PADDING, bias=False)
        self.second_norm = nn.BatchNorm2d(narrow)
        self.leave = nn.Linear(narrow, PIXELS, bias=False)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise, (batch, noise), and rows, (batch, size), to (batch, 1, 28, 28) in [−1, 1]."""
        if self.embedding is not None:
            heard = self.embedding(self.layout.static_of(condition))
            noise = torch.cat([noise, heard], dim=1)
        mapped = F.relu_(self.mapping_norm(self.mapping(noise)))
        y = self.dense(mapped).view(-1, *self.folded).permute(0, 3, 1, 2)
        y = F.relu_(self.first_norm(y))
        y = F.relu_(self.second_norm(self.rise(y)))
        return torch.tanh(overlapped(self.leave(y.permute(0, 2, 3, 1))) + self.bias)
