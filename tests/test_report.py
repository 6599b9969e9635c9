import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from evaluation_example import (
    BASELINES,
    HOSTILE,
    example_evaluation,
    example_history,
    example_panel,
    example_rows,
)

from tsgan.errors import DataError
from tsgan.objectives import OBJECTIVES
from tsgan.report import ReportContext, render_report, write_metrics, write_report
from tsgan.report_captions import ESTIMATES
from tsgan.report_rows import number, under_mark, verdict_sentence
from tsgan.results import SEVENTEEN, Evaluation

CONTEXT = ReportContext("S&P 500", "1999 to 2018", [("Data file", "prices.csv"), ("Seed", "7")])


class Reader(HTMLParser):
    """Checks that tags nest, and collects text and identifiers."""

    VOID = ("meta", "link", "br", "col", "wbr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.uses: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.uses += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return example_evaluation()


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    return render_report(evaluation, CONTEXT, example_history(), "Wasserstein")


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second; tests of the words go without."""
    monkeypatch.setattr("tsgan.report.evaluation_figures", lambda curves: {})


def test_page_is_well_formed_with_unique_identifiers(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {use.removeprefix("#") for use in reader.uses} <= set(reader.ids)
    assert reader.tags.count("figure") == 20 and reader.tags.count("h1") == 1


def test_page_needs_no_network(page: str) -> None:
    body = re.sub(r"<text.*?</text>|'sha256-[^']*'", "", page)
    assert "http" not in page.replace("http-equiv", "").lower() and "//" not in body
    assert not re.search(r"@import|<link|<img|<iframe| src=", page)
    targets = re.findall(r"url\(([^)]*)\)", page) + re.findall(r'href="([^"]*)"', page)
    assert targets and all(target.startswith("#") for target in targets)


def test_policy_allows_the_script_of_the_page_alone(page: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert [kind for kind, _ in scripts] == [' type="application/json" id="readings"', ""]
    digest = base64.b64encode(hashlib.sha256(scripts[1][1].encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert len(policy) == 1 and "default-src 'none'" in policy[0]
    assert re.findall(r"script-src ([^;]*)", policy[0]) == [f"'sha256-{digest}'"]


def test_values_for_the_pointer_are_few_and_cannot_end_their_script(page: str) -> None:
    text = page.partition('id="readings">')[2].partition("</script>")[0]
    assert "<" not in text and HOSTILE in json.dumps(json.loads(text))
    for panel in (panel for picture in json.loads(text) for panel in picture):
        assert len(panel["at"]) <= 300
        assert all(len(one["values"]) == len(panel["at"]) for one in panel["series"])


def test_page_of_a_long_series_is_small() -> None:
    text = render_report(
        example_evaluation(steps=5030), CONTEXT, example_history(50_000), "Wasserstein"
    )
    assert len(text.encode()) < 1_500_000


def test_order_is_verdict_warnings_table_pictures_method_facts(
    page: str, evaluation: Evaluation
) -> None:
    marks = ["<h1", verdict_sentence(evaluation)[:20], "overlaps the training", "<table", "<figure"]
    marks[4:4] = ["copied windows<", "Further rows", "Against the held-out period</h2>"]
    marks += ["How it was measured", "prices.csv"]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_every_row_and_its_meaning_is_there(page: str, evaluation: Evaluation) -> None:
    words = " ".join(Reader(page).words)
    for one in evaluation.rows:
        assert one.name in words and one.meaning in words
    assert "only 90 returns" in words and "limit 2 %" in words
    assert "200 single paths" in words and "blocks of 250 steps" in words


def table(page: str, label: str) -> str:
    return page.partition(f'aria-label="{label}"')[2].partition("</table>")[0]


def names(text: str) -> list[str]:
    return re.findall(r"<summary>(.*?)</summary>", text)


def test_seventeen_and_copied_windows_come_first_then_the_groups(page: str) -> None:
    assert names(table(page, "The seventeen rows")) == [*SEVENTEEN, "copied windows"]
    titles = re.findall(r'<span class="title">(.*?)</span>', page)
    assert titles[:3] == ["Distributions", "Memory and shape", "Tails"]
    assert titles[-2:] == ["Further rows", "All rows in words"]
    assert names(table(page, "Judges")) == ["discriminative score", "TSTR"]
    summary = page.partition('<span class="title">Memory and shape')[2].partition("</summary>")[0]
    assert re.findall(r"</svg>(.*?)</span>", summary) == [
        "1 indistinguishable",
        "1 within noise",
        "1 off",
    ]


def test_further_sets_stand_before_baselines_with_their_own_sums(page: str) -> None:
    first = table(page, "The seventeen rows")
    heads = re.findall(r'<th scope="col" class="name[^"]*">(.*?)</th>', first)
    assert [head.replace("\u2011", "-") for head in heads] == ["recursive", *BASELINES]
    sums = first.partition('class="sums"')[2].partition("</tr>")[0]
    rows = example_rows()[:17]
    expected = [under_mark(rows, name, 1) for name in ["recursive", *BASELINES]]
    found = re.findall(r'class="baseline[^>]*>(\d+)<', sums)
    assert [int(one) for one in found] == expected


def test_interval_and_spread_stand_under_their_figures(page: str) -> None:
    hill = page[page.index("Hill 5%</summary>") :].partition("</tr>")[0]
    assert re.findall(r"\[(.*?)\]", hill) == ["2.49, <wbr>3.39", "2.61, <wbr>3.19"]


def test_held_out_table_has_its_own_distances(page: str, evaluation: Evaluation) -> None:
    text = table(page, "Rows against the held-out period")
    assert names(text) == list(SEVENTEEN)
    kept = evaluation.row("sd").held_out
    assert kept is not None and kept.training is not None
    one = text[text.index("<summary>sd<") :].partition("</tr>")[0]
    words = re.sub(r"<[^>]*>", " ", one).replace(" ", "")
    assert number(kept.value) in words and number(kept.training) in words
    assert "only 40 returns held out" in text
    assert len(names(table(page, "Further rows against the held-out period"))) == 21


def test_page_of_several_assets(no_pictures: None) -> None:
    several = example_panel(6)
    page = render_report(several, CONTEXT)
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids)) and reader.tags.count("script") == 2
    assert reader.tags.count("figure") == 3
    assets = table(page, "Assets")
    assert assets.count('<ul class="strip">') == 6 and assets.count("<li ") == 6 * 17
    assert names(table(page, "Several assets")) == [row.name for row in several.rows]
    assert names(table(page, "asset 2")) == [*SEVENTEEN, "copied windows"]
    assert "over 6 assets" in page and "Jointly: " in page


def test_reason_of_a_skip_stands_in_its_row(page: str) -> None:
    skipped = page[page.index("W1(100)/sd</summary>") :]
    skipped = skipped[: skipped.index("</tr>")]
    assert 'colspan="4">only 90 returns<' in skipped and ">skipped<" in skipped
    assert "<title>" not in skipped  # no bar


def test_hostile_names_are_escaped(evaluation: Evaluation, no_pictures: None) -> None:
    rows = tuple(replace(r, meaning=HOSTILE, note=HOSTILE) for r in evaluation.rows)
    rows = tuple(
        replace(r, baselines={HOSTILE: 1.0, '"><b>': 2.0}, others={f"{HOSTILE}'": 1.0})
        for r in rows
    )
    hostile = replace(evaluation, name=HOSTILE, rows=rows, warnings=(HOSTILE,))
    hostile = replace(hostile, assets={HOSTILE: hostile, '"><b>': hostile})
    page = render_report(hostile, ReportContext(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)]))
    reader = Reader(page)
    assert reader.tags.count("script") == 2 and reader.tags.count("b") == 1  # the page's own
    assert '"><b>' not in page and page.count("&lt;script&gt;") > 30


def test_page_without_baselines_history_warnings_and_facts(
    evaluation: Evaluation, no_pictures: None
) -> None:
    bare = replace(
        evaluation, rows=tuple(replace(r, baselines={}, others={}) for r in evaluation.rows)
    )
    bare = replace(bare, warnings=())
    page = render_report(bare, ReportContext("t", "", []))
    assert 'class="baseline' not in table(page, "The seventeen rows") and "<b>" not in page
    assert Reader(page).tags.count("figure") == 0
    assert "Facts" not in page and "Warnings" not in page


def test_page_without_any_row_counted(evaluation: Evaluation, no_pictures: None) -> None:
    Reader(render_report(replace(evaluation, rows=evaluation.rows[-1:]), CONTEXT))
    Reader(render_report(replace(evaluation, rows=()), CONTEXT))


def test_estimate_is_described_for_every_objective(
    evaluation: Evaluation, no_pictures: None
) -> None:
    assert set(ESTIMATES) == {kind.distance for kind in OBJECTIVES.values()}
    history = {name: example_history(200)[name] for name in ("step", "estimate")}
    for distance, caption in ESTIMATES.items():
        page = html.unescape(render_report(evaluation, CONTEXT, history, distance))
        assert f"Training: {distance} estimate" in page and caption in page
        words = " ".join(Reader(page).words)
        assert words.count("estimate") == words.count(f"{distance} estimate") > 0


def test_metrics_are_strict_json(tmp_path: Path, evaluation: Evaluation) -> None:
    write_metrics(tmp_path / "metrics.json", evaluation)
    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert found == evaluation.to_dict()
    assert [m["name"] for m in found["metrics"]] == [r.name for r in example_rows()]


def test_files_are_written_whole_or_not_at_all(
    tmp_path: Path, evaluation: Evaluation, no_pictures: None
) -> None:
    write_report(tmp_path / "report.html", evaluation, CONTEXT)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("</html>")
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(DataError, match=r"report\.html: the folder .* does not exist"):
        write_report(tmp_path / "nowhere" / "report.html", evaluation, CONTEXT)


def test_same_values_give_the_same_page(page: str, evaluation: Evaluation) -> None:
    assert render_report(evaluation, CONTEXT, example_history(), "Wasserstein") == page
