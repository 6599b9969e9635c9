"""A model against its own prices: sample, evaluate, write the report into its directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tsgan.canvas import save_figure
from tsgan.data.prices import Prices
from tsgan.evaluation import evaluate
from tsgan.model import TimeSeriesGAN
from tsgan.objectives import make_objective
from tsgan.periods import origin_of, split_periods
from tsgan.report import ReportContext, write_metrics, write_report
from tsgan.results import Evaluation, FloatArray
from tsgan.sampler import MAXIMAL_HORIZON
from tsgan.training_plots import training_figure

EVALUATION_PATHS = 200
CHOSEN = (
    "Among the checkpoints of the run's end, the one with the lowest held-out score was kept: that "
    "much the held-out period has been seen."
)

CALIBRATED = (
    "The size of one-step returns is calibrated to the training part: W1(1), DY(1), sd, Hill and "
    "ES say that this works, the other eleven of the seventeen rows what the network has learned."
)

LARGEST_SAMPLE = 4_000_000
"""Returns that an evaluation looks at in all: longer series are compared with fewer paths."""


def sample_beside(model: TimeSeriesGAN, returns: int, seed: int) -> FloatArray:
    """Return (paths, steps) unconditional log returns to compare with a series of ``returns``."""
    horizon = min(returns, MAXIMAL_HORIZON)
    paths = max(20, min(EVALUATION_PATHS, LARGEST_SAMPLE // horizon))
    return model.sample(paths, horizon, seed=seed).log_returns


def evaluate_model(
    model: TimeSeriesGAN,
    prices: Prices,
    *,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Evaluation:
    """Return the evaluation of unconditional paths as long as the real series.

    Args:
        model: fitted on ``prices``.
        prices: the whole file, its held-out end included.
        seed: of the paths, the noise band, the baselines and the judges.
        progress: told what is being done and the share that is done.
    """
    periods = split_periods(prices, origin_of(model.facts_))
    found = evaluate(
        periods.series,
        sample_beside(model, len(periods.series), seed),
        training=periods.training,
        held_out=periods.held_out,
        name=prices.source,
        seed=seed,
        progress=progress,
    )
    chosen = periods.held_out is not None and model.training_.best_score is not None
    calibrated = model.fitted_.calibration.made.size > 0
    notes = (chosen, CHOSEN), (calibrated, CALIBRATED)
    told = (*periods.cautions, *(text for holds, text in notes if holds))
    return replace(found, warnings=(*told, *found.warnings))


def write_evaluation(directory: Path, model: TimeSeriesGAN, found: Evaluation) -> None:
    """Write ``metrics.json``, ``training.png`` and ``report.html`` into the model directory."""
    facts, training = model.facts_, model.training_
    distance = make_objective(model.config.training).distance
    dates = [f"{facts.first_date} … {facts.last_date}"] if facts.first_date else []
    context = ReportContext(
        title=f"{found.name}: synthetic paths against the real series",
        subtitle=", ".join([facts.column, *dates]),
        facts=[
            ("Price file", facts.source),
            ("Column", facts.column),
            ("SHA-256", facts.sha256),
            ("Trained on", f"the first {facts.training:,} of {facts.returns:,} log returns"),
            ("Objective", model.config.training.objective),
            ("Steps", f"{training.steps:,} in {training.seconds:.0f} s on {training.device}"),
            ("Checkpoint", f"step {training.best_step:,}"),
            ("Seed", str(model.config.seed)),
            *((name, text) for name, text in model.fitted_.versions.items()),
        ],
    )
    write_metrics(directory / "metrics.json", found)
    save_figure(training_figure(model.history_, distance), directory / "training.png")
    write_report(directory / "report.html", found, context, model.history_, distance)
