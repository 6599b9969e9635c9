"""The site builds without a warning, asks no other server, and leaves nothing public out."""

from __future__ import annotations

import html
import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import site_pages
from site_pages import DOCS, PAGES, README, ROOT

import tsgan
from tsgan.bar_metrics import PRICE_BAR_METRICS, VOLUME_METRICS
from tsgan.gauges import GAUGES
from tsgan.metrics import METRICS, STRATEGY_METRICS
from tsgan.panel_metrics import PANEL_METRICS

LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
LARGEST_FIGURE = 60_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: any warning ends the build."""
    pytest.importorskip("mkdocs", reason="the site is built by mkdocs, of the extra docs")
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def text_of(page: Path) -> str:
    """Return what a reader sees, its spaces made one."""
    bare = re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))
    return " ".join(html.unescape(bare).split())


def test_site_has_every_page_and_asks_no_other_server(site: Path) -> None:
    for page in PAGES:
        assert (site / f"{page.stem}.html").exists()
    loaded = re.compile(r"<(?:script|img|iframe|link)[^>]*>")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for tag in loaded.findall(text):
            assert "http" not in tag, f"{page.name}: {tag}"
        assert ":func:" not in text and ":mod:" not in text, page.name
    assert (site / "search" / "search_index.json").stat().st_size > 100_000


def test_site_has_the_help_of_every_command(site: Path) -> None:
    commands = site_pages.commands()
    assert {"fit", "generate", "evaluate", "inspect"} <= set(commands)
    index = text_of(site / "commands" / "index.html")
    for name, command in commands.items():
        shown = text_of(site / "commands" / f"{name}.html")
        assert f"tsgan {name}" in index
        context = command.context_class(command)
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            for part in record or ():
                assert " ".join(part.split()) in shown, f"{name}: {part}"


def test_site_documents_what_tsgan_exports(site: Path) -> None:
    api = (site / "api.html").read_text(encoding="utf-8")
    for name in tsgan.__all__:
        assert f'id="tsgan.{name}"' in api, name
        first = (inspect.getdoc(getattr(tsgan, name)) or "").splitlines()[0].split("``")[0]
        assert html.escape(first[:40], quote=False) in api, name
    for kind in (tsgan.TimeSeriesGAN, tsgan.Scenarios, tsgan.Evaluation):
        for method in vars(kind):
            if not method.startswith("_") and inspect.isfunction(getattr(kind, method)):
                assert f'id="tsgan.{kind.__name__}.{method}"' in api, method


def test_what_pages_import_of_tsgan_is_documented(site: Path) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in site.glob("api*.html"))
    imported = re.compile(r"^from (tsgan[\w.]*) import (.+)$", re.MULTILINE)
    found = 0
    for page in (README, *PAGES):
        for block in site_pages.python_blocks(page):
            for module, names in imported.findall(block):
                for name in names.strip("()").split(","):
                    shown = f'id="{module}.{name.strip()}"' in pages
                    found += 1
                    assert shown or module.startswith("tsgan.config"), f"{page.name}: {name}"
    assert found > 20


def test_every_row_of_the_report_is_explained_in_plain_words() -> None:
    text = (DOCS / "report.md").read_text(encoding="utf-8")
    strategies = {metric.name for metric in STRATEGY_METRICS}
    rows = (*METRICS, *GAUGES, *PANEL_METRICS, *PRICE_BAR_METRICS, *VOLUME_METRICS)
    for name in {row.name for row in rows} - strategies:
        assert f"`{name}`" in text, name
    for name in strategies:
        strategy, _, what = name.partition(": ")
        assert f"`{strategy}`" in text and f"`{what.split()[0]}`" in text, name
    assert "(measures.md)" in text
    assert "(report.md)" in (DOCS / "measures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_links_to_exists(page: Path) -> None:
    targets = LINK.findall(site_pages.prose(page))
    made = {"commands/index.md"} | {f"commands/{name}.md" for name in site_pages.commands()}
    assert [x for x in targets if x not in made and not (page.parent / x).exists()] == []


def test_figures_of_the_theory_are_small() -> None:
    figures = sorted((DOCS / "images").glob("theory-*"))
    assert len(figures) == 4
    assert max(figure.stat().st_size for figure in figures) < LARGEST_FIGURE


def test_developers_have_what_builds_the_site() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert extras["docs"] and set(extras["docs"]) <= set(extras["dev"])
