"""A fitted image model as one value: what is saved in a directory and read back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tsgan import checkpoint, seeding
from tsgan.data.image_sets import MOST_CLASSES, ImageSets
from tsgan.errors import CheckpointError
from tsgan.images.conditions import Conditions
from tsgan.images.config import MOST_GROUPS, ImageConfig
from tsgan.images.generators import ImageGenerator
from tsgan.images.networks import make_networks
from tsgan.images.recogniser import ImageRecogniser
from tsgan.run import TrainingFacts
from tsgan.wording import is_name

LONGEST_SOURCE = 4096
"""Characters of the place that images come from, at most."""

COUNTED = "num_batches_tracked"
"""End of the names of whole numbers that batch normalisation counts and sampling never reads."""

RECOGNISER = "recogniser."
"""Begins the names of its weights."""


@dataclass(frozen=True)
class ImageFacts:
    """What a model remembers of the images it was fitted on.

    Attributes:
        source: where they come from.
        sha256: of the training images and their labels.
        images, test_images: how many were trained on, and how many there are to test with.
        classes: their names; () without labels, known or not learned.
        counts: training images of each class.
        groups: training images of each group, class by class; () without groups.
        notes: what the reader decided.
    """

    source: str
    sha256: str
    images: int
    test_images: int
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()

    @classmethod
    def of(cls, sets: ImageSets, groups: tuple[int, ...] = ()) -> Self:
        """Return the facts of images to learn from and to test with, of so many of each group."""
        training, classes = sets.training, sets.training.classes
        counts = () if training.labels is None else np.bincount(training.labels, None, len(classes))
        return cls(
            training.source,
            training.sha256,
            len(training),
            len(sets.test),
            classes,
            tuple(int(count) for count in counts),
            sets.notes,
            groups,
        )


def told_of(config: ImageConfig, facts: ImageFacts) -> int:
    """Return how many groups, or else classes, the networks of a model are told."""
    return len(facts.groups) or (len(facts.classes) if config.labels else 0)


def conditions_of(config: ImageConfig, facts: ImageFacts) -> Conditions:
    """Return what the images of a model can be given."""
    told = facts.classes if config.labels else ()
    shares = tuple(count / facts.images for count in facts.counts) if config.labels else ()
    return Conditions(told, config.codes, config.code_numbers, shares, facts.groups)


@dataclass(frozen=True)
class FittedImages:
    """Everything that sampling needs, and what is known of where it comes from.

    Attributes:
        config: every setting of the run.
        facts: the images.
        generator: on the CPU, in ``eval`` mode, without gradients.
        training: how it was trained; versions: of Python and the packages that trained it.
        recogniser: finds the latent code of an image; None without codes.
    """

    config: ImageConfig
    facts: ImageFacts
    generator: ImageGenerator
    training: TrainingFacts
    versions: Mapping[str, str]
    recogniser: ImageRecogniser | None = None

    @property
    def conditions(self) -> Conditions:
        """Return what its images can be given."""
        return conditions_of(self.config, self.facts)

    def manifest(self) -> dict[str, Any]:
        """Return what is known of the model, as JSON types."""
        return {
            "kind": checkpoint.IMAGES,
            "config": self.config.to_dict(),
            "data": asdict(self.facts),
            "training": asdict(self.training),
            "versions": dict(self.versions),
        }

    def write(self, directory: Path) -> None:
        """Write ``generator.safetensors`` and ``manifest.json``."""
        weights = {
            name: tensor
            for name, tensor in self.generator.state_dict().items()
            if not name.endswith(COUNTED)
        }
        if self.recogniser is not None:
            found = self.recogniser.state_dict()
            weights |= {RECOGNISER + name: tensor for name, tensor in found.items()}
        checkpoint.write_model(directory, weights, self.manifest())

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return what ``write`` wrote; nothing in the directory is executed.

        Raises:
            CheckpointError: if the directory is none, or any part of it is damaged or foreign.
        """
        manifest, weights = checkpoint.read_model(directory, checkpoint.IMAGES)
        with checkpoint.fitting_together(directory):
            checkpoint.demand_weights(weights)
            fitted = cls._of(manifest, weights)
            fitted._check()
        return fitted

    @classmethod
    def _of(cls, manifest: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Self:
        config = ImageConfig.from_dict(manifest["config"])
        facts = checkpoint.typed(ImageFacts, manifest["data"])
        if len(facts.classes) > MOST_CLASSES:
            raise CheckpointError(f"expected at most {MOST_CLASSES} classes")
        of_codes = {k: v for k, v in weights.items() if k.startswith(RECOGNISER)}
        told = told_of(config, facts)
        return cls(
            config=config,
            facts=facts,
            generator=restored_generator(
                config, told, {k: v for k, v in weights.items() if k not in of_codes}
            ),
            training=checkpoint.typed(TrainingFacts, manifest["training"]),
            versions={name: str(text) for name, text in manifest["versions"].items()},
            recogniser=restored_recogniser(
                config, told, {k.removeprefix(RECOGNISER): v for k, v in of_codes.items()}
            ),
        )

    def _check(self) -> None:
        """Raise CheckpointError for values that no fit writes."""
        facts = self.facts
        if len(set(facts.classes)) != len(facts.classes) or not all(facts.classes):
            raise CheckpointError("expected classes of different names")
        if not all(map(is_name, facts.classes)) or len(facts.source) > LONGEST_SOURCE:
            raise CheckpointError("expected names of classes that can be printed, and a source")
        if len(facts.counts) != len(facts.classes) or min(facts.counts, default=0) < 0:
            raise CheckpointError(f"expected {len(facts.classes)} counts")
        if facts.images < 1 or facts.test_images < 0 or sum(facts.counts) not in (0, facts.images):
            raise CheckpointError(f"expected images, and {facts.images} of all classes together")
        if self.config.labels and not sum(facts.counts):
            raise CheckpointError("expected images with classes")
        classes = len(facts.classes) if self.config.labels else 1
        odd = len(facts.groups) % classes or min(facts.groups, default=0) < 0
        if odd or len(facts.groups) > MOST_GROUPS * classes or bool(facts.groups) != self._grouped:
            raise CheckpointError(f"expected groups of {classes} classes")
        each = np.reshape(facts.groups, (classes, -1)).sum(axis=1)
        if (
            self._grouped
            and not (each == (facts.counts if self.config.labels else facts.images)).all()
        ):
            raise CheckpointError("expected as many images of all groups as of their class")

    @property
    def _grouped(self) -> bool:
        return self.config.groups > 0


def restored_generator(
    config: ImageConfig, told: int, weights: Mapping[str, Tensor]
) -> ImageGenerator:
    """Return the generator with these weights; none are drawn, nor memory taken before they fit.

    Args:
        config: of the model.
        told: groups or classes that it is told.
        weights: by name; the counts of batches of a batch normalisation may be missing.
    """
    with torch.device("meta"):
        generator, _ = make_networks(config.network, config.layout(told))
    counts = {
        name: torch.zeros((), dtype=torch.int64)
        for name in generator.state_dict()
        if name.endswith(COUNTED)
    }
    generator.load_state_dict({**counts, **weights}, assign=True)
    return generator.requires_grad_(False).eval()


def restored_recogniser(
    config: ImageConfig, told: int, weights: Mapping[str, Tensor]
) -> ImageRecogniser | None:
    """Return the recogniser with these weights, None without codes.

    Raises:
        CheckpointError: if there are weights but no codes.
    """
    if not config.codes + config.code_numbers:
        if weights:
            raise CheckpointError("expected no weights of a recogniser")
        return None
    with seeding.initial_weights(0):  # they are replaced; the global generator stays
        recogniser = ImageRecogniser(config.layout(told))
    recogniser.load_state_dict(weights)
    return recogniser.requires_grad_(False).eval()
