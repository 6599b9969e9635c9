"""``fit-images`` and ``info`` on what it writes: files, words, refusals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
import tiny_images
from typer.testing import Result

from tsgan import ImageGAN
from tsgan.checkpoint import MANIFEST, PICTURES, TRAINING, WEIGHTS
from tsgan.images.config import NETWORKS
from tsgan.logs import LOG

pytestmark = pytest.mark.usefixtures("elsewhere", "small")

FILES = {MANIFEST, WEIGHTS, TRAINING, LOG, "metrics.json", "report.html", "training.png", *PICTURES}


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
def finished(
    small: None, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    """A model directory that ``tsgan fit-images`` wrote to the end, and what it said."""
    directory = tmp_path_factory.mktemp("fit") / "new" / "model"
    arguments = ("--labels", "--steps", 6, "--seed", 3, "--out", directory)
    return directory, tiny.command("fit-images", data, *arguments)


def fit(data: Path, *arguments: object, steps: int = 2) -> Result:
    result = tiny.command("fit-images", data, "--steps", steps, "--no-evaluation", *arguments)
    assert result.exit_code == 0, result.output
    return result


def success(*arguments: object) -> Result:
    result = tiny.command(*arguments)
    assert result.exit_code == 0, result.output
    return result


def test_fit_writes_its_files(finished: tuple[Path, Result]) -> None:
    directory, result = finished
    assert result.exit_code == 0, result.output
    assert {file.name for file in directory.iterdir()} == FILES
    for name in ("training.png", *PICTURES):
        assert (directory / name).read_bytes().startswith(b"\x89PNG")
    page = (directory / "report.html").read_text()
    assert "Fréchet" in page and not re.search(r'(src|href)="https?:', page)
    metrics = json.loads((directory / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["kind"] == "images" and metrics["compared"] == 80


def test_fit_says_what_it_does(finished: tuple[Path, Result], data: Path) -> None:
    directory, result = finished
    for text in (
        f"Read {data}",
        "120 to learn from, 80 to test with, 10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        "Training wgan-gp, network slim, labels learned, up to 600 groups of images that look "
        "alike for 6 steps on cpu, seed 3; model in",
        "Trained 6 steps",
        "the judge is right about",
        "Fréchet ratio",
        "Note: Only 80 images are compared",
        f"open {directory / 'report.html'} in a browser",
        f"tsgan generate {directory} --images 100 --given digit=all --out images.png",
    ):
        assert text in result.stdout, text
    lines = [line for line in result.stderr.splitlines() if "step" in line]
    assert len(lines) == 6
    for line in lines:
        assert re.search(r"step \d.*W estimate -?\d.*penalty \d.* left", line)
        assert "held-out" not in line


def test_model_of_the_command_is_that_of_the_library(
    finished: tuple[Path, Result], data: Path
) -> None:
    loaded = ImageGAN.load(finished[0])
    again = ImageGAN(loaded.config).fit(data)
    assert np.array_equal(loaded.sample(3), again.sample(3))
    assert loaded.config.labels and loaded.config.seed == 3


def test_options_reach_the_configuration(data: Path) -> None:
    arguments = ("--batch", 5, "--seed", 9, "--device", "cpu", "--precision", "float32")
    fit(data, "--out", "m", "--codes", 4, "--objective", "lsgan", "--network", "wgan", *arguments)
    config = ImageGAN.load("m").config
    assert (config.labels, config.codes, config.code_numbers) == (False, 4, 0)
    assert (config.seed, config.device, config.network.kind) == (9, "cpu", "wgan")
    training = config.training
    assert (training.batch, training.precision, training.objective) == (5, "float32", "lsgan")


def test_preset_of_the_paper_is_taken(data: Path) -> None:
    fit(data, "--out", "m", "--preset", "paper")
    training = ImageGAN.load("m").config.training
    assert (training.learning_rate, training.critic_steps) == (1e-4, 5)


def test_choices_are_those_of_the_library() -> None:
    from tsgan.cli.image_options import NETWORKS as TOLD

    assert TOLD == NETWORKS


@pytest.mark.parametrize(
    ("arguments", "objective", "normalised"),
    [((), "gan", True), (("--no-batch-norm",), "wgan-gp", False)],
)
def test_dcgan_has_an_objective_that_goes_with_its_critic(
    data: Path, arguments: tuple[str, ...], objective: str, normalised: bool
) -> None:
    fit(data, "--out", "m", "--network", "dcgan", *arguments, steps=1)
    config = ImageGAN.load("m").config
    assert (config.training.objective, config.network.batch_norm) == (objective, normalised)


def test_time_can_be_given_instead_of_steps(data: Path) -> None:
    success("fit-images", data, "--max-time", "0.2s", "--no-evaluation", "--out", "m")
    training = ImageGAN.load("m").training_
    assert training.finished and training.seconds >= 0.2


def test_directory_is_named_after_the_images(data: Path) -> None:
    shutil.copytree(data, "clothes.2024")
    fit(Path("clothes.2024"))
    assert (Path("clothes-model") / MANIFEST).is_file()


def test_sample_that_comes_along_is_read() -> None:
    result = fit(Path("sample"), steps=1)
    assert "Read sample" in result.stdout and (Path("sample-model") / MANIFEST).is_file()


def test_images_without_classes_are_shown_but_not_measured(tmp_path: Path) -> None:
    folder = tiny_images.write_idx(tmp_path / "bare", labels=False)
    result = success("fit-images", folder, "--steps", 2, "--out", "m")
    assert "without classes" in result.stdout and "not measured" in result.stdout
    assert {file.name for file in Path("m").iterdir()} == FILES - {"metrics.json", "report.html"}
    assert f"open {Path('m') / 'samples.png'}, then" in result.stdout
    refused = tiny.command("fit-images", folder, "--labels", "--steps", 2, "--out", "n")
    tiny.demand_refusal(refused, "without classes", "leave --labels out")
    assert not Path("n").exists()


def test_event_files_are_written(data: Path) -> None:
    fit(data, "--out", "m", "--tensorboard")
    assert list((Path("m") / "tensorboard").iterdir())


def test_existing_model_is_kept_unless_told(data: Path) -> None:
    fit(data, "--out", "m")
    before = tiny.contents(Path("m"))
    result = tiny.command("fit-images", data, "--out", "m", "--steps", 2)
    tiny.demand_refusal(result, "holds a model already", "--resume", "--overwrite")
    assert tiny.contents(Path("m")) == before
    fit(data, "--out", "m", "--overwrite", "--seed", 4)
    assert ImageGAN.load("m").config.seed == 4


def test_model_of_series_can_be_replaced_by_one_of_images(
    data: Path, model_directory: Path
) -> None:
    shutil.copytree(model_directory, "m")
    (Path("m") / "report.html").write_text("old")
    fit(data, "--out", "m", "--overwrite")
    assert "report.html" not in {file.name for file in Path("m").iterdir()}
    assert ImageGAN.load("m").training_.finished


@pytest.mark.parametrize(
    "arguments",
    [
        ("--objective", "surprise"),
        ("--network", "huge"),
        ("--preset", "secret"),
        ("--codes", "1"),
        ("--codes", "5000"),
        ("--device", "abacus"),
        ("--precision", "float8"),
        ("--steps", "0"),
        ("--batch", "0"),
        ("--seed", "-1"),
        ("--network", "dcgan", "--objective", "wgan-gp"),
        ("--network", "slim", "--no-batch-norm"),
    ],
)
def test_bad_setting_is_one_line_and_leaves_nothing(data: Path, arguments: tuple[str, ...]) -> None:
    result = tiny.command("fit-images", data, "--out", "n", *arguments)
    tiny.demand_refusal(result, "expected")
    assert not Path("n").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--steps", "3", "--max-time", "5m"), ("--steps", "--max-time")),
        (("--resume", "--overwrite"), ("--resume", "--overwrite")),
        (("--max-time", "soon"), ("duration",)),
        (("--codes", "many"), ("--codes N or N+M", "'many'")),
        (("--codes", "10+"), ("--codes",)),
        (("--surprise",), ("--surprise",)),
    ],
)
def test_contradictory_options_are_a_usage_error(
    data: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = tiny.command("fit-images", data, *arguments)
    assert result.exit_code == 2
    assert [word for word in words if word not in result.stderr] == []
    assert list(Path().iterdir()) == []


def test_misspelt_source_says_what_was_expected() -> None:
    result = tiny.command("fit-images", "mnsit")
    tiny.demand_refusal(result, "mnsit: expected a folder of images, mnist or sample")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("out", ["file", "file/model"])
def test_place_that_is_no_directory_is_refused_at_once(data: Path, out: str) -> None:
    Path("file").write_text("mine")
    result = tiny.command("fit-images", data, "--out", out)
    tiny.demand_refusal(result, "file", "choose another")
    assert Path("file").read_text() == "mine"


def test_model_is_described(finished: tuple[Path, Result], data: Path) -> None:
    lines = success("info", finished[0]).stdout
    for text in (
        "120 to learn from, 80 to test with",
        "0 (12), 1 (12)",
        "slim, wgan-gp",
        "finished: 6 steps",
        "digit: 0, 1,",
        "Fréchet",
        '"labels": true',
    ):
        assert text in lines, text
    fit(data, "--codes", "3+2", "--out", "m")
    lines = success("info", "m").stdout
    assert "code: 0 to 2 or all; c1: a number, -1 to 1" in lines and "none yet" in lines


def test_help_is_quick() -> None:
    program = (
        "import sys; from tsgan.cli.app import app; "
        "print(sorted({'torch', 'pandas', 'numpy', 'PIL', 'matplotlib'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr
