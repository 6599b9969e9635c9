"""Training states of someone who means harm: no run goes on from them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hostile
import pytest
import tiny
import torch
from hostile import refusal

from tsgan import TimeSeriesGAN, checkpoint
from tsgan.checkpoint import TRAINING
from tsgan.errors import CheckpointError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


@pytest.mark.parametrize("data", hostile.HEADERS.values(), ids=hostile.HEADERS.keys())
def test_training_states_that_are_none_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / TRAINING).write_bytes(data)
    assert TRAINING in refusal(checkpoint.read_training, tmp_path)


@POSIX
def test_training_state_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / TRAINING)
    assert "a pipe" in refusal(checkpoint.read_training, tmp_path)


STATES: list[hostile.Edit] = [
    lambda t: t.update(extra=torch.zeros(3)),
    lambda t: t.pop("stream"),
    lambda t: t.update(stream=t["stream"].float()),
    lambda t: t.update(stream=t["stream"][:10].clone()),
    lambda t: t.update(stream=torch.full_like(t["stream"], 255)),
    lambda t: t["best." + first_of(t, "best.")].fill_(torch.nan),
    lambda t: t.update({(k := "critic." + first_of(t, "critic.")): t[k].double()}),
    lambda t: t.update({"critic_descent.0.step": torch.full((1000, 1000), 1.0)}),
    lambda t: t.update({"critic_descent.0.exp_avg": torch.zeros(1)}),
    lambda t: t.update({"critic_descent.0.__class__": torch.zeros(())}),
    lambda t: t.update({"critic_descent.99999.step": torch.zeros(())}),
    lambda t: t.update({"critic_descent.-1.step": torch.zeros(())}),
    lambda t: t["critic_descent.0.exp_avg_sq"].fill_(torch.inf),
    lambda t: t.update({"history.seconds": torch.zeros(10**6, dtype=torch.float64)}),
    lambda t: t.update({"history.seconds": torch.zeros((2, 2), dtype=torch.float64)}),
]
NUMBERS: list[dict[str, object]] = [
    *({"step": value} for value in (-1, "1", None, [], 2**60, True, {})),
    *({"seconds": value} for value in (-1.0, "x", None)),
    *({"scores": value} for value in (1, [1], ["ab"], {"a": 1}, [[1, "x"]], None)),
    *({"best_score": value} for value in ("x", [], {})),
]


def first_of(tensors: dict[str, torch.Tensor], begin: str) -> str:
    name = next(k for k, v in tensors.items() if k.startswith(begin) and v.ndim >= 2)
    return name.removeprefix(begin)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Prices, and the directory of a run on them that could go on."""
    folder = tmp_path_factory.mktemp("begun")
    prices = tiny.write_prices(folder / "prices.csv")
    TimeSeriesGAN(tiny.config(3, holdout=0)).fit(prices, directory=folder / "model")
    return prices, folder / "model"


def demand_no_resume(begun: tuple[Path, Path], tmp_path: Path, edit: hostile.Edit) -> None:
    """A run whose state was edited, and vouched for, is refused before it goes on."""
    prices, model = begun
    tensors, numbers = checkpoint.read_training(model)
    edit((tensors, numbers))
    checkpoint.write_training(tmp_path / "model", tensors, numbers)
    gan = TimeSeriesGAN(tiny.config(3, holdout=0))
    with pytest.raises(CheckpointError, match="does not fit this configuration") as caught:
        gan.fit(prices, directory=tmp_path / "model", resume=True)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("edit", STATES)
def test_states_of_other_tensors_do_not_go_on(
    begun: tuple[Path, Path], tmp_path: Path, edit: hostile.Edit
) -> None:
    demand_no_resume(begun, tmp_path, lambda both: edit(both[0]))


@pytest.mark.parametrize("values", NUMBERS, ids=str)
def test_states_of_other_numbers_do_not_go_on(
    begun: tuple[Path, Path], tmp_path: Path, values: dict[str, object]
) -> None:
    demand_no_resume(begun, tmp_path, lambda both: both[1].update(values))
