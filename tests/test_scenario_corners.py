"""Corners of what a model is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny

from tsgan import ConfigError, TimeSeriesGAN, read_prices
from tsgan.bar_channels import BarChannels
from tsgan.calendars import Calendar
from tsgan.cli.contestants import read_contestants
from tsgan.condition_requests import parse_requests
from tsgan.preparation import prepare
from tsgan.tracks import LABEL, TrackCondition


@pytest.fixture(scope="module")
def model() -> TimeSeriesGAN:
    return TimeSeriesGAN(tiny.config(steps=30)).fit(tiny.prices())


def test_a_drift_holds_on_average_over_a_schedule(model) -> None:
    given = {"vol": [0.4] * 60 + [0.05] * 20}
    paths = model.sample(3000, 80, given=given, drift="zero", extrapolate=True).log_returns
    means = paths.mean(axis=1)
    assert abs(means.mean()) < 4 * means.std() / np.sqrt(len(means))
    tilted = model.sample(3000, 80, given=given, extrapolate=True).log_returns
    np.testing.assert_allclose(np.ptp((paths - tilted).ravel()), 0, atol=1e-12)


def test_the_real_drift_is_the_mean_of_training_within_a_day_too() -> None:
    """The night drifts, the day does not: the mean over slots would count each alike."""
    times = pd.date_range("2020-01-06 10:00", periods=24 * 300, freq="h")
    times = times[(times.hour >= 10) & (times.hour < 17) & (times.day_of_week < 5)]
    stream = np.random.default_rng(0)
    returns = 0.002 * stream.standard_normal(len(times))
    returns[times.hour == 10] = 0.004 + 0.01 * stream.standard_normal((times.hour == 10).sum())
    closes = pd.Series(100 * np.exp(np.cumsum(returns)), times, name="Close")
    facts = prepare(read_prices(closes), tiny.config()).facts
    real = np.diff(np.log(closes))[: facts.training].mean()
    assert facts.means == pytest.approx((real,))
    model = TimeSeriesGAN(tiny.config()).fit(closes)
    made = model.sample(64, 2000, drift="real").log_returns
    assert made.mean() == pytest.approx(real, abs=4 * made.mean(axis=1).std() / 8)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_numbers_of_numpy_are_given_as_any_other(model, kind) -> None:
    ours = model.sample(2, 9, given={"vol": kind(1)}, extrapolate=True)
    theirs = model.sample(2, 9, given={"vol": 1.0}, extrapolate=True)
    np.testing.assert_array_equal(ours.log_returns, theirs.log_returns)


def test_a_schedule_may_be_a_path(model, tmp_path: Path) -> None:
    path = tmp_path / "stress.csv"
    path.write_text("step,vol\n1,0.2\n5,0.4\n")
    ours, theirs = (model.sample(2, 9, given=g, extrapolate=True) for g in (path, str(path)))
    np.testing.assert_array_equal(ours.log_returns, theirs.log_returns)


@pytest.mark.parametrize(
    "asked", [{"given": {"vol": None}}, {"given": {"vol": np.ones((2, 2))}}, {"tick": "x"}]
)
def test_what_is_no_value_is_refused(model, asked) -> None:
    with pytest.raises(ConfigError):
        model.sample(2, 9, **asked)


@pytest.mark.parametrize("drift", [[1], "often", 11, float("nan")])
def test_what_is_no_drift_is_refused(model, drift) -> None:
    with pytest.raises(ConfigError, match="drift: expected real, zero, or an annual drift"):
        model.sample(2, 9, drift=drift)


def test_a_history_may_have_a_column_of_another_name(model) -> None:
    history = tiny.prices().rename("Last")
    same = model.sample(2, 9, history=tiny.prices())
    np.testing.assert_array_equal(model.sample(2, 9, history=history).log_returns, same.log_returns)


def test_classes_that_differ_by_case_alone_are_different() -> None:
    track = TrackCondition("mood", LABEL, classes=("Bull", "bull"))
    assert [track.value(text) for text in track.classes] == [0, 1]
    flag = TrackCondition("flag", LABEL, classes=("no", "yes"))
    assert flag.value(1.0) == flag.value("YES") == 1


@pytest.mark.parametrize("name", ["regime", "trend"])
def test_a_label_has_no_name_that_means_something_else(name) -> None:
    with pytest.raises(ConfigError, match="meaning of its own"):
        parse_requests(labels=[f"{name}=2020:2021"])


def test_a_gap_between_sessions_that_are_cut_is_no_channel() -> None:
    """Within them each bar opens at the close before."""
    times = pd.DatetimeIndex(
        [
            day + pd.Timedelta(hours=h)
            for day in pd.bdate_range("2021", periods=90)
            for h in range(7)
        ]
    )
    stream = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(0.01 * stream.standard_normal(len(times))))
    opens = np.r_[100.0, close[:-1]]
    opens[::7] *= np.exp(0.02 * stream.standard_normal(90))
    high, low = np.maximum(opens, close) * 1.001, np.minimum(opens, close) * 0.999
    frame = pd.DataFrame({"Open": opens, "High": high, "Low": low, "Close": close}, times)
    bars = read_prices(frame, bars=True).bars
    cuts = range(7, len(times), 7)
    assert "gap" in BarChannels.fit(bars).names
    assert "gap" not in BarChannels.fit(bars, tuple(cuts)).names


def test_an_exchange_has_no_sessions_in_the_far_future() -> None:
    pytest.importorskip("exchange_calendars")
    calendar = Calendar("2024-12-31", "business days", exchange="XNYS")
    with pytest.raises(ConfigError, match="before the year 9000"):
        calendar.after(5, "9500-01-01")


def test_a_volatility_is_realised_in_the_company_of_other_conditions() -> None:
    settings = tiny.config(steps=30, labels=("late=2020-06:2021-06",))
    model = TimeSeriesGAN(settings).fit(tiny.prices())
    for given in ({"vol": 0.3}, {"vol": 0.3, "late": "yes"}, {"vol": [0.3] * 100 + [0.1] * 152}):
        made = model.sample(200, 252, given=given, extrapolate=True).log_returns
        asked = np.broadcast_to(given["vol"], 252)
        centred = made - model.fitted_.scaler.mean
        realised = np.sqrt(np.mean((centred / asked) ** 2, axis=1) * 252)
        assert np.median(realised) == pytest.approx(1, rel=0.1), given


def test_some_of_a_panels_assets_can_be_judged_alone(tmp_path: Path) -> None:
    series = tiny.prices()
    prices = read_prices(pd.DataFrame({"C": series, "A": series**0.5}), ["C", "A"])
    rows = [(p, t, a, k + p + t / 10) for p in (0, 1) for t in (1, 2) for k, a in enumerate("ABC")]
    frame = pd.DataFrame(rows, columns=["path", "step", "asset", "log_return"])
    frame["log_return"] *= 0.01
    frame.to_csv(tmp_path / "paths.csv", index=False)
    found = read_contestants(prices, [tmp_path / "paths.csv"], 0)[0].paths
    np.testing.assert_allclose(found[0], [[0.021, 0.001], [0.022, 0.002]])
