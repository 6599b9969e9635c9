"""``torchrun … -m tsgan fit``: who speaks, what a killed process leaves, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import tiny
from test_distributed import HERE, pytestmark, torchrun

from tsgan import TimeSeriesGAN
from tsgan.cli.several import command, joined_ranks, speaker
from tsgan.errors import ConfigError, DataError, RankError, TrainingError
from tsgan.launch import Launch, launched

__all__ = ["pytestmark"]

PLACE = {"RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
PLACE |= {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}


def placed(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in {**PLACE, **changed}.items():
        monkeypatch.setenv(name, value)


def told_by_tsgan(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("tsgan: ")]


def test_a_run_of_which_a_process_was_killed_goes_on(price_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    script, fit = HERE / "rank_command.py", ("fit", price_file, "--out", out)

    killed = torchrun(script, "SIGKILL:1:3", *fit, "--steps", 6)
    assert killed.returncode != 0
    (line,) = told_by_tsgan(killed.stderr)
    words = ("rank 1 (process", "is gone", "is whole", "go on with: torchrun --nproc-per-node=2")
    assert [word for word in (*words, "-m tsgan fit", "--resume") if word not in line] == []
    assert TimeSeriesGAN.load(out).training_.steps == 2

    ended = torchrun(script, "none", *fit, "--resume")
    assert ended.returncode == 0, ended.stderr
    for said in ("Read ", "Trained 6 steps", "Next: "):
        assert len(re.findall(f"^{said}", ended.stdout, re.M)) == 1
    assert told_by_tsgan(ended.stderr) == []
    assert TimeSeriesGAN.load(out).training_.finished
    lines = (out / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if '"event": "log"' in line]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_place_is_read_from_the_environment() -> None:
    assert launched({}) is None
    assert launched(PLACE) == Launch(1, 4, 1, 2)
    assert launched(PLACE | {"WORLD_SIZE": "1", "RANK": "0"}) is None
    assert launched({k: v for k, v in PLACE.items() if k != "MASTER_PORT"}) is None
    alone = {k: v for k, v in PLACE.items() if not k.startswith("LOCAL")}
    assert launched(alone) == Launch(1, 4, 1, 4)
    assert Launch(0, 2, 0, 2).command == "torchrun --nproc-per-node=2 -m tsgan"
    assert Launch(0, 4, 0, 2).command == "torchrun --nnodes=2 --nproc-per-node=2 … -m tsgan"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RANK": "4"}, ("RANK below WORLD_SIZE", "4 and 4")),
        ({"RANK": "-1"}, ("whole number in RANK", "'-1'")),
        ({"WORLD_SIZE": "many"}, ("WORLD_SIZE", "'many'")),
    ],
)
def test_a_place_that_is_none_is_refused(
    changed: dict[str, str], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError) as raised:
        launched(PLACE | changed)
    assert [word for word in words if word not in str(raised.value)] == []
    placed(monkeypatch, **changed)
    tiny.demand_refusal(tiny.command("info", "model"), *words)


@pytest.mark.parametrize(
    ("name", "why"),
    [("fit-images", "batch normalisation"), ("generate", "the same files"), ("evaluate", "files")],
)
def test_other_commands_are_refused_once(
    name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(monkeypatch, RANK="0")
    tiny.demand_refusal(tiny.command(name, "x", "y"), name, "4", why, "without torchrun")
    placed(monkeypatch, RANK="1")
    silent = tiny.command(name, "x", "y")
    assert (silent.exit_code, silent.output) == (0, "")


def test_only_one_process_tells_what_all_know(monkeypatch: pytest.MonkeyPatch) -> None:
    assert speaker(TrainingError("")) == "tsgan: " and command() == "tsgan"
    placed(monkeypatch)
    assert speaker(TrainingError("")) is None and speaker(KeyboardInterrupt()) is None
    assert speaker(RankError("")) is None
    assert speaker(RankError("", teller=1)) == speaker(DataError("")) == "tsgan: rank 1: "
    assert speaker(OSError()) == "tsgan: rank 1: "
    placed(monkeypatch, RANK="0")
    assert speaker(TrainingError("")) == speaker(DataError("")) == "tsgan: "


def test_only_the_first_asks_whether_the_directory_is_free(
    price_file: Path, model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(device: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tsgan.cli.fit.joined_ranks", join)
    placed(monkeypatch, RANK="0")
    fit = ("fit", price_file, "--out", model_directory)
    tiny.demand_refusal(tiny.command(*fit), "holds a model already")
    placed(monkeypatch)
    other = tiny.command(*fit)
    assert isinstance(other.exception, ZeroDivisionError) and other.output == ""


@pytest.mark.parametrize("device", ["mps", "cuda"])
def test_a_device_that_cannot_be_shared_is_refused(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    placed(monkeypatch)
    with pytest.raises(ConfigError, match=r"got mps|GPU for each of the 2 processes .* found 1"):  # noqa: SIM117
        with joined_ranks(device):
            pass


def test_batch_sets_paths_and_windows(
    price_file: Path, tmp_path: Path, unjudged: None, tiny_defaults: None
) -> None:
    fit = ("fit", price_file, "--out", tmp_path / "m", "--steps", 2, "--batch", 3)
    assert tiny.command(*fit).exit_code == 0
    training = TimeSeriesGAN.load(tmp_path / "m").config.training
    assert (training.batch, training.conditional_windows) == (3, 3)
    asked = tiny.command("fit", price_file, "--out", tmp_path / "m", "--resume", "--batch", 4)
    tiny.demand_refusal(asked, "--batch")
