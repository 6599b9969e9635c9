"""Small sets of easy images that a judge learns in a second: bars, crosses and rings."""

from __future__ import annotations

import numpy as np

from tsgan.data.image_sets import Images, ImageSets

CLASSES = ("bar", "cross", "ring")


def shapes(n: int, seed: int, labels: bool = True) -> Images:
    """Return n images of the three classes in turn, at random places, in random brightness."""
    generator = np.random.default_rng(seed)
    kinds = np.arange(n) % len(CLASSES)
    rows, columns = np.mgrid[:28, :28]
    pixels = np.empty((n, 28, 28))
    for k, kind in enumerate(kinds):
        up, left = generator.uniform(10, 18, 2)
        y, x = rows - up, columns - left
        size, thickness = generator.uniform(5, 9), generator.uniform(1, 2.5)
        away = (
            np.maximum(np.abs(x) - thickness, np.abs(y) - size),
            np.minimum(
                np.maximum(np.abs(x) - thickness, np.abs(y) - size),
                np.maximum(np.abs(y) - thickness, np.abs(x) - size),
            ),
            np.abs(np.hypot(x, y) - size) - thickness,
        )[kind]
        pixels[k] = generator.uniform(150, 255) * np.clip(1 - away, 0, 1)
    found = pixels.astype(np.uint8)
    source = f"shapes {seed}"
    if not labels:
        return Images(found, source=source)
    return Images(found, kinds.astype(np.int64), CLASSES, source)


def shape_sets(training: int = 600, test: int = 300) -> ImageSets:
    """Return training and test images of the three classes."""
    return ImageSets(shapes(training, 1), shapes(test, 2), ("A note.",))
