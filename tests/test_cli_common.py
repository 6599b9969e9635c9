"""What holds for all commands: help without weight, durations, errors as one line."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import tiny
import typer

from tsgan.cli.common import duration, parse_duration, parse_holdout, reports_errors
from tsgan.cli.reading_options import option_of
from tsgan.errors import ConfigError, DataError
from tsgan.reading import ReadConfig

READING = " ".join(map(option_of, (item.name for item in fields(ReadConfig))))
OPTIONS = {
    "fit": (
        f"{READING} --out --column --window --max-time --steps --objective --preset --patience "
        "--batch --clip-gradients --precision --holdout --condition --label --bars --calendar "
        "--seed --device --tensorboard --evaluation --no-evaluation --resume --overwrite"
    ),
    "generate": (
        "--paths --horizon --seed --only --given --extrapolate --from-history --drift "
        "--start-price --start-date --calendar --tick --out --shape --values --partition --for "
        "--resume --overwrite --images --engine --address --workers"
    ),
    "evaluate": f"{READING} --column --trained-until --json --report --seed",
    "inspect": f"{READING} --column --all --json",
    "fetch": "--start --end --interval --out --overwrite --no-cache",
    "info": "",
}
HEAVY = ("torch", "pandas", "scipy", "numpy", "pyarrow", "matplotlib", "arch", "jinja2")
HEAVY += ("tensorboard",)
SHOW_HELP = f"""
import sys
from tsgan.cli.app import main
try:
    main()
except SystemExit as end:
    found = sorted(set({HEAVY}) & set(sys.modules))
    print("code", end.code, "heavy", found)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SHOW_HELP, *arguments], capture_output=True, text=True, check=True
    )
    code = 0 if arguments else 2  # without a command, help is shown and is a usage error
    assert ran.stdout.splitlines()[-1] == f"code {code} heavy []"


def test_help_lists_the_commands() -> None:
    result = tiny.command("--help")
    assert result.exit_code == 0
    assert [name for name in OPTIONS if not re.search(rf"^\W*{name} ", result.stdout, re.M)] == []


@pytest.mark.parametrize("name", OPTIONS)
def test_help_of_a_command_lists_its_options(name: str) -> None:
    result = tiny.command(name, "--help")
    assert result.exit_code == 0
    shown = set(re.findall(r"--[a-z-]+", result.stdout))
    assert set(OPTIONS[name].split()) == shown - {"--help"}


def test_version_is_shown() -> None:
    assert re.fullmatch(r"tsgan \d+\.\d+\.\d+\S*\n", tiny.command("--version").stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ["surprise"],
        ["fit"],
        ["fit", "x.csv", "--surprise"],
        ["fit", "x.csv", "--steps", "many"],
        ["generate", "m", "--paths", "3"],
        ["generate", "m", "--paths", "0", "--horizon", "5"],
        ["generate", "m", "--paths", "3", "--horizon", "0"],
        ["generate", "m", "--paths", "3", "--horizon", "10000001"],
        ["generate", "m", "--paths", "3", "--horizon", "5", "--shape", "round"],
        ["generate", "m", "--paths", "3", "--horizon", "5", "--for", "abacus"],
        ["generate", "m", "--paths", "3", "--horizon", "5", "--partition", "0"],
        ["generate", "m", "--paths", "3", "--horizon", "5", "--seed", "-1"],
        ["generate", "m", "--paths", "3", "--horizon", "5", "--start-price", "dear"],
        ["evaluate", "x.csv"],
        ["info"],
        ["info", "a", "b"],
    ],
)
def test_usage_error_exits_with_2(arguments: list[str]) -> None:
    result = tiny.command(*arguments)
    assert result.exit_code == 2 and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0.5", 0.5), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("1h30m", 5400)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-5", "5 m", "m", "5w", "1e3", "nan", "inf", "5m!"]
)
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"a duration such as 90s, 5m, 1h30m or 10d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (90_000, "25 h"),
    ],
)
def test_durations_are_shown(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.2", 0.2), ("0", 0.0), ("2018-01-02", "2018-01-02"), ("auto", "auto")],
)
def test_holdouts_are_read(text: str, expected: float | str) -> None:
    assert parse_holdout(text) == expected


@pytest.mark.parametrize("text", ["", "20%", "02.01.2018", "2018-1-2", "never"])
def test_what_is_no_holdout_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"a fraction such as 0.2 or a date"):
        parse_holdout(text)


@pytest.mark.parametrize("error", [DataError, ConfigError])
def test_domain_error_is_one_line(
    error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    @reports_errors
    def command() -> None:
        raise error("expected\n  this,\ngot [red]that[/red]")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "tsgan: expected this, got [red]that[/red]\n"


def test_other_errors_are_not_hidden() -> None:
    @reports_errors
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


def test_interrupt_exits_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    @reports_errors
    def command() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err.startswith("tsgan: interrupted")


def test_module_is_the_command(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tsgan", "info", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith("tsgan: nowhere: expected a model directory")
    assert ran.stderr.count("\n") == 1
