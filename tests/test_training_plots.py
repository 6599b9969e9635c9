"""The pictures of a training run."""

import io

import numpy as np
import pytest
from evaluation_example import example_history
from matplotlib.figure import Figure

from tsgan.canvas import pointer_data, svg
from tsgan.training_plots import PANELS, moving_average, training_figure, training_panels


def drawn(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


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
    drawn(figure)  # the layout is made when it is drawn
    left, right, below = (axes.get_position() for axes in figure.axes)
    assert below.width > 1.8 * left.width and right.x0 > left.x1 and below.y1 < left.y0
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


def test_pointer_reads_each_step_and_its_mean() -> None:
    history = example_history(400)
    figure = training_panels(history)["estimate"]
    svg(figure, "t")
    (panel,) = pointer_data(figure)
    each, mean = panel["series"]
    assert len(panel["at"]) == 300 and panel["at"][-1] == 399
    place = panel["at"].index(200)
    assert each["values"][place] == pytest.approx(history["estimate"][200], rel=1e-3)
    expected = moving_average(history["estimate"])[200]
    assert mean["values"][place] == pytest.approx(expected, rel=1e-3)
