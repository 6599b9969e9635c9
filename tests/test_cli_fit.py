"""``tsgan fit``: its files, its words, its refusals."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from typer.testing import Result

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.logs import LOG
from tsgan.results import SEVENTEEN

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")

FILES = {MANIFEST, WEIGHTS, TRAINING, LOG, "metrics.json", "report.html", "training.png"}


@pytest.fixture(scope="module")
def finished(
    price_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Result]]:
    """A model directory that ``tsgan fit`` wrote to the end, and what it said."""
    directory = tmp_path_factory.mktemp("fit") / "new" / "model"
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, value in tiny.defaults():
            patch.setattr(owner, name, value)
        arguments = ("--steps", 6, "--holdout", 0.2, "--seed", 3)
        yield directory, tiny.command("fit", price_file, "--out", directory, *arguments)


def fit(prices: Path, *arguments: object, steps: int = 3) -> Result:
    result = tiny.command("fit", prices, "--steps", steps, *arguments)
    assert result.exit_code == 0, result.output
    return result


def test_fit_writes_its_files(finished: tuple[Path, Result]) -> None:
    directory, result = finished
    assert result.exit_code == 0, result.output
    assert {file.name for file in directory.iterdir()} == FILES
    assert (directory / "training.png").read_bytes().startswith(b"\x89PNG")
    page = (directory / "report.html").read_text()
    assert page.count('class="plot"') == 19 and "garch.csv" in page
    assert not re.search(r'(src|href)="https?:', page)


def test_fit_says_what_it_does(finished: tuple[Path, Result]) -> None:
    directory, result = finished
    for text in (
        "Read garch.csv: 701 prices, 2019-04-26 … 2021-12-31, column Close.",
        "Training wgan-gp on 560 of 700 log returns (the last 140 choose the checkpoint) for 6",
        "Trained 6 steps",
        "In-sample",
        f"open {directory / 'report.html'}",
        f"tsgan generate {directory}",
    ):
        assert text in result.stdout, text
    lines = [line for line in result.stderr.splitlines() if "step" in line]
    assert len(lines) == 6, "a line for each of few steps"
    for line in lines:
        assert re.search(r"step \d.*W estimate -?\d.*penalty \d.*held-out .*left", line)


def test_model_of_the_command_is_that_of_the_library(
    finished: tuple[Path, Result], price_file: Path
) -> None:
    loaded = TimeSeriesGAN.load(finished[0])
    config = tiny.config(6, holdout=0.2, seed=3)
    assert loaded.config == config
    model = TimeSeriesGAN(config).fit(price_file)
    assert np.array_equal(loaded.sample(3, 40).log_returns, model.sample(3, 40).log_returns)


def test_metrics_have_their_schema(finished: tuple[Path, Result]) -> None:
    metrics = json.loads((finished[0] / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert set(metrics) == {
        *("schema", "name", "returns", "paths", "horizon", "held_out_returns", "band"),
        *("rows_of_seventeen", "warnings", "metrics", "assets", "conditions"),
    }
    assert metrics["held_out_returns"] == 140
    assert (metrics["name"], metrics["returns"]) == ("garch.csv", 700)
    assert (metrics["paths"], metrics["horizon"]) == (20, 700)
    assert metrics["band"]["quantiles"] == [0.05, 0.5, 0.95]
    names = [row["name"] for row in metrics["metrics"]]
    assert len(names) == len(set(names)) and {*SEVENTEEN, "copied windows"} <= set(names)
    for row in metrics["metrics"]:
        assert set(row) == {
            *("name", "group", "real", "synthetic", "value", "band", "verdict", "interval"),
            *("spread", "baselines", "others", "held_out", "meaning", "note"),
        }
        assert row["verdict"] in ("indistinguishable", "within noise", "off", "skipped")
        if row["band"] is not None:
            assert row["band"] == sorted(row["band"])
            assert "GARCH-n" in row["baselines"] or row["value"] == 0
    verdicts = [row["verdict"] for row in metrics["metrics"] if row["name"] in SEVENTEEN]
    assert metrics["rows_of_seventeen"] == {
        verdict.replace(" ", "_"): verdicts.count(verdict)
        for verdict in ("indistinguishable", "within noise", "off", "skipped")
    }


def test_info_and_generate_take_the_directory(finished: tuple[Path, Result]) -> None:
    assert "held-out score" in tiny.command("info", finished[0]).stdout
    assert tiny.command("generate", finished[0], "--paths", 2, "--horizon", 3).exit_code == 0
    assert {file.name for file in finished[0].iterdir()} == FILES


def test_directory_is_named_after_the_prices(price_file: Path, unjudged: None) -> None:
    shutil.copy(price_file, "ACME.daily.csv")
    fit(Path("ACME.daily.csv"))
    assert (Path("ACME-model") / MANIFEST).is_file()


def test_options_reach_the_configuration(price_file: Path, unjudged: None) -> None:
    arguments = ("--window", 144, "--seed", 9, "--device", "cpu", "--column", "Open")
    fit(price_file, "--out", "m", "--objective", "wgan-gp", "--holdout", "2021-03-01", *arguments)
    model = TimeSeriesGAN.load("m")
    assert (model.config.window, model.config.seed, model.config.device) == (144, 9, "cpu")
    assert model.config.holdout == "2021-03-01" and model.facts_.training_end == "2021-02-26"
    assert model.facts_.column == "Open" and model.config.training.steps == 3


def test_a_report_can_wait(price_file: Path) -> None:
    asked = ("--steps", 3, "--out", "model")
    result = tiny.command("fit", price_file, *asked, "--no-evaluation")
    assert result.exit_code == 0, result.output
    assert "Evaluating" not in result.stdout and not Path("model/report.html").exists()
    assert f"Next: its report, by tsgan fit {price_file} --out model --resume" in result.stdout


def test_time_can_be_given_instead_of_steps(price_file: Path, unjudged: None) -> None:
    assert tiny.command("fit", price_file, "--out", "m", "--max-time", "0.2s").exit_code == 0
    training = TimeSeriesGAN.load("m").training_
    assert training.finished and training.seconds >= 0.2


def test_few_returns_give_a_warning(price_file: Path, unjudged: None) -> None:
    lines = price_file.read_text().splitlines()
    Path("few.csv").write_text("\n".join([lines[0], *lines[-301:]]))
    assert "tsgan: warning: 300 returns are few" in fit(Path("few.csv")).stderr


def test_existing_model_is_kept_unless_told(price_file: Path, unjudged: None) -> None:
    fit(price_file, "--out", "m")
    before = tiny.contents(Path("m"))
    result = tiny.command("fit", price_file, "--out", "m", "--steps", 3)
    tiny.demand_refusal(result, "holds a model already", "--resume", "--overwrite", "--out")
    assert tiny.contents(Path("m")) == before


def test_overwritten_model_is_a_new_one(price_file: Path, unjudged: None) -> None:
    fit(price_file, "--out", "new", "--seed", 5)
    fit(price_file, "--out", "m")
    for name in ("report.html", "training.png", f".tsgan-0123abcd-{WEIGHTS}"):
        (Path("m") / name).write_text("old")
    fit(price_file, "--out", "m", "--seed", 5, "--overwrite")
    assert (Path("m") / WEIGHTS).read_bytes() == (Path("new") / WEIGHTS).read_bytes()
    assert {file.name for file in Path("m").iterdir()} == {
        file.name for file in Path("new").iterdir()
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("--objective", "surprise"),
        ("--window", "100"),
        ("--holdout", "0.9"),
        ("--device", "abacus"),
        ("--column", "Volume"),
        ("--steps", "0"),
        ("--seed", "-1"),
        ("--preset", "secret"),
        ("--precision", "float8"),
        ("--clip-gradients", "0"),
        ("--patience", "0", "--holdout", "0.2"),
        ("--patience", "3"),  # of these prices nothing is held out
    ],
)
def test_bad_setting_does_not_cost_the_old_model(
    price_file: Path, unjudged: None, arguments: tuple[str, ...]
) -> None:
    fit(price_file, "--out", "m")
    before = tiny.contents(Path("m"))
    for extra in (("--out", "m", "--overwrite"), ("--out", "n")):
        tiny.demand_refusal(tiny.command("fit", price_file, *extra, *arguments), "expected")
    assert tiny.contents(Path("m")) == before and not Path("n").exists()


@pytest.mark.parametrize("arguments", [(), ("--overwrite",), ("--resume",)])
@pytest.mark.parametrize("names", [["thesis.tex"], [MANIFEST, "thesis.tex"], [".git"]])
def test_foreign_directory_is_never_touched(
    price_file: Path, arguments: tuple[str, ...], names: list[str]
) -> None:
    Path("mine").mkdir()
    for name in names:
        (Path("mine") / name).write_text("{}")
    result = tiny.command("fit", price_file, "--out", "mine", *arguments)
    tiny.demand_refusal(result, "mine", "expected")
    assert tiny.contents(Path("mine")) == dict.fromkeys(names, b"{}")


@pytest.mark.parametrize("out", ["file", "file/model", "file/deep/model"])
def test_place_that_is_no_directory_is_refused_at_once(price_file: Path, out: str) -> None:
    Path("file").write_text("mine")
    result = tiny.command("fit", price_file, "--out", out)
    tiny.demand_refusal(result, "file", "choose another")
    assert result.stdout == ""
    assert Path("file").read_text() == "mine"


def test_empty_directory_will_do(price_file: Path, unjudged: None) -> None:
    Path("m").mkdir()
    fit(price_file, "--out", "m")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--steps", "3", "--max-time", "5m"), ("--steps", "--max-time")),
        (("--resume", "--overwrite"), ("--resume", "--overwrite")),
        (("--max-time", "soon"), ("duration",)),
        (("--max-time", "0"), ("duration",)),
        (("--holdout", "soon"), ("fraction",)),
        (("--surprise",), ("--surprise",)),
    ],
)
def test_contradictory_options_are_a_usage_error(
    price_file: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = tiny.command("fit", price_file, *arguments)
    assert result.exit_code == 2
    assert [word for word in words if word not in result.stderr] == []
    assert list(Path().iterdir()) == []


def rows(edit: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    return lambda text: "\n".join(edit(text.splitlines())) + "\n"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: "", ("empty",)),
        (rows(lambda lines: lines[:1]), ()),
        (rows(lambda lines: lines[:257]), ("at least 257 prices", "got 256")),
        (rows(lambda lines: [line.split(",")[0] for line in lines]), ("price column",)),
        (rows(lambda lines: [*lines[:50], "2030-01-01,-3.5,1", *lines[51:]]), ("-3.5",)),
        (rows(lambda lines: [*lines[:50], "2030-01-01,0,1", *lines[51:]]), ()),
        (rows(lambda lines: [*lines[:50], "2030-01-01,dear,1", *lines[51:]]), ("dear",)),
        (rows(lambda lines: [lines[0], *(f"{line[:11]}100,100" for line in lines[1:])]), ("vary",)),
        (lambda text: "\x00\x01\x02" * 500, ()),
    ],
    ids=[
        "empty",
        "header",
        "short",
        "dates",
        "negative",
        "zero",
        "word",
        "flat",
        "bytes",
    ],
)
def test_bad_prices_are_one_line_and_leave_nothing(
    price_file: Path, damage: Callable[[str], str], words: tuple[str, ...]
) -> None:
    Path("bad.csv").write_text(damage(price_file.read_text()))
    tiny.demand_refusal(tiny.command("fit", "bad.csv", "--steps", 3), "bad.csv", "expected", *words)
    assert [file.name for file in Path().iterdir()] == ["bad.csv"]


def test_missing_prices_are_one_line() -> None:
    tiny.demand_refusal(tiny.command("fit", "nowhere.csv"), "nowhere.csv")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_device_that_is_not_here_is_refused(price_file: Path) -> None:
    result = tiny.command("fit", price_file, "--device", "cuda")
    tiny.demand_refusal(result, "device", "'cuda'", "--device cpu")
