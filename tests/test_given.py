from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tsgan.conditions import Conditions, VolatilityCondition
from tsgan.errors import ConfigError, DataError
from tsgan.given import Given, read_given
from tsgan.schedules import read_schedule
from tsgan.tracks import LABEL, TrackCondition
from tsgan.units import Units

HORIZON = 5
DAYS = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
UNDATED = np.full(HORIZON, np.datetime64("NaT", "D"))
LEVELS = VolatilityCondition(0.2, low=0.1, mid=0.15, high=0.4, smallest=0.05, largest=0.9)
VIX = TrackCondition.of_numbers("vix", np.array([10.0, 20.0, 40.0]), log=True)
CRISIS = TrackCondition("crisis", LABEL, classes=("no", "yes"))
UNITS = Units((0.0,) * 4, ((0.0,) * 4,) * 4, (0.0,) * 4, -1.0, 1.0)
CONDITIONS = Conditions(LEVELS, (VIX, CRISIS), UNITS)


def read(asked: object, dates: np.ndarray = UNDATED, **settings: bool) -> Given:
    return read_given(asked, CONDITIONS, HORIZON, dates, **settings)


def schedule(folder: Path, text: str) -> str:
    (folder / "stress.csv").write_text(text, encoding="utf-8")
    return str(folder / "stress.csv")


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        (None, {}),
        ("high", {"vol": 0.4}),
        ("0.35", {"vol": 0.35}),
        (0.35, {"vol": 0.35}),
        (np.float64(0.35), {"vol": 0.35}),
        ("vol=high", {"vol": 0.4}),
        (" vix = 40 ", {"vix": 40.0}),
        (["vol=0.35", "crisis=yes"], {"vol": 0.35, "crisis": 1.0}),
        ({"vol": "low", "vix": 12, "crisis": "no"}, {"vol": 0.1, "vix": 12.0, "crisis": 0.0}),
        ({"vix": [20] * HORIZON}, {"vix": 20.0}),
    ],
)
def test_what_is_asked_for(asked, values) -> None:
    got = read(asked)
    assert got.values == values and got.warnings == ()


def test_values_may_change_at_each_step() -> None:
    got = read({"crisis": ["no", "no", "yes", "yes", "no"]})
    assert got.values["crisis"].tolist() == [0, 0, 1, 1, 0]
    assert got.said == ("crisis no, then yes, then no",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("regime=2", "expected a condition of this model, vol, vix, crisis, got 'regime'"),
        ({"rate": 1}, "expected a condition of this model"),
        (["vix=1", "vix=2"], "expected each condition once, got 'vix' again"),
        ("vix", "expected NAME=VALUE .* or a schedule's CSV file, got 'vix'"),
        ("", "expected NAME=VALUE"),
        ("=3", "expected NAME=VALUE"),
        ("vix=", "expected NAME=VALUE"),
        (["high"], "expected NAME=VALUE"),
        ("crisis=maybe", "crisis: expected one of no, yes, got 'maybe'"),
        ("vol=wild", "vol: expected low, mid, high or an annualised"),
        ("vix=-1", "vix: expected a number above 0"),
        ({"vix": [1, 2]}, "vix: expected one value or 5, one of each step, got 2"),
        ({"vix": []}, "vix: expected one value or 5"),
    ],
)
def test_what_cannot_be_asked_for(asked, message) -> None:
    with pytest.raises(ConfigError, match=message):
        read(asked)


def test_extrapolation_is_said_unless_it_is_meant() -> None:
    got = read(["vol=2", "vix=80"])
    assert got.warnings == (
        "vol: training saw 5.0% to 90.0%; 200.0% is an extrapolation",
        "vix: training saw 10 to 40; 80 is an extrapolation",
    )
    assert read(["vol=2", "vix=80"], extrapolate=True).warnings == ()
    many = read({"vix": [1, 2, 3, 4, 20]}).warnings
    assert many == ("vix: training saw 10 to 40; 1, 2, 3 and 1 more are extrapolations",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("step,crisis\n1,no\n3,yes\n", ["no", "no", "yes", "yes", "yes"]),
        ("date,crisis\n2024-01-01,no\n2024-01-04,yes\n", ["no"] * 3 + ["yes"] * 2),
        ("Date,crisis\n2023-01-01,no\n2023-12-30,yes\n", ["yes"] * 5),
        ("crisis, STEP\nno, 1\n\nyes, 3\n", ["no"] * 2 + ["yes"] * 3),
        ("\ufeffstep,crisis\r\n1,no\r\n", ["no"] * 5),
    ],
)
def test_a_row_of_a_schedule_holds_until_the_next(tmp_path, text, values) -> None:
    got = read_schedule(Path(schedule(tmp_path, text)), HORIZON, DAYS)
    assert got.values == {"crisis": values} and got.warnings == ()


def test_a_schedule_of_several_conditions_and_one_beside_it(tmp_path) -> None:
    file = schedule(tmp_path, "step,vol,vix\n1,low,12\n4,0.8,90\n")
    got = read([file, "crisis=yes"])
    assert got.values["vol"].tolist() == [0.1] * 3 + [0.8] * 2
    assert got.values["vix"].tolist() == [12.0] * 3 + [90.0] * 2
    assert got.values["crisis"] == 1.0
    assert got.said[0] == "vol 10.0%, then 80.0%"
    assert got.warnings == ("vix: training saw 10 to 40; 90 is an extrapolation",)


def test_a_schedule_that_ends_early_or_late_is_said(tmp_path) -> None:
    short = read(schedule(tmp_path, "step,crisis\n1,no\n2,yes\n3,no\n"))
    assert short.values["crisis"].tolist() == [0, 1, 0, 0, 0]
    assert short.warnings == (
        "stress.csv: its 3 steps are fewer than the horizon of 5; the last row is held",
    )
    late = read(schedule(tmp_path, "step,crisis\n1,no\n6,yes\n"))
    assert late.warnings == ("stress.csv: 1 of 2 rows begin after the horizon",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "stress.csv"),
        ("step,crisis\n", "stress.csv: expected a column step or date.* found no rows"),
        ("when,crisis\n1,no\n", "stress.csv, line 1: expected a column step or date"),
        ("step\n1\n", "stress.csv, line 1: expected a column step or date"),
        ("step,date,crisis\n1,2024-01-01,no\n", "stress.csv, line 1: expected a column"),
        ("step,vix,vix\n1,2,3\n", "stress.csv, line 1: .*each once"),
        ("step,crisis\n1,no\n3,\n", "stress.csv, line 3: expected 2 values.* found none of crisis"),
        ("step,crisis\n1,no\n3\n", "stress.csv, line 3: expected 2 values"),
        ("step,crisis\n1,no\n3,yes,2\n", "stress.csv, line 3: expected 2 values.*found 3"),
        ("step,crisis\n2,no\n", "line 2: expected a first row of step 1, found '2'"),
        ("step,crisis\n1,no\n1,yes\n", "line 3: expected a step after that of the row before"),
        ("step,crisis\n1,no\n0,yes\n", "line 3: expected a step from 1 to 5, found '0'"),
        ("step,crisis\n1.5,no\n", "line 2: expected a step from 1 to 5, found '1.5'"),
        ("date,crisis\n2024-01-03,no\n", "line 2: expected a first row of date 2024-01-01 or"),
        ("date,crisis\n2024-01-01,no\n2023-01-01,no\n", "line 3: expected a date after"),
        ("date,crisis\n01/02/2024,no\n", "line 2: expected a date as YYYY-MM-DD"),
        ("date,crisis\n2024-02-30,no\n", "line 2: expected a date as YYYY-MM-DD"),
        ('step,crisis\n1,"no\n', "stress.csv, line 2: expected fields with closed quotes"),
    ],
)
def test_other_schedules_are_refused(tmp_path, text, message) -> None:
    with pytest.raises(DataError, match=message):
        read(schedule(tmp_path, text), DAYS)


def test_a_schedule_by_date_needs_dates(tmp_path) -> None:
    file = schedule(tmp_path, "date,crisis\n2024-01-01,no\n")
    with pytest.raises(DataError, match=r"stress\.csv: expected a column step"):
        read(file)


def test_a_schedule_names_conditions_of_the_model(tmp_path) -> None:
    file = schedule(tmp_path, "step,rate\n1,3\n")
    with pytest.raises(ConfigError, match="expected a condition of this model"):
        read(file)
    with pytest.raises(DataError, match=r"none\.csv"):
        read("none.csv")
