"""Progress in the terminal; plain lines where the output is not one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tsgan.callbacks import Callback
from tsgan.cli.common import duration

if TYPE_CHECKING:
    from tsgan.callbacks import Progress as TrainingProgress
    from tsgan.objectives import Objective

PLAIN_LINES = 20
"""Lines of a whole run where the output is not a terminal."""


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances the bar by a number of units."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # it would leave an empty line
    ) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def stage_bar(title: str) -> Iterator[Callable[[str, float], None]]:
    """Yield a function that is told what is being done and the share that is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_stages(console)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda message, share: bar.update(task, description=message, completed=share)


def _plain_stages(console: Console) -> Callable[[str, float], None]:
    """Return what prints a line, ahead of the work, whenever a further twentieth is done."""
    lines = 0

    def told(message: str, share: float) -> None:
        nonlocal lines
        if share * PLAIN_LINES >= lines:
            lines = int(share * PLAIN_LINES) + 1
            console.print(f"{share:4.0%}  {message}", highlight=False, markup=False, soft_wrap=True)

    return told


class FitProgress(Callback):
    """The live line of a fit: step, estimate, penalty if any, held-out score, time left.

    Args:
        objective: of the run, which says what its estimate is of.
    """

    def __init__(self, objective: Objective) -> None:
        self.console = Console(stderr=True)
        self.live = self.console.is_terminal
        self.distance = "".join(re.findall(r"\b\w", objective.distance))
        self.penalized = hasattr(objective, "penalty_weight")
        self.lines = 0
        self.bar = Progress(
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            disable=not self.live,
        )
        self.task = self.bar.add_task("starting", total=1.0)

    def on_start(self, step: int) -> None:
        """Show the bar, and where an interrupted run goes on."""
        if step:
            self._print(f"Going on after step {step:,}.")
        self.bar.start()
        self.bar.update(self.task, description=f"step {step:,}")

    def on_log(self, progress: TrainingProgress) -> None:
        """Show the newest steps."""
        if self.live:
            self.bar.update(
                self.task, completed=progress.fraction, description=self._text(progress)
            )
        elif progress.fraction * PLAIN_LINES >= self.lines:
            self.lines = int(progress.fraction * PLAIN_LINES) + 1
            self._print(f"{progress.fraction:4.0%}  {self._text(progress)}")

    def on_return(self, step: int) -> None:
        """Say that the run diverged."""
        self._print(f"tsgan: training diverged; went back to step {step:,} with half the rates")

    def on_end(self) -> None:
        """Take the bar away."""
        self.bar.stop()

    def _print(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _text(self, progress: TrainingProgress) -> str:
        left = progress.seconds * (1 / max(progress.fraction, 1e-9) - 1)
        penalty = f"penalty {progress.penalty:.2f}  " if self.penalized else ""
        score = "–" if progress.score is None else f"{progress.score:.3f}"
        return (
            f"step {progress.step:,}  {self.distance} estimate {progress.estimate:.3g}  {penalty}"
            f"held-out {score}  {duration(left)} left"
        )
