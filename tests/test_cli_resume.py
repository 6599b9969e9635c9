"""``tsgan fit`` interrupted by Ctrl-C, SIGTERM and SIGKILL, and resumed.

Signals are sent to real processes, at moments that their output and files tell.
"""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tiny
from typer.testing import Result

from tsgan import TimeSeriesGAN, read_prices
from tsgan.checkpoint import FILES, MANIFEST, TRAINING, WEIGHTS
from tsgan.logs import EVENTS, LOG

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")

STEPS = 45
"""Of a run that another process begins: a second, in which the signal must arrive."""


SIGNALS = (signal.SIGINT, signal.SIGTERM)


def fit(prices: Path, *arguments: object, steps: int = 3) -> Result:
    result = tiny.command("fit", prices, "--steps", steps, *arguments)
    assert result.exit_code == 0, result.output
    return result


def interrupt_after(
    monkeypatch: pytest.MonkeyPatch, steps: int, number: signal.Signals = signal.SIGINT
) -> None:
    """Send this process a real signal when so many steps are done."""
    from tsgan.cli.progress import FitProgress

    show = FitProgress.on_log

    def interrupting(self: FitProgress, progress: Any) -> None:
        show(self, progress)
        if progress.step == steps:
            signal.raise_signal(number)

    monkeypatch.setattr(FitProgress, "on_log", interrupting)


def advice(result: Result) -> list[str]:
    """Return the command that an interrupted run says to go on with, without ``tsgan``."""
    line = result.stderr.splitlines()[-1]
    assert line.startswith("tsgan: interrupted")
    program, *arguments = shlex.split(re.split(r"(Go on|Write it) with: ", line)[-1])
    assert program == "tsgan"
    return arguments


@pytest.mark.parametrize(
    ("number", "steps", "column"), [(signal.SIGINT, 1, "Open"), (signal.SIGTERM, 4, "Close")]
)
def test_interrupted_fit_goes_on_as_it_says(
    price_file: Path,
    unjudged: None,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    steps: int,
    column: str,
) -> None:
    handlers = [signal.getsignal(number) for number in SIGNALS]
    fit(price_file, "--out", "whole", "--column", column, steps=5)
    with monkeypatch.context() as patch:
        interrupt_after(patch, steps, number)
        arguments = ("--out", "it's cut", "--steps", 5, "--column", column)
        result = tiny.command("fit", price_file, *arguments)
    assert result.exit_code == 130
    assert f"interrupted after {steps} steps; saved in it's cut" in result.stderr
    assert not (Path("it's cut") / "metrics.json").exists()
    assert [signal.getsignal(number) for number in SIGNALS] == handlers
    assert tiny.command(*advice(result)).exit_code == 0
    assert TimeSeriesGAN.load("it's cut").facts_.column == column
    assert (Path("it's cut") / WEIGHTS).read_bytes() == (Path("whole") / WEIGHTS).read_bytes()
    assert (Path("it's cut") / "metrics.json").exists()


@pytest.mark.parametrize("again", [True, False])
def test_resumed_fit_goes_on_with_its_settings_and_logs(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    asked = ("--objective", "wgan", "--preset", "paper", "--clip-gradients", 5, "--holdout", 0.2)
    options = ("--patience", 9, "--precision", "float32", "--steps", 5, "--tensorboard", *asked)
    assert tiny.command("fit", price_file, "--out", "whole", *options).exit_code == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 3)
        result = tiny.command("fit", price_file, "--out", "m", *options)
    assert result.exit_code == 130
    told = advice(result)
    assert told[-1] == "--tensorboard"
    assert tiny.command(*told[: None if again else -1]).exit_code == 0
    whole, pieces = (TimeSeriesGAN.load(name) for name in ("whole", "m"))
    assert pieces.config == whole.config and pieces.config.training.patience == 9
    assert (Path("m") / WEIGHTS).read_bytes() == (Path("whole") / WEIGHTS).read_bytes()
    one, other = (lines(Path(name) / LOG) for name in ("whole", "m"))
    assert one == other and len(one) == 5 + 3
    assert len(list((Path("m") / EVENTS).iterdir())) == 1 + again


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a metrics.jsonl without the time that they took."""
    return [
        {k: v for k, v in json.loads(line).items() if k != "seconds"}
        for line in path.read_text().splitlines()
    ]


def test_price_without_a_name_can_be_resumed(unjudged: None, monkeypatch: Any) -> None:
    tiny.prices().rename("").to_csv("bare.csv")
    assert read_prices("bare.csv").names == ("price",)
    interrupt_after(monkeypatch, 2)
    result = tiny.command("fit", "bare.csv", "--out", "m", "--steps", 4)
    assert result.exit_code == 130, result.output
    assert tiny.command(*advice(result)).exit_code == 0


def test_fit_interrupted_in_its_evaluation_can_be_completed(
    price_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tsgan.judge.evaluate_model", interrupt)
        result = tiny.command("fit", price_file, "--out", "m", "--steps", 3)
    assert result.exit_code == 130 and "the model in m is whole" in result.stderr
    before = (Path("m") / WEIGHTS).read_bytes()
    completed = tiny.command(*advice(result))
    assert completed.exit_code == 0, completed.output
    assert (Path("m") / WEIGHTS).read_bytes() == before
    assert {file.name for file in Path("m").iterdir()} == set(FILES)


def test_resume_refuses_other_settings_prices_and_columns(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        tiny.command("fit", price_file, "--out", "m", "--steps", 4)
    before = tiny.contents(Path("m"))
    other = tiny.write_prices(Path("other.csv"), seed=1)
    for words, arguments in (
        (("--seed", "--steps"), (price_file, "--seed", 1, "--steps", 9)),
        (("--max-time",), (price_file, "--max-time", "5m")),
        (("--objective", "--preset"), (price_file, "--objective", "gan", "--preset", "paper")),
        (("--patience", "--precision"), (price_file, "--patience", 3, "--precision", "float32")),
        (("--clip-gradients",), (price_file, "--clip-gradients", 1)),
        (("prices (sha256)",), (other,)),
        (("prices (column)",), (price_file, "--column", "Open")),
    ):
        result = tiny.command("fit", *arguments, "--out", "m", "--resume")
        assert result.exit_code == 1
        line = result.stderr.splitlines()[-1]
        assert line.startswith("tsgan: ") and all(word in line for word in words)
    assert tiny.contents(Path("m")) == before


@pytest.mark.parametrize("prepare", [lambda path: None, Path.mkdir, Path.touch])
def test_resume_without_a_run_is_refused(
    price_file: Path, prepare: Callable[[Path], object]
) -> None:
    prepare(Path("m"))
    result = tiny.command("fit", price_file, "--out", "m", "--resume")
    tiny.demand_refusal(result, "expected a model directory of tsgan fit")


@pytest.mark.parametrize("victim", [TRAINING, MANIFEST])
def test_resume_of_a_damaged_run_is_refused_or_works(
    price_file: Path, unjudged: None, victim: str
) -> None:
    fit(price_file, "--out", "m")
    (Path("m") / victim).write_bytes(b"{")
    result = tiny.command("fit", price_file, "--out", "m", "--resume")
    if victim == TRAINING:
        tiny.demand_refusal(result, TRAINING, "--overwrite")
    else:
        assert result.exit_code == 0, "the state alone is enough"
    fit(price_file, "--out", "m", "--overwrite")


def start(prices: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start ``tsgan fit`` with small defaults in a process of its own."""
    program = [sys.executable, "-u", str(Path(tiny.__file__)), "fit", str(prices)]
    command = [*program, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole(price_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run of ``STEPS`` steps without an interruption."""
    directory = tmp_path_factory.mktemp("whole")
    TimeSeriesGAN(tiny.config(STEPS)).fit(price_file, directory=directory)
    return directory


def demand_resumed(prices: Path, whole: Path) -> None:
    """Demand that the run in ``m`` can be resumed, and ends as if nothing had happened."""
    result = tiny.command("fit", prices, "--out", "m", "--resume")
    assert result.exit_code == 0, result.output
    assert (Path("m") / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert lines(Path("m") / LOG) == lines(whole / LOG)


def test_ctrl_c_ends_a_fit_with_its_state_saved(
    price_file: Path, unjudged: None, whole: Path
) -> None:
    with start(price_file, "--out", "m", "--steps", STEPS) as process:
        assert process.stderr is not None
        assert "step 1 " in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert re.search(r"interrupted after \d+ steps; saved in m. Go on with: tsgan fit ", said)
    assert not TimeSeriesGAN.load("m").training_.finished
    demand_resumed(price_file, whole)


def test_killed_fit_can_be_resumed(price_file: Path, unjudged: None, whole: Path) -> None:
    with start(price_file, "--out", "m", "--steps", STEPS) as process:
        while not (Path("m") / TRAINING).exists() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    demand_resumed(price_file, whole)


def test_column_called_price_can_be_resumed(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.read_csv(price_file).rename(columns={"Open": "price"})
    frame.to_csv("two.csv", index=False)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        result = tiny.command("fit", "two.csv", "--column", "price", "--out", "m", "--steps", 4)
    assert result.exit_code == 130, result.output
    assert tiny.command(*advice(result)).exit_code == 0


def test_terminated_generate_leaves_nothing(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tsgan.production import Production

    groups, sampled = Production.groups, []

    def terminated(self: Production, wanted: range | None = None) -> Iterator[Any]:
        for group in groups(self, wanted):
            sampled.append(group)
            yield group
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Production, "groups", terminated)
    asked = ("--paths", 3, "--horizon", 5, "--out", "x.parquet")
    result = tiny.command("generate", model_directory, *asked)
    assert result.exit_code == 130 and sampled
    assert list(Path().iterdir()) == []
