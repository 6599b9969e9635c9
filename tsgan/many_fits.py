"""Many models: one for each price file, in a directory of its own, by many processes.

Each is the model that its file gives by itself, with the same settings and the same seed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from socket import gethostname
from typing import Any

from tsgan.checkpoint import MANIFEST, TRAINING, is_model
from tsgan.condition_requests import parse_requests
from tsgan.condition_sources import find_conditions, source_hashes
from tsgan.config import Config
from tsgan.data.prices import Prices, read_prices
from tsgan.errors import CheckpointError, DataError, ShortSeriesWarning, TsganError
from tsgan.fitted import Fitted
from tsgan.judge import evaluate_model, write_evaluation
from tsgan.locks import alone
from tsgan.model import TimeSeriesGAN
from tsgan.reading import ReadConfig
from tsgan.results import SEVENTEEN
from tsgan.run import TrainingFacts
from tsgan.tasks import Outcome, Workers, told_to_stop

METRICS, REPORT = "metrics.json", "report.html"
"""Written in this order."""


@dataclass(frozen=True)
class FitTask:
    """A price file, and the directory of its model."""

    prices: Path
    directory: Path


@dataclass(frozen=True)
class FitFound:
    """What came of a fit.

    Attributes:
        steps, seconds: of its training.
        there: the model was finished before.
        at_mark: rows at or under the 50 % mark of their noise bands, among ``rows``; None where the
            model is not evaluated.
    """

    steps: int
    seconds: float
    there: bool
    at_mark: int | None = None
    rows: int | None = None


@dataclass(frozen=True)
class FitWork:
    """Fits one model: what a worker is given, with the task.

    Attributes:
        config: every setting, the same for all files; the seed too.
        reading, columns: how each file is read.
        evaluates: write report and metrics as well.
        folder: that relative paths are of.
    """

    config: Config
    folder: Path
    reading: ReadConfig
    columns: tuple[str, ...] = ()
    evaluates: bool = True

    def __call__(self, task: FitTask) -> FitFound:
        """Fit a model, go on with one that was interrupted, or leave one that is finished.

        Raises:
            TsganError: it cannot be fitted.
            KeyboardInterrupt: this process was told to stop, and the state of the run is saved.
        """
        path = self._seen(task)
        prices = read_prices(path, self.columns, self.reading, bars=self.config.bars)
        directory = self.folder / task.directory
        training = self._finished(directory, prices, path)
        if training is not None and (not self.evaluates or (directory / REPORT).is_file()):
            return found_in(directory, training, there=True)
        model = self._fitted(directory, prices, path)
        if self.evaluates:
            found = evaluate_model(model, prices, beside=path)
            with alone(directory):
                write_evaluation(directory, model, found)
        return found_in(directory, model.training_, there=training is not None)

    def _seen(self, task: FitTask) -> Path:
        """Return the price file as this process sees it."""
        path = task.prices if task.prices.is_file() else self.folder / task.prices
        for what, there in (
            (path, path.exists()),
            (task.directory.parent, self._seen_models(task)),
        ):
            if not there:
                raise DataError(
                    f"{what}: expected a place that every worker sees, the one on {gethostname()} "
                    "does not; put it on a disk that all machines share, at the same path"
                )
        return path

    def _seen_models(self, task: FitTask) -> bool:
        return (self.folder / task.directory).parent.is_dir()

    def _finished(self, directory: Path, prices: Prices, path: Path) -> TrainingFacts | None:
        """Return how the finished model in a directory was trained, None where there is none."""
        if not (directory / MANIFEST).is_file():
            return None
        fitted = Fitted.read(directory)
        if not fitted.training.finished:
            return None
        facts = fitted.facts
        read = facts.sha256, facts.column, ReadConfig.from_dict(facts.reading)
        other = ""
        if read != (prices.sha256, ", ".join(prices.names), prices.reading):
            other = "prices"
        elif fitted.config != self.config:
            other = "settings"
        elif facts.sources and dict(facts.sources) != self._sources(prices, path):
            other = "files of conditions"
        if other:
            raise CheckpointError(
                f"{directory}: expected the model of these {other}, found one of others; give "
                "those that it was fitted with, delete it, or choose another --out"
            )
        return fitted.training

    def _sources(self, prices: Prices, path: Path) -> dict[str, str]:
        """Return the hashes of the further files that conditions come from."""
        requests = parse_requests(self.config.conditions, self.config.labels)
        found = find_conditions(requests, prices.return_index, path, prices.reading)
        return source_hashes(found)

    def _fitted(self, directory: Path, prices: Prices, path: Path) -> TimeSeriesGAN:
        with told_to_stop() as stop, warnings.catch_warnings():
            warnings.simplefilter("ignore", ShortSeriesWarning)
            model = TimeSeriesGAN(self.config).fit(
                prices,
                beside=path,
                directory=directory,
                resume=(directory / TRAINING).is_file(),
                stop=stop,
            )
            if not model.training_.finished or stop():
                raise KeyboardInterrupt
        return model


def ended_meanwhile(
    tasks: Sequence[FitTask], work: FitWork, outcomes: Mapping[FitTask, object]
) -> dict[FitTask, Outcome[FitTask, FitFound]]:
    """Return what came of fits without an outcome that ended while all were told to stop."""
    ended = {}
    for task in tasks:
        directory = work.folder / task.directory
        judged = not work.evaluates or (directory / REPORT).is_file()
        if task in outcomes or not judged or not (directory / MANIFEST).is_file():
            continue
        with suppress(TsganError):
            training = Fitted.read(directory).training
            if training.finished:
                ended[task] = Outcome(task, found_in(directory, training, there=False), None)
    return ended


def found_in(directory: Path, training: TrainingFacts, *, there: bool) -> FitFound:
    """Return what came of a fit, with the rows of its ``metrics.json`` if it has one."""
    found = FitFound(training.steps, training.seconds, there)
    try:
        rows = json.loads((directory / METRICS).read_text(encoding="utf-8"))["metrics"]
        counted = _counted(rows)
    except FileNotFoundError:
        return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{directory / METRICS}: expected the metrics of a fit, found another file; delete it "
            "and add --resume"
        ) from error
    at_mark = sum(row["verdict"] == "indistinguishable" for row in counted)
    return replace(found, at_mark=at_mark, rows=len(counted))


def _counted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of the verdict: the seventeen; of several assets, all that could be told."""
    seventeen = [row for row in rows if row["name"] in SEVENTEEN]
    return seventeen or [row for row in rows if row["verdict"] != "skipped"]


def fit_many(
    tasks: Sequence[FitTask], work: FitWork, workers: Workers
) -> Generator[Outcome[FitTask, FitFound], None, None]:
    """Yield what comes of each fit, in the order in which they end; one that fails stops no other.

    The directories lie in folders that exist.
    """
    with closing(workers.outcomes(work, tasks)) as outcomes:
        for outcome in outcomes:
            directory = work.folder / outcome.task.directory
            if outcome.made is not None and not is_model(directory):
                unseen: TsganError = DataError(
                    f"{directory}: expected the model that a worker has written, found none; "
                    "choose an --out on a disk that all machines share, at the same path"
                )
                yield replace(outcome, made=None, error=unseen)
            else:
                yield outcome
