"""Damaged files of every kind: prices with an account that adds up, or a refusal in one line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tsgan.data import delimited
from tsgan.errors import DataError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import mutations

FILES, GROUPS = 1_500, 10
SHARED = Path(__file__).parents[2] / "shared" / "data" / "dirty"


@pytest.fixture(scope="module")
def real() -> list[bytes]:
    """Return the heads of real files; none where they are not on this machine."""
    return mutations.heads(SHARED)


@pytest.mark.parametrize("group", range(GROUPS))
def test_damaged_files_are_read_or_refused(tmp_path: Path, real: list[bytes], group: int) -> None:
    outcomes = Counter[str]()
    for seed in range(group, FILES, GROUPS):
        try:
            outcomes[mutations.outcome(mutations.damaged_file(seed, real), tmp_path)] += 1
        except BaseException as error:
            error.add_note(f"the file of seed {seed}")
            raise
    assert outcomes["read"] > 10 and outcomes["refused"] > 10


@pytest.mark.parametrize("seed", [1487, 1980, 10986, 31720, 56704, 71880, 87775])
def test_files_that_once_broke_the_reader(tmp_path: Path, real: list[bytes], seed: int) -> None:
    mutations.outcome(mutations.damaged_file(seed, real), tmp_path)


def test_real_files_may_end_anywhere(tmp_path: Path, real: list[bytes]) -> None:
    if not real:
        pytest.skip("../shared/data/dirty is not on this machine")
    for number, data in enumerate(real):
        for part in range(1, 8):
            cut = mutations.Damaged(f"{number}.csv", data[: len(data) * part // 8])
            mutations.outcome(cut, tmp_path)


def test_the_quick_way_agrees_with_the_careful_one_on_damaged_text() -> None:
    answered = 0
    for seed in range(400):
        data = mutations.damaged_text(seed)
        try:
            quick = delimited.table_from_plain_text(data, "prices.csv")
        except DataError as error:
            with pytest.raises(DataError) as caught:
                delimited.table_from_text(data.decode("ascii"), "prices.csv")
            assert str(caught.value) == str(error)
            continue
        if quick is None:
            continue
        answered += 1
        careful = delimited.table_from_text(data.decode("ascii"), "prices.csv")
        assert (quick.names, quick.notes) == (careful.names, careful.notes), seed
        assert list(quick.lines) == list(careful.lines) and not careful.short, seed
        for one, other in zip(quick.cells, careful.cells, strict=True):
            assert list(one) == list(other), seed
    assert answered > 60
