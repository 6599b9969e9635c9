"""Copies, extremes and a trained judge: paths that are known to be fresh, and ones that are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tsgan import gauges
from tsgan.baselines import garch_residuals, stationary_bootstrap
from tsgan.gauge import Gauge, Setting
from tsgan.gauges import COPIED, EXTREME_MARKS, GAUGES
from tsgan.results import Row
from tsgan.verdicts import Rivals, gauge_row

BY_NAME: dict[str, Gauge] = {gauge.name: gauge for gauge in GAUGES}
NAMES = (
    *(COPIED, "longest shared run", "nearer to training"),
    *("beyond lowest", "beyond highest", "discriminative score"),
)


def market(paths: int, steps: int, seed: int) -> np.ndarray:
    """(paths, steps) returns of one GARCH process with a standard deviation of 1 %."""
    shocks = np.random.default_rng(seed).normal(size=(steps + 300, paths))
    return np.ascontiguousarray(0.01 * garch_residuals(shocks, 0.05, 0.1, 0.0, 0.85)[300:].T)


@pytest.fixture(scope="module")
def setting() -> Setting:
    series = market(1, 2_500, 0)[0]
    return Setting(series, series[:2_000], series[2_000:], seed=0)


@pytest.fixture(scope="module")
def fresh() -> np.ndarray:
    return market(40, 2_500, 1)


@pytest.fixture(scope="module")
def copies(setting: Setting) -> np.ndarray:
    return stationary_bootstrap(setting.training, 40, 2_500, 60.0, np.random.default_rng(2))


def row(name: str, setting: Setting, paths: np.ndarray) -> Row:
    return gauge_row(BY_NAME[name], setting, paths, Rivals({"A": {name: 0.3}}, {"B": {}}))


def test_rows_come_in_their_order() -> None:
    assert tuple(gauge.name for gauge in GAUGES) == NAMES
    assert all(gauge.meaning.endswith(".") for gauge in GAUGES)


@pytest.mark.parametrize("name", NAMES)
def test_fresh_paths_of_the_same_process_are_within_chance(
    name: str, setting: Setting, fresh: np.ndarray
) -> None:
    found = row(name, setting, fresh)
    assert found.verdict in ("indistinguishable", "within noise"), found
    assert found.note and found.baselines == {"A": 0.3} and found.others == {}
    assert found.value == BY_NAME[name].value(setting, fresh), "the same seed, the same number"
    assert found.band is None or found.band[0] <= found.band[1] <= found.band[2]


@pytest.mark.parametrize("name", [COPIED, "longest shared run", "nearer to training"])
def test_copies_are_told(name: str, setting: Setting, copies: np.ndarray) -> None:
    assert row(name, setting, copies).verdict == "off"


def test_copies_of_held_out_returns_are_nearer_to_these(setting: Setting) -> None:
    assert setting.held_out is not None
    paths = stationary_bootstrap(setting.held_out, 40, 2_500, 8.0, np.random.default_rng(3))
    found = row("nearer to training", setting, paths)
    assert found.value == 0 and found.synthetic is not None and found.synthetic > 1.01


def test_limits_of_copies_rise_where_chance_alone_repeats() -> None:
    """A spike decides what a window looks like: true paths of a short series seem copied."""
    accused = 0
    for seed in range(6):
        spiky = np.random.default_rng(seed).standard_t(3, size=(41, 500)) * 0.01
        found = row(COPIED, Setting(spiky[0], spiky[0], None, seed), spiky[1:])
        accused += found.verdict == "off"
        copied = stationary_bootstrap(spiky[0], 40, 500, 20.0, np.random.default_rng(seed))
        assert row(COPIED, Setting(spiky[0], spiky[0], None, seed), copied).verdict == "off"
    assert accused <= 1, "with fixed limits, 3 % are exceeded in most"


def test_runs_are_as_long_as_what_was_copied(setting: Setting, fresh: np.ndarray) -> None:
    paths = fresh.copy()
    paths[3, 100:137] = setting.training[500:537]
    found = row("longest shared run", setting, paths)
    assert found.value == 37 and found.synthetic == 37 and found.verdict == "off"
    assert found.real is not None and found.real <= 3


def test_exceedances_are_counted_in_as_many_steps_as_training_has(setting: Setting) -> None:
    low, high = setting.training.min(), setting.training.max()
    paths = np.zeros((10, 1_000))
    paths[:5, 7] = 1.01 * low
    paths[0, 8] = 1.01 * high
    for name, count in (("lowest", 5 * 0.2), ("highest", 1 * 0.2)):
        found = row(f"beyond {name}", setting, paths)
        assert found.synthetic == pytest.approx(count)
        assert found.value == pytest.approx(abs(math.log(count)))
        assert found.real == 1
    none = row("beyond lowest", setting, np.zeros((10, 1_000)))
    assert none.synthetic == 0 and none.value == pytest.approx(-math.log(0.1))


def test_marks_of_the_exceedances_are_those_of_theory() -> None:
    expected = np.random.default_rng(0).exponential(size=400_000)
    marks = np.quantile(np.abs(np.log(expected)), (0.05, 0.5, 0.95))
    assert marks == pytest.approx(EXTREME_MARKS, rel=0.02)
    series = np.random.default_rng(1).standard_t(4, size=(300, 1_000))
    later = np.random.default_rng(2).standard_t(4, size=(200, 1_000))
    counts = [np.count_nonzero(later > own.max()) / 200 for own in series]
    assert np.mean(counts) == pytest.approx(1, abs=0.15), "of independent returns, one is expected"


def test_judge_knows_noise_from_a_market(setting: Setting) -> None:
    noise = np.random.default_rng(4).normal(0, 0.03, size=(40, 2_500))
    found = row("discriminative score", setting, noise)
    assert found.verdict == "off" and found.value > 0.3
    assert found.spread is not None and found.spread[0] <= found.value <= found.spread[1]
    assert found.real is not None and abs(found.real) < 0.15


def test_what_cannot_be_measured_is_skipped_with_the_reason(setting: Setting) -> None:
    short = Setting(setting.series[:120], setting.training[:100], setting.held_out, 0)
    alone = Setting(setting.series, setting.series, None, 0)
    brief = Setting(setting.series, setting.training, setting.training[:50], 0)
    late = Setting(setting.series, setting.training[:700], setting.held_out, 0)
    stale = Setting(setting.series, np.repeat([0.0, 0.01], 500), None, 0)
    paths = market(3, 200, 5)
    for name, where, synthetic, reason in (
        (COPIED, short, paths, "needs 128 training returns, there are 100"),
        (COPIED, setting, paths[:, :20], "needs paths of 32 steps, they have 20"),
        (COPIED, stale, paths, "not defined for these returns"),
        ("nearer to training", alone, paths, "needs a held-out period"),
        ("nearer to training", brief, paths, "needs 128 held-out returns, there are 50"),
        ("nearer to training", late, paths, "training part twice as long"),
        ("discriminative score", short, paths, "real returns, there are 120"),
        ("discriminative score", setting, paths[:, :30], "there are 3 paths of 30"),
    ):
        found = row(name, where, synthetic)
        assert (found.verdict, found.band) == ("skipped", None) and math.isnan(found.value)
        assert reason in found.note
        assert math.isnan(BY_NAME[name].value(where, synthetic))


def test_shared_runs_are_looked_for_in_a_bounded_number_of_paths(setting: Setting) -> None:
    paths = np.random.default_rng(6).normal(size=(gauges.RUN_PATHS + 1, 300))
    paths[-1] = setting.training[:300]
    assert row("longest shared run", setting, paths).value < 5


@pytest.mark.parametrize(
    ("returns", "paths", "steps", "searched"),
    [
        (20_000, 60, 30_000, 50),
        (20_001, 60, 500, 50),
        (20_001, 60, 30_000, 33),
        (1_000_000, 40, 100_000, 10),
        (1_000_000, 4, 1_000_000, 1),
        (3_000_000, 4, 3_000_000, 1),
    ],
)
def test_beside_a_long_training_series_runs_are_looked_for_in_fewer_steps(
    returns: int, paths: int, steps: int, searched: int
) -> None:
    series, wide = np.zeros(returns), np.broadcast_to(0.0, (paths, steps))
    assert len(gauges._searched(Setting(series, series, None, 0), wide)) == searched


def test_limits_of_a_long_training_series_are_of_as_many_steps(
    setting: Setting, fresh: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "LONG_TRAINING", 1_999)
    monkeypatch.setattr(gauges, "RUN_STEPS", 3 * 2_500)
    found = row("longest shared run", setting, fresh)
    assert found.note.endswith("looked for in 3 paths")
    copied = fresh.copy()
    copied[3, 100:137] = setting.training[500:537]
    assert row("longest shared run", setting, copied).value == found.value
    copied[2, 100:137] = setting.training[500:537]
    assert row("longest shared run", setting, copied).value == 37
