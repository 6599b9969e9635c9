"""Numbers as files write them; what they mean is settled by the column, then by the file."""

from __future__ import annotations

import math

import pytest

from tsgan.data.decimals import parse_numbers
from tsgan.data.texts import Texts
from tsgan.errors import DataError


def where(row: int) -> str:
    return f"row {row}"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12,084.30", "999"], [12084.30, 999]),
        (["1.234,5", "0,5"], [1234.5, 0.5]),
        (["141.264", "141.26"], [141.264, 141.26]),
        (["1,234", "1,23"], [1.234, 1.23]),
        (["0.785", "0.786"], [0.785, 0.786]),
        (["1234.567", "999.123"], [1234.567, 999.123]),
        (["3.60E-05", "1e2"], [3.6e-5, 100]),
        (["$150.82", "$151"], [150.82, 151]),
        (["5.", ".5", "+5", "-5"], [5, 0.5, 5, -5]),
    ],
)
def test_numbers_are_read(cells: list[str], expected: list[float]) -> None:
    assert parse_numbers(Texts.of(cells), where)[0].tolist() == expected


@pytest.mark.parametrize("word", ["", "null", "N/A", "NaN", "-", ".", "#N/A"])
def test_missing_values_are_nan(word: str) -> None:
    values, _ = parse_numbers(Texts.of([word, "1.5"]), where)
    assert math.isnan(values[0]) and values[1] == 1.5


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["141.264", "140.928"], "row 0: .*'141.264', whose mark may divide"),
        (["", "1,234"], "row 1: .*'1,234', whose mark may divide"),
        (["100", "3,31B"], "row 1: .*found '3,31B'"),
        (["1,234.5", "1.234,5"], "row 1: .*found '1.234,5'"),
        (["1", "1_0"], "row 1: .*found '1_0'"),
        (["1", "1,2,3"], "row 1: .*found '1,2,3'"),
        (["1", "１"], "row 1: "),
        (["1", "1e999"], "row 1: .*range of a float64"),
        (["1", "inf"], "row 1: .*found 'inf'"),
    ],
)
def test_numbers_in_doubt_are_refused(cells: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_numbers(Texts.of(cells), where)


@pytest.mark.parametrize(
    ("others", "value"), [(["0,24%", "3,31B"], 141264.0), (["61.25", "x"], 141.264)]
)
def test_other_columns_settle_what_a_column_leaves_open(others: list[str], value: float) -> None:
    values, note = parse_numbers(
        Texts.of(["141.264", "140.928"]), where, lambda: [Texts.of([cell]) for cell in others]
    )
    assert values[0] == value and "other columns" in note


def test_other_columns_that_disagree_settle_nothing() -> None:
    with pytest.raises(DataError, match="may divide"):
        parse_numbers(Texts.of(["141.264"]), where, lambda: [Texts.of(["0,24%", "0.24%"])])


@pytest.mark.parametrize(("decimal", "value"), [("point", 1.234), ("comma", 1234.0)])
def test_the_user_settles_what_the_file_leaves_open(decimal: str, value: float) -> None:
    values, _ = parse_numbers(Texts.of(["1.234", "1.235"]), where, decimal=decimal)
    assert values[0] == value
    values, _ = parse_numbers(Texts.of(["1,234"]), where, decimal=decimal)
    assert values[0] == (1234.0 if decimal == "point" else 1.234)


@pytest.mark.parametrize(("decimal", "cell"), [("point", "1.234,5"), ("comma", "1234.5")])
def test_the_user_is_held_to_the_mark_that_was_named(decimal: str, cell: str) -> None:
    with pytest.raises(DataError, match=rf"row 1: .*{decimal}.*found '{cell}'"):
        parse_numbers(Texts.of(["7", cell]), where, decimal=decimal)


def test_values_do_not_depend_on_the_way_they_are_read() -> None:
    cells = [f"{value!r}" for value in (0.1, 1e-300, 123456.789012345, 5e-324, 2.5)]
    plain, _ = parse_numbers(Texts.of(cells), where)
    careful, _ = parse_numbers(Texts.of([*cells, "+1"]), where)
    assert plain.tolist() == careful.tolist()[:-1] == [float(cell) for cell in cells]
