"""Bars as they stand in files: the same rows as the closes, scaled with them, valid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.data.bars import BarPrices
from tsgan.data.prices import Prices, read_prices
from tsgan.errors import DataError
from tsgan.log_bars import log_bars
from tsgan.reading import ReadConfig

SHARED = Path(__file__).parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def frame(rows: int = 40, **changed: object) -> pd.DataFrame:
    """Bars of a known walk; each is valid."""
    random = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(0.01 * random.normal(size=rows)))
    opens = close * np.exp(0.004 * random.normal(size=rows))
    columns = {
        "Date": pd.bdate_range("2020-01-01", periods=rows),
        "Open": opens,
        "High": np.maximum(opens, close) * 1.01,
        "Low": np.minimum(opens, close) * 0.99,
        "Close": close,
        "Volume": random.integers(1000, 2000, rows).astype(float),
    }
    return pd.DataFrame(columns | changed)


def bars_of(table: pd.DataFrame, **reading: object) -> BarPrices:
    bars = read_prices(table, reading=ReadConfig(**reading), bars=True).bars
    assert bars is not None
    return bars


def bars_findings(prices: Prices) -> dict[str, tuple[tuple[int, int], ...]]:
    return {found.action: found.lines for found in prices.findings if found.kind == "bars"}


def test_bars_are_the_columns_of_the_file() -> None:
    table = frame()
    prices = read_prices(table, bars=True)
    bars = prices.bars
    assert bars is not None and len(bars) == len(prices) == 40
    for name in ("Open", "High", "Low", "Close", "Volume"):
        np.testing.assert_array_equal(getattr(bars, name.lower()), table[name])
    assert "Columns 'Open', 'High', 'Low', 'volume' give the bars.".lower() in [
        note.lower() for note in prices.notes
    ]
    assert bars_findings(prices) == {}
    assert read_prices(table).bars is None, "only where they are asked for"


def test_bars_have_the_rows_that_closes_have() -> None:
    table = frame()
    table.loc[5, "Close"] = np.nan
    shuffled = pd.concat([table.iloc[::-1], table.iloc[[7]]], ignore_index=True)
    bars = bars_of(shuffled)
    kept = table.drop(index=5)
    np.testing.assert_array_equal(bars.close, kept["Close"])
    np.testing.assert_array_equal(bars.high, kept["High"])
    np.testing.assert_array_equal(bars.volume, kept["Volume"])


def test_bars_are_scaled_as_the_close_is_adjusted() -> None:
    table = frame()
    factor = np.where(np.arange(40) < 20, 0.5, 1.0) * np.linspace(0.9, 1, 40)
    table["Adj Close"] = table["Close"] * factor
    bars = bars_of(table)
    for name in ("Open", "High", "Low", "Close"):
        np.testing.assert_allclose(getattr(bars, name.lower()), table[name] * factor, rtol=1e-14)
    np.testing.assert_array_equal(bars.volume, table["Volume"])


def test_scaling_leaves_equal_prices_equal() -> None:
    table = frame(300)
    before = table["Close"].shift(1, fill_value=table["Close"][0])
    table["Open"] = before
    for name, function in (("High", np.maximum), ("Low", np.minimum)):
        table[name] = function(table["Open"], table["Close"])
    dividend = np.where(np.arange(300) < 150, 0.00123, 0.00124)
    table["Adj Close"] = (table["Close"] * dividend).round(6)
    bars = bars_of(table)
    plain = log_bars(bars)
    np.testing.assert_array_equal(plain[:, 2:4], 0.0)
    assert np.flatnonzero(plain[:, 1]).tolist() == [149], "the dividend is a gap"
    assert plain[149, 1] == pytest.approx(np.log(0.00124 / 0.00123), abs=1e-4)


def test_a_bar_that_closes_as_it_opened_does_so_scaled() -> None:
    table = frame(300)
    table["Open"] = table["Close"]
    table["Adj Close"] = table["Close"] * np.linspace(0.3, 1, 300)
    bars = bars_of(table)
    np.testing.assert_array_equal(bars.open, bars.close)


def test_bars_that_are_adjusted_already_are_not_scaled_again() -> None:
    table = frame()
    table["Adj Close"] = table["Close"]
    table["Close"] = table["Close"] * 3
    bars = bars_of(table)
    np.testing.assert_array_equal(bars.open, table["Open"])
    assert bars.high.max() == table["High"].max()


def test_bars_follow_splits_that_are_adjusted() -> None:
    table = frame(80)
    for name in ("Open", "High", "Low", "Close"):
        table.loc[:39, name] *= 4
    bars = bars_of(table, splits="adjust")
    np.testing.assert_allclose(bars.open[:40], table["Open"][:40] / 4, rtol=1e-14)
    np.testing.assert_array_equal(bars.open[40:], table["Open"][40:])


def test_a_bar_that_does_not_hold_its_prices_is_widened() -> None:
    table = frame()
    table.loc[3, "High"] = table.loc[3, "Close"] * 0.98  # below the close
    swapped = table.loc[9, ["Low", "High"]].tolist()
    table.loc[9, ["High", "Low"]] = swapped
    table.loc[12, "High"] = max(table.loc[12, "Open"], table.loc[12, "Close"]) * (1 - 1e-8)
    prices = read_prices(table, bars=True)
    bars = prices.bars
    assert bars_findings(prices) == {"widened": ((4, 4), (10, 10))}, "rounding is not told"
    assert bars.high[3] == max(table.loc[3, ["Open", "Close"]])
    assert (bars.low[9], bars.high[9]) == (table.loc[9, "High"], table.loc[9, "Low"])
    assert bars.high[12] == max(table.loc[12, ["Open", "Close"]])
    assert "Widened 2 bars" in " ".join(prices.notes)


def test_what_a_bar_lacks_is_taken_from_its_neighbours() -> None:
    table = frame()
    table.loc[0, "Open"] = 0.0
    table.loc[3, "Open"] = np.nan
    table.loc[4, "High"] = -1.0
    table.loc[5, ["Open", "High", "Low"]] = np.nan
    prices = read_prices(table, bars=True)
    bars = prices.bars
    assert bars_findings(prices) == {"completed": ((1, 1), (4, 6))}
    assert bars.open[0] == table.loc[0, "Close"]
    assert bars.open[3] == np.clip(table.loc[2, "Close"], *table.loc[3, ["Low", "High"]])
    assert bars.high[4] == max(table.loc[4, ["Open", "Close"]])
    assert bars.open[5] == bars.high[5] == bars.low[5] == table.loc[5, "Close"]


def test_a_filled_row_is_a_flat_bar() -> None:
    table = frame()
    table.loc[8, ["Open", "High", "Low", "Close"]] = np.nan
    bars = bars_of(table, missing="fill")
    assert bars.open[8] == bars.high[8] == bars.low[8] == bars.close[7]


def test_a_far_wick_is_kept_and_told() -> None:
    table = frame()
    table.loc[6, "Low"] = 0.01
    prices = read_prices(table, bars=True)
    assert bars_findings(prices) == {"kept": ((7, 7),)}
    assert prices.bars.low[6] == 0.01


def test_flat_bars_are_bars() -> None:
    close = frame()["Close"]
    bars = bars_of(frame(Open=close, High=close, Low=close))
    np.testing.assert_array_equal(bars.high, bars.low)


@pytest.mark.parametrize(
    ("volumes", "expected"),
    [
        ([0.0] * 40, None),
        ([0.0] * 21 + [5.0] * 19, None),
        ([0.0] * 3 + [7.0, 0.0] + [5.0] * 35, [np.nan] * 3 + [7.0, 0.0] + [5.0] * 35),
        ([7.0, np.nan, -1.0] + [5.0] * 37, [7.0, np.nan, np.nan] + [5.0] * 37),
        (["1.5K", "-", "2M"] + ["3B"] * 37, [1500.0, np.nan, 2e6] + [3e9] * 37),
        (["many"] * 40, None),
    ],
)
def test_volumes_where_there_are_some(volumes: list[object], expected: list[float] | None) -> None:
    prices = read_prices(frame(Volume=volumes), bars=True)
    found = prices.bars.volume
    if expected is None:
        assert found is None and any("left out" in note for note in prices.notes)
    else:
        np.testing.assert_array_equal(found, expected)


def test_open_interest_is_no_volume() -> None:
    table = frame().rename(columns={"Volume": "OpenInt"})
    assert bars_of(table).volume is None


def test_bars_of_one_asset_among_several() -> None:
    wide = frame().drop(columns="Date").add_prefix("BTC:")
    wide = wide.join(frame().drop(columns="Date").mul(2).add_prefix("ETH:"))
    wide.insert(0, "Date", frame()["Date"])
    bars = read_prices(wide, "ETH", bars=True).bars
    np.testing.assert_array_equal(bars.open, 2 * frame()["Open"])
    long = pd.concat([frame().assign(Ticker="A"), frame().assign(Ticker="B", Open=frame()["Low"])])
    np.testing.assert_array_equal(read_prices(long, "B", bars=True).bars.open, frame()["Low"])
    with pytest.raises(DataError, match=r"one asset to read bars of, found 2 \(A, B\)"):
        read_prices(long, bars=True)


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        (frame().drop(columns="Low"), {}, "found no low among 'Date', 'Open'.*rename them so"),
        (frame()[["Date", "Close"]], {}, "no open and no high and no low"),
        (frame(Close=frame()["Close"] * 3), {}, "found 0 of 40; name the close"),
        (frame(Close=frame()["Close"].pct_change()), {"returns": "simple"}, "without --returns"),
    ],
)
def test_what_has_no_bars_is_refused(
    table: pd.DataFrame, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=f"DataFrame: expected .*{message}"):
        read_prices(table, reading=ReadConfig(**settings), bars=True)


def test_the_high_has_no_bar_of_its_own() -> None:
    with pytest.raises(DataError, match="beside 'High'"):
        read_prices(frame(), "High", bars=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"high": np.array([1.0, 1.5])}, "bar 0: .*open 1, high 1, low 1, close 2"),
        ({"low": np.array([1.0, -1.0])}, "finite prices above 0"),
        ({"open": np.array([1.0])}, "of one shape"),
        ({"volume": np.array([1.0])}, "one for each bar"),
        ({"volume": np.array([1.0, -1.0])}, "0 or above"),
        ({"volume": np.array([0.0, np.nan])}, "leave volume out"),
    ],
)
def test_bars_are_checked_at_birth(changes: dict[str, np.ndarray], message: str) -> None:
    fields = {"open": np.ones(2), "high": 2 * np.ones(2), "low": np.ones(2)}
    fields |= {"close": np.array([2.0, 1.0])}
    assert len(BarPrices(**fields)) == 2
    with pytest.raises(DataError, match=message):
        BarPrices(**(fields | changes))


# file: bars widened, rows, (first open, last high), first volume; figures taken by awk
FILES = {
    "finance/arch_sp500.csv.gz": (0, 5031, (1229.22998, 2509.23999), 877000000),
    "finance/datahub_vix_daily.csv": (47, 9235, (17.24, None), None),
    "dirty/yahoo_null_rows_jkse.csv": (0, 946, (None, None), None),
    "dirty/investing_en_dax_bom.csv": (0, None, (None, None), None),
}


@pytest.mark.parametrize("name", FILES)
def test_real_files(name: str) -> None:
    widened, rows, (first, last), volume = FILES[name]
    prices = read_prices(shared(name), bars=True)
    bars = prices.bars
    told = {found.action: found.count for found in prices.findings if found.kind == "bars"}
    assert told.get("widened", 0) == widened
    assert rows is None or len(bars) == rows == len(prices)
    assert first is None or bars.open[0] == first
    assert last is None or bars.high[-1] == pytest.approx(last, abs=1e-5)
    assert volume is None or bars.volume[0] == volume


def test_an_old_yahoo_file_is_adjusted_as_a_whole() -> None:
    prices = read_prices(shared("dirty/yahoo_old_ko_1997.csv"), bars=True)
    table = pd.read_csv(shared("dirty/yahoo_old_ko_1997.csv")).sort_values("Date")
    table = table.set_index("Date").loc[[str(day.date()) for day in prices.values.index]]
    expected = table["High"] * table["Adj Close"] / table["Close"]
    np.testing.assert_allclose(prices.bars.high, expected, rtol=1e-7)  # six digits are written
    assert "scaled as the close is adjusted" in " ".join(prices.notes)
