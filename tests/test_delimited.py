"""What counts as a table of prices, in which dialects, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from tsgan.data.delimited import table_from_plain_text, table_from_text
from tsgan.data.prices import Prices, read_prices
from tsgan.data.tables import Table
from tsgan.errors import DataError


def write(folder: Path, text: str | bytes, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def closes(prices: Prices) -> list[float]:
    return prices.values.iloc[:, 0].tolist()


ROWS = "2020-01-01,1,9,1,5,100\n2020-01-02,2,9,1,6,100\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("Date,Close\n", "rows of data below a header"),
        ("Date,Close\n2020-01-01,1,5\n", "line 2: expected 2 fields .* found 3"),
        (f"Date,Open,High,Low,Close,Volume\n{ROWS}2020-01-03,9,1,7,100\n", "line 4: .* found 5"),
        (f"Date,Open,High,Low,Close,Volume\n{ROWS}2020-01-03,9\n", "line 4: .* found 2"),
        ('Date,Close\n2020-01-01,"1\n2020-01-02,2"\n2020-01-03,3\n', "line 2: .*closed quotes"),
        ("Date,Close\n2020-01-01,1\n2020-01-01,2\n", "line 3: .* 2020-01-01 than in line 2"),
        ("Date,Close\n2020-01-01,0\n2020-01-02,1\n", "line 2, .*above 0, found 0 on 2020-01-01 "),
        ("Date,Close\n2020-01-01,1\n2020-01-02,-\n", "2 or more rows .* found 1 of 2"),
        ("Ticker,Date,Close\nA,2020-01-01,1\nB,2020-01-02,2\n", "2 or more rows .* found 1 of 2"),
        ("Date,Open,Volume\n2020-01-01,1,5\n2020-01-02,2,5\n", None),
        ("Date,High,Low\n2020-01-01,1,5\n2020-01-02,2,5\n", "'Date', 'High', 'Low'; name one"),
        ("Date,n,m\n2020-01-01,3¹,7\n2020-01-02,１,9\n2020-01-03,1,9\n", "column 'n'.*found '3¹'"),
        ("Date,Close,close\n2020-01-01,1,5\n2020-01-02,2,5\n", "one column 'Close', found 2"),
        ("Close,2020\n1,2\n3,4\n", "line 1: expected a header or a row like those below"),
        ("<!DOCTYPE html><html></html>", "web page"),
        ('{"prices": [1, 2]}', "JSON"),
        (b"\x00\x01\x02\x03" * 99, "binary data"),
        (b"PAR1" + b"\x00" * 99, "whole Parquet file"),
        (gzip.compress(b"Date,Close\n2020-01-01,1\n" * 99, mtime=0)[:-9], "damaged or truncated"),
        (gzip.compress(bytes(100_000_000), mtime=0), "200-fold"),
    ],
)
def test_what_is_no_table_of_prices_is_refused(
    tmp_path: Path, text: str | bytes, message: str | None
) -> None:
    path = write(tmp_path, text)
    if message is None:
        assert closes(read_prices(path)) == [1, 2]
        return
    with pytest.raises(DataError, match=message) as caught:
        read_prices(path)
    assert "\n" not in str(caught.value)


def test_first_rows_may_lack_volume_where_high_and_low_prove_the_close(tmp_path: Path) -> None:
    header = "Date,Open,High,Low,Close,Volume\n"
    path = write(tmp_path, f"{header}2019-12-30,3,9,1,7\n2019-12-31,3,9,1,8\n{ROWS}")
    assert closes(read_prices(path)) == [7, 8, 5, 6]
    with pytest.raises(
        DataError, match=r"line 2: .* found 5, so that a price may stand in another"
    ):
        read_prices(write(tmp_path, f"{header}2019-12-31,9,1,7,100\n{ROWS}"))


def test_columns_of_numbers_without_a_close_are_assets(tmp_path: Path) -> None:
    path = write(tmp_path, "Date,Foo,Bar\n2020-01-01,1,5\n2020-01-02,3,7\n")
    prices = read_prices(path)
    assert prices.names == ("Foo", "Bar") and prices.values.to_numpy().tolist() == [[1, 5], [3, 7]]
    assert read_prices(path, "Bar").names == ("Bar",)


def test_assets_below_one_another_are_joined_on_their_times(tmp_path: Path) -> None:
    rows = "A,2020-01-01,1\nB,2020-01-01,5\nB,2020-01-02,6\nA,2020-01-02,2\nB,2020-01-03,7\n"
    path = write(tmp_path, f"Ticker,Date,Close\n{rows}")
    prices = read_prices(path)
    assert prices.names == ("A", "B") and prices.values.to_numpy().tolist() == [[1, 5], [2, 6]]
    assert prices.rows_read == 5 == 2 * len(prices) + 1
    assert "Dropped 1 row of B at times that another asset has no price: line 6." in prices.notes
    assert closes(read_prices(path, "B")) == closes(read_prices(path, "B:Close")) == [5, 6, 7]
    with pytest.raises(DataError, match="one of the assets A, B, found no 'C'"):
        read_prices(path, "C")


def both_ways(text: str) -> tuple[Table | None, Table]:
    quick = table_from_plain_text(text.encode(), "prices.csv")
    return quick, table_from_text(text, "prices.csv")


@pytest.mark.parametrize(
    "text",
    [
        *("Date,Close\n2020-01-01,1\n2020-01-02,2\n", "Date;Close\r\n2020-01-01;1\r\n"),
        *("Date\tClose\tx\n2020-01-01\t1\t\n2020-01-02\t\t2", "# hi\n\nA,B\n1, 2\n 3 ,4\n"),
        *("2020-01-01,1\n2020-01-02,2\n", "Close\n1\n2\n", 'a,"b"\n1,2\n3,4\nSource:,me\n'),
        "a,b\n" + "1,2\n" * 5_000 + "source:,\n",
    ],
)
def test_the_quick_way_gives_what_the_careful_one_does(text: str) -> None:
    quick, careful = both_ways(text)
    assert quick is not None and (quick.names, quick.notes) == (careful.names, careful.notes)
    assert list(quick.lines) == list(careful.lines) and quick.short == careful.short == {}
    cells = zip(quick.cells, careful.cells, strict=True)
    assert all(list(one) == list(other) for one, other in cells)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a,b\n1,2\n\n3,4\n",
            'a,b\n"1",2\n',
            "a,b\n1,2\n3\n",
            "a,b\n1,2\n3,4,\n",
            "Close\n1\n \n2\n",
        ),
        *("a,b\n1,2\r3,4\r", "a,b\n1,2\n\x1a", "a,b\n1,é\n", "a,b\n1,\x0c2\n"),
    ],
)
def test_the_quick_way_leaves_odd_text_to_the_careful_one(text: str) -> None:
    assert table_from_plain_text(text.encode(), "prices.csv") is None
    assert len(table_from_text(text.rstrip("\x1a"), "prices.csv"))


def test_binary_data_are_found_wherever_they_stand(tmp_path: Path) -> None:
    text = "Date,Close,Note\n" + "".join(f"{1000 + k}-01-01,{k + 1},x\n" for k in range(8_999))
    assert len(text) > 2 * 65_536
    assert len(read_prices(write(tmp_path, text))) == 8_999
    with pytest.raises(DataError, match="binary data"):
        read_prices(write(tmp_path, f"{text}9999-01-01,5,\x01\n9999-01-02,5,x\n"))


@pytest.mark.parametrize(
    "text",
    [
        "Date;Close\n2020-01-01;1,5\n2020-01-02;2,5\n",
        "Date\tClose\r\n2020-01-01\t1.5\r\n2020-01-02\t2.5",
        "Date|Close\r2020-01-01|1.5\r2020-01-02|2.5\r",
        "# from a friend\n\nDate, Close\n2020-01-01, 1.5\n\n2020-01-02, 2.5\n",
        "My prices,\nDate,Close\nday,EUR\n2020-01-01,1.5\n2020-01-02,2.5\nSource: me,\n",
        ",0\n2020-01-01,1.5\n2020-01-02,2.5\n",
        "Date,Close\n2020-01-01,1.5,\n2020-01-02,2.5,\n",
        "2020-01-01,1.5\n2020-01-02,2.5\n",
        "\ufeffDate,Close\n2020-01-01,1.5\n2020-01-02,2.5\n",
        "Date,Close\n2020-01-01,1.5\n2020-01-02,2.5\n".encode("utf-16"),
        "Name,Date,Close\nCaf\xe9,2020-01-01,1.5\nCaf\xe9,2020-01-02,2.5\n".encode("cp1252"),
    ],
)
def test_dialects_give_the_same_prices(tmp_path: Path, text: str | bytes) -> None:
    prices = read_prices(write(tmp_path, text))
    assert closes(prices) == [1.5, 2.5] and prices.rows_read == 2
    assert list(prices.values.index) == [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]


def test_columns_that_only_count_rows_are_no_prices(tmp_path: Path) -> None:
    path = write(tmp_path, "Date,n,m\n2020-01-01,1,7\n2020-01-02,2,6\n2020-01-03,3,5\n")
    with pytest.raises(DataError, match=r"price column .* found 'Date', 'n', 'm'; name one"):
        read_prices(path)
    assert closes(read_prices(path, "m")) == [7, 6, 5]
