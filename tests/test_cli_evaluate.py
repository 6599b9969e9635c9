"""``tsgan evaluate`` against a series that is its own model, and against one that is not."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from evaluation_example import example_evaluation
from rich.console import Console

from tsgan.cli.tables import evaluation_table, print_evaluation
from tsgan.report_rows import COPIED
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
    assert result.exit_code == 0, result.output
    stages = result.stderr.splitlines()
    assert stages[0] == "  0%  measuring the synthetic paths" and stages[-1] == "100%  evaluated"
    assert all(re.fullmatch(r" *\d+%  \S.*", line) for line in stages)
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
    shown = 0
    for name, row in rows.items():
        lines = [line for line in result.stdout.splitlines() if line.startswith(f" {name} ")]
        assert len(lines) <= 1 and all(row["verdict"] in line for line in lines)
        shown += len(lines)
    assert shown == len(SEVENTEEN) + 1
    others = [line for line in result.stdout.splitlines() if line.startswith("Also, ")]
    counts = [int(number) for line in others for number in re.findall(r"\((\d+) rows\)", line)]
    assert sum(counts) == len(rows) - shown
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


def test_several_columns_are_compared_jointly(price_file: Path) -> None:
    columns = ("--column", "Close", "--column", "Open")
    closes = np.stack([tiny.garch_returns(seed=seed) for seed in range(1, 6)])
    np.save("both.npy", np.stack([closes, closes / 2], axis=2))
    arguments = ("--json", "m.json", "--report", "r.html")
    result = tiny.command("evaluate", price_file, "both.npy", *columns, *arguments)
    assert result.exit_code == 0, result.output
    metrics = json.loads(Path("m.json").read_text())
    assert set(metrics["assets"]) == {"Close", "Open"}
    rows = {row["name"]: row for row in metrics["metrics"]}
    assert rows["corr(r)"]["value"] == pytest.approx(0, abs=1e-9)  # an open is a power of the close
    assert "corr(r)" in result.stdout and "Open: " in result.stdout
    assert re.search(r"^ \d\d%  Open: \w", result.stderr, re.MULTILINE)
    np.save("one.npy", closes)
    tiny.demand_refusal(
        tiny.command("evaluate", price_file, "one.npy", *columns), "one.npy", "three dimensions"
    )
    tiny.demand_refusal(
        tiny.command("evaluate", price_file, "both.npy"), "both.npy", "2 columns", "--column"
    )


def test_columns_of_a_wide_file_are_not_told_one_by_one() -> None:
    closes = np.stack([tiny.garch_returns(seed=seed) for seed in range(1, 6)])
    np.save("both.npy", np.stack([closes, -closes], axis=2))
    both = tiny.prices().to_frame("A").assign(B=tiny.prices(seed=7).to_numpy())
    both.to_csv("wide.csv")
    result = tiny.command("evaluate", "wide.csv", "both.npy")
    assert result.exit_code == 0 and "each an asset" not in result.stdout, result.output
    assert "Joined 2 assets on the 701 rows that all of them have." in result.stdout
    both[["A"]].to_csv("one.csv")
    np.save("one.npy", closes)
    assert "'A' is the price" in tiny.command("evaluate", "one.csv", "one.npy").stdout


def test_model_knows_what_it_was_trained_on(
    price_file: Path, model_directory: Path, paths: Path
) -> None:
    result = tiny.command("evaluate", price_file, model_directory, paths, "--json", "m.json")
    assert result.exit_code == 0, result.output
    shares = [int(line.partition("%")[0]) for line in result.stderr.splitlines()]
    assert shares == sorted(set(shares)) and shares[-1] == 95
    assert result.stderr.endswith(" 95%  asking for conditions\n"), "it comes after the rows"
    assert "In-sample: the model was trained on 560 of these 700 returns." in result.stdout
    assert "garch.npy: " in result.stdout, "the other set of paths is scored as well"
    metrics = json.loads(Path("m.json").read_text())
    rows = {row["name"]: row for row in metrics["metrics"]}
    assert metrics["held_out_returns"] == 140
    assert rows["sd"]["held_out"]["value"] >= 0 and rows["sd"]["others"]["garch.npy"] >= 0
    assert "needs 50,000 synthetic returns" in rows["PIT uniformity"]["note"]
    tiny.demand_refusal(
        tiny.command("evaluate", price_file, model_directory, "--column", "Close", *OPEN),
        "a model of Close",
        "Close, Open",
        "--column",
    )


OPEN = ("--column", "Open")


def test_parquet_of_generate_knows_it_too(price_file: Path, model_directory: Path) -> None:
    for name in ("paths.parquet", "paths.csv"):
        tiny.command("generate", model_directory, "--paths", 3, "--horizon", 700, "--out", name)
    known = tiny.command("evaluate", price_file, "paths.parquet", "--json", "a.json")
    assert "trained on 560 of these 700" in known.stdout
    blind = tiny.command("evaluate", price_file, "paths.csv", "--json", "b.json")
    assert "training period of these paths is not known" in blind.stdout
    day = f"{tiny.prices().index[560]:%Y-%m-%d}"
    told = tiny.command("evaluate", price_file, "paths.csv", "--trained-until", day, "--json", "c")
    assert told.exit_code == 0 and "trained on 560 of these 700" in told.stdout
    rows = [json.loads(Path(name).read_text())["metrics"] for name in ("a.json", "c", "b.json")]
    values = [[row["value"] for row in table if row["group"] == "tails"] for table in rows]
    assert values[0] == pytest.approx(values[1], rel=1e-6, nan_ok=True)
    held = [[row["held_out"] is not None for row in table] for table in rows]
    assert any(held[0]) and held[0] == held[1] and not any(held[2])
    tiny.demand_refusal(
        tiny.command("evaluate", price_file, "paths.csv", "--trained-until", "then"),
        "--trained-until",
        "YYYY-MM-DD",
    )


def test_no_file_of_the_command_is_replaced(price_file: Path, paths: Path) -> None:
    Path("prices.csv").write_bytes(price_file.read_bytes())
    Path("paths.npy").write_bytes(paths.read_bytes())
    Path("folder").mkdir()
    before = {name: Path(name).read_bytes() for name in ("prices.csv", "paths.npy")}
    for options in (
        ("--report", "prices.csv"),
        ("--json", "./paths.npy"),
        ("--json", "same", "--report", "same"),
        ("--json", "folder"),
    ):
        result = tiny.command("evaluate", "prices.csv", "paths.npy", *options)
        tiny.demand_refusal(result, options[-1].removeprefix("./"), "expected a file")
    assert before == {name: Path(name).read_bytes() for name in before}


def test_copies_are_accused_before_anything_else(price_file: Path) -> None:
    result = tiny.command("evaluate", price_file, price_file)
    assert result.exit_code == 0
    (line,) = (one for one in result.stdout.splitlines() if "copied windows 100" in one)
    assert line.startswith("The paths repeat the training data")
    assert "off (longest shared run)" in result.stdout


def test_same_file_twice_is_refused(price_file: Path, paths: Path) -> None:
    tiny.demand_refusal(tiny.command("evaluate", price_file, paths, paths), "different files")


def test_returns_are_no_prices(paths: Path) -> None:
    returns = pd.Series(tiny.garch_returns(), tiny.prices().index[1:], name="ret")
    returns.rename_axis("Date").to_csv("returns.csv")
    tiny.demand_refusal(
        tiny.command("evaluate", "returns.csv", paths),
        "returns.csv",
        "look like returns",
        "--returns",
    )


def test_wide_prices_are_paths(price_file: Path) -> None:
    walks = {f"p{k}": tiny.prices(seed=k).to_numpy() for k in range(1, 6)}
    pd.DataFrame(walks).to_csv("wide.csv", index=False)
    result = tiny.command("evaluate", price_file, "wide.csv", "--json", "m.json")
    assert result.exit_code == 0 and "prices" in result.stdout, result.output
    metrics = json.loads(Path("m.json").read_text())
    assert (metrics["paths"], metrics["horizon"]) == (5, 700)


@pytest.mark.parametrize("name", ["--json", "--report"])
def test_target_is_checked_before_anything_is_read(name: str) -> None:
    result = tiny.command("evaluate", "nowhere.csv", "nowhere.npy", name, "nowhere/x")
    tiny.demand_refusal(result, "nowhere/x", "a folder that exists")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((2, 700), np.nan), ("NaN",)),
        (np.full((2, 700), np.inf), ("inf",)),
        (np.zeros((2, 700)), ("vary",)),
        (np.full((2, 700), 100.0) + np.arange(700), ("prices",)),
        (np.zeros((2, 2, 2, 2)), ("shape",)),
    ],
)
def test_synthetic_paths_that_are_none_are_refused(
    price_file: Path, array: np.ndarray, words: tuple[str, ...]
) -> None:
    np.save("x.npy", array)
    result = tiny.command("evaluate", price_file, "x.npy", "--json", "m.json", "--report", "r.html")
    tiny.demand_refusal(result, "x.npy", "expected", *words)
    assert [file.name for file in Path().iterdir()] == ["x.npy"]


@pytest.mark.parametrize("synthetic", ["nowhere.npy", "x.txt", "broken.parquet"])
def test_file_of_no_paths_is_refused(price_file: Path, synthetic: str) -> None:
    Path("broken.parquet").write_text("PAR1")
    tiny.demand_refusal(tiny.command("evaluate", price_file, synthetic), synthetic, "expected")


def test_missing_prices_are_refused(paths: Path) -> None:
    tiny.demand_refusal(tiny.command("evaluate", "nowhere.csv", paths), "nowhere.csv")


def test_table_fits_a_terminal_of_80_columns() -> None:
    evaluation = example_evaluation(300)
    page = io.StringIO()
    Console(width=80, file=page).print(evaluation_table(evaluation))
    lines = page.getvalue().splitlines()
    for row in evaluation.rows:
        if row.name in (*SEVENTEEN, COPIED):
            (line,) = (line for line in lines if line.startswith(f" {row.name} "))
            assert row.verdict in line and len(line) <= 80
    assert "…" not in page.getvalue()


def test_warnings_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = example_evaluation(300)
    print_evaluation(evaluation)
    shown = capsys.readouterr().out
    assert [text for text in evaluation.warnings if f"Note: {text}" not in shown] == []
