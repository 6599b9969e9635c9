"""Progress in the terminal; plain lines where the output is not one."""

from __future__ import annotations

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

from tsgan.cli.common import duration

if TYPE_CHECKING:
    from tsgan.trainer import Progress as TrainingProgress

SMOOTHING = 0.05
"""Weight of the newest step in the figures shown: single steps are noisy."""

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
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # it would leave an empty line
    ) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda message, share: bar.update(task, description=message, completed=share)


class FitProgress:
    """The live line of a fit: step, Wasserstein estimate, penalty, held-out score, time left."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.live = self.console.is_terminal
        self.wasserstein: float | None = None
        self.penalty = 0.0
        self.lines = 0
        self.bar = Progress(
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            disable=not self.live,
        )
        self.task = self.bar.add_task("starting", total=1.0)

    def __enter__(self) -> FitProgress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, progress: TrainingProgress) -> None:
        """Take note of one step."""
        previous = progress.wasserstein if self.wasserstein is None else self.wasserstein
        self.wasserstein = previous + SMOOTHING * (progress.wasserstein - previous)
        self.penalty += SMOOTHING * (progress.penalty - self.penalty)
        if self.live:
            self.bar.update(
                self.task, completed=progress.fraction, description=self._text(progress)
            )
        elif progress.fraction * PLAIN_LINES >= self.lines:
            self.lines = int(progress.fraction * PLAIN_LINES) + 1
            self.console.print(
                f"{progress.fraction:4.0%}  {self._text(progress)}", highlight=False, soft_wrap=True
            )

    def _text(self, progress: TrainingProgress) -> str:
        left = progress.seconds * (1 / max(progress.fraction, 1e-9) - 1)
        score = "–" if progress.score is None else f"{progress.score:.3f}"
        return (
            f"step {progress.step:,}  W estimate {self.wasserstein:.2f}  "
            f"penalty {self.penalty:.2f}  held-out {score}  {duration(left)} left"
        )
