import io
from pathlib import Path

import numpy as np
import pytest
from image_example import CLASSES, shapes
from matplotlib.figure import Figure
from PIL import Image

from tsgan.canvas import save_figure, svg
from tsgan.data.images import read_images
from tsgan.errors import DataError
from tsgan.images.picture_files import tile, to_bytes, write_pictures, write_sheet
from tsgan.images.pictures import (
    confusion_figure,
    grid_figure,
    interpolation_figure,
    neighbours_figure,
    shares_figure,
    strip_figure,
)

IMAGES = shapes(60, 7).pixels.astype(np.float32) / 255


def drawn(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def shown(figure: Figure) -> np.ndarray:
    """Return the pixels that the figure's only image has."""
    return np.asarray(figure.axes[0].get_images()[0].get_array())


def names(figure: Figure, side: str) -> list[str]:
    axes = figure.axes[0]
    return [one.get_text() for one in getattr(axes, f"get_{side}ticklabels")()]


def test_tile_puts_images_row_by_row() -> None:
    found = tile(np.arange(1.0, 6.0, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3)), 3, 1)
    assert found.shape == (5, 11)
    np.testing.assert_array_equal(found[0], [1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 3])
    np.testing.assert_array_equal(found[2], 0)
    np.testing.assert_array_equal(found[4], [4, 4, 4, 0, 5, 5, 5, 0, 0, 0, 0])


def test_tile_of_few_images_is_as_wide_as_they_are() -> None:
    np.testing.assert_array_equal(tile(IMAGES[:1], 10), IMAGES[0])
    assert tile(IMAGES[:3], 10).shape == (28, 3 * 30 - 2)
    assert tile(IMAGES, 10).shape == (6 * 30 - 2, 10 * 30 - 2)


def test_sheet_holds_the_pixels(tmp_path: Path) -> None:
    write_sheet(tmp_path / "digits.png", IMAGES[:25], columns=5)
    with Image.open(tmp_path / "digits.png") as sheet:
        found = np.asarray(sheet)
    assert sheet.mode == "L" and found.shape == (2 * 148, 2 * 148)
    np.testing.assert_array_equal(found[::2, ::2], to_bytes(tile(IMAGES[:25], 5)))
    np.testing.assert_array_equal(found[1::2, 1::2], found[::2, ::2])
    assert [file.name for file in tmp_path.iterdir()] == ["digits.png"]


def test_bytes_are_rounded_and_bounded() -> None:
    values = np.array([[0, 0.5, 1, 1.2, -0.1, 0.999]], np.float32)
    np.testing.assert_array_equal(to_bytes(values), [[0, 128, 255, 255, 0, 255]])


def test_folder_of_pictures_is_read_again(tmp_path: Path) -> None:
    original = shapes(60, 7)
    assert original.labels is not None
    write_pictures(tmp_path / "made", iter(IMAGES), 60, original.labels, CLASSES)
    sets = read_images(tmp_path / "made")
    assert sets.training.classes == CLASSES
    found = np.concatenate([sets.training.pixels, sets.test.pixels])
    labels = np.concatenate([sets.training.labels, sets.test.labels])
    every = {image.tobytes(): label for image, label in zip(found, labels, strict=True)}
    expected = zip(original.pixels, original.labels, strict=True)
    assert every == {image.tobytes(): label for image, label in expected}


def test_pictures_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()  # an empty folder is taken
    write_pictures(tmp_path / "made", IMAGES[:12], 12)
    files = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert files == [f"{place:04}.png" for place in range(1, 13)]
    with Image.open(tmp_path / "made/0003.png") as one:
        np.testing.assert_array_equal(np.asarray(one), to_bytes(IMAGES[2]))
    assert [file.name for file in tmp_path.iterdir()] == ["made"]


def test_pictures_overwrite_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    with pytest.raises(DataError, match="kept: it exists and is not empty"):
        write_pictures(tmp_path / "kept", IMAGES, 60)
    with pytest.raises(DataError, match="it exists and is not empty"):
        write_pictures(tmp_path / "kept/file", IMAGES, 60)
    with pytest.raises(DataError, match="absent does not exist; create it"):
        write_pictures(tmp_path / "absent/made", IMAGES, 60)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "kept"]


@pytest.mark.parametrize("name", ["../out", "a/b", "a\\b", "..", ".hidden", ""])
def test_a_class_that_is_no_folder_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no name of a folder"):
        write_pictures(tmp_path / "made", IMAGES, 60, np.zeros(60, np.int64), (name,))
    assert not list(tmp_path.iterdir())


def test_grid_has_a_name_for_each_row() -> None:
    figure = grid_figure(IMAGES[:30], 10, CLASSES)
    np.testing.assert_array_equal(shown(figure), tile(IMAGES[:30], 10))
    assert names(figure, "y") == list(CLASSES) and names(figure, "x") == []
    np.testing.assert_allclose(figure.axes[0].get_yticks(), [13.5, 43.5, 73.5])
    drawn(figure)


def test_strip_has_a_row_for_each_noise_and_a_column_for_each_check() -> None:
    frames = IMAGES.reshape(5, 12, 28, 28)[:, :3]
    figure = strip_figure(frames, [f"{k}" for k in range(5)])
    image = shown(figure)
    assert image.shape == (3 * 30 - 2, 5 * 30 - 2)
    np.testing.assert_array_equal(image[60:, 30:58], frames[1, 2])
    assert names(figure, "x") == ["0", "1", "2", "3", "4"]
    drawn(figure)


def test_long_strip_keeps_both_ends() -> None:
    frames = np.zeros((100, 2, 28, 28), np.float32)
    frames[0], frames[-1] = 0.25, 0.75
    figure = strip_figure(frames, [f"{k}" for k in range(100)])
    assert len(names(figure, "x")) == 15
    assert names(figure, "x")[0] == "0" and names(figure, "x")[-1] == "99"
    assert shown(figure)[0, 0] == 0.25 and shown(figure)[-1, -1] == 0.75


def test_neighbours_stand_below_their_samples() -> None:
    figure = neighbours_figure(IMAGES[:4], IMAGES[4:8], np.array([0, 1.234, 2, 3.0]))
    np.testing.assert_array_equal(shown(figure)[30:, 30:58], IMAGES[5])
    assert names(figure, "x") == ["0.00", "1.23", "2.00", "3.00"]
    assert names(figure, "y") == ["sample", "training"]
    drawn(figure)


def test_interpolation_and_single_images_are_drawn() -> None:
    drawn(interpolation_figure(IMAGES.reshape(5, 12, 28, 28)))
    drawn(interpolation_figure(IMAGES[:1, None]))
    drawn(grid_figure(IMAGES[:1]))
    drawn(strip_figure(IMAGES[:1, None], ["0"]))


def test_confusion_says_shares_of_rows() -> None:
    counts = np.array([[98, 2, 0], [0, 0, 0], [1, 399, 0]])
    figure = confusion_figure(counts, ("zero", "$one$", "two"))
    words = {(*one.get_position(), one.get_text()) for one in figure.axes[0].texts}
    assert words == {(0, 0, "98"), (1, 0, "2.0"), (1, 2, "100")}
    assert len(figure.axes[0].patches) == 4
    drawn(figure)


def test_shares_are_read_in_percent() -> None:
    figure = shares_figure(np.array([0.2, 0.8]), np.array([0.5, 0.5]), ("a", "b"))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [0.5, 0.5, 0.2, 0.8]
    drawn(figure)


def test_pictures_of_a_page_hold_images_as_they_are(tmp_path: Path) -> None:
    text = svg(grid_figure(IMAGES[:30]), "grid")
    assert text.count("<image") == 1 and 'href="data:image/png;base64,' in text
    save_figure(grid_figure(IMAGES[:30]), tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 1_000
