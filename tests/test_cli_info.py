"""``tsgan info`` shows what the manifest says, and the figures where there are some."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tiny
from evaluation_example import example_evaluation

from tsgan import TimeSeriesGAN
from tsgan.report import write_metrics
from tsgan.results import SEVENTEEN
from tsgan.versions import versions


@pytest.fixture
def model(model_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_directory, tmp_path / "model"))


def test_model_is_described(model: Path, fitted: TimeSeriesGAN) -> None:
    result = tiny.command("info", model)
    assert result.exit_code == 0 and result.stderr == "", result.output
    facts = fitted.facts_
    for text in (
        "garch.csv, column Close, 701 prices",
        f"{facts.first_date} … 2021-12-31",
        "the first 560 of 700 returns, up to",
        facts.sha256,
        "finished: 6 steps",
        f"torch {versions()['torch']}",
        "python 3.",
        f"high {fitted.volatility_.high:.1%}",
        "none yet",
    ):
        assert text in result.stdout, text
    config = next(line for line in result.stdout.splitlines() if line.startswith("config"))
    shown = json.loads(config.removeprefix("config"))
    assert shown == json.loads(json.dumps(fitted.config.to_dict()))
    assert all(note in result.stdout for note in facts.notes)


def test_versions_are_those_of_the_fit(model: Path) -> None:
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["versions"]["torch"] = "2.6.0+old"
    (model / "manifest.json").write_text(json.dumps(manifest))
    assert "torch 2.6.0+old" in tiny.command("info", model).stdout


def test_figures_are_shown(model: Path) -> None:
    evaluation = example_evaluation(100)
    write_metrics(model / "metrics.json", evaluation)
    shown = tiny.command("info", model).stdout
    figures = shown.split("figures\n")[1].splitlines()
    main = [row for row in evaluation.rows if row.name in (*SEVENTEEN, "copied windows")]
    assert len(figures) == len(main) == 18
    assert all(
        row.name in line and row.verdict in line for row, line in zip(main, figures, strict=True)
    )


def test_interrupted_model_is_called_so(tmp_path: Path) -> None:
    TimeSeriesGAN(tiny.config(3)).fit(tiny.prices(), directory=tmp_path, stop=lambda: True)
    assert "interrupted: 0 steps" in tiny.command("info", tmp_path).stdout


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"metrics": [1]}', '{"metrics": 5}', "[" * 100_000, "\x00"]
)
def test_damaged_figures_are_refused(model: Path, content: str) -> None:
    (model / "metrics.json").write_text(content)
    tiny.demand_refusal(tiny.command("info", model), "metrics.json", "fit again")


@pytest.mark.parametrize("victim", ["manifest.json", "generator.safetensors"])
def test_truncated_model_is_refused(model: Path, victim: str) -> None:
    (model / victim).write_bytes((model / victim).read_bytes()[:50])
    result = tiny.command("info", model)
    tiny.demand_refusal(result, victim, "expected")
    assert result.stdout == ""


def test_what_is_no_model_is_refused(tmp_path: Path, price_file: Path) -> None:
    tiny.demand_refusal(tiny.command("info", tmp_path), "expected a model directory")
    tiny.demand_refusal(tiny.command("info", price_file), "is a file")
    tiny.demand_refusal(tiny.command("info", tmp_path / "nowhere"), "does not exist")
