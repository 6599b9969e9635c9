"""Every rule for doubtful rows, with each of its choices, on tables whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from cleaning import COUNT, DAYS, WALK, Found, changed, closes, found, read, table, without

from tsgan.errors import DataError
from tsgan.reading import RULES, ReadConfig


@dataclass(frozen=True)
class Case:
    """What a choice of a rule gives: prices and findings, or a refusal."""

    rule: str
    choice: str
    table: Callable[[], pd.DataFrame]
    prices: Callable[[], npt.NDArray[np.float64]] | None = None
    found: tuple[Found, ...] = ()
    refusal: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.choice}"


def holes() -> pd.DataFrame:
    return table(changed(row_1=np.nan, row_30=np.nan, row_31=np.nan))


def two_prices() -> pd.DataFrame:
    """Rows 10 and 11 are of one day; rows 20 and 21 are alike."""
    whole = table().iloc[[*range(10), 9, *range(10, 19), 18, *range(19, COUNT)]]
    whole = whole.reset_index(drop=True)
    whole.loc[10, "Close"] = 97.0
    return whole


def split() -> pd.DataFrame:
    return table(np.r_[WALK[:60] * 2, WALK[60:]])


def still() -> pd.DataFrame:
    return table(np.r_[WALK[:20], [WALK[20]] * 12, WALK[32:]])


def saturday() -> pd.DataFrame:
    days = DAYS.insert(3, pd.Timestamp("2020-01-04"))
    return table(np.insert(WALK, 3, 100.0), days)


def pause() -> pd.DataFrame:
    return table(days=DAYS[:50].append(DAYS[50:] + pd.Timedelta(days=14)))


def walk() -> npt.NDArray[np.float64]:
    return WALK


SPLIT_AT = (61,)
CASES = (
    Case(
        "missing", "drop", holes, lambda: without(1, 30, 31), (("missing", "dropped", (1, 30, 31)),)
    ),
    Case(
        *("missing", "fill", holes, lambda: changed(row_30=WALK[28], row_31=WALK[28])[1:]),
        (("missing", "filled", (30, 31)), ("missing", "dropped", (1,))),
    ),
    Case(
        "missing", "refuse", holes, refusal=r"line 2, .*a price on 2020-01-01, found none \(3 rows"
    ),
    Case(
        *("duplicates", "refuse", two_prices),
        refusal=r"line 12: .* 2020-01-14 than in line 11 \(1 such in all\); .*--duplicates",
    ),
    Case(
        *("duplicates", "first", two_prices, walk),
        (("duplicates", "dropped", (21,)), ("duplicates", "dropped", (11,))),
    ),
    Case(
        *("duplicates", "last", two_prices, lambda: changed(row_10=97.0)),
        (("duplicates", "dropped", (20,)), ("duplicates", "dropped", (10,))),
    ),
    Case(
        *("nonpositive", "refuse", lambda: table(changed(row_7=-3.5, row_9=0))),
        refusal=r"line 8, .*above 0, found -3.5 on 2020-01-09 \(2 in all\).*--nonpositive drop",
    ),
    Case(
        *(
            "nonpositive",
            "drop",
            lambda: table(changed(row_7=-3.5, row_9=0)),
            lambda: without(7, 9),
        ),
        (("nonpositive", "dropped", (7, 9)),),
    ),
    Case(
        *("glitches", "refuse", lambda: table(changed(row_40=WALK[39] * 100))),
        refusal=r"line 41, .*near its neighbours .*\(1 row like it in all\); .*--glitches drop",
    ),
    Case(
        *("glitches", "drop", lambda: table(changed(row_40=WALK[39] * 100)), lambda: without(40)),
        (("glitches", "dropped", (40,)),),
    ),
    Case(
        *("glitches", "keep", lambda: table(changed(row_40=1.0)), lambda: changed(row_40=1.0)),
        (("glitches", "kept", (40,)),),
    ),
    Case(
        *("splits", "keep", split, lambda: np.r_[WALK[:60] * 2, WALK[60:]]),
        (("splits", "kept", SPLIT_AT),),
    ),
    Case("splits", "adjust", split, walk, (("splits", "adjusted", SPLIT_AT),)),
    Case(
        "splits", "refuse", split, refusal=r"line 62: .*ratio on 2020-03-25 \(1 in all\).*--splits"
    ),
    Case(
        *("stale", "keep", still, lambda: np.r_[WALK[:20], [WALK[20]] * 12, WALK[32:]]),
        (("stale", "kept", tuple(range(22, 33))),),
    ),
    Case(
        *("stale", "drop", still, lambda: without(*range(22, 33))),
        (("stale", "dropped", tuple(range(22, 33))), ("gaps", "kept", (33,))),
    ),
    Case(
        "stale", "refuse", still, refusal="line 23: .*runs of 10 or more, found 11 rows, .*--stale"
    ),
    Case(
        *("weekends", "keep", saturday, lambda: np.insert(WALK, 3, 100.0)),
        (("weekends", "kept", (4,)),),
    ),
    Case("weekends", "drop", saturday, walk, (("weekends", "dropped", (4,)),)),
    Case("weekends", "refuse", saturday, refusal=r"line 5: .*weekends, .*2020-01-04; .*--weekends"),
    Case("gaps", "keep", pause, walk, (("gaps", "kept", (51,)),)),
    Case("gaps", "refuse", pause, refusal=r"line 52: .*10 days apart, found 15 days .*--gaps keep"),
)


def test_every_choice_of_every_rule_has_a_case() -> None:
    assert {(case.rule, case.choice) for case in CASES} == {
        (rule, choice) for rule, choices in RULES.items() for choice in choices
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rules_do_what_they_say(tmp_path: Path, case: Case) -> None:
    reading = {case.rule: case.choice}
    if case.prices is None:
        with pytest.raises(DataError, match=case.refusal):
            read(tmp_path, case.table(), **reading)
        return
    prices = read(tmp_path, case.table(), **reading)
    np.testing.assert_allclose(closes(prices), case.prices(), rtol=1e-15)
    assert tuple(found(prices)) == case.found


@pytest.mark.parametrize("rule", RULES)
def test_the_default_is_the_first_choice(rule: str) -> None:
    assert getattr(ReadConfig(), rule) == RULES[rule][0]


@pytest.mark.parametrize("rule", RULES)
def test_a_regular_table_is_read_alike_whatever_the_rules(tmp_path: Path, rule: str) -> None:
    for choice in RULES[rule]:
        prices = read(tmp_path, table(), **{rule: choice})
        assert np.array_equal(closes(prices), WALK) and found(prices) == []
