"""Names that a spreadsheet would compute: text in CSV files, the same names when read again."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_example import scenarios as example

from tsgan.scenario_files import write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.spreadsheets import shielded, unshielded
from tsgan.synthetic_files import read_synthetic

FORMULAS = [
    "=cmd|' /C calc'!A1",
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\t=1+1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＠a",
]
HONEST = [
    "ES=F",
    "^GSPC",
    "BRK-B",
    "EURUSD=X",
    "$SPX",
    ".SPX",
    "a+b",
    "AAPL",
    "'a",
    "ß",
    "日経",
    "",
]


def computed(text: str) -> bool:
    """Whether a spreadsheet computes a cell, after the list of OWASP."""
    return text[:1] in set("=+-@\t\r\n＝＋－＠") and text != ""


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_become_text_with_one_apostrophe(name: str) -> None:
    assert shielded(name)[0] == "'" and unshielded(shielded(name)) == name
    assert shielded(name).replace("'", "") == name.replace("'", "")


@pytest.mark.parametrize("name", HONEST)
def test_other_names_stay(name: str) -> None:
    assert shielded(name) == name == unshielded(name)


@given(st.text(alphabet="'\"=+-@;,|\t\r\n＝a1 ", max_size=12))
def test_every_name_comes_back_and_no_cell_is_computed(name: str) -> None:
    told = shielded(name)
    assert unshielded(told) == name
    for separator in ",;\t":
        assert not any(computed(cell) for cell in told.split(separator))


def test_names_that_tell_apart_stay_apart() -> None:
    names = ["=1", "'=1", "''=1", "a;=1", "a;'=1"]
    assert len({shielded(name) for name in names}) == len(names)


def written(path: Path, shape: str) -> np.ndarray:
    """Write three paths of two assets with hostile names; return their log returns."""
    names = ("=cmd|' /C calc'!A1", 'a;"=1+1')
    group = replace(example(range(3), 5, 2), names=names)
    values = "log_return" if shape == "wide" else "close"
    request = WriteRequest(3, 5, 2, shape=shape, values=values)  # type: ignore[arg-type]
    write_scenarios(path, [group], request)
    return np.asarray(group.log_returns)


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_no_cell_of_a_csv_is_computed_and_the_names_come_back(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "paths.csv"
    returns = written(path, shape)
    text = path.read_text(encoding="utf-8")
    for mark in ",;\t":
        for row in csv.reader(text.splitlines(), delimiter=mark):
            assert not any(computed(cell) for cell in row if not is_number(cell)), row
    read = read_synthetic(path)
    assert read.assets == ("=cmd|' /C calc'!A1", 'a;"=1+1')
    np.testing.assert_allclose(read.log_returns, returns, rtol=1e-9, atol=1e-12)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_parquet_has_the_names_themselves(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "paths.parquet"
    written(path, shape)
    frame = pd.read_parquet(path)
    names = set(frame["asset"]) if shape == "long" else {c.partition("|")[2] for c in frame} - {""}
    assert names == {"=cmd|' /C calc'!A1", 'a;"=1+1'}
    assert set(read_synthetic(path).assets) == names
