"""What a fit says before and after its training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tsgan.cli.common import duration
from tsgan.config import Config, TrainingConfig

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.model import TimeSeriesGAN
    from tsgan.preparation import Prepared

EACH = "one of several columns of numbers, each an asset."
"""End of what the reader says of each asset of a wide file, which has been said of all."""

MOST_NAMES = 8
"""Assets that are named before training."""


def announce(
    prices: Prices, config: Config, prepared: Prepared, device: str, directory: Path
) -> None:
    """Say what will be done, and for how long."""
    from tsgan.preparation import shortness

    dates = ""
    if prices.has_dates:
        first, last = prices.values.index[0], prices.values.index[-1]
        dates = f", {first:%Y-%m-%d} … {last:%Y-%m-%d}"
    typer.echo(f"Read {prices.source}: {len(prices):,} prices{dates}, {_columns(prices.names)}.")
    for note in prices.notes:
        if len(prices.names) == 1 or not note.endswith(EACH):
            typer.echo("  " + note)
    for line in _beside(prepared):
        typer.echo("  " + line)
    facts = prepared.facts
    training, held = facts.training, facts.returns - facts.training
    kept = f"the last {held:,} choose the checkpoint" if held else "none held out"
    length = (
        f"{config.training.steps:,} steps"
        if config.training.steps is not None
        else duration(config.training.max_seconds)
    )
    whose = " with the settings of its paper" if _as_in_paper(config.training) else ""
    typer.echo(
        f"Training {config.training.objective}{whose} on {training:,} of {facts.returns:,} log "
        f"returns ({kept}) for {length} on {device}, seed {config.seed}; model in {directory}."
    )
    if few := shortness(training):
        typer.echo(f"tsgan: warning: {few}", err=True)


def _beside(prepared: Prepared) -> list[str]:
    """Return what is learned besides the closes."""
    told = [f"Condition {track.name}: {track.described}." for track in prepared.conditions.tracks]
    told += _short_classes(prepared)
    if prepared.bars is not None:
        told.append(f"Bars are learned: {', '.join(prepared.bars.names)}.")
    if not prepared.profile.flat:
        low, high = prepared.profile.factors[:, 0].min(), prepared.profile.factors[:, 0].max()
        told.append(
            f"Volatility goes with the time of day, from {low:.2f} to {high:.2f} times its usual "
            "size; this is learned apart."
        )
    return told


def _short_classes(prepared: Prepared) -> Iterator[str]:
    """Yield a caution for each class of a label that never lasts as long as a window."""
    import numpy as np

    from tsgan.tracks import LABEL

    window = prepared.known.window
    for track in prepared.conditions.observed:
        values = prepared.values[track.name][: prepared.facts.training]
        for place, text in enumerate(track.classes if track.kind == LABEL else ()):
            ends = np.flatnonzero(np.r_[True, values != place, True])
            longest = int(np.diff(ends).max()) - 1
            if longest < window:
                yield (
                    f"{track.name} is {text} for {longest} returns in a row at most, fewer than a "
                    f"window of {window}: longer paths of {track.name}={text} are an extrapolation."
                )


def _columns(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"column {names[0]}"
    told = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    return f"{len(names)} assets, learned jointly: {told}"


def _as_in_paper(training: TrainingConfig) -> bool:
    from tsgan.objectives import preset

    paper = preset(training.objective, "paper")
    return all(getattr(training, name) == value for name, value in paper.items())


def say_trained(model: TimeSeriesGAN) -> None:
    """Say how long the run took, if it ended early, what was kept, and what regimes mean."""
    training, settings = model.training_, model.config.training
    score = ""
    if training.best_score is not None:
        which = f" of the last {1 - settings.score_from:.0%}" if settings.patience is None else ""
        score = f", the lowest held-out score{which} ({training.best_score:.3f})"
    early = ""
    if settings.patience is not None and (
        training.seconds < settings.max_seconds
        if settings.steps is None
        else training.steps < settings.steps
    ):
        early = f", then stopped: {settings.patience} checks without a lower held-out score"
    typer.echo(
        f"Trained {training.steps:,} steps in {duration(training.seconds)}{early}; kept the "
        f"{'average of weights' if settings.average else 'weights'} of step "
        f"{training.best_step:,}{score}."
    )
    conditions = model.conditions_
    if conditions.found is not None and conditions.regimes is not None:
        for line in conditions.regimes.lines(conditions.found.name):
            typer.echo("  " + line)
        for doubt in conditions.regimes.doubts(conditions.found.name):
            typer.echo(f"tsgan: warning: {doubt}", err=True)
