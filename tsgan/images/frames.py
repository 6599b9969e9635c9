"""The same images at points of a run, so that one sees the generator learn."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan import seeding
from tsgan.callbacks import Callback, Progress
from tsgan.images.batches import ImageBatches
from tsgan.images.conditions import EVERY, Conditions
from tsgan.images.config import SIZE
from tsgan.images.generators import ImageGenerator, settle_statistics
from tsgan.images.given import Given
from tsgan.images.sampler import sample_groups
from tsgan.images.scaling import to_bytes

COLUMNS, MOST_ROWS = 10, 10
SETTLING = 5
"""Batches from which a frame's generator has its statistics."""


@dataclass(frozen=True)
class Strip:
    """Images of the same noise at points of a run.

    Attributes:
        pixels: (frames, images, 28, 28) uint8, images in rows of ``COLUMNS``: a row for each class.
        steps: (frames,) generator steps done at each.
    """

    pixels: npt.NDArray[np.uint8]
    steps: npt.NDArray[np.int64]


class Frames(Callback):
    """Looks at the averaged generator at the start and at each check.

    Its state is part of the run's, so that a resumed run has the frames of all of it.

    Args:
        generator: the averaged one; it is not changed.
        batches: what its conditions are drawn from.
        conditions: of the model.
        seed: of the run.
    """

    def __init__(
        self,
        generator: Callable[[], ImageGenerator],
        batches: ImageBatches,
        conditions: Conditions,
        seed: int,
    ) -> None:
        self._generator, self._batches, self._seed = generator, batches, seed
        classes = min(len(conditions.classes) or conditions.codes, MOST_ROWS)
        self.images = COLUMNS * (classes or MOST_ROWS)
        self._given = Given(
            conditions,
            label=EVERY if conditions.classes else None,
            code=EVERY if conditions.codes and not conditions.classes else None,
        )
        self._pixels, self._steps = list[Tensor](), list[int]()

    def on_start(self, step: int) -> None:
        """Look at the generator that has learned nothing yet."""
        if not self._steps:
            self._look(step)

    def on_check(self, progress: Progress) -> None:
        """Look at the generator as it is now."""
        self._look(progress.step)

    @property
    def strip(self) -> Strip:
        """Return all frames so far."""
        pixels = torch.stack(self._pixels) if self._pixels else self._none
        return Strip(pixels.numpy(), np.array(self._steps, dtype=np.int64))

    @property
    def _none(self) -> Tensor:
        return torch.empty(0, self.images, SIZE, SIZE, dtype=torch.uint8)

    def _look(self, step: int) -> None:
        generator = copy.deepcopy(self._generator())
        stream = seeding.torch_generator(
            self._seed, seeding.RESPONSE, device=self._batches.pixels.device
        )
        settle_statistics(generator, self._batches.rows, stream, SETTLING)
        groups = sample_groups(generator.cpu().eval(), self._given, range(self.images), self._seed)
        self._pixels.append(torch.from_numpy(to_bytes(np.concatenate(list(groups)))))
        self._steps.append(step)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the frames so far."""
        pixels = torch.stack(self._pixels) if self._pixels else self._none
        return {"pixels": pixels, "steps": torch.tensor(self._steps, dtype=torch.int64)}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on with the frames of ``state_dict``; ValueError if they are others."""
        pixels, steps = tensors["pixels"], tensors["steps"]
        shape = (len(steps), self.images, SIZE, SIZE)
        if pixels.shape != shape or pixels.dtype != torch.uint8:
            raise ValueError(f"frames: expected uint8 {shape}, got {tuple(pixels.shape)}")
        self._pixels, self._steps = list(pixels.clone()), [int(step) for step in steps]
