"""Regimes found without labels: asked for at a fit, told, given."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from tsgan import TimeSeriesGAN
from tsgan.condition_requests import COLUMN, ConditionRequest, parse_requests
from tsgan.conditions import Conditions
from tsgan.data.prices import read_prices
from tsgan.errors import ConfigError
from tsgan.found_regimes import FoundRegimes, Regime
from tsgan.given import read_given
from tsgan.obedience import obedience
from tsgan.preparation import Prepared, prepare
from tsgan.tracks import FOUND

EPISODES = (("2003-08", "2007-02"), ("2012-03", "2015-01"))
CALM = Regime(0.098, 0.12, 0.02, -0.3, 1.25, 460, 0.46, 0.101, 0.11, EPISODES)
USUAL = replace(CALM, volatility=0.16, windows=0, share=0.01, real_volatility=None, real_drift=None)
WILD = replace(CALM, volatility=0.31, drift=-0.2, windows=530, share=0.53, episodes=())
FOUND_THREE = FoundRegimes(0.85, 0.17, 3, (CALM, USUAL, WILD))
NO_DATES = np.full(10, np.datetime64("NaT", "D"))


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(
        read_prices(tiny.prices()), tiny.config(conditions=("regime=found:2",), holdout=0)
    )


def test_regimes_are_told_in_words() -> None:
    lines = FOUND_THREE.lines("mood")
    assert lines[0] == (
        "mood: 3 regimes found without labels; a window tells 0.85 of 1.10 nats of its regime; the "
        "last one of training is taken for mood=3."
    )
    assert lines[1] == (
        "mood=1, calm: 9.8% a year, drift +12.0%, memory 0.02, skewness -0.3, excess kurtosis 1.2; "
        "46% of real windows (of 10.1% a year, drift +11.0%); longest 2003-08 … 2007-02, 2012-03 … "
        "2015-01."
    )
    assert lines[2].startswith("mood=2, usual: 16.0% a year") and "1% of real windows;" in lines[2]
    assert lines[3].startswith("mood=3, wild: 31.0% a year") and "longest" not in lines[3]
    (doubt,) = FOUND_THREE.doubts("mood")
    assert doubt.startswith("mood: fewer than 2% of the real windows are taken for regime 2:")


def test_json_gives_the_regimes_back(prepared: Prepared) -> None:
    told = json.loads(json.dumps(FOUND_THREE.to_dict()))
    assert FoundRegimes.from_dict(told) == FOUND_THREE


@pytest.mark.parametrize(
    "wrong",
    [
        {"information": "much"},
        {"information": math.nan},
        {"latest": 4},
        {"latest": 0},
        {"each": 3},
        {"each": [{}]},
        {"each": []},
        {"usual": -1.0},
        {"more": 1},
        {"each": [{**FOUND_THREE.to_dict()["each"][0], "share": 2.0}] * 2},
        {"each": [{**FOUND_THREE.to_dict()["each"][0], "episodes": "long"}] * 2},
        {"each": [{**FOUND_THREE.to_dict()["each"][0], "episodes": [[1, 2]]}] * 2},
        {"each": [{**FOUND_THREE.to_dict()["each"][0], "real_drift": "up"}] * 2},
    ],
)
def test_hostile_regimes_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        FoundRegimes.from_dict(FOUND_THREE.to_dict() | wrong)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("regime=found", ConditionRequest("regime", FOUND, classes=3)),
        ("regime = found:2", ConditionRequest("regime", FOUND, classes=2)),
        ("mood=found:8", ConditionRequest("mood", FOUND, classes=8)),
        ("mood=found", ConditionRequest("mood", COLUMN, column="found")),
        ("mood=found:x", ConditionRequest("mood", COLUMN, column="found:x")),
        ("mood=m.csv:found", ConditionRequest("mood", COLUMN, file="m.csv", column="found")),
    ],
)
def test_what_is_found_and_what_is_a_column(text: str, request_: ConditionRequest) -> None:
    assert parse_requests([text]) == (request_,)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("regime=found:1",), "found:2 to regime=found:8"),
        (("mood=found:9",), "mood=found:2 to mood=found:8"),
        (("vol=found:3",), "is not"),
        (("trend=found:3",), "a meaning of its own"),
        (("regime", "regime=found"), "each name once"),
        (("a=found:2", "b=found:3"), "one set of regimes to be found, got a and b"),
    ],
)
def test_what_cannot_be_found_is_refused(texts: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_requests(texts)


def conditions(prepared: Prepared, regimes: FoundRegimes | None = None) -> Conditions:
    """Conditions of three regimes whose codes are called 2, 3, 1."""
    track = replace(prepared.conditions.tracks[-1], classes=("2", "3", "1"))
    return replace(prepared.conditions, tracks=(track,), regimes=regimes or FOUND_THREE)


def test_regime_is_given_by_its_name(prepared: Prepared) -> None:
    own = conditions(prepared)
    layout = own.layout()
    assert layout.latent == layout.covariates == 3
    given = read_given({"regime": 1}, own, 10, NO_DATES)
    row = own.row(given.values, 10)[None]
    assert layout.covariates_of(row)[0, :, 0].tolist() == [0, 0, 1]
    assert not row[0, :3].any()
    assert given.said == ("regime 1 (calm: 9.8% a year)",)
    assert any("regime 2" in warning for warning in given.warnings)
    along = read_given({"regime": ["3"] * 4 + ["1"] * 6}, own, 10, NO_DATES)
    codes = layout.covariates_of(own.row(along.values, 10)[None])[0]
    assert codes.argmax(dim=0).tolist() == [1] * 4 + [2] * 6
    assert along.said == ("regime 3 (wild: 31.0% a year), then 1 (calm: 9.8% a year)",)
    free = own.row({}, 1)[None]
    assert not free.any()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"regime": 4},
            r"expected 1 \(calm: 9.8% a year\) or 2 \(usual: 16.0% a year\) or 3 \(wild",
        ),
        ({"regime": "low"}, "got 'low'"),
        ({"regime": 1, "vol": 0.2}, "expected nothing beside it, got vol"),
    ],
)
def test_what_training_did_not_see_is_refused(
    prepared: Prepared, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        read_given(asked, conditions(prepared), 10, NO_DATES)


def test_conditions_with_regimes_come_back_from_json(prepared: Prepared) -> None:
    own = conditions(prepared)
    told = json.loads(json.dumps(own.to_dict()))
    assert Conditions.from_dict(own.volatility, told) == own
    assert "regimes" not in prepared.conditions.to_dict()
    for wrong in ({"regimes": 3}, {"regimes": None}, {"tracks": told["tracks"] * 2}):
        with pytest.raises(ConfigError):
            Conditions.from_dict(own.volatility, told | wrong)
    two = replace(FOUND_THREE, latest=1, each=(CALM, WILD))
    with pytest.raises(ConfigError, match="meanings of 3 regimes"):
        conditions(prepared, two)


def test_table_compares_a_regime_with_the_windows_taken_for_it(prepared: Prepared) -> None:
    def sampler(given: Any, paths: int, horizon: int, seed: int) -> np.ndarray:
        ((name, asked),) = given.items()
        size = 0.01 * float(asked) if name == "regime" else 0.01
        return size * np.resize([1.0, -1.0], (paths, horizon))

    table = obedience(sampler, conditions(prepared), prepared.known, prepared.values, paths=2)
    rows = [row for row in table.rows if row.condition == "regime"]
    assert [row.asked for row in rows] == ["1", "2", "3"]
    assert [row.volatility for row in rows] == pytest.approx(
        [0.01 * k * math.sqrt(252) for k in (1, 2, 3)], rel=0.02
    )
    assert rows[0].real_volatility == 0.101 and rows[0].windows == 460
    assert math.isnan(rows[1].real_volatility) and rows[1].windows == 0


@pytest.mark.parametrize("kind", ["closes", "panel", "bars"])
def test_regimes_of_closes_panels_and_bars(kind: str, tmp_path: Path) -> None:
    close = tiny.prices()
    wide = close.to_frame()
    if kind == "panel":
        wide = pd.DataFrame({"A": close, "B": 2 * close**0.5})
    if kind == "bars":
        wide = wide.assign(Open=close, High=1.01 * close, Low=0.99 * close, Volume=1e6)
    own = ("regime=found:2", "trend")
    config = tiny.config(4, conditions=own, holdout=0, bars=kind == "bars")
    model = TimeSeriesGAN(config).fit(wide)
    assert model.conditions_.names == ("vol", "trend", "regime")
    assert model.conditions_.regimes is not None
    model.save(tmp_path / "model")
    loaded = TimeSeriesGAN.load(tmp_path / "model")
    assert loaded.conditions_ == model.conditions_
    paths = [
        each.sample(3, 12, given={"regime": regime}, extrapolate=True).log_returns
        for each in (model, loaded)
        for regime in ("1", 2.0)
    ]
    assert np.array_equal(paths[0], paths[2]) and np.array_equal(paths[1], paths[3])
    assert not np.array_equal(paths[0], paths[1])


def test_fit_and_info_say_what_regimes_mean(
    price_file: Path, elsewhere: None, tiny_defaults: None, unjudged: None
) -> None:
    asked = ("--condition", "mood=found:2", "--steps", 3, "--holdout", 0, "--out", "model")
    fit = tiny.command("fit", price_file, *asked)
    assert fit.exit_code == 0, fit.output
    assert "Condition mood: one of 1, 2, found without labels." in fit.stdout
    shown = tiny.command("info", "model")
    for text in (fit.stdout, shown.stdout):
        assert "mood: 2 regimes found without labels; a window tells 0.0" in text
        assert "mood=1, " in text and "mood=2, " in text and " a year, drift " in text
    assert "tsgan: warning: mood: the regimes mean nothing that can be seen" in fit.stderr
    assert "mean nothing that can be seen" in shown.stdout
    sizes = ("--paths", 2, "--horizon", 6, "--out", "x.npy")
    Path("s.csv").write_text("step,mood\n1,2\n4,1\n")
    for given in ("mood=2", "s.csv"):
        made = tiny.command("generate", "model", *sizes, "--given", given, "--overwrite")
        assert made.exit_code == 0 and "Given: mood 2 (" in made.stdout, made.output
        assert "mean nothing that can be seen" in made.stderr
    refused = tiny.command("generate", "model", *sizes[:4], "--given", "mood=3", "--out", "y.npy")
    tiny.demand_refusal(refused, "mood: expected 1 (", ") or 2 (", "got '3'")
    Path("v.csv").write_text("step,mood,vol\n1,2,0.2\n")
    refused = tiny.command("generate", "model", *sizes[:4], "--given", "v.csv", "--out", "y.npy")
    tiny.demand_refusal(refused, "mood", "nothing beside it", "vol")
    refused = tiny.command("fit", price_file, "--condition", "mood=found:9", "--out", "other")
    tiny.demand_refusal(refused, "mood=found:2 to mood=found:8")
    assert not Path("other").exists() and not Path("y.npy").exists()
