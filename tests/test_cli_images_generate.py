"""``generate --images``: files, words, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import tiny_images
from typer.testing import Result

from tsgan import ImageGAN, read_images

pytestmark = pytest.mark.usefixtures("elsewhere", "small")


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the commands work with small sizes, and keep judges in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        tiny_images.make_small(patch, tmp_path_factory.mktemp("cache"))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_images.write_idx(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture(scope="module")
def model(small: None, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a model with labels."""
    directory = tmp_path_factory.mktemp("fit") / "model"
    ImageGAN(tiny_images.config(4, labels=True)).fit(data, directory=directory)
    return directory


@pytest.fixture(scope="module")
def coded(small: None, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a model with a latent code."""
    directory = tmp_path_factory.mktemp("coded") / "model"
    ImageGAN(tiny_images.config(4, codes=3, code_numbers=2)).fit(data, directory=directory)
    return directory


def success(*arguments: object) -> Result:
    result = tiny.command(*arguments)
    assert result.exit_code == 0, result.output
    return result


def generate(model: Path, images: int, *arguments: object) -> Result:
    return tiny.command("generate", model, "--images", images, *arguments)


def test_array_holds_the_sample(model: Path) -> None:
    result = success("generate", model, "--images", 70, "--out", "x.npy", "--seed", 2)
    made = np.load("x.npy")
    assert made.dtype == np.float32 and made.shape == (70, 28, 28)
    assert np.array_equal(made, ImageGAN.load(model).sample(70, seed=2))
    assert "digit drawn, each as likely" in result.stdout
    assert "Wrote 70 images to x.npy (seed 2)." in result.stdout


def test_sheet_has_rows_of_ten(model: Path) -> None:
    success("generate", model, "--images", 25, "--given", "digit=7")
    sheet = tiny_images.picture("images.png")
    assert sheet.shape == (2 * (3 * 30 - 2), 2 * (10 * 30 - 2))
    loaded = ImageGAN.load(model)
    first = np.rint(255 * loaded.sample(1, given=7)[0])
    assert np.array_equal(sheet[:56:2, :56:2], first)
    assert not sheet[-56:, -56:].any(), "places without an image are black"


def test_folder_has_a_file_for_each_in_folders_of_classes(model: Path) -> None:
    success("generate", model, "--images", 30, "--given", "digit=all", "--out", "digits")
    assert {folder.name for folder in Path("digits").iterdir()} == {"0", "1", "2"}
    files = sorted(Path("digits/1").iterdir())
    assert [file.name for file in files] == [f"{k:04d}.png" for k in range(11, 21)]
    made = ImageGAN.load(model).sample(30, given="digit=all")
    assert np.array_equal(tiny_images.picture(files[0]), np.rint(255 * made[10]))
    read = read_images("digits")
    assert read.training.classes == ("0", "1", "2")


def test_folder_of_a_model_without_labels_is_flat(coded: Path) -> None:
    success("generate", coded, "--images", 3, "--out", "flat/")
    assert [file.name for file in sorted(Path("flat").iterdir())] == [
        f"{k:04d}.png" for k in (1, 2, 3)
    ]


def test_part_of_the_images_is_the_same_as_in_the_whole(model: Path) -> None:
    success("generate", model, "--images", 70, "--out", "all.npy")
    success("generate", model, "--images", 70, "--only", "57-60", "--out", "some.npy")
    assert np.array_equal(np.load("some.npy"), np.load("all.npy")[57:61])


def test_code_and_numbers_are_given(coded: Path) -> None:
    asked = ("--given", "code=2", "--given", "c1=-0.5", "--given", "c2=1.5")
    result = success("generate", coded, "--images", 4, *asked, "--out", "x.npy")
    loaded = ImageGAN.load(coded)
    expected = loaded.sample(4, given={"code": 2, "c1": -0.5, "c2": 1.5})
    assert np.array_equal(np.load("x.npy"), expected)
    assert "code 2" in result.stdout and "c1 -0.5" in result.stdout
    assert "tsgan: warning: c2: training saw -1 to 1; 1.5 is an extrapolation" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--given", "digit=10"), ("digit: expected", "'10'")),
        (("--given", "dgit=7"), ("digit:", "'dgit'")),
        (("--given", "code=1"), ("'code'",)),
        (("--given", "seven"), ("NAME=VALUE",)),
        (("--only", "5"), ("--only", "0 to 3")),
        (("--only", "x"), ("--only",)),
        (("--out", "x.jpg"), (".png or .npy", "rename")),
        (("--out", "nowhere/x.png"), ("nowhere", "create it")),
        (("--out", "nowhere/x"), ("nowhere", "create it")),
        (("--out", "taken.npy"), ("taken.npy", "--overwrite")),
        (("--out", "taken"), ("taken", "new or empty folder")),
        (("--out", "x.npy/"), ("expected a file or a folder, got both",)),
        (("--horizon", "3"), ("--horizon", "beside --images")),
        (("--paths", "3"), ("--paths", "beside --images")),
        (("--for", "skfolio"), ("--for", "beside --images")),
        (("--drift", "real"), ("--drift", "beside --images")),
    ],
)
def test_bad_request_is_one_line_and_leaves_no_file(
    model: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    Path("taken.npy").write_text("mine")
    Path("taken").mkdir()
    (Path("taken") / "thesis.tex").write_text("mine")
    tiny.demand_refusal(generate(model, 4, *arguments), *words)
    assert {file.name for file in Path().iterdir()} == {"taken", "taken.npy"}
    assert Path("taken.npy").read_text() == "mine"


def test_file_is_replaced_where_that_is_wanted(model: Path) -> None:
    Path("x.png").write_text("old")
    success("generate", model, "--images", 4, "--out", "x.png", "--overwrite")
    assert Path("x.png").read_bytes().startswith(b"\x89PNG")


def test_sheet_of_too_many_is_refused(model: Path) -> None:
    tiny.demand_refusal(generate(model, 10_001), "at most 10,000", "images.npy")


def test_model_of_another_kind_is_told(model: Path, model_directory: Path) -> None:
    result = tiny.command("generate", model, "--paths", 2, "--horizon", 3)
    tiny.demand_refusal(result, "expected a model of price series", "generate --images")
    result = generate(model_directory, 2)
    tiny.demand_refusal(result, "expected a model of images", "generate --paths")
    result = tiny.command("evaluate-images", model_directory, "sample")
    tiny.demand_refusal(result, "expected a model of images")


@pytest.mark.parametrize("arguments", [(), ("--paths", 3), ("--horizon", 3)])
def test_number_that_is_missing_is_a_usage_error(
    model: Path, arguments: tuple[object, ...]
) -> None:
    result = tiny.command("generate", model, *arguments)
    assert result.exit_code == 2
    assert "--images" in result.stderr and "missing option" in result.stderr.lower()


def test_interrupted_generate_leaves_nothing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tsgan.images import sampler

    whole = sampler.sample_groups

    def interrupted(*arguments: Any) -> Iterator[np.ndarray]:
        yield next(whole(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(sampler, "sample_groups", interrupted)
    for out in ("x.npy", "x.png", "x"):
        result = generate(model, 120, "--out", out)
        assert result.exit_code == 130 and "nothing was left half written" in result.stderr
    assert list(Path().iterdir()) == []
