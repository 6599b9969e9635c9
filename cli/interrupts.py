"""What ends a fit before its end: signals, which are noted, and errors; and how to go on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from tsgan.cli.common import INTERRUPTED
from tsgan.errors import DataError, RankError

if TYPE_CHECKING:
    from tsgan.run import TrainingFacts


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM in a list instead of stopping in the middle of a step."""
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in signals]
    try:
        yield caught
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def kept_state(directory: Path, again: str, begun: Callable[[], bool]) -> Iterator[None]:
    """Add to an error that ends a training what is kept, and the command that goes on.

    Args:
        directory: of the model; again: the command.
        begun: whether the state in the directory is of this run.
    """
    from tsgan.checkpoint import TRAINING

    try:
        yield
    except (DataError, RankError) as error:
        there = begun() and (directory / TRAINING).is_file()
        if there:
            error.add_note(f"the state of the last check is whole; go on with: {again}")
        elif isinstance(error, RankError):
            error.add_note("no check had been reached, so that nothing is saved; start again")
        raise


def demand_finished(training: TrainingFacts, directory: Path, again: str) -> None:
    """End the command where training was interrupted, and say how to go on."""
    if not training.finished:
        typer.echo(
            f"tsgan: interrupted after {training.steps:,} steps; saved in {directory}. "
            f"Go on with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)


@contextmanager
def after_training(directory: Path, again: str, interrupted: bool) -> Iterator[None]:
    """Evaluate within the block; an end of it says that the model is whole, and how to go on.

    Args:
        directory: of the model; again: the command that goes on.
        interrupted: a signal came in the last moment of training, and ends the command here.
    """
    try:
        if interrupted:
            raise KeyboardInterrupt
        yield
    except KeyboardInterrupt:
        typer.echo(
            f"tsgan: interrupted; the model in {directory} is whole, its report is not written. "
            f"Write it with: {again}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except DataError as error:
        error.add_note(f"the model is whole; write its report with: {again}")
        raise
