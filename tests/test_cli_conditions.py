"""A fit with labels, conditions and bars; paths under them; what an evaluation says of both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from bars_example import bar_frame
from typer.testing import Result

from tsgan import TimeSeriesGAN

pytestmark = pytest.mark.usefixtures("elsewhere")

ASKED = ("--bars", "--label", "crisis=2020", "--condition", "fear=Fear", "--condition", "trend")
ROWS = [("vol", 3), ("fear", 5), ("trend", 5), ("crisis", 2)]
"""Of the table of what was asked for: the levels, bins or classes of each condition."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds ``prices.csv`` and, once ``fit`` ran, ``model``."""
    made = tmp_path_factory.mktemp("conditions")
    bar_frame().to_csv(made / "prices.csv")
    return made


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, value in tiny.defaults():
            patch.setattr(owner, name, value)
        patch.setattr("tsgan.judge.OBEDIENCE_PATHS", 10)
        yield


@pytest.fixture(scope="module")
def fit(folder: Path) -> Result:
    """What ``tsgan fit`` said."""
    arguments = ("--out", folder / "model", "--steps", 3, *ASKED)
    result = tiny.command("fit", folder / "prices.csv", *arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def model(folder: Path, fit: Result) -> Path:
    return folder / "model"


def generate(model: Path, paths: int, horizon: int, *arguments: object) -> Result:
    sizes = ("--paths", paths, "--horizon", horizon)
    result = tiny.command("generate", model, *sizes, "--overwrite", *arguments)
    assert result.exit_code == 0, result.output
    return result


def asked_rows(text: str) -> list[tuple[str, int]]:
    """Return the conditions of the table in the terminal, and how many rows each has."""
    names = [line.split()[0] for line in text.splitlines() if re.match(r" \S+ .*% .* \d+ *$", line)]
    return [(name, names.count(name)) for name in dict.fromkeys(names)]


def test_fit_says_what_it_learns_and_how_it_is_obeyed(fit: Result, model: Path) -> None:
    for text in (
        "Columns 'Open', 'High', 'Low', 'Volume' give the bars.",
        "Condition fear: 10 to 20 in training.",
        "Condition crisis: one of no, yes.",
        "Bars are learned: return, gap, up, down, volume.",
        "Also, bars (13 rows): ",
        "trend: 20 levels asked for and realised have a rank correlation of ",
    ):
        assert text in fit.stdout, text
    assert asked_rows(fit.stdout) == ROWS
    metrics = json.loads((model / "metrics.json").read_text(), parse_constant=pytest.fail)
    rows = metrics["conditions"]["rows"]
    assert [(row["condition"], row["asked"]) for row in rows if row["condition"] == "crisis"] == [
        ("crisis", "no"),
        ("crisis", "yes"),
    ]
    curves = {curve["condition"]: curve for curve in metrics["conditions"]["curves"]}
    assert set(curves) == {"vol", "trend"} and len(curves["vol"]["asked"]) == 20
    assert curves["vol"]["rank_correlation"] > 0.95


def test_real_side_of_the_table_is_that_of_the_series(fit: Result, model: Path) -> None:
    """Of the windows that lie in 2020 altogether, and of those that do not touch it."""
    rows = json.loads((model / "metrics.json").read_text())["conditions"]["rows"]
    found = {row["asked"]: row for row in rows if row["condition"] == "crisis"}
    window = TimeSeriesGAN.load(model).config.window
    logs = np.log(tiny.prices())
    crisis = (logs.index.year == 2020)[1:].astype(float)
    inside = pd.Series(crisis).rolling(window).mean()
    returns = logs.diff().iloc[1:].reset_index(drop=True)
    drifts = 252 * returns.rolling(window).mean()
    squares = (returns - returns.mean()).pow(2).rolling(window).mean()
    for asked, share in (("no", 0.0), ("yes", 1.0)):
        holds = inside == share
        assert found[asked]["windows"] == holds.sum() > 0
        assert found[asked]["real_drift"] == pytest.approx(drifts[holds].mean(), rel=1e-4)
        volatility = np.sqrt(252 * squares[holds]).mean()
        assert found[asked]["real_volatility"] == pytest.approx(volatility, rel=1e-3)


def test_several_conditions_are_given_at_once(model: Path) -> None:
    asked = ("--given", "crisis=yes", "--given", "fear=14", "--given", "vol=0.15")
    result = generate(model, 6, 20, *asked, "--out", "x.npy")
    assert "Given: crisis yes; fear 14; vol 15.0%.\n" in result.stdout and result.stderr == ""
    given = {"vol": 0.15, "fear": 14.0, "crisis": "yes"}
    expected = TimeSeriesGAN.load(model).sample(6, 20, given=given).log_returns
    assert np.load("x.npy").tobytes() == expected.tobytes()
    generate(model, 6, 20, *asked[2:], "--out", "y.npy")
    assert not np.array_equal(np.load("y.npy"), expected), "a label is heard"


def test_unseen_number_is_warned_of(model: Path) -> None:
    result = generate(model, 1, 2, "--given", "fear=90", "--given", "crisis=no")
    warning = "tsgan: warning: fear: training saw 10 to 20; 90 is an extrapolation\n"
    assert result.stderr == warning
    assert generate(model, 1, 2, "--given", "fear=90", "--extrapolate").stderr == ""


def test_schedule_sets_several_conditions_by_date(model: Path) -> None:
    Path("s.csv").write_text("date,crisis,fear\n2022-01-03,no,12\n2022-01-10,yes,18\n")
    result = generate(model, 3, 10, "--given", "s.csv", "--out", "x.npy")
    said = "Given: crisis no, then yes; fear 12, then 18.\n"
    assert said in result.stdout
    steady = ("--given", "crisis=no", "--given", "fear=12", "--out", "y.npy")
    generate(model, 3, 10, *steady)
    changed, calm = np.load("x.npy"), np.load("y.npy")
    np.testing.assert_allclose(changed[:, :5], calm[:, :5], rtol=1e-5)
    assert (np.abs(changed[:, 6:] - calm[:, 6:]) > 1e-6).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("regime=1", ("vol, fear, trend, crisis", "'regime'", "--condition and --label")),
        ("crisis=maybe", ("crisis", "no, yes", "'maybe'")),
        ("fear=much", ("fear", "'much'")),
        ("bad.csv", ("a condition of this model", "'panic'")),
        ("late.csv", ("late.csv", "step 1")),
    ],
)
def test_what_cannot_be_given_is_one_line(model: Path, given: str, words: tuple[str, ...]) -> None:
    Path("bad.csv").write_text("step,panic\n1,yes\n")
    Path("late.csv").write_text("step,crisis\n2,yes\n")
    sizes = ("--paths", 2, "--horizon", 5, "--out", "x.parquet")
    tiny.demand_refusal(tiny.command("generate", model, *sizes, "--given", given), *words)
    assert not Path("x.parquet").exists()


@pytest.mark.parametrize("tick", [None, 0.05])
def test_bars_in_the_file_are_valid(model: Path, tick: float | None) -> None:
    asked = ("--given", "crisis=yes", "--out", "x.parquet")
    generate(model, 10, 50, *asked, *(() if tick is None else ("--tick", tick)))
    frame = pd.read_parquet("x.parquet")
    columns = ["path", "step", "date", "log_return", "close", "open", "high", "low", "volume"]
    assert list(frame.columns) == columns and len(frame) == 500
    assert (frame["low"] > 0).all() and (frame["volume"] >= 0).all()
    assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
    assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()
    assert (frame["high"] > frame["low"]).mean() > 0.9
    if tick is not None:
        for name in ("open", "high", "low", "close"):
            np.testing.assert_array_equal(frame[name], np.round(frame[name] * 20) / 20)


def test_evaluation_of_the_model_shows_the_same_table(
    folder: Path, fit: Result, model: Path
) -> None:
    prices = folder / "prices.csv"
    result = tiny.command("evaluate", prices, model, "--json", "m.json", "--report", "r.html")
    assert result.exit_code == 0, result.output
    assert asked_rows(result.stdout) == ROWS, result.stdout
    found, own = (
        json.loads(path.read_text())["conditions"]
        for path in (Path("m.json"), model / "metrics.json")
    )
    assert found == own
    assert "crisis" in Path("r.html").read_text()
    generate(model, 20, 700, "--out", "paths.parquet")
    files = tiny.command("evaluate", prices, "paths.parquet", "--json", "f.json")
    assert files.exit_code == 0, files.output
    assert json.loads(Path("f.json").read_text())["conditions"] is None
    assert asked_rows(files.stdout) == []


def test_fit_of_several_columns_is_a_panel(price_file: Path, unjudged: None) -> None:
    Path("two.csv").write_text(price_file.read_text().replace("Close,Open", "A,B"))
    result = tiny.command("fit", "two.csv", "--steps", 3)
    assert result.exit_code == 0, result.output
    assert "2 assets, learned jointly: A, B." in result.stdout
    last = pd.read_csv("two.csv").iloc[-1]
    for asked, start in (((), [last["A"], last["B"]]), (("--start-price", 50), [50, 50])):
        generate(Path("two-model"), 4, 10, "--out", "x.parquet", *asked)
        frame = pd.read_parquet("x.parquet")
        assert list(frame.columns) == ["path", "step", "date", "asset", "log_return", "close"]
        first = frame[(frame["step"] == 1) & (frame["path"] == 3)]
        assert first["asset"].tolist() == ["A", "B"]
        before = first["close"] / np.exp(first["log_return"])
        np.testing.assert_allclose(before, start, rtol=1e-12)
    generate(Path("two-model"), 4, 10, "--out", "y.parquet", "--shape", "wide")
    assert list(pd.read_parquet("y.parquet").columns[:4]) == ["date", "0|A", "0|B", "1|A"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--label", "crisis"), ("--label", "NAME=2007-10:2009-03", "'crisis'")),
        (("--label", "crisis=2020-12:2020-01"), ("--label", "first and a last date")),
        (("--label", "vol=2020"), ("vol",)),
        (("--condition", "mood"), ("--condition", "'mood'")),
        (("--condition", "fear=Dread"), ("Dread",)),
        (("--condition", "fear=nowhere.csv:Fear"), ("nowhere.csv",)),
        (("--condition", "trend", "--condition", "trend"), ("once", "'trend'")),
        (("--calendar", "moon"), ("calendar", "'moon'")),
    ],
)
def test_what_cannot_be_learned_is_one_line(
    folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = tiny.command("fit", folder / "prices.csv", "--out", "m", "--steps", 3, *arguments)
    tiny.demand_refusal(result, *words)
    assert list(Path().iterdir()) == []


def test_bars_need_their_columns(price_file: Path) -> None:
    result = tiny.command("fit", price_file, "--out", "m", "--bars")
    tiny.demand_refusal(result, "garch.csv", "no high and no low")
    assert list(Path().iterdir()) == []
