"""What images can be asked to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tiny_images

from tsgan.errors import ConfigError
from tsgan.images.conditions import Conditions
from tsgan.images.given import Given, read_given

DIGITS = Conditions(tiny_images.CLASSES, shares=(0.1,) * 10)
TWO = Conditions(tiny_images.CLASSES, shares=(0.5, 0.5, *[0.0] * 8))
CLOTHES = Conditions(("shirt", "shoe", "coat"), shares=(0.2, 0.3, 0.5))
CODES = Conditions(codes=10, numbers=2)
NOTHING = Conditions()


@pytest.mark.parametrize(
    "asked",
    [7, "7", "digit=7", "class=7", ["digit=7"], ("class = 7",), {"digit": 7}, {"class": "7"}],
)
def test_digit_is_asked_for_in_many_ways(asked: Any) -> None:
    given = read_given(asked, DIGITS)
    assert given.label == 7 and given.said == ["digit 7"] and not given.warnings
    assert given.draw(range(30), 0).labels.tolist() == [7] * 30


def test_class_is_asked_for_by_its_name() -> None:
    assert read_given("class=shoe", CLOTHES).label == 1
    assert read_given("coat", CLOTHES).said == ["class coat"]
    assert read_given({"digit": "shoe"}, CLOTHES).label == 1


def test_code_and_numbers_are_asked_for() -> None:
    given = read_given(["code=3", "c2=-0.5"], CODES)
    drawn = given.draw(range(50), 0)
    assert drawn.labels is None and drawn.codes.tolist() == [3] * 50
    assert drawn.numbers.shape == (50, 2) and set(drawn.numbers[:, 1]) == {np.float32(-0.5)}
    assert len(set(drawn.numbers[:, 0])) == 50
    assert given.said == ["code 3", "c1 drawn", "c2 -0.5"]


def test_what_is_given_does_not_change_what_is_drawn_beside_it() -> None:
    free = read_given(None, CODES).draw(range(20), 1)
    held = read_given({"code": 3, "c2": 0.25}, CODES).draw(range(20), 1)
    assert np.array_equal(free.numbers[:, 0], held.numbers[:, 0])
    again = read_given({"c1": 1}, CODES).draw(range(20), 1)
    assert np.array_equal(free.codes, again.codes)
    assert np.array_equal(free.numbers[:, 1], again.numbers[:, 1])


def test_number_beyond_training_is_an_extrapolation() -> None:
    given = read_given("c1=1.5", CODES)
    assert given.warnings == ["c1: training saw -1 to 1; 1.5 is an extrapolation"]


def test_what_is_not_given_is_drawn_each_as_likely() -> None:
    given = read_given(None, DIGITS)
    assert given.said == ["digit drawn, each as likely"]
    counts = np.bincount(given.draw(range(2000), 0).labels, minlength=10)
    assert counts.min() > 150  # 200 of each, sd 13


def test_shares_of_training_can_be_asked_for() -> None:
    given = read_given("class=training", CLOTHES)
    counts = np.bincount(given.draw(range(2000), 0).labels, minlength=3)
    np.testing.assert_allclose(counts / 2000, CLOTHES.shares, atol=0.04)
    assert set(read_given("digit=training", TWO).draw(range(500), 0).labels) == {0, 1}


def test_all_is_a_row_of_each() -> None:
    labels = read_given("digit=all", DIGITS).draw(range(120), 0).labels
    assert labels.tolist() == [k // 10 % 10 for k in range(120)]
    codes = read_given("code=all", CODES).draw([5, 25, 105], 0).codes
    assert codes.tolist() == [0, 2, 0]


def test_draw_depends_on_seed_and_number_alone() -> None:
    given = Given(DIGITS)
    labels = given.draw(range(100), 5).labels
    assert np.array_equal(given.draw([93, 4], 5).labels, labels[[93, 4]])
    assert not np.array_equal(given.draw(range(100), 6).labels, labels)


@pytest.mark.parametrize(
    ("conditions", "asked", "words"),
    [
        (DIGITS, "digit=10", ("digit: expected 0, 1, ", "all or training", "'10'")),
        (DIGITS, "digit=seven", ("'seven'",)),
        (DIGITS, -1, ("'-1'",)),
        (DIGITS, 7.5, ("'7.5'",)),
        (DIGITS, "dgit=7", ("digit: 0, 1,", "'dgit'")),
        (DIGITS, "code=1", ("'code'",)),
        (DIGITS, ["digit=1", "class=2"], ("once", "'digit'")),
        (DIGITS, "seven", ("NAME=VALUE", "digit=7", "'seven'")),
        (DIGITS, "digit=", ("NAME=VALUE",)),
        (CLOTHES, "class=sock", ("class: expected shirt, shoe, coat", "'sock'")),
        (CODES, "code=10", ("code: expected 0 to 9 or all", "'10'")),
        (CODES, "code=training", ("'training'",)),
        (CODES, "digit=7", ("code: 0 to 9", "c1: a number", "'digit'")),
        (CODES, "c3=0", ("'c3'",)),
        (CODES, "c1=left", ("c1: expected a number, -5 to 5", "'left'")),
        (CODES, "c1=nan", ("c1:", "'nan'")),
        (CODES, {"c1": 1e9}, ("c1:",)),
        (NOTHING, "digit=7", ("no conditions", "--labels or --codes")),
        (NOTHING, 7, ("no conditions",)),
    ],
)
def test_what_cannot_be_given_is_said(
    conditions: Conditions, asked: Any, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_given(asked, conditions)
    assert [word for word in words if word not in str(caught.value)] == [], caught.value
