"""``fit-images`` interrupted and resumed."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
import tiny_images
from typer.testing import Result

from tsgan.checkpoint import WEIGHTS

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


def fit(data: Path, *arguments: object, steps: int = 2) -> Result:
    result = tiny.command("fit-images", data, "--steps", steps, "--no-evaluation", *arguments)
    assert result.exit_code == 0, result.output
    return result


def success(*arguments: object) -> Result:
    result = tiny.command(*arguments)
    assert result.exit_code == 0, result.output
    return result


def interrupt_after(monkeypatch: pytest.MonkeyPatch, steps: int, number: signal.Signals) -> None:
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_fit_goes_on_as_it_says(
    data: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    fit(data, "--out", "whole", "--codes", 2, steps=4)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 1, number)
        asked = ("--out", "it's cut", "--steps", 4, "--codes", 2, "--no-evaluation")
        result = tiny.command("fit-images", data, *asked)
    assert result.exit_code == 130
    assert "interrupted after 1 steps; saved in it's cut" in result.stderr
    assert "fit was interrupted" in tiny.command("generate", "it's cut", "--images", 1).stderr
    again = success(*advice(result), "--no-evaluation")
    assert "Going on after step 1." in again.stderr
    assert (Path("it's cut") / WEIGHTS).read_bytes() == (Path("whole") / WEIGHTS).read_bytes()


def test_fit_interrupted_in_its_evaluation_can_be_completed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tsgan.images.assessment.evaluate_model", interrupted)
        result = tiny.command("fit-images", data, "--steps", 2, "--out", "m")
    assert result.exit_code == 130 and "its report is not written" in result.stderr
    assert not (Path("m") / "report.html").exists()
    success(*advice(result))
    assert (Path("m") / "report.html").exists()


def test_real_process_stops_at_ctrl_c_and_goes_on(data: Path) -> None:
    fit(data, "--out", "whole", steps=40)
    program = [sys.executable, str(Path(tiny_images.__file__)), "fit-images", str(data)]
    process = subprocess.Popen(
        [*program, "--out", "m", "--steps", "40", "--no-evaluation"],
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "step 1 " in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "Traceback" not in said and "Go on with: tsgan fit-images " in said
    success("fit-images", data, "--out", "m", "--resume", "--no-evaluation")
    assert (Path("m") / WEIGHTS).read_bytes() == (Path("whole") / WEIGHTS).read_bytes()


def test_resume_refuses_other_settings_and_images(data: Path, tmp_path: Path) -> None:
    fit(data, "--out", "m")
    for arguments, word in (
        (("--labels",), "--labels"),
        (("--network", "slim"), "--network"),
        (("--max-time", "5m"), "--max-time"),
        (("--no-batch-norm",), "--batch-norm"),
    ):
        result = tiny.command("fit-images", data, "--out", "m", "--resume", *arguments)
        tiny.demand_refusal(result, "settings of the interrupted run", word)
    other = tiny_images.write_idx(tmp_path / "other", seed=5)
    result = tiny.command("fit-images", other, "--out", "m", "--resume")
    tiny.demand_refusal(result, "m: expected the images (sha256)", "--overwrite")


def test_resume_without_a_run_of_images_is_refused(
    data: Path, price_file: Path, model_directory: Path
) -> None:
    result = tiny.command("fit-images", data, "--out", "nowhere", "--resume")
    tiny.demand_refusal(result, "nowhere", "does not exist")
    fit(data, "--out", "m")
    result = tiny.command("fit", price_file, "--out", "m", "--resume")
    tiny.demand_refusal(result, "found one of images", "tsgan fit-images")
