"""What a run tells those who listen: numbers, never the networks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Scores, estimate and penalty are means over the steps since it was last told.

    Attributes:
        step: generator steps done; fraction: of the whole run, in [0, 1].
        seconds: of training so far, resumed parts included.
        real_score, fake_score: E D(real), E D(fake), summed over the heads of the critic.
        estimate: of the distance that the objective minimises, summed over the heads.
        penalty: λ × gradient penalty.
        learning_rate: of the next step.
        score: newest held-out score; best: the lowest that competes, of ``best_step``; None before
            the first.
    """

    step: int
    fraction: float
    seconds: float
    real_score: float
    fake_score: float
    estimate: float
    penalty: float
    learning_rate: float
    score: float | None
    best: float | None
    best_step: int


class Callback:
    """Something that listens to a run; override what it wants to hear of.

    What it raises ends the run; it can change nothing else.
    """

    def on_start(self, step: int) -> None:
        """Hear that the run goes on after ``step`` steps: 0, or where it was interrupted."""

    def on_log(self, progress: Progress) -> None:
        """Hear of the newest steps, each ``TrainingConfig.log_every`` steps and at the end."""

    def on_check(self, progress: Progress) -> None:
        """Hear of a new held-out score, when the state is about to be saved."""

    def on_return(self, step: int) -> None:
        """Hear that the run diverged and went back to the state after ``step`` steps."""

    def on_end(self) -> None:
        """Hear that the run is over, or is stopped, or failed."""
