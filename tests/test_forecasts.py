import numpy as np
import pytest
import scipy.stats

from tsgan import baselines, forecasters, forecasts
from tsgan.baselines import garch_residuals
from tsgan.forecast_scores import crps
from tsgan.forecasts import forecast_rows

NAMES = (
    *("PIT uniformity", "PIT independence", "Kupiec 1%", "Kupiec 5%"),
    *("Christoffersen 1%", "Christoffersen 5%", "CRPS/GJR-t", "energy/GJR-t"),
)


def gjr_paths(paths: int, steps: int, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_t(6, (steps + 500, paths)) / np.sqrt(1.5)
    return 0.01 * garch_residuals(shocks, 0.02, 0.03, 0.12, 0.89)[500:].T


@pytest.fixture(scope="module")
def halves() -> tuple[np.ndarray, np.ndarray]:
    training, held_out = np.split(gjr_paths(1, 3_000, 3)[0], [2_200])
    return training, held_out


@pytest.fixture(scope="module")
def true_paths() -> np.ndarray:
    return gjr_paths(40, 2_000, 1)


@pytest.fixture(scope="module")
def found(halves, true_paths):
    return forecast_rows(*halves, true_paths, 0)


def test_paths_of_the_true_process_are_off_in_no_row(found):
    rows, pit, warnings = found
    assert tuple(row.name for row in rows) == NAMES
    assert [row.verdict for row in rows].count("off") == 0
    assert warnings == []
    assert list(pit) == ["synthetic", "GJR-t"]
    for shares in pit.values():
        assert shares.sum() == pytest.approx(1)
        assert shares == pytest.approx(np.full(10, 0.1), abs=0.04)


def test_normal_paths_are_off_where_volatility_counts(halves):
    training, held_out = halves
    paths = np.random.default_rng(2).normal(0, training.std(), (40, 2_000))
    rows = {row.name: row for row in forecast_rows(training, held_out, paths, 0)[0]}
    for name in ("PIT independence", "CRPS/GJR-t", "energy/GJR-t"):
        assert rows[name].verdict == "off", name
    assert rows["PIT independence"].baselines["GJR-t"] < rows["PIT independence"].band[2]


def test_the_bands_are_those_of_theory(found, halves):
    marks = [0.05, 0.5, 0.95]
    rows = {row.name: row for row in found[0]}
    for name, expected, note in (
        ("PIT uniformity", scipy.stats.kstwo.ppf(marks, 800), "Kolmogorov"),
        ("PIT independence", scipy.stats.chi2.ppf(marks, 20), "χ² with 20 degrees"),
        ("Kupiec 1%", scipy.stats.chi2.ppf(marks, 1), "χ² with 1 degree of"),
        ("Kupiec 5%", scipy.stats.chi2.ppf(marks, 1), "χ² with 1 degree of"),
        ("Christoffersen 1%", scipy.stats.chi2.ppf(marks, 2), "χ² with 2 degrees"),
        ("Christoffersen 5%", scipy.stats.chi2.ppf(marks, 2), "χ² with 2 degrees"),
    ):
        np.testing.assert_allclose(rows[name].band, expected)
        assert note in rows[name].note
        assert list(rows[name].baselines) == ["GJR-t"]
    for name in ("CRPS/GJR-t", "energy/GJR-t"):
        low, middle, high = rows[name].band
        assert low < middle < high and middle == pytest.approx(1, abs=0.005)
        assert rows[name].value == pytest.approx(1, abs=0.02)
        assert "blocks" in rows[name].note


def test_every_row_says_what_it_is_and_follows_its_verdict(found):
    for row in found[0]:
        assert row.group == "forecasts" and row.value >= 0
        assert row.meaning.endswith(".") and row.meaning[0].isupper()
        verdict = ("indistinguishable", "within noise", "off")[
            np.searchsorted(row.band[1:], row.value)
        ]
        assert row.verdict == verdict


def test_the_seed_decides(found, halves, true_paths):
    again = forecast_rows(*halves, true_paths, 0)
    other = forecast_rows(*halves, true_paths, 1)
    assert again[0] == found[0] != other[0]
    assert found[0][0].baselines != other[0][0].baselines
    np.testing.assert_array_equal(again[1]["synthetic"], found[1]["synthetic"])


def test_the_ratio_is_of_the_forecasts_own_scores(found, halves, true_paths):
    training, held_out = halves
    source = np.random.default_rng(0)
    ours = forecasters.analogue_forecasts(true_paths, training, held_out, 500, 1, source)
    theirs = forecasters.gjr_forecasts(training, held_out, 500, 1, source)
    means = [crps(draws[:, :, 0], held_out).mean() for draws in (ours, theirs)]
    ratio = next(row for row in found[0] if row.name == "CRPS/GJR-t")
    assert ratio.value == pytest.approx(means[0] / means[1], abs=0.005)


def test_the_band_of_a_ratio_is_as_wide_as_its_spread_over_samples():
    source = np.random.default_rng(4)
    own, rival = source.normal(1, 0.2, (2, 2_000, 400))
    spread = (own.mean(axis=1) / rival.mean(axis=1)).std()
    low, middle, high = forecasts._ratio_band(own[0], rival[0], 10, source)
    assert high - low == pytest.approx(2 * 1.645 * spread, rel=0.2)
    assert middle == pytest.approx(1, abs=0.2 * spread)
    assert forecasts._ratio_band(own[0], own[0], 10, source) == (1, 1, 1)


def test_a_further_draw_falls_below_the_value_at_risk_as_often_as_its_level_says():
    values = np.random.default_rng(5).normal(size=(40_000, 101))
    for level in (0.01, 0.05):
        breaches = values[:, 0] < forecasts._value_at_risk(values[:, 1:], level)
        assert breaches.mean() == pytest.approx(level, abs=0.0035)


@pytest.mark.parametrize(
    ("steps", "path_steps", "reason"),
    [
        (99, 10_000, "needs 100 held-out returns, there are 99"),
        (200, 9_999, "needs 50,000 synthetic returns, there are 49,995"),
    ],
)
def test_what_is_too_short_is_skipped_with_its_reason(steps, path_steps, reason, halves):
    training, held_out = halves
    rows, pit, warnings = forecast_rows(training, held_out[:steps], gjr_paths(5, path_steps), 0)
    assert tuple(row.name for row in rows) == NAMES
    assert pit == {} and warnings == []
    for row in rows:
        assert row.verdict == "skipped" and np.isnan(row.value) and row.band is None
        assert reason in row.note and row.group == "forecasts"


def test_paths_too_short_to_look_back_on_are_skipped(halves):
    rows, pit, _ = forecast_rows(*halves, np.tile(gjr_paths(5, 120), (100, 1)), 0)
    assert pit == {} and all("steps a path" in row.note for row in rows)


def test_without_gjr_the_tests_remain(halves, monkeypatch):
    monkeypatch.setattr(baselines, "LEAST_RETURNS", 10**6)
    rows, pit, warnings = forecast_rows(*halves, gjr_paths(50, 1_000), 0)
    assert [row.verdict == "skipped" for row in rows] == [False] * 6 + [True] * 2
    assert all(not row.baselines for row in rows)
    assert list(pit) == ["synthetic"]
    assert len(warnings) == 1 and "GJR-t" in warnings[0] and warnings[0].endswith(".")
    assert "GJR-t" in rows[-1].note


def test_of_many_held_out_returns_the_first_are_forecast(halves, monkeypatch):
    monkeypatch.setattr(forecasts, "MOST_HELD_OUT", 200)
    training, held_out = halves
    paths = gjr_paths(50, 1_000)
    rows, _, warnings = forecast_rows(training, held_out, paths, 0)
    assert "first 200 of 800" in warnings[0]
    assert forecast_rows(training, held_out[:200], paths, 0)[0] == rows
