"""Files as users have them: other languages, banners, footers, odd headers, holes and errors."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from exam import Exam, exams, hold, hold_refused, lines_found, read

EXAMS = """
alphavantage_desc.csv
100 read, 100 used, 2019-11-22 to 2020-04-17
adjusted close: 147.92 154.19 14326.605

barchart_jpyusd_desc.csv
519 read, 519 used, 2018-03-12 to 2020-03-11
Last: 0.009397 0.009582 4.730408878

barchart_jpyusd_desc.csv --column Open --dates month-first
519 read, 519 used, 2018-03-12 to 2020-03-11
Open: 0.009374999 0.009469 4.730246882

cdd_coinbase_btcusd_d_banner_desc.csv
1770 read, 1770 used, 2014-12-01 to 2019-10-17
close: 370.0 8034.32 6570987.24
- stale kept: 20 1735 1754 34890
- gaps kept: 1 202 202 202

duplicate_date_column.csv
123 read, 123 used, 2019-09-01 to 2020-01-01
Close: 20.0 48.0 3614.0

eia_brent_week_excel.xls
1631 read, 1631 used, 1987-05-15 to 2018-08-10
Weekly Europe Brent Spot Price FOB (Dollars per Barrel): 18.58 71.42 74514.67

eia_brent_week_excel.xls --sheet 'Data 1'
1631 read, 1631 used, 1987-05-15 to 2018-08-10
Weekly Europe Brent Spot Price FOB (Dollars per Barrel): 18.58 71.42 74514.67

investing_en_dax_bom.csv
274 read, 274 used, 2018-05-14 to 2019-06-14
Price: 12977.71 12084.3 3256374.16

investing_en_dax_bom.csv --column High --decimal point
274 read, 274 used, 2018-05-14 to 2019-06-14
High: 13015.1 12144.89 3275336.22

investing_ptbr_ibovespa_bom.csv
502 read, 502 used, 2023-06-30 to 2025-07-04
Último: 118087.0 141264.0 63627484.0

investing_ptbr_ibovespa_bom.csv --column Mínima --decimal comma --dates day-first
502 read, 502 used, 2023-06-30 to 2025-07-04
Mínima: 118087.0 140597.0 63235805.0

matplotlib_stocks_comment_blankrows.csv
524 read, 71 used, 2016-09-01 to 2022-06-28
names: IBM AAPL MSFT XRX AMZN DELL GOOGL ADBE ^GSPC ^IXIC
whole: 1059891.4474525452
IBM: 116.81381225585938 141.86000061035156 8262.125053405762
DELL: 13.321450233459473 48.939998626708984 2186.930474281311
^IXIC: 5312.0 11181.5400390625 667077.8891601562
- late start dropped: 429 3 431 93093
- missing dropped: 24 435 524 11535

matplotlib_stocks_comment_blankrows.csv --column AAPL
524 read, 391 used, 1990-01-01 to 2022-06-28
AAPL: 0.24251236021518707 137.44000244140625 7281.353756330907
- missing dropped: 133 5 524 35177

matplotlib_stocks_comment_blankrows.csv --column AAPL --column AMZN
524 read, 302 used, 1997-06-01 to 2022-06-28
AAPL: 0.10878564417362213 137.44000244140625 7255.600519634783
AMZN: 0.07708299905061722 107.4000015258789 8982.789746411145
- late start dropped: 120 3 122 7500
- missing dropped: 102 126 524 33165

matplotlib_stocks_comment_blankrows.csv --column AMZN --missing fill
524 read, 404 used, 1997-06-01 to 2022-06-28
AMZN: 0.07708299905061722 107.4000015258789 12125.323621444404
- missing filled: 102 126 524 33165
- missing dropped: 120 3 122 7500

nbp_fx_semicolon_decimalcomma_cp1250.csv --column 1USD
255 read, 255 used, 2020-01-02 to 2020-12-31
1USD: 3.8 3.7584 993.9452

nbp_fx_semicolon_decimalcomma_cp1250.csv --column 1EUR --column 100JPY --decimal comma
255 read, 255 used, 2020-01-02 to 2020-12-31
1EUR: 4.2571 4.6148 1133.4615
100JPY: 3.491 3.6484 931.1783

nse_flat_ohlc_d-mon-yy.csv
205 read, 205 used, 2022-01-03 to 2022-10-31
Close: 17625.7 18012.2 3487856.9

orange_3header_tabs_amzn.tab
696 read, 696 used, 2016-01-04 to 2018-10-05
Adj Close: 636.989990234375 1889.6500244140625 736338.5998840332

stooq_bulk_angle_header_aadi.us.txt
1596 read, 1596 used, 2018-06-27 to 2024-10-29
<CLOSE>: 58.2 1.99 26987.1476
? splits kept: 182 623

stooq_pl_ragged_novolume_head200.csv
199 read, 199 used, 1914-03-01 to 1949-07-20
Zamkniecie: 22.95 147.09 14127.1

wide_colon_cols_late_start_nan.csv
1862 read, 1319 used, 2016-05-27 to 2020-01-17
BTC: 470.94 8693.43 7127748.28
ETH: 11.25 163.95 326106.63
- late start dropped: 543 2 544 148239
- gaps kept: 1 1572 1572 1572

wide_colon_cols_late_start_nan.csv --column BTC:close
1862 read, 1862 used, 2014-12-01 to 2020-01-17
BTC:close: 370.0 8693.43 7300916.32
- stale kept: 20 20 39 590
- gaps kept: 1 1572 1572 1572

wide_colon_cols_late_start_nan.csv --column ETH:close
1862 read, 1319 used, 2016-05-27 to 2020-01-17
ETH:close: 11.25 163.95 326106.63
- missing dropped: 543 2 544 148239
- gaps kept: 1 1572 1572 1572

wide_colon_cols_late_start_nan.csv --column BTC:low --glitches drop
1862 read, 1861 used, 2014-12-01 to 2020-01-17
BTC:low: 300.0 8665.67 7034212.19
- glitches dropped: 1 868 868 868
- stale kept: 20 20 39 590
- gaps kept: 1 1572 1572 1572

wide_colon_cols_late_start_nan.csv --column BTC:close --stale drop
1862 read, 1842 used, 2014-12-01 to 2020-01-17
BTC:close: 370.0 8693.43 7294116.32
- stale dropped: 20 20 39 590
- gaps kept: 2 40 1572 1612

wti_negative_price_2020.csv --nonpositive drop
301 read, 300 used, 2019-09-19 to 2020-11-30
Price: 58.19 45.2 12906.77
- nonpositive dropped: 1 147 147 147
? splits kept: 134 148 149

yahoo_null_rows_jkse.csv
1001 read, 946 used, 1997-07-01 to 2001-05-01
Adj Close: 731.59729 362.217255 463046.085116
- missing dropped: 55 14 990 29938
- gaps kept: 1 917 917 917

yahoo_null_rows_jkse.csv --missing fill --fill-limit 2
1001 read, 994 used, 1997-07-01 to 2001-05-01
Adj Close: 731.59729 362.217255 486380.944673
- missing filled: 48 14 990 25053
- missing dropped: 7 408 916 4885

yahoo_null_rows_jkse.csv --missing fill
1001 read, 1000 used, 1997-07-01 to 2001-05-01
Adj Close: 731.59729 362.217255 488837.040866
- missing filled: 54 14 990 29022
- missing dropped: 1 916 916 916

yahoo_old_ko_1997.csv
356 read, 356 used, 1997-01-02 to 1998-06-01
Adj Close: 16.206907 25.11219 7288.768878

yahoo_old_ko_1997.csv --column close
356 read, 356 used, 1997-01-02 to 1998-06-01
Close: 51.875 79.5 23191.0312

yfinance_multiindex_aapl.csv
18 read, 18 used, 2025-02-03 to 2025-02-27
Close: 227.75958251953125 237.3000030517578 4288.6524658203125
"""

REFUSED = {
    "header_mismatch_7names_8fields_head3000.txt": "line 2|expected 7 fields|found 8|shifted",
    "header_mismatch_7names_8fields_head3000.txt --column Close": "line 2|7 fields|found 8",
    "wti_negative_price_2020.csv": "line 147|'Price'|above 0|-36.98 on 2020-04-20|--nonpositive",
    "cdd_coinbase_btcusd_d_banner_desc.csv --column low": "line 906|'low'|0.06 on 2017-04-15",
    "wide_colon_cols_late_start_nan.csv --column BTC:low": "line 868|1170.14|1171.7|found 0.06",
    "wide_colon_cols_late_start_nan.csv --column ETH:low": "line 935|325|305|0.1 on 2017-06-21",
    "wide_colon_cols_late_start_nan.csv --column LTC:close": "'LTC:close'|'BTC:close'|--column",
    "wide_colon_cols_late_start_nan.csv --gaps refuse": "line 1572|13 days|2019-04-01|--gaps keep",
    "matplotlib_stocks_comment_blankrows.csv --column AAPL --missing refuse": (
        "line 5|'AAPL'|1990-02-05|133 rows|--missing drop"
    ),
    "yahoo_null_rows_jkse.csv --gaps refuse": "line 917|11 days|2001-01-02|--gaps keep",
    "yahoo_null_rows_jkse.csv --missing refuse": "line 14|'Adj Close'|1997-07-17|55 rows|--missing",
    "barchart_jpyusd_desc.csv --column Change": "line 3|'Change'|-0.000294 on 2020-03-10|--column",
    "barchart_jpyusd_desc.csv --dates day-first": "line 10|day-first|2/28|--dates",
    "investing_en_dax_bom.csv --column Vol.": "line 3|'Vol.'|'69.17M'",
    "investing_en_dax_bom.csv --decimal comma": "line 2|'Price'|'12,084.30'|--decimal",
    "investing_ptbr_ibovespa_bom.csv --dates month-first": "line 6|'Data'|month-first|30.6|--dates",
    "nbp_fx_semicolon_decimalcomma_cp1250.csv --column 1USD --decimal point": "'3,8000'|--decimal",
    "eia_brent_week_excel.xls --sheet Data": "'Data'|Contents, Data 1|--sheet",
    "alphavantage_desc.csv --column 'dividend amount'": "line 2|'dividend amount'|above 0|found 0",
}


@pytest.mark.parametrize("exam", exams(EXAMS), ids=str)
def test_a_file_is_read_to_the_last_digit(exam: Exam) -> None:
    hold(exam)


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_open_or_wrong_is_refused_with_its_place(title: str) -> None:
    hold_refused(title, *REFUSED[title].split("|"))


def test_a_number_of_the_bank_s_table_is_no_asset() -> None:
    """The last columns number the tables: 1, 2, 3, … and 001/A/NBP/2020."""
    prices = read("nbp_fx_semicolon_decimalcomma_cp1250.csv")
    assert (len(prices.names), prices.rows_read, len(prices)) == (35, 255, 255)
    assert (prices.names[0], prices.names[-1]) == ("1THB", "1XDR")
    assert math.fsum(prices.values.to_numpy().ravel()) == pytest.approx(15577.9188, rel=1e-9)
    assert not prices.findings


def test_two_columns_of_one_asset_keep_two_names() -> None:
    columns = ("BTC:open", "BTC:close")
    asked = " ".join(f"--column {name}" for name in columns)
    prices = read(f"wide_colon_cols_late_start_nan.csv {asked}")
    assert len(set(prices.names)) == 2
    assert prices.values.iloc[-1].tolist() == [8714.76, 8693.43]
    assert prices.values.sum().tolist() == pytest.approx([7292722.73, 7300916.32], rel=1e-9)


def test_a_break_ends_windows_over_the_days_without_bitcoin() -> None:
    prices = read("cdd_coinbase_btcusd_d_banner_desc.csv --break-after 864000")
    assert prices.values.index[list(prices.breaks)].tolist() == [pd.Timestamp("2019-04-01")]
    assert lines_found(prices)["breaks cut"] == [202]


def test_years_of_two_digits_and_names_of_months() -> None:
    index = read("nse_flat_ohlc_d-mon-yy.csv").values.index
    assert [str(day.date()) for day in index[[1, 17, 18]]] == [
        "2022-01-04",
        "2022-01-27",
        "2022-01-28",
    ]
    index = read("investing_en_dax_bom.csv").values.index
    assert [str(day.date()) for day in index[[1, -2]]] == ["2018-05-15", "2019-06-13"]
