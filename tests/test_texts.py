"""Columns of text in Arrow's memory behave like lists of stripped strings."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsgan.data.texts import Texts, is_missing

WORDS = ("", "-", "–", "null", "NULL", "N/a", "NaN", "#N/A", "1.5", " 2 ", "\t3", "x y", "é", "0")
COLUMNS = st.lists(st.sampled_from(WORDS), max_size=30)


def chunked(cells: list[str], size: int) -> Texts:
    """Return an untrimmed column in chunks of that size, as the quick way makes them."""
    parts = [cells[k : k + size] for k in range(0, len(cells), size)] or [[]]
    return Texts(pa.chunked_array([pa.array(part, pa.string()) for part in parts]), trimmed=False)


@given(COLUMNS, st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_column_is_a_list_of_stripped_strings(cells: list[str], size: int) -> None:
    stripped = [cell.strip() for cell in cells]
    for column in (Texts.of(cells), chunked(cells, size)):
        assert list(column) == [column[row] for row in range(len(column))] == stripped
        assert column.missing.tolist() == [is_missing(cell) for cell in stripped]
        present, rows = column.present()
        assert list(present) == [cell for cell in stripped if not is_missing(cell)]
        assert [stripped[row] for row in rows] == list(present)
        assert column.distinct() == list(dict.fromkeys(cell for cell in stripped if cell))
        unlike = [k for k, cell in enumerate(stripped) if not re.fullmatch(r"\d|x.*", cell)]
        assert column.first_unlike(r"\d|x.*") == (unlike[0] if unlike else None)
        assert column.same(Texts.of(cells)) and not column.same(Texts.of([*cells, "1"]))
        assert list(column.at(np.arange(len(cells))[::-1])) == stripped[::-1]
        assert list(column.beside(Texts.of(["z"] * len(cells)))) == [f"{c} z" for c in stripped]


@pytest.mark.parametrize("word", ["", "null", "Null", "N/A", "nan", "NaT", "#N/A", "-", "—", "."])
def test_words_for_nothing_are_missing(word: str) -> None:
    assert is_missing(word) and Texts.of([word]).missing.all()


@pytest.mark.parametrize("word", ["0", "x", "nulls", "1", "..", "---", "n"])
def test_other_words_are_not_missing(word: str) -> None:
    assert not is_missing(word) and not Texts.of([word]).missing.any()


@pytest.mark.parametrize("count", [1, 49, 51, 1_000])
def test_a_sample_is_spread_over_the_column_and_leaves_out_what_is_missing(count: int) -> None:
    cells = [str(k) if k % 3 else "" for k in range(count)]
    sample = Texts.of(cells).sample(50)
    assert set(sample) <= set(cells) and "" not in sample
    assert len(sample) >= min(33, count * 2 // 3)
    assert not sample or int(sample[-1]) >= count - count // 50 - 3


def test_what_is_asked_of_each_chunk_comes_back_in_order() -> None:
    column = chunked([str(k) for k in range(1_000)], 7)
    numbers = column.each(lambda chunk: chunk.cast(pa.int64()))
    assert numbers.to_pylist() == list(range(1_000))
    assert Texts.of([]).each(lambda chunk: chunk.cast(pa.int64())).to_pylist() == []
    with pytest.raises(pa.ArrowInvalid):
        chunked(["1", "x", "2"], 1).each(lambda chunk: chunk.cast(pa.int64()))


def test_pieces_of_a_long_column_are_bounded() -> None:
    pieces = [len(piece) for piece in Texts.of(["1"] * 150_000).chunks()]
    assert max(pieces) <= 65_536 and sum(pieces) == 150_000


def test_a_column_that_is_not_read_costs_nothing() -> None:
    asked: list[int] = []

    def cells() -> pa.ChunkedArray:
        asked.append(1)
        return pa.chunked_array([pa.array([" 1 ", "2"])])

    column = Texts(cells, 2, trimmed=False)
    assert len(column) == 2 and not asked
    assert list(column) == ["1", "2"] and column[0] == "1" and len(asked) == 1
