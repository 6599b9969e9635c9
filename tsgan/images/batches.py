"""Real batches of images for the trainer, with what belongs to each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.conditioning import ConditionLayout
from tsgan.images.scaling import to_networks
from tsgan.information import draw_codes


@dataclass(frozen=True)
class ImageBatches:
    """Draws images with replacement: what a batch is depends on the stream alone.

    Attributes:
        pixels: (n, 28, 28) uint8, on the device of the networks.
        labels: (n,) int64 on the same device: groups, or else classes; None without either.
        layout: of the rows; its latent codes are drawn with each batch.
        batch: images.
    """

    pixels: Tensor
    labels: Tensor | None
    layout: ConditionLayout
    batch: int

    def __call__(self, stream: RandomStream) -> list[tuple[Tensor, Tensor]]:
        """Return one part: images, (batch, 1, 28, 28) in [−1, 1], and rows, (batch, size)."""
        chosen = self._choose(stream)
        return [(to_networks(self.pixels[chosen]), self._rows(chosen, stream))]

    def rows(self, stream: RandomStream) -> Tensor:
        """Return the rows of a batch without its images, (batch, size)."""
        return self._rows(self._choose(stream), stream)

    def _choose(self, stream: RandomStream) -> Tensor:
        count = len(self.pixels)
        chosen = torch.randint(count, (self.batch,), generator=stream, device=stream.device)
        return chosen.to(self.pixels.device)

    def _rows(self, chosen: Tensor, stream: RandomStream) -> Tensor:
        layout, device = self.layout, self.pixels.device
        code, numbers = draw_codes(self.batch, layout.codes, layout.code_numbers, stream)
        return layout.pack(
            self.batch,
            label=None if self.labels is None else self.labels[chosen],
            code=None if code is None else code.to(device),
            code_numbers=None if numbers is None else numbers.to(device),
        ).to(device)
