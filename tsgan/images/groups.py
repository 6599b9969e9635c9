"""Groups of images that look alike, within each class, or of all where there are no labels.

A pair that learns without labels mixes the strokes of different digits, since its critic sees
strokes sooner than whole shapes. Told to which group an image belongs, as it would be told a label,
it learns as fast as with labels (after Liu et al. 2020, "Diverse image generation via
self-conditioned GANs", whose groups are those of the critic's features instead); and with labels,
groups within the classes make it faster still. Where images are made, groups are drawn by share.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator as RandomStream
from torch import Tensor

IMAGES_PER_GROUP = 100
"""Images that a group has on average, at least: smaller ones would be learned by heart."""

COMPONENTS = 40
ROUNDS = 25
AT_MOST = 5000
"""Images of which the first centres are drawn."""


@dataclass(frozen=True)
class Groups:
    """The groups of the training images; those of class k are from ``k · each`` on.

    Attributes:
        of: (n,) int64, the group of each image.
        counts: (classes, each) int64, images of each group.
    """

    of: Tensor
    counts: Tensor


def find_groups(
    pixels: Tensor, labels: Tensor | None, classes: int, stream: RandomStream, most: int
) -> Groups:
    """Return the groups of images: of each class on its own, or of all as if they were one class.

    Args:
        pixels: (n, height, width) uint8, on the CPU.
        labels: (n,) int64, from 0 to ``classes`` − 1, or None.
        classes: number of classes; without labels it is not looked at.
        stream: where the first centres come from.
        most: groups of all classes together, at most.
    """
    if labels is None:
        labels, classes = torch.zeros(len(pixels), dtype=torch.int64), 1
    each = max(1, min(most, len(pixels) // IMAGES_PER_GROUP) // classes)
    of = torch.zeros_like(labels)
    for label in range(classes):
        where = labels == label
        if bool(where.any()):
            of[where] = label * each + groups_of(pixels[where], each, stream)
    return Groups(of, torch.bincount(of, minlength=classes * each).view(classes, each))


def groups_of(pixels: Tensor, count: int, stream: RandomStream) -> Tensor:
    """Return the group of each image: (n,) int64, from 0 to ``count`` − 1.

    A group may be left empty where there are fewer different images than groups.

    Args:
        pixels: (n, height, width) of any dtype, on the CPU.
        count: groups, at most n.
        stream: where the first centres come from (k-means++, Arthur & Vassilvitskii 2007).
    """
    points = _components(pixels.flatten(1).float())
    centres = _first_centres(points, count, stream)
    nearest = torch.cdist(points, centres).argmin(dim=1)
    for _ in range(ROUNDS):
        sizes = torch.bincount(nearest, minlength=count)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = torch.where(sizes > 0, sums / sizes.clamp_min(1), centres)
        before, nearest = nearest, torch.cdist(points, centres).argmin(dim=1)
        if torch.equal(before, nearest):
            break
    return nearest


def _components(points: Tensor) -> Tensor:
    """Return the coordinates along the directions of largest variance, (n, components)."""
    points = points - points.mean(dim=0)
    _, vectors = torch.linalg.eigh((points.T @ points).double())
    directions = vectors[:, -COMPONENTS:].to(points)
    coordinates: Tensor = points @ directions
    return coordinates


def _first_centres(points: Tensor, count: int, stream: RandomStream) -> Tensor:
    """Draw points that are far from each other, (count, components)."""
    some = points[torch.randperm(len(points), generator=stream)[:AT_MOST]]
    chosen = [some[0]]
    distance = (some - some[0]).square().sum(dim=1)
    for _ in range(count - 1):
        far = distance if bool(distance.any()) else torch.ones_like(distance)
        chosen.append(some[int(torch.multinomial(far, 1, generator=stream))])
        distance = torch.minimum(distance, (some - chosen[-1]).square().sum(dim=1))
    return torch.stack(chosen)
