"""Small, stale and absurd series: every row ends in a figure or in a reason, never in a NaN."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tsgan import evaluate
from tsgan.errors import ConfigError, DataError
from tsgan.results import Evaluation


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, size=shape) * 0.01


def quick(real, synthetic, **settings) -> Evaluation:
    return evaluate(real, synthetic, **{"bootstrap_paths": 20, "baselines": (), **settings})


def demand_figures_or_reasons(found: Evaluation) -> None:
    json.dumps(found.to_dict(), allow_nan=False)
    for row in found.rows:
        if row.verdict == "skipped":
            assert math.isnan(row.value) and row.note and row.band is None, row
            continue
        figures = [row.value, *(row.band or ()), *(row.spread or ()), *(row.interval or ())]
        figures += [x for x in (row.real, row.synthetic) if x is not None]
        assert np.isfinite(figures).all(), row


@pytest.mark.parametrize("n", [2, 3, 10, 30, 49, 50, 130, 300])
def test_short_series_are_compared_as_far_as_they_go(n: int) -> None:
    found = quick(noise(n), noise(5, n, seed=1))
    demand_figures_or_reasons(found)
    assert found.row("sd").verdict != "skipped"
    assert found.row("ACF(abs)").verdict == "skipped"
    assert any("too narrow" in warning for warning in found.warnings)


@pytest.mark.parametrize(("paths", "steps"), [(1, 1_000), (1, 2), (5, 2), (300, 30)])
def test_few_and_short_paths_too(paths: int, steps: int) -> None:
    demand_figures_or_reasons(quick(noise(1_000), noise(paths, steps, seed=1)))


@pytest.mark.parametrize("name", ["stale", "copy of held-out", "dead path", "dead year", "ticks"])
def test_odd_series_end_in_figures_or_reasons(name: str) -> None:
    real, paths, held_out = noise(1_000), noise(60, 1_000, seed=1), noise(300, seed=2)
    if name == "stale":
        real[:400] = 0
    if name == "copy of held-out":
        paths = np.tile(held_out, (60, 3))
    if name == "dead path":
        paths[3] = 0
    if name == "dead year":
        paths[3, :300] = 0
    if name == "ticks":
        real, paths, held_out = (np.round(x, 2) for x in (real, paths, held_out))
    found = quick(real, paths, training=real[:900], held_out=held_out)
    demand_figures_or_reasons(found)
    if name.startswith("dead"):
        assert found.row("vol dispersion").verdict == "off", "a model that collapses is not spared"
        assert found.row("Hurst").verdict != "skipped"


def test_huge_returns_do_not_overflow_into_the_table() -> None:
    wild = noise(5, 600, seed=1)
    wild[2, 300:310] = 600
    demand_figures_or_reasons(quick(noise(600), wild))
    demand_figures_or_reasons(quick(1e-9 * noise(600), 1e-9 * noise(5, 600, seed=1)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
        ({"seed": 1.5}, "seed: .* got 1.5"),
        ({"bootstrap_paths": 20.5}, "bootstrap_paths: expected a whole number, got 20.5"),
        ({"baseline_paths": "9"}, "baseline_paths: expected a whole number, got '9'"),
    ],
)
def test_settings_that_are_none_are_refused(settings, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        quick(noise(100), noise(3, 100), **settings)


def test_arrays_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match=r"^real: expected an array of numbers, got list"):
        quick([[0.1, 0.2], [0.1]], noise(3, 100))
    with pytest.raises(DataError, match=r"^real: expected an array of numbers, .*complex"):
        quick(noise(100) + 0j, noise(3, 100))
    still = noise(100, 2)
    still[:, 1] = 0
    with pytest.raises(DataError, match=r"^real: .*those of asset 2 of 2 are all 0; leave"):
        quick(still, noise(3, 100, 2))
    with pytest.raises(DataError, match=r"^held_out: .*asset 2"):
        quick(noise(100, 2), noise(3, 100, 2), held_out=still)
