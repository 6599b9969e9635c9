import json
import math
from pathlib import Path

import numpy as np
import pytest
from image_example import CLASSES, shape_sets

from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import ConfigError, DataError
from tsgan.images import judge as judges
from tsgan.images import judge_training
from tsgan.images.evaluation import evaluate_images
from tsgan.images.intervals import jackknife, share
from tsgan.images.judge import Judge, train_judge
from tsgan.images.reference import Reference, make_reference, unit
from tsgan.images.results import Estimate, ImageEvaluation, verdict, write_image_metrics

SETS = shape_sets()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    with pytest.MonkeyPatch.context() as short:
        short.setattr(judge_training, "LONGEST", 12)
        return train_judge(SETS.training, cache=tmp_path_factory.mktemp("judges"))


@pytest.fixture(scope="module")
def reference(judge: Judge) -> Reference:
    return make_reference(SETS, judge)


@pytest.fixture(scope="module")
def real(reference: Reference) -> ImageEvaluation:
    """The test images themselves as samples."""
    return evaluate_images(SETS, unit(SETS.test), SETS.test.labels, reference=reference)


def verdicts(found: ImageEvaluation) -> dict[str, str]:
    return {row.name: row.verdict for row in found.rows}


def test_test_images_are_as_real_in_every_row(real: ImageEvaluation) -> None:
    assert set(verdicts(real).values()) == {"as real"}
    assert real.row("Fréchet ratio").samples.value == pytest.approx(0.0, abs=1e-6)
    assert real.row("diversity").samples.value == pytest.approx(1.0)
    assert real.row("copied images").samples.value == pytest.approx(0.01, abs=0.005)
    score = real.row("classifier score")
    assert score.samples.value == pytest.approx(score.real.value) == pytest.approx(3, abs=0.15)
    accuracy = real.row("asked-for classes")
    assert accuracy.samples.value == accuracy.real.value == real.judge_accuracy > 0.97
    assert (real.n, real.samples, real.training, real.test) == (300, 300, 600, 300)
    assert real.floors == 2 and real.floor.value > 0 and real.classes == CLASSES


def test_other_images_of_the_kind_are_near_the_floor(reference: Reference) -> None:
    new = shape_sets(1, 300).test
    fresh = Images(new.pixels[:, ::-1].copy(), new.labels, CLASSES)  # upside down: as probable
    found = evaluate_images(SETS, unit(fresh), fresh.labels, reference=reference)
    assert 0.1 < found.row("Fréchet ratio").samples.value < 4
    assert found.count("off") == 0


def test_copies_of_training_images_are_found(reference: Reference) -> None:
    assert SETS.training.labels is not None
    found = evaluate_images(
        SETS, unit(SETS.training)[:300], SETS.training.labels[:300], reference=reference
    )
    assert verdicts(found)["copied images"] == "off"
    assert found.row("copied images").samples.value == 1.0
    np.testing.assert_array_equal(found.shown.nearest, found.shown.neighbours)
    np.testing.assert_array_equal(found.shown.distances, 0.0)
    del (kept := verdicts(found))["copied images"]
    assert "off" not in kept.values()


def test_one_image_a_class_is_no_diversity(reference: Reference) -> None:
    found = evaluate_images(SETS, unit(SETS.test)[np.arange(300) % 3], reference=reference)
    assert found.row("diversity").samples.value == pytest.approx(0.0, abs=1e-9)
    assert verdicts(found)["diversity"] == "off"
    assert found.row("Fréchet ratio").samples.low > 4
    assert found.row("asked-for classes").verdict == "skipped"
    assert "not asked" in found.row("asked-for classes").note
    assert found.shown.confusion is None and found.shown.rows == ()


def test_a_missing_class_is_seen_by_the_histogram(reference: Reference) -> None:
    kept = np.flatnonzero(SETS.test.labels != 2)
    pixels = unit(SETS.test)[np.concatenate([kept, kept[:100]])]
    found = evaluate_images(SETS, pixels, reference=reference)
    row = found.row("classes to uniform")
    assert row.samples.value == pytest.approx(math.log(3) - math.log(2), abs=0.05)
    assert row.verdict == "off" == verdicts(found)["classes to training"]
    assert verdicts(found)["diversity"] == "as real"
    assert found.shown.shares[2] < 0.02


def test_wrong_classes_are_seen_by_the_confusion(reference: Reference) -> None:
    assert SETS.test.labels is not None
    asked = SETS.test.labels.copy()
    asked[:30] = (asked[:30] + 1) % 3
    found = evaluate_images(SETS, unit(SETS.test), asked, reference=reference)
    assert found.row("asked-for classes").samples.value == pytest.approx(0.9, abs=0.02)
    assert found.row("asked-for classes").verdict == "off"
    confusion = found.shown.confusion
    assert confusion is not None and confusion.sum() == 300
    assert confusion[1, 0] == pytest.approx(10, abs=3) and confusion[0, 1] < 5
    assert found.shown.rows == CLASSES and found.shown.grid.shape == (30, 28, 28)


def test_black_images_are_off_and_said_so(reference: Reference) -> None:
    found = evaluate_images(SETS, np.zeros((300, 28, 28)), reference=reference)
    assert any("300 of 300 samples are all of one grey" in text for text in found.warnings)
    for name in ("Fréchet ratio", "classifier score", "diversity", "classes to uniform"):
        assert verdicts(found)[name] == "off"


def test_cautions_notes_and_numbers(judge: Judge, reference: Reference) -> None:
    few = evaluate_images(SETS, unit(SETS.test)[:100], judge=judge, name="few")
    assert few.n == 100 and few.floors == 5 and few.name == "few"
    assert few.warnings[0] == "A note." and any("Only 100 images" in x for x in few.warnings)
    labels = np.roll(SETS.test.labels, 1)  # a judge that errs
    wrong = ImageSets(SETS.training, Images(SETS.test.pixels, labels, CLASSES))
    found = evaluate_images(wrong, unit(SETS.test), judge=judge)
    assert any("right about only" in text for text in found.warnings)


def test_of_many_samples_some_are_chosen_at_random(judge: Judge, reference: Reference) -> None:
    ordered = np.argsort(SETS.test.labels, kind="stable")  # as from folders, class by class
    test = Images(SETS.test.pixels[ordered], SETS.test.labels[ordered], CLASSES)
    sets = ImageSets(SETS.training, test)
    many = np.concatenate([unit(test), unit(test)])
    found = evaluate_images(sets, many, judge=judge, n=90)
    assert (found.n, found.samples, found.floors) == (90, 600, 5)
    assert found.shown.shares.min() > 0.15
    assert found.row("classes to uniform").real.value < 0.1
    again = evaluate_images(sets, many, judge=judge, n=90)
    assert again.to_dict() == found.to_dict()
    other = evaluate_images(sets, many, judge=judge, n=90, seed=1)
    assert other.frechet != found.frechet


def test_reference_made_before_gives_the_same(judge: Judge, real: ImageEvaluation) -> None:
    found = evaluate_images(SETS, unit(SETS.test), SETS.test.labels, judge)
    assert found.to_dict() == real.to_dict()


def test_judge_is_trained_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, real: ImageEvaluation
) -> None:
    monkeypatch.setattr(judges, "train", lambda *_: judge.network)
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path))
    told: list[tuple[str, float]] = []
    found = evaluate_images(
        SETS, unit(SETS.test), SETS.test.labels, progress=lambda *one: told.append(one)
    )
    assert found.frechet == real.frechet and len(list(tmp_path.rglob("*.safetensors"))) == 1
    shares = [part for _, part in told]
    assert shares == sorted(shares) and told[-1] == ("evaluated", 1.0)


SAMPLES = np.full((60, 28, 28), 0.5)


def spoiled(value: float) -> np.ndarray:
    pixels = SAMPLES.copy()
    pixels[7, 3, 3] = value
    return pixels


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((60, 784)), r"expected numbers \(images, 28, 28\), got float64 \(60, 784\)"),
        (np.zeros((60, 28, 28), complex), "got complex128"),
        (np.zeros((49, 28, 28)), "at least 50 images, got 49"),
        (spoiled(math.nan), "image 8: a pixel is no number"),
        (spoiled(200.0), r"in \[0, 1\], got 0.5 to 200; divide by 255"),
        (spoiled(-1.0), "got -1 to 0.5; halve them"),
        ([["a"]], "expected numbers"),
    ],
)
def test_samples_that_are_no_images(samples, words: str, reference: Reference) -> None:
    with pytest.raises(DataError, match=words):
        evaluate_images(SETS, samples, reference=reference)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (np.zeros(299, int), r"each of 300 samples, got int64 \(299,\)"),
        (np.zeros(300), "got float64"),
        (np.arange(300) % 4, "image 4: expected a place from 0 to 2, got 3"),
        (-np.ones(300, int), "got -1; the classes are bar, cross, ring"),
    ],
)
def test_asked_classes_that_are_none(asked, words: str, reference: Reference) -> None:
    with pytest.raises(DataError, match=words):
        evaluate_images(SETS, unit(SETS.test), asked, reference=reference)


def test_numbers_of_images_that_do_not_fit(judge: Judge, reference: Reference) -> None:
    with pytest.raises(ConfigError, match="one of at most 60 images"):
        evaluate_images(SETS, SAMPLES, reference=reference)
    with pytest.raises(ConfigError, match="n: expected at least 50"):
        evaluate_images(SETS, SAMPLES, judge=judge, n=49)
    with pytest.raises(DataError, match="shapes 2: expected at least 50 images"):
        evaluate_images(shape_sets(600, 49), SAMPLES, judge=judge)


def test_json_is_strict_and_says_all(real: ImageEvaluation, tmp_path: Path) -> None:
    write_image_metrics(tmp_path / "metrics.json", real)

    def refuse(text: str) -> None:
        raise AssertionError(text)

    found = json.loads((tmp_path / "metrics.json").read_text("utf-8"), parse_constant=refuse)
    assert found["kind"] == "images" and found["compared"] == 300 and found["schema"] == 1
    assert [one["name"] for one in found["metrics"]] == [row.name for row in real.rows]
    score = found["metrics"][1]
    assert score["close"][1] is None and len(score["interval"]) == 2
    assert found["verdicts"] == {"as_real": 7, "close": 0, "off": 0, "skipped": 0}
    assert np.sum(found["confusion"]) == 300 and len(found["class_shares"]["samples"]) == 3


@pytest.mark.parametrize(
    ("better", "figures"),
    [
        ("lower", {0.5: "as real", 1.0: "as real", 1.4: "as real", 3.0: "close", 5.0: "off"}),
        ("higher", {9.0: "as real", 0.8: "as real", 0.5: "close", -1.0: "off"}),
        ("near", {1.0: "as real", 0.5: "close", 3.0: "close", 5.0: "off", -1.0: "off"}),
    ],
)
def test_verdicts(better, figures: dict[float, str]) -> None:
    real = Estimate(1.0, 0.9, 1.1)
    for value, expected in figures.items():
        samples = Estimate(value, value - 0.3, value + 0.3)
        assert verdict(samples, real, (0.0, 4.0), better) == expected
    assert verdict(Estimate(math.nan, 0, 0), real, (0, 4), better) == "skipped"


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    generator = np.random.default_rng(0)
    inside, widths = 0, []
    for _ in range(200):
        x = 5 + 2 * generator.standard_normal(100)
        found = jackknife(lambda k, x=x: float(x[k].mean()), 100, generator)
        assert found.value == pytest.approx(x.mean())
        inside += found.low <= 5 <= found.high
        widths.append((found.high - found.low) / 2 / 2.262)
    assert inside / 200 == pytest.approx(0.95, abs=0.04)
    assert np.mean(widths) == pytest.approx(0.2, rel=0.1)  # σ / √n
    assert jackknife(lambda _: 1.0, 50, generator) == Estimate(1.0, 1.0, 1.0)


def test_jackknife_cuts_groups_at_random() -> None:
    period = np.arange(1_000) % 10  # digits in turn: every tenth image would be one class
    sizes: list[np.ndarray] = []
    jackknife(
        lambda k: sizes.append(np.bincount(period[k])) or 1.0, 1_000, np.random.default_rng(0)
    )
    assert len(sizes) == 11 and all(found.min() > 75 for found in sizes)
    assert all(found.sum() == 900 for found in sizes[1:])


def test_share_has_the_interval_of_wilson() -> None:
    found = share(10, 100)  # Newcombe (1998)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.0552, 0.1744), abs=1e-4)
    assert share(0, 100).high == pytest.approx(0.037, abs=1e-3) and share(0, 100).low >= 0
    assert share(100, 100).low == pytest.approx(0.963, abs=1e-3)
