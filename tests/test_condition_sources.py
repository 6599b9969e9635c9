"""Conditions of a series: windows that are known, columns, and what training may know of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tsgan.condition_requests import parse_requests
from tsgan.condition_sources import SeriesFacts, find_conditions, fit_conditions, regimes
from tsgan.conditions import VolatilityCondition
from tsgan.errors import ConfigError, DataError

N, TRAINING, WINDOW, PER_YEAR = 60, 40, 5, 252.0
DAYS = pd.bdate_range("2020-01-01", periods=N)
RETURNS = 0.01 * np.random.default_rng(0).normal(size=(N, 1)) * np.linspace(1, 3, N)[:, None]


def facts(returns: np.ndarray = RETURNS) -> SeriesFacts:
    mean, scale = returns[:TRAINING].mean(), returns[:TRAINING].std()
    unit = scale * np.sqrt(PER_YEAR)
    volatility = VolatilityCondition(unit, 0.1, 0.2, 0.3, 0.05, 0.5)
    starts = np.arange(TRAINING - WINDOW + 1)
    scaled = (returns - mean) / scale
    return SeriesFacts(returns, scaled, TRAINING, starts, WINDOW, PER_YEAR, volatility)


def test_windows_are_measured_at_their_last_step() -> None:
    mean = RETURNS[:TRAINING].mean()
    volatilities, drifts = facts().volatilities(), facts().drifts()
    assert np.isnan(volatilities[: WINDOW - 1]).all() and np.isnan(drifts[: WINDOW - 1]).all()
    for last in (WINDOW - 1, 20, N - 1):
        own = RETURNS[last - WINDOW + 1 : last + 1, 0]
        expected = np.sqrt(np.mean((own - mean) ** 2) * PER_YEAR)
        assert volatilities[last] == pytest.approx(expected, rel=1e-9)
        assert drifts[last] == pytest.approx(own.mean() * PER_YEAR, rel=1e-9)


def test_regime_and_trend_are_fitted_on_training_windows() -> None:
    requests = parse_requests(["regime", "trend"])
    conditions, values = fit_conditions(requests, {}, facts())
    assert conditions.held == (True, True) and conditions.sizes == (3, 2)
    ends = slice(WINDOW - 1, TRAINING)
    assert np.bincount(values["regime"][ends].astype(int)).tolist() == [12, 12, 12]
    trend = conditions.track("trend")
    assert (trend.mean, trend.sd) == pytest.approx(
        (values["trend"][ends].mean(), values["trend"][ends].std())
    )
    later = RETURNS.copy()
    later[TRAINING:] *= 100
    again, _ = fit_conditions(requests, {}, facts(later))
    assert again == conditions
    track = conditions.track("regime")
    assert regimes(np.array([0.0, np.nan, 9.0]), track).tolist()[::2] == [0.0, 2.0]


def test_columns_of_the_price_file_and_of_another(tmp_path) -> None:
    rate = np.arange(1.0, N + 1)
    prices = pd.DataFrame({"Close": 1.0, "Rate": rate}, index=DAYS)
    (tmp_path / "up.csv").write_text(
        "Date,UP\n" + "\n".join(f"{day:%Y-%m-%d},{k % 2}" for k, day in enumerate(DAYS))
    )
    requests = parse_requests(["rate=rate", f"up={tmp_path}/up.csv:UP"])
    found = find_conditions(requests, DAYS, prices)
    assert found["rate"].values.tolist() == rate.tolist() and found["rate"].sha256 == ""
    assert found["up"].classes == ("no", "yes") and len(found["up"].sha256) == 64
    assert found["up"].origin == "column 'UP' of up.csv"
    conditions, _ = fit_conditions(requests, found, facts())
    track = conditions.track("rate")
    assert track.log and (track.smallest, track.largest) == (1.0, TRAINING)
    assert track.mean == pytest.approx(np.log(rate[:TRAINING]).mean())


def test_numbers_that_are_not_all_positive_are_taken_as_they_are() -> None:
    prices = pd.DataFrame({"Rate": np.linspace(-1, 1, N)}, index=DAYS)
    requests = parse_requests(["rate=Rate"])
    conditions, _ = fit_conditions(requests, find_conditions(requests, DAYS, prices), facts())
    assert not conditions.track("rate").log


def test_a_label_by_dates_includes_the_last_day() -> None:
    requests = parse_requests(labels=["crisis=2020-01-15:2020-01-31", "crisis=2020-02-10"])
    inside = find_conditions(requests, DAYS, None)["crisis"].values
    expected = (DAYS >= "2020-01-15") & (DAYS <= "2020-01-31") | (DAYS == "2020-02-10")
    assert inside.tolist() == expected.astype(float).tolist()
    last_hour = pd.DatetimeIndex(["2020-01-31 23:00", "2020-02-01 00:00"], tz="UTC")
    assert find_conditions(requests, last_hour, None)["crisis"].values.tolist() == [1, 0]


def test_units_foretell_the_volatility_of_windows() -> None:
    """A label that doubles the volatility doubles the unit."""
    random, wild = np.random.default_rng(0), np.arange(N) // 20 % 2
    returns = 0.01 * np.exp(np.log(2) * wild)[:, None] * random.choice([-1.0, 1.0], (N, 1))
    prices = pd.DataFrame({"W": wild}, index=DAYS)
    requests = parse_requests(["w=W"])
    conditions, _ = fit_conditions(
        requests, find_conditions(requests, DAYS, prices), facts(returns)
    )
    means = np.convolve(wild[:TRAINING], np.ones(WINDOW) / WINDOW, "valid")
    assert conditions.units.means == pytest.approx([1 - means.mean(), means.mean()])
    assert conditions.units.covariances[1][1] == pytest.approx(means.var())
    logs = [float(conditions.row({"w": place}, 1)[2]) for place in (0.0, 1.0)]
    assert logs[1] - logs[0] == pytest.approx(np.log(2), rel=0.1)


def test_a_class_that_training_does_not_have_is_refused() -> None:
    requests = parse_requests(labels=[f"crisis={DAYS[TRAINING]:%Y-%m-%d}:2030"])
    found = find_conditions(requests, DAYS, None)
    with pytest.raises(DataError, match=r"condition crisis .*each class within the 40 .*'yes'"):
        fit_conditions(requests, found, facts())


def test_dates_are_needed() -> None:
    with pytest.raises(DataError, match="condition crisis: expected prices with dates"):
        find_conditions(parse_requests(labels=["crisis=2020"]), pd.RangeIndex(5), None)


def test_a_column_needs_its_file() -> None:
    with pytest.raises(ConfigError, match=r"condition rate: expected the price file.*FILE:Rate"):
        find_conditions(parse_requests(["rate=Rate"]), DAYS, None)


def test_nothing_asked_for_is_the_volatility_alone() -> None:
    conditions, values = fit_conditions((), {}, facts())
    assert conditions.tracks == () and conditions.units is None and values == {}
