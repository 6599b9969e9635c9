"""The benchmark of quality: its figures against direct computations, its table, its processes."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from evaluation_example import example_evaluation, random_walks

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import quality
from quality_measures import largest_moves, largest_sd, long_memory, long_memory_distance, measure
from quality_peers import WINDOW, Clock, joined_paths
from quality_series import SERIES, read_series
from quality_table import COLUMNS, HEAD, csv_text, picture, table

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RETURNS = {
    "nasdaq": 5030,
    "wti": 8320,
    "eurusd": 7125,
    "aapl": 9398,
    "goog": 3684,
    "vix": 9234,
    "eurusd_1h": 6224,
}


def record(**given: Any) -> dict[str, Any]:
    """What a run may leave in its JSON file."""
    garch = {"at_half": 4 + given.get("seed", 0), "inside": 13, "counted": 17}
    usual = {
        "learner": "tsgan",
        "series": "sp500",
        "asked_seconds": 300.0,
        "asked_steps": None,
        "seed": 0,
        "holdout": "auto",
        "training_seconds": 300.0,
        "at_half": 12,
        "inside": 17,
        "counted": 17,
        "off": [],
        "relative": {"sd": 0.02},
        "copied_windows": 0.01,
        "garch": {"GARCH-n": garch, "GARCH-t": garch, "GJR-t": {**garch, "counted": 0}},
    }
    return usual | given


def lines_of(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert head == list(HEAD)
    return [dict(zip(head, cells, strict=True)) for cells in rows]


def test_a_line_has_the_medians_and_the_worst_of_its_seeds() -> None:
    runs = [
        record(seed=0, at_half=14, off=["Lev"], relative={"sd": 0.01}, copied_windows=0.011),
        record(seed=1, at_half=9, off=["DY(1)", "Lev"], relative={"sd": -0.2}),
        record(seed=2, at_half=12, relative={"sd": 0.1}, copied_windows=0.25),
    ]
    line = lines_of(table(runs, [], {}))[0]
    assert (line["series"], line["model"], line["budget"]) == ("sp500", "tsgan", "5 min")
    assert line["seeds"] == "3"
    assert line["at 50 %"] == "12 (9) of 17"
    assert line["sd"] == "+1 % (−20 %)"
    assert line["copied"] == "1.1 % (25.0 %)"
    assert line["off"] == "DY(1) ×1, Lev ×2"
    assert line["MiB"] == ""


def test_series_budgets_learners_and_holdouts_have_lines_of_their_own() -> None:
    runs = [
        record(learner="PAR"),
        record(asked_seconds=90.0, off=["Lev"]),
        record(asked_seconds=None, asked_steps=2000),
        record(),
        record(series="/somewhere/own.csv"),
        record(holdout=0.2),
    ]
    lines = lines_of(table(runs, ["DGAN"], {}))
    found = [(line["series"], line["model"], line["budget"]) for line in lines]
    garch = [("GARCH-n", ""), ("GARCH-t", "")]
    assert found == [
        ("sp500", "tsgan", "90 s"),
        ("sp500", "tsgan", "5 min"),
        ("sp500", "tsgan", "2,000 steps"),
        ("sp500", "PAR", "5 min"),
        *(("sp500", *name) for name in garch),
        ("own", "tsgan", "5 min"),
        *(("own", *name) for name in garch),
        ("sp500, holdout 0.2", "tsgan", "5 min"),
        *(("sp500, holdout 0.2", *name) for name in garch),
        ("", "DGAN", "not installed"),
    ]
    assert lines[0]["off"] == "Lev"


def test_garch_is_counted_once_for_each_seed() -> None:
    runs = [record(asked_seconds=s, seed=seed) for s in (120.0, 300.0, 600.0) for seed in (0, 3)]
    garch = next(line for line in lines_of(table(runs, [], {})) if line["model"] == "GARCH-n")
    assert (garch["seeds"], garch["at 50 %"]) == ("2", "5.5 (4) of 17")


def test_failures_stand_below_the_table() -> None:
    text = table([], [], {"sp500, tsgan, 5 s, seed 1": "out of memory"})
    assert text.endswith("Failed: sp500, tsgan, 5 s, seed 1: out of memory\n")


def test_every_figure_of_every_run_is_in_the_csv() -> None:
    lines = csv_text([record(off=["Lev", "DY(1)"]), record(seed=1, steps=7)]).splitlines()
    head, first, second = (line.split(",") for line in lines)
    cells = [dict(zip(head, row, strict=True)) for row in (first, second)]
    assert cells[0]["off"] == "Lev; DY(1)"
    assert (cells[0]["relative.sd"], cells[0]["garch.GARCH-n.at_half"]) == ("0.02", "4")
    assert (cells[0]["steps"], cells[1]["steps"]) == ("", "7")


def test_the_picture_has_tsgans_medians_by_seconds() -> None:
    runs = [record(training_seconds=600.0, asked_seconds=600.0, at_half=15, learner="PAR")]
    for seconds, counts in ((600.0, (13, 15, 16)), (120.0, (8, 9, 12))):
        runs += [
            record(asked_seconds=seconds, training_seconds=seconds, seed=seed, at_half=count)
            for seed, count in enumerate(counts)
        ]
    runs.append(record(series="quantgans"))
    lines = picture(runs).axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["sp500", "quantgans"]
    assert lines[0].get_xydata().tolist() == [[120, 9], [600, 15]]


def autocorrelations(x: np.ndarray, lags: range) -> np.ndarray:
    x = x - x.mean()
    return np.array([(x[lag:] * x[:-lag]).sum() / (x**2).sum() for lag in lags])


def test_long_memory_is_the_gap_of_mean_curves_at_lags_100_to_250() -> None:
    paths = np.diff(random_walks(4, 600, seed=3))
    real, synthetic = paths[0], paths[1:]
    lags = range(100, 251)
    mean = np.mean([autocorrelations(np.abs(path), lags) for path in synthetic], axis=0)
    gap = autocorrelations(np.abs(real), lags) - mean
    direct = math.sqrt(sum(gap**2) / 151)
    assert long_memory_distance(real, synthetic) == pytest.approx(direct, rel=1e-9)
    found = long_memory(real, synthetic, seed=0)
    assert found["value"] == pytest.approx(direct, rel=1e-9)
    assert 0 < found["band"][0] < found["band"][1] < found["band"][2]


def test_extremes_are_ratios_to_the_real_series() -> None:
    random = np.random.default_rng(0)
    real = random.normal(size=1000) + 3
    real[500:752] *= 5
    paths = np.array([2 * real, 0.5 * real, -real])
    assert largest_moves(real, paths) == pytest.approx([0.5, 0.55, 1, 1.9, 2])
    year = max(real[start : start + 252].std() for start in range(749))
    assert largest_sd(real, paths) == pytest.approx(2 * real.std() / year)


def test_counts_are_those_of_the_evaluation() -> None:
    found = example_evaluation(400)
    paths = np.diff(random_walks(3, 400, seed=1))
    measured = measure(found, paths[0], paths[1:], seed=0)
    rows = [row for row in found.rows if row.name in measured["rows"]]
    assert len(rows) == measured["counted"] == 16
    assert measured["at_half"] == found.count("indistinguishable")
    assert measured["inside"] == found.count("indistinguishable", "within noise")
    assert measured["off"] == ["DY(100)"]
    best = [min(row.baselines[name] for name in ("GARCH-n", "GARCH-t", "GJR-t")) for row in rows]
    below = [row.value <= limit for row, limit in zip(rows, best, strict=True)]
    assert measured["at_or_below_garch"] == sum(below)
    garch = [row.baselines["GJR-t"] <= row.band[1] for row in rows if row.band]
    assert measured["garch"]["GJR-t"]["at_half"] == sum(garch)
    held = [row.held_out for row in rows if row.held_out and row.held_out.verdict != "skipped"]
    near = sum(one.value <= one.training for one in held if one.training is not None)
    assert measured["held_out"] == {"at_or_below_training": near, "comparable": 15}
    assert measured["relative"]["sd"] == pytest.approx(0.02)
    assert measured["copied_windows"] == 0.011
    assert measured["tails"]["rows"]["Hill 5%"] is True
    w1 = found.row("W1(5)/sd")
    assert measured["over_garch_n"]["W1(5)/sd"] == w1.value / w1.baselines["GARCH-n"]
    json.dumps(measured, allow_nan=False)


def test_budgets_are_the_command_lines_durations(capsys: pytest.CaptureFixture[str]) -> None:
    asked = quality.arguments(["--budgets", "2m", "90s", "--seeds", "0", "1", "--out", "x"])
    jobs = quality.jobs_of(asked, ["tsgan"])
    assert [(job.asked_seconds, job.seed) for job in jobs] == [(120, 0), (120, 1), (90, 0), (90, 1)]
    with pytest.raises(SystemExit):
        quality.arguments(["--budgets", "soon", "--out", "x"])
    assert "expected a duration such as 90s" in capsys.readouterr().err


def test_whatever_changes_a_run_changes_the_name_of_its_file() -> None:
    job = quality.Job("tsgan", "sp500", 120.0, None, 0, "auto", None)
    others = (("learner", "PAR"), ("series", "vix"), ("seed", 1), ("asked_seconds", 60.0))
    others += (("holdout", 0.2), ("asked_steps", 5), ("series", "a/x.csv"), ("series", "b/x.csv"))
    names = {replace(job, **{name: value}).file for name, value in others}
    assert len(names | {job.file}) == 1 + len(others)
    assert replace(job, data="/elsewhere").file == job.file


@pytest.mark.parametrize(
    ("series", "words"),
    [("dax", ["'dax'", *SERIES]), ("nasdaq", ["nasdaq", "--data"])],
)
def test_series_that_are_not_there_are_refused_in_one_line(tmp_path, series, words) -> None:
    with pytest.raises(SystemExit) as refused:
        quality.main(["--series", "sp500", series, "--out", str(tmp_path / "out")])
    line = str(refused.value)
    assert [word for word in words if word not in line] == [] and "\n" not in line
    assert not (tmp_path / "out").exists()


def test_finished_runs_are_not_run_again(tmp_path, monkeypatch, capsys) -> None:
    ran = []

    def run(job: Any, out: Path) -> str:
        ran.append(job.seed)
        if job.seed == 1:
            return "no memory"
        (out / job.file).write_text(json.dumps(record(seed=job.seed)), encoding="utf-8")
        return ""

    monkeypatch.setattr(quality, "run_process", run)
    command = ["--seeds", "0", "1", "2", "--out", str(tmp_path)]
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            quality.main(command)
        assert ended.value.code == 1
        assert "seed 1: no memory" in capsys.readouterr().out.splitlines()[-1]
    assert ran == [0, 1, 2, 1]
    assert lines_of((tmp_path / "quality.md").read_text(encoding="utf-8"))[0]["seeds"] == "2"
    assert {"quality.csv", "quality.png"} <= set(tiny.contents(tmp_path))


def test_a_process_that_fails_is_reported_by_its_last_line(tmp_path) -> None:
    (tmp_path / "text.csv").write_text("no\nprices\n", encoding="utf-8")
    job = quality.Job("tsgan", str(tmp_path / "text.csv"), None, 2, 0, "auto", None)
    reason = quality.run_process(job, tmp_path)
    assert "DataError" in reason and "\n" not in reason
    assert not (tmp_path / job.file).exists()


@pytest.mark.usefixtures("tiny_defaults")
def test_a_run_of_tsgan_leaves_a_record_that_the_table_can_show(tmp_path, price_file) -> None:
    asked = ["--series", str(price_file), "--steps", "3", "--holdout", "0.2", "--out", "x"]
    (job,) = quality.jobs_of(quality.arguments(asked), ["tsgan"])
    quality.do(job, tmp_path)
    (left,) = quality.read_records(tmp_path)
    assert (left["steps"], left["returns"], left["paths"]) == (3, tiny.RETURNS, 20)
    assert 0 < left["training_seconds"] <= left["fit_seconds"]
    assert left["held_out"]["comparable"] > 0
    (line, garch) = lines_of(table([left], [], {}))
    assert [column.head for column in COLUMNS if not line[column.head]] == []
    assert garch["model"] == "GARCH-n"


def test_peers_stop_when_the_budget_is_spent_and_windows_are_joined() -> None:
    clock = Clock(None, 3)
    with clock:
        while True:
            clock.check()
            clock.done += 1
    assert clock.done == 3 and clock.passed > 0
    with pytest.raises(ZeroDivisionError), Clock(1e-9, None) as _:
        raise ZeroDivisionError
    windows = np.arange(6.0)[:, None] + np.linspace(0, 0.5, WINDOW)
    paths = joined_paths(lambda count: windows[:count], 2, 300)
    assert paths.shape == (2, 300)
    assert paths[1, 127:129].tolist() == [3.5, 4.0]


def test_series_of_the_repository_need_no_folder() -> None:
    assert len(read_series("sp500")) == 5031
    period = read_series("quantgans")
    assert len(period) == 2433
    assert period.values.index[0].isoformat()[:10] == "2009-05-01"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the files of ../shared/data")
@pytest.mark.parametrize("name", RETURNS)
def test_series_have_all_their_returns(name) -> None:
    assert len(read_series(name, SHARED)) - 1 == RETURNS[name]
