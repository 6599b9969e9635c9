"""Clean series of one asset, read as they stand in their files."""

from __future__ import annotations

import pytest
from exam import Exam, exams, hold, hold_refused, read

EXAMS = """
arch_sp500.csv.gz
5031 read, 5031 used, 1999-01-04 to 2018-12-31
Adj Close: 1228.099976 2506.850098 7524192.980268

arch_sp500.csv.gz --column open
5031 read, 5031 used, 1999-01-04 to 2018-12-31
Open: 1229.22998 2498.939941 7523455.907286

arch_nasdaq.csv.gz
5031 read, 5031 used, 1999-01-04 to 2018-12-31
Adj Close: 2208.050049 6635.279785 16141030.725326

arch_nasdaq.csv.gz --column Low --dates month-first
5031 read, 5031 used, 1999-01-04 to 2018-12-31
Low: 2192.679932 6570.060059 16015626.160296

arch_vix.csv.gz
1305 read, 1259 used, 2014-01-03 to 2019-01-03
vix: 13.76 25.45 18756.98
- missing dropped: 46 13 1304 31137

arch_vix.csv.gz --missing fill
1305 read, 1305 used, 2014-01-03 to 2019-01-03
vix: 13.76 25.45 19472.26
- missing filled: 46 13 1304 31137

arch_wti.csv.gz
8611 read, 8321 used, 1986-01-02 to 2019-01-03
DCOILWTICO: 25.56 46.92 364242.42
- missing dropped: 290 34 8610 1350320
? splits kept: 1317

arch_wti.csv.gz --missing fill
8611 read, 8611 used, 1986-01-02 to 2019-01-03
DCOILWTICO: 25.56 46.92 377213.02
- missing filled: 290 34 8610 1350320
? splits kept: 1317

datahub_wti_daily.csv --nonpositive drop
10226 read, 10225 used, 1986-01-02 to 2026-08-18
Price: 25.56 86.48 496962.16
- nonpositive dropped: 1 8645 8645 8645
? splits kept: 1289 8632 8646 8647

datahub_brent_daily.csv
9958 read, 9958 used, 1987-05-20 to 2026-08-18
Price: 18.63 95.29 511854.44
? splits kept: 938 8359 8360

datahub_vix_daily.csv
9235 read, 9235 used, 1990-01-02 to 2026-07-23
CLOSE: 17.24 18.7 179550.59

datahub_vix_daily.csv --column low
9235 read, 9235 used, 1990-01-02 to 2026-07-23
LOW: 17.24 17.32 173248.23

datahub_vix_daily.csv --column OPEN --glitches drop
9235 read, 9233 used, 1990-01-02 to 2026-07-23
OPEN: 17.24 17.67 180401.6
- glitches dropped: 2 3745 4060 7805

datahub_vix_daily.csv --column HIGH --glitches keep
9235 read, 9235 used, 1990-01-02 to 2026-07-23
HIGH: 17.24 20.31 188158.4
- glitches kept: 1 3923 3923 3923

casper_dataAPPL.csv
9399 read, 9399 used, 1980-12-12 to 2018-03-27
Close: 0.42270591588018 168.34 202735.80634168166
? splits kept: 5004

casper_dataAPPL.csv --column Open
9399 read, 9399 used, 1980-12-12 to 2018-03-27
Open: 0.42270591588018 173.68 202767.34135561003

timegan_stock_data.csv
3685 read, 3685 used, 0 to 3684
Adj_Close: 49.845802 1197.25 1669875.892347

timegan_stock_data.csv --column High
3685 read, 3685 used, 0 to 3684
High: 51.693783 1202.290039 1685266.041059

vega_sp500_2000_2020.csv
5105 read, 5105 used, 2000-01-03 to 2020-04-17
adjclose: 1455.219971 2874.560059 8145749.726481

vega_sp500_2000_2020.csv --column open
5105 read, 5105 used, 2000-01-03 to 2020-04-17
open: 1469.25 2842.429932 8144824.078048
"""

REFUSED = {
    "datahub_wti_daily.csv": "line 8645|'Price'|above 0|-36.98 on 2020-04-20|--nonpositive",
    "datahub_vix_daily.csv --column OPEN": "line 3745|'OPEN'|13.67|12.89|2.58 on 2004-11-08|2 rows",
    "datahub_vix_daily.csv --column HIGH": "line 3923|'HIGH'|36.56 on 2005-07-25|--glitches keep",
    "matplotlib_goog.npz": "NumPy|DataFrame",
    "arch_wti.csv.gz --missing refuse": "line 34|1986-02-17|290 rows|--missing drop",
}


@pytest.mark.parametrize("exam", exams(EXAMS), ids=str)
def test_a_file_is_read_to_the_last_digit(exam: Exam) -> None:
    hold(exam)


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_open_or_wrong_is_refused_with_its_place(title: str) -> None:
    hold_refused(title, *REFUSED[title].split("|"))


@pytest.mark.parametrize("options", ["", "--glitches drop", "--splits adjust", "--weekends drop"])
def test_the_fall_by_half_of_29_september_2000_stays(options: str) -> None:
    around = read(f"casper_dataAPPL.csv {options}").values["Close"].loc["2000-09-28":"2000-09-29"]
    assert around.tolist() == [3.4377478321524, 1.6546169472509]
