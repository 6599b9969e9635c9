"""The table of asked-for against realised, of samplers whose obedience is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tsgan.condition_requests import parse_requests
from tsgan.condition_sources import SeriesFacts, find_conditions, fit_conditions
from tsgan.conditions import VolatilityCondition
from tsgan.obedience import Obedience, obedience

N, WINDOW, PER_YEAR = 1200, 20, 252.0
DAYS = pd.bdate_range("2015-01-01", periods=N)
RANDOM = np.random.default_rng(0)
WILD = np.arange(N) // 300 % 2
FEAR = np.exp(np.linspace(2.0, 4.0, N))
RETURNS = (0.01 * 2.0**WILD * RANDOM.choice([-1.0, 1.0], N) + 1e-4)[:, None]


def facts() -> SeriesFacts:
    mean, scale = RETURNS.mean(), RETURNS.std()
    scaled = (RETURNS - mean) / scale
    starts = np.arange(N - WINDOW + 1)
    known = SeriesFacts(
        RETURNS,
        scaled,
        N,
        starts,
        WINDOW,
        PER_YEAR,
        VolatilityCondition(scale * PER_YEAR**0.5, 1, 1, 1, 1, 1),
    )
    logs = np.log(known.volatilities()[WINDOW - 1 :] / known.volatility.unit)
    return replace(known, volatility=VolatilityCondition.fit(logs, known.volatility.unit))


FACTS = facts()
REQUESTS = parse_requests(["regime:2", "trend", "fear=Fear"], ["wild=2016-02:2017-03"])
PRICES = pd.DataFrame({"Fear": FEAR}, index=DAYS)
CONDITIONS, VALUES = fit_conditions(REQUESTS, find_conditions(REQUESTS, DAYS, PRICES), FACTS)


def table(reply: float = 1.0) -> Obedience:
    """Return the table of a sampler that realises so many times the volatility and the drift."""
    asked_for = []

    def sampler(
        given: Mapping[str, str | float], paths: int, horizon: int, seed: int
    ) -> np.ndarray:
        ((name, asked),) = given.items()
        asked_for.append((name, asked, paths, horizon, seed))
        volatility, drift = 0.2, 0.0
        if name == "vol":
            levels = {"low": FACTS.volatility.low, "mid": FACTS.volatility.mid}
            levels["high"] = FACTS.volatility.high
            volatility = reply * float(levels.get(str(asked), asked if asked not in levels else 0))
        if name == "trend":
            drift = reply * float(asked)
        signs = np.tile([1.0, -1.0], (paths, horizon // 2))
        mean = RETURNS.mean() if not drift else drift / PER_YEAR
        return mean + volatility / PER_YEAR**0.5 * signs

    found = obedience(sampler, CONDITIONS, FACTS, VALUES, paths=7, seed=3)
    assert all(entry[2:] == (7, WINDOW, 3) for entry in asked_for)
    assert all(
        asked in ("low", "mid", "high") or CONDITIONS.volatility.volatility(asked)
        for name, asked, *_ in asked_for
        if name == "vol"
    )
    for name, asked, *_ in asked_for:
        if name != "vol":
            CONDITIONS.track(name).value(asked)  # can be asked for
    return found


def rows(found: Obedience, name: str) -> list:
    return [row for row in found.rows if row.condition == name]


def test_an_obedient_sampler_is_seen_to_be_one() -> None:
    found = table()
    for row in rows(found, "vol"):
        assert row.volatility == pytest.approx(row.real_volatility, rel=1e-6)
        assert row.volatility == pytest.approx(getattr(FACTS.volatility, row.asked), rel=1e-6)
    for row in rows(found, "trend"):
        assert row.drift == pytest.approx(float(row.asked), rel=1e-6)
        assert row.drift == pytest.approx(row.real_drift, abs=2e-3)
    assert [curve.condition for curve in found.curves] == ["vol", "trend"]
    for curve in found.curves:
        assert curve.rank == pytest.approx(1.0) and len(curve.asked) == 20
        np.testing.assert_allclose(curve.realised, curve.asked, rtol=1e-6)


def test_a_sampler_that_does_the_opposite_has_the_opposite_rank() -> None:
    curve = table(reply=-1.0).curves[1]
    assert curve.rank == pytest.approx(-1.0)
    np.testing.assert_allclose(curve.realised, -curve.asked, rtol=1e-6)


def test_a_sampler_that_answers_too_little_is_seen() -> None:
    for row in rows(table(reply=0.5), "vol"):
        assert row.volatility == pytest.approx(0.5 * row.real_volatility, rel=1e-6)


def test_real_windows_are_those_of_which_the_same_holds() -> None:
    found = table()
    ends = FACTS.starts + WINDOW - 1
    volatilities, drifts = FACTS.volatilities()[ends], FACTS.drifts()[ends]
    regimes = rows(found, "regime")
    assert [row.asked for row in regimes] == ["1", "2"]
    for place, row in enumerate(regimes):
        own = VALUES["regime"][ends] == place
        assert row.windows == own.sum()
        assert row.real_volatility == pytest.approx(volatilities[own].mean())
        assert row.real_drift == pytest.approx(drifts[own].mean())
    yes = rows(found, "wild")[1]
    label = (DAYS >= "2016-02-01") & (DAYS <= "2017-03-31")
    assert (yes.condition, yes.asked) == ("wild", "yes") and yes.windows == label.sum() - WINDOW + 1
    assert yes.real_volatility == pytest.approx(0.02 * PER_YEAR**0.5, rel=0.05)


def test_a_number_is_asked_for_as_the_mean_of_each_fifth_of_the_windows() -> None:
    found = rows(table(), "fear")
    assert [row.windows for row in found] == [237, 236, 236, 236, 236]
    levels = [float(row.asked) for row in found]
    logs = np.log(FEAR)
    means = np.convolve(logs, np.ones(WINDOW) / WINDOW, "valid")  # ascending
    expected = [np.exp(part.mean()) for part in np.array_split(means, 5)]
    np.testing.assert_allclose(levels, expected, rtol=1e-3)


def test_a_class_without_a_whole_window_has_no_real_figures() -> None:
    requests = parse_requests(labels=["short=2016-02-01:2016-02-10"])
    conditions, values = fit_conditions(requests, find_conditions(requests, DAYS, None), FACTS)
    found = obedience(lambda *_: np.zeros((2, WINDOW)), conditions, FACTS, values, levels=3)
    last = found.rows[-1]
    assert last.asked == "yes" and last.windows == 0 and np.isnan(last.real_volatility)
    assert [curve.rank for curve in found.curves] == [0.0]
