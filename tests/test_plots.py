import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from evaluation_example import example_curves, example_history, random_walks
from matplotlib.figure import Figure

from tsgan import plots
from tsgan.canvas import COLUMNS, PALETTE, svg, thin
from tsgan.errors import DataError
from tsgan.results import Curves, LagCurve
from tsgan.training_plots import PANELS, moving_average, training_figure, training_panels


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
    figures = plots.evaluation_figures(curves)
    assert list(figures)[:2] == ["paths", "fan"] and len(figures) == 10
    for name, figure in figures.items():
        text = svg(figure, name)
        assert "var(--real)" in text and "var(--synthetic)" in text, name
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
    one = LagCurve(*np.array([[0.3, 0.2], [0.25, 0.2], [0.1, 0.1], [0.4, 0.3]]))
    axes = plots.lag_figure(one, "autocorrelation of |r|").axes[0]
    real = next(line for line in axes.get_lines() if line.get_label() == "real")
    assert np.asarray(real.get_xydata()).tolist() == [[1.0, 0.3], [2.0, 0.2]]


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
    flat = LagCurve(one, one, one, one)
    empty = replace(
        curves,
        acf=dict.fromkeys(("id", "abs", "sq"), flat),
        leverage=flat,
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


def test_settings_of_the_caller_are_left_alone(curves: Curves) -> None:
    before = dict(matplotlib.rcParams)
    drawn(plots.density_figure(curves))
    svg(plots.density_figure(curves), "x")
    assert dict(matplotlib.rcParams) == before


def test_moving_average_of_a_line_is_the_line_and_skips_nan() -> None:
    y = np.arange(1000.0)
    inner = slice(20, -20)
    np.testing.assert_allclose(moving_average(y)[inner], y[inner])
    y[500] = np.nan
    assert np.isfinite(moving_average(y)).all()
    assert np.isnan(moving_average(np.full(3, np.nan))).all()


def test_training_figure_has_the_four_panels_and_the_chosen_step() -> None:
    history = example_history()
    figure = training_figure(history, "Wasserstein")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "Mean score of the critic",
        "Wasserstein estimate: real − synthetic score",
        "λ × gradient penalty",
        "Held-out score",
    ]
    words = [text.get_text() for text in figure.axes[3].texts]
    assert words == [f"chosen: step {history['best_step'][0]:,}"]
    assert tuple(training_panels(history)) == PANELS


@pytest.mark.parametrize("distance", ["Jensen–Shannon", "Vincze–Le Cam"])
def test_training_figure_of_another_objective_has_its_estimate_and_no_penalty(
    distance: str,
) -> None:
    history = example_history(300)
    history["penalty"][:] = 0
    figure = training_figure(history, distance)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Mean score of the critic", f"{distance} estimate", "Held-out score"]
    assert tuple(training_panels(history)) == ("scores", "estimate", "heldout")
    faint, mean = figure.axes[1].get_lines()[:2]
    assert np.array_equal(faint.get_ydata(), history["estimate"])
    assert np.array_equal(mean.get_ydata(), moving_average(history["estimate"]))


@pytest.mark.parametrize(
    "left_out", [("heldout_score", "heldout_step", "best_step"), tuple(example_history(100))]
)
def test_training_figure_draws_what_there_is(left_out: tuple[str, ...]) -> None:
    history = {k: v for k, v in example_history(300).items() if k not in left_out}
    drawn(training_figure(history, "Wasserstein"))
    assert "heldout" not in training_panels(history)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_training_that_has_just_begun_is_drawn(steps: int) -> None:
    history = {name: y[:steps] for name, y in example_history(100).items()}
    drawn(training_figure(history, "Wasserstein"))


def test_diverged_training_is_drawn() -> None:
    history = example_history(200)
    history["penalty"][:] = np.nan
    history["fake_score"][10:] = -np.inf
    history["heldout_score"][:] = np.nan
    drawn(training_figure(history, "Wasserstein"))


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
