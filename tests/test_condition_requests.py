from __future__ import annotations

import numpy as np
import pytest

from tsgan.condition_requests import COLUMN, PERIODS, ConditionRequest, parse_requests
from tsgan.errors import ConfigError
from tsgan.tracks import REGIME, TREND


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("regime", ConditionRequest("regime", REGIME)),
        ("regime:4", ConditionRequest("regime", REGIME, classes=4)),
        (" trend ", ConditionRequest("trend", TREND)),
        ("rate=RATE", ConditionRequest("rate", COLUMN, column="RATE")),
        ("vix=vix.csv:CLOSE", ConditionRequest("vix", COLUMN, file="vix.csv", column="CLOSE")),
        ("v=a/b:C", ConditionRequest("v", COLUMN, file="a/b", column="C")),
        ("v=c:/x.csv.gz:C D", ConditionRequest("v", COLUMN, file="c:/x.csv.gz", column="C D")),
        ("btc=BTC:close", ConditionRequest("btc", COLUMN, column="BTC:close")),
    ],
)
def test_conditions_as_they_are_written(text, request_) -> None:
    assert parse_requests([text]) == (request_,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vol",
        "vol=x.csv:A",
        "regime:1",
        "regime:21",
        "regime:x",
        "trend:2",
        "trend=",
        "crisis",
        "=A",
        "regime=A",
        "trend=A",
        "a b=C",
        "date=D",
        "1x=C",
        "step=S",
    ],
)
def test_others_are_refused(text) -> None:
    with pytest.raises(ConfigError, match="condition"):
        parse_requests([text])


def test_vol_is_always_learned() -> None:
    with pytest.raises(ConfigError, match="vol is always learned"):
        parse_requests(["vol"])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("crisis=2007-10:2009-03", "2007-10-01", "2009-03-31"),
        ("crisis=2008", "2008-01-01", "2008-12-31"),
        ("crisis=2008:2008-02", "2008-01-01", "2008-02-29"),
        ("crisis = 2020-02-19 : 2020-04-30", "2020-02-19", "2020-04-30"),
        ("crisis=2019-12", "2019-12-01", "2019-12-31"),
    ],
)
def test_partial_dates_mean_the_whole_month_or_year(text, first, last) -> None:
    (got,) = parse_requests(labels=[text])
    assert got == ConditionRequest(
        "crisis", PERIODS, periods=((np.datetime64(first), np.datetime64(last)),)
    )


def test_several_periods_of_one_label_are_one_condition() -> None:
    got = parse_requests(["trend"], ["c=2010", "d=2011", "c=2007-01:2008-01,2003"])
    assert [request.name for request in got] == ["trend", "c", "d"]
    days = [str(first) for first, _ in got[1].periods]
    assert days == ["2003-01-01", "2007-01-01", "2010-01-01"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crisis",
        "crisis=",
        "crisis=2009:2007",
        "crisis=2009-13",
        "crisis=2009-02-30",
        "crisis=x:y",
        "crisis=2007:",
        "crisis=:2007",
        "vol=2007",
        "crisis=2007/10",
        "crisis=07",
    ],
)
def test_other_labels_are_refused(text) -> None:
    with pytest.raises(ConfigError):
        parse_requests(labels=[text])


@pytest.mark.parametrize(
    ("conditions", "labels"),
    [(["trend", "trend"], []), (["a=A", "a=B"], []), (["a=A"], ["a=2007"])],
)
def test_a_name_stands_for_one_condition(conditions, labels) -> None:
    with pytest.raises(ConfigError, match="expected each name once"):
        parse_requests(conditions, labels)
