"""``tsgan inspect``, and the options for reading of every command."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import tiny

from tsgan import TimeSeriesGAN, read_prices
from tsgan.cli.reading_options import options_given
from tsgan.reading import ReadConfig

pytestmark = pytest.mark.usefixtures("elsewhere", "tiny_defaults")


def damaged(prices: Path) -> Path:
    """Copy the prices: line 5 without a price, line 9 a hundredfold, line 21 twice."""
    lines = prices.read_text().splitlines()
    day, close, rest = lines[8].split(",", 2)
    lines[8] = f"{day},{100 * float(close)},{rest}"
    lines[4] = f"{lines[4].split(',')[0]},,1"
    path = Path("damaged.csv")
    path.write_text("\n".join([*lines[:21], lines[20], *lines[21:]]) + "\n")
    return path


def test_a_clean_file_is_described(price_file: Path) -> None:
    result = tiny.command("inspect", price_file)
    assert result.exit_code == 0, result.output
    prices = read_prices(price_file)
    first, last = prices.values.index[[0, -1]].strftime("%Y-%m-%d")
    assert f"{first} … {last}" in result.stdout and prices.sha256 in result.stdout
    assert "701 read = 701 used + 0 left out" in result.stdout
    assert "Nothing was left out, and nothing looks odd." in result.stdout
    assert result.stdout.splitlines()[-1] == f"Next: tsgan fit {price_file}"


def test_a_damaged_file_is_refused_with_the_row_and_the_option(price_file: Path) -> None:
    result = tiny.command("inspect", damaged(price_file))
    tiny.demand_refusal(result, "damaged.csv, line 9", "--glitches drop")


def test_doubtful_rows_are_listed_with_their_lines(price_file: Path) -> None:
    path = damaged(price_file)
    result = tiny.command("inspect", path, "--glitches", "drop", "--json", "account.json")
    assert result.exit_code == 0, result.output
    assert "702 read = 699 used + 3 left out" in result.stdout
    account = json.loads(Path("account.json").read_text(encoding="utf-8"))
    found = {one["kind"]: (one["action"], one["rows"], one["lines"]) for one in account["findings"]}
    assert found == {
        "missing": ("dropped", 1, "5"),
        "glitches": ("dropped", 1, "9"),
        "duplicates": ("dropped", 1, "22"),
    }
    assert (account["rows_read"], account["prices"]) == (702, 699)
    assert account["reading"]["glitches"] == "drop"
    assert result.stdout.splitlines()[-1] == f"Next: tsgan fit {path} --glitches drop"


def test_all_lines_are_listed_when_asked(price_file: Path) -> None:
    lines = price_file.read_text().splitlines()
    for k in range(10, 40, 2):
        lines[k] = f"{lines[k].split(',')[0]},,1"
    Path("holes.csv").write_text("\n".join(lines))
    short, long = (tiny.command("inspect", "holes.csv", *more).stdout for more in ([], ["--all"]))
    assert "and 7 more rows" in short and "39" not in short.split("missing")[1].split("Next")[0]
    assert ", ".join(str(k + 1) for k in range(10, 40, 2)) in long


def test_many_assets_are_described_and_one_of_them_is_next() -> None:
    days = pd.bdate_range("2020-01-01", periods=300).strftime("%Y-%m-%d")
    rows = ["Date,AAA,BBB", *(f"{day},{9 + k % 4},{50 + k % 3}" for k, day in enumerate(days))]
    Path("wide.csv").write_text("\n".join(rows))
    result = tiny.command("inspect", "wide.csv")
    assert "300 of 2 assets AAA, BBB" in result.stdout
    assert result.stdout.splitlines()[-1] == "Next: tsgan fit wide.csv --column AAA"


def test_a_file_too_short_to_fit_is_not_recommended() -> None:
    Path("short.csv").write_text("Date,Close\n2024-01-02,5\n2024-01-03,6\n2024-01-04,5\n")
    line = tiny.command("inspect", "short.csv").stdout.splitlines()[-1]
    assert line == "Next: give a longer file: tsgan fit needs 257 prices at least"


def test_an_evaluation_reads_as_the_fit_did(price_file: Path, unjudged: None) -> None:
    path = damaged(price_file)
    told = ("--glitches", "drop")
    assert tiny.command("fit", path, "-o", "m", "--steps", 4, *told).exit_code == 0
    wrote = tiny.command("generate", "m", "--paths", 20, "--horizon", 698, "-o", "p.parquet")
    assert wrote.exit_code == 0
    for synthetic in ("m", "p.parquet"):
        result = tiny.command("evaluate", path, synthetic)
        assert result.exit_code == 0, result.output
        assert "Prices are read as those of the model were: --glitches drop." in result.stdout
        assert "In-sample: the model was trained on" in result.stdout


def test_a_fit_reads_as_told_and_a_resumed_one_as_before(
    price_file: Path, unjudged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = damaged(price_file)
    told = ("--glitches", "drop", "--break", "60d")
    assert tiny.command("fit", path, "-o", "whole", "--steps", 4, *told).exit_code == 0
    facts = TimeSeriesGAN.load("whole").facts_
    assert facts.prices == 699
    assert ReadConfig.from_dict(facts.reading) == ReadConfig(glitches="drop", break_after=5.184e6)
    assert {one["kind"] for one in facts.findings} == {"missing", "glitches", "duplicates"}
    refused = tiny.command("fit", path, "-o", "whole", "--resume", "--glitches", "keep")
    tiny.demand_refusal(refused, "--resume goes on with the settings", "--glitches")
    assert tiny.command("fit", path, "-o", "whole", "--resume").exit_code == 0


def test_an_evaluation_reads_as_told(price_file: Path, model_directory: Path) -> None:
    path = damaged(price_file)
    result = tiny.command("evaluate", path, model_directory)
    tiny.demand_refusal(result, "damaged.csv, line 9", "--glitches")
    assert tiny.command("evaluate", path, model_directory, "--glitches", "drop").exit_code == 0


@pytest.mark.parametrize(
    ("option", "value"), [("--dates", "sometimes"), ("--glitches", "mend"), ("--fill-limit", "0")]
)
def test_a_wrong_value_is_refused_before_any_work(
    price_file: Path, option: str, value: str
) -> None:
    result = tiny.command("inspect", price_file, option, value)
    tiny.demand_refusal(result, option.lstrip("-").replace("-", "_"), "expected", value)


def test_options_given_say_how_to_read_it_again() -> None:
    reading = ReadConfig(dates="day-first", break_after=864_000.0, fill_limit=3)
    told = ["--dates", "day-first", "--fill-limit", "3", "--break", "10d"]
    assert options_given(reading) == told
    assert options_given(ReadConfig()) == []
