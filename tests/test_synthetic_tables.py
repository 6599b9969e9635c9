"""Wide and long tables of paths, as people write them, in text and in Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.errors import DataError
from tsgan.synthetic_files import SyntheticPaths, read_synthetic

PATHS, STEPS, ASSETS = 4, 30, ("SPY", "TLT", "GLD")
RETURNS = np.random.default_rng(0).normal(0, 0.01, (PATHS, STEPS))
PANEL = np.random.default_rng(1).normal(0, 0.01, (PATHS, STEPS, 3))
DATES = pd.bdate_range("2020-01-01", periods=STEPS)
CLOSES = 100 * np.exp(np.cumsum(np.insert(RETURNS, 0, 0, axis=1), axis=1))


def read(folder: Path, frame: pd.DataFrame, suffix: str, **options: object) -> SyntheticPaths:
    path = folder / f"x{suffix}"
    if suffix == ".parquet":
        frame.rename(columns=str).to_parquet(path, **options)
    else:
        frame.to_csv(path, **options)
    return read_synthetic(path)


def wide(values: np.ndarray = RETURNS) -> pd.DataFrame:
    return pd.DataFrame(values.T)


def long(values: np.ndarray = RETURNS, name: str = "log_return") -> pd.DataFrame:
    paths, steps = values.shape
    return pd.DataFrame(
        {
            "path": np.repeat(np.arange(paths), steps),
            "step": np.tile(np.arange(steps), paths),
            name: values.ravel(),
        }
    )


def panel() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": np.repeat(np.arange(PATHS), STEPS * 3),
            "date": np.tile(np.repeat(DATES, 3), PATHS),
            "asset": np.tile(ASSETS, PATHS * STEPS),
            "log_return": PANEL.ravel(),
        }
    )


WIDE: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as it is": lambda frame: frame,
    "named": lambda frame: frame.add_prefix("path_"),
    "dated": lambda frame: frame.set_index(DATES.rename("Date")),
    "without a name for dates": lambda frame: frame.set_index(DATES),
    "with text dates": lambda frame: frame.set_index(DATES.strftime("%d %b %Y")),
    "newest first": lambda frame: frame.set_index(DATES.rename("date"))[::-1],
    "shuffled by step": lambda frame: frame.rename_axis("step").sample(frac=1, random_state=0),
    "in text": lambda frame: frame.map("{:.17g}".format),
    "with a first row of none": lambda frame: pd.concat([frame.iloc[:1] * np.nan, frame]),
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("kind", WIDE)
def test_wide_table_has_a_path_a_column(tmp_path: Path, kind: str, suffix: str) -> None:
    found = read(tmp_path, WIDE[kind](wide()), suffix)
    np.testing.assert_array_equal(found.log_returns, RETURNS)
    assert found.notes[0] == "The 4 columns hold log returns."
    assert "Read 4 paths of 30 steps." in found.notes
    assert found.assets == () and found.origin is None


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_wide_table_of_prices(tmp_path: Path, suffix: str) -> None:
    found = read(tmp_path, wide(CLOSES), suffix)
    np.testing.assert_allclose(found.log_returns, RETURNS, atol=1e-12)
    assert found.notes[0] == "The 4 columns hold prices; their log returns are compared."


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_text_without_header_and_with_other_delimiters(tmp_path: Path, sep: str) -> None:
    for options in ({"header": False, "index": False}, {"index": False}, {}):
        found = read(tmp_path, wide(), ".csv", sep=sep, **options)
        np.testing.assert_array_equal(found.log_returns, RETURNS)
    dated = read(tmp_path, wide().set_index(DATES), ".csv", sep=sep, header=False)
    np.testing.assert_array_equal(dated.log_returns, RETURNS)
    np.savetxt(tmp_path / "x.tsv", RETURNS.T, "%.18e", delimiter=sep)
    np.testing.assert_array_equal(read_synthetic(tmp_path / "x.tsv").log_returns, RETURNS)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("columns", [("Close",), ("Open", "Close", "Adj Close", "Volume")])
def test_one_column_of_prices_is_one_path(
    tmp_path: Path, columns: tuple[str, ...], suffix: str
) -> None:
    frame = pd.DataFrame(CLOSES[:, :].T[:, : len(columns)], columns=columns)
    frame.insert(0, "Date", pd.bdate_range("2020-01-01", periods=STEPS + 1))
    found = read(tmp_path, frame[::-1], suffix, index=False)
    asked = "Adj Close" if len(columns) > 1 else "Close"
    expected = np.diff(np.log(frame[asked].to_numpy()))[None]
    np.testing.assert_allclose(found.log_returns, expected, atol=1e-12)
    assert found.notes[0] == f"Column {asked!r} holds prices; their log returns are compared."
    assert "The rows are put in the order of column 'Date'." in found.notes


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_single_column_of_any_name(tmp_path: Path, suffix: str) -> None:
    found = read(tmp_path, pd.DataFrame({"SPY": CLOSES[0]}), suffix, index=False)
    np.testing.assert_allclose(found.log_returns, RETURNS[:1], atol=1e-12)


LONG: dict[str, Callable[[], pd.DataFrame]] = {
    "of returns": long,
    "shuffled": lambda: long().sample(frac=1, random_state=0),
    "of prices": lambda: long(CLOSES, "Close"),
    "of any name": lambda: long(name="x"),
    "without steps": lambda: long().drop(columns="step"),
    "dated": lambda: long().assign(step=np.tile(DATES, PATHS)).rename(columns={"step": "date"}),
    "of text labels": lambda: long().assign(path=lambda f: "no " + f["path"].astype(str)),
    "of categories": lambda: long().astype({"path": "category"}),
    "of differences": lambda: long(np.insert(RETURNS, 0, np.nan, axis=1)),
    "by another name": lambda: long().rename(columns={"path": "Scenario", "log_return": "ret"}),
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("kind", LONG)
def test_long_table_is_put_in_order(tmp_path: Path, kind: str, suffix: str) -> None:
    found = read(tmp_path, LONG[kind](), suffix, index=False)
    np.testing.assert_allclose(found.log_returns, RETURNS, atol=1e-12 * (kind == "of prices"))
    assert found.log_returns.flags.c_contiguous and found.assets == ()


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_long_table_of_assets_is_a_panel(tmp_path: Path, shuffled: bool, suffix: str) -> None:
    frame = panel()
    if shuffled:
        frame = pd.concat([frame[:3], frame[3:].sample(frac=1, random_state=0)])
    found = read(tmp_path, frame, suffix, index=False)
    np.testing.assert_array_equal(found.log_returns, PANEL)
    assert found.assets == ASSETS
    assert found.notes[-1] == "Read 4 paths of 30 steps of 3 assets."
    one = read(tmp_path, frame[(frame["asset"] == "TLT") & (frame["path"] == 2)], suffix)
    np.testing.assert_array_equal(one.log_returns, PANEL[2:3, :, 1])
    assert one.assets == ("TLT",)


BROKEN: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "text": (
        lambda: wide().astype(object).where(wide() != RETURNS[2, 5], "much"),
        r", (line 7|row 6), column '2': expected a number such as 0.0125, found 'much'",
    ),
    "gap": (lambda: wide().replace(RETURNS[2, 5], np.nan), r", (line 7|row 6), column '2': .* NaN"),
    "gap in disorder": (
        lambda: wide().replace(RETURNS[2, 5], np.nan).rename_axis("step")[::-1].reset_index(),
        r", (line 26|row 25), column '2': .* empty cell",
    ),
    "infinite": (
        lambda: wide().replace(RETURNS[1, 0], np.inf),
        r", (line 2|row 1), column '1': .* found inf",
    ),
    "price below 0": (
        lambda: long(CLOSES, "close").replace(CLOSES[1, 2], -1.0),
        r", (line 35|row 34), column 'close': expected a price above 0, found -1",
    ),
    "date twice": (
        lambda: wide().assign(date=DATES[[*range(STEPS - 1), 3]]),
        r", (line 31|row 30), column 'date': expected each step once, found 2020-01-06",
    ),
    "ragged": (lambda: long()[:-2], "28 rows of path 3 beside 30 of path 0"),
    "ragged wide": (
        lambda: pd.concat([wide()[:25], wide()[25:].assign(**{"3": np.nan})[[0, 1, 2]]]),
        r", (line 27|row 26), column '3': .* paths have no gaps and one length",
    ),
    "step twice": (
        lambda: pd.concat([long()[:-1], long()[:1]]),
        r"found (29|31) rows of path|(line 121|row 120): expected one value .* (line 2|row 1);",
    ),
    "paths twice": (
        lambda: pd.concat([long(), long()]),
        r"(line 122|row 121): expected one value for each step of a path, .* (line 2|row 1);",
    ),
    "step left out": (lambda: long()[long()["step"] != 7], "1, 2, 3, …, found 8 after 6"),
    "other dates": (
        lambda: long().assign(step=range(PATHS * STEPS)).rename(columns={"step": "date"}),
        "found 120 different ones of 'date' for paths of 30; add a column step",
    ),
    "gap of an asset": (
        lambda: panel().replace(PANEL[1, 2, 0], np.nan)[::-1],
        r"(line 265|row 264), column 'log_return': .* NaN \(1 in all",
    ),
    "asset missing": (
        lambda: panel()[:-1],
        "found 29 rows|119 rows of asset GLD|89 rows of path 3",
    ),
    "no values": (lambda: long()[["path", "step"]], "expected a column log_return or close, found"),
    "two values": (lambda: long().assign(log_return=1, Close=2, CLOSE=3), "like prices|one column"),
    "two closes": (lambda: wide(CLOSES[:2]).set_axis(["close", "CLOSE"], axis=1), "one column"),
    "no path": (lambda: long().assign(path=[None, *range(119)]), r"(line 2|row 1), column 'path'"),
    "only dates": (lambda: pd.DataFrame({"date": DATES}), "expected a column of numbers for each"),
    "no rows": (lambda: long()[:0], "expected rows of numbers, found none"),
    "truths": (lambda: wide() > 0, "column '0': expected numbers, found bool"),
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("kind", BROKEN)
def test_refusal_names_the_place_in_one_line(tmp_path: Path, kind: str, suffix: str) -> None:
    frame, message = BROKEN[kind]
    table = frame()
    if suffix == ".parquet":
        table = table.map(lambda x: x if x is None or x == x else None)
        table = table.astype({k: str for k in table if table[k].dtype == object and kind == "text"})
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, table, suffix, index=False)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'x'}{suffix}")
    assert "; " in told and "\n" not in told and len(told) < 600
