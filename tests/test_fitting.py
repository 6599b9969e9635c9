"""What a trainer is given: only the training part may be known to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan.calendars import BUSINESS_DAYS, DAYS
from tsgan.config import AUTO_HOLDOUT, AUTO_SHARE, Config, NetworkConfig, TrainingConfig
from tsgan.critics import Critic
from tsgan.data.prices import read_prices
from tsgan.errors import ConfigError, DataError, ShortSeriesWarning
from tsgan.fitting import make_trainer
from tsgan.model import TimeSeriesGAN
from tsgan.preparation import MOST_ASSETS, Prepared, prepare, shortness

SERIES = tiny.prices()
WINDOW = Config().window


def prepared(series: pd.Series = SERIES, **settings: object) -> Prepared:
    return prepare(read_prices(series), tiny.config(**settings))


def held(result: Prepared) -> int:
    return result.facts.returns - result.facts.training


@pytest.mark.parametrize(
    ("holdout", "expected"),
    [(0, 0), (0.0, 0), (0.2, 140), (0.25, 175), (SERIES.index[-150].date().isoformat(), 150)],
)
def test_end_of_the_series_is_held_out(holdout: float | str, expected: int) -> None:
    result = prepared(holdout=holdout)
    assert held(result) == expected and result.facts.returns == tiny.RETURNS
    last = SERIES.index[-1 - expected].date().isoformat()
    assert result.facts.training_end == last


def test_holdout_date_between_two_prices_starts_at_the_next() -> None:
    saturday = SERIES.index[-150] + pd.offsets.Week(weekday=5)
    count = int((SERIES.index > saturday).sum())
    assert held(prepared(holdout=saturday.date().isoformat())) == count


BORDER = AUTO_SHARE * AUTO_HOLDOUT


@pytest.mark.parametrize(
    ("returns", "window", "expected"),
    [
        (300, 128, 0),
        (BORDER - 1, 128, 0),
        (BORDER, 128, AUTO_HOLDOUT),
        (3 * BORDER, 128, AUTO_HOLDOUT),
        (BORDER, 256, 0),
        (15 * 256 - 1, 256, 0),
        (15 * 256, 256, 256),
        (15 * 1008 - 1, 1008, 0),
        (15 * 1008, 1008, 1008),
    ],
)
def test_automatic_holdout_is_a_year_or_window_of_a_series_fifteen_times_as_long(
    returns: int, window: int, expected: int
) -> None:
    assert BORDER == 15 * 252
    series = pd.Series(np.exp(tiny.garch_returns(returns + 1).cumsum()), name="Close")
    result = prepared(series, window=window)
    assert result.facts.returns == returns and held(result) == expected


@pytest.mark.parametrize(
    ("holdout", "message"),
    [
        (0.01, "at least one window of 128 returns, 0.01 keeps 7"),
        ("2021-12-30", "at least one window of 128 returns, 2021-12-30 keeps 2"),
        ("2022-01-01", "a date up to 2021-12-31"),
        ("soon", "a fraction from 0 to 0.5 or a date as YYYY-MM-DD, got 'soon'"),
    ],
)
def test_holdout_that_cannot_be_is_refused(holdout: float | str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^holdout: expected .*{message}"):
        prepared(holdout=holdout)


def test_holdout_date_needs_dates() -> None:
    with pytest.raises(ConfigError, match=r"holdout: .* has no dates; give a fraction"):
        prepared(SERIES.reset_index(drop=True), holdout="2021-06-01")


@pytest.mark.parametrize(
    ("holdout", "rows", "left"),
    [(0, 2 * WINDOW, 2 * WINDOW), (0.45, 450, 248), ("2015-01-01", 701, 1)],
)
def test_too_few_prices_to_train_on_are_refused(holdout: float | str, rows: int, left: int) -> None:
    message = rf"expected at least {2 * WINDOW + 1} prices to train on .*got {left}; give a longer"
    with pytest.raises(DataError, match=message):
        prepared(SERIES.tail(rows), holdout=holdout)


def test_just_enough_prices_will_do() -> None:
    result = prepared(SERIES.tail(2 * WINDOW + 1))
    assert result.facts.training == 2 * WINDOW and result.path_length == WINDOW


def test_more_assets_than_are_learned_jointly_are_refused() -> None:
    frame = pd.DataFrame({f"A{k}": SERIES + k for k in range(MOST_ASSETS + 1)})
    with pytest.raises(DataError, match=r"at most 100 price columns, got 101.*--column"):
        prepare(read_prices(frame), tiny.config())


def test_held_out_prices_change_nothing_that_is_trained_on() -> None:
    other = SERIES.copy()
    other.iloc[-140:] *= np.linspace(1.01, 3, 140)
    results = [prepared(series, holdout=0.2) for series in (SERIES, other)]
    one, two = results
    assert one.scaler.to_dict() == two.scaler.to_dict()
    assert one.conditions == two.conditions
    assert not np.array_equal(one.returns, two.returns)
    batches = []
    for result in results:
        trainer = make_trainer(result, tiny.config(holdout=0.2), torch.device("cpu"))
        batches.append(trainer.batches(trainer.stream))
    for part, same in zip(*batches, strict=True):
        assert torch.equal(part[0], same[0]) and torch.equal(part[1], same[1])


def test_scaler_has_the_moments_of_the_training_part() -> None:
    result = prepared(holdout=0.2)
    part = np.diff(np.log(SERIES.to_numpy()))[:560]
    np.testing.assert_allclose(result.scaler.mean, part.mean(), rtol=1e-9)
    np.testing.assert_allclose(result.scaler.scale, part.std(), rtol=1e-9)
    np.testing.assert_allclose(result.returns[:560, 0], part, rtol=1e-12)


def test_levels_are_annualised_realised_volatilities() -> None:
    levels = prepared(holdout=0).conditions.volatility
    returns = np.diff(np.log(SERIES.to_numpy()))
    centred = returns - returns.mean()
    windows = np.lib.stride_tricks.sliding_window_view(centred, WINDOW)
    realised = np.sort(np.sqrt(252 * (windows**2).mean(axis=1)))
    expected = [part.mean() for part in np.array_split(realised, 3)]
    np.testing.assert_allclose([levels.low, levels.mid, levels.high], expected, rtol=1e-5)
    np.testing.assert_allclose([levels.smallest, levels.largest], realised[[0, -1]], rtol=1e-5)


def test_facts_say_what_was_read() -> None:
    facts = prepared(holdout=0.2).facts
    assert (facts.source, facts.column, facts.prices) == ("DataFrame", "Close", 701)
    assert (facts.first_date, facts.last_date) == (
        SERIES.index[0].date().isoformat(),
        "2021-12-31",
    )
    assert facts.last_price == SERIES.iloc[-1] and facts.periods_per_year == 252
    assert facts.sha256 == read_prices(SERIES).sha256 and facts.notes


@pytest.mark.parametrize(
    ("index", "step", "last", "dates"),
    [
        (pd.bdate_range("2020-01-01", periods=400), BUSINESS_DAYS, "2021-07-13", "2021-07-14"),
        (pd.date_range("2020-01-01", periods=400), DAYS, "2021-02-03", "2021-02-04"),
        (
            pd.date_range("2020-01-01", periods=400, freq="W-FRI"),
            604_800,
            "2027-08-27",
            "2027-09-03",
        ),
        (
            pd.date_range("2000-01-31", periods=400, freq="ME"),
            "1 months",
            "2033-04-30",
            "2033-05-31",
        ),
        (
            pd.date_range("1800-01-15", periods=400, freq="QS") + pd.Timedelta(days=14),
            "3 months",
            "1900-01-15",
            "1900-04-15",
        ),
        (pd.date_range("2020-01-01", periods=400, freq="h"), 3600, "2020-01-17T15:00:00", ""),
        (
            pd.date_range("2020-01-01", periods=400, freq="100ms"),
            1,
            "2020-01-01T00:00:39.900000",
            "",
        ),
        (pd.RangeIndex(400), BUSINESS_DAYS, None, "NaT"),
    ],
)
def test_calendar_follows_the_dates(
    index: pd.Index, step: str | int, last: str | None, dates: str
) -> None:
    facts = prepared(pd.Series(SERIES.to_numpy()[:400], index, name="Close")).facts
    assert (facts.step, facts.last_date) == (step, last)
    following = str(facts.calendar.after(1)[0])
    assert following == (dates or str(np.datetime64(last, "s") + np.timedelta64(step, "s")))


@pytest.mark.parametrize(
    ("window", "training", "expected"),
    [
        (128, 256, 128),
        (128, 383, 128),
        (128, 384, 256),
        (128, 511, 256),
        (128, 767, 256),
        (128, 768, 512),
        (128, 1535, 512),
        (128, 1536, 1024),
        (128, 2000, 1024),
        (128, 5000, 1024),
        (144, 288, 256),
        (256, 512, 256),
        (512, 1024, 512),
        (1008, 5000, 1024),
        (1040, 5000, 2048),
        (2048, 5000, 2048),
        (4080, 9000, 4096),
    ],
)
def test_paths_hold_a_window_and_are_no_longer_than_asked(
    window: int, training: int, expected: int
) -> None:
    limit = TrainingConfig(path_length=1024)
    config = Config(window=window, holdout=0, training=limit)
    assert prepare(read_prices(tiny.prices(training)), config).path_length == expected


@pytest.mark.parametrize(("asked", "expected"), [(1, 128), (300, 256), (512, 512), (2047, 1024)])
def test_paths_are_as_long_as_a_power_of_two_allows(asked: int, expected: int) -> None:
    config = Config(window=128, holdout=0, training=TrainingConfig(path_length=asked))
    assert prepare(read_prices(tiny.prices(3000)), config).path_length == expected


@pytest.mark.parametrize("training", [256, 257, 300, 383, 384, 699, 700, 1008, 1537, 2000])
@pytest.mark.parametrize("layers", [1, 3, 7])
def test_every_length_gives_paths_that_the_critic_can_look_at(training: int, layers: int) -> None:
    network = NetworkConfig(critic_channels=(2,) * layers, critic_dense=2)
    config = Config(window=128, holdout=0, network=network)
    length = prepare(read_prices(tiny.prices(training)), config).path_length
    assert length & (length - 1) == 0 and 128 <= length <= training
    assert length <= 2 * training / 3 < 2 * length or length == 128
    critic = Critic(network, 128, length)
    paths, windows = torch.ones(2, 1, length), torch.ones(2, 1, 128)
    parts = [(paths, torch.zeros(2, 2)), (windows, torch.zeros(2, 2))]
    views = critic.views(parts, torch.Generator())
    scores = [head(*view) for head, view in zip(critic.heads, views, strict=True)]
    assert all(score.shape == (2,) and score.isfinite().all() for score in scores)


def test_trainer_has_a_score_only_with_something_held_out() -> None:
    config = tiny.config(holdout=0)
    device = torch.device("cpu")
    assert make_trainer(prepared(holdout=0), config, device).score is None
    config = replace(config, holdout=0.2)
    assert make_trainer(prepared(holdout=0.2), config, device).score is not None


def test_networks_depend_on_the_seed_alone() -> None:
    torch.manual_seed(5)
    weights = []
    for seed in (0, 0, 1):
        config = tiny.config(seed=seed)
        trainer = make_trainer(prepared(), config, torch.device("cpu"))
        weights.append(torch.cat([p.flatten() for p in trainer.generator.parameters()]))
        torch.rand(3)
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("training", "few"), [(256, True), (499, True), (500, False), (9000, False)]
)
def test_what_can_be_expected_of_a_short_series_is_said(training: int, few: bool) -> None:
    said = shortness(training)
    assert bool(said) == few
    if few:
        assert said.startswith(f"{training} returns are few") and "guesswork" in said


def test_python_warns_of_a_short_series() -> None:
    model = TimeSeriesGAN(tiny.config(steps=1))
    with pytest.warns(ShortSeriesWarning, match="300 returns are few"):
        model.fit(tiny.prices(300))
