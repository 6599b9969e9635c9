"""Batches of images: their scale, what belongs to each, and what is drawn."""

from __future__ import annotations

import numpy as np
import tiny_images
import torch

from tsgan import seeding
from tsgan.conditioning import ConditionLayout
from tsgan.images.batches import ImageBatches
from tsgan.images.scaling import from_networks, to_bytes, to_networks, to_unit
from tsgan.information import draw_codes

IMAGES = tiny_images.images(40)
PIXELS = torch.from_numpy(IMAGES.pixels)
LABELS = torch.from_numpy(IMAGES.labels)


def stream(seed: int = 0) -> torch.Generator:
    return seeding.torch_generator(seed, seeding.TRAINING)


def test_every_byte_survives_the_three_scales() -> None:
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    x = to_networks(levels)
    assert x.dtype == torch.float32 and x.shape == (1, 1, 16, 16)
    assert (x.min(), x.max()) == (-1, 1)
    unit = from_networks(x)
    assert unit.dtype == np.float32 and unit.shape == (1, 16, 16)
    assert (unit.min(), unit.max()) == (0, 1)
    np.testing.assert_allclose(unit, to_unit(levels.numpy()), atol=1e-7)
    assert np.array_equal(to_bytes(unit), levels.numpy())


def test_networks_that_overshoot_stay_in_range() -> None:
    assert from_networks(torch.tensor([[[[-1.5, 1.5, 0.0]]]])).tolist() == [[[0.0, 1.0, 0.5]]]


def test_batch_is_images_with_their_own_labels() -> None:
    batches = ImageBatches(PIXELS, LABELS, ConditionLayout(labels=10), 64)
    [(x, rows)] = batches(stream())
    assert x.shape == (64, 1, 28, 28) and rows.shape == (64, batches.layout.fixed)
    scaled = to_networks(PIXELS)
    apart = (x[:, None] - scaled[None]).abs().amax(dim=(2, 3, 4))
    assert bool((apart.min(dim=1).values == 0).all())
    found = LABELS[apart.argmin(dim=1)]
    assert torch.equal(batches.layout.label_of(rows).argmax(dim=1), found)
    assert len(found.unique()) > 5


def test_batch_depends_on_the_stream_alone() -> None:
    batches = ImageBatches(PIXELS, LABELS, ConditionLayout(labels=10, codes=3), 8)
    [(x, rows)], [(same, same_rows)] = batches(stream()), batches(stream())
    assert torch.equal(x, same) and torch.equal(rows, same_rows)
    ongoing = stream()
    first, second = batches(ongoing)[0][0], batches(ongoing)[0][0]
    assert torch.equal(first, x) and not torch.equal(first, second)


def test_every_image_is_as_likely() -> None:
    batches = ImageBatches(PIXELS, LABELS, ConditionLayout(labels=10), 4000)
    labels = batches.layout.label_of(batches(stream())[0][1]).sum(dim=0)
    assert bool((labels > 300).all())  # 400 of each, sd 19


def test_codes_are_drawn_with_each_batch() -> None:
    layout = ConditionLayout(codes=4, code_numbers=2)
    batches = ImageBatches(PIXELS, None, layout, 500)
    codes = layout.codes_of(batches.rows(stream()))
    assert torch.equal(codes[:, :4].sum(dim=1), torch.ones(500))
    assert bool((codes[:, :4].sum(dim=0) > 80).all())
    assert float(codes[:, 4:].min()) < -0.9 and float(codes[:, 4:].max()) > 0.9
    again = stream()
    torch.randint(40, (500,), generator=again)
    code, numbers = draw_codes(500, 4, 2, again)
    assert code is not None and numbers is not None
    assert torch.equal(codes[:, :4].argmax(dim=1), code) and torch.equal(codes[:, 4:], numbers)


def test_rows_alone_are_those_of_the_batch() -> None:
    batches = ImageBatches(PIXELS, LABELS, ConditionLayout(labels=10, code_numbers=1), 8)
    assert torch.equal(batches.rows(stream()), batches(stream())[0][1])


def test_nothing_is_given_without_labels_and_codes() -> None:
    batches = ImageBatches(PIXELS, None, ConditionLayout(), 8)
    [(x, rows)] = batches(stream())
    assert x.shape == (8, 1, 28, 28) and rows.shape == (8, 2) and not rows.any()
