"""Quality per minute of training: fit, sample and evaluate, for several series, budgets and seeds.

``python benchmarks/quality.py --series sp500 quantgans --budgets 2m 5m --seeds 0 1 2 --out DIR``

Each run is a process of its own, so that its memory and its time are its own, and leaves a JSON
file in DIR; what has one already is not run again. Of all the files in DIR it then makes a table,
``quality.md``, with medians over the seeds and the worst of them, ``quality.csv`` with everything,
and a picture, ``quality.png``. ``--peers`` runs other learners as well, see quality_peers.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from quality_measures import measure
from quality_peers import PEERS, WINDOW, Clock, joined_paths
from quality_series import SERIES, check_series, read_series
from quality_table import LEARNER, csv_text, picture, table

from tsgan import Config, TimeSeriesGAN, evaluate
from tsgan.canvas import save_figure
from tsgan.cli.common import parse_duration, parse_holdout
from tsgan.config import TrainingConfig
from tsgan.data.prices import Prices
from tsgan.data.returns import log_returns
from tsgan.errors import DataError
from tsgan.files import write_atomically
from tsgan.judge import evaluate_model, paths_beside
from tsgan.periods import origin_of, split_periods
from tsgan.preparation import prepare
from tsgan.results import Evaluation, FloatArray

COMMAND = (sys.executable, str(Path(__file__).resolve()))


@dataclass(frozen=True)
class Job:
    """One run: so many seconds or steps of training of ``learner`` on ``series``."""

    learner: str
    series: str
    asked_seconds: float | None
    asked_steps: int | None
    seed: int
    holdout: float | str
    data: str | None

    @property
    def budget(self) -> str:
        steps = self.asked_steps
        return f"{self.asked_seconds:g} s" if steps is None else f"{steps} steps"

    @property
    def title(self) -> str:
        return f"{self.series}, {self.learner}, {self.budget}, seed {self.seed}"

    @property
    def file(self) -> str:
        """The name of its JSON file: another one for whatever changes what comes out."""
        series = self.series
        if series not in SERIES:
            digest = hashlib.sha256(str(Path(series).resolve()).encode()).hexdigest()
            series = f"{Path(series).stem}-{digest[:8]}"
        kept = [] if self.holdout == "auto" else [f"holdout {self.holdout}"]
        parts = [series, self.learner, self.budget, f"seed {self.seed}", *kept]
        return "-".join(re.sub(r"[^\w.-]", "", part) for part in parts) + ".json"


@dataclass(frozen=True)
class Outcome:
    """What a run came to: its cost, its evaluation, real returns (n,) and paths (paths, steps)."""

    cost: Mapping[str, Any]
    found: Evaluation
    real: FloatArray
    paths: FloatArray


class Watch:
    """Seconds of each stage, and the memory that the process had held at most by its end."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.cost: dict[str, Any] = {}

    def stage(self, name: str) -> None:
        now = time.perf_counter()
        self.cost |= {f"{name}_seconds": now - self.last, f"{name}_mib": peak_memory()}
        self.last = now


def peak_memory() -> float | None:
    """Return the most MiB that this process has held; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (2**10 if sys.platform != "darwin" else 2**20))


def run_tsgan(job: Job, prices: Prices) -> Outcome:
    limits = {"max_seconds": job.asked_seconds, "steps": job.asked_steps}
    given: dict[str, Any] = {name: limit for name, limit in limits.items() if limit is not None}
    config = Config(seed=job.seed, holdout=job.holdout, training=TrainingConfig(**given))
    real, watch = log_returns(prices)[:, 0], Watch()
    model = TimeSeriesGAN(config).fit(prices)
    watch.stage("fit")
    found = evaluate_model(model, prices, seed=job.seed)
    watch.stage("evaluation")
    paths = paths_beside(model, len(real), job.seed).log_returns  # those that were evaluated
    watch.stage("sample")
    trained = model.training_
    told = {"steps": trained.steps, "best_step": trained.best_step}
    return Outcome({**told, "training_seconds": trained.seconds, **watch.cost}, found, real, paths)


def run_peer(job: Job, prices: Prices) -> Outcome:
    """Let a peer learn what tsgan would be trained on."""
    torch.set_num_threads(1)
    torch.manual_seed(job.seed)
    peer, clock = PEERS[job.learner], Clock(job.asked_seconds, job.asked_steps)
    periods = split_periods(prices, origin_of(prepare(prices, Config(holdout=job.holdout)).facts))
    real, training = periods.series, periods.training
    windows = np.lib.stride_tricks.sliding_window_view(training, WINDOW)[:: peer.stride]
    watch = Watch()
    sampler = peer.learn(windows.copy(), clock, job.seed)
    watch.stage("fit")
    paths = joined_paths(sampler, peer.paths, len(real))
    watch.stage("sample")
    found = evaluate(real, paths, training=training, held_out=periods.held_out, seed=job.seed)
    watch.stage("evaluation")
    told = {"steps": clock.done, "training_seconds": clock.passed}
    return Outcome({**told, **watch.cost}, found, real, paths)


def do(job: Job, out: Path) -> None:
    """Run ``job`` in this process and write its JSON file."""
    prices = read_series(job.series, None if job.data is None else Path(job.data))
    done = run_tsgan(job, prices) if job.learner == LEARNER else run_peer(job, prices)
    measured = measure(done.found, done.real, done.paths, job.seed)
    asked = {name: value for name, value in asdict(job).items() if name != "data"}
    record = {**asked, **done.cost, "peak_mib": peak_memory(), **measured}
    write_atomically(out / job.file, json.dumps(record, indent=1, allow_nan=False) + "\n")


def run_process(job: Job, out: Path) -> str:
    """Run ``job`` in a process of its own; return why it failed, in a line, or nothing."""
    command = [*COMMAND, "--out", str(out), "--job", json.dumps(asdict(job))]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode == 0:
        return ""
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"ended with code {ended.returncode}"


def run_all(jobs: Sequence[Job], out: Path, at_a_time: int) -> dict[str, str]:
    """Run what has no JSON file yet; return why runs failed, by title."""
    waiting = [job for job in jobs if not (out / job.file).exists()]
    if len(waiting) < len(jobs):
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} runs are finished already")
    failed = {}
    pool = ThreadPoolExecutor(at_a_time)
    try:
        running = {pool.submit(run_process, job, out): job for job in waiting}
        for number, future in enumerate(as_completed(running), 1):
            job, reason = running[future], future.result()
            if reason:
                failed[job.title] = reason
            said = f"failed: {reason}" if reason else "finished"
            print(f"{number} of {len(waiting)}: {job.title}: {said}", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def read_records(out: Path) -> list[dict[str, Any]]:
    """Return what all finished runs in the folder have left."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*.json"))]


def write_all(out: Path, missing: Sequence[str], failed: Mapping[str, str]) -> str:
    """Write table, CSV and picture of all finished runs in the folder; return the table."""
    records = read_records(out)
    text = table(records, missing, failed)
    write_atomically(out / "quality.md", text)
    write_atomically(out / "quality.csv", csv_text(records))
    save_figure(picture(records), out / "quality.png")
    return text


def option(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of tsgan's command line as argparse wants it."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except typer.BadParameter as error:
            raise argparse.ArgumentTypeError(error.message) from None

    return parsed


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = f"of {', '.join(SERIES)}, or paths of price files (default sp500)"
    parser.add_argument("--series", nargs="+", default=["sp500"], help=names)
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument(
        "--budgets",
        nargs="+",
        type=option(parse_duration),
        default=[300.0],
        help="training times such as 90s or 5m (default 5m)",
    )
    limits.add_argument("--steps", type=int, help="generator steps instead of a time")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="default 0")
    parser.add_argument("--data", type=Path, help="folder of the files of all other series")
    parser.add_argument("--out", type=Path, required=True, help="folder for all that is written")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default 1)")
    parser.add_argument("--peers", action="store_true", help="run other learners as well")
    parser.add_argument(
        "--holdout",
        type=option(parse_holdout),
        default="auto",
        help="end of the series kept from training: a fraction or a date (default as tsgan fit)",
    )
    parser.add_argument("--job", help=argparse.SUPPRESS)
    return parser.parse_args(given)


def jobs_of(asked: argparse.Namespace, learners: Sequence[str]) -> list[Job]:
    """Return a job for each series, budget, seed and learner, in this order."""
    budgets = asked.budgets if asked.steps is None else [None]
    data = None if asked.data is None else str(asked.data)
    return [
        Job(learner, series, seconds, asked.steps, seed, asked.holdout, data)
        for series, seconds, seed, learner in product(asked.series, budgets, asked.seeds, learners)
    ]


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    if asked.job is not None:
        do(Job(**json.loads(asked.job)), asked.out)
        return
    peers = list(PEERS) if asked.peers else []
    missing = [name for name in peers if not PEERS[name].installed]
    learners = [LEARNER, *(name for name in peers if name not in missing)]
    try:
        for series in asked.series:
            check_series(series, asked.data)
    except DataError as error:
        raise SystemExit(f"quality.py: {error}") from None
    asked.out.mkdir(parents=True, exist_ok=True)
    failed = run_all(jobs_of(asked, learners), asked.out, asked.jobs)
    print(write_all(asked.out, missing, failed), end="")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
