"""Model, conditions and seed to images: any number, each the same in whatever company.

Image k has a stream of its own and is computed in a seat of its own, in a batch that is always of
the same size: neither the number of images nor that of the threads changes a bit of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tsgan import seeding
from tsgan.images.config import SIZE
from tsgan.images.generators import ImageGenerator
from tsgan.images.given import Given
from tsgan.images.scaling import from_networks
from tsgan.seats import seated
from tsgan.workers import in_order

Pixels = npt.NDArray[np.float32]
Numbers = Sequence[int]

SEATS = 50
"""Images that are computed at the same time."""


def sample_groups(
    generator: ImageGenerator,
    given: Given,
    images: Numbers,
    seed: int,
    purpose: int = seeding.PATHS,
) -> Iterator[Pixels]:
    """Yield the images of these numbers in groups: (group, 28, 28), float32 in [0, 1].

    As many groups are computed at the same time as torch may use threads; two more, at most, wait
    to be taken.

    Args:
        generator: on the CPU, in ``eval`` mode.
        given: what the images are made under.
        images: their numbers.
        seed, purpose: name of the streams, together with each image's number.
    """
    sampling = _Sampling(generator, given, seed, purpose)
    wanted = (images[start : start + SEATS] for start in range(0, len(images), SEATS))
    groups = -(-len(images) // SEATS)
    yield from in_order(sampling.group, wanted, min(torch.get_num_threads(), groups))


def interpolate(
    generator: ImageGenerator, given: Given, rows: int, steps: int, seed: int
) -> Pixels:
    """Return images on the way from one noise to another: (rows, steps, 28, 28) in [0, 1].

    Row r goes from the noise of image r to that of image ``rows`` + r, under what image r is given,
    along the sphere: points between have the length that noise has.
    """
    first, last = (
        np.stack([_noise(generator, k, seed, seeding.PATHS) for k in numbers]).astype(np.float64)
        for numbers in (range(rows), range(rows, 2 * rows))
    )
    cosine = (first * last).sum(axis=1) / np.linalg.norm(first, axis=1)
    angle = np.arccos(np.clip(cosine / np.linalg.norm(last, axis=1), -1, 1))[:, None, None]
    way = np.linspace(0, 1, steps)[None, :, None]
    angle = np.maximum(angle, 1e-6)
    weights = np.sin((1 - way) * angle), np.sin(way * angle)
    noise = (weights[0] * first[:, None] + weights[1] * last[:, None]) / np.sin(angle)
    made = [
        _made(generator, given, noise[row].astype(np.float32), [row] * steps, seed, seeding.PATHS)
        for row in range(rows)
    ]
    return np.stack(made)


@dataclass(frozen=True)
class _Sampling:
    """What all groups of a request share; ``group`` may run in several threads at a time."""

    generator: ImageGenerator
    given: Given
    seed: int
    purpose: int

    def group(self, images: Numbers) -> Pixels:
        """Return the images of a group."""
        made = np.empty((len(images), SIZE, SIZE), np.float32)
        for places in seated(images, SEATS):
            anyone = next(iter(places.values()))
            pixels = self._batch([images[places.get(seat, anyone)] for seat in range(SEATS)])
            for seat, place in places.items():
                made[place] = pixels[seat]
        return made

    def _batch(self, images: Numbers) -> Pixels:
        """Return the images of these numbers, one for each seat."""
        noise = [_noise(self.generator, k, self.seed, self.purpose) for k in images]
        return _made(self.generator, self.given, np.stack(noise), images, self.seed, self.purpose)


def _noise(generator: ImageGenerator, image: int, seed: int, purpose: int) -> Pixels:
    """Return the noise of an image, (noise,) float32."""
    stream = seeding.numpy_generator(seed, purpose, int(image))
    return stream.standard_normal(generator.noise, np.float32)


def _made(
    generator: ImageGenerator,
    given: Given,
    noise: Pixels,
    images: Numbers,
    seed: int,
    purpose: int,
) -> Pixels:
    """Return what becomes of noise, (n, noise), under what these images are given."""
    drawn = given.draw(images, seed, purpose)
    rows = generator.layout.pack(
        len(images),
        label=None if drawn.told is None else torch.from_numpy(drawn.told),
        code=None if drawn.codes is None else torch.from_numpy(drawn.codes),
        code_numbers=torch.from_numpy(drawn.numbers) if drawn.numbers.size else None,
    )
    with torch.inference_mode():
        return from_networks(generator(torch.from_numpy(noise), rows))
