"""Several assets side by side or below one another, files without a header, and returns."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from exam import Exam, dropped, exams, hold, hold_refused, lines_found, read

EXAMS = """
skfolio_factors.csv.gz
2264 read, 2264 used, 2014-01-02 to 2022-12-28
MTUM: 52.704 143.73 233660.862
QUAL: 48.351 111.883 186042.436
SIZE: 48.986 111.121 183856.614
USMV: 29.338 71.134 115312.101
VLUE: 47.054 88.473 157464.134

skfolio_sp500_20stocks.csv.gz
8313 read, 8313 used, 1990-01-02 to 2022-12-28
names: AAPL AMD BAC BBY CVX GE HD JNJ JPM KO LLY MRK MSFT PEP PFE PG RRC UNH WMT XOM
whole: 6702873.594
AAPL: 0.264 125.674 166487.953
GE: 14.391 63.883 743771.864
RRC: 3.322 24.497 179942.456
XOM: 4.068 106.627 289146.025
- stale kept: 505 3 619 163402
? splits kept: 71 1652 2574 2718 3181

skfolio_sp500_20stocks.csv.gz --column XOM --column ge
8313 read, 8313 used, 1990-01-02 to 2022-12-28
XOM: 4.068 106.627 289146.025
GE: 14.391 63.883 743771.864

ecb_eurofxref_hist.zip --column USD
7126 read, 7126 used, 1999-01-04 to 2026-10-30
USD: 1.1789 1.1172 8419.7293

ecb_eurofxref_hist.zip --column USD --column JPY
7126 read, 7126 used, 1999-01-04 to 2026-10-30
USD: 1.1789 1.1172 8419.7293
JPY: 133.73 175.68 947319.01

ecb_eurofxref_hist.zip --column CZK
7126 read, 7126 used, 1999-01-04 to 2026-10-30
CZK: 35.107 24.353 197041.476
- stale kept: 50 2455 2514 124095

ecb_eurofxref_hist.zip --column ISK
7126 read, 4785 used, 1999-01-04 to 2026-10-30
ISK: 81.48 136.0 550920.9
- missing dropped: 2341 2241 4581 7985151
- stale kept: 29 1885 4624 106580
- gaps kept: 1 2240 2240 2240
? splits kept: 4605

ecb_eurofxref_hist.zip --column BGN
7126 read, 6515 used, 2000-07-19 to 2025-12-31
BGN: 1.9469 1.9558 12735.0983
- missing dropped: 611 2 7127 2780547
- stale kept: 5219 215 5694 14769781

ecb_eurofxref_hist.zip --column HRK --column TRY
7126 read, 4548 used, 2005-04-01 to 2022-12-30
HRK: 7.422 7.5365 33888.7918
TRY: 1.7521 19.9649 20394.59
- late start dropped: 2578 2 7127 10599161

lstnet_exchange_rate.txt.gz --column 4
7588 read, 7588 used, 0 to 7587
4: 0.634196 0.980344 6435.730579

lstnet_exchange_rate.txt.gz --column 5 --glitches drop
7588 read, 7585 used, 0 to 7584
5: 0.211242 0.143993 1083.333557
- glitches dropped: 3 3599 6690 13950
- stale kept: 949 2 7267 1712124
- splits kept: 1 948 948 948

lstnet_exchange_rate.txt.gz --glitches keep
7588 read, 7588 used, 0 to 7587
names: 1 2 3 4 5 6 7 8
whole: 42168.802545
8: 0.525486 0.690942 5081.480916
- glitches kept: 5 3590 6690 24161
- stale kept: 937 2 7267 1668891
- splits kept: 1 948 948 948

lstnet_exchange_rate.txt.gz --glitches drop
7588 read, 7583 used, 0 to 7582
names: 1 2 3 4 5 6 7 8
whole: 42137.941572
8: 0.525486 0.690942 5078.015686
- glitches dropped: 5 3590 6690 24161
- stale kept: 949 2 7267 1712124
- splits kept: 1 948 948 948

bokeh_stocks_long.csv.gz
12154 read, 196 used, 2012-05-18 to 2013-03-01
AAPL: 68.161222251102 56.137353095488 14580.120650300532
FB: 38.2318 27.78 5022.7102
GOOG: 301.12955809803714 404.3431686260103 66862.06619304084
IBM: 167.02713253459 175.27118333217 33018.39874534745
MSFT: 25.256331379238 24.684342419163 4918.680530531558
- join dropped: 11174 2 11959 67428611

bokeh_stocks_long.csv.gz --column Close
12154 read, 196 used, 2012-05-18 to 2013-03-01
AAPL: 530.38 430.47 112881.4951
FB: 38.2318 27.78 5022.7102
GOOG: 600.4 806.19 133311.3388
IBM: 195.88 202.91 38521.31
MSFT: 29.27 27.95 5655.3276
- join dropped: 11174 2 11959 67428611

mcreel_spx_rv_2000_2021.csv --column rv
5434 read, 5434 used, 2000-01-03 to 2021-09-03
rv: 1.6401766722372124 0.06474860117035401 6028.167349281045
"""

REFUSED = {
    "ecb_eurofxref_hist.zip": "found 0 of 7126|41 assets|fewer with --column",
    "ecb_eurofxref_hist.zip --column TRL --column TRY": "found 0 of 7126|2 assets|--column",
    "ecb_eurofxref_hist.zip --column USD --column XAU": "'XAU'|'USD', 'JPY'|--column",
    "ecb_eurofxref_hist.zip --column ISK --gaps refuse": "line 2240|3341 days|2018-02-01|--gaps",
    "ecb_eurofxref_hist.zip --column CZK --stale refuse": "50 rows|--stale keep or drop",
    "lstnet_exchange_rate.txt.gz": "line 3590|'1'|0.69795|0.70395|found 0.777821|5 rows|--glitches",
    "lstnet_exchange_rate.txt.gz --column 1": "line 3590|'1'|0.777821|2 rows|--glitches drop",
    "lstnet_exchange_rate.txt.gz --column 5": "line 3599|'5'|found 0.109292|3 rows|--glitches drop",
    "lstnet_exchange_rate.txt.gz --column 8": "line 3661|'8'|found 0.678168|1 row|--glitches keep",
    "lstnet_exchange_rate.txt.gz --column 9": "'9'|'1', '2', '3', '4', '5', '6', '7', '8'|--column",
    "mcreel_spx_rv_2000_2021.csv": "line 2|'rets'|2000-01-03|look like returns|--returns|--column",
    "mcreel_spx_rv_2000_2021.csv --column rets --nonpositive drop": "look like returns|--returns",
    "mcreel_spx_rv_2000_2021.csv --column rets --returns simple": "'rets'|±53%|--returns|percent",
    "mcreel_spx_rv_2000_2021.csv --column rets --returns log": "'rets'|±53%|--returns|percent",
    "mcreel_spx_rv_2000_2021.csv --returns percent": "'rv'|none of which is below 0|--column",
    "bokeh_stocks_long.csv.gz --column TSLA": "AAPL, FB, GOOG, IBM, MSFT|'TSLA'|--column",
    "bokeh_stocks_long.csv.gz --column AAPL:Clse": "'Clse'|'Close'|--column",
    "bokeh_stocks_long.csv.gz --column AAPL:Close --splits refuse": "line 80|2000-06-21|--splits",
}


@pytest.mark.parametrize("exam", exams(EXAMS), ids=str)
def test_a_file_is_read_to_the_last_digit(exam: Exam) -> None:
    hold(exam)


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_open_or_wrong_is_refused_with_its_place(title: str) -> None:
    hold_refused(title, *REFUSED[title].split("|"))


@pytest.mark.parametrize(
    ("columns", "used", "prices"),
    [
        ("AAPL", 3270, {"AAPL": (4.186662803811, 56.137353095488, 60713.005770590295)}),
        ("AAPL:Adj Close", 3270, {"AAPL": (4.186662803811, 56.137353095488, 60713.005770590295)}),
        ("aapl", 3270, {"AAPL": (4.186662803811, 56.137353095488, 60713.005770590295)}),
        ("AAPL:Open", 3270, {"AAPL": (118.56, 438.0, 494475.9813)}),
        ("IBM:Close", 3270, {"IBM": (100.25, 202.91, 373001.1868)}),
        ("FB", 196, {"FB": (38.2318, 27.78, 5022.7102)}),
        (
            "AAPL|GOOG",
            2148,
            {
                "AAPL": (1.9733315126243, 56.137353095488, 58900.34264627031),
                "GOOG": (50.32284179174976, 404.3431686260103, 512245.83807968145),
            },
        ),
    ],
)
def test_a_long_file_gives_the_tickers_asked_for(
    columns: str, used: int, prices: dict[str, tuple[float, float, float]]
) -> None:
    asked = " ".join(f"--column '{name}'" for name in columns.split("|"))
    found = read(f"bokeh_stocks_long.csv.gz {asked}")
    assert found.names == tuple(prices) and len(found) == used
    assert found.values.index[-1] == pd.Timestamp("2013-03-01")
    for name, (first, last, total) in prices.items():
        values = found.values[name].tolist()
        assert (values[0], values[-1]) == (first, last)
        assert math.fsum(values) == pytest.approx(total, rel=1e-9)
    assert found.rows_read == used * len(prices) + dropped(found)


def test_splits_are_told_from_a_fall_by_the_adjusted_close_beside() -> None:
    """AAPL split 2:1 before line 80 (to 55.63 from 101.25) and 1256; line 150 is a true −52 %."""
    for column, lines, first, total in (
        ("AAPL:Close", [80, 1256], (130.31, 32.5775), (494123.9471, 471853.33865)),
        ("MSFT:Close", [9629], (90.81, 45.405), (113796.975, 90838.51)),
    ):
        for k, rule in enumerate(("keep", "adjust")):
            prices = read(f"bokeh_stocks_long.csv.gz --column {column} --splits {rule}")
            kind = ("splits kept", "splits adjusted")[k]
            assert lines_found(prices)[kind] == lines
            values = prices.values.iloc[:, 0]
            assert values.iloc[0] == pytest.approx(first[k], rel=1e-12)
            assert math.fsum(values) == pytest.approx(total[k], rel=1e-9)


def test_returns_in_percent_become_prices_from_100() -> None:
    prices = read("mcreel_spx_rv_2000_2021.csv --column rets --returns percent")
    values = prices.values["rets"].tolist()
    assert (prices.names, prices.rows_read, len(values)) == (("rets",), 5434, 5435)
    assert values[:2] == [100, 100] and values[2] == pytest.approx(96.12885641184965, rel=1e-12)
    assert values[-1] == pytest.approx(205.5035785668479, rel=1e-10)
    assert math.fsum(values) == pytest.approx(502180.245389333, rel=1e-10)
    days = prices.values.index
    assert pd.Timestamp("1999-12-31") <= days[0] < pd.Timestamp("2000-01-03") == days[1]
    assert days[-1] == pd.Timestamp("2021-09-03")
    worst = prices.values["rets"].pct_change(fill_method=None).idxmin()
    assert worst == pd.Timestamp("2020-03-16")


def test_a_break_ends_windows_over_the_nine_years_without_a_krona() -> None:
    prices = read("ecb_eurofxref_hist.zip --column ISK --break-after 864000")
    assert prices.values.index[list(prices.breaks)].tolist() == [pd.Timestamp("2018-02-01")]
    assert lines_found(prices)["breaks cut"] == [2240]
