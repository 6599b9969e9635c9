"""Where doubtful rows begin: runs, pauses, sessions, splits beside other columns, returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from cleaning import COUNT, DAYS, WALK, changed, closes, found, read, table
from test_cleaning import holes, pause, two_prices

from tsgan.errors import DataError


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_no_more_rows_are_filled_than_the_limit(tmp_path: Path, limit: int) -> None:
    frame = table(np.r_[WALK[:10], [np.nan] * 5, WALK[15:]])
    prices = read(tmp_path, frame, missing="fill", fill_limit=limit)
    filled, gone = tuple(range(11, 11 + limit)), tuple(range(11 + limit, 16))
    assert closes(prices)[9 : 10 + limit].tolist() == [WALK[9]] * (limit + 1)
    assert found(prices)[0] == ("missing", "filled", filled)
    assert found(prices)[1:] == ([("missing", "dropped", gone)] if gone else [])


def test_rows_before_all_assets_begin_and_after_one_ends_are_listed_apart(tmp_path: Path) -> None:
    late = np.r_[[np.nan] * 4, WALK[4:]]
    holes = np.r_[WALK[:20], np.nan, WALK[21 : COUNT - 2], [np.nan] * 2]
    frame = table().drop(columns="Close").assign(A=late, B=holes)
    prices = read(tmp_path, frame)
    gone = ("late start", "dropped", (1, 2, 3, 4, COUNT - 1, COUNT))
    assert found(prices) == [gone, ("missing", "dropped", (21,))]
    with pytest.raises(DataError, match=r"line 2, column 'A': .*of every asset in all"):
        read(tmp_path, frame, missing="refuse")


def test_holes_are_filled_in_order_of_time_not_of_the_file(tmp_path: Path) -> None:
    prices = read(tmp_path, holes().iloc[::-1].reset_index(drop=True), missing="fill")
    assert closes(prices)[28:30].tolist() == [WALK[28]] * 2


def test_the_first_of_a_descending_file_is_the_first_in_the_file(tmp_path: Path) -> None:
    frame = two_prices().iloc[::-1].reset_index(drop=True)
    assert closes(read(tmp_path, frame, duplicates="first"))[9] == 97.0
    assert closes(read(tmp_path, frame, duplicates="last"))[9] == WALK[9]


def test_rows_out_of_order_are_sorted_and_said(tmp_path: Path) -> None:
    frame = table().iloc[[1, 0, *range(2, COUNT)]].reset_index(drop=True)
    prices = read(tmp_path, frame)
    assert np.array_equal(closes(prices), WALK) and found(prices) == [("order", "sorted", (2,))]


@pytest.mark.parametrize("rows", [(1,), (COUNT,), (50, 51)])
def test_what_is_not_back_at_once_is_no_glitch(tmp_path: Path, rows: tuple[int, ...]) -> None:
    frame = table(changed(**{f"row_{row}": WALK[row - 1] * 1.4 for row in rows}))
    prices = read(tmp_path, frame, splits="keep")
    assert len(prices) == COUNT and not any(f.kind == "glitches" for f in prices.findings)


@pytest.mark.parametrize("length", [9, 10])
def test_ten_equal_prices_are_a_stale_run(tmp_path: Path, length: int) -> None:
    frame = table(np.r_[WALK[:20], [WALK[20]] * length, WALK[20 + length :]])
    prices = read(tmp_path, frame)
    rows = tuple(range(22, 31))
    assert found(prices) == ([("stale", "kept", rows)] if length == 10 else [])


@pytest.mark.parametrize("days", [8, 9])
def test_more_than_ten_days_are_a_gap(tmp_path: Path, days: int) -> None:
    every = pd.date_range("2020-01-01", periods=COUNT)
    frame = table(days=every[:50].append(every[50:] + pd.Timedelta(days=days + 1)))
    assert bool(found(read(tmp_path, frame))) == (days == 9)


def test_windows_end_at_breaks(tmp_path: Path) -> None:
    prices = read(tmp_path, pause(), break_after=10 * 86_400.0)
    assert prices.breaks == prices.cuts == (50,)
    assert ("breaks", "cut", (51,)) in found(prices)
    assert prices.return_index.equals(prices.values.index.delete([0, 50]))
    assert read(tmp_path, pause(), break_after=16 * 86_400.0).breaks == ()


def minutes() -> pd.DataFrame:
    """Three days of 100 rows, five minutes apart."""
    one = pd.date_range("2020-01-06 09:00", periods=COUNT // 3, freq="5min")
    return table(days=one.append([one + pd.Timedelta(days=1), one + pd.Timedelta(days=2)]))


@pytest.mark.parametrize(("choice", "cuts"), [("join", ()), ("cut", (100, 200))])
def test_returns_over_night_are_joined_or_cut(
    tmp_path: Path, choice: str, cuts: tuple[int, ...]
) -> None:
    prices = read(tmp_path, minutes(), sessions=choice)
    assert (prices.breaks, prices.cuts, len(prices)) == ((), cuts, COUNT)
    action = "cut" if cuts else "kept"
    assert found(prices) == [("sessions", action, (101, 201))]
    assert len(prices.return_index) == COUNT - 1 - len(cuts)
    both = read(tmp_path, minutes(), sessions=choice, break_after=3600.0)
    assert both.breaks == both.cuts == (100, 200)


def opens(prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return opening prices near the closes before."""
    return np.round(np.r_[prices[:1], prices[:-1]] * 1.001, 4)


HALVED = np.r_[WALK[:60] * 2, WALK[60:]]
"""A split of 2 for 1 before row 61."""


def test_a_split_is_seen_from_the_close_to_the_open(tmp_path: Path) -> None:
    """The close moves by 4 % on the day of the split, which is too far from 1:2 by itself."""
    close = np.r_[HALVED[:60], HALVED[60:] * 1.07]
    whole = close * np.r_[[0.5] * 60, [1.0] * (COUNT - 60)]
    assert found(read(tmp_path, table(close), splits="adjust")) == []
    frame = table(close, Open=opens(whole) * np.r_[[2.0] * 60, [1.0] * (COUNT - 60)])
    prices = read(tmp_path, frame, splits="adjust")
    assert found(prices) == [("splits", "adjusted", (61,))]
    np.testing.assert_allclose(closes(prices), whole, rtol=1e-15)


def test_a_fall_by_half_within_a_day_is_no_split_where_opens_say_so(tmp_path: Path) -> None:
    assert found(read(tmp_path, table(HALVED))) == [("splits", "kept", (61,))]
    assert found(read(tmp_path, table(HALVED, Open=opens(HALVED)))) == []


def test_an_adjusted_close_beside_settles_what_is_a_split(tmp_path: Path) -> None:
    frame = table(HALVED, **{"Adj Close": WALK * 0.9})
    prices = read(tmp_path, frame, ("Close",), splits="adjust")
    assert found(prices) == [("splits", "adjusted", (61,))]
    np.testing.assert_allclose(closes(prices), WALK, rtol=1e-15)
    both = table(HALVED, **{"Adj Close": HALVED * 0.9})
    assert found(read(tmp_path, both, ("Close",), splits="adjust")) == []


def test_a_column_that_is_adjusted_by_its_name_has_no_splits(tmp_path: Path) -> None:
    frame = table().rename(columns={"Close": "Adj Close"}).assign(**{"Adj Close": HALVED})
    assert found(read(tmp_path, frame, splits="adjust")) == []


def test_of_several_assets_those_adjusted_by_name_have_no_splits(tmp_path: Path) -> None:
    frame = table().drop(columns="Close").assign(**{"A:Adj Close": HALVED, "B:Adj Close": WALK})
    assert found(read(tmp_path, frame)) == []
    frame.columns = pd.Index(["Date", "A:Close", "B:Close"])
    assert found(read(tmp_path, frame)) == [("splits", "kept", (61,))]


@pytest.mark.parametrize("ratio", [1.5, 2, 3, 4, 5, 10, 20, 0.5, 1 / 3, 0.1])
def test_splits_both_ways_are_undone_exactly(tmp_path: Path, ratio: float) -> None:
    """The step of the walk itself stays in the prices."""
    prices = read(tmp_path, table(np.r_[WALK[:60] * ratio, WALK[60:]]), splits="adjust")
    np.testing.assert_allclose(closes(prices), WALK, rtol=1e-14)


def test_two_splits_multiply(tmp_path: Path) -> None:
    prices = np.r_[WALK[:60] * 6, WALK[60:200] * 2, WALK[200:]]
    adjusted = read(tmp_path, table(prices), splits="adjust")
    assert found(adjusted) == [("splits", "adjusted", (61, 201))]
    np.testing.assert_allclose(closes(adjusted), WALK, rtol=1e-14)


@pytest.mark.parametrize("ratio", [1.25, 0.62])
def test_large_moves_off_every_ratio_are_left_alone(tmp_path: Path, ratio: float) -> None:
    assert found(read(tmp_path, table(np.r_[WALK[:60], WALK[60:] * ratio]), splits="adjust")) == []


RETURNS = np.round(np.diff(WALK) / WALK[:-1], 6)


@pytest.mark.parametrize(
    ("kind", "values"),
    [("simple", RETURNS), ("percent", RETURNS * 100), ("log", np.log1p(RETURNS))],
)
def test_returns_of_every_kind_give_one_series(
    tmp_path: Path, kind: str, values: npt.NDArray[np.float64]
) -> None:
    frame = table(values, DAYS[1:]).rename(columns={"Close": "ret"})
    prices = read(tmp_path, frame, returns=kind)
    np.testing.assert_allclose(closes(prices), 100 * np.r_[1, np.cumprod(1 + RETURNS)], rtol=1e-12)
    assert prices.values.index[1:].equals(DAYS[1:].rename("date").as_unit("us"))
    assert prices.values.index[0] == DAYS[1] - pd.Timedelta(days=1)
    assert any(f"{kind} returns; prices start at 100" in note for note in prices.notes)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("simple", [0.1, -1.0, 0.1], "line 3: .*above −100 %, found -1"),
        ("percent", [1.0, -100.0, 1.0], "line 3: .*above −100 %, found -100"),
        ("log", [400.0, -1.0, 500.0], "half are beyond"),
        ("log", [1e308, -1e308, 1e308, 1e307], "half are beyond"),
        ("simple", [0.01] * 3 + [1e300] * 2, "prices leave the range of numbers"),
        ("percent", list(np.linspace(1, 2, 99)), "none of which is below 0"),
    ],
)
def test_values_that_are_no_returns_are_refused(
    tmp_path: Path, kind: str, values: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, table(values, DAYS[: len(values)]), returns=kind)


def test_returns_are_named_as_the_remedy_where_a_column_looks_like_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"look like returns; .*--returns log, simple or percent"):
        read(tmp_path, table(RETURNS, DAYS[1:]))


def test_prices_beyond_all_measure_are_refused_without_a_warning(tmp_path: Path) -> None:
    values = [-1.7e308, 1.7e308, 1.6e308]
    with pytest.raises(DataError, match=r"above 0, found -1\.7e"):
        read(tmp_path, table(values, DAYS[:3]))
