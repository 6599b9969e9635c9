"""What a notebook shows of an evaluation."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from evaluation_example import HOSTILE, example_evaluation, example_panel

from tsgan.notebook import MARKS, evaluation_html
from tsgan.report_rows import verdict_sentence
from tsgan.results import SEVENTEEN, Evaluation


class Reader(HTMLParser):
    """Checks that tags nest; collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return example_evaluation(300)


def test_notebook_shows_verdict_warnings_and_the_counted_rows(evaluation: Evaluation) -> None:
    reader = Reader(evaluation._repr_html_())
    assert verdict_sentence(evaluation) in reader.words
    assert evaluation.warnings[0] in reader.words
    assert "Against the held-out period: " in reader.words
    assert all(name in reader.words for name in (*SEVENTEEN, "copied windows"))
    assert "only 90 returns" in reader.words and "limit 2 %" in reader.words
    assert reader.tags.count("tr") == 1 + 17 + 1


def test_other_rows_are_summed_up(evaluation: Evaluation) -> None:
    words = Reader(evaluation_html(evaluation)).words.replace("\u00a0", " ")
    assert "21 further rows: distributions " in words
    assert "memory and shape ● 1, ○ 1, ◆ 1" in words
    assert "VaR 1%" not in words
    few = replace(evaluation, rows=evaluation.rows[:18])
    assert "further" not in evaluation_html(few)


def test_signs_and_colours_tell_the_verdicts_apart(evaluation: Evaluation) -> None:
    text = evaluation_html(evaluation)
    for verdict, (sign, colour) in MARKS.items():
        assert re.search(rf'color:{colour};white-space:nowrap">{sign}&nbsp;{verdict}<', text)
    assert len({sign for sign, _ in MARKS.values()}) == len(MARKS)


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_colours_are_legible_on_light_and_dark_pages(page: str, evaluation: Evaluation) -> None:
    """Contrast by the formula of the Web Content Accessibility Guidelines 2.1."""
    for colour in set(re.findall(r"#[0-9a-f]{6}", evaluation_html(evaluation))):
        high, low = sorted((luminance(page), luminance(colour)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, colour


def test_piece_changes_nothing_around_it_and_asks_for_nothing(evaluation: Evaluation) -> None:
    text = evaluation_html(evaluation)
    reader = Reader(text)
    assert reader.attributes <= {"style", "title", "colspan"}
    assert not {"style", "script", "img", "link"} & set(reader.tags)
    assert "http" not in text and "url(" not in text and len(text) < 60_000


def test_names_are_escaped(evaluation: Evaluation) -> None:
    rows = [replace(r, note=f'{HOSTILE}"', meaning=f'"{HOSTILE}') for r in evaluation.rows]
    panel = example_panel(3)
    assets = {HOSTILE: replace(evaluation, rows=tuple(rows)), '"><b>': evaluation}
    for hostile in (replace(evaluation, rows=tuple(rows)), replace(panel, assets=assets)):
        reader = Reader(evaluation_html(hostile))
        assert not {"script", "b"} & set(reader.tags)
        assert HOSTILE in reader.words and reader.attributes <= {"style", "title", "colspan"}


def test_several_assets_show_their_counts() -> None:
    panel = example_panel(4)
    reader = Reader(evaluation_html(panel))
    assert reader.tags.count("table") == 1 and reader.tags.count("tr") == 1 + 4
    assert "asset 1" in reader.words and "1.1 %" in reader.words
    assert "over 4 assets" in reader.words and "4 further rows: several assets" in reader.words


def test_evaluation_without_rows_is_shown(evaluation: Evaluation) -> None:
    assert "No row was counted." in evaluation_html(replace(evaluation, rows=()))
