"""What real images score by the same figures: floors and ceilings, taken once for all samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import ConfigError, DataError
from tsgan.images import metrics
from tsgan.images.intervals import GROUPS, jackknife, share
from tsgan.images.judge import Judge, likeliest
from tsgan.images.metrics import FloatArray, Pixels, Places
from tsgan.images.results import NOTHING, Estimate
from tsgan.seeding import numpy_generator

FEWEST = 5 * GROUPS
"""Fewest images that are compared."""

FLOORS = 5
"""At most so many disjoint sets of training images give the floor."""

STREAM = 41
"""First integer of the streams that choose images."""
CHOICE, CUTS, SAMPLES = range(3)

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Reference:
    """Real images beside which samples are put.

    Attributes:
        sets: of images; judge: trained on ``sets.training``; seed: of the choice of images.
        n: number of images that are compared.
        pixels: (n, 28, 28) the chosen test images in [0, 1].
        features: (n, d) of them; judged: (n,) their classes, as judged.
        accuracy: share of all test images that the judge is right about.
        floor: Fréchet distance of training to test images, the mean of ``floors`` disjoint sets.
        score: classifier score of the test images.
        spread: diversity of training images over the test images.
        distances: (classes,) mean distance within each class of the test images.
        neighbours: (n,) distance of each test image to its nearest training image.
        shares: (classes,) of the training images by their labels.
    """

    sets: ImageSets
    judge: Judge
    seed: int
    n: int
    pixels: Pixels
    features: FloatArray
    judged: Places
    accuracy: Estimate
    floor: Estimate
    floors: int
    score: Estimate
    spread: Estimate
    distances: FloatArray
    neighbours: FloatArray
    shares: FloatArray

    def generator(self, *name: int) -> np.random.Generator:
        """Return the random stream of a purpose."""
        return numpy_generator(self.seed, STREAM, *name)

    def estimate(self, statistic: Callable[[Places], float]) -> Estimate:
        """Return a figure of ``n`` images with its interval, see ``intervals.jackknife``."""
        return jackknife(statistic, self.n, self.generator(CUTS))


def make_reference(
    sets: ImageSets,
    judge: Judge,
    *,
    n: int = 10_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Reference:
    """Return what real images score: to be made once where several sets of samples are judged.

    Args:
        sets: with labels.
        judge: trained on ``sets.training``.
        n: images to compare; fewer where there are fewer test or training images.
        seed: chooses them at random.
        progress: told what is being done and the share that is done, 0..1.

    Raises:
        DataError: if there are too few images. ConfigError: if ``n`` is too small.
    """
    report = progress or (lambda _message, _share: None)
    size = _size(sets, n)
    test_order, training_order = (
        numpy_generator(seed, STREAM, CHOICE, k).permutation(len(images))
        for k, images in enumerate((sets.test, sets.training))
    )
    report("judging test images", 0.0)
    features, probabilities = judge.look(unit(sets.test))
    correct = _correct(sets.test, probabilities)
    chosen = np.sort(test_order[:size])
    pixels, features, probabilities = (
        unit(sets.test, chosen),
        features[chosen],
        probabilities[chosen],
    )
    judged = likeliest(probabilities)
    classes = len(judge.classes)
    distances = metrics.class_distances(pixels, judged, classes)
    cuts = numpy_generator(seed, STREAM, CUTS)
    report("judging training images", 0.1)
    floor, floors = _floor(sets.training, training_order, judge, features, cuts)
    real = unit(sets.training, np.sort(training_order[:size]))
    kinds = judge.predicted(real)
    report("looking for the nearest training images of test images", 0.5)
    return Reference(
        sets=sets,
        judge=judge,
        seed=seed,
        n=size,
        pixels=pixels,
        features=features,
        judged=judged,
        accuracy=correct,
        floor=floor,
        floors=floors,
        score=jackknife(lambda k: metrics.classifier_score(probabilities[k]), size, cuts),
        spread=jackknife(lambda k: spread(real[k], kinds[k], distances), size, cuts),
        distances=distances,
        neighbours=metrics.nearest(pixels, sets.training.pixels)[0],
        shares=class_shares(sets.training, classes),
    )


def spread(pixels: Pixels, judged: Places, real: FloatArray) -> float:
    """Return the diversity of images over real distances within each class, (classes,)."""
    return metrics.diversity(metrics.class_distances(pixels, judged, len(real)), real)


def unit(images: Images, places: Places | None = None) -> Pixels:
    """Return all images, or those at the places, as float32 in [0, 1]."""
    pixels = images.pixels if places is None else images.pixels[places]
    return pixels.astype(np.float32) / np.float32(255)


def class_shares(images: Images, classes: int) -> FloatArray:
    """Return the share of each class by the labels; NaN without labels."""
    if images.labels is None:
        return np.full(classes, np.nan)
    return metrics.class_shares(images.labels, classes)


def _size(sets: ImageSets, n: int) -> int:
    if n < FEWEST:
        raise ConfigError(f"n: expected at least {FEWEST} images to compare, got {n}; ask for more")
    for images in (sets.test, sets.training):
        if len(images) < FEWEST:
            raise DataError(
                f"{images.source}: expected at least {FEWEST} images to compare samples with, "
                f"found {len(images)}; add images"
            )
    return min(n, len(sets.test), len(sets.training))


def _correct(images: Images, probabilities: FloatArray) -> Estimate:
    if images.labels is None:
        return NOTHING
    return share(int(np.sum(probabilities.argmax(axis=1) == images.labels)), len(images))


def _floor(
    training: Images, order: Places, judge: Judge, test: FloatArray, cuts: np.random.Generator
) -> tuple[Estimate, int]:
    """Return the mean Fréchet distance of disjoint training sets to test features, and how many.

    Its interval is that of one set about the mean: what one set of samples is to be held against.
    From the sets themselves where there are three; by the jackknife, which is wider, else.
    """
    size = len(test)
    sets = [order[k * size : (k + 1) * size] for k in range(min(FLOORS, len(order) // size))]
    features = [judge.features(unit(training, np.sort(places))) for places in sets]
    found = [metrics.frechet_distance(one, test) for one in features]
    mean = float(np.mean(found))
    if len(found) > 2:
        reach = float(student.ppf(0.975, len(found) - 1) * np.std(found, ddof=1))
        return Estimate(mean, max(mean - reach, 0.0), mean + reach), len(found)
    first = features[0]
    one = jackknife(lambda k: metrics.frechet_distance(first[k], test), size, cuts)
    reach = one.high - one.value
    return Estimate(mean, max(mean - reach, 0.0), mean + reach), len(found)
