"""``tsgan fit-many``: the models of ``tsgan fit``, all of them, whatever becomes of some."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny
from engine_example import Inline, inline
from evaluation_example import example_evaluation
from typer.testing import Result

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.errors import ConfigError
from tsgan.fit_results import COLUMNS, NOT_DONE
from tsgan.fit_tasks import fit_tasks, price_files
from tsgan.local_engine import LocalWorkers
from tsgan.many_fits import FitTask, FitWork, ended_meanwhile, fit_many
from tsgan.reading import ReadConfig
from tsgan.results import SEVENTEEN
from tsgan.tasks import Outcome

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")

STEPS = 5
FEW = 8
"""Paths that a model is calibrated to in these tests; the usual 1,024 take a second."""


@pytest.fixture(autouse=True)
def few_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.fitted.CALIBRATION_PATHS", FEW)


@pytest.fixture
def prices() -> Path:
    """A folder of three price files, the second of which is none."""
    folder = Path("prices")
    folder.mkdir()
    for seed, name in enumerate(("AAA.csv", "CCC.B.csv")):
        tiny.write_prices(folder / name, seed=seed)
    (folder / "BBB.csv").write_text("Date,Close\n2020-01-01,x\n2020-01-02,y\n")
    (folder / "README.md").write_text("# Prices\n")
    return folder


@pytest.fixture
def inline_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.engines.opened", inline)


def many(*arguments: object, steps: int = STEPS) -> Result:
    asked = ("--out", "models", "--steps", steps, "--no-evaluation", *arguments)
    return tiny.command("fit-many", "prices/*.csv", *asked)


def rows() -> list[dict[str, str]]:
    with Path("models/results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def model(directory: Path) -> tuple[bytes, dict[str, Any]]:
    """The weights of a model, and its manifest without what the clock says."""
    manifest = json.loads((directory / MANIFEST).read_text())
    del manifest["training"]["seconds"]
    return (directory / WEIGHTS).read_bytes(), manifest


@pytest.mark.usefixtures("inline_engine", "unjudged")
def test_each_is_the_model_of_its_file_alone(prices: Path) -> None:
    asked = ("--seed", 3, "--condition", "regime", "--column", "Open")
    result = many(*asked)
    assert result.exit_code == 1, result.output
    for name in ("AAA", "CCC.B"):
        alone = ("fit", prices / f"{name}.csv", "--out", f"alone-{name}", "--steps", STEPS)
        assert tiny.command(*alone, *asked).exit_code == 0
        assert model(Path("models") / name) == model(Path(f"alone-{name}"))
    assert not (Path("models") / "BBB").exists()


@pytest.mark.usefixtures("inline_engine")
def test_a_broken_file_stops_no_other_and_is_told(prices: Path) -> None:
    result = many()
    assert result.exit_code == 1
    begin, *_ = result.stdout.splitlines()
    assert begin.startswith(
        "Fitting 3 models, wgan-gp, each for 5 steps, seed 0 for all, 2 at a ti"
    )
    first, bad, last, end = result.stderr.splitlines()
    assert first.startswith("1 of 3  AAA: 5 steps in ") and first.endswith("; 2 left")
    assert bad.startswith("2 of 3  BBB: failed: BBB.csv, line 2") and "; 1 left, about" in bad
    assert last.startswith("3 of 3  CCC.B: 5 steps in") and "left" not in last
    assert end.startswith("tsgan: 1 of 3 failed") and end.endswith("same command with --resume")
    assert "Fitted 2 of 3 models, 1 failed; all are listed in models/results.csv." in result.stdout
    assert "tsgan generate models --paths 500" in result.stdout
    aaa, bbb, ccc = rows()
    assert tuple(aaa) == COLUMNS
    assert (aaa["file"], aaa["model"], aaa["steps"]) == ("prices/AAA.csv", "models/AAA", "5")
    assert float(aaa["minutes"]) >= 0 and aaa["error"] == aaa["rows"] == ""
    assert bbb["error"].startswith("BBB.csv, line 2") and bbb["steps"] == ""
    assert ccc["model"] == "models/CCC.B"


@pytest.mark.usefixtures("inline_engine", "unjudged")
def test_resume_keeps_no_model_of_another_condition_file(prices: Path) -> None:
    (prices / "BBB.csv").unlink()
    tiny.write_prices(Path("vix.csv"), seed=4)
    asked = ("--condition", "vix=vix.csv:Close")
    assert many(*asked).exit_code == 0
    again = many(*asked, "--resume")
    assert again.exit_code == 0 and "kept 2 that were there" in again.stdout
    tiny.write_prices(Path("vix.csv"), seed=5)
    assert many(*asked, "--resume").exit_code == 1
    assert "models/AAA: expected the model of these files of conditions" in rows()[0]["error"]
    assert many("--resume").exit_code == 1
    assert "models/AAA: expected the model of these settings" in rows()[0]["error"]


@pytest.mark.usefixtures("inline_engine")
def test_resume_keeps_what_is_finished(prices: Path) -> None:
    assert many().exit_code == 1
    before = {file: file.stat().st_mtime_ns for file in Path("models").glob("*/*")}
    tiny.demand_refusal(many(), "models/AAA", "holds a model already", "--resume")
    tiny.write_prices(prices / "BBB.csv", seed=9)
    result = many("--resume")
    assert result.exit_code == 0, result.output
    assert "AAA: was there, 5 steps" in result.stderr and "BBB: 5 steps" in result.stderr
    assert "Fitted 1 of 3 models, kept 2 that were there; all are listed in" in result.stdout
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert [row["error"] for row in rows()] == ["", "", ""]
    assert many("--resume", "--column", "Open").exit_code == 1
    assert "models/AAA: expected the model of these prices" in rows()[0]["error"]
    others = many("--resume", "--seed", 1)
    assert others.exit_code == 1
    assert "models/AAA: expected the model of these settings" in rows()[0]["error"]
    tiny.write_prices(prices / "AAA.csv", seed=8)
    assert many("--resume").exit_code == 1
    assert "models/AAA: expected the model of these prices" in rows()[0]["error"]
    assert {file: file.stat().st_mtime_ns for file in before} == before


def work(steps: int = STEPS, **settings: Any) -> FitWork:
    config = tiny.config(steps)
    settings = {"evaluates": False, **settings}
    return FitWork(config, Path.cwd(), ReadConfig(), **settings)


def test_evaluated_models_have_rows_and_a_report(
    price_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsgan.many_fits.evaluate_model", lambda *_, **__: example_evaluation(50))
    task = FitTask(price_file, Path("models/garch"))
    Path("models").mkdir()
    found = work(evaluates=True)(task)
    metrics = json.loads((task.directory / "metrics.json").read_text())
    assert found.rows == len(SEVENTEEN)
    assert found.at_mark == metrics["rows_of_seventeen"]["indistinguishable"]
    before = tiny.contents(task.directory)
    assert before.keys() >= {"report.html", "training.png"}
    again = work(evaluates=True)(task)
    assert again.there and (again.rows, again.at_mark) == (found.rows, found.at_mark)
    assert tiny.contents(task.directory) == before
    (task.directory / "report.html").unlink()  # lost in the evaluation
    work(evaluates=True)(task)
    assert (task.directory / "report.html").is_file()
    assert (task.directory / WEIGHTS).read_bytes() == before[WEIGHTS]


@dataclass(frozen=True)
class Killing:
    """Work whose process is lost after its first check; ``marker`` has the steps of all checks."""

    work: FitWork
    marker: Path

    @property
    def folder(self) -> Path:
        return self.work.folder

    def __call__(self, task: FitTask) -> Any:
        import tsgan.fitted
        import tsgan.run

        tsgan.fitted.CALIBRATION_PATHS = FEW
        write = tsgan.run.checkpoint.write_training

        def killing(*arguments: Any) -> None:
            write(*arguments)
            with self.marker.open("a") as file:
                file.write(f"{arguments[2]['step']} ")
            if len(self.marker.read_text().split()) == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        tsgan.run.checkpoint.write_training = killing
        return self.work(task)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGKILL")
def test_a_killed_fit_goes_on_from_its_checkpoint(price_file: Path) -> None:
    whole = TimeSeriesGAN(tiny.config(7)).fit(price_file, directory="whole")
    Path("models").mkdir()
    killing = Killing(work(7), Path("killed").absolute())
    (found,) = fit_many([FitTask(price_file, Path("models/garch"))], killing, LocalWorkers(1))
    assert found.error is None and found.made.steps == 7 == whole.training_.steps
    assert found.lost == 1
    first, second, *_ = map(int, Path("killed").read_text().split())
    assert 0 < first < second, "it began anew"
    assert model(Path("models/garch")) == model(Path("whole"))


def test_what_ended_while_all_were_stopped_is_no_loss(price_file: Path) -> None:
    TimeSeriesGAN(tiny.config(3)).fit(price_file, directory="models/done")
    TimeSeriesGAN(tiny.config(9)).fit(price_file, directory="models/cut", stop=lambda: True)
    tasks = [FitTask(price_file, Path("models") / name) for name in ("done", "cut", "none")]
    ended = ended_meanwhile(tasks, work(3), {})
    assert list(ended) == tasks[:1] and ended[tasks[0]].made.steps == 3
    assert ended_meanwhile(tasks, work(3), dict.fromkeys(tasks)) == {}
    assert ended_meanwhile(tasks, work(3, evaluates=True), {}) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGTERM")
def test_a_stop_saves_each_run(prices: Path, unjudged: None) -> None:
    (prices / "BBB.csv").unlink()
    program = [sys.executable, Path(tiny.__file__), "fit-many", "prices", "--out", "models"]
    program += ["--no-evaluation", "--steps", "200", "--workers", "1"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        while not (Path("models/AAA") / TRAINING).exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate()
    assert process.returncode == 130, told
    assert told.splitlines()[-1].startswith("tsgan: interrupted; what is trained is saved. Go on")
    assert [row["error"] for row in rows()] == [NOT_DONE, NOT_DONE]
    steps = json.loads((Path("models/AAA") / MANIFEST).read_text())["training"]["steps"]
    assert 0 < steps < 200
    assert not (Path("models") / "CCC.B").exists()


def test_files_are_found(prices: Path) -> None:
    names = ["AAA.csv", "BBB.csv", "CCC.B.csv"]
    expected = [prices / name for name in names]
    assert price_files(["prices"]) == price_files(["prices/*.csv"]) == expected
    assert price_files(["prices/CCC.B.csv", "prices"]) == [expected[2], *expected[:2]]
    assert price_files(["prices/README.md"]) == [prices / "README.md"], (
        "a file is taken at its word"
    )
    for nothing in ("prices/*.parquet", "nowhere", "empty"):
        Path("empty").mkdir(exist_ok=True)
        with pytest.raises(ConfigError, match=r"expected price files, found none"):
            price_files(["prices", nothing])


def test_directories_are_named_after_files() -> None:
    files = [Path(name) for name in ("a.csv", "b/BRK.B.csv.gz", "c.XLSX", "d", ".csv")]
    names = [task.directory.name for task in fit_tasks(files, Path("out"))]
    assert names == ["a", "BRK.B", "c", "d", ".csv"]


@pytest.mark.parametrize("other", ["b/x.csv", "x.parquet", "X.csv.gz"])
def test_two_files_of_one_name_are_refused(other: str) -> None:
    with pytest.raises(ConfigError, match=f"^x.csv and {other}: expected files of different"):
        fit_tasks([Path("x.csv"), Path("y.csv"), Path(other)], Path("out"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: shutil.move("prices/AAA.csv", "gone.csv"), ("AAA.csv", "every worker sees")),
        (lambda: shutil.move("models", "gone"), ("models", "every worker sees")),
    ],
)
def test_what_a_worker_does_not_see_is_said(
    prices: Path, change: Callable[[], object], words: tuple[str, ...]
) -> None:
    Path("models").mkdir()
    change()
    (found,) = fit_many([FitTask(prices / "AAA.csv", Path("models/AAA"))], work(), Inline())
    assert [word for word in words if word not in str(found.error)] == []


def test_a_model_that_appears_elsewhere_is_said(prices: Path) -> None:
    class Elsewhere(Inline):
        def outcomes(self, work: Any, tasks: Any) -> Any:
            yield from (Outcome(task, object(), None) for task in tasks)

    (found,) = fit_many([FitTask(prices / "AAA.csv", Path("models/AAA"))], work(), Elsewhere())
    assert found.made is None and "expected the model that a worker has written" in str(found.error)


@pytest.mark.usefixtures("inline_engine")
def test_foreign_directories_are_never_touched(prices: Path) -> None:
    (Path("models") / "AAA").mkdir(parents=True)
    (Path("models") / "AAA" / "thesis.tex").touch()
    tiny.demand_refusal(many("--resume"), "models/AAA", "thesis.tex")
    assert [file.name for file in Path("models").iterdir()] == ["AAA"]


@pytest.mark.usefixtures("inline_engine")
def test_a_table_of_something_else_stays(prices: Path) -> None:
    Path("models").mkdir()
    results = Path("models/results.csv")
    results.write_text("my,results\n1,2\n")
    tiny.demand_refusal(many(), "models/results.csv", "another --out")
    assert results.read_text() == "my,results\n1,2\n" and not (Path("models") / "AAA").exists()


@pytest.mark.usefixtures("inline_engine")
def test_names_are_no_formulas_in_the_results(prices: Path) -> None:
    shutil.copy(prices / "BBB.csv", "=cmd.csv")
    result = tiny.command("fit-many", "=cmd.csv", "--out", "models", "--steps", 1)
    assert result.exit_code == 1
    assert rows()[0]["file"] == "'=cmd.csv" and rows()[0]["error"].startswith("'=cmd.csv, line 2")
