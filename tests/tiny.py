"""Everything small: prices, networks, runs and evaluations, so that a test takes a moment.

``python tests/tiny.py fit prices.csv …`` is the command ``tsgan`` with small defaults.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner, Result

from tsgan import Scenarios
from tsgan.cli.app import app
from tsgan.config import Config, NetworkConfig, TrainingConfig

RETURNS = 700
NETWORK = {
    "channels": 4,
    "layers": 3,
    "noise_channels": 2,
    "slow_noise": (20.0, 200.0),
    "innovation_width": 4,
    "critic_channels": (4, 4, 4),
    "critic_dense": 8,
    "scales": (1, 8),
    "stretch": 64,
}
TRAINING = {
    "batch": 2,
    "path_length": 256,
    "conditional_windows": 2,
    "critic_steps": 1,
    "log_every": 1,
    "check_every": 3,
}


def config(steps: int = 6, **settings: Any) -> Config:
    """A configuration of tiny networks and few steps."""
    default = Config()
    return Config(
        **settings,
        network=replace(default.network, **NETWORK),
        training=replace(default.training, **TRAINING, steps=steps),
    )


def some_paths(scenarios: Scenarios, first: int, last: int) -> Scenarios:
    """The paths at positions ``first`` to ``last``, the latter excluded."""
    chosen = slice(first, last)
    return replace(
        scenarios, log_returns=scenarios.log_returns[chosen], numbers=scenarios.numbers[chosen]
    )


def garch_returns(n: int = RETURNS, seed: int = 0) -> np.ndarray:
    """(n,) log returns of a GARCH(1,1) with about 16 % annualised volatility."""
    random = np.random.default_rng(seed)
    variance, returns = 1e-4, np.empty(n)
    for t in range(n):
        returns[t] = np.sqrt(variance) * random.standard_normal()
        variance = 5e-6 + 0.1 * returns[t] ** 2 + 0.85 * variance
    return returns


def prices(n: int = RETURNS, seed: int = 0) -> pd.Series:
    """n + 1 closes on business days up to Friday 2021-12-31."""
    closes = 100 * np.exp(np.cumsum(np.r_[0.0, garch_returns(n, seed)]))
    days = pd.bdate_range(end="2021-12-31", periods=n + 1, name="Date")
    return pd.Series(closes, index=days, name="Close")


def write_prices(path: Path, n: int = RETURNS, seed: int = 0) -> Path:
    """Write such closes to a CSV file, and a column of opens that are others."""
    series = prices(n, seed)
    series.to_frame().assign(Open=(2 * series**0.5).to_numpy()).to_csv(path)
    return path


def contents(directory: Path) -> dict[str, bytes]:
    """The bytes of each file by its name."""
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def command(*arguments: object) -> Result:
    """Run ``tsgan`` within this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def demand_refusal(result: Result, *words: str) -> None:
    """Demand a domain error: one line on stderr, exit code 1, no traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    line = result.stderr.rstrip("\n")
    assert line.startswith("tsgan: ") and "\n" not in line, result.stderr
    assert [word for word in words if word not in line] == [], line


def defaults() -> Iterator[tuple[object, str, Any]]:
    """Yield what to set, and how, so that the commands work with small sizes."""
    for kind, sizes in ((NetworkConfig, NETWORK), (TrainingConfig, TRAINING)):
        values = [sizes.get(field.name, field.default) for field in fields(kind)]
        yield kind.__init__, "__defaults__", tuple(values)
    evaluation = importlib.import_module("tsgan.evaluation")
    sizes = {"bootstrap_paths": 20, "baselines": ("GARCH-n",), "baseline_paths": 20}
    yield evaluation.evaluate, "__kwdefaults__", {**evaluation.evaluate.__kwdefaults__, **sizes}
    yield importlib.import_module("tsgan.judge"), "EVALUATION_PATHS", 20
    yield importlib.import_module("tsgan.judge"), "OBEDIENCE_PATHS", 10
    yield importlib.import_module("tsgan.model"), "TRAINING_THREADS", 1


if __name__ == "__main__":
    for owner, name, value in defaults():
        setattr(owner, name, value)
    importlib.import_module("tsgan.cli.app").main()
