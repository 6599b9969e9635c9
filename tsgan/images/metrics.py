"""Figures of generated images, as pure functions of arrays: no judge, no files, no verdicts.

Features and probabilities are a judge's. Pixels are in [0, 1], (n, 28, 28) or (n, pixels).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist

FloatArray = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

LARGEST_CLASS = 500
"""Images of a class whose pairs are looked at, evenly spaced over more: 124,750 pairs."""

NEAR = 0.01
"""Share of test images that are as near to a training image as a copy has to be."""

QUERIES, LIBRARY = 2_048, 4_096
"""Images on either side of one block of distances: 34 MB of them."""


def frechet_distance(first: FloatArray, second: FloatArray) -> float:
    """Return the squared Fréchet distance of two Gaussians with the moments of the features.

    Heusel et al. (2017), eq. 6: ``‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)``, with unbiased
    covariances. It is biased upward by about 1 / n: compare figures of the same n only.

    Args:
        first, second: (n, d) and (m, d) features, n and m at least 2.
    """
    return gaussian_frechet(
        first.mean(axis=0), covariance(first), second.mean(axis=0), covariance(second)
    )


def covariance(features: FloatArray) -> FloatArray:
    """Return the unbiased covariance matrix (d, d) of features (n, d)."""
    centred = features - features.mean(axis=0)
    product: FloatArray = centred.T @ centred / (len(features) - 1)
    return product


def gaussian_frechet(
    first_mean: FloatArray,
    first_covariance: FloatArray,
    second_mean: FloatArray,
    second_covariance: FloatArray,
) -> float:
    """Return the squared Fréchet distance of two Gaussians (Dowson and Landau 1982).

    ``tr (Σ₁ Σ₂)^½`` is the sum of the singular values of ``Σ₁^½ Σ₂^½``: always real, also where a
    covariance is singular, which the root of the product itself is not in floating point.
    """
    product = _root(first_covariance) @ _root(second_covariance)
    mixed = float(np.linalg.svd(product, compute_uv=False).sum())
    shift = first_mean - second_mean
    spread = float(np.trace(first_covariance) + np.trace(second_covariance))
    return max(float(shift @ shift) + spread - 2 * mixed, 0.0)


def _root(matrix: FloatArray) -> FloatArray:
    """Return the symmetric root of a covariance matrix."""
    values, vectors = np.linalg.eigh(matrix)
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def classifier_score(probabilities: FloatArray) -> float:
    """Return ``exp(E KL(p(y|x) ‖ p(y)))`` (Salimans et al. 2016): 1 to the number of classes.

    High where each image is of one class without doubt and every class is there.

    Args:
        probabilities: (n, classes) of each class for each image.
    """
    mean = probabilities.mean(axis=0, keepdims=True)
    ratio = np.divide(probabilities, mean, out=np.ones_like(probabilities), where=probabilities > 0)
    return float(np.exp((probabilities * np.log(ratio)).sum(axis=1).mean()))


def class_shares(labels: Places, classes: int) -> FloatArray:
    """Return the share (classes,) of each class among ``labels`` (n,)."""
    return np.bincount(labels, minlength=classes) / max(len(labels), 1)


def divergence(shares: FloatArray, others: FloatArray) -> float:
    """Return ``KL(shares ‖ others)`` in nats, infinite where ``others`` lacks a class of shares."""
    there = shares > 0
    if np.any(others[there] <= 0):
        return float("inf")
    return max(float(np.sum(shares[there] * np.log(shares[there] / others[there]))), 0.0)


def confusion(asked: Places, judged: Places, classes: int) -> npt.NDArray[np.int64]:
    """Return how many images of each asked-for class (row) were judged to be of each (column)."""
    return np.bincount(asked * classes + judged, minlength=classes**2).reshape(classes, classes)


def class_distances(pixels: Pixels, labels: Places, classes: int) -> FloatArray:
    """Return the mean Euclidean distance of two different images of each class, (classes,).

    In pixels and not in a judge's features: a classifier is trained to forget just what differs
    within a class. NaN where a class has fewer than two images.
    """
    found = np.full(classes, np.nan)
    for place in range(classes):
        members = np.flatnonzero(labels == place)
        if len(members) > 1:
            kept = members[_evenly(len(members), LARGEST_CLASS)]
            found[place] = pdist(_unit(pixels[kept]).astype(np.float64)).mean()
    return found


def diversity(distances: FloatArray, real: FloatArray) -> float:
    """Return the mean distance within a class over the real one: 1 as real, 0 for one image each.

    Args:
        distances, real: (classes,) of ``class_distances``; only classes that have both count, so
            that a missing class is left to the histogram.
    """
    both = np.isfinite(distances) & np.isfinite(real)
    if not both.any() or real[both].sum() <= 0:
        return float("nan")
    return float(distances[both].sum() / real[both].sum())


def nearest(queries: Pixels, library: Pixels | npt.NDArray[np.uint8]) -> tuple[FloatArray, Places]:
    """Return each query's Euclidean distance to its nearest image of the library, and its place.

    The squared distance of x and y is ``‖x‖² + [x, 1] · [−2y, ‖y‖²]``, so that one matrix product
    a block finds the nearest, up to the rounding of float32; its distance is taken in float64.

    Args:
        queries: (n, 28, 28) in [0, 1]; library: (m, 28, 28), m at least 1, the same or bytes.

    Returns:
        Distances (n,) and places in the library (n,).
    """
    flat = _unit(queries)
    centre = flat.mean(axis=0, keepdims=True)
    asked = np.concatenate([flat - centre, np.ones((len(flat), 1), np.float32)], axis=1)
    lowest, places = np.full(len(flat), np.inf), np.zeros(len(flat), np.int64)
    for offset in range(0, len(library), LIBRARY):
        known = _unit(library[offset : offset + LIBRARY]) - centre
        known = np.concatenate([-2 * known, np.square(known).sum(axis=1, keepdims=True)], axis=1)
        for start in range(0, len(flat), QUERIES):
            block = slice(start, start + QUERIES)
            scores = asked[block] @ known.T
            found = scores.argmin(axis=1)
            score = scores[np.arange(len(found)), found]
            places[block] = np.where(score < lowest[block], found + offset, places[block])
            lowest[block] = np.minimum(score, lowest[block])
    apart = flat.astype(np.float64) - _unit(library[places])
    return np.sqrt(np.square(apart).sum(axis=1)), places


def copied_share(distances: FloatArray, real: FloatArray) -> float:
    """Return the share of images nearer to training than 1 % of test images are.

    A generator that does not copy stays near .01, exact copies give 1. NaN where 1 % of the test
    images are training images themselves, so that nothing can be nearer.

    Args:
        distances, real: (n,) and (m,) distances to the nearest training image, of the images in
            question and of test images.
    """
    threshold = float(np.quantile(real, NEAR))
    return float(np.mean(distances < threshold)) if threshold > 0 else float("nan")


def _unit(pixels: Pixels | npt.NDArray[np.uint8]) -> Pixels:
    """Return pixels in [0, 1], or bytes, as (n, pixels) in [0, 1]."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float32, copy=False)
    return flat / np.float32(255) if pixels.dtype == np.uint8 else flat


def _evenly(size: int, most: int) -> Places:
    return np.linspace(0, size - 1, min(size, most)).round().astype(np.int64)
