from __future__ import annotations

import torch
from torch import Tensor

from tsgan.images.groups import IMAGES_PER_GROUP, find_groups, groups_of
from tsgan.seeding import torch_generator


def blobs(count: int, each: int) -> tuple[Tensor, Tensor]:
    """Noisy images of as many patterns, mixed, and which pattern each has."""
    stream = torch_generator(1)
    patterns = torch.randint(0, 200, (count, 28, 28), generator=stream)
    of = torch.arange(count).repeat(each)
    noise = torch.randint(0, 40, (len(of), 28, 28), generator=stream)
    return (patterns[of] + noise).to(torch.uint8), of


def test_images_of_one_pattern_are_one_group() -> None:
    pixels, of = blobs(6, 30)
    found = groups_of(pixels, 6, torch_generator(0))
    assert found.shape == of.shape and found.dtype == torch.int64
    pairs = set(zip(of.tolist(), found.tolist(), strict=True))
    assert len(pairs) == 6 and {group for _, group in pairs} == set(range(6))


def test_the_same_stream_finds_the_same_groups() -> None:
    pixels, _ = blobs(4, 10)
    first, again = (groups_of(pixels, 8, torch_generator(3)) for _ in range(2))
    assert torch.equal(first, again)


def test_each_image_is_nearest_to_the_mean_of_its_group() -> None:
    pixels, _ = blobs(3, 20)
    found = groups_of(pixels, 5, torch_generator(0))
    points = pixels.flatten(1).float()
    present = found.unique()
    means = torch.stack([points[found == group].mean(dim=0) for group in present])
    assert torch.equal(present[torch.cdist(points, means).argmin(dim=1)], found)


def test_fewer_different_images_than_groups_leave_groups_empty() -> None:
    pixels = torch.zeros(10, 28, 28, dtype=torch.uint8)
    pixels[5:] = 255
    found = groups_of(pixels, 4, torch_generator(0))
    assert len(found[:5].unique()) == len(found[5:].unique()) == 1 and found[0] != found[5]


def test_groups_of_a_class_hold_its_images_alone() -> None:
    pixels, of = blobs(4, 2 * IMAGES_PER_GROUP)
    labels = of // 2
    groups = find_groups(pixels, labels, 2, torch_generator(0), most=6)
    assert groups.counts.shape == (2, 3)
    assert torch.equal(groups.of // 3, labels)
    assert torch.equal(groups.counts, torch.bincount(groups.of, minlength=6).view(2, 3))


def test_without_labels_all_images_are_one_class() -> None:
    pixels, _ = blobs(4, IMAGES_PER_GROUP)
    groups = find_groups(pixels, None, 0, torch_generator(0), most=300)
    assert groups.counts.shape == (1, 4) and set(groups.of.tolist()) == set(range(4))


def test_few_images_are_not_grouped_and_an_empty_class_is_no_error() -> None:
    pixels, of = blobs(2, 20)
    groups = find_groups(pixels, of, 3, torch_generator(0), most=300)
    assert groups.counts.tolist() == [[20], [20], [0]] and torch.equal(groups.of, of)
