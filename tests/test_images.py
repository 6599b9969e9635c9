"""Sets of images: what they demand of arrays, folders of idx files, and the sample."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tsgan.data.image_sets import hold_out
from tsgan.data.images import Images, ImageSets, read_images
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"
SAMPLES = Path(__file__).parents[1] / "data" / "samples"
NAMES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}
DIGITS = tuple("0123456789")
SAMPLE_DIGEST = "cc6d63a5bb57f0e4be86fe47af077be2"


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"../shared/data/{name} is not on this machine")
    return SHARED / name


def pictures(count: int, side: int = 28, seed: int = 0) -> NDArray[np.uint8]:
    """Return noise in the middle of black."""
    pixels = np.zeros((count, side, side), np.uint8)
    inner = slice(side // 4, -(side // 4))
    shape = pixels[:, inner, inner].shape
    pixels[:, inner, inner] = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return pixels


def write_idx(path: Path, values: NDArray[Any] | Sequence[int]) -> None:
    array = np.asarray(values, np.uint8)
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    content += array.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_folder(folder: Path, suffix: str = "", **parts: Any) -> Path:
    """Write parts such as ``train_images``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in parts.items():
        part, kind = name.split("_")
        write_idx(folder / (NAMES[part, kind] + suffix), values)
    return folder


# what Images demands


def test_images_know_size_digest_and_classes() -> None:
    pixels, labels = pictures(3), np.array([1, 0, 1], np.int64)
    images = Images(pixels, labels, ("a", "b"), "here")
    assert len(images) == 3
    expected = hashlib.sha256(pixels.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
    assert images.sha256 == expected == Images(pixels.copy(), labels, ("c", "d")).sha256
    bare = images.without_labels()
    assert bare.labels is None and bare.classes == () and bare.source == "here"
    assert bare.sha256 == hashlib.sha256(pixels.tobytes()).hexdigest()
    assert Images(np.asfortranarray(pixels)).sha256 == bare.sha256
    other = Images(pixels, labels[::-1].copy(), ("a", "b")).sha256
    assert other == images.sha256 and Images(pixels, 1 - labels, ("a", "b")).sha256 != other


GOOD = np.zeros((2, 28, 28), np.uint8)
ZEROS = np.zeros(2, np.int64)


@pytest.mark.parametrize(
    ("pixels", "labels", "classes", "said"),
    [
        (GOOD / 255, None, (), r"pixels: expected an array of uint8 .* got float64 \(2, 28, 28\)"),
        (GOOD.astype(np.int64), None, (), "pixels: .* got int64"),
        (GOOD[:, :, :27], None, (), r"pixels: .* got uint8 \(2, 28, 27\)"),
        (GOOD[:, None], None, (), r"pixels: .* got uint8 \(2, 1, 28, 28\); scale to 0..255"),
        (GOOD.tolist(), None, (), "pixels: .* got list"),
        (GOOD[:0], None, (), "expected images, found none"),
        (GOOD, None, ("a",), "classes: expected none without labels, got 1"),
        (GOOD, ZEROS, (), "classes: expected a tuple of 1 to 100 different names"),
        (GOOD, ZEROS, ["a"], "classes: expected a tuple"),
        (GOOD, ZEROS, None, "classes: expected a tuple"),
        (GOOD, ZEROS, ("a", "a"), "classes: .* different names"),
        (GOOD, ZEROS, (0, 1), "classes: .* different names"),
        (GOOD, ZEROS, ("", "b"), "classes: .* different names"),
        (GOOD, ZEROS, tuple(map(str, range(101))), "classes: expected a tuple of 1 to 100"),
        (GOOD, ZEROS[:1], ("a",), r"labels: expected an array of int64 \(2,\).* got int64 \(1,\)"),
        (GOOD, ZEROS.astype(np.uint8), ("a",), r"labels: .* got uint8 \(2,\); convert"),
        (GOOD, [0, 0], ("a",), "labels: .* got list"),
        (
            GOOD,
            np.array([0, 1]),
            ("a",),
            "label 2: expected a place in the 1 classes, 0 to 0, got 1",
        ),
        (GOOD, np.array([0, -1]), ("a",), "label 2: .* got -1; correct it"),
    ],
)
def test_arrays_that_are_no_images_are_refused(
    pixels: Any, labels: Any, classes: Any, said: str
) -> None:
    with pytest.raises(DataError, match=f"^here.*{said}"):
        Images(pixels, labels, classes, "here")


def test_sets_of_different_classes_are_refused() -> None:
    labelled = Images(GOOD, ZEROS, ("a",), "left")
    with pytest.raises(DataError, match=r"^right, classes: expected those of left \(a\), found no"):
        ImageSets(labelled, Images(GOOD, source="right"))
    with pytest.raises(DataError, match="label both in the same way"):
        ImageSets(labelled, Images(GOOD, ZEROS, ("b",)))


# what is held out


def test_a_sixth_of_each_class_is_held_out() -> None:
    labels = np.repeat(np.arange(3), (60, 7, 1)).astype(np.int64)
    pixels = pictures(68)
    pixels[:, 0, 0] = np.arange(68)
    learned, tested, note = hold_out(Images(pixels, labels, ("a", "b", "c"), "here"))
    assert np.bincount(tested.labels, minlength=3).tolist() == [10, 1, 0]  # type: ignore[arg-type]
    order = np.concatenate([learned.pixels[:, 0, 0], tested.pixels[:, 0, 0]])
    assert sorted(order.tolist()) == list(range(68))
    for part in (learned, tested):
        assert part.labels is not None
        assert np.array_equal(part.labels, labels[part.pixels[:, 0, 0]])
        assert part.classes == ("a", "b", "c") and part.source.startswith("here, ")
    held = tested.pixels[:, 0, 0]
    assert not np.array_equal(held[:10], np.arange(10)) and (np.diff(held[:10]) > 1).any()
    assert "11 of 68 are held out at random, one in 6 of each class" in note
    again = hold_out(Images(pixels, labels, ("a", "b", "c")))
    assert again[1].sha256 == tested.sha256


def test_a_sixth_is_held_out_without_classes() -> None:
    learned, tested, note = hold_out(Images(pictures(12)))
    assert (len(learned), len(tested)) == (10, 2) and tested.labels is None
    assert note.endswith("2 of 12 are held out at random, one in 6.")
    assert [len(part) for part in hold_out(Images(pictures(2)))[:2]] == [1, 1]


def test_too_few_images_to_hold_out_are_refused() -> None:
    with pytest.raises(DataError, match=r"two or more images of a class, .* found 2 in all"):
        hold_out(Images(pictures(2), np.array([0, 1]), ("a", "b")))


# folders of idx files


def test_mnist_is_read_as_it_is() -> None:
    folder = shared("mnist")
    told: list[tuple[str, float]] = []
    sets = read_images(folder, progress=lambda *what: told.append(what))
    assert (len(sets.training), len(sets.test), sets.notes) == (60_000, 10_000, ())
    assert sets.training.classes == sets.test.classes == DIGITS
    raw = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert sets.test.pixels.tobytes() == raw[16:]
    assert sets.test.labels is not None and sets.training.labels is not None
    raw = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
    assert sets.training.labels.tolist() == list(raw[8:])
    # as is told of MNIST everywhere
    assert np.bincount(sets.training.labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert abs(sets.training.pixels.mean() / 255 - 0.1307) < 5e-5
    assert abs(sets.training.pixels.std() / 255 - 0.3081) < 5e-5
    assert told[-1][1] == 1 and all(a[1] <= b[1] for a, b in pairwise(told))


TRAIN, TEST = pictures(20), pictures(10, seed=1)
LABELS = list(range(10)) * 2


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name,
        lambda name: name + ".gz",
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.replace("-idx", ".idx") + ".gz",
        lambda name: name.replace("t10k", "test").upper(),
        lambda name: f"emnist-digits-{name.replace('t10k', 'test')}.gz",
        lambda name: f"raw/{name}",
        lambda name: f"MNIST/raw/{name}",
    ],
)
def test_names_that_are_about(tmp_path: Path, rename: Any) -> None:
    values: dict[tuple[str, str], Any] = {("train", "images"): TRAIN, ("train", "labels"): LABELS}
    values |= {("test", "images"): TEST, ("test", "labels"): LABELS[:10]}
    for key, name in NAMES.items():
        write_idx(tmp_path / rename(name), values[key])
    for litter in (".DS_Store", "._train-images-idx3-ubyte"):
        (tmp_path / litter).write_bytes(b"\0")
    (tmp_path / "README.txt").write_text("train-images-idx3-ubyte")
    sets = read_images(str(tmp_path))
    assert np.array_equal(sets.training.pixels, TRAIN)
    assert np.array_equal(sets.test.pixels, TEST)
    assert sets.training.labels is not None and sets.training.labels.tolist() == LABELS
    assert sets.training.classes == DIGITS and sets.notes == ()


def test_a_file_that_is_there_raw_too_is_read_once(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=TRAIN, test_images=TEST)
    (tmp_path / (NAMES["train", "images"] + ".gz")).write_bytes(b"damaged")
    assert np.array_equal(read_images(tmp_path).training.pixels, TRAIN)


def test_files_in_the_folder_itself_come_first(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=TRAIN)
    write_folder(tmp_path / "raw", train_images=TEST, test_images=TEST, train_labels=LABELS)
    assert len(read_images(tmp_path).training) + len(read_images(tmp_path).test) == 20


def test_two_sets_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=TRAIN)
    write_idx(tmp_path / "emnist-train-images-idx3-ubyte", TRAIN)
    with pytest.raises(DataError, match=r"one file of training images .* a folder of its own"):
        read_images(tmp_path)


def test_labels_are_optional(tmp_path: Path) -> None:
    sets = read_images(write_folder(tmp_path, train_images=TRAIN, test_images=TEST))
    assert sets.training.labels is None and sets.test.labels is None
    assert sets.training.classes == () == sets.notes


@pytest.mark.parametrize("part", ["train", "test"])
def test_one_part_alone_is_parted(tmp_path: Path, part: str) -> None:
    labels = np.repeat(np.arange(10), 12)
    write_folder(tmp_path, ".gz", **{f"{part}_images": pictures(120), f"{part}_labels": labels})
    sets = read_images(tmp_path)
    assert sets.test.labels is not None and sets.training.labels is not None
    assert np.bincount(sets.test.labels).tolist() == [2] * 10
    assert np.bincount(sets.training.labels).tolist() == [10] * 10
    assert "20 of 120 are held out" in sets.notes[0]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "more labels": (
        {"train_images": TRAIN, "train_labels": [*LABELS, 1]},
        "train-labels-idx1-ubyte: expected 20 labels, as train-images-idx3-ubyte .* found 21",
    ),
    "fewer labels": (
        {"train_images": TRAIN, "train_labels": LABELS[1:]},
        "expected 20 labels, .* found 19; take both files from the same place",
    ),
    "label of 255": (
        {"train_images": TRAIN, "train_labels": [*LABELS[1:], 255]},
        "train-labels-idx1-ubyte, label 20: expected 0 to 99, found 255",
    ),
    "label of 100": (
        {"train_images": TRAIN, "train_labels": [100, *LABELS[1:]]},
        "label 1: expected 0 to 99, found 100",
    ),
    "labels of one part": (
        {"train_images": TRAIN, "train_labels": LABELS, "test_images": TEST},
        "t10k-images-idx3-ubyte: expected labels, as the other images have",
    ),
    "labels alone": (
        {"train_images": TRAIN, "test_labels": LABELS},
        "t10k-labels-idx1-ubyte: expected images with these labels, found none",
    ),
    "images that are labels": (
        {"train_images": LABELS, "train_labels": LABELS},
        r"train-images-idx3-ubyte, header: expected 3 axes .* found 1: \(20,\)",
    ),
    "labels that are images": (
        {"train_images": TRAIN, "train_labels": TRAIN},
        "train-labels-idx1-ubyte, header: expected 1 axis .* found 3",
    ),
    "colours": (
        {"train_images": np.zeros((2, 28, 28, 3))},
        "expected 3 axes .* found 4",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_files_that_contradict_each_other_are_named(tmp_path: Path, case: str) -> None:
    parts, said = BAD[case]
    with pytest.raises(DataError, match=said):
        read_images(write_folder(tmp_path, **parts))


@pytest.mark.parametrize("name", ["html_page_saved_as", "truncated"])
def test_real_bad_files_are_named(tmp_path: Path, name: str) -> None:
    content = shared(f"dirty/mnist/{name}_t10k-images-idx3-ubyte.gz").read_bytes()
    write_folder(tmp_path, train_images=TRAIN)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"^t10k-images-idx3-ubyte.gz: expected"):
        read_images(tmp_path)


def test_classes_are_the_labels_that_occur(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=TRAIN, train_labels=[7, 2, 4, 4] * 5)
    write_folder(tmp_path, test_images=TEST, test_labels=[2, 7] * 5)
    sets = read_images(tmp_path)
    assert sets.training.classes == sets.test.classes == ("2", "4", "7")
    assert sets.training.labels is not None and sets.training.labels.tolist() == [2, 0, 1, 1] * 5
    assert sets.test.labels is not None and sets.test.labels.tolist() == [0, 2] * 5
    assert sets.notes == (
        "Of the labels 0 to 7, 5 never occur (0, 1, 3, 5, 6): 3 classes are left.",
        "No one of the test images has the label 4.",
    )


def test_up_to_100_classes_keep_their_numbers(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=pictures(200), train_labels=list(range(100)) * 2)
    classes = read_images(tmp_path).training.classes
    assert classes == tuple(str(k) for k in range(100))


def test_images_of_other_sizes_are_scaled(tmp_path: Path) -> None:
    """An edge in the middle stays there, but for some ringing; shapes are kept."""
    large = np.zeros((6, 56, 56), np.uint8)
    large[:, :, 28:] = 200
    wide = np.full((6, 14, 28), 90, np.uint8)
    wide[:3, 2:5, 4:24] = 250
    sets = read_images(write_folder(tmp_path, train_images=large, test_images=wide))
    pixels = sets.training.pixels
    assert (pixels[:, :, :12] <= 6).all() and (abs(pixels[:, :, 16:] - 200.0) <= 6).all()
    assert (pixels[:, :, 13] < 30).all() and (pixels[:, :, 14] > 170).all()
    assert np.array_equal(sets.test.pixels[:, 7:21], wide)
    assert (sets.test.pixels[:, :7] == 90).all() and (sets.test.pixels[:, 21:] == 90).all()
    assert sets.notes[0] == (
        "12 of 12 images are of 2 sizes from 14×28 to 56×56 and were scaled to 28×28 (bicubic); "
        "their shape is kept, the rest filled as their border is."
    )
    assert "3 of 12 images are of one level throughout." in sets.notes


def test_dark_ink_on_white_is_said_and_kept(tmp_path: Path) -> None:
    sets = read_images(write_folder(tmp_path, train_images=255 - TRAIN, test_images=TEST))
    assert np.array_equal(sets.training.pixels, 255 - TRAIN)
    assert sets.notes[0].startswith("20 of 30 images have a bright border, as dark ink on white")


# what is no folder of images


def test_bad_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a folder of images, .* found none; check"):
        read_images(tmp_path / "none")
    with pytest.raises(DataError, match="found nothing; name another folder"):
        read_images(tmp_path)
    (tmp_path / "prices.csv").write_text("Date,Close\n")
    with pytest.raises(DataError, match=r"\(train-images-idx3-ubyte.gz, …\).* found prices.csv;"):
        read_images(tmp_path)
    with pytest.raises(DataError, match="found a file; name the folder that holds it"):
        read_images(tmp_path / "prices.csv")
    with pytest.raises(DataError, match=r"cannot be read|found none"):
        read_images("a\0b")


def test_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(DataError, match=r"a folder that can be read, it cannot .Permission denied"):
        read_images(tmp_path)


# the sample


def test_sample_holds_the_digits_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    raw = gzip.decompress((SAMPLES / "digits-images-idx3-ubyte.gz").read_bytes())
    assert raw[:16] == struct.pack(">IIII", 0x803, 1797, 8, 8)
    assert np.array_equal(np.frombuffer(raw[16:], np.uint8).reshape(-1, 8, 8), digits.images)
    raw = gzip.decompress((SAMPLES / "digits-labels-idx1-ubyte.gz").read_bytes())
    assert raw[:8] == struct.pack(">II", 0x801, 1797)
    assert np.array_equal(np.frombuffer(raw[8:], np.uint8), digits.target)


def test_sample_is_described_by_its_readme() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for name in ("digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz"):
        content = (SAMPLES / name).read_bytes()
        assert content[4:8] == bytes(4), "the time within gzip is 0"
        assert f"`{name}`" in readme and hashlib.sha256(content).hexdigest() in readme
        assert hashlib.sha256(gzip.decompress(content)).hexdigest() in readme
    assert "CC BY 4.0" in readme and "E. Alpaydin, C. Kaynak" in readme


def test_sample_is_enlarged_to_the_look_of_mnist() -> None:
    sets = read_images("sample")
    assert (len(sets.training), len(sets.test)) == (1500, 297)
    assert sets.training.classes == sets.test.classes == DIGITS
    raw = gzip.decompress((SAMPLES / "digits-images-idx3-ubyte.gz").read_bytes())
    small = np.frombuffer(raw[16:], np.uint8).reshape(-1, 8, 8)
    labels = gzip.decompress((SAMPLES / "digits-labels-idx1-ubyte.gz").read_bytes())[8:]
    assert sets.training.labels is not None and sets.test.labels is not None
    assert bytes(sets.training.labels.tolist() + sets.test.labels.tolist()) == labels
    assert np.bincount(sets.test.labels).min() == 27
    assert np.bincount(sets.training.labels).min() == 146
    pixels = np.concatenate([sets.training.pixels, sets.test.pixels])
    border = np.ones((28, 28), bool)
    border[4:24, 4:24] = False
    assert not pixels[:, border].any() and pixels[:, 4:24, 4:24].max() == 255
    assert len(np.unique(pixels.reshape(1797, -1), axis=0)) == 1797
    # each cell of 5/2 pixels has the ink of its level: seen through areas, the digit is the same
    cells = pixels[:, 4:24, 4:24].repeat(2, 1).repeat(2, 2).reshape(-1, 8, 5, 8, 5).mean((2, 4))
    correlations = [
        np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(cells, small, strict=True)
    ]
    assert min(correlations) > 0.95
    assert abs(pixels.mean() - 33.3) < 10 and abs((pixels > 0).mean() - 0.19) < 0.04  # of MNIST
    assert "enlarged to 20×20" in sets.notes[0] and "1,500" in sets.notes[1]


def test_sample_is_the_same_on_every_machine() -> None:
    sets = read_images("sample")
    assert sets.training.sha256[:16] + sets.test.sha256[:16] == SAMPLE_DIGEST
    assert read_images("sample").training.sha256 == sets.training.sha256


def test_a_folder_by_the_name_of_a_set_is_meant_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "sample", train_images=TRAIN, test_images=TEST)
    assert len(read_images("sample").training) == 1500
    for source in (Path("sample"), "./sample"):
        assert np.array_equal(read_images(source).training.pixels, TRAIN)
