"""Folders of pictures that Pillow writes here: their order, depth, colour, and what is damaged."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tsgan.data.images import read_images
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"


def picture(seed: int, side: int = 28) -> NDArray[np.uint8]:
    """Return noise in the middle of black."""
    pixels = np.zeros((side, side), np.uint8)
    inner = slice(side // 4, -(side // 4))
    shape = pixels[inner, inner].shape
    pixels[inner, inner] = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return pixels


def save(path: Path, pixels: Any, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)


def write_classes(folder: Path, classes: dict[str, int], seed: int = 0) -> Path:
    for place, (name, count) in enumerate(classes.items()):
        for k in range(count):
            save(folder / name / f"{k}.png", picture(seed + 1000 * place + k))
    return folder


def one(folder: Path, pixels: Any, name: str = "a.png", **options: Any) -> tuple[Any, list[str]]:
    """Return a picture as it is read, and the notes on it, beside one that needs nothing."""
    save(folder / "train" / name, pixels, **options)
    save(folder / "test" / "b.png", picture(1))
    sets = read_images(folder)
    return sets.training.pixels[0], list(sets.notes)


# layouts


def test_class_folders_with_train_and_test(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", {"10": 12, "2": 3, "1": 1})
    write_classes(tmp_path / "test", {"2": 2, "1": 1, "10": 1}, seed=7)
    for litter in (".DS_Store", "train/2/Thumbs.db", "train/.DS_Store", "train/2/._1.png"):
        (tmp_path / litter).write_bytes(b"\0")
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    sets = read_images(tmp_path)
    assert sets.notes == ()
    assert sets.training.classes == sets.test.classes == ("1", "2", "10")
    assert sets.training.labels is not None and sets.test.labels is not None
    assert sets.training.labels.tolist() == [0] + [1] * 3 + [2] * 12
    assert sets.test.labels.tolist() == [0, 1, 1, 2]
    expected = [picture(2000), *(picture(1000 + k) for k in range(3)), *map(picture, range(12))]
    assert np.array_equal(sets.training.pixels, expected)  # 10.png comes after 9.png
    assert np.array_equal(sets.test.pixels[0], picture(1007))


@pytest.mark.parametrize("names", [("training", "testing"), ("Train", "TEST")])
def test_other_names_of_the_parts(tmp_path: Path, names: tuple[str, str]) -> None:
    for name, count in zip(names, (3, 2), strict=True):
        write_classes(tmp_path / name, {"cat": count, "dog": count})
    sets = read_images(tmp_path)
    assert (len(sets.training), len(sets.test)) == (6, 4)
    assert sets.training.classes == ("cat", "dog")


@pytest.mark.parametrize("inner", ["", "train", "test"])
def test_a_sixth_of_class_folders_is_held_out(tmp_path: Path, inner: str) -> None:
    write_classes(tmp_path / inner, {"a": 12, "b": 18})
    sets = read_images(tmp_path)
    assert sets.test.labels is not None and np.bincount(sets.test.labels).tolist() == [2, 3]
    assert "5 of 30 are held out at random, one in 6 of each class" in sets.notes[-1]
    everything = np.concatenate([sets.training.pixels, sets.test.pixels])
    assert len(np.unique(everything.reshape(30, -1), axis=0)) == 30


def test_class_that_is_called_train(tmp_path: Path) -> None:
    write_classes(tmp_path, {"car": 2, "train": 2})
    assert read_images(tmp_path).training.classes == ("car", "train")


def test_pictures_without_class_folders_have_no_labels(tmp_path: Path) -> None:
    for k in range(12):
        save(tmp_path / f"image{k}.PNG", picture(k), format="PNG")
    sets = read_images(tmp_path)
    assert sets.training.labels is None and sets.training.classes == ()
    assert (len(sets.training), len(sets.test)) == (10, 2)
    for k in range(12):
        save(tmp_path / "x" / "train" / f"{k}.png", picture(k))
        save(tmp_path / "x" / "test" / f"{k}.png", picture(12 + k))
    sets = read_images(tmp_path / "x")
    assert np.array_equal(sets.training.pixels, [picture(k) for k in range(12)])
    assert len(sets.test) == 12 and sets.test.labels is None and sets.notes == ()


def test_what_is_no_picture_is_said(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 3, "b": 3})
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "a" / "labels.csv").write_text("1,2")
    (tmp_path / "empty").mkdir()
    write_classes(tmp_path / "b", {"deeper": 1})
    sets = read_images(tmp_path)
    assert sets.training.classes == ("a", "b")
    assert sets.notes[0] == (
        "4 entries are no PNG or JPEG pictures and were left out: "
        "notes.txt, labels.csv, deeper/, …."
    )


def test_class_without_test_images_is_said(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", {"a": 2, "b": 2})
    write_classes(tmp_path / "test", {"b": 2})
    sets = read_images(tmp_path)
    assert sets.test.labels is not None and sets.test.labels.tolist() == [1, 1]
    assert sets.notes == ("No one of the test images is of the class a.",)


def bad_both(folder: Path) -> None:
    write_classes(folder, {"a": 2})
    save(folder / "loose.png", picture(0))


def bad_unknown(folder: Path) -> None:
    write_classes(folder / "train", {"a": 2})
    write_classes(folder / "test", {"a": 2, "c": 1})


def bad_flat_test(folder: Path) -> None:
    write_classes(folder / "train", {"a": 2})
    save(folder / "test" / "0.png", picture(0))


def bad_flat_train(folder: Path) -> None:
    write_classes(folder / "test", {"a": 2})
    save(folder / "train" / "0.png", picture(0))


def bad_third(folder: Path) -> None:
    for name in ("train", "test", "validation"):
        write_classes(folder / name, {"a": 2})


def bad_empty(folder: Path) -> None:
    write_classes(folder / "train", {"a": 2})
    (folder / "test").mkdir()


def bad_twice(folder: Path) -> None:
    for name in ("train", "training", "test"):
        write_classes(folder / name, {"a": 2})


def bad_many(folder: Path) -> None:
    write_classes(folder, {f"class{k}": 1 for k in range(101)})


def bad_single(folder: Path) -> None:
    write_classes(folder, {"a": 1, "b": 1})


def bad_deep(folder: Path) -> None:
    write_classes(folder / "mnist" / "train", {"a": 2})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (bad_both, "found loose.png beside the folder a; move one"),
        (bad_unknown, r"test images: expected the classes of the training images \(a\), found c;"),
        (bad_flat_test, r"training images \(a\), found pictures without a class; name"),
        (bad_flat_train, r"training images \(none\), found a; name"),
        (bad_third, "for training and for test images alone, found validation beside"),
        (bad_empty, r"test: expected pictures \(PNG, JPEG\), found none; add some"),
        (bad_twice, "expected one folder train, found train and training; put"),
        (bad_many, "expected 100 classes at most, found 101 folders"),
        (bad_single, "expected two or more images of a class, .* found 2 in all"),
        (bad_deep, "PNG or JPEG pictures in it or in a folder for each class, found mnist;"),
    ],
)
def test_layouts_that_leave_doubt_are_refused(tmp_path: Path, spoil: Any, said: str) -> None:
    spoil(tmp_path)
    with pytest.raises(DataError, match=said):
        read_images(tmp_path)


# depth, colour, transparency, size


def test_sixteen_bits_are_rounded_to_eight(tmp_path: Path) -> None:
    deep = np.arange(784, dtype=np.uint16).reshape(28, 28) * 83
    pixels, notes = one(tmp_path, deep)
    assert np.array_equal(pixels, np.rint(deep / 257))
    assert notes[0] == "1 of 2 images have 16 bits a pixel and were rounded to 8."


def test_black_and_white_without_grey(tmp_path: Path) -> None:
    bits = picture(0) > 128
    pixels, notes = one(tmp_path, Image.fromarray(bits))
    assert np.array_equal(pixels, 255 * bits)
    assert notes == ["1 of 2 images are black and white without grey."]


def test_colour_becomes_luma(tmp_path: Path) -> None:
    colours = np.zeros((28, 28, 3), np.uint8)
    colours[5:10, :, 0] = colours[12:17, :, 1] = colours[18:23, :, 2] = 255
    pixels, notes = one(tmp_path, colours)
    assert [pixels[row, 9] for row in (0, 5, 12, 18)] == [0, 76, 150, 29]  # .299, .587, .114
    assert notes == ["1 of 2 images are in colour and were made grey (ITU-R 601)."]


def test_grey_in_three_channels_is_no_colour(tmp_path: Path) -> None:
    pixels, notes = one(tmp_path, np.repeat(picture(3)[:, :, None], 3, 2))
    assert np.array_equal(pixels, picture(3)) and notes == []


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray((picture(0) // 64).astype(np.uint8), "L").convert("P")
    image.putpalette([level for k in range(4) for level in (255 - 85 * k,) * 3])
    pixels, notes = one(tmp_path, image)
    assert image.mode == "P" and np.array_equal(pixels, 255 - 85 * (picture(0) // 64))
    assert notes[0] == "1 of 2 images have a palette."


def test_transparent_pictures_are_laid_on_black(tmp_path: Path) -> None:
    ink = picture(4).clip(0, 250)
    layers = np.dstack([np.full((28, 28), 255, np.uint8), ink])
    pixels, notes = one(tmp_path, layers)
    assert (abs(pixels.astype(int) - ink) <= 1).all()
    assert notes == ["1 of 2 images are transparent and were laid on black."]


def test_dark_transparent_pictures_are_laid_on_white(tmp_path: Path) -> None:
    ink = picture(4).clip(0, 250)
    layers = np.zeros((28, 28, 4), np.uint8)
    layers[..., 3] = ink
    pixels, notes = one(tmp_path, layers)
    assert (abs(pixels.astype(int) - (255 - ink)) <= 1).all()
    assert notes[0] == "1 of 2 images are transparent and were laid on white, as they are dark."


def test_one_level_that_stands_for_transparency(tmp_path: Path) -> None:
    """PNG's tRNS for grey and for palettes, of which Pillow would warn."""
    pixels, notes = one(
        tmp_path, np.where(picture(0) > 0, 200, 77).astype(np.uint8), transparency=77
    )
    assert np.array_equal(pixels, np.where(picture(0) > 0, 200, 0))
    assert "laid on black" in notes[0]
    palette = Image.fromarray(np.where(picture(0) > 0, 1, 0).astype(np.uint8), "L").convert("P")
    palette.putpalette([90, 90, 90, 200, 200, 200])
    pixels, notes = one(tmp_path, palette, transparency=bytes([0, 255]))
    assert np.array_equal(pixels, np.where(picture(0) > 0, 200, 0))
    assert [note.split(" images ")[1][:8] for note in notes] == ["are tran", "have a p"]


def test_opaque_alpha_is_no_transparency(tmp_path: Path) -> None:
    layers = np.dstack([*[picture(4)] * 3, np.full((28, 28), 255, np.uint8)])
    pixels, notes = one(tmp_path, layers)
    assert np.array_equal(pixels, picture(4)) and notes == []


def test_jpeg_is_read_upright(tmp_path: Path) -> None:
    level = np.full((28, 28), 60, np.uint8)
    level[:14] = 180
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    pixels, notes = one(tmp_path, level, "a.JPG", format="JPEG", quality=95, exif=exif)
    assert abs(int(pixels[4, 9]) - 60) < 4 and abs(int(pixels[24, 9]) - 180) < 4 and notes == []


def test_content_and_not_the_name_tells_the_format(tmp_path: Path) -> None:
    pixels, _ = one(tmp_path, picture(5), "a.jpeg", format="PNG")
    assert np.array_equal(pixels, picture(5))


def test_cmyk_is_read(tmp_path: Path) -> None:
    pixels, notes = one(tmp_path, Image.new("CMYK", (28, 28), (0, 0, 0, 55)), "a.jpg")
    assert abs(int(pixels[9, 9]) - 200) < 3 and "of one level" in notes[0]


def test_sizes_are_said_once_and_shapes_kept(tmp_path: Path) -> None:
    save(tmp_path / "train" / "a.png", np.full((56, 28), 140, np.uint8))
    save(tmp_path / "train" / "b.png", np.full((1, 2000), 140, np.uint8))
    save(tmp_path / "train" / "c.png", np.full((1, 1), 140, np.uint8))
    save(tmp_path / "test" / "d.png", picture(0))
    sets = read_images(tmp_path)
    assert (sets.training.pixels == 140).all()
    assert sets.notes[0].startswith("3 of 4 images are of 3 sizes from 1×1 to 1×2000")
    bar = np.zeros((56, 28), np.uint8)
    bar[:, 10:18] = 200  # half as wide and in the middle: 14 of 28 columns, 7 on either side
    save(tmp_path / "train" / "a.png", bar)
    pixels = read_images(tmp_path).training.pixels[0]
    assert np.flatnonzero(pixels[14] > 100).tolist() == [12, 13, 14, 15]


def test_a_picture_enlarged_keeps_its_ink(tmp_path: Path) -> None:
    small = np.zeros((7, 7), np.uint8)
    small[2:5, 3] = 160
    pixels, notes = one(tmp_path, small)
    assert abs(pixels.mean() / small.mean() - 1) < 0.15
    assert pixels[14, 14] > 140 and notes[0].startswith("1 of 2 images are of 7×7 and were scaled")


def test_every_conversion_is_counted_once(tmp_path: Path) -> None:
    for k in range(6):
        colours = np.random.default_rng(k).integers(0, 255, (30, 30, 3), np.uint8)
        save(tmp_path / "a" / f"{k}.png", colours)
    notes = read_images(tmp_path).notes
    assert len(notes) == 4 and notes[0].startswith("6 of 6 images are of 30×30")
    assert notes[1].startswith("6 of 6 images are in colour")


# damage


def png_of(width: int, height: int, *inner: tuple[bytes, bytes]) -> bytes:
    """Return a PNG that claims such a size and has few pixels, with further chunks."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *inner]
    chunks += [(b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize("size", [(6000, 6000), (10_000, 10_000), (50_000, 50_000)])
def test_bombs_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    """Pillow itself would take the first, warn of the second and refuse the third."""
    write_classes(tmp_path, {"a": 2})
    (tmp_path / "a" / "9.png").write_bytes(png_of(*size))
    with pytest.raises(DataError, match=r"^a/9.png: expected a picture of 33,554,432 pixels"):
        read_images(tmp_path)


def damaged() -> dict[str, bytes]:
    whole = io.BytesIO()
    Image.fromarray(picture(0)).save(whole, "PNG")
    png = whole.getvalue()
    whole = io.BytesIO()
    Image.fromarray(picture(0)).save(whole, "JPEG")
    jpeg = whole.getvalue()
    whole = io.BytesIO()
    Image.fromarray(picture(0)).save(whole, "GIF")
    place = png.index(b"IDAT") + 10
    return {
        "empty": b"",
        "text": b"no picture",
        "page": b"<!DOCTYPE html><html></html>",
        "cut png": png[:-40],
        "cut jpeg": jpeg[: len(jpeg) // 2],
        "changed png": png[:place] + bytes([png[place] ^ 255]) + png[place + 1 :],
        "no width": png_of(0, 28),
        "bomb of text": png_of(28, 28, (b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24)))),
        "gif": whole.getvalue(),
        "git": b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
    }


@pytest.mark.parametrize("case", damaged())
def test_damaged_pictures_are_named(tmp_path: Path, case: str) -> None:
    write_classes(tmp_path, {"a": 3, "b": 3})
    (tmp_path / "b" / "17.png").write_bytes(damaged()[case])
    with pytest.raises(DataError, match=r"^b/17.png: expected a whole PNG or JPEG .* remove it$"):
        read_images(tmp_path)


def test_denied_pictures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    write_classes(tmp_path, {"a": 3})
    monkeypatch.setattr(Image, "open", denied)
    with pytest.raises(DataError, match=r"^a/0.png: .* permission is denied; change"):
        read_images(tmp_path)


def test_spoilt_bytes_are_refused_or_read(tmp_path: Path) -> None:
    """Whatever Pillow makes of changed bytes, no other error and no warning comes out."""
    draws = np.random.default_rng(0)
    write_classes(tmp_path, {"a": 2})
    path = tmp_path / "a" / "0.png"
    jpeg = tmp_path / "a" / "1.png"
    save(jpeg, picture(1), format="JPEG", exif=Image.Exif())
    originals = {file: file.read_bytes() for file in (path, jpeg)}
    refused = 0
    for k in range(300):
        file = (path, jpeg)[k % 2]
        content = bytearray(originals[file])
        for _ in range(draws.integers(1, 4)):
            content[draws.integers(len(content))] = draws.integers(256)
        file.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                read_images(tmp_path)
        except DataError:
            refused += 1
        file.write_bytes(originals[file])
    assert 30 < refused < 300


# many pictures


def test_progress_is_told(tmp_path: Path) -> None:
    image = Image.fromarray(picture(0))
    for part, count in (("train", 700), ("test", 500)):
        (tmp_path / part / "a").mkdir(parents=True)
        for k in range(count):
            image.save(tmp_path / part / "a" / f"{k}.png")
    told: list[tuple[str, float]] = []
    read_images(tmp_path, progress=lambda *what: told.append(what))
    assert told == [
        ("reading pictures", 500 / 1200),
        ("reading pictures", 1.0),
        ("pictures read", 1.0),
    ]


def test_mnist_as_pictures_is_mnist(tmp_path: Path) -> None:
    folder = SHARED / "mnist"
    if not (folder / "t10k-images-idx3-ubyte.gz").exists():
        pytest.skip("../shared/data/mnist is not on this machine")
    real = read_images(folder)
    for part, images in (("training", real.training), ("testing", real.test)):
        assert images.labels is not None
        for k in range(300):
            save(tmp_path / part / str(images.labels[k]) / f"{k}.png", images.pixels[k])
    sets = read_images(tmp_path)
    assert sets.training.classes == real.training.classes
    order = np.argsort(real.training.labels[:300], kind="stable")  # type: ignore[index]
    assert np.array_equal(sets.training.pixels, real.training.pixels[order])
