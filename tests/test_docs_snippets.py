"""What the pages show works: Python runs, command lines are understood, the tutorial runs whole."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import site_pages
import tiny
from site_pages import PAGES, README, prose, python_blocks

from tsgan import TimeSeriesGAN

TUTORIAL = "tutorial.md"
WITH_PYTHON = [page for page in PAGES if python_blocks(page) and page.name != TUTORIAL]
SMALLER = {
    "max_seconds=300": "steps=2",
    "steps=20": "steps=2",
    "n_samples=500": "n_samples=20",
    "n_samples=200": "n_samples=20",
}
FEWER = {"200": "4", "500": "4", "1260": "300"}
"""Paths and steps of the tutorial, and how many here."""


@pytest.fixture
def place(
    tmp_path: Path,
    price_file: Path,
    model_directory: Path,
    fitted: TimeSeriesGAN,
    tiny_defaults: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with what the pages suppose to be there, and small sizes."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(price_file, "prices.csv")
    shutil.copytree(model_directory, "prices-model")
    np.save("rival.npy", fitted.sample(20, 700).log_returns)
    return tmp_path


def smaller(block: str) -> str:
    for large, small in SMALLER.items():
        block = block.replace(large, small)
    return block


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
@pytest.mark.filterwarnings("ignore::tsgan.errors.ScenarioWarning")  # a tiny model saw little
def test_python_of_a_page_runs_from_its_top_to_its_end(page: Path, place: Path) -> None:
    names: dict[str, object] = {}
    for block in python_blocks(page):
        exec(compile(smaller(block), page.name, "exec"), names)
    if page.name == "learner.md":
        assert names["paths"].shape == (3, 1, 250)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_command_lines_of_a_page_are_understood(page: Path, elsewhere: None) -> None:
    mistaken = []
    for line, words in site_pages.command_lines(page):
        try:
            site_pages.parse(words)
        except site_pages.Mistake as error:
            mistaken.append(f"{line}: {error.format_message()}")
    assert mistaken == []


def test_a_command_line_that_nobody_understands_is_found() -> None:
    for words in (["fit", "x.csv", "--epochs", "3"], ["train", "x.csv"], ["fit", "--steps", "few"]):
        with pytest.raises(site_pages.Mistake):
            site_pages.parse(words)
    with pytest.raises(site_pages.Mistake):
        site_pages.parse(["generate", "model", "--for", "zipper"])
    assert site_pages.arguments("torchrun --nproc-per-node=2 -m tsgan fit x.csv") == [
        "fit",
        "x.csv",
    ]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_options_in_the_text_exist(page: Path) -> None:
    """In ``tsgan COMMAND … --option`` the command has the option; any other, some command, or
    another program that the page shows."""
    commands = site_pages.commands()
    every = set().union(*map(site_pages.options, commands.values())) | {"--version"}
    mistaken = []
    for span in re.findall(r"`([^`]+)`", prose(page)):
        named = set(site_pages.OPTION.findall(span))
        if span.startswith("tsgan "):
            name = span.split()[1]
            known = site_pages.options(commands[name]) if name in commands else every
        elif span.startswith("--"):
            known = every | site_pages.others_options(page)
        else:
            continue  # another program's
        mistaken += [f"{span}: {option}" for option in sorted(named - known)]
    assert mistaken == []


def test_tutorial_runs_as_it_stands_with_a_smaller_model(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of its commands but the fit, and all of its Python, in their order."""
    # compiling takes longer than all the rest
    monkeypatch.setattr(pytest.importorskip("numba").core.config, "DISABLE_JIT", 1)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    page, names, ran = site_pages.DOCS / TUTORIAL, dict[str, object](), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that trade
        pytest.importorskip("backtesting")
        pytest.importorskip("vectorbt")
        for language, content in site_pages.fences(page):
            if language == "python":
                exec(compile(content, page.name, "exec"), names)
            for line in content.splitlines() if language == "sh" else ():
                words = site_pages.arguments(line)
                if words is None or words[0] == "fit":
                    continue  # fitted already
                done = tiny.command(*(FEWER.get(word, word) for word in words))
                assert done.exit_code == 0, f"{line}\n{done.output}"
                ran.append(words[0])
    assert ran[0] == "inspect" and ran.count("generate") >= 5
    assert len(names["results"]) == 4  # type: ignore[arg-type]
    assert names["grid"].shape == (4, 3)  # type: ignore[attr-defined]
    told = capsys.readouterr().out
    for word in ("Sharpe Ratio", "best of three", "wild-paths"):
        assert word in told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_has_a_placeholder(page: Path) -> None:
    assert not re.search(r"@[A-Z]+@|TODO|FIXME", page.read_text(encoding="utf-8"))
