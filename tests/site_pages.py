"""The pages of the site as their readers see them: Python blocks, command lines, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from tsgan.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.glob("*.md"))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
Mistake = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What a command line that nobody understands ends in; typer may bring a click of its own."""

TYPED = ("", "sh", "bash", "console")
"""Languages of fences that hold what a reader types; outputs are ``text``."""


def fences(page: Path) -> list[tuple[str, str]]:
    """Return (language, content) of each fence."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


def python_blocks(page: Path) -> list[str]:
    return [content for language, content in fences(page) if language == "python"]


def prose(page: Path) -> str:
    """Return the text without its fences."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def arguments(line: str) -> list[str] | None:
    """Return what follows ``tsgan`` in a line that calls it, also as ``… -m tsgan``; else None."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # a line of something else, with one quote
        return None
    words = words[1:] if words[:1] == ["$"] else words
    if words[:1] == ["tsgan"]:
        return words[1:]
    for place in range(len(words) - 1):
        if words[place : place + 2] == ["-m", "tsgan"]:
            return words[place + 2 :]
    return None


def command_lines(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (line, arguments) of each line in a fence that calls tsgan, in order."""
    for language, content in fences(page):
        if language not in TYPED:
            continue
        for line in content.replace("\\\n", " ").splitlines():
            words = arguments(line)
            if words is not None:
                yield line, words


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def others_options(page: Path) -> set[str]:
    """Return the options that fences of the page give to programs other than tsgan."""
    found = set[str]()
    for language, content in fences(page):
        for line in content.replace("\\\n", " ").splitlines() if language in TYPED else ():
            ours = arguments(line) or ()
            found |= set(OPTION.findall(line)) - set(OPTION.findall(" ".join(ours)))
    return found


def commands() -> dict[str, Any]:
    """Return the commands of the app by name."""
    return dict(typer.main.get_command(app).commands)


def options(command: Any) -> set[str]:
    """Return the names of its options."""
    context = command.context_class(command)
    return {
        name
        for parameter in command.get_params(context)
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def parse(words: list[str]) -> None:
    """Read a command line as ``tsgan`` would, without running it.

    Raises:
        Mistake: a command, an option or a value is none.
    """
    name, *rest = words
    if name.startswith("-"):
        return
    if name not in commands():
        raise typer.BadParameter(f"no such command: {name}")
    if set(rest) & {"-h", "--help"}:
        return
    commands()[name].make_context(f"tsgan {name}", rest)
