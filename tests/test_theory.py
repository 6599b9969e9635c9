"""The figures of docs/theory.md: distances are the closed forms, critics behave as it says."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

ROOT = Path(__file__).parents[1]
STEPS = 40


@pytest.fixture(scope="module")
def theory() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return importlib.import_module("theory")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_distances_of_parallel_lines_are_the_closed_forms(theory: ModuleType) -> None:
    for theta in (*theory.THETAS, 0.37):
        truth = theory.closed_form(theta)
        assert theory.parallel_lines(theta) == pytest.approx(truth, abs=1e-12)
    assert theory.closed_form(-0.5) == {
        "W1": 0.5,
        "W1 by pairing": 0.5,
        "JS": math.log(2),
        "KL": math.inf,
        "TV": 1.0,
    }


def test_page_has_the_table_of_the_lines(theory: ModuleType) -> None:
    assert theory.table() in (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")


def test_cheapest_plan_carries_all_earth_at_the_cost_of_the_area(theory: ModuleType) -> None:
    plan = theory.cheapest_plan(theory.PILES, theory.HOLES)
    assert np.all(plan >= 0)
    np.testing.assert_allclose(plan.sum(axis=1), theory.PILES)
    np.testing.assert_allclose(plan.sum(axis=0), theory.HOLES)
    places = np.arange(1, 7)
    truth = wasserstein_distance(places, places, theory.PILES, theory.HOLES)
    assert theory.plan_costs() == pytest.approx(dict.fromkeys(theory.plan_costs(), truth))
    carried = [(i, j) for i, j in zip(*np.nonzero(plan > 1e-9), strict=True)]
    assert all(a[1] <= b[1] for a in carried for b in carried if a[0] < b[0]), "ways cross"


def test_clipped_gradients_explode_or_vanish_where_penalised_ones_do_not(
    theory: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    critics = theory.theory_critics
    monkeypatch.setattr(critics, "RATE", 1e-2)  # quick, where the figure is careful
    large, small = (critics.studied(clip, STEPS) for clip in (0.1, 0.01))
    monkeypatch.setattr(critics, "RATE", 2e-3)
    free = critics.studied(None, 2 * STEPS)
    growth = [one.gradients[0] / one.gradients[-1] for one in (large, small, free)]
    assert growth[0] > 1000 and growth[1] < 1e-12 and 0.1 < growth[2] < 10
    assert small.at_bound > 0.5 and math.isnan(free.at_bound)
    assert np.abs(small.weights).max() <= 0.01 < np.abs(free.weights).max()
    assert free.gradients[0] == pytest.approx(1, abs=0.3)
    assert "| clipped, c = 0.01 |" in critics.table({"clipped, c = 0.01": small})
