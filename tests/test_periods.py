"""Which returns a model was trained on, and what is said where that is not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from tsgan import Prices, TimeSeriesGAN, read_prices
from tsgan.errors import ConfigError
from tsgan.periods import LEAST_HELD_OUT, known_until, origin_of, other_periods, split_periods

PRICES = read_prices(tiny.prices())
RETURNS = np.diff(np.log(tiny.prices().to_numpy()))
DAYS = tiny.prices().index


def origin(training: int = 560, **changes: Any) -> dict[str, Any]:
    """What is known of a model of these prices."""
    return {
        "source": "garch.csv",
        "sha256": PRICES.sha256,
        "returns": 700,
        "training": training,
        "first_date": f"{DAYS[0]:%Y-%m-%d}",
        "training_end": f"{DAYS[training]:%Y-%m-%d}",
        **changes,
    }


def test_origin_is_what_the_model_remembers(fitted: TimeSeriesGAN) -> None:
    known = origin_of(fitted.facts_)
    assert known["training"] == 560 and known["returns"] == 700
    assert known["training_end"] == fitted.facts_.training_end == f"{DAYS[560]:%Y-%m-%d}"
    assert known["sha256"] == fitted.facts_.sha256


def test_same_file_is_split_where_training_split_it() -> None:
    found = split_periods(PRICES, origin(training_end="1900-01-01"))  # the count decides
    np.testing.assert_allclose(found.series, RETURNS)
    assert np.array_equal(found.training, found.series[:560])
    assert found.held_out is not None and np.array_equal(found.held_out, found.series[560:])
    (caution,) = found.cautions
    assert caution.startswith("In-sample: the model was trained on 560 of these 700 returns.")
    assert "The other 140 are held out" in caution


def test_other_file_is_split_at_the_last_date_of_training() -> None:
    found = split_periods(PRICES, origin(sha256="other", source="other.csv"))
    assert len(found.training) == 560 and found.held_out is not None
    assert found.cautions[0].startswith("The model was trained on another file, other.csv.")
    assert "The period of training covers 560 of these 700 returns." in found.cautions[0]
    assert "In-sample" not in found.cautions[0]
    grown = origin(returns=600, training_end=f"{DAYS[300]:%Y-%m-%d}")
    assert len(split_periods(PRICES, grown).training) == 300, "rows may have come before, too"


def test_last_date_alone_is_enough() -> None:
    found = split_periods(PRICES, known_until(f"{DAYS[300]:%Y-%m-%d}"))
    assert len(found.training) == 300 and found.held_out is not None
    assert len(found.held_out) == 400 and "another file" not in found.cautions[0]


@pytest.mark.parametrize(("kept", "apart"), [(LEAST_HELD_OUT, True), (LEAST_HELD_OUT - 1, False)])
def test_few_held_out_returns_are_not_compared_apart(kept: int, apart: bool) -> None:
    found = split_periods(PRICES, origin(700 - kept))
    assert (found.held_out is not None) == apart
    assert ("too few" in found.cautions[0]) != apart


def test_nothing_held_out_is_not_spoken_of() -> None:
    found = split_periods(PRICES, origin(700))
    assert found.held_out is None and found.cautions[0].endswith("foretells others.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first_date": "1990-01-02", "training_end": "1999-12-31"}, "before these prices begin"),
        ({"first_date": "2030-01-02", "training_end": "2039-12-31"}, "before the training period"),
    ],
)
def test_training_elsewhere_in_time_is_out_of_sample(changes: dict[str, str], words: str) -> None:
    found = split_periods(PRICES, origin(sha256="other", **changes))
    assert found.held_out is None and np.array_equal(found.training, found.series)
    assert found.cautions[0].startswith("Out of sample") and words in found.cautions[0]


@pytest.mark.parametrize("known", [None, {}])
def test_unknown_training_is_said(known: dict[str, Any] | None) -> None:
    found = split_periods(PRICES, known)
    assert found.held_out is None and np.array_equal(found.training, found.series)
    assert "--trained-until" in found.cautions[0]


def test_period_without_dates_cannot_be_found() -> None:
    undated = read_prices(pd.Series(tiny.prices().to_numpy(), name="Close"))
    for prices, known, reason in (
        (undated, origin(sha256="other"), "these prices have no dates"),
        (PRICES, origin(sha256="other", training_end=None), "the training has no dates"),
        (PRICES, origin(sha256="other", training_end="soon"), "the training has no dates"),
    ):
        found = split_periods(prices, known)
        assert found.held_out is None and reason in found.cautions[0]


def test_several_assets_are_split_alike() -> None:
    frame = pd.DataFrame({"a": tiny.prices(), "b": tiny.prices(seed=1)})
    both: Prices = read_prices(frame, ["a", "b"])
    found = split_periods(both, known_until(f"{DAYS[300]:%Y-%m-%d}"))
    assert found.series.shape == (700, 2) and found.training.shape == (300, 2)
    assert found.held_out is not None and found.held_out.shape == (400, 2)


def test_date_means_all_of_its_day() -> None:
    hours = pd.Series(
        100 * np.exp(np.cumsum(tiny.garch_returns(400))),
        index=pd.date_range("2021-01-04", periods=400, freq="h", name="Date"),
        name="Close",
    )
    prices = read_prices(hours)
    assert len(split_periods(prices, known_until("2021-01-05")).training) == 47
    assert len(split_periods(prices, known_until("2021-01-05T12:00")).training) == 36


def test_zone_of_prices_does_not_matter() -> None:
    zoned = tiny.prices().tz_localize("America/New_York")
    found = split_periods(read_prices(zoned), known_until(f"{DAYS[300]:%Y-%m-%d}"))
    assert len(found.training) in (299, 300)


@pytest.mark.parametrize("text", ["soon", "", "2020-13-01", "20"])
def test_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--trained-until: expected a date as YYYY-MM-DD"):
        known_until(text)


def test_returns_that_were_seen_cannot_be_called_held_out() -> None:
    recorded = origin(training_end="2020-06-30")
    with pytest.raises(ConfigError, match=r"from 2020-06-30 on, .* got 2020-01-31; returns"):
        known_until("2020-01-31", recorded)
    for text in ("2020-06-30", "2021-01-31"):
        assert known_until(text, recorded) == {"training_end": text}
    assert known_until("2020-01-31", {"source": "x"}) == {"training_end": "2020-01-31"}


def test_sets_of_other_periods_are_named() -> None:
    same, later = origin(), origin(600)
    told = other_periods("a", same, {"b": same, "c": later, "d": None})
    assert [caution.split()[0] for caution in told] == ["c", "d"]
    assert all("on the period of a" in caution for caution in told)
    assert other_periods("a", None, {"b": None}) == []
