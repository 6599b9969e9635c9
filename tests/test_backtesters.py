"""What is written holds the paths, in columns that each library demands; no library is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.backtesters import BACKTESTERS, write_for
from tsgan.calendars import BUSINESS_DAYS, DAYS, Calendar
from tsgan.errors import ConfigError, DataError
from tsgan.scenarios import Bars, Scenarios

PATHS, HORIZON = 3, 260
START = np.array([50.0, 20.0])


def dates(step: str | int = BUSINESS_DAYS, last: str | None = "2014-12-31") -> np.ndarray:
    return Calendar(last, step).after(HORIZON)


def one(step: str | int = BUSINESS_DAYS, last: str | None = "2014-12-31") -> Scenarios:
    returns = np.random.default_rng(1).normal(0, 0.01, (PATHS, HORIZON))
    return Scenarios(returns, 50.0, dates(step, last), np.arange(PATHS))


def two(*names: str) -> Scenarios:
    returns = np.random.default_rng(2).normal(0, 0.01, (PATHS, HORIZON, 2))
    return Scenarios(returns, START, dates(), np.arange(PATHS), names or ("AAPL", "BRK/B"))


def with_bars(volume: np.ndarray | None) -> Scenarios:
    plain = one()
    closes = plain.closes()
    return replace(plain, bars=Bars(closes * 1.01, closes * 1.02, closes * 0.98, volume))


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Each file by its path within the folder."""
    found: dict[str, pd.DataFrame] = {}
    for file in sorted(folder.rglob("*.*")):
        parquet = file.suffix == ".parquet"
        table = (
            pd.read_parquet(file) if parquet else pd.read_csv(file, index_col=0, parse_dates=[0])
        )
        found[file.relative_to(folder).as_posix()] = table
    return found


def written(library: str, folder: Path, *groups: Scenarios) -> dict[str, pd.DataFrame]:
    write_for(library, folder / "x", groups)
    return tables(folder / "x")


@pytest.mark.parametrize("library", ["backtesting", "backtrader", "zipline"])
def test_bars_of_closes_open_at_the_close_before(tmp_path: Path, library: str) -> None:
    whole = one()
    found = written(library, tmp_path, whole)
    assert len(found) == PATHS
    for table, closes in zip(found.values(), whole.closes(), strict=True):
        bars = table.rename(columns=str.lower)
        np.testing.assert_allclose(bars["close"], closes, rtol=1e-15)
        np.testing.assert_allclose(bars["open"], np.r_[50.0, closes[:-1]], rtol=1e-15)
        assert np.array_equal(bars["high"], np.maximum(bars["open"], bars["close"]))
        assert np.array_equal(bars["low"], np.minimum(bars["open"], bars["close"]))
        assert (bars["volume"] == (1e9 if library == "zipline" else 0)).all()
        assert bars.index.name == "date" and not bars.isna().any(axis=None)


@pytest.mark.parametrize("library", ["backtesting", "backtrader", "zipline"])
@pytest.mark.parametrize("known", [True, False])
def test_bars_that_are_known_stay(tmp_path: Path, library: str, known: bool) -> None:
    volume = np.arange(PATHS * HORIZON).reshape(PATHS, HORIZON) * 1e4 if known else None
    found = written(library, tmp_path, with_bars(volume))
    for k, table in enumerate(found.values()):
        bars, close = table.rename(columns=str.lower), one().closes()[k]
        for name, factor in (("open", 1.01), ("high", 1.02), ("low", 0.98), ("close", 1)):
            np.testing.assert_allclose(bars[name], factor * close, rtol=1e-14)
        otherwise = 1e9 if library == "zipline" else 0
        assert (bars["volume"] == (otherwise if volume is None else volume[k])).all()


def test_columns_are_those_that_each_library_demands(tmp_path: Path) -> None:
    columns = {}
    for library in ("backtesting", "backtrader", "zipline"):
        (tmp_path / library).mkdir()
        found = written(library, tmp_path / library, one())
        columns[library] = next(iter(found)), " ".join(next(iter(found.values())).columns)
    assert columns == {
        "backtesting": ("path-000000.parquet", "Open High Low Close Volume"),
        "backtrader": ("path-000000.csv", "open high low close volume openinterest"),
        "zipline": ("daily/PATH000000.csv", "open high low close volume dividend split"),
    }
    text = (tmp_path / "backtrader" / "x" / "path-000000.csv").read_text().splitlines()
    assert text[1].startswith("2015-01-01 00:00:00,50.0,")


def test_several_assets_have_a_file_each(tmp_path: Path) -> None:
    whole = two()
    found = written("backtesting", tmp_path, whole)
    assert list(found)[:3] == [
        "path-000000/AAPL.parquet", "path-000000/BRK%2FB.parquet", "path-000001/AAPL.parquet",
    ]  # fmt: skip
    second = found["path-000001/BRK%2FB.parquet"]
    assert np.array_equal(second["Close"], whole.closes()[1, :, 1])
    assert second["Open"].iloc[0] == 20.0


def test_vectorbt_has_a_file_per_field_and_group(tmp_path: Path) -> None:
    whole = with_bars(None)
    bars = whole.bars
    assert bars is not None
    first = Bars(bars.open[:2], bars.high[:2], bars.low[:2])
    last = Bars(bars.open[2:], bars.high[2:], bars.low[2:])
    groups = [
        replace(whole, log_returns=whole.log_returns[k], numbers=whole.numbers[k], bars=each)
        for k, each in ((slice(2), first), (slice(2, 3), last))
    ]
    found = written("vectorbt", tmp_path, *groups)
    assert sorted(found) == [
        f"{name}-{k:06d}.parquet" for name in ("close", "high", "low", "open") for k in (0, 2)
    ]
    assert found["close-000002.parquet"].columns.tolist() == [(2, "close")]
    joined = pd.concat([found["open-000000.parquet"], found["open-000002.parquet"]], axis=1)
    assert np.array_equal(joined.to_numpy(), bars.open.T)


def test_vectorbt_columns_are_path_and_asset(tmp_path: Path) -> None:
    whole = two()
    table = written("vectorbt", tmp_path, whole)["close-000000.parquet"]
    assert table.columns.names == ["path", "asset"]
    for path in range(PATHS):
        assert np.array_equal(table[path, "BRK/B"], whole.closes()[path, :, 1])


def test_skfolio_has_linear_returns_by_asset(tmp_path: Path) -> None:
    whole = two()
    found = written("skfolio", tmp_path, whole)
    assert list(found) == [f"returns-{k:06d}.parquet" for k in range(PATHS)]
    table = found["returns-000002.parquet"]
    closes = np.vstack([START, whole.closes()[2]])
    np.testing.assert_allclose(table, closes[1:] / closes[:-1] - 1, atol=1e-13)
    assert list(table.columns) == ["AAPL", "BRK/B"]


@pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")  # in exchange_calendars
def test_zipline_gets_sessions_of_the_exchange(tmp_path: Path) -> None:
    xcals = pytest.importorskip("exchange_calendars")
    for step in (BUSINESS_DAYS, DAYS):
        (tmp_path / step).mkdir()
        index = written("zipline", tmp_path / step, one(step))["daily/PATH000002.csv"].index
        sessions = xcals.get_calendar("XNYS", start="2014-01-02").sessions_in_range(
            "2015-01-02", index[-1]
        )
        assert index.as_unit("ns").equals(sessions.as_unit("ns")) and len(index) == HORIZON


@pytest.mark.parametrize(
    ("names", "symbols"),
    [
        (("AAPL", "BRK/B"), ["AAPL", "BRKB"]),
        (("a b", "AB"), ["A1", "A2"]),
        (("日", "N"), ["A1", "A2"]),
    ],
)
def test_zipline_symbols_are_letters_and_digits(
    tmp_path: Path, names: tuple[str, str], symbols: list[str]
) -> None:
    pytest.importorskip("exchange_calendars")
    found = written("zipline", tmp_path, two(*names))
    assert list(found)[:2] == [f"daily/PATH000000_{symbol}.csv" for symbol in symbols]
    assert np.array_equal(found[list(found)[1]]["close"], two().closes()[0, :, 1])


def test_zipline_volume_fits_into_32_bits(tmp_path: Path) -> None:
    pytest.importorskip("exchange_calendars")
    found = written("zipline", tmp_path, with_bars(np.full((PATHS, HORIZON), 1e10)))
    assert (found["daily/PATH000000.csv"]["volume"] == 2**32 - 1).all()


def far() -> Scenarios:
    return one(last="2090-01-02")


@pytest.mark.parametrize(
    ("library", "whole", "words"),
    [
        ("backtesting", one(last=None), "expected a date at each step"),
        ("backtrader", one(last=None), "expected a date at each step"),
        ("zipline", one(last=None), "expected a date at each step"),
        ("zipline", one(3600), "expected daily steps"),
        ("zipline", one("1 months"), "expected daily steps"),
        ("zipline", far(), "choose an earlier start date"),
        ("zipline", one(last="1985-01-02"), "expected dates from 1990-01-02"),
        ("zipline", replace(one(), start_price=0.05), "path 0: expected prices from 0.05"),
        ("zipline", replace(one(), start_price=5e6), "choose another start price"),
    ],
)
def test_what_a_library_cannot_take_is_refused(
    tmp_path: Path, library: str, whole: Scenarios, words: str
) -> None:
    if library == "zipline":
        pytest.importorskip("exchange_calendars")
    with pytest.raises(DataError, match=words):
        write_for(library, tmp_path / "x", [whole])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", BACKTESTERS)
def test_failure_leaves_nothing_half_written(tmp_path: Path, library: str) -> None:
    def broken() -> Iterator[Scenarios]:
        yield one()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_for(library, tmp_path / "x", broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", BACKTESTERS)
def test_groups_give_what_one_group_gives(tmp_path: Path, library: str) -> None:
    whole = one()
    each = [
        replace(whole, log_returns=whole.log_returns[k : k + 1], numbers=whole.numbers[k : k + 1])
        for k in range(PATHS)
    ]
    for name, groups in (("a", [whole]), ("b", each)):
        (tmp_path / name).mkdir()
        write_for(library, tmp_path / name / "x", groups)
    one_file, files = tables(tmp_path / "a" / "x"), tables(tmp_path / "b" / "x")
    if library == "vectorbt":
        one_file = {"close": pd.concat(one_file.values(), axis=1)}
        files = {"close": pd.concat(files.values(), axis=1)}
    assert list(one_file) == list(files)
    for name, table in one_file.items():
        pd.testing.assert_frame_equal(table, files[name], check_exact=True)


def test_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    write_for("backtesting", tmp_path / "x", [one()])  # an empty one is taken
    before = sorted((tmp_path / "x").iterdir())
    with pytest.raises(ConfigError, match="expected a new or empty folder"):
        write_for("backtesting", tmp_path / "x", [one()])
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="expected a new or empty folder"):
        write_for("backtesting", tmp_path / "file", [one()])
    assert sorted((tmp_path / "x").iterdir()) == before
    with pytest.raises(ConfigError, match="nowhere does not; create it"):
        write_for("backtesting", tmp_path / "nowhere" / "x", [one()])
    with pytest.raises(ConfigError, match="library: expected one of backtesting, backtrader, v"):
        write_for("quantopian", tmp_path / "y", [one()])
