import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from evaluation_example import HOSTILE, example_history
from image_example import shapes

from tsgan.errors import DataError
from tsgan.images.pictures import ModelPictures
from tsgan.images.report import ReportContext, render_image_report, write_image_report
from tsgan.images.report_words import close, figure, interval, sentence
from tsgan.images.results import NOTHING, Estimate, ImageEvaluation, ImageRow, Shown

CONTEXT = ReportContext("Digits", "mnist", [("Source", "mnist"), ("Seed", "7")])
IMAGES = shapes(30, 1).pixels.astype(np.float32) / 255


def row(name: str, verdict: str, **how) -> ImageRow:
    real = Estimate(1.0, 0.9, 1.1)
    values = {"samples": Estimate(3.21, 3.0, 3.4), "better": "lower", "note": "", "close": (0, 4)}
    return ImageRow(
        name=name, meaning=f"Of {name}.", real=real, verdict=verdict, **{**values, **how}
    )


def example(name: str = "mnist", classes: tuple[str, ...] = ("bar", "cross", "ring")):
    shown = Shown(
        grid=IMAGES,
        real=IMAGES[::-1],
        columns=10,
        rows=classes,
        nearest=IMAGES[:10],
        neighbours=IMAGES[10:20],
        distances=np.arange(10.0),
        confusion=np.array([[9, 1, 0], [0, 10, 0], [0, 0, 10]]),
        shares=np.array([0.3, 0.3, 0.4]),
        training_shares=np.full(3, 1 / 3),
    )
    copied = Estimate(0.0123, 0.0103, 0.0147)
    rows = (
        row("Fréchet ratio", "close", note="Distance 5 over 2."),
        row("asked-for classes", "skipped", samples=NOTHING, note="Nothing was asked."),
        row("copied images", "as real", samples=copied, share=True),
    )
    return ImageEvaluation(
        name=name,
        samples=20_000,
        n=10_000,
        training=60_000,
        test=10_000,
        classes=classes,
        judge_accuracy=0.9949,
        judge_seconds=99.0,
        frechet=Estimate(0.3, 0.2, 0.4),
        floor=Estimate(0.085, 0.08, 0.09),
        floors=5,
        rows=rows,
        shown=shown,
        warnings=("A caution.",),
    )


class Reader(HTMLParser):
    """Checks that tags nest, and collects text, tags and identifiers."""

    VOID = ("meta", "br", "wbr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words = ""
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

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += f" {data.strip()}"


MODEL = ModelPictures(
    strip=IMAGES.reshape(6, 5, 28, 28),
    checks=tuple("012345"),
    interpolation=IMAGES.reshape(3, 10, 28, 28),
)


@pytest.fixture(scope="module")
def page() -> str:
    return render_image_report(example(), CONTEXT, MODEL, example_history(400), "Wasserstein")


def test_page_is_well_formed_with_unique_identifiers(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert reader.tags.count("figure") == 11 and reader.tags.count("h1") == 1
    assert reader.tags.count("image") == 5


def test_page_needs_no_network_and_no_script_to_be_read(page: str) -> None:
    body = re.sub(r"data:image/png;base64,[^\"]*|<script.*?</script>|'sha256-[^']*'", "", page)
    assert "http" not in body.replace("http-equiv", "").lower() and "//" not in body
    assert not re.search(r"@import|<link|<img|<iframe| src=|\son[a-z]+=", body)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; img-src data:;")
    for words in ("close", "Of Fréchet ratio.", "3.21", "[3.00, 3.40]", "How it was measured"):
        assert words in body


def test_page_says_everything(page: str) -> None:
    words = Reader(page).words
    for text in (
        "The Fréchet distance to the test images is 3.21 times its floor.",
        "A caution.",
        "10,000 samples beside as many real images",
        "20,000 samples were given, of which 10,000 were chosen at random",
        "Nothing was asked.",
        "1.23 % [1.03 %, 1.47 %]",
        "99.49 % of the test images",
        "Training: Wasserstein estimate",
        "Source mnist",
    ):
        assert text in " ".join(words.split()), text


def test_names_are_escaped() -> None:
    context = ReportContext(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)])
    found = replace(example(HOSTILE, (HOSTILE, "$b$", "c")), warnings=(HOSTILE,))
    text = render_image_report(found, context)
    Reader(text)
    assert HOSTILE not in text and html.escape(HOSTILE, quote=False)[:5] in text


def test_page_without_a_model_has_what_there_is() -> None:
    shown = replace(example().shown, confusion=None, training_shares=np.full(3, np.nan), rows=())
    text = render_image_report(replace(example(), shown=shown), CONTEXT)
    assert Reader(text).tags.count("figure") == 3


def test_codes_are_told_where_there_are_any() -> None:
    text = render_image_report(example(), CONTEXT, codes=[("code 0", "<7> in 90 %")])
    assert "<dt>code 0</dt><dd>&lt;7&gt; in 90 %</dd>" in text
    assert "codes mean" not in render_image_report(example(), CONTEXT)


def test_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_image_report(tmp_path / "report.html", example(), CONTEXT)
    Reader((tmp_path / "report.html").read_text("utf-8"))
    with pytest.raises(DataError, match="does not exist"):
        write_image_report(tmp_path / "absent/report.html", example(), CONTEXT)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_sentence_begins_with_copies() -> None:
    found = example()
    assert sentence(found).startswith("Of 2 figures: 1 as real, 1 close.")
    copied = row("copied images", "off", samples=Estimate(0.42, 0.4, 0.44), share=True)
    found = replace(found, rows=(found.rows[0], copied))
    assert sentence(found).startswith("42.0 % of the samples are nearer to a training image")


def test_sentence_begins_with_samples_that_are_alike() -> None:
    found = example()
    alike = row("diversity", "off", samples=Estimate(0.23, 0.2, 0.3), close=(0.95, 1.05))
    told = sentence(replace(found, rows=(*found.rows, alike)))
    assert told.startswith("The samples of a class are 0.230 times as far from each other as test")
    assert told.endswith("times its floor.")
    apart = replace(alike, samples=Estimate(1.2, 1.1, 1.3))
    for harmless in (apart, replace(alike, verdict="close")):
        assert sentence(replace(found, rows=(*found.rows, harmless))).startswith("Of 3 figures")


def test_figures_intervals_and_limits_in_words() -> None:
    plain = row("x", "close")
    assert (figure(plain, 3.21), interval(plain, plain.samples)) == ("3.21", "[3.00, 3.40]")
    assert interval(plain, Estimate(1, 1, 1)) == "" == interval(plain, NOTHING)
    shares = row("x", "close", share=True)
    assert [figure(shares, x) for x in (0, 0.0123, 0.42, 0.9949, 1)] == [
        "0 %",
        "1.23 %",
        "42.0 %",
        "99.49 %",
        "100 %",
    ]
    assert close(plain) == "up to 4.00"
    assert close(replace(plain, better="higher", close=(9.6, np.inf))) == "from 9.60"
    assert close(replace(plain, better="near", close=(0.95, 1.05))) == "0.95 to 1.05"
