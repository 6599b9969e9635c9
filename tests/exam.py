"""What real price files hold, and how a reading of them is compared with it.

The figures were established without tsgan and without pandas: Python's csv module, one explicit
date format per file, awk and the eye. An exam says in a few lines what a reading must give:

    arch_wti.csv.gz --missing drop                    the file and options, as on a command line
    8611 read, 8321 used, 1986-01-02 to 2019-01-03    rows, and the first and last time
    DCOILWTICO: 25.56 46.92 364242.42                 first price, last price, sum of all
    - missing dropped: 290 34 8610 1350320            a finding: lines, first, last, sum of numbers
    ? splits kept: 1317                               one that may be: all lines it may name

``names:`` and ``whole:`` give all names and the sum over all assets where not each has a line.
Findings of one kind and action are added up, and there must be no others. Those with ``?`` depend
on a threshold: a price that truly moved by the ratio of a split cannot be told from a split.
"""

from __future__ import annotations

import hashlib
import math
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tsgan.data.prices import Prices, read_prices
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

SHARED = Path(__file__).parents[2] / "shared" / "data"

Lines = tuple[int, int, int, int]


@dataclass(frozen=True)
class Exam:
    """One reading of a file and what it must give."""

    title: str
    rows: tuple[int, int]
    times: tuple[str, str]
    prices: dict[str, tuple[float, float, float]]
    names: tuple[str, ...]
    whole: float | None
    found: dict[str, Lines]
    perhaps: dict[str, set[int]]

    def __str__(self) -> str:
        return self.title


def exams(text: str) -> list[Exam]:
    """Return the exams of a text, in which blank lines stand between them."""
    return [_exam(*paragraph.splitlines()) for paragraph in text.strip().split("\n\n")]


def _exam(title: str, rows: str, *lines: str) -> Exam:
    read_, used, times = rows.split(", ")
    start, end = times.split(" to ")
    names: tuple[str, ...] = ()
    whole: float | None = None
    prices: dict[str, tuple[float, float, float]] = {}
    found: dict[str, Lines] = {}
    perhaps: dict[str, set[int]] = {}
    for name, _, said in (line.rpartition(": ") for line in lines):
        figures = said.split()
        if name == "names":
            names = tuple(figures)
        elif name == "whole":
            whole = float(said)
        elif name.startswith("- "):
            count, one, two, total = map(int, figures)
            found[name.removeprefix("- ")] = count, one, two, total
        elif name.startswith("? "):
            perhaps[name.removeprefix("? ")] = set(map(int, figures))
        else:
            first, last, sum_ = map(float, figures)
            prices[name] = first, last, sum_
    counts = int(read_.removesuffix(" read")), int(used.removesuffix(" used"))
    names = names or tuple(prices)
    return Exam(title, counts, (start, end), prices, names, whole, found, perhaps)


def path(file: str) -> Path:
    """Return where a shared file is, or skip."""
    found = [folder / file for folder in SHARED.glob("*") if (folder / file).exists()]
    if not found:
        pytest.skip(f"{file} is not in ../shared/data on this machine")
    return found[0]


@cache
def read(title: str) -> Prices:
    """Return the prices of a file, named as on a command line: ``prices.csv --column Close``."""
    file, *words = shlex.split(title)
    options: dict[str, Any] = {}
    columns = []
    for name, value in zip(words[::2], words[1::2], strict=True):
        key = name.removeprefix("--").replace("-", "_")
        if key == "column":
            columns.append(value)
        else:
            options[key] = {"fill_limit": int, "break_after": float}.get(key, str)(value)
    return read_prices(path(file), tuple(columns), reading=ReadConfig(**options))


def hold(exam: Exam) -> Prices:
    """Compare a reading with what the file holds, and return it."""
    prices = read(exam.title)
    assert (prices.rows_read, len(prices)) == exam.rows
    assert prices.names == exam.names
    dated = not exam.times[0].isdecimal()
    start, end = (pd.Timestamp(time) if dated else int(time) for time in exam.times)
    assert (prices.values.index[0], prices.values.index[-1]) == (start, end)
    assert prices.has_dates == dated
    for name, (first, last, total) in exam.prices.items():
        values = prices.values[name].tolist()
        assert (values[0], values[-1]) == (first, last), name
        assert math.fsum(values) == pytest.approx(total, rel=1e-9, abs=0), name
    if exam.whole is not None:
        assert math.fsum(prices.values.to_numpy().ravel()) == pytest.approx(exam.whole, rel=1e-9)
    data = path(shlex.split(exam.title)[0]).read_bytes()
    assert prices.sha256 == hashlib.sha256(data).hexdigest()
    found = lines_found(prices)
    for kind, lines in exam.perhaps.items():
        assert set(found.pop(kind, [])) <= lines, kind
    joined = len(prices.names) if "join dropped" in found else 1
    assert prices.rows_read == joined * len(prices) + dropped(prices)
    assert {kind: summed(lines) for kind, lines in found.items()} == exam.found
    assert all(finding.text in prices.notes for finding in prices.findings)
    return prices


def lines_found(prices: Prices) -> dict[str, list[int]]:
    """Return the lines of all findings by ``"kind action"``."""
    lines: dict[str, list[int]] = {}
    for finding in prices.findings:
        numbers = [n for first, last in finding.lines for n in range(first, last + 1)]
        lines.setdefault(f"{finding.kind} {finding.action}", []).extend(numbers)
    return lines


def dropped(prices: Prices) -> int:
    """Return how many rows were dropped, as the findings say."""
    return sum(len(n) for kind, n in lines_found(prices).items() if kind.endswith(" dropped"))


def summed(lines: list[int]) -> Lines:
    """Return how many lines there are, the first, the last, and the sum."""
    return len(lines), min(lines), max(lines), sum(lines)


def hold_refused(title: str, *messages: str) -> None:
    """Demand that a reading is refused in one line that names the file and says all of this."""
    with pytest.raises(DataError) as caught:
        read(title)
    said = str(caught.value)
    assert said.startswith(shlex.split(title)[0]) and "\n" not in said
    for message in messages:
        assert message in said
