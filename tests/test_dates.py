"""Dates as files write them, through the reader that uses them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tsgan.data.dates import parse_dates
from tsgan.data.prices import read_prices
from tsgan.data.texts import Texts
from tsgan.errors import DataError
from tsgan.reading import ReadConfig


def write(folder: Path, dates: list[str]) -> Path:
    path = folder / "prices.csv"
    path.write_text("Date,Close\n" + "".join(f"{day},{k + 1}\n" for k, day in enumerate(dates)))
    return path


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["13/01/2020", "14/02/2020"], "2020-01-13 2020-02-14"),
        (["01/13/2020", "2/14/2020"], "2020-01-13 2020-02-14"),
        (["01.02.2020", "02.02.2020"], "2020-02-01 2020-02-02"),
        (["2020/01/02", "2020/01/03"], "2020-01-02 2020-01-03"),
        (["20200102", "20200103"], "2020-01-02 2020-01-03"),
        (['"Jan 2, 2020"', '"Feb 1, 2020"'], "2020-01-02 2020-02-01"),
        (["2-January-1999", "1-Feb-1999"], "1999-01-02 1999-02-01"),
        (["31-Dec-99", "1-Jan-00"], "1999-12-31 2000-01-01"),
        (["1577923200", "1578009600"], "2020-01-02 2020-01-03"),
        (["1577923200000", "1578009600000"], "2020-01-02 2020-01-03"),
        (["2020-01-02 12-AM", "2020-01-02 12-PM"], "2020-01-02T00:00 2020-01-02T12:00"),
        (["1/13/2020 1:05 PM", "1/13/2020 11:30 PM"], "2020-01-13T13:05 2020-01-13T23:30"),
        (["2020-01-02T09:30:00.250Z", "2020-01-02T09:30:01Z"], "2020-01-02T09:30:00.25Z "),
        (
            ["2020-03-06T09:30-05:00", "2020-03-09T09:30-04:00"],
            "2020-03-06T14:30Z 2020-03-09T13:30Z",
        ),
        (["2020-01-06 00:00:00+09:00", "2020-01-07 00:00:00+09:00"], "2020-01-06 2020-01-07"),
    ],
)
def test_dates_are_read(tmp_path: Path, dates: list[str], expected: str) -> None:
    index = read_prices(write(tmp_path, dates)).values.index
    for found, wanted in zip(index, expected.split(), strict=False):
        assert found == pd.Timestamp(wanted)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (
            ["01/02/2020", "02/02/2020"],
            "line 2, column 'Date'.*cannot be told apart; .*--dates day-first or",
        ),
        (["13/01/2020", "01/13/2020"], "line 3, .*one order of day and month"),
        (["0000-01-01", "2020-02-03"], "line 2, .*a day that exists, found '0000-01-01'"),
        (["2020-01-02", "2020-02-30"], "line 3, .*a day that exists, found '2020-02-30'"),
        (
            ["2020-01-02", "02/01/2020"],
            "line 3, .*like the first, '2020-01-02', found '02/01/2020'",
        ),
        (["2020-01-02 09:00", "2020-01-02 25:00"], "line 3, .*a time of day"),
        (["2020-01-02 09:00Z", "2020-01-02 10:00"], "line 3, .*an offset from UTC"),
        (["2020-01-02", ""], "line 3, .*a date beside the price"),
        (["1/3/22", "1/4/22"], "line 2, .*a?dates? such as 2020-01-31, found '1/3/22'"),
        (["spring", "summer"], "line 2, .*dates such as 2020-01-31, found 'spring'"),
        (["1-Jan-99", "1-Jan-01", "1-Jan-68"], "line 2, .*the century is open"),
    ],
)
def test_dates_in_doubt_are_refused(tmp_path: Path, dates: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_prices(write(tmp_path, dates))


@pytest.mark.parametrize(
    ("order", "expected"),
    [("day-first", ["2020-02-01", "2020-02-02"]), ("month-first", ["2020-01-02", "2020-02-02"])],
)
def test_the_user_settles_the_order_of_day_and_month(
    tmp_path: Path, order: str, expected: list[str]
) -> None:
    path = write(tmp_path, ["01/02/2020", "02/02/2020"])
    prices = read_prices(path, reading=ReadConfig(dates=order))
    assert list(prices.values.index) == [pd.Timestamp(day) for day in expected]
    assert any(f"read {order} as asked" in note for note in prices.notes)


@pytest.mark.parametrize(
    ("order", "dates"),
    [("day-first", ["01/02/2020", "01/13/2020"]), ("month-first", ["01/02/2020", "13/01/2020"])],
)
def test_dates_against_the_order_that_was_named_are_refused(
    tmp_path: Path, order: str, dates: list[str]
) -> None:
    message = f"line 3, .*{order}, as asked with --dates, found .*leave --dates out"
    with pytest.raises(DataError, match=message):
        read_prices(write(tmp_path, dates), reading=ReadConfig(dates=order))


@pytest.mark.parametrize("count", [3, 70_000])
def test_dates_of_one_width_and_of_many_are_read_alike(count: int) -> None:
    """Rows of one width are read as a matrix of digits, all others one by one."""
    times = pd.date_range("1999-12-31 22:58:57", periods=count, freq="61s")
    whole = Texts.of(times.strftime("%Y-%m-%d %H:%M:%S-0330"))
    ragged = Texts.of(f"{t.year}-{t.month}-{t.day} {t.hour}:{t:%M:%S}-03:30" for t in times)
    for cells in (whole, ragged):
        index, note = parse_dates(cells, str)
        assert note == "converted from their offsets to UTC"
        assert index.equals((times + pd.Timedelta(hours=3.5)).tz_localize("UTC").as_unit("us"))


def test_fractions_of_seconds_are_kept_to_the_microsecond() -> None:
    for digits in ("2", "25", "250000", "250000999"):
        index, _ = parse_dates(Texts.of([f"2020-01-02 09:30:00.{digits}"] * 2), str)
        assert index[0].microsecond == int(digits[:6].ljust(6, "0"))
