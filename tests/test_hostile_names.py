"""Names of someone who means harm, from a price file to the report: shown, and never obeyed."""

from __future__ import annotations

import csv
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import tiny

from tsgan import DataError, TimeSeriesGAN, read_prices
from tsgan.cli.common import reports_errors
from tsgan.data.image_sets import Images
from tsgan.errors import ConfigError
from tsgan.tracks import TrackCondition
from tsgan.wording import LONGEST_NAME, UNSEEN, printable

FORMULA = "=cmd|' /C calc'!A1"
SCRIPT = "</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
NAMES = (FORMULA, SCRIPT)
ESCAPE = "\x1b]0;owned\x07"


def panel(*names: str) -> pd.DataFrame:
    """Prices of two assets with these names."""
    columns = {name: tiny.prices(520, seed).to_numpy() for seed, name in enumerate(names)}
    return pd.DataFrame(columns, index=tiny.prices(520).index)


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "prices.csv"
    panel(*NAMES).to_csv(path)
    return path


@pytest.fixture(scope="module")
def hostile_model(hostile_file: Path) -> Path:
    """The directory of a tiny model of these prices."""
    directory = hostile_file.parent / "model"
    TimeSeriesGAN(tiny.config(2, holdout=0)).fit(hostile_file).save(directory)
    return directory


class Elements(HTMLParser):
    """The elements of a page, and all that an element could load or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def demand_harmless(page: str) -> None:
    """No element that the report has not itself, nothing that loads or runs, no request."""
    found = Elements(page)
    assert found.tags.count("script") == 2 and not {"img", "iframe", "link", "object"} & {
        *found.tags
    }
    assert not any(name.startswith("on") or name == "src" for name, _ in found.attributes)
    links = [value for name, value in found.attributes if name in ("href", "xlink:href")]
    assert all(link.startswith("#") for link in links)
    addresses = [*re.findall(r"url\(([^)]*)\)", page), *re.findall(r"@import[^;]*", page)]
    assert all(address.startswith("#") for address in addresses)
    readings = page.partition('id="readings">')[2].partition("</script>")[0]
    json.loads(readings)
    assert "<" not in readings
    assert "<script>alert" not in page and SCRIPT not in page


def test_names_go_through_fit_generate_evaluate_and_report(
    hostile_file: Path, hostile_model: Path, tiny_defaults: None, tmp_path: Path
) -> None:
    paths, report = tmp_path / "paths.csv", tmp_path / "report.html"
    made = tiny.command("generate", hostile_model, "--paths", 6, "--horizon", 260, "--out", paths)
    assert made.exit_code == 0, made.output
    with paths.open(encoding="utf-8", newline="") as file:
        assets = {row["asset"] for row in csv.DictReader(file)}
    assert assets == {"'" + FORMULA, SCRIPT}
    judged = tiny.command("evaluate", hostile_file, paths, "--report", report)
    assert judged.exit_code == 0, judged.output
    page = report.read_text(encoding="utf-8")
    demand_harmless(page)
    assert FORMULA in html.unescape(page) and SCRIPT in html.unescape(page)
    told = tiny.command("info", hostile_model)
    assert told.exit_code == 0 and FORMULA in told.output and SCRIPT in told.output


@pytest.mark.parametrize("name", [ESCAPE, "a\u202eb", "a\u2028b", "a\nb", "x" * (LONGEST_NAME + 1)])
def test_names_that_hide_something_are_refused_at_reading(name: str) -> None:
    with pytest.raises(DataError, match="rename the column") as caught:
        read_prices(panel("AAPL", name))
    message = str(caught.value)
    assert UNSEEN.search(message) is None and len(message) < 300


def test_longest_name_is_read_and_comes_back(tmp_path: Path) -> None:
    long = "x" * LONGEST_NAME
    model = TimeSeriesGAN(tiny.config(1, holdout=0)).fit(panel(long, "é\u00a0שלום"))
    model.save(tmp_path / "model")
    assert TimeSeriesGAN.load(tmp_path / "model").facts_.assets == (long, "é\u00a0שלום")


@pytest.mark.parametrize("name", [ESCAPE, "a\u2066b", "x" * (LONGEST_NAME + 1)])
def test_classes_that_hide_something_are_refused(name: str) -> None:
    from tiny_images import images

    some = images(20, classes=2)
    with pytest.raises(DataError, match="control characters"):
        Images(some.pixels, some.labels, ("a", name), "squares")
    with pytest.raises(ConfigError, match="classes"):
        TrackCondition(
            "mood", "label", classes=("a", name[:30] + name[-1:] if len(name) < 40 else name)
        )


def test_errors_are_shown_to_a_terminal_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    @reports_errors
    def fail() -> None:
        raise DataError(f"{ESCAPE}: expected\x1b[2J\r\na name \u202e; rename \ud800 it")

    with pytest.raises(BaseException, match=r"1|"):
        fail()
    shown = capsys.readouterr().err
    assert UNSEEN.search(shown.rstrip("\n")) is None
    assert r"expected\x1b[2J a name \u202e; rename \ud800 it" in shown


def test_file_names_are_kept_as_text(tmp_path: Path) -> None:
    path = tiny.write_prices(tmp_path / f"a{ESCAPE}b.csv")
    read = read_prices(path)
    assert read.source == r"a\x1b]0;owned\x07b.csv" == printable(path.name)
    assert not any(UNSEEN.search(note) for note in read.notes)
