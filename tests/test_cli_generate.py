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
from tsgan.analogues import LEAST_RETURNS
from tsgan.synthetic_files import read_synthetic

pytestmark = pytest.mark.usefixtures("elsewhere")


def generate(model: Path, paths: int, horizon: int, *arguments: object) -> Result:
    return tiny.command("generate", model, "--paths", paths, "--horizon", horizon, *arguments)


def demand_success(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def interrupt_after_first_group(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sampler.sample_groups

    def interrupted(*arguments: Any, **options: Any) -> Iterator[Any]:
        yield next(whole(*arguments, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr("tsgan.production.sample_groups", interrupted)


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
    assert f"Given: vol {asked:.1%}.\n" in result.stdout


@pytest.mark.parametrize("level", ["low", "mid", "high"])
def test_level_that_training_saw_gives_no_warning(model_directory: Path, level: str) -> None:
    result = demand_success(generate(model_directory, 1, 2, "--given", f"vol={level}"))
    assert result.stderr == ""


@pytest.mark.parametrize("level", [0.001, 9])
def test_level_that_training_never_saw_gives_a_warning(model_directory: Path, level: float) -> None:
    result = demand_success(generate(model_directory, 1, 2, "--given", f"vol={level}"))
    assert result.stderr.startswith("tsgan: warning: vol: training saw ")
    assert result.stderr.endswith(f"; {level:.1%} is an extrapolation\n")
    asked = ("--given", f"vol={level}", "--extrapolate", "--overwrite")
    assert demand_success(generate(model_directory, 1, 2, *asked)).stderr == ""


def test_schedule_changes_the_volatility_along_the_way(model_directory: Path) -> None:
    Path("stress.csv").write_text("step,vol\n1,0.05\n151,0.4\n")
    asked = ("--given", "stress.csv", "--extrapolate", "--out", "x.npy")
    result = demand_success(generate(model_directory, 200, 300, *asked))
    assert result.stdout.startswith("Given: vol 5.0%, then 40.0%.\n")
    calm, wild = np.split(np.load("x.npy"), 2, axis=1)
    assert wild.std() / calm.std() == pytest.approx(8, rel=0.2)


def test_part_of_the_paths_is_the_same_bytes_as_in_the_whole(model_directory: Path) -> None:
    for name, only in (("all", ()), ("some", ("--only", "3-5")), ("one", ("--only", 6))):
        for suffix in ("csv", "npy"):
            out = ("--seed", 4, "--out", f"{name}.{suffix}", *only)
            result = demand_success(generate(model_directory, 8, 20, *out))
            paths = {"all": "8 paths", "some": "3 paths", "one": "1 path"}[name]
            assert f"Wrote {paths} of 20 steps to {name}.{suffix} (seed 4)" in result.stdout
    whole, some, one = (np.load(f"{name}.npy") for name in ("all", "some", "one"))
    assert some.tobytes() == whole[3:6].tobytes() and one.tobytes() == whole[6:7].tobytes()
    header, *lines = Path("all.csv").read_text().splitlines()
    assert Path("some.csv").read_text().splitlines() == [header, *lines[60:120]]
    assert Path("one.csv").read_text().splitlines() == [header, *lines[120:140]]


def test_drift_is_asked_for(model_directory: Path) -> None:
    for drift in ("zero", "real", 0.5):
        out = ("--drift", drift, "--out", f"{drift}.npy")
        demand_success(generate(model_directory, 300, 252, *out))
    zero, real, half = (np.load(f"{drift}.npy") for drift in ("zero", "real", 0.5))
    error = zero.mean(axis=1).std() / np.sqrt(len(zero))
    assert abs(zero.mean()) < 4 * error
    np.testing.assert_allclose(half - zero, 0.5 / 252, atol=1e-12)
    training = np.diff(np.log(tiny.prices().to_numpy()))[:560]
    np.testing.assert_allclose(real - zero, training.mean(), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("business-days", ["2022-01-14", "2022-01-17", "2022-01-18"]),
        ("24/7", ["2022-01-14", "2022-01-15", "2022-01-16"]),
        ("XNYS", ["2022-01-14", "2022-01-18", "2022-01-19"]),  # Martin Luther King's day
    ],
)
def test_calendar_is_asked_for(model_directory: Path, name: str, dates: list[str]) -> None:
    if name == "XNYS":
        pytest.importorskip("exchange_calendars")
    asked = ("--calendar", name, "--start-date", "2022-01-14", "--out", "x.csv")
    demand_success(generate(model_directory, 1, 3, *asked))
    assert pd.read_csv("x.csv")["date"].tolist() == dates


def test_closes_are_multiples_of_the_tick(model_directory: Path) -> None:
    asked = ("--tick", 0.05, "--start-price", 20, "--out", "x.parquet")
    demand_success(generate(model_directory, 5, 60, *asked))
    frame = pd.read_parquet("x.parquet")
    assert frame["close"].tolist() == [round(20 * close) / 20 for close in frame["close"]]
    logs = np.log(frame["close"].to_numpy()).reshape(5, 60)
    steps = np.diff(logs, axis=1, prepend=np.log(20))
    np.testing.assert_allclose(frame["log_return"], steps.ravel(), atol=1e-14)
    free = ("--start-price", 20, "--out", "free.parquet")
    demand_success(generate(model_directory, 5, 60, *free))
    apart = frame["close"] - pd.read_parquet("free.parquet")["close"]
    assert apart.abs().max() <= 0.025 + 1e-12, "errors of rounding do not add up"


@pytest.mark.parametrize("values", ["close", "log_return"])
def test_wide_table_has_a_column_for_each_path(model_directory: Path, values: str) -> None:
    demand_success(generate(model_directory, 4, 10, "--out", "long.parquet"))
    asked = ("--shape", "wide", "--values", values, "--out", "wide.parquet")
    demand_success(generate(model_directory, 4, 10, *asked))
    long, wide = (pd.read_parquet(f"{name}.parquet") for name in ("long", "wide"))
    assert wide.index.is_unique and len(wide) == 10
    columns = long.pivot(index="date", columns="path", values=values)
    np.testing.assert_array_equal(wide.select_dtypes(float).to_numpy(), columns.to_numpy())


@pytest.fixture(scope="module")
def panel_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of three assets."""
    folder = tmp_path_factory.mktemp("panel")
    columns = {name: tiny.prices(seed=k).to_numpy() for k, name in enumerate("ABC")}
    pd.DataFrame(columns, tiny.prices().index).to_csv(folder / "three.csv")
    TimeSeriesGAN(tiny.config()).fit(folder / "three.csv").save(folder / "model")
    return folder / "model"


def test_wide_table_of_a_panel_and_the_one_for_vectorbt_agree(panel_directory: Path) -> None:
    only = ("--only", "2-3")
    demand_success(generate(panel_directory, 4, 10, *only, "--shape", "wide", "--out", "w.parquet"))
    demand_success(generate(panel_directory, 4, 10, *only, "--for", "vectorbt"))
    wide = pd.read_parquet("w.parquet").set_index("date")
    table = pd.read_parquet("scenarios-vectorbt/close-000002.parquet")
    assert list(wide.columns) == [f"{path}|{asset}" for path, asset in table.columns]
    np.testing.assert_array_equal(wide.to_numpy(), table.to_numpy())


@pytest.mark.parametrize("name", ["scenarios.parquet", "x.csv", "x.npy"])
def test_file_is_not_replaced_unless_asked(model_directory: Path, name: str) -> None:
    Path(name).write_text("mine")
    refused = generate(Path("nowhere"), 2, 3, "--out", name)  # before the model is loaded
    tiny.demand_refusal(refused, f"{name}: expected a new file", "--overwrite", "another name")
    assert Path(name).read_text() == "mine"
    demand_success(generate(model_directory, 2, 3, "--out", name, "--overwrite"))
    before = Path(name).read_bytes()
    assert before != b"mine"
    tiny.demand_refusal(generate(model_directory, 2, 3, "--out", name), name, "--overwrite")
    demand_success(generate(model_directory, 2, 3, "--out", name, "--resume"))
    assert Path(name).read_bytes() == before


@pytest.mark.parametrize("out", ["parts/", "for"])
def test_folder_is_never_replaced(model_directory: Path, out: str) -> None:
    Path(out).mkdir()
    (Path(out) / "notes.txt").write_text("mine")
    more = ("--for", "vectorbt") if out == "for" else ()
    refused = generate(model_directory, 2, 3, "--out", out, "--overwrite", *more)
    tiny.demand_refusal(refused, out, "empty folder", "choose another name", "delete")
    assert (Path(out) / "notes.txt").read_text() == "mine"


def test_folder_of_parts_goes_on_where_it_was_interrupted(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(folder: str, *more: object) -> Result:
        return generate(model_directory, 10, 20, "--partition", 4, "--out", folder, *more)

    demand_success(write("whole"))
    with monkeypatch.context() as patch:
        patch.setattr("tsgan.sampler.MOST_AT_ONCE", 4)
        interrupt_after_first_group(patch)
        result = write("parts")
    assert result.exit_code == 130
    assert "complete files are kept in parts; add --resume to go on" in result.stderr
    assert not (Path("parts") / "_manifest.json").exists()
    kept = len(list(Path("parts").glob("*.parquet")))
    assert 0 < kept < 3
    tiny.demand_refusal(write("parts"), "parts", "--resume")
    assert f"{4 * kept} of which were there" in demand_success(write("parts", "--resume")).stdout
    assert tiny.contents(Path("parts")) == tiny.contents(Path("whole"))
    assert len(list(Path("whole").glob("*.parquet"))) == 3
    frame = pd.read_parquet("parts").sort_values(["path", "step"])
    expected = TimeSeriesGAN.load(model_directory).sample(10, 20).log_returns
    assert frame["log_return"].tolist() == expected.ravel().tolist()
    tiny.demand_refusal(write("parts", "--resume", "--seed", 1), "parts", "seed")


def test_file_goes_on_where_it_was_interrupted(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("--resume", "--out", "x.parquet")
    demand_success(generate(model_directory, 10, 20, *asked))
    whole = Path("x.parquet").read_bytes()
    Path("x.parquet").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("tsgan.sampler.MOST_AT_ONCE", 4)
        patch.setattr("tsgan.scenario_requests.ROWS_AT_ONCE", 20)
        interrupt_after_first_group(patch)
        assert generate(model_directory, 10, 20, *asked).exit_code == 130
    assert [file.name for file in Path().iterdir()] == ["x.parquet.partial"]
    result = demand_success(generate(model_directory, 10, 20, *asked))
    assert "of which were there" in result.stdout
    assert Path("x.parquet").read_bytes() == whole
    assert [file.name for file in Path().iterdir()] == ["x.parquet"]


def test_folder_for_a_library_is_written(model_directory: Path, fitted: TimeSeriesGAN) -> None:
    result = demand_success(generate(model_directory, 3, 40, "--for", "skfolio"))
    assert "Wrote 3 paths of 40 steps for skfolio to scenarios-skfolio. Next:" in result.stdout
    script = result.stdout.split(" Next:\n")[1]
    assert "MeanRisk().fit(X)" in script and "Path('scenarios-skfolio')" in script
    compile(script, "script", "exec")
    files = sorted(Path("scenarios-skfolio").iterdir())
    assert [file.name for file in files] == [f"returns-00000{k}.parquet" for k in range(3)]
    linear = np.hstack([pd.read_parquet(file).to_numpy() for file in files]).T
    np.testing.assert_allclose(linear, np.expm1(fitted.sample(3, 40).log_returns), rtol=1e-12)
    again = generate(model_directory, 3, 40, "--for", "skfolio")
    tiny.demand_refusal(again, "scenarios-skfolio", "new or empty folder")


def test_interrupted_folder_for_a_library_is_not_left(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsgan.sampler.MOST_AT_ONCE", 4)
    interrupt_after_first_group(monkeypatch)
    assert generate(model_directory, 10, 20, "--for", "backtrader").exit_code == 130
    assert list(Path().iterdir()) == []


def test_prices_are_continued(model_directory: Path) -> None:
    history = tiny.prices(160, seed=9)
    history.to_csv("history.csv")
    asked = ("--from-history", "history.csv", "--out", "x.csv")
    result = demand_success(generate(model_directory, 3, 5, *asked))
    assert "Continuing history.csv, which ends on 2021-12-31.\n" in result.stdout
    frame = pd.read_csv("x.csv")
    first = frame[frame["step"] == 1]
    assert set(first["date"]) == {"2022-01-03"}
    before = first["close"] / np.exp(first["log_return"])
    np.testing.assert_allclose(before, history.iloc[-1], rtol=1e-12)


def test_history_shorter_than_the_memory_is_refused(
    model_directory: Path, fitted: TimeSeriesGAN
) -> None:
    memory = max(fitted.fitted_.generator.memory, LEAST_RETURNS)
    tiny.prices(memory - 1).to_csv("short.csv")
    result = generate(model_directory, 1, 2, "--from-history", "short.csv")
    words = (f"at least {memory} log returns", f"got {memory - 1}", "give a longer file")
    tiny.demand_refusal(result, "short.csv", *words)
    tiny.prices(memory).to_csv("short.csv")
    demand_success(generate(model_directory, 1, 2, "--from-history", "short.csv"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--given", "vol=bad"), ("vol:", "low, mid, high", "'bad'")),
        (("--given", "vol=-1"), ("vol:", "at least")),
        (("--given", "vol=nan"), ("vol:",)),
        (("--given", "vol=1e300"), ("vol:", "at most 10")),
        (("--given", "vol="), ("--given", "NAME=VALUE", "'vol='")),
        (("--given", "regime=high"), ("--given", "a condition of this model, vol,", "'regime'")),
        (("--given", "vol=low", "--given", "vol=high"), ("once", "'vol'")),
        (("--given", "nowhere.csv"), ("nowhere.csv",)),
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
        (("--only", "3"), ("--only", "from 0 to 2", "'3'")),
        (("--only", "2-1"), ("--only", "'2-1'")),
        (("--only", "first"), ("--only", "'first'")),
        (("--only", "1", "--partition", "2", "--out", "parts"), ("only", "leave out --partition")),
        (("--only", "1", "--out", "parts/"), ("parts/", "name a file")),
        (("--drift", "upwards"), ("drift", "real, zero", "'upwards'")),
        (("--drift", "nan"), ("drift", "'nan'")),
        (("--drift", "11"), ("drift", "at most 10")),
        (("--calendar", "moon"), ("calendar", "'moon'")),
        (("--tick", "0"), ("tick", "above 0")),
        (("--tick", "nan"), ("tick", "above 0")),
        (("--shape", "wide", "--out", "x.npy"), ("x.npy", ".parquet or .csv")),
        (("--shape", "wide", "--out", "parts/"), ("parts/", "a folder")),
        (("--partition", "2", "--out", "x.csv"), ("x.csv", "folder")),
        (("--from-history", "nowhere.csv"), ("nowhere.csv",)),
        (("--for", "skfolio", "--resume"), ("--for", "--resume")),
        (("--for", "skfolio", "--partition", "2"), ("--for", "--partition")),
        (("--for", "skfolio", "--shape", "wide"), ("--for", "--shape")),
        (("--for", "skfolio", "--out", "nowhere/x"), ("nowhere", "create it")),
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
    interrupt_after_first_group(monkeypatch)
    result = generate(model_directory, 2000, 20)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "tsgan: interrupted; nothing was left half written"
    assert list(Path().iterdir()) == []
