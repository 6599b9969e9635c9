"""``tsgan generate`` writes what ``TimeSeriesGAN.sample`` returns, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from typer.testing import Result

from tsgan import TimeSeriesGAN, sampler
from tsgan.synthetic_files import read_synthetic

pytestmark = pytest.mark.usefixtures("elsewhere")


def generate(model: Path, paths: int, horizon: int, *arguments: object) -> Result:
    return tiny.command("generate", model, "--paths", paths, "--horizon", horizon, *arguments)


def demand_success(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.npy"])
def test_file_holds_the_sample(model_directory: Path, fitted: TimeSeriesGAN, name: str) -> None:
    result = demand_success(generate(model_directory, 7, 30, "--seed", 5, "--out", name))
    assert result.stderr == ""
    assert f"Wrote 7 paths of 30 steps to {name} (seed 5)" in result.stdout
    expected = fitted.sample(7, 30, seed=5)
    assert np.array_equal(read_synthetic(Path(name)).log_returns, expected.log_returns)
    if not name.endswith(".npy"):
        frame = pd.read_csv(name) if name.endswith(".csv") else pd.read_parquet(name)
        assert list(frame.columns) == ["path", "step", "date", "log_return", "close"]
        np.testing.assert_allclose(frame["close"], expected.closes().ravel(), rtol=1e-15)
        assert pd.to_datetime(frame["date"])[0] == pd.Timestamp("2022-01-03")
    assert [file.name for file in Path().iterdir()] == [name]


def test_file_is_parquet_unless_named(model_directory: Path) -> None:
    demand_success(generate(model_directory, 2, 3))
    assert len(pd.read_parquet("scenarios.parquet")) == 6


def test_paths_do_not_depend_on_their_number(model_directory: Path) -> None:
    for count in (3, 700):
        demand_success(generate(model_directory, count, 20, "--out", f"{count}.npy"))
    few, many = np.load("3.npy"), np.load("700.npy")
    assert many.shape == (700, 20) and many.dtype == np.float64
    assert few.tobytes() == many[:3].tobytes()


def test_same_seed_gives_the_same_file(model_directory: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        demand_success(generate(model_directory, 2, 9, "--seed", seed, "--out", f"{name}.parquet"))
    a, b, c = (Path(f"{name}.parquet").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("horizon", [1, 100_000])
def test_any_horizon_will_do(model_directory: Path, horizon: int) -> None:
    demand_success(generate(model_directory, 2, horizon))
    frame = pd.read_parquet("scenarios.parquet")
    assert frame["step"].tolist() == [*range(1, horizon + 1)] * 2
    assert np.isfinite(frame["close"]).all() and (frame["close"] > 0).all()
    first = frame[frame["path"] == 0]
    assert first["date"].is_monotonic_increasing and first["date"].is_unique


def test_start_is_where_it_is_asked_for(model_directory: Path) -> None:
    arguments = ("--start-price", 1, "--start-date", "2030-01-05", "--out", "x.csv")
    demand_success(generate(model_directory, 2, 3, *arguments))
    frame = pd.read_csv("x.csv")
    assert frame["date"].tolist() == ["2030-01-07", "2030-01-08", "2030-01-09"] * 2
    first = frame[frame["path"] == 0]
    np.testing.assert_allclose(first["close"], np.exp(first["log_return"].cumsum()), rtol=1e-12)


@pytest.mark.parametrize(("given", "asked"), [("vol=0.3", 0.3), ("vol=high", None)])
def test_given_volatility_is_realised_and_said(
    model_directory: Path, fitted: TimeSeriesGAN, given: str, asked: float | None
) -> None:
    asked = asked or fitted.volatility_.high
    result = demand_success(generate(model_directory, 200, 252, "--given", given, "--out", "x.npy"))
    realised = np.sqrt(252 * np.mean(np.load("x.npy") ** 2, axis=1))
    assert np.median(realised) == pytest.approx(asked, rel=0.1)
    assert f"Given: {asked:.1%} annualised volatility" in result.stdout


@pytest.mark.parametrize("level", ["low", "mid", "high"])
def test_level_that_training_saw_gives_no_warning(model_directory: Path, level: str) -> None:
    result = demand_success(generate(model_directory, 1, 2, "--given", f"vol={level}"))
    assert result.stderr == ""


@pytest.mark.parametrize("level", [0.001, 9])
def test_level_that_training_never_saw_gives_a_warning(model_directory: Path, level: float) -> None:
    result = demand_success(generate(model_directory, 1, 2, "--given", f"vol={level}"))
    assert result.stderr.startswith("tsgan: warning: training saw windows of")
    assert "extrapolation" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--given", "vol=bad"), ("vol:", "low, mid, high", "'bad'")),
        (("--given", "vol=-1"), ("vol:", "at least")),
        (("--given", "vol=nan"), ("vol:",)),
        (("--given", "vol=1e300"), ("vol:", "at most 10")),
        (("--given", "vol="), ("--given", "vol=NUMBER")),
        (("--given", "regime=high"), ("--given", "regime=high")),
        (("--given", "high"), ("--given", "'high'")),
        (("--start-price", "0"), ("start price", "above 0")),
        (("--start-price", "nan"), ("start price",)),
        (("--start-price", "1.79e308"), ("range of float64",)),
        (("--start-date", "soon"), ("start date", "YYYY-MM-DD", "'soon'")),
        (("--seed", 2**63), ("seed",)),
        (("--paths", 10**9, "--horizon", 100_000), ("expected room", "GB")),
        (("--out", "x.xlsx"), ("x.xlsx", ".parquet, .csv, .npy")),
        (("--out", "x"), ("ends in",)),
        (("--out", "nowhere/x.csv"), ("nowhere", "create it")),
    ],
)
def test_bad_request_is_one_line_and_leaves_no_file(
    model_directory: Path, arguments: tuple[object, ...], words: tuple[str, ...]
) -> None:
    tiny.demand_refusal(generate(model_directory, 3, 50, *arguments), *words)
    assert list(Path().iterdir()) == []


def test_place_is_checked_before_the_model_is_loaded() -> None:
    result = generate(Path("nowhere"), 1, 2, "--out", "elsewhere/x.csv")
    tiny.demand_refusal(result, "elsewhere/x.csv: expected a folder that exists")


def test_folder_in_the_place_of_the_file_is_refused(model_directory: Path) -> None:
    Path("x.csv").mkdir()
    result = generate(model_directory, 1, 2, "--out", "x.csv")
    tiny.demand_refusal(result, "x.csv", "choose another name")


@pytest.mark.parametrize("damage", ["missing", "file", "empty", "truncated", "garbage"])
def test_directory_that_is_no_model_is_refused(model_directory: Path, damage: str) -> None:
    model = Path("model")
    if damage == "file":
        model.touch()
    elif damage == "empty":
        model.mkdir()
    elif damage != "missing":
        shutil.copytree(model_directory, model)
        victim = model / ("manifest.json" if damage == "garbage" else "generator.safetensors")
        victim.write_bytes(victim.read_bytes()[:100])
    result = generate(model, 1, 2)
    tiny.demand_refusal(result, "model", "expected")
    assert not Path("scenarios.parquet").exists()


def test_interrupt_leaves_no_file(model_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sampler.sample_groups

    def interrupted(*arguments: Any, **options: Any) -> Iterator[Any]:
        yield next(whole(*arguments, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr("tsgan.model.sample_groups", interrupted)
    result = generate(model_directory, 2000, 20)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "tsgan: interrupted; nothing was left half written"
    assert list(Path().iterdir()) == []
