"""Pairs of networks of images by their name."""

from __future__ import annotations

from torch import nn

from tsgan.conditioning import ConditionLayout
from tsgan.images.classic import ClassicGenerator, ClassicHead
from tsgan.images.config import SIZE, ImageNetworkConfig
from tsgan.images.critics import ImageCritic, ImageHead
from tsgan.images.dcgan import DcganGenerator, DcganHead
from tsgan.images.generators import ImageGenerator
from tsgan.images.progressive import (
    ProgressiveCritic,
    ProgressiveGenerator,
    ProgressiveHead,
)
from tsgan.images.slim import SlimGenerator


def make_networks(
    config: ImageNetworkConfig, layout: ConditionLayout
) -> tuple[ImageGenerator, ImageCritic]:
    """Return the generator and the critic that ``config`` names, of freshly drawn weights.

    Their weights come from torch's global generator: build them within ``initial_weights``.
    """
    if config.kind == "wgan":
        head: nn.Module = ClassicHead(layout.labels)
        return ClassicGenerator(config, layout), ImageCritic(head, layout)
    if config.kind == "dcgan":
        head = DcganHead(config, layout.labels)
        return DcganGenerator(config, layout), ImageCritic(head, layout)
    if config.kind == "progressive":
        head = ProgressiveHead(config, layout.labels)
        return ProgressiveGenerator(config, layout), ProgressiveCritic(head, layout)
    head = ImageHead(config.critic_channels, SIZE, config.critic_dense, layout.labels)
    return SlimGenerator(config, layout), ImageCritic(head, layout)
