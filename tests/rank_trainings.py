"""Tiny trainings that one process or several do; ``rank_trainings.py FOLDER`` does them all.

Each process writes what came of them, so that a test can compare it: tensors by training, and
``told-RANK.json``.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import tiny
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import tsgan.fitting
from tsgan import checkpoint
from tsgan.batches import SeriesBatches
from tsgan.cli.interrupts import interrupts
from tsgan.config import Config
from tsgan.data.prices import read_prices
from tsgan.distributed import joined
from tsgan.errors import RankError
from tsgan.ranks import ALONE, Ranks
from tsgan.series_run import SeriesRun
from tsgan.steps import Batch
from tsgan.trainer import Trainer

STEPS = 4
SOME = {"batch": 4, "conditional_windows": 4, "critic_steps": 2, "max_gradient_norm": 1.0}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"optimizer": "sgd", "learning_rate": 0.03, "beta1": 0.5, "fresh_fakes": True},
    "conditions": {},
    "panel": {"batch": 8, "conditional_windows": 8, "objective": "lsgan", "critic_steps": 1},
}
CONDITIONS = {"conditions": ("vix=vix", "trend", "regime=found:3"), "labels": ("l=2020:2020",)}
SINGLE = "plain"
"""The case in float32. Where a gradient is nothing but rounding, as that of a Wasserstein critic's
last bias, Adam makes a whole step of it, so that its runs are compared in float64.
"""


def config(case: str, **training: Any) -> Config:
    small = tiny.config(STEPS, holdout=0.2, **(CONDITIONS if case == "conditions" else {}))
    settings = {**SOME, **CASES[case], **training}
    return replace(small, training=replace(small.training, **settings))


def run(
    case: str,
    ranks: Ranks = ALONE,
    directory: Path | None = None,
    seed: int = 0,
    **training: Any,
) -> SeriesRun:
    """A run at step 0, on closes with a condition beside them, or on three assets."""
    if case == "panel":
        frame = pd.concat([tiny.prices(seed=s).rename(f"A{s}") for s in range(3)], axis=1)
        prices = read_prices(frame)
    else:
        closes = tiny.prices(seed=seed).to_frame()
        frame = closes.assign(vix=20.0 + np.arange(len(closes)) % 7)
        prices = read_prices(frame, "Close")
    made = SeriesRun(prices, config(case, **training), directory, frame, ranks)
    if not ranks.first:
        made.trainer.score = forbidden
    return made


def forbidden(generator: nn.Module) -> float:
    raise AssertionError("only the first rank scores")


@contextmanager
def precision(case: str) -> Iterator[None]:
    """Let networks and series be in float64, but in the case of single precision."""
    if case == SINGLE:
        yield
        return
    torch.set_default_dtype(torch.float64)
    tsgan.fitting.np = SimpleNamespace(float32=np.float64)  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        tsgan.fitting.np = np


def trained(case: str, ranks: Ranks = ALONE) -> dict[str, Tensor]:
    """The state after the run."""
    with precision(case):
        trainer = run(case, ranks).trainer
        trainer.run()
        return tensors(trainer)


def tensors(trainer: Trainer) -> dict[str, Tensor]:
    """All of the state but the seconds."""
    found = trainer.state()[0]
    return {name: tensor for name, tensor in found.items() if name != "history.seconds"}


def resumed(ranks: Ranks, folder: Path) -> tuple[Trainer, list[int]]:
    """A run that goes on after a signal to the last rank, and where the two ended."""
    last = ranks.rank == ranks.count - 1
    first = run(SINGLE, ranks, folder / "model")
    with interrupts() as caught:

        def stop() -> bool:
            if last and first.trainer.step == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return bool(caught)

        first.train([], stop, nothing)
    second = run(SINGLE, ranks, folder / "model")
    second.resume()
    second.train([], lambda: False, nothing)
    return second.trainer, [first.trainer.step, second.trainer.step]


def nothing(*_: object) -> None:
    pass


def timed(ranks: Ranks) -> Trainer:
    """A run of 1 s, by clocks that differ: the first says that a step takes an eighth of it."""
    trainer = run(SINGLE, ranks, steps=None, max_seconds=1.0).trainer
    readings = count(step=0.125 + ranks.rank)
    trainer.clock = lambda: next(readings)
    trainer.run()
    return trainer


class SpoiledThere:
    """Batches of which the third is not a number in the last rank."""

    def __init__(self, batches: SeriesBatches, ranks: Ranks) -> None:
        self.batches, self.drawn = batches, 0
        self.spoils = ranks.rank == ranks.count - 1

    def __call__(self, stream: torch.Generator) -> Batch:
        self.drawn += 1
        (paths, none), windows = self.batches(stream)
        return [(paths * math.nan if self.spoils and self.drawn == 3 else paths, none), windows]


def diverged(ranks: Ranks) -> Trainer:
    trainer = run(SINGLE, ranks).trainer
    trainer.batches = SpoiledThere(trainer.batches, ranks)  # type: ignore[arg-type]
    trainer.run()
    return trainer


def refusal(ranks: Ranks) -> str:
    """What is said where the last rank has other prices."""
    try:
        run(SINGLE, ranks, seed=ranks.rank).train([], lambda: False, nothing)
    except RankError as error:
        return str(error)
    return "nothing"


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with joined("cpu") as ranks:
        if not ranks.first:
            checkpoint.write_training = forbidden  # type: ignore[assignment]
        states = {case: trained(case, ranks) for case in CASES}
        trainer, steps = resumed(ranks, folder)
        states["resumed"] = tensors(trainer)
        late, back = timed(ranks), diverged(ranks)
        told = {
            "steps": steps,
            "scores": trainer.scores,
            "timed": [late.step, late.seconds],
            "returns": [back.returns, back.step],
            "refusal": refusal(ranks),
        }
    for name, state in states.items():
        save_file(state, folder / f"{name}-{ranks.rank}.safetensors")
    (folder / f"told-{ranks.rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
