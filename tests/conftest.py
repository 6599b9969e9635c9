"""Fixtures that several files share: small prices, and a model that was hardly trained on them."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import torch
from evaluation_example import example_evaluation

import tsgan.model
from tsgan import TimeSeriesGAN

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Train on one thread: two that wait for each other are slow on a busy machine."""
    tsgan.model.TRAINING_THREADS = 1


@pytest.fixture(scope="session")
def price_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """701 daily closes, see ``tiny.write_prices``."""
    return tiny.write_prices(tmp_path_factory.mktemp("prices") / "garch.csv")


@pytest.fixture(scope="session")
def fitted(price_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TimeSeriesGAN:
    """A tiny model after 6 steps; do not change it."""
    return TimeSeriesGAN(tiny.config(holdout=0.2)).fit(price_file)


@pytest.fixture(scope="session")
def model_directory(fitted: TimeSeriesGAN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which ``fitted`` is saved; do not change it."""
    directory = tmp_path_factory.mktemp("models") / "garch-model"
    fitted.save(directory)
    return directory


@pytest.fixture
def tiny_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands, which cannot be told sizes, work with small ones."""
    for owner, name, value in tiny.defaults():
        monkeypatch.setattr(owner, name, value)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the evaluation, which has a test of its own."""
    monkeypatch.setattr("tsgan.judge.evaluate_model", lambda *_, **__: example_evaluation(50))
    monkeypatch.setattr(
        "tsgan.judge.write_evaluation", lambda directory, *_: (directory / "metrics.json").touch()
    )
