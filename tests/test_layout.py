"""Where a table stands in a text, said of texts in which it is plain to the eye."""

from __future__ import annotations

import pytest

from tsgan.data.layout import Layout, find_layout, split_lines, text_lines
from tsgan.errors import DataError

ROWS = "2020-01-01,1.5\n2020-01-02,2.5\n2020-01-03,3.5\n"


def layout(text: str) -> Layout:
    """Return the layout, the same of text and of bytes."""
    found = find_layout(text, "prices.csv")
    if text.isascii():
        assert find_layout(text.encode("ascii"), "prices.csv") == found
    return found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_have_numbers_and_places(end: str) -> None:
    text = end.join(["a", "", "bc"])
    assert list(text_lines(text)) == [
        (1, 0, "a"),
        (2, len(end) + 1, ""),
        (3, 2 * len(end) + 1, "bc"),
    ]
    assert list(text_lines(text.encode())) == list(text_lines(text))
    assert list(text_lines(text, len(end) + 1, 2)) == list(text_lines(text))[1:]
    assert list(text_lines("")) == []


@pytest.mark.parametrize(
    ("row", "delimiter"),
    [
        *(("2020-01-01,1", ","), ("2020-01-01;1,5", ";"), ("2020-01-01\t1,5", "\t")),
        *(("2020-01-01|1", "|"), ("2020-01-01,1;2", ";"), ('"2020;01";5', ";")),
    ],
)
def test_the_delimiter_is_the_one_that_cuts_lines_alike(row: str, delimiter: str) -> None:
    assert layout(f"{row}\n" * 5).delimiter == delimiter


@pytest.mark.parametrize(
    ("above", "header"),
    [
        *(("Date,Close\n", 1), ("# by hand\nDate,Close\n", 2), ("\n\nDate,Close\n", 3)),
        *(("My prices\n2020,\nDate,Close\n", 3), ("Date,Close\nday,EUR\n", 1), ("", 0)),
        ("1,2\nDate,Close\n", 2),
    ],
)
def test_headers_are_found_below_banners(above: str, header: int) -> None:
    found = layout(above + ROWS)
    assert (found.header, found.names) == (header, ("Date", "Close") if header else ("1", "2"))
    first = above.count("\n") + 1
    assert (found.first.number, found.last.number) == (first, first + 2)
    assert found.first.fields == ["2020-01-01", "1.5"] and found.first.begin == len(above)


@pytest.mark.parametrize("below", ["", "\n\n", "Source: me,\n", "\nNotes\nx,a\nEnd\n"])
@pytest.mark.parametrize("count", [3, 1_990, 1_999, 2_000, 2_001, 2_150, 2_300, 5_000])
def test_footers_are_found_however_long_the_table_is(below: str, count: int) -> None:
    rows = "".join(f"{1000 + k}-01-01,{k}.5\n" for k in range(count))
    found = layout(f"Date,Close\n{rows}{below}")
    assert (found.first.number, found.last.number) == (2, count + 1)
    assert found.last.fields == [f"{999 + count}-01-01", f"{count - 1}.5"]
    said = [note for note in found.notes if "below the data" in note]
    assert len(said) == sum(any(c.isalpha() for c in line) for line in below.splitlines())


def test_every_line_that_is_skipped_is_said() -> None:
    found = layout(f"My prices\nDate,Close\nday,EUR\n{ROWS}Source: me,\n")
    assert found.notes == (
        "Line 1 is above the header and is skipped: 'My prices'.",
        "Line 3 is below the header, holds no number and is skipped: 'day, EUR'.",
        "Line 7 is below the data, holds no date and is skipped: 'Source: me'.",
    )
    assert layout(ROWS).notes == ("The file has no header; its columns are called 1, 2, 3, …",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Date,Close\n", "rows of data below a header"),
        ("\n\n", "rows of data below a header"),
        ("a\nb\nc\n", "rows of data below a header"),
        ("Close,2020\n1,2\n3,4\n", "line 1: expected a header or a row like those below"),
        ('Date,Close\n2020-01-01,"1\n2020-01-02,2"\n', "line 2: .*closed quotes"),
        ('Date,Close\n2020-01-01,1\n2020-01-02,"2"x\n', "line 3: .*closed quotes"),
    ],
)
def test_texts_without_a_table_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        layout(text)


def test_a_row_with_fewer_fields_than_the_place_of_the_dates_is_no_header() -> None:
    """The dates stand in the third field, which the rows above them lack."""
    rows = "".join(f"x,{k},2020-01-{k:02d},{k}.5\n" for k in range(1, 20))
    assert layout(f"a,b\nc,d\n{rows}").header in (1, 2)


def test_fields_are_cut_and_blank_lines_skipped() -> None:
    lines = split_lines(text_lines('a, "b,c ",""\n\n  \n"d""e"\n'), ",", "prices.csv")
    assert [(line.number, line.fields) for line in lines] == [
        (1, ["a", "b,c ", ""]),
        (4, ['d"e']),
    ]
