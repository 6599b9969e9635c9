from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from image_example import CLASSES, shapes

from tsgan.data.image_sets import Images
from tsgan.data.images import read_images
from tsgan.errors import DataError
from tsgan.images import judge as judges
from tsgan.images import judge_training
from tsgan.images.judge import Judge, train_judge

MNIST = Path(__file__).parents[2] / "shared/data/mnist"


@pytest.fixture(scope="module")
def training() -> Images:
    return shapes(256, 1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache") / "judges"


@pytest.fixture(scope="module")
def judge(training: Images, cache: Path) -> Judge:
    """A judge that was trained and kept."""
    return train_judge(training, cache=cache)


def unit(images: Images) -> np.ndarray:
    return images.pixels.astype(np.float32) / 255


def forbidden(*_: object) -> None:
    raise AssertionError("a kept judge is not trained again")


def test_judge_tells_images_apart_that_it_has_not_seen(judge: Judge) -> None:
    test = shapes(150, 2)
    assert np.mean(judge.predicted(unit(test)) == test.labels) > 0.97
    assert judge.classes == CLASSES and judge.seconds > 0 and judge.notes == ()


def test_features_and_probabilities_belong_together(judge: Judge) -> None:
    pixels = unit(shapes(1_100, 3))  # more than are looked at together
    features, probabilities = judge.look(pixels)
    assert features.shape == (1_100, 64) and features.min() >= 0 and features.dtype == np.float64
    assert probabilities.shape == (1_100, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    weight, bias = (x.detach().double().numpy() for x in judge.network.last.parameters())
    scores = np.exp(features @ weight.T + bias)
    np.testing.assert_allclose(probabilities, scores / scores.sum(1, keepdims=True), rtol=1e-3)
    np.testing.assert_array_equal(judge.features(pixels), features)
    np.testing.assert_allclose(judge.features(pixels[700:703]), features[700:703], atol=1e-4)
    assert judge.look(pixels[:0])[0].shape == (0, 64)


def test_same_seed_gives_the_same_judge_and_another_another(
    training: Images, judge: Judge, tmp_path: Path
) -> None:
    pixels = unit(shapes(20, 4))
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    again = train_judge(training, cache=tmp_path)
    other = train_judge(training, seed=1, cache=tmp_path)
    np.testing.assert_array_equal(again.features(pixels), judge.features(pixels))
    assert not np.allclose(other.features(pixels), judge.features(pixels))
    assert torch.equal(torch.random.get_rng_state(), state) and torch.get_num_threads() == threads
    assert len(list(tmp_path.iterdir())) == 2


def test_kept_judge_is_the_same(
    training: Images, judge: Judge, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "train", forbidden)
    state = torch.random.get_rng_state()
    kept = train_judge(training, cache=cache)
    pixels = unit(shapes(20, 5))
    np.testing.assert_array_equal(kept.features(pixels), judge.features(pixels))
    assert (kept.classes, kept.seconds) == (judge.classes, judge.seconds)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_other_images_labels_names_or_version_have_another_judge(
    training: Images, cache: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "train", forbidden)
    pixels, labels = training.pixels.copy(), training.labels
    pixels[0, 0, 0] ^= 1
    assert labels is not None
    for other in (
        replace(training, pixels=pixels),
        replace(training, labels=np.roll(labels, 1)),
        replace(training, classes=("a", "b", "c")),
    ):
        with pytest.raises(AssertionError):
            train_judge(other, cache=cache)
    monkeypatch.setattr(judges, "VERSION", 99)
    with pytest.raises(AssertionError):
        train_judge(training, cache=cache)


def flipped(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


def unsigned(content: bytes) -> bytes:
    return safetensors.torch.save(safetensors.torch.load(content))


@pytest.mark.parametrize(
    "damage", [flipped, unsigned, lambda x: x[:-9], lambda _: b"", lambda _: b"<html>" * 99]
)
def test_damaged_judge_is_trained_anew(
    damage,
    training: Images,
    judge: Judge,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (kept,) = [file for file in cache.iterdir() if file.name.endswith("-0.safetensors")]
    file = tmp_path / kept.name
    file.write_bytes(damage(kept.read_bytes()))
    trained: list[int] = []
    monkeypatch.setattr(judges, "train", lambda *_: trained.append(1) or judge.network)
    train_judge(training, cache=tmp_path)
    weights = safetensors.torch.load(file.read_bytes())  # and whole again
    assert trained == [1] and weights.keys() == judge.network.state_dict().keys()
    train_judge(training, cache=tmp_path)
    assert trained == [1]


def test_judge_that_cannot_be_kept_says_so(
    training: Images, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "train", lambda *_: judge.network)
    (tmp_path / "file").write_text("no folder")
    found = train_judge(training, cache=tmp_path / "file")
    assert "could not be kept" in found.notes[0]


def test_default_cache_is_the_users(
    training: Images, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "train", lambda *_: judge.network)
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path))
    train_judge(training)
    assert len(list((tmp_path / "judges").glob("*.safetensors"))) == 1


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (shapes(100, 1, labels=False), "shapes 1: expected training images with labels"),
        (shapes(19, 1), "at least 20 training images of 2 classes for the judge, found 19 of 3"),
        (Images(shapes(30, 1).pixels, np.zeros(30, np.int64), ("a", "b")), "found 30 of 1"),
    ],
)
def test_what_no_judge_can_learn_from(images: Images, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        train_judge(images, cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_training_images_are_shifted_by_two_pixels_at_most() -> None:
    image = torch.zeros(1, 32, 32)
    image[0, 16, 16] = 255
    stream = torch.Generator().manual_seed(0)
    cut = judge_training._shifted(image, torch.zeros(2_000, dtype=torch.int64), stream)
    where = cut.nonzero()
    assert cut.shape == (2_000, 28, 28) and len(where) == 2_000 and cut.max() == 1.0
    assert where[:, 1].unique().tolist() == where[:, 2].unique().tolist() == [12, 13, 14, 15, 16]
    assert len(where[:, 1:].unique(dim=0)) == 25


def test_progress_is_told(training: Images, tmp_path: Path) -> None:
    told: list[float] = []
    few = Images(training.pixels[:64], training.labels[:64], training.classes)
    train_judge(few, cache=tmp_path, progress=lambda _, share: told.append(share))
    assert told == [0.0, 0.5]  # 40 steps, told every 20


@pytest.mark.skipif(not MNIST.is_dir(), reason="needs shared/data/mnist beside the repository")
def test_judge_of_a_thousand_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_training, "STEPS", 80)
    sets = read_images(MNIST)
    every, labels = sets.training, sets.training.labels
    assert labels is not None
    few = Images(every.pixels[:1_024], labels[:1_024], every.classes, "a thousand")
    found = train_judge(few, cache=tmp_path).predicted(unit(sets.test)[:2_000])
    assert np.mean(found == sets.test.labels[:2_000]) > 0.93
