"""Numbers are told apart by one rule, and anything that it leaves open is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsgan.errors import DataError
from tsgan.synthetic_blocks import Block, Kind, understood

RETURNS = np.random.default_rng(0).normal(0, 0.01, (3, 40, 2))


def block(values: np.ndarray, kind: Kind = "") -> Block:
    return Block(
        values=np.asarray(values, dtype=np.float64).reshape(len(values), len(values[0]), -1),
        kind=kind,
        subject="The 3 columns hold",
        where=lambda *place: f"x.csv at {place}",
        mend="call it close",
    )


def prices(start: float = 100.0) -> np.ndarray:
    return np.asarray(start * np.exp(np.cumsum(RETURNS, axis=1)))


def test_returns_come_back_as_they_are() -> None:
    for kind in ("", "log returns"):
        values, notes = understood(block(RETURNS, kind), "x.csv")
        np.testing.assert_array_equal(values, RETURNS)
        assert notes == (
            "The 3 columns hold log returns.",
            "Read 3 paths of 40 steps of 2 assets.",
        )


@pytest.mark.parametrize("start", [0.7, 1.0, 100.0, 50_000.0])
def test_prices_become_log_returns(start: float) -> None:
    for kind in ("", "prices"):
        values, notes = understood(block(prices(start), kind), "x.csv")
        np.testing.assert_allclose(values, RETURNS[:, 1:], atol=1e-12)
        assert notes[0] == "The 3 columns hold prices; their log returns are compared."


def test_prices_of_any_size_are_believed_where_they_are_named() -> None:
    values, _ = understood(block(prices(1e-6), "prices"), "x.csv")
    np.testing.assert_allclose(values, RETURNS[:, 1:], atol=1e-12)
    positive = np.abs(RETURNS)
    assert (understood(block(positive, "log returns"), "x.csv")[0] == positive).all()


def changed(value: float) -> np.ndarray:
    values = prices()
    values[2, 7, 1] = value
    return values


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (np.abs(RETURNS), "", r"^x\.csv: expected log returns of both signs or prices.*either"),
        (-np.abs(RETURNS), "", "may be either"),
        (np.zeros((3, 4)), "", "from 0 to 0 with a median size of 0, which may be either"),
        (prices(1e-6), "", "may be either; multiply prices by 1000"),
        (prices(), "log returns", r"found values from .* like prices; call it close"),
        (RETURNS * 200, "", r"divide returns in percent by 100"),
        (RETURNS * 200, "log returns", r"divide returns in percent by 100"),
        (changed(-3.0), "", r"^x\.csv at \(2, 7, 1\): .* prices above 0 throughout"),
        (changed(-3.0), "prices", r"^x\.csv at \(2, 7, 1\): expected a price above 0, found -3"),
        (changed(0.0), "prices", r"^x\.csv at \(2, 7, 1\): expected a price above 0, found 0"),
        (changed(np.nan), "", r"\(2, 7, 1\): .* found an empty cell or NaN \(1 in all\)"),
        (changed(np.inf), "prices", r"\(2, 7, 1\): expected a finite number, found inf"),
        (changed(-np.inf), "", r"\(2, 7, 1\): expected a finite number, found -inf"),
        (RETURNS[:, :1], "log returns", "expected paths of 2 or more steps, found 1"),
        (prices()[:, :2], "", "expected paths of 2 or more steps, found 1"),
    ],
)
def test_refusals_say_what_was_seen(values: np.ndarray, kind: Kind, message: str) -> None:
    with pytest.raises(DataError, match=message):
        understood(block(values, kind), "x.csv")


def test_returns_in_percent_are_doubted() -> None:
    values, notes = understood(block(RETURNS * 60), "x.csv")
    np.testing.assert_array_equal(values, RETURNS * 60)
    assert "beyond ±0.4" in notes[-1] and "percent by 100" in notes[-1]
    assert len(understood(block(RETURNS * 10), "x.csv")[1]) == 2


def test_first_step_without_any_value_is_left_out() -> None:
    values = np.concatenate([np.full((3, 1, 2), np.nan), RETURNS], axis=1)
    found, notes = understood(block(values), "x.csv")
    np.testing.assert_array_equal(found, RETURNS)
    assert "The first step has no value in any path and is left out." in notes
    values[1, 5, 0] = np.nan
    with pytest.raises(DataError, match=r"^x\.csv at \(1, 5, 0\): "):
        understood(block(values), "x.csv")
    values[2, 0, 1] = 0.1
    with pytest.raises(DataError, match=r"^x\.csv at \(0, 0, 0\): .*\(6 in all\)"):
        understood(block(values), "x.csv")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(width=16), min_size=6, max_size=6),
    st.sampled_from(["", "prices", "log returns"]),
)
def test_whatever_comes_ends_in_finite_returns_or_a_refusal(
    numbers: list[float], kind: Kind
) -> None:
    try:
        values, notes = understood(block(np.reshape(numbers, (2, 3)), kind), "x.csv")
    except DataError as error:
        assert str(error).startswith("x.csv") and "; " in str(error)
    else:
        assert np.isfinite(values).all() and len(notes) >= 2
