"""A training run on images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from tsgan import checkpoint, seeding
from tsgan.data.image_sets import Images, ImageSets
from tsgan.device import resolve_device
from tsgan.errors import DataError
from tsgan.images.batches import ImageBatches
from tsgan.images.config import ImageConfig
from tsgan.images.fitted import (
    FittedImages,
    ImageFacts,
    conditions_of,
    restored_generator,
    restored_recogniser,
    told_of,
)
from tsgan.images.frames import Frames
from tsgan.images.generators import settle_statistics
from tsgan.images.groups import find_groups
from tsgan.images.metrics import Places
from tsgan.images.networks import make_networks
from tsgan.images.recogniser import ImageRecogniser
from tsgan.run import Run, TrainingFacts
from tsgan.trainer import Trainer
from tsgan.versions import versions


class ImageTrainer(Trainer):
    """A trainer part of whose state are the frames of its run.

    Attributes:
        frames: taken at its checks, where they are among its callbacks.
    """

    frames: Frames

    def watched_by(self, frames: Frames) -> None:
        """Save and restore these frames with all else."""
        self.frames = frames
        self.parts = (*self.parts, "frames")


class ImageRun(Run[FittedImages]):
    """A trainer on images.

    Args:
        sets: the training images are learned.
        config: every setting.
        directory: None saves nothing.

    Attributes:
        frames: the same noise at each check, to be among the callbacks.

    Raises:
        DataError, ConfigError: if the images or settings cannot be trained on.
    """

    data: ClassVar[str] = "images"

    def __init__(self, sets: ImageSets, config: ImageConfig, directory: Path | None) -> None:
        self.config = config
        device = resolve_device(config.device)
        demand_classes(sets, config)
        told, counts = _told(sets.training, config)
        self.facts = ImageFacts.of(sets, counts)
        self.batches = ImageBatches(
            torch.from_numpy(sets.training.pixels.copy()).to(device),
            None if told is None else torch.from_numpy(told.copy()).to(device),
            config.layout(told_of(config, self.facts)),
            config.training.batch,
        )
        trainer = _trainer(self.batches, config, device)
        conditions = conditions_of(config, self.facts)
        self.frames = Frames(lambda: trainer.average, self.batches, conditions, config.seed)  # type: ignore[arg-type, return-value]
        trainer.watched_by(self.frames)
        super().__init__(trainer, config, directory)

    def identity(self) -> dict[str, Any]:
        """Return the hash of the training images, and their classes and counts."""
        return {
            "kind": checkpoint.IMAGES,
            "sha256": self.facts.sha256,
            "images": self.facts.images,
            "classes": list(self.facts.classes),
            "counts": list(self.facts.counts),
            "groups": list(self.facts.groups),
        }

    def model(
        self, training: TrainingFacts, weights: Mapping[str, Tensor], *, final: bool
    ) -> FittedImages:
        """Return the model with these weights; if it is final, with statistics of their own."""
        told, recogniser = told_of(self.config, self.facts), self.trainer.recogniser
        found = {} if recogniser is None else recogniser.state_dict()
        generator = restored_generator(self.config, told, weights)
        if final:
            device = self.batches.pixels.device
            stream = seeding.torch_generator(self.config.seed, seeding.CALIBRATION, device=device)
            settle_statistics(generator.to(device), self.batches.rows, stream)
            generator.cpu()
        return FittedImages(
            self.config,
            self.facts,
            generator,
            training,
            versions(),
            restored_recogniser(
                self.config, told, {name: w.cpu().clone() for name, w in found.items()}
            ),
        )


def demand_classes(sets: ImageSets, config: ImageConfig) -> None:
    """Raise DataError if labels are to be learned of images that have none, or of one class."""
    labels = sets.training.labels
    if config.labels and (labels is None or len(np.unique(labels)) < 2):
        found = "images without classes" if labels is None else "images of one class"
        raise DataError(
            f"{sets.training.source}: expected images of two or more classes to learn labels, "
            f"found {found}; leave --labels out, or sort pictures into a folder for each class"
        )


def _told(training: Images, config: ImageConfig) -> tuple[Places | None, tuple[int, ...]]:
    """Return what the networks are told of each image, and how many images each group has."""
    labels = training.labels if config.labels else None
    if not config.groups:
        return labels, ()
    found = find_groups(
        torch.from_numpy(training.pixels.copy()),
        None if labels is None else torch.from_numpy(labels.copy()),
        len(training.classes),
        seeding.torch_generator(config.seed, seeding.GROUPS),
        config.groups,
    )
    return found.of.numpy(), tuple(found.counts.flatten().tolist())


def _trainer(batches: ImageBatches, config: ImageConfig, device: torch.device) -> ImageTrainer:
    """Return a trainer at step 0, its networks on ``device``."""
    layout, recogniser = batches.layout, None
    with seeding.initial_weights(config.seed, seeding.WEIGHTS):
        generator, critic = make_networks(config.network, layout)
        if layout.codes + layout.code_numbers:
            recogniser = ImageRecogniser(layout, config.training.information_weight).to(device)
    return ImageTrainer(
        generator.to(device),
        critic.to(device),
        batches,
        config.training,
        seeding.torch_generator(config.seed, seeding.TRAINING, device=device),
        recogniser=recogniser,
    )
