"""What is said while one waits."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from tsgan.cli import progress


def told(stages: list[tuple[str, float]]) -> None:
    with progress.stage_bar("evaluating") as tell:
        for message, share in stages:
            tell(message, share)


def test_stages_are_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told([("measuring [x]", 0.0), *((f"asset {k}", k / 1000) for k in range(1001))])
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[:2] == ["  0%  measuring [x]", "  5%  asset 50"]
    assert lines[-1] == "100%  asset 1000" and len(lines) == progress.PLAIN_LINES + 1


def test_stage_that_takes_long_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    told([("first", 0.0), ("second", 0.04), ("third", 0.55), ("fourth", 0.59), ("last", 0.6)])
    assert re.findall(r"\w+$", capsys.readouterr().err, re.MULTILINE) == ["first", "third", "last"]


def test_terminal_has_one_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=60)
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    told([("measuring", 0.0), ("evaluated", 1.0)])
    assert "evaluated" in page.getvalue() and "%  measuring" not in page.getvalue()
