"""What is compared with what when a model is judged, and what is written about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from evaluation_example import example_evaluation
from matplotlib.figure import Figure

from tsgan import TimeSeriesGAN, judge, preset, read_prices
from tsgan.data.returns import log_returns
from tsgan.judge import evaluate_model, write_evaluation
from tsgan.objectives import OBJECTIVES
from tsgan.results import Evaluation

PRICES = read_prices(tiny.prices())


class Spy:
    """Stands for ``evaluate`` and keeps what it was called with."""

    def __call__(self, real: Any, synthetic: Any, **settings: Any) -> Evaluation:
        self.real, self.synthetic, self.settings = real, synthetic, settings
        return example_evaluation(100)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(judge, "evaluate", spy)
    return spy


def test_paths_as_long_as_the_series_are_compared(fitted: TimeSeriesGAN, spy: Spy) -> None:
    evaluate_model(fitted, PRICES, seed=3)
    assert spy.real is PRICES
    assert spy.synthetic.log_returns.shape == (judge.EVALUATION_PATHS, tiny.RETURNS)
    expected = fitted.sample(5, tiny.RETURNS, seed=3).log_returns
    assert np.array_equal(spy.synthetic.log_returns[:5], expected)
    assert spy.settings["seed"] == 3


def test_copies_are_looked_for_in_the_training_part_alone(fitted: TimeSeriesGAN, spy: Spy) -> None:
    evaluate_model(fitted, PRICES)
    assert fitted.facts_.training == 560
    real = log_returns(PRICES)[:, 0]
    assert np.array_equal(spy.settings["training"], real[:560])
    assert np.array_equal(spy.settings["held_out"], real[560:])


def test_reader_is_told_that_it_is_in_sample(
    fitted: TimeSeriesGAN, price_file: Path, spy: Spy
) -> None:
    first, second, third, *others = evaluate_model(fitted, read_prices(price_file)).warnings
    assert first.startswith("In-sample: the model was trained on 560 of these 700 returns.")
    assert "The other 140 are held out" in first and second == judge.CHOSEN
    assert third == judge.CALIBRATED
    assert others == list(example_evaluation(100).warnings)


@pytest.mark.parametrize(("largest", "paths"), [(10**9, 200), (700 * 30, 30), (700, 20)])
def test_long_series_are_compared_with_fewer_paths(
    fitted: TimeSeriesGAN,
    spy: Spy,
    monkeypatch: pytest.MonkeyPatch,
    largest: int,
    paths: int,
) -> None:
    monkeypatch.setattr(judge, "LARGEST_SAMPLE", largest)
    monkeypatch.setattr(judge, "EVALUATION_PATHS", 200)
    evaluate_model(fitted, PRICES)
    assert len(spy.synthetic.log_returns) == paths


def test_series_beyond_the_longest_horizon_is_cut(
    fitted: TimeSeriesGAN, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "LONGEST_PATH", 300)
    evaluate_model(fitted, PRICES)
    assert spy.synthetic.log_returns.shape[1] == 300


def test_report_metrics_and_picture_are_written(fitted: TimeSeriesGAN, tmp_path: Path) -> None:
    found = example_evaluation(300)
    write_evaluation(tmp_path, fitted, found)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "metrics.json",
        "report.html",
        "training.png",
    ]
    assert json.loads((tmp_path / "metrics.json").read_text()) == found.to_dict()
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "report.html").read_text()
    facts = fitted.facts_
    wanted = (facts.sha256, facts.column, "first 560 of 700", "6 in", facts.first_date, "torch")
    assert [text for text in wanted if str(text) not in page] == []
    assert "<svg" in page and "Training: held-out score" in page
    assert "Training: Wasserstein estimate" in page and "wgan-gp" in page


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_pictures_are_named_after_the_objective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    drawn: list[str] = []

    def draw(history: Any, distance: str) -> Figure:
        drawn.append(distance)
        return Figure()

    monkeypatch.setattr(judge, "training_figure", draw)
    monkeypatch.setattr("tsgan.report.evaluation_figures", lambda curves: {})
    config = tiny.config(2, holdout=0.2)
    config = replace(config, training=replace(config.training, **preset(objective)))
    write_evaluation(tmp_path, TimeSeriesGAN(config).fit(PRICES), example_evaluation(100))
    page = (tmp_path / "report.html").read_text()
    assert drawn == [OBJECTIVES[objective].distance]
    assert f"Training: {drawn[0]} estimate" in page and f"<dd>{objective}</dd>" in page
    assert ("gradient penalty" in page) == (objective == "wgan-gp")
    assert ("Wasserstein" in page) == objective.startswith("wgan")
