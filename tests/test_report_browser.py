"""The report in a real browser: silent, offline, everything visible, values under the pointer."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_example import example_evaluation, example_history, example_panel

from tsgan.pictured import BandCurve, Curves
from tsgan.report import ReportContext, render_report
from tsgan.results import Evaluation

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(not BROWSER, reason="needs chromium or google-chrome on the PATH")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1400,1000",
]
CONTEXT = ReportContext("S&P 500", "1999 to 2018", [("Data file", "prices.csv" * 20)])

CHECK = Path(__file__).with_name("report_check.js").read_text(encoding="utf-8")


def browse(folder: Path, page: str, *flags: str) -> subprocess.CompletedProcess[str]:
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)


def findings(folder: Path, page: str, width: int) -> dict[str, Any]:
    """What the check script finds in a copy of the page, whose policy allows this script too.

    The copy is shown in a frame, since a window of the browser cannot be as narrow as a phone.
    """
    digest = base64.b64encode(hashlib.sha256(CHECK.encode()).digest()).decode()
    page = page.replace("script-src ", f"script-src 'sha256-{digest}' ")
    page = page.replace("</body>", f"<script>{CHECK}</script></body>")
    style = f"width:{width}px;height:900px;border:0"
    frame = f'<!DOCTYPE html><iframe style="{style}" srcdoc="{html.escape(page)}"></iframe>'
    dom = browse(folder, frame, "--dump-dom").stdout
    shown = re.search(r'<pre id="findings">(.*?)</pre>', dom, re.DOTALL)
    assert shown, "the check script did not run"
    found: dict[str, Any] = json.loads(html.unescape(shown[1]))
    return found


def noise(folder: Path, page: str) -> tuple[list[str], list[str]]:
    """Lines of the console, and addresses that the page asked for beside itself.

    What the browser asks for on its own has no initiator that is an origin.
    """
    log = folder / "net.json"
    flags = ("--enable-logging=stderr", "--log-level=0", f"--log-net-log={log}", "--dump-dom")
    errors = browse(folder, page, *flags).stderr
    started = re.findall(r'"initiator":"([^"]*)".*"url":"([^"]*)"', log.read_text("utf-8"))
    asked = {url for initiator, url in started if initiator != "not an origin"}
    asked = {url for url in asked if not re.match(r"file:|data:|chrome", url)}
    return [line for line in errors.splitlines() if "CONSOLE" in line], sorted(asked)


@pytest.fixture(scope="module")
def one() -> Evaluation:
    return example_evaluation()


@pytest.fixture(scope="module")
def page(one: Evaluation) -> str:
    return render_report(one, CONTEXT, example_history(), "Wasserstein")


@pytest.fixture(scope="module")
def wide(page: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return findings(tmp_path_factory.mktemp("wide"), page, 1200)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, dict[str, Any]]:
    """On a phone, single and several assets in one page, to start the browser once."""
    several, one = example_panel(5), example_evaluation()
    several = replace(several, curves=one.curves, rows=(*one.rows, *several.rows))
    page = render_report(several, CONTEXT)
    return several, findings(tmp_path_factory.mktemp("narrow"), page, 390)


def test_page_is_silent_and_asks_for_nothing(page: str, tmp_path: Path) -> None:
    assert noise(tmp_path, page) == ([], [])


def test_noise_is_heard(page: str, tmp_path: Path) -> None:
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    loud = '<img src="http://127.0.0.1:9/a.png"><script>unknown()</script>'
    console, asked = noise(tmp_path, page.replace("<main>", f"<main>{loud}"))
    assert any("unknown is not defined" in line for line in console)
    assert asked == ["http://127.0.0.1:9/a.png"]


def test_all_figures_lie_within_a_wide_page(wide: dict[str, Any]) -> None:
    check_layout(wide, 1200, 20)
    assert all(width > 400 for _, _, width, _ in wide["plots"])


def test_all_figures_lie_within_a_phone(narrow: tuple[Evaluation, dict[str, Any]]) -> None:
    check_layout(narrow[1], 390, 19)


def check_layout(found: dict[str, Any], width: int, figures: int) -> None:
    assert found["width"] == width and found["page"] <= width and found["widest"] <= width
    assert len(found["plots"]) == figures
    for left, right, wide, high in found["plots"]:
        assert left >= 0 and right <= width and wide > 250 and high > 150


def test_paper_shows_what_a_screen_folds_away(wide: dict[str, Any]) -> None:
    assert wide["closed"] == wide["closedAfter"] > 0 and wide["closedInPrint"] == 0
    assert wide["hidden"]


def test_arrows_move_the_pointer_and_bring_it_back(wide: dict[str, Any]) -> None:
    """Pictures whose tips differ from place to place; the paths' shows another path."""
    for picture, (start, right, left, down, up) in enumerate(wide["keys"]):
        assert right != left or down != up, picture
        assert picture == 0 or (left == up == start), picture


def test_every_picture_has_values_under_the_pointer(
    wide: dict[str, Any], narrow: tuple[Evaluation, dict[str, Any]]
) -> None:
    for found in (wide, narrow[1]):
        pictures = {tip["picture"] for tip in found["tips"]}
        assert pictures == set(range(len(found["plots"])))
        assert all(tip["head"] and tip["values"] for tip in found["tips"])


def tips_of(found: dict[str, Any], head: str, series: str) -> list[dict[str, Any]]:
    tips = found["tips"]
    return [tip for tip in tips if tip["head"].startswith(head) and series in tip["values"]]


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d[\d.]*(?:e-?\d+)?", text.replace("−", "-"))]


def assert_band(tip: dict[str, Any], curve: BandCurve, scale: float = 1) -> None:
    place = int(np.abs(curve.x * scale - numbers(tip["head"])[0]).argmin())
    for name, expected in (
        ("real", [curve.real]),
        ("synthetic mean", [curve.synthetic]),
        ("5–95 %", [curve.low, curve.high]),
    ):
        values = [one[place] * (100 if "%" in tip["values"]["real"] else 1) for one in expected]
        np.testing.assert_allclose(numbers(tip["values"][name]), values, rtol=1e-3)
    assert tip["onLine"]


def test_values_are_those_of_the_curves(one: Evaluation, wide: dict[str, Any]) -> None:
    curves = one.curves
    assert curves is not None and curves.drawdowns is not None
    lags = tips_of(wide, "lag", "synthetic mean")
    by_picture = [
        [t for t in lags if t["picture"] == k] for k in sorted({t["picture"] for t in lags})
    ]
    for tips, curve in zip(by_picture, [*curves.acf.values(), curves.leverage], strict=True):
        assert len(tips) > 5
        for tip in tips:
            assert_band(tip, curve)
    for tip in tips_of(wide, "steps", "synthetic mean"):
        assert_band(tip, curves.aggregation)
    for tip in tips_of(wide, "drawdown", "synthetic mean"):
        assert_band(tip, curves.drawdowns, 100)
    check_paths(curves, wide)


def check_paths(curves: Curves, wide: dict[str, Any]) -> None:
    fans = tips_of(wide, "step", "5–95 %")
    assert len([tip for tip in fans if "median" in tip["values"]]) > 5
    for tip in (tip for tip in fans if "median" in tip["values"]):
        step = int(numbers(tip["head"])[0])
        assert numbers(tip["values"]["real"])[0] == pytest.approx(curves.real_path[step], rel=1e-3)
        expected = [curves.fan[0, step], curves.fan[-1, step]]
        np.testing.assert_allclose(numbers(tip["values"]["5–95 %"]), expected, rtol=1e-3)
    paths = [(tip, name) for tip in wide["tips"] for name in tip["values"] if "path" in name]
    assert len(paths) > 5
    for tip, name in paths:
        step, path = int(numbers(tip["head"])[0]), int(name.split()[1])
        expected = curves.synthetic_paths[path - 1, step]
        assert numbers(tip["values"][name])[0] == pytest.approx(expected, rel=1e-3, abs=1e-12)


def test_outcomes_and_correlations_are_read(
    narrow: tuple[Evaluation, dict[str, Any]],
) -> None:
    evaluation, found = narrow
    curves, panel = evaluation.curves, evaluation.panel
    assert curves is not None and panel is not None
    measures = list(dict.fromkeys(one.measure for one in curves.strategies))
    for tip in (
        tip
        for tip in found["tips"]
        if "25–75 %" in tip["values"] and "synthetic median" in tip["values"]
    ):
        one = next(
            one
            for one in curves.strategies
            if (one.strategy, one.measure) == (tip["head"], measures[tip["panel"]])
        )
        assert numbers(tip["values"]["real"])[0] == pytest.approx(one.real, rel=1e-3)
        expected = [one.synthetic[1], one.synthetic[3]]
        np.testing.assert_allclose(numbers(tip["values"]["25–75 %"]), expected, rtol=1e-3)
    grids = [tip for tip in found["tips"] if " and " in tip["head"] and len(tip["values"]) == 2]
    assert len(grids) >= 12
    for tip in grids[:6]:
        row, column = (panel.names.index(name) for name in tip["head"].split(" and "))
        expected = panel.correlation_real[row, column]
        assert numbers(tip["values"]["real"])[0] == pytest.approx(expected, rel=1e-3, abs=1e-12)


def test_pointer_on_a_tick_reads_its_number(wide: dict[str, Any]) -> None:
    """The place of a tick comes from the drawing, the number read there from the script."""
    ticked = [tip for tip in wide["tips"] if tip["head"].split()[0] in ("lag", "step")]
    ticked = [tip for tip in ticked if re.fullmatch(r"[1-9]\d*", tip["tick"] or "")]
    assert len(ticked) > 20
    for tip in ticked:
        assert numbers(tip["head"])[0] == pytest.approx(float(tip["tick"]), rel=0.2, abs=5)
