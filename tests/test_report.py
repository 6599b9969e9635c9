import html
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from evaluation_example import HOSTILE, example_evaluation, example_history, example_rows

from tsgan.errors import DataError
from tsgan.objectives import OBJECTIVES
from tsgan.report import ESTIMATES, ReportContext, render_report, write_metrics, write_report
from tsgan.report_rows import band_bar, best, number, under_mark, verdict_sentence
from tsgan.results import SEVENTEEN, Evaluation, Row

CONTEXT = ReportContext("S&P 500", "1999 to 2018", [("Data file", "prices.csv"), ("Seed", "7")])


class Reader(HTMLParser):
    """Checks that tags nest, and collects text and identifiers."""

    VOID = ("meta", "link", "br", "img", "hr", "input")

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


def row(value: float = 1.0, **other: object) -> Row:
    made = Row("sd", "", value, None, None, (0.5, 1.0, 2.0), "indistinguishable")
    return replace(made, **other)  # type: ignore[arg-type]


def test_page_is_well_formed_with_unique_identifiers(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {use.removeprefix("#") for use in reader.uses} <= set(reader.ids)
    assert reader.tags.count("figure") == 14 and reader.tags.count("h1") == 1


def test_page_needs_no_network_and_no_script(page: str) -> None:
    assert "http" not in page.lower() and "//" not in re.sub(r"<text.*?</text>", "", page)
    assert not re.search(r"@import|<link|<script|<img|<iframe| src=", page)
    assert all(
        target.startswith("#")
        for target in re.findall(r"url\(([^)]*)\)|href=\"([^\"]*)\"", page)[0]
        if target
    )


def test_page_is_small(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_page_of_a_long_series_is_small() -> None:
    text = render_report(
        example_evaluation(steps=10_000), CONTEXT, example_history(50_000), "Wasserstein"
    )
    assert len(text.encode()) < 1_000_000


def test_order_is_verdict_warnings_table_pictures_method_facts(
    page: str, evaluation: Evaluation
) -> None:
    marks = ["<h1", verdict_sentence(evaluation)[:20], "overlaps the training", "<table", "<figure"]
    marks += ["How it was measured", "prices.csv"]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_every_row_and_its_meaning_is_there(page: str, evaluation: Evaluation) -> None:
    words = " ".join(Reader(page).words)
    for one in evaluation.rows:
        assert one.name in words and one.meaning in words
    assert "only 90 returns" in words and "limit 2 %" in words
    assert "200 single paths" in words and "blocks of 250 steps" in words


def test_reason_of_a_skip_stands_in_its_row(page: str) -> None:
    skipped = page[page.index("W1(100)/sd</summary>") :]
    skipped = skipped[: skipped.index("</tr>")]
    assert 'colspan="4">only 90 returns<' in skipped and ">skipped<" in skipped
    assert "<title>" not in skipped  # no bar


def test_hostile_names_are_escaped(evaluation: Evaluation, no_pictures: None) -> None:
    rows = tuple(replace(r, meaning=HOSTILE, note=HOSTILE) for r in evaluation.rows)
    rows = tuple(replace(r, baselines={HOSTILE: 1.0, '"><b>': 2.0}) for r in rows)
    hostile = replace(evaluation, name=HOSTILE, rows=rows, warnings=(HOSTILE,))
    page = render_report(hostile, ReportContext(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)]))
    reader = Reader(page)
    assert "script" not in reader.tags and "b" in reader.tags  # the page's own <b>
    assert '"><b>' not in page and page.count("&lt;script&gt;") > 30


def test_page_without_baselines_history_warnings_and_facts(
    evaluation: Evaluation, no_pictures: None
) -> None:
    bare = replace(
        evaluation, rows=tuple(replace(r, baselines={}) for r in evaluation.rows), warnings=()
    )
    page = render_report(bare, ReportContext("t", "", []))
    assert "baseline" not in page[page.index("<body") :].replace("among the baselines", "")
    assert Reader(page).tags.count("figure") == 0
    assert "Facts" not in page and "Warnings" not in page


def test_page_without_any_row_counted(evaluation: Evaluation, no_pictures: None) -> None:
    Reader(render_report(replace(evaluation, rows=evaluation.rows[-1:]), CONTEXT))
    Reader(render_report(replace(evaluation, rows=()), CONTEXT))


def test_verdict_sentence_counts_the_seventeen(evaluation: Evaluation) -> None:
    verdicts = ["indistinguishable"] * 14 + ["within noise"] * 3
    rows = [
        row(name=name, verdict=verdict) for name, verdict in zip(SEVENTEEN, verdicts, strict=True)
    ]
    copied = row(name="copied windows", value=0.011, band=None)
    good = replace(evaluation, rows=(*rows, copied, row(name="skew", verdict="off")))
    expected = "14 of 17 rows cannot be told from a perfect model, 3 are within noise, none is off"
    assert verdict_sentence(good) == f"{expected}; copied windows 1.1\u00a0%."
    assert verdict_sentence(replace(good, rows=tuple(rows))) == f"{expected}."
    copy = replace(copied, value=0.48, verdict="off")
    assert "48\u00a0%. The paths repeat the training data" in verdict_sentence(
        replace(good, rows=(*rows, copy))
    )


def test_verdict_sentence_of_skipped_and_bad_rows(evaluation: Evaluation) -> None:
    rows = (row(verdict="off"), row(name="Lev", verdict="off"), row(math.nan, verdict="skipped"))
    bad = replace(evaluation, rows=rows)
    expected = "None of 3 rows passes for a perfect model, none is within noise, 2 are off"
    assert verdict_sentence(bad) == f"{expected}, 1 could not be computed."


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.02649, 3, "0.026"),
        (0.01197, 4, "0.0120"),
        (48.21, 3, "48.2"),
        (3.14159, 3, "3.14"),
        (1234.5, 3, "1,234"),
        (-0.0432, 4, "−0.0432"),
        (0.0, 3, "0"),
        (0.00021, 3, "2.1e−4"),
        (12345678.0, 3, "1.2e7"),
        (None, 3, "–"),
        (math.nan, 3, "–"),
        (math.inf, 3, "–"),
    ],
)
def test_numbers_have_three_digits(value: float | None, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_bar_puts_the_95_percent_mark_at_one_place_in_every_row() -> None:
    bar = band_bar(row(1.5))
    assert bar is not None
    assert (bar.low, bar.middle, bar.high, bar.value) == pytest.approx((0.15, 0.3, 0.6, 0.45))
    assert not bar.beyond
    far = band_bar(row(40.0))
    assert far is not None and far.beyond and far.value == 1


@pytest.mark.parametrize("other", [{"band": None}, {"value": math.nan}, {"band": (0.0, 0.0, 0.0)}])
def test_no_bar_without_band_or_value(other: dict[str, object]) -> None:
    assert band_bar(replace(row(), **other)) is None  # type: ignore[arg-type]


def test_best_is_the_smallest_distance_of_a_model() -> None:
    assert best(row(0.5, baselines={"GARCH-n": 0.7, "GARCH-t": math.nan})) == ""
    assert best(row(0.5, baselines={"GARCH-n": 0.4, "iid bootstrap": 0.1})) == "GARCH-n"
    assert best(row(0.5, baselines={"iid bootstrap": 0.1})) is None
    assert best(row(math.nan, baselines={"GARCH-n": 0.4})) is None
    assert best(row(0.5, band=None, baselines={"GARCH-n": 0.4})) is None


def test_rows_under_a_mark_are_counted_per_baseline() -> None:
    rows = [row(baselines={"a": 1.0}), row(baselines={"a": 1.5}), row(), row(baselines={"a": 9.0})]
    assert under_mark(rows, "a", 1) == 1 and under_mark(rows, "a", 2) == 2
    assert under_mark(rows, "b", 2) == 0


def test_estimate_is_described_for_every_objective(
    evaluation: Evaluation, no_pictures: None
) -> None:
    assert set(ESTIMATES) == {kind.distance for kind in OBJECTIVES.values()}
    history = {name: example_history(200)[name] for name in ("step", "estimate")}
    for distance, caption in ESTIMATES.items():
        page = html.unescape(render_report(evaluation, CONTEXT, history, distance))
        assert f"Training: {distance} estimate" in page and caption in page
        assert page.count("estimate") == page.count(f"{distance} estimate") > 0


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
