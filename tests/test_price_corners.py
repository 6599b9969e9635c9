"""Corners of reading that users fell into: typos of several rows, unnamed times, short breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan import ReadConfig, read_prices
from tsgan.errors import DataError


def walk(n: int = 300) -> pd.Series:
    steps = 0.01 * np.random.default_rng(0).standard_normal(n)
    days = pd.bdate_range("2020-01-01", periods=n)
    return pd.Series(100 * np.exp(np.cumsum(steps)), days, name="Close")


@pytest.mark.parametrize("rows", [[100, 101], [100, 101, 102, 103, 104], [299], [0], [298, 299]])
def test_typos_of_several_rows_and_at_the_ends_are_glitches(rows: list[int]) -> None:
    series = walk()
    series.iloc[rows] *= 100
    with pytest.raises(DataError, match=rf"row {rows[0] + 1}, .* expected a price near"):
        read_prices(series)
    prices = read_prices(series, reading=ReadConfig(glitches="drop"))
    assert list(prices.values.index) == list(series.index.delete(rows))  # of any resolution


def test_a_change_of_unit_that_lasts_is_no_glitch() -> None:
    series = walk()
    series.iloc[:150] *= 50
    (found,) = read_prices(series).findings
    assert (found.kind, found.action, found.lines) == ("splits", "kept", ((151, 151),))
    adjusted = read_prices(series, reading=ReadConfig(splits="adjust")).values["Close"]
    np.testing.assert_allclose(adjusted, walk(), rtol=1e-12)


@pytest.mark.parametrize("unit", [1, 1_000])
def test_counts_since_1970_are_dates_whatever_they_are_called(tmp_path: Path, unit: int) -> None:
    days = pd.date_range("2024-01-01", periods=40).as_unit("s").asi8 * unit
    path = tmp_path / "epoch.csv"
    path.write_text("t,c\n" + "".join(f"{day},{10 + day // unit % 7}\n" for day in days))
    prices = read_prices(path)
    assert prices.names == ("c",)
    assert prices.values.index[[0, -1]].strftime("%Y-%m-%d").tolist() == [
        "2024-01-01",
        "2024-02-09",
    ]


def test_a_break_at_every_row_leaves_no_return() -> None:
    with pytest.raises(DataError, match=r"every row is a break .* longer time than 86400 s"):
        read_prices(walk(), reading=ReadConfig(break_after=10.0))


def test_a_gap_that_is_a_break_is_told_once() -> None:
    series = walk().drop(walk().index[100:140])
    prices = read_prices(series, reading=ReadConfig(break_after=10 * 86_400.0))
    assert [finding.kind for finding in prices.findings] == ["breaks"]


def test_rows_at_random_are_sorted_but_not_called_reversed() -> None:
    series = walk().sample(frac=1, random_state=np.random.RandomState(3))
    prices = read_prices(series)
    assert not any("newest" in note for note in prices.notes)
    np.testing.assert_array_equal(prices.values["Close"], walk())


def test_an_asset_is_named_by_the_part_before_the_colon() -> None:
    frame = pd.DataFrame({"A:open": walk(), "A:close": walk() + 1, "B:close": walk() + 2})
    np.testing.assert_array_equal(read_prices(frame, ("b",)).values["B:close"], walk() + 2)


def test_a_frame_of_fields_and_tickers_is_read_by_the_closes() -> None:
    columns = pd.MultiIndex.from_product([["Close", "Volume"], ["AAPL", "MSFT"]])
    frame = pd.DataFrame({name: walk() + k for k, name in enumerate(columns)})
    frame.columns = columns
    prices = read_prices(frame)
    assert prices.names == ("AAPL", "MSFT")
    np.testing.assert_array_equal(prices.values["MSFT"], walk() + 1)


@pytest.mark.parametrize("row", [3, 296, 299])
def test_a_split_near_an_end_is_no_glitch(row: int) -> None:
    series = walk()
    series.iloc[row:] /= 10
    (found,) = read_prices(series).findings
    assert (found.kind, found.lines) == ("splits", ((row + 1, row + 1),))


def test_no_group_of_thousands_begins_with_a_zero(tmp_path: Path) -> None:
    path = tmp_path / "comma.csv"
    path.write_text("Date;Close\n2024-01-02;0,100\n2024-01-03;0,101\n2024-01-04;0,102\n")
    assert read_prices(path).values["Close"].tolist() == [0.1, 0.101, 0.102]


def test_bars_without_a_header_are_no_assets(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "".join(f"2024-01-{k:02d},{k}.5,{k}.9,{k}.1,{k}.4,70{k}\n" for k in range(2, 9))
    )
    with pytest.raises(DataError, match="name one with --column"):
        read_prices(path)
    assert read_prices(path, ("5",)).values["5"].iloc[0] == 2.4


def test_tickers_may_be_called_na_and_have_braces(tmp_path: Path) -> None:
    rows = [f"{name},2024-01-0{k},{k}\n" for name in ("NA", "{a}") for k in range(2, 6)]
    path = tmp_path / "long.csv"
    path.write_text("Ticker,Date,Close\n" + "".join(rows[:-1]))
    prices = read_prices(path)
    assert prices.names == ("NA", "{a}") and len(prices) == 3


def test_hours_of_the_last_century_are_no_seconds(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("Date,Close\n" + "".join(f"19950102{h:02d},{h + 5}\n" for h in range(12)))
    with pytest.raises(DataError, match="1995010200"):
        read_prices(path)


def test_a_date_without_the_time_that_others_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("Date,Time,Close\n2020-01-02,09:00,3\n2020-01-03,,4\n2020-01-06,11:00,5\n")
    with pytest.raises(DataError, match=r"line 3, column 'Time': expected a time beside the date"):
        read_prices(path)
