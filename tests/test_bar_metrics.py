"""Rows of bars against closed forms of a Brownian day, and against bars of known faults."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tsgan import bar_metrics
from tsgan.bar_comparison import BASELINE, BarSubject, bar_rows
from tsgan.bar_metrics import PRICE_BAR_METRICS, VOLUME_METRICS, BarSample
from tsgan.comparison import Settings
from tsgan.errors import DataError
from tsgan.metric import Sample
from tsgan.results import Row

METRICS = (*PRICE_BAR_METRICS, *VOLUME_METRICS)
BY_NAME = {metric.name: metric for metric in METRICS}
NAMES = tuple(BY_NAME)
SETTINGS = Settings("bars", 3, 40, 50.0, (), 5)


def brownian_bars(days: int, steps: int, volatility: float = 1.0, seed: int = 0) -> np.ndarray:
    """(days, 4) plain channels of days without a gap, each of ``steps`` normal steps."""
    random = np.random.default_rng(seed)
    shape = days, steps
    walk = np.cumsum(volatility / math.sqrt(steps) * random.normal(size=shape), axis=1)
    close = walk[:, -1]
    top, bottom = np.maximum(walk.max(axis=1), 0), np.minimum(walk.min(axis=1), 0)
    up, down = top - np.maximum(close, 0), np.minimum(close, 0) - bottom
    return np.column_stack([close, np.zeros(days), up, down])


def market(paths: int, steps: int, seed: int, **changed: float) -> np.ndarray:
    """(paths, steps, 5) bars of clustered volatility, in which wild bars are busy ones.

    ``busy``: how volume follows volatility; ``leverage``: how volatility follows losses; ``gap``:
    sd of the gap; ``wick``: factor of the wicks; ``echo``: how a gap follows the return before;
    ``memory``: of the log volatility.
    """
    knobs = {"busy": 0.4, "leverage": -0.1, "gap": 0.004, "wick": 1.0, "echo": 0.3, "memory": 0.9}
    knobs |= changed
    random = np.random.default_rng(seed)
    z = random.normal(size=(6, paths, steps + 300))
    log_volatility = np.zeros((paths, steps + 300))
    returns, gap = np.zeros_like(log_volatility), np.zeros_like(log_volatility)
    unit = math.sqrt(1 - knobs["memory"] ** 2)
    for t in range(1, steps + 300):
        pull = 0.5 * unit * z[0, :, t] + knobs["leverage"] * np.sign(returns[:, t - 1])
        log_volatility[:, t] = knobs["memory"] * log_volatility[:, t - 1] + pull
        gap[:, t] = knobs["gap"] * z[1, :, t] + knobs["echo"] * 0.1 * returns[:, t - 1]
        returns[:, t] = gap[:, t] + 0.01 * np.exp(log_volatility[:, t]) * z[2, :, t]
    size = knobs["wick"] * 0.006 * np.exp(log_volatility)
    up, down = np.maximum(z[3:5] + 0.8, 0) * size
    volume = knobs["busy"] * log_volatility + 0.2 * z[5]
    return np.stack([returns, gap, up, down, volume], axis=-1)[:, 300:]


@pytest.fixture(scope="module")
def day() -> np.ndarray:
    return brownian_bars(20_000, STEPS)


STEPS = 500
SHORTFALL = 2 * 0.5826 / math.sqrt(STEPS)
"""By so much the range of a walk falls short of that of the motion (Siegmund 1979)."""


def test_parkinson_of_a_brownian_day_is_its_variance(day: np.ndarray) -> None:
    mean_range = math.sqrt(8 / math.pi)  # Feller (1951), as is E R² = 4 ln 2
    assert bar_metrics.ranges(day).mean() == pytest.approx(mean_range - SHORTFALL, abs=0.01)
    variances = bar_metrics.parkinson(day)
    bias = (SHORTFALL**2 - 2 * SHORTFALL * mean_range) / (4 * math.log(2))
    assert variances.mean() == pytest.approx(1 + bias, abs=0.015)
    assert bias > -0.06, "next to none, as the day is watched more often"
    assert np.square(day[:, 0]).var() / variances.var() == pytest.approx(5.2, abs=0.4)
    wilder = day * 0.02
    assert bar_metrics.parkinson(wilder).mean() == pytest.approx(0.02**2 * variances.mean())


def test_garman_klass_of_a_brownian_day_is_its_variance_and_varies_less(day: np.ndarray) -> None:
    variances = bar_metrics.garman_klass(day)
    mean_range = math.sqrt(8 / math.pi)
    expected = 2 * math.log(2) + 0.5 * (SHORTFALL**2 - 2 * SHORTFALL * mean_range)
    expected -= 2 * math.log(2) - 1
    assert variances.mean() == pytest.approx(expected, abs=0.015)
    assert np.square(day[:, 0]).var() / variances.var() == pytest.approx(7.4, abs=0.9)
    assert variances.var() < 0.8 * bar_metrics.parkinson(day).var()
    assert (variances >= 0).all()


def test_parts_of_a_bar_by_hand() -> None:
    close_before, o, h, low, c = 90.0, 100.0, 110.0, 95.0, 105.0
    plain = np.log([[c / close_before, o / close_before, h / c, o / low]])
    assert bar_metrics.ranges(plain) == pytest.approx(math.log(110 / 95))
    assert bar_metrics.parkinson(plain) == pytest.approx(
        math.log(110 / 95) ** 2 / (4 * math.log(2))
    )
    expected = 0.5 * math.log(110 / 95) ** 2 - (2 * math.log(2) - 1) * math.log(1.05) ** 2
    assert bar_metrics.garman_klass(plain) == pytest.approx(expected)
    expected = math.log(105 / 95) / math.log(110 / 95)
    assert bar_metrics.close_position(plain) == pytest.approx(expected)


def test_a_flat_bar_has_no_position_and_a_small_range() -> None:
    plain = np.array([[0.01, 0.01, 0.0, 0.0], [0.02, 0.0, 0.0, 0.0], [0.0, 0.0, 0.01, 0.03]])
    position = bar_metrics.close_position(plain)
    np.testing.assert_allclose(position, [np.nan, 1.0, 0.75])
    np.testing.assert_allclose(bar_metrics.log_ranges(plain), np.log([0.0003, 0.02, 0.04]))
    assert np.isfinite(bar_metrics.log_ranges(np.zeros((5, 4)))).all()


@pytest.mark.parametrize("name", NAMES)
def test_bars_are_at_no_distance_from_themselves(name: str) -> None:
    real = market(1, 1200, 0)
    metric = BY_NAME[name]
    assert metric.measure(BarSample(real), BarSample(real)) == pytest.approx(0, abs=1e-12)
    assert metric.group == "bars" and metric.meaning.endswith(".")


CHANGES = {
    "gap W1/sd": {"gap": 0.008},
    "range W1/sd": {"wick": 3.0},
    "Parkinson volatility": {"wick": 3.0},
    "Garman–Klass volatility": {"wick": 3.0},
    "close position W1": {"wick": 0.3},
    "upper wick W1/sd": {"wick": 3.0},
    "lower wick W1/sd": {"wick": 3.0},
    "ACF(log range)": {"memory": 0.995},
    "corr(return, gap next)": {"echo": 4.0},
    "corr(return, log range next)": {"leverage": 0.1},
    "volume W1/sd": {"busy": 2.0},
    "ACF(log volume)": {"memory": 0.995},
    "corr(volume, log range)": {"busy": 0.0},
}


def rows_by_name(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.name: row for row in rows}


@pytest.fixture(scope="module")
def subject() -> BarSubject:
    real = market(1, 2500, 0)[0]
    others = {name: market(4, 2500, 2, **changes) for name, changes in CHANGES.items()}
    return BarSubject(real, market(20, 2500, 1), real[:2000], real[2000:], others)


@pytest.fixture(scope="module")
def rows(subject: BarSubject) -> dict[str, Row]:
    told: list[float] = []
    found = bar_rows(subject, SETTINGS, lambda _message, share: told.append(share))
    assert told == sorted(told) and told[0] == 0
    return rows_by_name(found)


def test_the_market_itself_cannot_be_told_from_its_series(rows: dict[str, Row]) -> None:
    assert tuple(rows) == NAMES
    verdicts = [row.verdict for row in rows.values()]
    assert verdicts.count("off") <= 2 and "skipped" not in verdicts
    for row in rows.values():
        assert row.band is not None and row.band[0] <= row.band[1] <= row.band[2]
        assert set(row.baselines) == {BASELINE}
        assert row.held_out is not None and row.held_out.verdict in (
            "indistinguishable",
            "within noise",
            "off",
            "skipped",
        )
    assert all(row.baselines[BASELINE] <= row.band[2] for row in rows.values() if "W1" in row.name)


def test_the_held_out_period_is_compared_alike(subject: BarSubject, rows: dict[str, Row]) -> None:
    held_out = BarSample(subject.held_out[None])
    pieces = BarSample(subject.paths.reshape(100, 500, 5))
    training = BarSample(subject.training.reshape(4, 500, 5))
    for name in ("gap W1/sd", "corr(volume, log range)", "ACF(log range)"):
        part = rows[name].held_out
        assert part.value == BY_NAME[name].measure(held_out, pieces)
        assert part.training == BY_NAME[name].measure(held_out, training)


@pytest.mark.parametrize("name", NAMES)
def test_a_market_with_a_fault_is_told_by_its_row(name: str, rows: dict[str, Row]) -> None:
    row = rows[name]
    assert row.others[name] > 1.5 * row.band[2], "the fault is beyond what chance gives"
    assert row.others[name] > 2 * row.value


def test_rows_are_what_they_are_called(subject: BarSubject, rows: dict[str, Row]) -> None:
    real, made = subject.series, subject.paths
    width = bar_metrics.ranges(real)
    width = np.maximum(width, 0.01 * np.median(width))
    figures = {
        "Parkinson volatility": np.sqrt(np.mean(width**2) / (4 * np.log(2))),
        "corr(volume, log range)": np.corrcoef(real[:, 4], np.log(width))[0, 1],
        "corr(return, log range next)": np.corrcoef(real[:-1, 0], np.log(width)[1:])[0, 1],
        "corr(return, gap next)": np.corrcoef(real[:-1, 0], real[1:, 1])[0, 1],
    }
    for name, expected in figures.items():
        assert rows[name].real == pytest.approx(expected, rel=1e-6), name
    pairs = np.corrcoef(made[:, :-1, 0].ravel(), made[:, 1:, 1].ravel())[0, 1]
    assert rows["corr(return, gap next)"].synthetic == pytest.approx(pairs)
    assert rows["corr(return, gap next)"].value == pytest.approx(
        abs(pairs - figures["corr(return, gap next)"])
    )
    levels = (np.arange(50_000) + 0.5) / 50_000
    gaps = np.quantile(real[:, 1], levels) - np.quantile(made[..., 1], levels)
    expected = np.abs(gaps).mean() / real[:, 1].std()
    assert rows["gap W1/sd"].value == pytest.approx(expected, rel=0.02)


def test_without_volumes_there_are_no_rows_of_them(subject: BarSubject) -> None:
    cut = [part[..., :4] for part in (subject.series, subject.paths, subject.training)]
    found = bar_rows(BarSubject(*cut), SETTINGS)
    assert [row.name for row in found] == [metric.name for metric in PRICE_BAR_METRICS]
    assert all(row.held_out is None for row in found)
    again = bar_rows(BarSubject(*cut), SETTINGS)
    assert found == again, "the seed alone decides"
    other = bar_rows(BarSubject(*cut), replace(SETTINGS, seed=4))
    assert found[0].band != other[0].band


def test_rows_that_need_more_are_skipped_and_say_so() -> None:
    real = market(1, 120, 0)[0]
    found = rows_by_name(bar_rows(BarSubject(real, real[None], real), SETTINGS))
    assert found["ACF(log range)"].verdict == "skipped"
    assert "needs 500 real returns" in found["ACF(log range)"].note
    assert found["gap W1/sd"].verdict == "indistinguishable"
    flat = real * [1, 0, 1, 1, 1]
    found = rows_by_name(bar_rows(BarSubject(flat, flat[None], flat), SETTINGS))
    assert found["gap W1/sd"].verdict == found["corr(return, gap next)"].verdict == "skipped"


def test_subjects_are_checked_at_birth(subject: BarSubject) -> None:
    with pytest.raises(DataError, match=r"synthetic bars: expected 4 or, with volumes, 5 channels"):
        replace(subject, paths=subject.paths[..., :4])
    with pytest.raises(DataError, match="real bars: expected 4"):
        replace(subject, series=subject.series[:, :3])
    with pytest.raises(DataError, match=r"'wild' bars: .* last of 3 axes"):
        replace(subject, others={"wild": subject.series})
    with pytest.raises(DataError, match="training bars: expected finite channels"):
        replace(subject, training=np.full((9, 5), np.nan))
    with pytest.raises(TypeError, match="expected a sample of bars, got Sample"):
        BY_NAME["gap W1/sd"].measure(Sample(np.ones((1, 200))), Sample(np.ones((1, 200))))
