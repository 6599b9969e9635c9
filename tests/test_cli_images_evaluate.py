"""``evaluate-images`` of models and of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import tiny_images
from typer.testing import Result

from tsgan import ImageGAN

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


def success(*arguments: object) -> Result:
    result = tiny.command(*arguments)
    assert result.exit_code == 0, result.output
    return result


def test_model_and_its_images_are_evaluated_alike(model: Path, data: Path) -> None:
    asked = ("--images", 60, "--json", "a.json", "--report", "a.html")
    result = success("evaluate-images", model, data, *asked)
    assert "60 samples beside as many test images" in result.stdout
    assert "Wrote a.json." in result.stdout and "open it in a browser" in result.stdout
    assert "Fréchet" in Path("a.html").read_text()
    asked = ("--given", "digit=training", "--out", "x.npy")
    success("generate", model, "--images", 60, *asked)
    labels = ImageGAN.load(model).sample_labels(60, given="digit=training")
    np.save("labels.npy", labels)
    asked = ("--asked", "labels.npy", "--json", "b.json")
    result = success("evaluate-images", "x.npy", data, *asked)
    assert "add --report" in result.stdout
    a, b = (json.loads(Path(name).read_text()) for name in ("a.json", "b.json"))
    assert a["metrics"] == b["metrics"] and a["frechet"] == b["frechet"]
    success("evaluate-images", "x.npy", data, "--json", "c.json")
    free = json.loads(Path("c.json").read_text())["metrics"]
    assert [row["verdict"] for row in free if "asked" in row["name"]] == ["skipped"]


def test_model_of_other_images_is_a_caution(model: Path, tmp_path: Path) -> None:
    other = tiny_images.write_idx(tmp_path / "other", seed=5)
    result = success("evaluate-images", model, other, "--images", 50)
    assert "trained on other images" in result.stdout


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("x.npy", None, ("x.npy", "does not exist")),
        ("x.npy", b"", ("x.npy", "damaged")),
        ("x.npy", b"PK\x03\x04", ("x.npy", "damaged")),
        ("x.npy", np.zeros((60, 28)), ("x.npy", "(n, 28, 28)", "(60, 28)")),
        ("x.npy", np.full((60, 28, 28), 255.0), ("[0, 1]", "divide by 255")),
        ("x.npy", np.full((60, 28, 28), np.nan), ("no number",)),
        ("x.npy", np.zeros((9, 28, 28)), ("9",)),
    ],
)
def test_file_that_holds_no_images_is_refused(
    data: Path, file: str, content: Any, words: tuple[str, ...]
) -> None:
    if isinstance(content, bytes):
        Path(file).write_bytes(content)
    elif content is not None:
        np.save(file, content)
    result = tiny.command("evaluate-images", file, data, "--json", "t.json")
    tiny.demand_refusal(result, *words)
    assert not Path("t.json").exists()


def test_pictures_and_too_few_images_are_refused_by_name(model: Path, data: Path) -> None:
    success("generate", model, "--images", 20, "--out", "few.npy")
    success("generate", model, "--images", 20, "--out", "sheet.png")
    success("generate", model, "--images", 20, "--out", "folder/")
    tiny.demand_refusal(
        tiny.command("evaluate-images", "few.npy", data), "few.npy: expected at least 50 images"
    )
    for pictures in ("sheet.png", "folder"):
        result = tiny.command("evaluate-images", pictures, data)
        tiny.demand_refusal(result, f"{pictures}: expected a model, or an array", "--out FILE.npy")


def test_pickled_array_is_not_executed(data: Path) -> None:
    np.save("x.npy", np.array([print], dtype=object), allow_pickle=True)
    tiny.demand_refusal(tiny.command("evaluate-images", "x.npy", data), "x.npy")


def test_asked_for_classes_must_fit(model: Path, data: Path) -> None:
    np.save("x.npy", np.zeros((60, 28, 28), np.float32))
    np.save("labels.npy", np.zeros((60, 2), np.int64))
    np.save("few.npy", np.zeros(3, np.int64))
    result = tiny.command("evaluate-images", "x.npy", data, "--asked", "labels.npy")
    tiny.demand_refusal(result, "labels.npy", "whole numbers (n,)")
    result = tiny.command("evaluate-images", "x.npy", data, "--asked", "few.npy")
    tiny.demand_refusal(result, "asked")
    result = tiny.command("evaluate-images", model, data, "--asked", "few.npy")
    tiny.demand_refusal(result, "--asked", "a model knows")


def test_targets_of_an_evaluation_are_checked_first(data: Path) -> None:
    np.save("x.npy", np.zeros((60, 28, 28), np.float32))
    result = tiny.command("evaluate-images", "x.npy", data, "--json", "nowhere/t.json")
    tiny.demand_refusal(result, "nowhere")
    result = tiny.command("evaluate-images", "x.npy", data, "--json", "x.npy")
    tiny.demand_refusal(result, "x.npy", "replace another")


def test_images_to_compare_with_need_classes(tmp_path: Path) -> None:
    folder = tiny_images.write_idx(tmp_path / "bare", labels=False)
    np.save("x.npy", np.zeros((60, 28, 28), np.float32))
    tiny.demand_refusal(tiny.command("evaluate-images", "x.npy", folder), "with labels")
