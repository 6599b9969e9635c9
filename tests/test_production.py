"""What is asked of a model, and what its paths then are: drift, start, dates, history, identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from bars_example import bar_frame

from tsgan import ConfigError, DataError, ScenarioWarning, TimeSeriesGAN, read_prices
from tsgan.analogues import LEAST_RETURNS
from tsgan.production import CLOCK, Production
from tsgan.scenario_groups import cut
from tsgan.scenarios import Scenarios

YEAR = 252
PRICES = tiny.prices()
RETURNS = np.diff(np.log(PRICES.to_numpy()))
NAMES = ("Oil", "Gas")


def two_assets() -> pd.DataFrame:
    """Closes of two assets of different levels, the second twice as volatile."""
    paths = [tiny.prices(seed=seed).to_numpy() for seed in range(2)]
    closes = np.stack([paths[0], 0.01 * paths[1] ** 2], axis=1)
    return pd.DataFrame(closes, PRICES.index, list(NAMES))


@pytest.fixture(scope="module")
def panel() -> TimeSeriesGAN:
    return TimeSeriesGAN(tiny.config(steps=3)).fit(two_assets())


@pytest.fixture(scope="module")
def barred() -> TimeSeriesGAN:
    """A model of bars, and of a label by date."""
    frame = bar_frame()
    config = tiny.config(steps=3, bars=True, labels=("crisis=2020",))
    return TimeSeriesGAN(config).fit(read_prices(frame, bars=True), beside=frame)


@pytest.fixture(scope="module", params=["one", "panel", "bars"])
def model(request: pytest.FixtureRequest) -> TimeSeriesGAN:
    fixture = {"one": "fitted", "panel": "panel", "bars": "barred"}[request.param]
    made: TimeSeriesGAN = request.getfixturevalue(fixture)
    return made


def demand_equal(some: Scenarios, others: Scenarios) -> None:
    """Demand the same bytes, of prices and bars too."""
    assert some.log_returns.tobytes() == others.log_returns.tobytes()
    assert some.closes().tobytes() == others.closes().tobytes()
    assert (some.bars is None) == (others.bars is None)
    if some.bars is not None and others.bars is not None:
        for name in ("open", "high", "low", "volume"):
            assert getattr(some.bars, name).tobytes() == getattr(others.bars, name).tobytes()


@pytest.mark.parametrize("asked", [{}, {"tick": 0.01, "drift": "real"}, {"given": 0.15}])
def test_chosen_paths_are_those_of_the_whole(model: TimeSeriesGAN, asked: dict[str, Any]) -> None:
    asked = {**asked, "seed": 2, "extrapolate": True}
    whole = model.sample(12, 30, **asked)
    for only in ([5], range(3, 9), [7, 0, 11]):
        some = model.sample(12, 30, only=only, **asked)
        assert some.numbers.tolist() == list(only)
        for place, number in enumerate(only):
            demand_equal(cut(some, place, place + 1), one(whole, number))


def one(scenarios: Scenarios, number: int) -> Scenarios:
    return cut(scenarios, number, number + 1)


@pytest.mark.parametrize("only", [[], [3], [-1], [0, 7]])
def test_paths_that_are_none_are_refused(fitted: TimeSeriesGAN, only: list[int]) -> None:
    with pytest.raises(ConfigError, match=r"only: expected numbers of paths from 0 to 2, got"):
        fitted.sample(3, 5, only=only)


def test_groups_are_the_sample(model: TimeSeriesGAN, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.sample(20, 10)
    monkeypatch.setattr("tsgan.sampler.MOST_AT_ONCE", 4)
    groups = list(model.sample_groups(20, 10))
    assert len(groups) > 1
    assert [k for group in groups for k in group.numbers] == list(range(20))
    for group in groups:
        for place, number in enumerate(group.numbers):
            demand_equal(one(group, place), one(whole, number))


def training_mean(model: TimeSeriesGAN) -> np.ndarray:
    """Annual mean log return of the closes in the training part, a number or (assets,)."""
    real = RETURNS
    if len(model.facts_.names) > 1:
        real = np.diff(np.log(two_assets().to_numpy()), axis=0)
    return YEAR * real[: model.facts_.training].mean(axis=0)


@pytest.mark.parametrize("drift", ["real", "zero", -0.3])
@pytest.mark.parametrize("given", [None, "high"])
def test_mean_is_the_drift_that_is_asked_for(
    model: TimeSeriesGAN, drift: str | float, given: str | None
) -> None:
    made = model.sample(200, YEAR, seed=3, drift=drift, given=given).log_returns
    yearly = made.sum(axis=1)  # (paths,) or (paths, assets)
    error = yearly.std(axis=0) / np.sqrt(len(yearly))
    expected = {"real": training_mean(model), "zero": 0.0}.get(str(drift), drift)
    assert np.all(np.abs(yearly.mean(axis=0) - expected) < 4 * error)
    own = model.sample(200, YEAR, seed=3, given=given).log_returns
    raised = made - own
    np.testing.assert_allclose(raised, np.broadcast_to(raised[:1, :1], raised.shape), atol=1e-12)


def test_drift_moves_closes_and_leaves_bars_as_they_are(barred: TimeSeriesGAN) -> None:
    own, zero = barred.sample(3, 40), barred.sample(3, 40, drift="zero")
    assert own.bars is not None and zero.bars is not None
    for made in (own, zero):
        demand_valid(made)
    gaps = [np.log(made.bars.open[:, 1:] / made.closes()[:, :-1]) for made in (own, zero)]
    np.testing.assert_allclose(*gaps, atol=1e-9)
    assert zero.bars.volume is not None
    np.testing.assert_array_equal(zero.bars.volume, own.bars.volume)


def demand_valid(made: Scenarios) -> None:
    bars, closes = made.bars, made.closes()
    assert bars is not None and bars.volume is not None
    assert (bars.low > 0).all() and (bars.volume >= 0).all()
    assert (bars.low <= np.minimum(bars.open, closes)).all()
    assert (bars.high >= np.maximum(bars.open, closes)).all()


@pytest.mark.parametrize("drift", ["up", "", "nan", float("inf"), 10.5, -11])
def test_drift_that_is_none_is_refused(fitted: TimeSeriesGAN, drift: str | float) -> None:
    with pytest.raises(ConfigError, match="drift: expected real, zero, or an annual drift"):
        fitted.sample(1, 1, drift=drift)


@pytest.mark.parametrize("tick", [None, 0.05])
def test_bars_are_valid_and_multiples_of_the_tick(
    barred: TimeSeriesGAN, tick: float | None
) -> None:
    made = barred.sample(20, 100, tick=tick)
    demand_valid(made)
    if tick is not None and made.bars is not None:
        for prices in (made.closes(), made.bars.open, made.bars.high, made.bars.low):
            np.testing.assert_array_equal(prices, np.round(prices * 20) / 20)
    label = barred.sample(5, 20, given={"crisis": ["no"] * 10 + ["yes"] * 10})
    demand_valid(label)
    free = barred.sample(5, 20, given="crisis=no")
    np.testing.assert_array_equal(label.closes()[:, :10], free.closes()[:, :10])
    assert (label.closes()[:, 10:] != free.closes()[:, 10:]).all()


def test_panel_starts_where_it_is_asked_to(panel: TimeSeriesGAN) -> None:
    def before(**asked: Any) -> np.ndarray:
        made = panel.sample(2, 3, **asked)
        return made.closes()[:, 0] / np.exp(made.log_returns[:, 0])

    last = two_assets().to_numpy()[-1]
    np.testing.assert_allclose(before(), [last, last], rtol=1e-12)
    np.testing.assert_allclose(before(start_price=50), np.full((2, 2), 50.0), rtol=1e-12)
    np.testing.assert_allclose(before(start_price=[3, 4.5]), [[3, 4.5]] * 2, rtol=1e-12)
    with pytest.raises(ConfigError, match="expected one, or 2 prices above 0"):
        before(start_price=[1, 2, 3])
    ticked = panel.sample(2, 30, tick=0.5)
    np.testing.assert_array_equal(ticked.closes() % 0.5, 0.0)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["2022-01-03", "2022-01-04"]),
        ({"calendar": "24/7"}, ["2022-01-01", "2022-01-02"]),
        ({"calendar": "24/7", "start_date": "2030-01-05"}, ["2030-01-05", "2030-01-06"]),
        ({"start_date": "2030-01-05"}, ["2030-01-07", "2030-01-08"]),
        ({"calendar": "XNYS", "start_date": "2022-07-02"}, ["2022-07-05", "2022-07-06"]),
    ],
)
def test_dates_follow_the_calendar(
    fitted: TimeSeriesGAN, asked: dict[str, str], expected: list[str]
) -> None:
    if "XNYS" in asked.values():
        pytest.importorskip("exchange_calendars")
    dates = fitted.sample(1, 2, **asked).dates
    assert dates.astype("datetime64[D]").astype(str).tolist() == expected


def test_far_dates_of_an_exchange_are_warned_of(fitted: TimeSeriesGAN) -> None:
    pytest.importorskip("exchange_calendars")
    with pytest.warns(ScenarioWarning, match="holidays of XBOM are known up to"):
        fitted.sample(1, 2, calendar="XBOM", start_date="2090-01-02")


@pytest.mark.parametrize(("paths", "horizon"), [(0, 5), (3, 0), (3, -1), (3, 10_000_001), (3, 2.0)])
def test_sizes_out_of_range_are_refused(fitted: TimeSeriesGAN, paths: int, horizon: int) -> None:
    for ask in (fitted.sample, fitted.sample_groups, fitted.production):
        with pytest.raises(ConfigError, match=r"(paths|horizon): expected a whole number, 1 to"):
            ask(paths, horizon)


def test_unseen_values_are_warned_of_unless_told(fitted: TimeSeriesGAN) -> None:
    with pytest.warns(ScenarioWarning, match=r"vol: training saw .* 300.0% is an extrapolation"):
        loud = fitted.sample(2, 5, given=3.0)
    demand_equal(fitted.sample(2, 5, given=3.0, extrapolate=True), loud)
    assert len(fitted.production(2, 5, given=3.0).warnings) == 1
    assert fitted.production(2, 5, given=3.0, extrapolate=True).warnings == ()


@pytest.fixture
def few_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for the present among few moments of the model's own paths."""
    monkeypatch.setattr("tsgan.moment_library.PATHS", 50)


def test_history_is_continued_from_its_price_and_date(
    fitted: TimeSeriesGAN, few_moments: None
) -> None:
    history = tiny.prices(160, seed=4).set_axis(pd.bdate_range(end="2024-03-25", periods=161))
    made = fitted.sample(4, 6, history=history)
    assert made.start_price == history.iloc[-1]
    assert str(made.dates[0]) == "2024-03-26" and history.index[-1] == pd.Timestamp("2024-03-25")
    demand_equal(fitted.sample(2, 6, history=history), cut(made, 0, 2))
    demand_equal(fitted.sample(4, 6, history=history, only=[2]), one(made, 2))
    free = fitted.sample(4, 6, start_price=float(history.iloc[-1]))
    assert (made.log_returns != free.log_returns).all()
    said = fitted.production(4, 6, history=history).said
    assert len(said) == 1 and said[0].endswith("which ends on 2024-03-25.")
    elsewhere = fitted.sample(4, 6, history=history, start_price=7.0, start_date="2030-01-07")
    assert elsewhere.start_price == 7.0 and str(elsewhere.dates[0]) == "2030-01-07"
    assert elsewhere.log_returns.tobytes() == made.log_returns.tobytes()


def test_history_that_cannot_be_continued_is_refused(
    fitted: TimeSeriesGAN, panel: TimeSeriesGAN
) -> None:
    least = max(fitted.fitted_.generator.memory, LEAST_RETURNS)
    with pytest.raises(DataError, match=f"at least {least} log returns.* got {least - 1}; give"):
        fitted.sample(1, 2, history=tiny.prices(least - 1))
    with pytest.raises(ConfigError, match="expected no given volatility"):
        fitted.sample(1, 2, history=PRICES, given="low")
    with pytest.raises(DataError, match="expected prices of Oil, Gas, got Close; give"):
        panel.sample(1, 2, history=PRICES)
    with pytest.raises(DataError, match="expected prices of Close, got Oil, Gas; give"):
        fitted.sample(1, 2, history=read_prices(two_assets(), NAMES))


def test_panels_are_continued(panel: TimeSeriesGAN, few_moments: None) -> None:
    history = two_assets().iloc[-400:]
    made = panel.sample(3, 6, history=history)
    np.testing.assert_array_equal(made.start_price, history.to_numpy()[-1])
    demand_equal(panel.sample(3, 6, history=history, only=[2]), one(made, 2))
    free = panel.sample(3, 6)
    assert (made.log_returns != free.log_returns).all()
    other = panel.sample(3, 6, history=two_assets().iloc[-400:].iloc[::-1].set_axis(history.index))
    assert (made.log_returns != other.log_returns).any()


def test_bars_are_continued(barred: TimeSeriesGAN, few_moments: None) -> None:
    made = barred.sample(3, 20, history=bar_frame())
    demand_valid(made)
    assert made.start_price == bar_frame()["Close"].iloc[-1]
    first = made.log_returns[:, 0]
    np.testing.assert_allclose(made.closes()[:, 0], made.start_price * np.exp(first), rtol=1e-12)
    assert (made.log_returns != barred.sample(3, 20).log_returns).all()


def different() -> Iterator[dict[str, Any]]:
    yield from ({"seed": 1}, {"only": [1, 2]}, {"given": "low"}, {"given": 0.15})
    yield from ({"drift": "zero"}, {"drift": "real"}, {"drift": 0.1}, {"start_price": 1.0})
    yield from ({"start_date": "2030-01-07"}, {"calendar": "24/7"}, {"tick": 0.01})
    yield from ({"history": PRICES}, {"history": tiny.prices(seed=1)})


def test_identity_tells_requests_apart(fitted: TimeSeriesGAN) -> None:
    """What an interrupted writing has left is taken for another's where anything differs."""

    def identity(**asked: Any) -> tuple[tuple[str, Any], ...]:
        production: Production = fitted.production(5, 3, **asked)
        return tuple(production.identity.items())

    found = [identity(), *(identity(**asked) for asked in different())]
    assert len(set(found)) == len(found)
    assert found == [identity(), *(identity(**asked) for asked in different())]


def test_times_of_day_are_said_to_be_by_the_clock_of_the_file(fitted: TimeSeriesGAN) -> None:
    days = pd.bdate_range("2021-09-01", periods=100, tz="America/New_York")
    opens = [day + pd.Timedelta(hours=9.5 + k) for day in days for k in range(7)]
    closes = tiny.prices().to_numpy()[: len(opens)]
    frame = pd.DataFrame({"Close": closes}, pd.DatetimeIndex(opens, name="Date"))
    hourly = TimeSeriesGAN(tiny.config(steps=3)).fit(frame)
    production = hourly.production(1, 350)
    assert production.said == (CLOCK,)
    times = pd.DatetimeIndex(production.dates).tz_localize("UTC").tz_convert("America/New_York")
    assert set(times.strftime("%H:%M")) == {f"{hour:02}:30" for hour in range(9, 16)}
    assert len({f"{time:%H:%M}" for time in production.dates.astype(object)}) == 8, "summer begins"
    assert fitted.production(1, 5).said == ()
