"""Groups of images that look alike, found without labels: k-means on principal components.

A pair that learns without labels mixes the strokes of different digits, since its critic sees
strokes sooner than whole shapes. Told to which group an image belongs, as it would be told a label,
it learns as fast as with labels (after Liu et al. 2020, "Self-conditioned GANs", whose groups are
those of the critic's features instead). A group is drawn by its share where images are made.
"""

from __future__ import annotations

import torch
from torch import Generator as RandomStream
from torch import Tensor

GROUPS = 300
COMPONENTS = 40
ROUNDS = 25
AT_MOST = 5000
"""Images of which the first centres are drawn."""


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
    _, directions = torch.linalg.eigh(points.T @ points)
    coordinates: Tensor = points @ directions[:, -COMPONENTS:]
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
