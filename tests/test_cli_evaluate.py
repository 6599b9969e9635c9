"""``tsgan evaluate`` against a series that is its own model, and against one that is not."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from evaluation_example import example_evaluation
from rich.console import Console

from tsgan.cli.tables import evaluation_table, print_evaluation
from tsgan.results import SEVENTEEN

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")

ROWS = {
    *(f"W1({k})/sd" for k in (1, 5, 20, 100)),
    *("ACF(id)", "ACF(abs)", "ACF(sq)", "Lev", "sd", "kurtosis", "Hill 5%"),
    *("VaR 1%", "VaR 5%", "ES 1%", "ES 5%", "copied windows"),
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Paths of the very process that the prices are from."""
    file = tmp_path_factory.mktemp("paths") / "garch.npy"
    np.save(file, np.stack([tiny.garch_returns(seed=seed) for seed in range(1, 21)]))
    return file


def test_table_metrics_and_report_agree(price_file: Path, paths: Path) -> None:
    arguments = ("--json", "m.json", "--report", "r.html")
    result = tiny.command("evaluate", price_file, paths, *arguments)
    assert result.exit_code == 0 and result.stderr == "", result.output
    metrics = json.loads(Path("m.json").read_text())
    rows = {row["name"]: row for row in metrics["metrics"]}
    assert set(rows) >= ROWS and set(rows) >= set(SEVENTEEN)
    assert (metrics["returns"], metrics["paths"], metrics["horizon"]) == (700, 20, 700)
    counted = metrics["rows_of_seventeen"]
    assert sum(counted.values()) == 17
    assert counted["off"] <= 3, "the process itself cannot be told from the prices"
    real = np.diff(np.log(tiny.prices().to_numpy()))
    assert rows["sd"]["real"] == pytest.approx(real.std(), rel=1e-3)
    assert rows["sd"]["synthetic"] == pytest.approx(np.load(paths).std(), rel=1e-3)
    assert set(rows["sd"]["baselines"]) == {"GARCH-n"} and len(rows["sd"]["band"]) == 3
    for name, row in rows.items():
        lines = [line for line in result.stdout.splitlines() if line.startswith(f" {name} ")]
        assert len(lines) == 1 and row["verdict"] in lines[0]
    page = Path("r.html").read_text()
    assert "garch.npy against garch.csv" in page and "<svg" in page
    assert "Wrote m.json." in result.stdout and "Wrote r.html" in result.stdout
    assert sorted(file.name for file in Path().iterdir()) == ["m.json", "r.html"]


def test_other_process_is_told_apart(price_file: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, (20, 700))
    np.save("x.npy", noise)
    assert tiny.command("evaluate", price_file, "x.npy", "--json", "m.json").exit_code == 0
    rows = {row["name"]: row for row in json.loads(Path("m.json").read_text())["metrics"]}
    for name in ("W1(1)/sd", "sd", "ES 1%", "ES 99%"):
        assert rows[name]["verdict"] == "off"


def test_seed_decides(price_file: Path, paths: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tiny.command("evaluate", price_file, paths, "--json", name, "--seed", seed)
    a, b, c = (Path(name).read_text() for name in "abc")
    assert a == b != c


def test_column_can_be_chosen(price_file: Path, paths: Path) -> None:
    arguments = ("--json", "m.json", "--column", "Open")
    assert tiny.command("evaluate", price_file, paths, *arguments).exit_code == 0
    rows = {row["name"]: row for row in json.loads(Path("m.json").read_text())["metrics"]}
    half = np.diff(np.log(tiny.prices().to_numpy())) / 2  # opens are twice the root of closes
    assert rows["sd"]["real"] == pytest.approx(half.std(), rel=1e-3)


def test_several_columns_are_refused(price_file: Path, paths: Path) -> None:
    columns = ("--column", "Close", "--column", "Open")
    result = tiny.command("evaluate", price_file, paths, *columns)
    tiny.demand_refusal(result, "one column", "Close, Open")


@pytest.mark.parametrize("name", ["--json", "--report"])
def test_target_is_checked_before_anything_is_read(name: str) -> None:
    result = tiny.command("evaluate", "nowhere.csv", "nowhere.npy", name, "nowhere/x")
    tiny.demand_refusal(result, "nowhere/x", "a folder that exists")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((2, 700), np.nan), ("finite log returns", "NaN")),
        (np.full((2, 700), np.inf), ("finite log returns",)),
        (np.zeros((2, 700)), ("vary",)),
        (np.full((2, 700), 100.0) + np.arange(700), ("look like prices",)),
        (np.zeros(700), ("shape (paths, horizon)",)),
    ],
)
def test_synthetic_paths_that_are_none_are_refused(
    price_file: Path, array: np.ndarray, words: tuple[str, ...]
) -> None:
    np.save("x.npy", array)
    result = tiny.command("evaluate", price_file, "x.npy", "--json", "m.json", "--report", "r.html")
    tiny.demand_refusal(result, "expected", *words)
    assert [file.name for file in Path().iterdir()] == ["x.npy"]


@pytest.mark.parametrize("synthetic", ["nowhere.npy", "x.txt", "broken.parquet"])
def test_file_of_no_paths_is_refused(price_file: Path, synthetic: str) -> None:
    Path("broken.parquet").write_text("PAR1")
    tiny.demand_refusal(tiny.command("evaluate", price_file, synthetic), synthetic, "expected")


def test_missing_prices_are_refused(paths: Path) -> None:
    tiny.demand_refusal(tiny.command("evaluate", "nowhere.csv", paths), "nowhere.csv")


def test_table_fits_a_terminal_of_80_columns() -> None:
    evaluation = example_evaluation(300)
    evaluation = replace(evaluation, rows=evaluation.rows[:-1])  # the last has a hostile name
    page = io.StringIO()
    Console(width=80, file=page).print(evaluation_table(evaluation))
    lines = page.getvalue().splitlines()
    for row in evaluation.rows:
        (line,) = (line for line in lines if line.startswith(f" {row.name} "))
        assert row.verdict in line and len(line) <= 80
    assert "…" not in page.getvalue()


def test_warnings_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = example_evaluation(300)
    print_evaluation(evaluation)
    shown = capsys.readouterr().out
    assert [text for text in evaluation.warnings if f"Note: {text}" not in shown] == []
