"""The table of parallel lines in docs/objectives.md is what trained critics say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "distances.py"


@pytest.fixture(scope="module")
def distances() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_distances", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("theta", [-0.5, 0.5])
def test_wgan_gp_measures_the_distance_of_the_lines(distances, monkeypatch, theta: float) -> None:
    monkeypatch.setattr(distances, "STEPS", 150)
    told = distances.ask("wgan-gp", theta)
    assert told.estimate == pytest.approx(0.5, abs=0.1)
    assert told.gradient * theta > 0


def test_each_objective_answers(distances, monkeypatch) -> None:
    monkeypatch.setattr(distances, "STEPS", 2)
    thetas = (-1.0, -0.5, 0.1, 0.5, 1.0)
    answers = [distances.ask(name, x) for name in distances.SETTINGS for x in thetas]
    assert distances.table(answers).count("\n") == len(distances.SETTINGS) + 1
