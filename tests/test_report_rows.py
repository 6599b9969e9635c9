"""How rows are worded, placed and counted."""

import math
from dataclasses import replace

import pytest
from evaluation_example import example_evaluation, example_panel, example_rows

from tsgan.report_rows import (
    MODEL,
    Column,
    band_bar,
    best,
    columns,
    groups,
    held_out_rows,
    held_out_sentence,
    held_out_under_mark,
    number,
    tally,
    under_mark,
    verdict_sentence,
)
from tsgan.results import SEVENTEEN, Evaluation, HeldOut, Row


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return example_evaluation(100)


def row(value: float = 1.0, **other: object) -> Row:
    made = Row("sd", "", value, None, None, (0.5, 1.0, 2.0), "indistinguishable")
    return replace(made, **other)  # type: ignore[arg-type]


def test_verdict_sentence_counts_the_seventeen(evaluation: Evaluation) -> None:
    verdicts = ["indistinguishable"] * 14 + ["within noise"] * 3
    rows = [
        row(name=name, verdict=verdict) for name, verdict in zip(SEVENTEEN, verdicts, strict=True)
    ]
    copied = row(name="copied windows", value=0.011, band=None)
    good = replace(evaluation, rows=(*rows, copied, row(name="skew", verdict="off")))
    expected = "14 of 17 rows cannot be told from a perfect model, 3 are within noise, none is off"
    assert verdict_sentence(good) == f"{expected}; copied windows 1.1\u00a0%."
    assert verdict_sentence(replace(good, rows=tuple(rows))) == f"{expected}."
    copy = replace(copied, value=0.48, verdict="off")
    accused = verdict_sentence(replace(good, rows=(*rows, copy)))
    assert accused.startswith("The paths repeat the training data: the other rows say nothing")
    assert accused.endswith("copied windows 48\u00a0%.")
    whole = replace(copied, value=1.0, verdict="off")
    assert "copied windows 100\u00a0%." in verdict_sentence(replace(good, rows=(*rows, whole)))
    run = row(name="longest shared run", value=40.0, band=None, verdict="off")
    assert verdict_sentence(replace(good, rows=(*rows, run))).startswith("The paths repeat")


def test_verdict_sentence_of_skipped_and_bad_rows(evaluation: Evaluation) -> None:
    rows = (row(verdict="off"), row(name="Lev", verdict="off"), row(math.nan, verdict="skipped"))
    bad = replace(evaluation, rows=rows)
    expected = "None of 3 rows passes for a perfect model, none is within noise, 2 are off"
    assert verdict_sentence(bad) == f"{expected}, 1 could not be computed."


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.02649, 3, "0.026"),
        (0.01197, 4, "0.0120"),
        (48.21, 3, "48.2"),
        (3.14159, 3, "3.14"),
        (1234.5, 3, "1,234"),
        (-0.0432, 4, "−0.0432"),
        (0.0, 3, "0"),
        (0.00021, 3, "2.1e−4"),
        (12345678.0, 3, "1.2e7"),
        (None, 3, "–"),
        (math.nan, 3, "–"),
        (math.inf, 3, "–"),
    ],
)
def test_numbers_have_three_digits(value: float | None, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_bar_puts_the_95_percent_mark_at_one_place_in_every_row() -> None:
    bar = band_bar(row(1.5))
    assert bar is not None
    assert (bar.low, bar.middle, bar.high, bar.value) == pytest.approx((0.15, 0.3, 0.6, 0.45))
    assert not bar.beyond
    far = band_bar(row(40.0))
    assert far is not None and far.beyond and far.value == 1


@pytest.mark.parametrize("other", [{"band": None}, {"value": math.nan}, {"band": (0.0, 0.0, 0.0)}])
def test_no_bar_without_band_or_value(other: dict[str, object]) -> None:
    assert band_bar(replace(row(), **other)) is None  # type: ignore[arg-type]


def test_best_is_the_smallest_distance_of_a_model() -> None:
    assert best(row(0.5, baselines={"GARCH-n": 0.7, "GARCH-t": math.nan})) == MODEL
    assert best(row(0.5, baselines={"GARCH-n": 0.4, "iid bootstrap": 0.1})) == Column(
        "baselines", "GARCH-n"
    )
    assert best(row(0.5, baselines={"iid bootstrap": 0.1})) is None
    assert best(row(math.nan, baselines={"GARCH-n": 0.4})) is None
    assert best(row(0.5, band=None, baselines={"GARCH-n": 0.4})) is None


def test_rows_under_a_mark_are_counted_per_baseline() -> None:
    rows = [row(baselines={"a": 1.0}), row(baselines={"a": 1.5}), row(), row(baselines={"a": 9.0})]
    assert under_mark(rows, "a", 1) == 1 and under_mark(rows, "a", 2) == 2
    assert under_mark(rows, "b", 2) == 0


def test_further_sets_are_rivals_and_stand_before_baselines() -> None:
    rows = [row(0.5, baselines={"a": 1.0}), row(0.5, others={"b": 0.4}, baselines={"a": 0.45})]
    assert columns(rows) == (Column("others", "b"), Column("baselines", "a"))
    assert best(rows[1]) == Column("others", "b")
    assert under_mark(rows, "b", 0) == 1 == under_mark(rows, Column("others", "b"), 0)
    assert under_mark(rows, MODEL, 0) == 2


def test_groups_have_every_other_row_once(evaluation: Evaluation) -> None:
    found = [one.name for group in groups(evaluation) for one in group.rows]
    others = [one.name for one in evaluation.rows if one.name not in SEVENTEEN]
    assert sorted([*found, "copied windows"]) == sorted(others)
    assert [group.title for group in groups(evaluation)][-1] == "Conditional forecasts"


def test_tally_leaves_out_what_none_ended_in() -> None:
    assert tally([row(), row(verdict="off"), row(verdict="off")]) == {
        "indistinguishable": 1,
        "off": 2,
    }


def test_held_out_side_is_counted_apart(evaluation: Evaluation) -> None:
    kept = HeldOut(1.5, (0.5, 1.0, 2.0), "within noise", training=0.8)
    rows = (row(held_out=kept), row(name="Lev", held_out=replace(kept, training=None)), row())
    assert held_out_under_mark(rows, 1, training=False) == 0
    assert held_out_under_mark(rows, 2, training=False) == 2
    assert held_out_under_mark(rows, 1, training=True) == 1
    other = replace(evaluation, rows=(*rows, row(name="skew", held_out=kept)))
    assert [[one.name for one in part] for part in held_out_rows(other)] == [
        ["sd", "Lev"],
        ["skew"],
    ]
    assert held_out_sentence(other) == (
        "Against the held-out period: none of 2 rows passes for a perfect model, "
        "2 are within noise, none is off."
    )
    assert held_out_sentence(replace(evaluation, rows=(row(),))) == ""


def test_verdict_sentence_of_several_assets() -> None:
    panel = example_panel(2)
    good, joint = replace(row(), name="Lev"), replace(panel.rows[0], verdict="off")
    copied = row(name="copied windows", value=0.02, band=None, verdict="within noise")
    panel = replace(
        panel,
        rows=(joint,),
        assets={
            "a": replace(panel, rows=(good, copied), assets={}),
            "b": replace(panel, rows=(good, replace(copied, value=0.01)), assets={}),
        },
    )
    assert verdict_sentence(panel) == (
        "2 of 2 rows over 2 assets cannot be told from a perfect model, none is within noise, "
        "none is off; copied windows at most 2\u00a0%. Jointly: none of 1 rows passes for a "
        "perfect model, none is within noise, 1 is off."
    )


def test_example_has_all_seventeen() -> None:
    assert [one.name for one in example_rows()[:17]] == list(SEVENTEEN)
