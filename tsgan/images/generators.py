"""What every generator of images has in common: its noise, and the statistics it samples with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tsgan.conditioning import ConditionLayout


class ImageGenerator(nn.Module):
    """Maps noise, (batch, noise), and rows, (batch, size), to images, (batch, 1, 28, 28).

    While it trains, its batch normalisation takes the statistics of the batch. Sampling is done in
    ``eval`` mode, by the statistics of ``settle_statistics``: an image then depends on its own
    noise and condition alone.

    Args:
        noise: length of the noise vector; layout: the conditions that it can be given.
    """

    def __init__(self, noise: int, layout: ConditionLayout) -> None:
        super().__init__()
        self.noise, self.layout = noise, layout

    def draw(self, batch: int, stream: RandomStream) -> Tensor:
        """Return standard normal noise of ``stream``, (batch, noise), on the stream's device."""
        return torch.randn(batch, self.noise, generator=stream, device=stream.device)

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return as many fresh images as ``real`` has, on its device, from ``stream``.

        Args:
            real: (batch, 1, 28, 28).
            condition: (batch, size), rows of the layout.
            stream: where the noise comes from.
        """
        fake: Tensor = self(self.draw(len(real), stream).to(real.device), condition)
        return fake


@torch.no_grad()
def settle_statistics(
    generator: ImageGenerator,
    conditions: Callable[[RandomStream], Tensor],
    stream: RandomStream,
    batches: int = 20,
) -> None:
    """Give the batch normalisations the mean statistics of this many batches of fresh images.

    What they hold before may be another generator's: averaged weights have statistics of their own.
    Nothing happens to a generator without batch normalisation.

    Args:
        generator: on any device; its mode stays as it is.
        conditions: draws the rows of a batch, (batch, size).
        stream: where the noise comes from, and what ``conditions`` draws from.
        batches: forward passes.
    """
    norms = [part for part in generator.modules() if isinstance(part, _BatchNorm)]
    if not norms:
        return
    momenta, training = [norm.momentum for norm in norms], generator.training
    device = next(generator.parameters()).device
    generator.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    for _ in range(batches):
        rows = conditions(stream)
        generator(generator.draw(len(rows), stream).to(device), rows.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    generator.train(training)
