"""The network of the judge and how it is trained: a short schedule, with shifted images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tsgan import seeding
from tsgan.images.metrics import Places

FEATURES = 64
EPOCHS, LONGEST = 5, 40
"""Passes over large and over small training sets."""

STEPS = 400
"""Steps of training that a small set gets, unless that were more than the longest run."""

BATCH, RATE, DECAY, WARM_UP = 128, 1e-2, 1e-2, 0.2
SHIFT = 2
"""Pixels by which a training image is moved at most, each way."""

STREAM = 40
"""First integer of the judge's random streams."""

Progress = Callable[[str, float], None]


class JudgeNetwork(nn.Module):
    """Three convolutions and a dense layer of ``FEATURES``: (n, 28, 28) -> (n, classes) scores."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * 5 * 5, FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(),
        )
        self.last = nn.Linear(FEATURES, classes)

    def features(self, pixels: Tensor) -> Tensor:
        """Return (n, FEATURES) of pixels (n, 28, 28) in [0, 1]."""
        seen: Tensor = self.body(pixels[:, None])
        return seen

    def forward(self, pixels: Tensor) -> Tensor:
        """Return scores (n, classes) of pixels (n, 28, 28) in [0, 1]."""
        scores: Tensor = self.last(self.features(pixels))
        return scores


def train(
    pixels: npt.NDArray[np.uint8],
    labels: Places,
    classes: int,
    seed: int,
    progress: Progress | None,
) -> JudgeNetwork:
    """Return a network trained by Adam with decay at one cycle of rates (Smith 2018)."""
    with seeding.initial_weights(seed, STREAM, 0):
        network = JudgeNetwork(classes)
    stream = seeding.torch_generator(seed, STREAM, 1)
    images = functional.pad(torch.from_numpy(pixels.copy()), (SHIFT,) * 4)
    answers = torch.from_numpy(labels.astype(np.int64))
    batch = min(BATCH, len(images))
    every = len(images) // batch
    steps = every * min(max(EPOCHS, -(-STEPS // every)), LONGEST)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=WARM_UP)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if step % every == 0:
            order = torch.randperm(len(images), generator=stream)
        chosen = order[batch * (step % every) :][:batch]
        scores = network(_shifted(images, chosen, stream))
        optimiser.zero_grad()
        torch.autograd.backward(functional.cross_entropy(scores, answers[chosen]))
        optimiser.step()
        rates.step()
        if progress is not None and step % 20 == 0:
            progress("training the judge", step / steps)
    return network.eval()


def _shifted(images: Tensor, chosen: Tensor, stream: torch.Generator) -> Tensor:
    """Return the chosen ones of images (n, 32, 32) in [0, 1], each cut at random to 28 × 28."""
    width = images.shape[-1] - 2 * SHIFT
    corner = torch.randint(0, 2 * SHIFT + 1, (2, len(chosen), 1), generator=stream)
    rows, columns = corner + torch.arange(width)
    return images[chosen[:, None, None], rows[:, :, None], columns[:, None, :]].float() / 255
