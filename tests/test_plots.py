import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from evaluation_example import (
    HOSTILE,
    example_curves,
    example_history,
    example_panel,
    random_walks,
)
from matplotlib.figure import Figure

from tsgan import plots
from tsgan.canvas import COLUMNS, PALETTE, pointer_data, svg, thin
from tsgan.errors import DataError
from tsgan.pictured import BandCurve, Curves, HillCurve, Outcome
from tsgan.training_plots import training_figure


@pytest.fixture(scope="module")
def curves() -> Curves:
    paths = random_walks(30, 2000, seed=0)
    return example_curves(paths[0], paths[1:])


def drawn(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def test_thinning_keeps_ends_and_extremes_of_every_column() -> None:
    y = np.random.default_rng(0).normal(size=10_007)
    kept = thin(y)
    assert kept[0] == 0 and kept[-1] == y.size - 1
    assert np.all(np.diff(kept) > 0) and kept.size <= 2 * COLUMNS + 2
    for column in np.array_split(np.arange(y.size), 150):  # wider than two columns of the page
        shown = kept[(kept >= column[0]) & (kept <= column[-1])]
        assert y[shown].max() >= np.sort(y[column])[-20]
    assert {y.argmin(), y.argmax()} <= set(kept)


def test_thinning_leaves_short_lines_and_survives_nan() -> None:
    assert thin(np.arange(7.0)).tolist() == list(range(7))
    holes = np.full(5000, np.nan)
    holes[4321] = 1.0
    assert 4321 in thin(holes)


def test_every_picture_is_drawn_with_real_and_synthetic_colours(curves: Curves) -> None:
    figures = dict(plots.evaluation_figures(curves))
    assert list(figures)[:2] == ["paths", "fan"] and len(figures) == 16
    panel = example_panel(4).panel
    assert panel is not None
    figures["spectrum"] = plots.panel_figures(panel)["spectrum"]
    for name, figure in figures.items():
        text = svg(figure, name)
        assert "var(--synthetic)" in text, name
        assert "var(--real)" in text or name == "pit"
        assert not any(colour in text for colour in PALETTE.values())


def test_fan_has_real_path_and_median_over_the_bands(curves: Curves) -> None:
    axes = plots.fan_figure(curves).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    assert lines["median"][-1] == curves.fan[2, -1]
    assert lines["real"][-1] == curves.real_path[-1]
    assert len(axes.collections) == 4  # both sides of 5–95 % and of 25–75 %


def test_tails_are_logarithmic_and_the_centre_is_not(curves: Curves) -> None:
    assert plots.tail_figure(curves).axes[0].get_yscale() == "log"
    assert plots.density_figure(curves).axes[0].get_yscale() == "linear"


def test_lag_picture_starts_at_lag_one() -> None:
    one = BandCurve(*np.array([[1.0, 2.0], [0.3, 0.2], [0.25, 0.2], [0.1, 0.1], [0.4, 0.3]]))
    axes = plots.lag_figure(one, "autocorrelation of |r|").axes[0]
    real = next(line for line in axes.get_lines() if line.get_label() == "real")
    assert np.asarray(real.get_xydata()).tolist() == [[1.0, 0.3], [2.0, 0.2]]
    lines = plots.lag_figure(one, "r", np.array([0.1, 0.2])).axes[0].get_lines()
    dashed = [list(line.get_ydata()) for line in lines if line.is_dashed()]
    assert dashed == [[0.1, 0.2], [-0.1, -0.2]]


def test_strategies_have_a_panel_for_each_measure(curves: Curves) -> None:
    figure = plots.strategy_figure(curves.strategies)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "profit",
        "Sharpe",
        "drawdown",
        "turnover",
    ]
    profits = [one.real for one in curves.strategies if one.measure == "profit"]
    median, real = figure.axes[0].get_lines()
    assert list(real.get_xdata()) == profits
    assert list(median.get_xdata()) == [
        one.synthetic[2] for one in curves.strategies if one.measure == "profit"
    ]
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    first = curves.strategies[0].synthetic
    assert widths[0] == first[4] - first[0] and widths[4] == first[3] - first[1]


def test_correlations_are_shaded_by_sign_and_size() -> None:
    matrix = np.array([[1.0, -0.5], [0.0, 1.0]])
    figure = plots.correlation_figure(("a", "b"), matrix, matrix.T)
    real, synthetic = figure.axes[:2]
    shades = [(patch.get_facecolor(), len(patch.get_path().vertices)) for patch in real.patches]
    assert [round(colour[3], 2) for colour, _ in shades] == [0.5, 1.0]
    assert shades[0][0][0] > shades[0][0][2] and shades[1][0][0] < shades[1][0][2]
    assert shades[1][1] == 2 * shades[0][1]
    vertices = synthetic.patches[0].get_path().vertices
    np.testing.assert_allclose(vertices[:4].mean(axis=0), [0, 1])  # column, row


@pytest.mark.parametrize(
    "name", ["$a^{$", "a\nb\x00", "名前 🎲", "x" * 200, HOSTILE, "_", "$5 and $6"]
)
def test_names_from_files_are_drawn_as_they_are(name: str, curves: Curves) -> None:
    outcome = Outcome(name, name, 1.0, (0.0, 0.5, 1.0, 1.5, 2.0))
    eye = np.eye(2)
    figures = (
        plots.strategy_figure([outcome]),
        plots.pit_figure({"synthetic": np.full(10, 0.1), name: np.full(10, 0.1)}),
        plots.correlation_figure((name, "b"), eye, eye),
    )
    for figure in figures:
        root = ElementTree.fromstring(svg(figure, "t"))
        assert not list(root.iter("script"))
    assert "5 and" not in name or "$5 and $6" in svg(figures[0], "t")


def test_pictures_that_have_no_data_are_left_out(curves: Curves) -> None:
    few = replace(curves, drawdowns=None, strategies=(), pit={})
    assert {*plots.evaluation_figures(curves)} - {*plots.evaluation_figures(few)} == {
        "drawdowns",
        "strategies",
        "pit",
    }


def test_picture_is_svg_that_a_page_can_hold(curves: Curves) -> None:
    text = svg(plots.sample_paths_figure(curves), 'a "name" <b>')
    root = ElementTree.fromstring(text)
    assert root.tag == "svg" and root.get("aria-label") == 'a "name" <b>'
    assert root.get("viewBox") and not root.get("width")
    assert "http" not in text and "<style" not in text and len(text) < 200_000
    used = {e.get("href", "")[1:] for e in root.iter("use")}
    assert used <= {e.get("id") for e in root.iter() if e.get("id")}


def test_identifiers_of_two_pictures_differ_and_are_reproducible(curves: Curves) -> None:
    def identifiers(title: str) -> set[str]:
        root = ElementTree.fromstring(svg(plots.density_figure(curves), title))
        return {e.get("id", "") for e in root.iter() if e.get("id")}

    assert identifiers("one") == identifiers("one")
    assert identifiers("one").isdisjoint(identifiers("two"))


def test_text_keeps_its_digits(curves: Curves) -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "1.23456")
    assert ">1.23456<" in svg(figure, "digits")


def test_degenerate_values_are_drawn_without_a_warning(curves: Curves) -> None:
    zero, one = np.zeros(len(curves.density_x)), np.zeros(1)
    flat = BandCurve(one, one, one, one, one)
    hole = np.full(1, np.nan)
    empty = replace(
        curves,
        acf=dict.fromkeys(("id", "abs", "sq"), flat),
        acf_error={"id": one},
        leverage=flat,
        aggregation=BandCurve(one + 1, hole, hole, hole, hole),
        drawdowns=flat,
        hill=dict.fromkeys(("left", "right"), HillCurve(one, hole, hole, hole, hole)),
        strategies=(Outcome("a", "profit", 0.0, (0.0,) * 5),),
        pit={"synthetic": np.zeros(10)},
        density_real=zero,
        density_synthetic=zero,
        quantile_real=np.zeros_like(curves.quantile_p),
        quantile_synthetic=np.zeros_like(curves.quantile_p),
        real_path=np.zeros(3),
        synthetic_paths=np.zeros((0, 3)),
        fan_p=np.array([0.1, 0.9]),
        fan=np.zeros((2, 3)),
    )
    for figure in plots.evaluation_figures(empty).values():
        drawn(figure)
        svg(figure, "degenerate")
        json.dumps(pointer_data(figure), allow_nan=False)


def test_settings_of_the_caller_are_left_alone(curves: Curves) -> None:
    before = dict(matplotlib.rcParams)
    drawn(plots.density_figure(curves))
    svg(plots.density_figure(curves), "x")
    assert dict(matplotlib.rcParams) == before


def test_figure_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    plots.save_figure(
        training_figure(example_history(200), "Wasserstein"), tmp_path / "training.png"
    )
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(DataError, match="does not exist; create it"):
        plots.save_figure(Figure(), tmp_path / "nowhere" / "training.png")


def test_ends_of_the_quantiles_say_how_far_out_they_are(curves: Curves) -> None:
    for p, words in ((0.0000994, ["0.01 %", "99.99 %"]), (0.001, ["0.1 %", "99.9 %"])):
        ends = replace(curves, quantile_p=np.array([p, *curves.quantile_p[1:-1], 1 - p]))
        texts = plots.quantile_figure(ends).axes[0].texts
        assert [text.get_text() for text in texts] == words
