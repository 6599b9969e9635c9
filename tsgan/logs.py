"""The curves of a run in files while it goes on: ``metrics.jsonl``, TensorBoard's event files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsgan.callbacks import Callback, Progress
from tsgan.errors import ConfigError, DataError
from tsgan.files import write_atomically

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOG, EVENTS = "metrics.jsonl", "tensorboard"
"""Names of the file and of the folder of event files in a model directory."""

SUFFIX = ".tsgan"
FLUSH_SECONDS = 5


class MetricsFile(Callback):
    """Writes what it hears, each a JSON object on a line, with the ``step`` where the run stands.

    - ``"event": "log"``: ``fraction, seconds, real_score, fake_score, estimate, penalty,
      learning_rate``, as in ``Progress``;
    - ``"check"``: ``fraction, seconds, heldout_score, best_score, best_step``, null without score;
    - ``"return"``: the run diverged; of the lines before it, those of a higher step are of steps
      that are lost.

    Each line is one write, so that a run that is killed can tear none but the last. When a run goes
    on, the lines that it will write again are left out.

    Args:
        path: of the file.
        returns: how often the run that goes on has diverged so far.
        held: keep all lines back until ``release``, so that the file of an earlier run stays as
            long as that run can still be resumed.
    """

    def __init__(self, path: str | Path, returns: int = 0, *, held: bool = False) -> None:
        self.path, self.returns = Path(path), returns
        self._held: list[bytes] | None = [] if held else None

    def on_start(self, step: int) -> None:
        """Keep the lines up to ``step``; DataError if the file cannot be written."""
        if self._held is None:
            write_atomically(self.path, b"".join(self._lines_until(step)))

    def release(self) -> None:
        """Replace the file by the lines held back, and write on from there."""
        if self._held is not None:
            write_atomically(self.path, b"".join(self._held))
            self._held = None

    def on_log(self, progress: Progress) -> None:
        """Write the means over the newest steps."""
        self._write(
            "log",
            progress.step,
            fraction=progress.fraction,
            seconds=progress.seconds,
            real_score=progress.real_score,
            fake_score=progress.fake_score,
            estimate=progress.estimate,
            penalty=progress.penalty,
            learning_rate=progress.learning_rate,
        )

    def on_check(self, progress: Progress) -> None:
        """Write the held-out scores."""
        self._write(
            "check",
            progress.step,
            fraction=progress.fraction,
            seconds=progress.seconds,
            heldout_score=progress.score,
            best_score=progress.best,
            best_step=progress.best_step,
        )

    def on_return(self, step: int) -> None:
        """Write that the run went back to ``step``."""
        self._write("return", step)

    def _write(self, event: str, step: int, **numbers: float | None) -> None:
        finite = {k: x if x is not None and math.isfinite(x) else None for k, x in numbers.items()}
        text = json.dumps({"event": event, "step": step, **finite}, allow_nan=False)
        line = text.encode() + b"\n"
        if self._held is not None:
            self._held.append(line)
            return
        try:
            with self.path.open("ab", buffering=0) as file:
                whole = file.write(line) == len(line)
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror}") from error
        if not whole:
            raise DataError(f"cannot write {self.path}: the disk is full; free some space")

    def _lines_until(self, step: int) -> Iterator[bytes]:
        """Yield the whole lines that the run's state after ``step`` steps has behind it."""
        if not self.path.is_file():
            return
        returns = 0
        for text in self.path.read_bytes().splitlines(keepends=True):
            line = _parsed(text)
            if line is None:
                continue
            returns += line["event"] == "return"
            if returns > self.returns or (returns == self.returns and line["step"] > step):
                return
            yield text


def _parsed(text: bytes) -> dict[str, Any] | None:
    """Return the object on a line; None if it is torn, or not a line of ``MetricsFile``."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whole = text.endswith(b"\n") and isinstance(line, dict) and "event" in line
    return line if whole and type(line.get("step")) is int else None


class EventFiles(Callback):
    """Writes TensorBoard's event files: ``tensorboard --logdir`` of the folder shows the run live.

    Scalars ``score/real, score/fake, estimate/…, penalty, learning_rate`` and, at the checks,
    ``heldout/score``. Steps that a resumed or diverged run does again replace the old ones there.

    Args:
        directory: of the event files; a run that begins removes those of an earlier run.
        distance: ``Objective.distance``, what the estimate is of.

    Raises:
        ConfigError: if the package tensorboard is not installed.
    """

    def __init__(self, directory: str | Path, distance: str = "") -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError(
                "tensorboard: expected the package tensorboard for its event files, found none; "
                "install it with: pip install 'tsgan[tensorboard]'"
            ) from error
        self.directory, self._kind = Path(directory), SummaryWriter
        name = distance.replace("–", "-").replace(" ", "-")
        self.estimate = f"estimate/{name}" if name else "estimate"
        self._writer: SummaryWriter | None = None

    def on_start(self, step: int) -> None:
        """Begin a file; DataError if that fails."""
        if step == 0:
            remove_event_files(self.directory)
        self._begin(step)

    def on_log(self, progress: Progress) -> None:
        """Write the means over the newest steps."""
        scalars = {
            "score/real": progress.real_score,
            "score/fake": progress.fake_score,
            self.estimate: progress.estimate,
            "penalty": progress.penalty,
            "learning_rate": progress.learning_rate,
        }
        self._add(scalars, progress.step)

    def on_check(self, progress: Progress) -> None:
        """Write the held-out score where there is one."""
        if progress.score is not None:
            self._add({"heldout/score": progress.score}, progress.step)

    def on_return(self, step: int) -> None:
        """Begin another file, which replaces what was written beyond ``step``."""
        self.on_end()
        self._begin(step)

    def on_end(self) -> None:
        """Close the file."""
        if self._writer is not None:
            with self._reported():
                self._writer.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"cannot write event files to {self.directory}: {error.strerror or error}; choose "
                "another folder"
            ) from error

    def _begin(self, step: int) -> None:
        with self._reported():
            self._writer = self._kind(
                str(self.directory),
                purge_step=step + 1,
                flush_secs=FLUSH_SECONDS,
                filename_suffix=SUFFIX,
            )

    def _add(self, scalars: dict[str, float], step: int) -> None:
        if self._writer is not None:
            with self._reported():
                for tag, value in scalars.items():
                    self._writer.add_scalar(tag, value, step)


def remove_event_files(directory: Path) -> None:
    """Remove the event files of ``EventFiles``; DataError where one is held open."""
    for path in event_files(directory):
        try:
            path.unlink()
        except OSError as error:
            raise DataError(
                f"cannot remove {path}: {error.strerror or error}; end the TensorBoard that reads "
                "it, or choose another folder"
            ) from error


def event_files(directory: Path) -> list[Path]:
    """Return the event files of ``EventFiles`` in ``directory``, and no others."""
    if not directory.is_dir():
        return []
    name = re.compile(r"events\.out\.tfevents\..*" + re.escape(SUFFIX))
    return sorted(p for p in directory.iterdir() if name.fullmatch(p.name) and p.is_file())
