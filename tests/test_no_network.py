"""No command but ``fetch``, and ``fit-images mnist``, ever uses a network."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REACHES = {"urllib.request", "http.client", "requests", "yfinance", "fsspec", "curl_cffi", "ftplib"}
MAY = {"mnist.py", "yahoo.py"}
"""Files that are there to download something."""

COMMANDS = ["inspect", "fit", "info", "generate", "evaluate", "fit-images", "info", "generate"]


def test_commands_run_where_any_connection_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "offline.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = run.stdout.split("\n")
    assert [line for line in said if line.startswith("ASKED")] == []
    assert [line for line in said if line] == [f"{name} 0" for name in COMMANDS], run.stdout


def test_the_refusal_itself_works() -> None:
    code = "import offline, urllib.request as u; u.urlopen('http://127.0.0.1:9')"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "tests",
    )
    assert "no network here" in run.stderr


def imported_at_once(source: Path) -> Iterator[str]:
    """Yield the modules that a file imports when it is imported, not those within functions."""
    rest: list[ast.AST] = [ast.parse(source.read_text(encoding="utf-8"))]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            rest += ast.iter_child_nodes(node)


@pytest.mark.parametrize("folder", ["tsgan", "data", "cli", "tsgan/images"])
def test_nothing_that_reaches_the_network_is_imported(folder: str) -> None:
    sources = [path for path in (ROOT / folder).glob("*.py") if path.name not in MAY]
    assert len(sources) > 10
    found = {
        f"{path.name}: {name}"
        for path in sources
        for name in imported_at_once(path)
        if any(name == one or name.startswith(one + ".") for one in REACHES)
    }
    assert found == set()
