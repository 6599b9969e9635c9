"""Small images and networks, so that a test takes a moment.

``python tests/tiny_images.py fit-images DIR …`` is the command ``tsgan`` with small defaults.
"""

from __future__ import annotations

import gzip
import importlib
import struct
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tsgan.config import TrainingConfig
from tsgan.data.image_sets import Images, ImageSets
from tsgan.images.config import ImageConfig, ImageNetworkConfig

CLASSES = tuple(str(digit) for digit in range(10))
TRAINING_IMAGES, TEST_IMAGES = 120, 80
NETWORK = {
    "noise": 8,
    "embedding": 4,
    "generator_channels": (8, 4),
    "critic_channels": (4, 4),
    "critic_dense": 8,
    "generator_dense": 24,
}
TRAINING = {"batch": 8, "critic_steps": 1, "log_every": 1, "check_every": 3}


def config(steps: int = 6, **settings: Any) -> ImageConfig:
    """A configuration of tiny networks and few steps."""
    default = ImageConfig()
    network = {**NETWORK, **settings.pop("network", {})}
    training = {**TRAINING, "steps": steps, **settings.pop("training", {})}
    return ImageConfig(
        **settings,
        network=replace(default.network, **network),
        training=replace(default.training, **training),
    )


def images(count: int, seed: int = 0, classes: int = 10) -> Images:
    """Bright squares on black, each class at a place of its own."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = np.zeros((count, 28, 28), np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        row, column = 2 + 5 * (label // 2), 4 + 12 * (label % 2)
        size = int(random.integers(4, 7))
        image[row : row + size, column : column + size] = random.integers(128, 256, (size, size))
    return Images(pixels, labels.astype(np.int64), CLASSES[:classes], "squares")


def sets(training: int = TRAINING_IMAGES, test: int = TEST_IMAGES, seed: int = 0) -> ImageSets:
    """Images to learn from and to test with."""
    return ImageSets(images(training, seed), images(test, seed + 1000), ("Made of squares.",))


def unlabelled() -> ImageSets:
    """The same images without classes."""
    both = sets()
    return ImageSets(both.training.without_labels(), both.test.without_labels())


def write_idx(folder: Path, *, labels: bool = True, seed: int = 0) -> Path:
    """Write the images as idx files of MNIST's names."""
    folder.mkdir(parents=True, exist_ok=True)
    both = sets(seed=seed)
    for name, part in (("train", both.training), ("t10k", both.test)):
        header = struct.pack(">IIII", 2051, len(part), 28, 28)
        path = folder / f"{name}-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(header + part.pixels.tobytes(), mtime=0))
        if labels and part.labels is not None:
            header = struct.pack(">II", 2049, len(part))
            path = folder / f"{name}-labels-idx1-ubyte.gz"
            path.write_bytes(gzip.compress(header + part.labels.astype(np.uint8).tobytes()))
    return folder


def picture(path: str | Path) -> np.ndarray:
    """The pixels of a picture's file, (height, width)."""
    with Image.open(path) as file:
        return np.asarray(file)


def defaults() -> Iterator[tuple[object, str, Any]]:
    """Yield what to set, and how, so that the commands work with small sizes."""
    for kind, sizes in ((ImageNetworkConfig, NETWORK), (TrainingConfig, TRAINING)):
        values = [sizes.get(field.name, field.default) for field in fields(kind)]
        yield kind.__init__, "__defaults__", tuple(values)
    presets = importlib.import_module("tsgan.images.presets")
    yield presets, "COMMON", {**presets.COMMON, **TRAINING}


def make_small(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """Let the commands work with small sizes, and keep judges in a folder."""
    for owner, name, value in defaults():
        patch.setattr(owner, name, value)
    patch.setenv("TSGAN_CACHE", str(cache))


if __name__ == "__main__":
    for owner, name, value in defaults():
        setattr(owner, name, value)
    importlib.import_module("tsgan.cli.app").main()
