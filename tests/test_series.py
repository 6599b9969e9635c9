"""Columns beside the prices, joined by date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exam import path as shared

from tsgan.data.series import read_column
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

DAYS = pd.bdate_range("2020-01-01", periods=30, name="Date")


def written(folder: Path, text: str, name: str = "vix.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_value_holds_until_the_next(tmp_path) -> None:
    path = written(tmp_path, "DATE,CLOSE\n2020-01-02,10\n2020-01-03,11\n2020-01-08,12.5\n")
    column = read_column(path, "close")
    assert (column.source, column.column, column.classes) == ("vix.csv", "CLOSE", ())
    assert len(column.sha256) == 64
    dates = pd.to_datetime(["2020-01-02", "2020-01-05", "2020-01-08", "2020-01-15"])
    assert column.at(dates).tolist() == [10, 11, 12.5, 12.5]


@pytest.mark.parametrize(
    ("dates", "holes"),
    [
        (["2020-01-01", "2020-01-02"], "1 of 2 returns, 2020-01-01;"),
        (["2020-01-03", "2020-01-16", "2020-01-17"], "2 of 3 returns, 2020-01-16 to 2020-01-17;"),
    ],
)
def test_a_hole_of_more_than_a_week_is_named(tmp_path, dates, holes) -> None:
    path = written(tmp_path, "DATE,CLOSE\n2020-01-02,10\n2020-01-08,12.5\n")
    with pytest.raises(
        DataError, match=r"vix\.csv, column 'CLOSE': expected a value within 7 days"
    ) as e:
        read_column(path, "CLOSE").at(pd.to_datetime(dates))
    assert holes in str(e.value)


def test_only_the_past_is_known(tmp_path) -> None:
    """Changing a value changes nothing before its date, at any hour."""
    path = written(tmp_path, "time,x\n2020-01-02 10:00,1\n2020-01-02 16:00,2\n")
    times = pd.to_datetime(["2020-01-02 15:59", "2020-01-02 16:00"])
    assert read_column(path, "x").at(times).tolist() == [1, 2]
    assert read_column(path, "x").at(times.tz_localize("UTC")).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("cells", "classes", "values"),
    [
        (["0", "1", "0"], ("no", "yes"), [0, 1, 0]),
        (["Yes", "no", "no"], ("no", "yes"), [1, 0, 0]),
        (["TRUE", "FALSE", "FALSE"], ("no", "yes"), [1, 0, 0]),
        (["calm", "wild", "boom"], ("boom", "calm", "wild"), [1, 2, 0]),
        (["0", "1", "2"], (), [0, 1, 2]),
        (["1,5", "2,5", "3,5"], (), [1.5, 2.5, 3.5]),
    ],
)
def test_numbers_and_classes(tmp_path, cells, classes, values) -> None:
    rows = "\n".join(f"2020-01-0{k + 2};{cell}" for k, cell in enumerate(cells))
    column = read_column(written(tmp_path, f"date;x\n{rows}\n"), "x")
    assert column.classes == classes and column.values.tolist() == values


def test_frames_and_rows_in_any_order() -> None:
    frame = pd.DataFrame({"x": np.arange(30.0), "up": np.arange(30) > 9}, index=DAYS)
    column = read_column(frame[::-1], "x")
    assert column.at(DAYS).tolist() == list(range(30)) and column.sha256 == ""
    assert read_column(frame, "up").at(DAYS).tolist() == [0] * 10 + [1] * 20


def test_rows_without_a_value_are_left_out(tmp_path) -> None:
    path = written(tmp_path, "DATE,CLOSE\n2020-01-02,10\n2020-01-03,.\n2020-01-06,12\n")
    assert read_column(path, "CLOSE").values.tolist() == [10, 12]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DATE,CLOSE\n2020-01-02,1\n", "x.csv: expected one column 'VIX', found 'DATE', 'CLOSE'"),
        ("a,VIX\n1,2\n3,4\n", "x.csv: expected dates beside column 'VIX', found none"),
        ("DATE,VIX\n2020-01-02,1\n2020-01-03,x\n2020-01-06,2\n", "x.csv, line 3, column 'VIX'"),
        ("DATE,VIX\n2020-01-02,a\n2020-01-03,a\n", "2 to 20 classes, found 1 different"),
        ("DATE,VIX\n2020-01-02,1\n2020-01-02,2\n", "x.csv, line 3: expected one price at each"),
        ("DATE,VIX,O\n2020-01-02,,1\n2020-01-03,,2\n", "x.csv, column 'VIX': expected"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message) -> None:
    with pytest.raises(DataError, match=message):
        read_column(written(tmp_path, text, "x.csv"), "VIX")


def test_what_the_file_leaves_open_can_be_said(tmp_path) -> None:
    path = written(tmp_path, "date,x\n01/02/2020,1\n02/02/2020,2\n")
    column = read_column(path, "x", ReadConfig(dates="day-first"))
    assert column.times[1] == np.datetime64("2020-02-02")


def test_a_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match=r"none\.csv"):
        read_column(tmp_path / "none.csv", "x")
    with pytest.raises(DataError, match="expected a path or DataFrame"):
        read_column(3, "x")


def test_the_vix_beside_the_sp500() -> None:
    """Figures that awk took from the file; 11 September 2001 has the value of the day before."""
    column = read_column(shared("datahub_vix_daily.csv"), "CLOSE")
    dates = pd.to_datetime(["2001-09-10", "2001-09-11", "2001-09-17", "2008-11-20"])
    assert column.at(dates).tolist() == [31.84, 31.84, 41.76, 80.86]
