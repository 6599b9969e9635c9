"""How sure a figure of images is: its 95 % interval from the images that it was taken of."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tsgan.images.metrics import Places
from tsgan.images.results import NOTHING, Estimate

GROUPS = 10
"""Groups that are left out in turn."""

DEVIATIONS = 1.96
STUDENT = 2.262
"""Deviations of a normal and of Student's distribution with 9 degrees that hold 95 %."""


def jackknife(
    statistic: Callable[[Places], float], images: int, generator: np.random.Generator
) -> Estimate:
    """Return a figure of at least 0 with the interval of a delete-a-group jackknife (Kott 2001).

    The images are cut at random into ``GROUPS`` groups. Unlike a bootstrap it repeats no image,
    which would make samples look less diverse and every distance larger.

    Args:
        statistic: of the images at the given places, (k,) -> a figure.
        images: number of images, at least ``GROUPS``.
        generator: cuts the groups.
    """
    value = statistic(np.arange(images))
    groups = np.array_split(generator.permutation(images), GROUPS)
    without = [
        statistic(np.sort(np.concatenate(groups[:k] + groups[k + 1 :]))) for k in range(GROUPS)
    ]
    if not (math.isfinite(value) and np.isfinite(without).all()):
        return Estimate(value, value, value) if math.isfinite(value) else NOTHING
    error = math.sqrt((GROUPS - 1) * float(np.var(without)))
    return Estimate(value, max(value - STUDENT * error, 0.0), value + STUDENT * error)


def share(hits: int, images: int) -> Estimate:
    """Return a share with the interval of Wilson (1927), which no share of 0 or 1 escapes."""
    if images == 0:
        return NOTHING
    value, z = hits / images, DEVIATIONS**2 / images
    middle = value + z / 2
    reach = math.sqrt(z * (value * (1 - value) + z / 4))
    return Estimate(value, (middle - reach) / (1 + z), (middle + reach) / (1 + z))
