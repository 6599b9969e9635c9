import math

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from tsgan.images import metrics
from tsgan.images.metrics import (
    class_distances,
    class_shares,
    classifier_score,
    confusion,
    copied_share,
    covariance,
    divergence,
    diversity,
    frechet_distance,
    gaussian_frechet,
    nearest,
)


def spd(size: int, seed: int, rank: int | None = None) -> np.ndarray:
    root = np.random.default_rng(seed).standard_normal((size, rank or size))
    return root @ root.T


def images(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 28, 28), np.float32)


@pytest.mark.parametrize(
    ("shift", "first", "second"), [(0, 1, 1), (3, 1, 2), (-1, 0, 4), (2, 0, 0)]
)
def test_frechet_of_two_normal_variables(shift: float, first: float, second: float) -> None:
    found = gaussian_frechet(
        np.zeros(1), np.array([[first**2.0]]), np.array([shift]), np.array([[second**2.0]])
    )
    assert found == pytest.approx(shift**2 + (first - second) ** 2, abs=1e-12)


def test_frechet_of_independent_coordinates_is_the_sum_of_theirs() -> None:
    generator = np.random.default_rng(0)
    means, deviations = generator.standard_normal((2, 6)), generator.random((2, 6))
    found = gaussian_frechet(
        means[0], np.diag(deviations[0] ** 2), means[1], np.diag(deviations[1] ** 2)
    )
    expected = np.sum((means[0] - means[1]) ** 2 + (deviations[0] - deviations[1]) ** 2)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_frechet_agrees_with_the_matrix_root_of_scipy(seed: int) -> None:
    first, second = spd(12, seed), spd(12, seed + 50)
    expected = np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    zero = np.zeros(12)
    assert gaussian_frechet(zero, first, zero, second) == pytest.approx(expected)
    assert gaussian_frechet(zero, second, zero, first) == pytest.approx(expected)


def test_frechet_of_singular_covariances_is_finite_and_right() -> None:
    line = np.zeros((5, 5))
    line[0, 0] = 4.0
    other = np.zeros((5, 5))
    other[1, 1] = 9.0
    zero = np.zeros(5)
    assert gaussian_frechet(zero, line, zero, other) == pytest.approx(13.0)  # orthogonal lines
    assert gaussian_frechet(zero, line, zero, line) == pytest.approx(0.0, abs=1e-12)
    low = spd(20, 1, rank=3)
    assert gaussian_frechet(np.zeros(20), low, np.zeros(20), 4 * low) == pytest.approx(
        np.trace(low)
    )


def test_frechet_of_features_has_their_moments_and_no_direction() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.standard_normal((300, 5)), 2 + generator.standard_normal((200, 5))
    np.testing.assert_allclose(covariance(first), np.cov(first.T))
    found = frechet_distance(first, second)
    expected = gaussian_frechet(first.mean(0), np.cov(first.T), second.mean(0), np.cov(second.T))
    assert found == pytest.approx(expected)
    turned, _ = np.linalg.qr(generator.standard_normal((5, 5)))
    assert frechet_distance(first @ turned, second @ turned) == pytest.approx(found)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    assert found == pytest.approx(20.0, rel=0.1)  # 5 coordinates, each 2 apart


def test_frechet_of_equal_distributions_falls_with_the_number() -> None:
    generator = np.random.default_rng(3)
    small, large = (
        np.mean([frechet_distance(*generator.standard_normal((2, n, 8))) for _ in range(10)])
        for n in (100, 400)
    )
    assert small / large == pytest.approx(4.0, rel=0.25)  # the bias is about 1 / n


def test_score_of_sure_and_balanced_classes_is_their_number() -> None:
    assert classifier_score(np.eye(10)[np.arange(200) % 10]) == pytest.approx(10.0)
    assert classifier_score(np.eye(10)[np.zeros(50, int)]) == pytest.approx(1.0)
    assert classifier_score(np.full((50, 10), 0.1)) == pytest.approx(1.0)


def test_score_by_the_formula() -> None:
    found = classifier_score(np.array([[0.9, 0.1], [0.3, 0.7]]))
    expected = [entropy([0.9, 0.1], [0.6, 0.4]), entropy([0.3, 0.7], [0.6, 0.4])]
    assert found == pytest.approx(math.exp(np.mean(expected)))


def test_shares_and_divergence() -> None:
    shares = class_shares(np.array([0, 0, 1, 3]), 4)
    np.testing.assert_allclose(shares, [0.5, 0.25, 0.0, 0.25])
    others = np.array([0.1, 0.2, 0.3, 0.4])
    assert divergence(shares, others) == pytest.approx(entropy(shares, others))
    assert divergence(np.eye(10)[3], np.full(10, 0.1)) == pytest.approx(math.log(10))
    assert divergence(others, others) == 0.0
    assert divergence(others, shares) == math.inf


def test_confusion_has_asked_rows_and_judged_columns() -> None:
    found = confusion(np.array([0, 0, 2, 2, 2]), np.array([0, 1, 2, 2, 0]), 3)
    np.testing.assert_array_equal(found, [[1, 1, 0], [0, 0, 0], [1, 0, 2]])


def test_distances_within_classes() -> None:
    pixels = np.zeros((6, 28, 28), np.float32)
    pixels[1, 0, 0], pixels[2, 0, :2] = 1.0, 1.0  # of class 0: distances 1, √2, 1
    pixels[4, :, :] = 0.5  # of class 1: distance 14
    found = class_distances(pixels, np.array([0, 0, 0, 1, 1, 2]), 4)
    np.testing.assert_allclose(found[:2], [(2 + math.sqrt(2)) / 3, 14.0])
    assert np.isnan(found[2:]).all()  # one image, no image


def test_pairs_of_a_large_class_are_looked_at_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.zeros((1000, 28, 28), np.float32)
    pixels[500:] = 1.0  # half of all pairs are 28 apart
    monkeypatch.setattr(metrics, "LARGEST_CLASS", 50)
    found = class_distances(pixels, np.zeros(1000, np.int64), 1)
    assert found[0] == pytest.approx(28 * 25 * 25 / (50 * 49 / 2))


def test_diversity_of_a_collapsed_generator_is_0_and_of_real_images_1() -> None:
    first, second = images(200, 1), images(200, 2)
    labels = np.arange(200) % 4
    real = class_distances(first, labels, 4)
    assert diversity(class_distances(second, labels, 4), real) == pytest.approx(1.0, abs=0.01)
    assert diversity(class_distances(first[labels], labels, 4), real) == pytest.approx(0.0)
    assert diversity(class_distances(first / 2, labels, 4), real) == pytest.approx(0.5)
    half = np.where(labels < 2, labels, 3)
    assert diversity(class_distances(first, half, 4), real) == pytest.approx(1.0, abs=0.01)
    assert math.isnan(diversity(np.full(4, math.nan), real))


@pytest.mark.parametrize("block", [(7, 11), (2_048, 4_096)])
def test_nearest_agrees_with_all_distances(
    block: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "QUERIES", block[0])
    monkeypatch.setattr(metrics, "LIBRARY", block[1])
    queries, library = images(40, 1), images(100, 2)
    queries[5] = library[93]
    every = cdist(queries.reshape(40, -1), library.reshape(100, -1))
    distances, places = nearest(queries, library)
    np.testing.assert_array_equal(places, every.argmin(axis=1))
    np.testing.assert_allclose(distances, every.min(axis=1), rtol=1e-6)
    assert distances[5] == 0.0


def test_nearest_knows_bytes() -> None:
    library = (255 * images(30, 3)).astype(np.uint8)
    distances, places = nearest(library[[4, 20]].astype(np.float32) / 255, library)
    np.testing.assert_array_equal(places, [4, 20])
    np.testing.assert_array_equal(distances, 0.0)


def test_copied_share() -> None:
    real = np.linspace(1, 2, 1001)
    assert copied_share(real, real) == pytest.approx(0.01, abs=0.001)
    assert copied_share(np.zeros(50), real) == 1.0
    assert copied_share(np.full(50, 3.0), real) == 0.0
    assert copied_share(np.array([1.005, 1.015, 2, 3]), real) == 0.25
    assert math.isnan(copied_share(real, np.zeros(100)))
