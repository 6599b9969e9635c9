"""``tsgan fit``: its options for the training, and what it says and writes of it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
import tiny
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import Result

from tsgan import Config, ConfigError, TimeSeriesGAN, TrainingConfig, preset
from tsgan.cli import fit_options
from tsgan.cli.progress import FitProgress
from tsgan.config import PRECISIONS
from tsgan.logs import EVENTS, LOG
from tsgan.objectives import OBJECTIVES, PRESETS, make_objective
from tsgan.validation import HeldOutScore

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")


def fit(prices: Path, *arguments: object, steps: int = 3) -> Result:
    result = tiny.command("fit", prices, "--steps", steps, *arguments)
    assert result.exit_code == 0, result.output
    return result


def test_options_of_the_training_reach_the_configuration(price_file: Path, unjudged: None) -> None:
    arguments = ("--clip-gradients", 2.5, "--precision", "float32", "--patience", 7)
    fit(price_file, "--out", "m", "--holdout", 0.2, *arguments)
    training = TimeSeriesGAN.load("m").config.training
    assert (training.max_gradient_norm, training.precision, training.patience) == (
        2.5,
        "float32",
        7,
    )


def test_choices_are_those_of_the_library() -> None:
    assert tuple(OBJECTIVES) == fit_options.OBJECTIVES
    assert fit_options.PRESETS == PRESETS
    text = tiny.command("fit", "--help").stdout
    for choices in (OBJECTIVES, PRESETS, PRECISIONS):
        assert "|".join(choices) in text
    result = tiny.command("fit", "x.csv", "--objective", "surprise")
    tiny.demand_refusal(result, *OBJECTIVES, "'surprise'")


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", [None, *PRESETS])
def test_preset_gives_the_settings_of_the_objective(
    price_file: Path,
    unjudged: None,
    monkeypatch: pytest.MonkeyPatch,
    objective: str,
    name: str | None,
) -> None:
    trained: list[Config] = []

    def train(model: TimeSeriesGAN, *_: object, **__: object) -> None:
        trained.append(model.config)
        raise ConfigError("expected no training")

    monkeypatch.setattr(TimeSeriesGAN, "fit", train)
    arguments = ("--objective", objective, *(() if name is None else ("--preset", name)))
    result = tiny.command("fit", price_file, "--steps", 3, "--out", "m", *arguments)
    expected = replace(tiny.config(3).training, **preset(objective, name or "tuned"))
    assert trained == [replace(tiny.config(3), training=expected)]
    whose = " with the settings of its paper" if name == "paper" else ""
    assert f"Training {objective}{whose} on 700 of 700 log returns" in result.stdout


def test_run_with_the_settings_of_a_paper_goes_on_with_them(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--objective", "lsgan", "--preset", "paper", "--out", "m")
    fit(price_file, *arguments, steps=2)
    config = TimeSeriesGAN.load("m").config
    resumed = tiny.command("fit", price_file, "--out", "m", "--resume")
    assert "Training lsgan with the settings of its paper on" in resumed.stdout
    assert TimeSeriesGAN.load("m").config == config


def test_fit_that_runs_out_of_patience_says_so(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([3.0, 1.0, 2.0, *[0.0] * 9])
    monkeypatch.setattr(HeldOutScore, "__call__", lambda *_: next(scores))
    result = fit(price_file, "--out", "m", "--holdout", 0.2, "--patience", 1, steps=9)
    assert result.stdout.count("then stopped") == 0, "three checks, the last at the end"
    monkeypatch.setattr(TrainingConfig.__init__, "__defaults__", many_checks())
    scores = iter([3.0, 1.0, 2.0, 4.0, *[0.0] * 9])
    result = fit(price_file, "--out", "n", "--holdout", 0.2, "--patience", 2, steps=9)
    assert re.search(
        r"Trained 4 steps in \d+ s, then stopped: 2 checks without a lower held-out score; kept "
        r"the average of weights of step 2, the lowest held-out score \(1\.000\)\.",
        result.stdout,
    )
    assert "interrupted" not in result.output and TimeSeriesGAN.load("n").training_.finished


def many_checks() -> tuple[object, ...]:
    """Tiny defaults, but with a check after each ninth of a run."""
    sizes = {**tiny.TRAINING, "check_every": 9}
    return tuple(sizes.get(field.name, field.default) for field in fields(TrainingConfig))


def test_curves_of_another_objective_are_not_called_wasserstein(
    price_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = fit(price_file, "--out", "m", "--objective", "gan", "--tensorboard")
    lines = [line for line in result.stderr.splitlines() if "step" in line]
    assert len(lines) == 3
    for line in lines:
        assert re.search(r"step \d  JS estimate -?[\d.e-]+  held-out – ", line)
    page = (Path("m") / "report.html").read_text()
    assert "Training: Jensen–Shannon estimate" in page and "log 2 for each head" in page
    assert "Wasserstein estimate" not in page and "gradient penalty" not in page
    assert page.count('class="plot"') == 17  # neither penalty nor held-out score
    shown = EventAccumulator(str(Path("m") / EVENTS)).Reload().Tags()["scalars"]
    assert "estimate/Jensen-Shannon" in shown


def test_event_files_say_what_metrics_jsonl_says(price_file: Path, unjudged: None) -> None:
    fit(price_file, "--out", "m", "--tensorboard", "--holdout", 0.2, steps=5)
    lines = [json.loads(line) for line in (Path("m") / LOG).read_text().splitlines()]
    shown = EventAccumulator(str(Path("m") / EVENTS)).Reload()
    for tag, event, name in (
        ("estimate/Wasserstein", "log", "estimate"),
        ("heldout/score", "check", "heldout_score"),
    ):
        expected = [(one["step"], one[name]) for one in lines if one["event"] == event]
        found = [(scalar.step, scalar.value) for scalar in shown.Scalars(tag)]
        assert found == [(step, pytest.approx(x, rel=1e-6)) for step, x in expected] != []
    fit(price_file, "--out", "m", "--tensorboard", "--overwrite")
    assert len(list((Path("m") / EVENTS).iterdir())) == 1
    fit(price_file, "--out", "m", "--overwrite")
    assert not (Path("m") / EVENTS).exists()


def test_file_of_others_among_the_event_files_is_never_touched(
    price_file: Path, unjudged: None
) -> None:
    fit(price_file, "--out", "m", "--tensorboard")
    (Path("m") / EVENTS / "thesis.tex").write_text("mine")
    before = {path.name for path in (Path("m") / EVENTS).iterdir()}
    result = tiny.command("fit", price_file, "--out", "m", "--overwrite", "--steps", 3)
    tiny.demand_refusal(result, f"found {EVENTS}/thesis.tex")
    assert {path.name for path in (Path("m") / EVENTS).iterdir()} == before


def test_missing_tensorboard_is_said_before_anything_is_written(
    price_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if "tensorboard" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    result = tiny.command("fit", price_file, "--out", "m", "--tensorboard")
    tiny.demand_refusal(result, "pip install 'tsgan[tensorboard]'")
    assert not Path("m").exists() and "Training" not in result.stdout


def test_divergence_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    progress = FitProgress(make_objective(TrainingConfig()))
    progress.on_start(0)
    progress.on_return(1200)
    progress.on_end()
    expected = "tsgan: training diverged; went back to step 1,200 with half the rates\n"
    assert capsys.readouterr().err == expected
