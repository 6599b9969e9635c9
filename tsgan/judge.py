"""A model against its own prices: sample, evaluate, write the report into its directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tsgan.bar_comparison import BarSubject, bar_rows
from tsgan.canvas import save_figure
from tsgan.comparison import Settings
from tsgan.condition_sources import PriceSource
from tsgan.data.prices import Prices
from tsgan.errors import TsganError
from tsgan.evaluation import BAND_BLOCK, BAND_PATHS, evaluate
from tsgan.log_bars import log_bars, log_path_bars
from tsgan.model import TimeSeriesGAN
from tsgan.obedience import obedience
from tsgan.obeyed import Obedience
from tsgan.objectives import make_objective
from tsgan.periods import Periods, origin_of, split_periods
from tsgan.preparation import prepare
from tsgan.report import ReportContext, write_metrics, write_report
from tsgan.results import Evaluation, FloatArray, Row
from tsgan.scenarios import Scenarios
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

LEAST_PATHS, LONGEST_PATH = 20, 100_000
LARGEST_SAMPLE = 4_000_000
"""Returns that an evaluation looks at in all: longer series are compared with fewer paths."""

OBEDIENCE_PATHS = 200


def paths_beside(model: TimeSeriesGAN, returns: int, seed: int) -> Scenarios:
    """Return unconditional paths to compare with a series of ``returns``."""
    horizon = min(returns, LONGEST_PATH)
    paths = LARGEST_SAMPLE // (horizon * model.fitted_.channels)
    return model.sample(max(LEAST_PATHS, min(EVALUATION_PATHS, paths)), horizon, seed=seed)


def evaluate_model(
    model: TimeSeriesGAN,
    prices: Prices,
    *,
    beside: PriceSource | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Evaluation:
    """Return the evaluation of unconditional paths as long as the real series.

    Beside it, bars are compared with the real ones where the model has bars, and what paths realise
    of its conditions with what they are asked for.

    Args:
        model: fitted on ``prices``.
        prices: the whole file, its held-out end included.
        beside: where the prices come from, whose other columns conditions may name.
        seed: of the paths, the noise band, the baselines and the judges.
        progress: told what is being done and the share that is done.
    """
    report = progress or (lambda _message, _share: None)
    periods = split_periods(prices, origin_of(model.facts_))
    made = paths_beside(model, len(periods.series), seed)
    found = evaluate(
        prices,
        made,
        training=periods.training,
        held_out=periods.held_out,
        name=prices.source,
        seed=seed,
        progress=lambda message, share: report(message, 0.9 * share),
    )
    chosen = periods.held_out is not None and model.training_.best_score is not None
    notes = (chosen, CHOSEN), (model.fitted_.is_calibrated, CALIBRATED)
    told = (*periods.cautions, *(text for holds, text in notes if holds))
    found = replace(found, warnings=(*told, *found.warnings))
    found = judged(found, model, made, prices, periods, beside, seed, report)
    report("evaluated", 1.0)
    return found


def judged(
    found: Evaluation,
    model: TimeSeriesGAN,
    made: Scenarios,
    prices: Prices,
    periods: Periods,
    beside: PriceSource | None,
    seed: int,
    report: Callable[[str, float], None],
) -> Evaluation:
    """Return ``found`` with what can be said of a model only: of its bars, and its conditions.

    Args:
        found: the evaluation of the closes of ``made``, paths of the model.
        prices, periods, beside, seed: as in ``evaluate_model``.
        report: told what is being done and the share that is done.
    """
    rows: tuple[Row, ...] = ()
    if made.bars is not None and prices.bars is not None:
        report("comparing bars", 0.9)
        rows = _bar_rows(prices, made, periods, model, seed)
    report("asking for conditions", 0.95)
    obeyed, doubts = _obedience(model, prices, beside, seed)
    return replace(
        found, rows=(*found.rows, *rows), obedience=obeyed, warnings=(*found.warnings, *doubts)
    )


def _bar_rows(
    prices: Prices,
    made: Scenarios,
    periods: Periods,
    model: TimeSeriesGAN,
    seed: int,
) -> tuple[Row, ...]:
    """Return the rows about bars, in the channels of ``log_bars``."""
    bars, own, fitted = made.bars, prices.bars, model.fitted_.bars
    assert bars is not None and own is not None and fitted is not None
    real = np.delete(log_bars(own, fitted.floor), np.array(prices.cuts, dtype=np.intp) - 1, axis=0)
    paths = log_path_bars(bars.open, bars.high, bars.low, made.closes(), bars.volume, fitted.floor)
    channels = paths.shape[-1]
    training = len(periods.training)
    held_out = None if periods.held_out is None else real[training:, :channels]
    subject = BarSubject(real[:, :channels], paths, real[:training, :channels], held_out)
    settings = Settings(prices.source, seed, BAND_PATHS, BAND_BLOCK, (), BAND_PATHS)
    return bar_rows(subject, settings)


def _obedience(
    model: TimeSeriesGAN, prices: Prices, beside: PriceSource | None, seed: int
) -> tuple[Obedience | None, list[str]]:
    """Return what paths realise of what they are asked for, or why that cannot be said."""
    if prices.sha256 != model.facts_.sha256:
        return None, []
    try:
        prepared = prepare(prices, model.config, beside)
    except TsganError as error:
        return None, [f"Conditions are not compared with what they were: {error}."]

    def sampler(
        given: Mapping[str, str | float], paths: int, horizon: int, seed: int
    ) -> FloatArray:
        made = model.sample(paths, horizon, seed=seed, given=given, extrapolate=True)
        return made.log_returns

    return (
        obedience(
            sampler,
            model.conditions_,
            prepared.known,
            prepared.values,
            paths=OBEDIENCE_PATHS,
            seed=seed,
        ),
        [],
    )


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
