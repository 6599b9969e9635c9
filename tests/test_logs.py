"""What a run writes while it goes on: whole, strict, and the same after an interruption."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from toys import CONFIG, toy_batch, toy_trainer

from tsgan import Callback, DataError, Progress, TimeSeriesGAN
from tsgan.config import TrainingConfig
from tsgan.logs import LOG, MetricsFile
from tsgan.steps import Batch
from tsgan.trainer import State, Trainer

SERIES = tiny.prices()
PROGRESS = Progress(
    step=30,
    fraction=0.3,
    seconds=1.5,
    real_score=2.0,
    fake_score=-1.0,
    estimate=3.0,
    penalty=0.5,
    learning_rate=1e-3,
    score=0.7,
    best=0.6,
    best_step=20,
)


def strict(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, which must be strict JSON."""
    text = path.read_bytes().decode()
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def timeless(path: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k != "seconds"} for line in strict(path)]


def test_lines_say_what_was_told(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / LOG)
    file.on_start(0)
    assert (tmp_path / LOG).read_bytes() == b""
    file.on_log(PROGRESS)
    file.on_check(PROGRESS)
    file.on_return(20)
    where = {"step": 30, "fraction": 0.3, "seconds": 1.5}
    means = {"real_score": 2.0, "fake_score": -1.0, "estimate": 3.0, "penalty": 0.5}
    scores = {"heldout_score": 0.7, "best_score": 0.6, "best_step": 20}
    assert strict(tmp_path / LOG) == [
        {"event": "log", **where, **means, "learning_rate": 1e-3},
        {"event": "check", **where, **scores},
        {"event": "return", "step": 20},
    ]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_null(tmp_path: Path, number: float) -> None:
    file = MetricsFile(tmp_path / LOG)
    file.on_start(0)
    file.on_log(replace(PROGRESS, penalty=number))
    file.on_check(replace(PROGRESS, score=None, best=None))
    log, check = strict(tmp_path / LOG)
    assert log["penalty"] is None and log["estimate"] == 3.0
    assert check["heldout_score"] is None and check["best_score"] is None


def line(event: str, step: int) -> bytes:
    return json.dumps({"event": event, "step": step}).encode() + b"\n"


LOG_3, CHECK_3, LOG_4, LOG_6 = line("log", 3), line("check", 3), line("log", 4), line("log", 6)
RETURN_3 = line("return", 3)


@pytest.mark.parametrize(
    ("content", "step", "returns", "kept"),
    [
        (LOG_3 + CHECK_3 + LOG_4, 0, 0, b""),
        (LOG_3 + CHECK_3 + LOG_4, 3, 0, LOG_3 + CHECK_3),
        (LOG_3 + CHECK_3 + LOG_4, 4, 0, LOG_3 + CHECK_3 + LOG_4),
        (LOG_3 + CHECK_3 + LOG_4[:-9], 3, 0, LOG_3 + CHECK_3),
        (LOG_3 + LOG_4[:-1], 9, 0, LOG_3),
        (LOG_3 + LOG_4[:-9] + LOG_6 + LOG_6, 9, 0, LOG_3 + LOG_6),
        (LOG_3 + CHECK_3 + LOG_6 + RETURN_3 + LOG_4, 3, 0, LOG_3 + CHECK_3),
        (LOG_3 + CHECK_3 + LOG_6 + RETURN_3 + LOG_4, 3, 1, LOG_3 + CHECK_3 + LOG_6 + RETURN_3),
        (LOG_3 + CHECK_3 + RETURN_3 + LOG_3, 3, 0, LOG_3 + CHECK_3),
        (LOG_3 + LOG_6 + RETURN_3 + LOG_4 + LOG_6, 4, 1, LOG_3 + LOG_6 + RETURN_3 + LOG_4),
        (b'\xff\n[]\n3\n{"step": 1}\n{"event": "log", "step": "1"}\n' + LOG_3, 3, 0, LOG_3),
        (b"[" * 100_000 + b"\n" + LOG_3, 3, 0, LOG_3),
    ],
)
def test_lines_beyond_the_state_and_torn_ones_are_dropped(
    tmp_path: Path, content: bytes, step: int, returns: int, kept: bytes
) -> None:
    (tmp_path / LOG).write_bytes(content)
    MetricsFile(tmp_path / LOG, returns).on_start(step)
    assert (tmp_path / LOG).read_bytes() == kept
    assert [file.name for file in tmp_path.iterdir()] == [LOG]


def test_dropping_is_atomic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / LOG).write_bytes(LOG_3 + LOG_4)
    monkeypatch.setattr("tsgan.files._flush", fail)
    with pytest.raises(KeyboardInterrupt):
        MetricsFile(tmp_path / LOG).on_start(3)
    assert (tmp_path / LOG).read_bytes() == LOG_3 + LOG_4


def test_each_line_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    open_file = Path.open

    def watched(path: Path, *arguments: Any, **settings: Any) -> Any:
        file = open_file(path, *arguments, **settings)
        assert type(file).__name__ == "FileIO", "no buffer that a killed process would lose"

        class Watched(type(file)):  # type: ignore[misc]
            def write(self, data: bytes) -> int:
                written.append(data)
                return int(super().write(data))

        file.close()
        return Watched(path, "ab")

    file = MetricsFile(tmp_path / LOG)
    file.on_start(0)
    monkeypatch.setattr(Path, "open", watched)
    file.on_log(PROGRESS)
    file.on_return(3)
    monkeypatch.undo()
    assert len(written) == 2 and b"".join(written) == (tmp_path / LOG).read_bytes()


@pytest.mark.parametrize("where", ["folder", "nowhere/file"])
def test_place_that_is_no_file_is_a_domain_error(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*(choose another|create it)"):
        MetricsFile(tmp_path / where).on_start(0)


def test_file_that_cannot_be_written_any_more_is_a_domain_error(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "gone" / LOG)
    with pytest.raises(DataError, match=r"cannot write .*metrics\.jsonl"):
        file.on_return(1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_full_disk_is_a_domain_error() -> None:
    with pytest.raises(DataError, match="cannot write /dev/full: No space left"):
        MetricsFile("/dev/full").on_return(1)


def test_lines_of_a_fit_are_the_means_of_its_history(tmp_path: Path) -> None:
    config = tiny.config(10, holdout=0.2)  # checks at steps 4, 7 and 10
    config = replace(config, training=replace(config.training, log_every=3))
    model = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path)
    lines = strict(tmp_path / LOG)
    told = [(one["event"], one["step"]) for one in lines]
    logs = [("log", step) for step in (3, 4, 6, 7, 9, 10)]
    assert [pair for pair in told if pair[0] == "log"] == logs
    assert [pair for pair in told if pair not in logs] == [("check", s) for s in (4, 7, 10)]
    before = 0
    for one in (one for one in lines if one["event"] == "log"):
        newest = slice(before, one["step"])
        for name in ("real_score", "fake_score", "estimate", "penalty"):
            assert one[name] == pytest.approx(np.mean(model.history_[name][newest]), rel=1e-12)
        assert one["fraction"] == one["step"] / 10
        assert one["seconds"] == model.history_["seconds"][one["step"] - 1]
        before = one["step"]
    checks = [one for one in lines if one["event"] == "check"]
    assert [one["heldout_score"] for one in checks] == list(model.history_["heldout_score"])
    assert checks[-1]["best_step"] == model.training_.best_step
    assert checks[-1]["best_score"] == model.training_.best_score


class Kill(Callback):
    """Ends the run, as SIGKILL would, at the event of the given number."""

    def __init__(self, event: float = math.inf) -> None:
        self.left = event

    def hear(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    on_log = on_check = on_return = hear


def diverging(stream: torch.Generator) -> Batch:
    """A batch that is not a number once in twenty."""
    ((x, condition),) = toy_batch(stream)
    spoiled = 0.9 < torch.rand((), generator=stream) < 0.95
    return [(x * math.nan if spoiled else x, condition)]


DIVERGING = replace(CONFIG, critic_steps=1, steps=30, log_every=2, check_every=5)


class Saved:
    """The newest state of a run, as a file would keep it."""

    def __init__(self) -> None:
        self.state: State | None = None

    def __call__(self, trainer: Trainer) -> None:
        self.state = trainer.state()


def run_of(
    saved: Saved, callbacks: Callable[[Trainer], list[Callback]], config: TrainingConfig = DIVERGING
) -> Trainer:
    """Begin a run, or go on with the one that is saved."""
    trainer = toy_trainer(config, diverging)
    if saved.state is not None:
        trainer.load_state(*saved.state)
    trainer.run(callbacks(trainer), saved)
    return trainer


@pytest.mark.parametrize("event", range(24))
def test_killed_run_that_diverges_writes_the_same_lines(tmp_path: Path, event: int) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    trainer = run_of(Saved(), lambda trainer: [MetricsFile(whole)])
    assert trainer.returns >= 2 and trainer.step == 30
    events = [one["event"] for one in strict(whole)]
    assert len(events) >= 24 and set(events) == {"log", "check", "return"}
    saved = Saved()
    with pytest.raises(KeyboardInterrupt):
        run_of(saved, lambda trainer: [MetricsFile(killed, trainer.returns), Kill(event)])
    with killed.open("ab") as file:
        file.write(b'{"event": "log", "st')
    run_of(saved, lambda trainer: [MetricsFile(killed, trainer.returns)])
    assert timeless(killed) == timeless(whole)


@pytest.mark.parametrize("pieces", [[0], [1], [4], [2, 3], [3, 1, 1]])
def test_resumed_fit_writes_the_same_lines(tmp_path: Path, pieces: list[int]) -> None:
    config = tiny.config(7, holdout=0.2)
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")
    for number, steps in enumerate([*pieces, 10**9]):
        asked = iter(range(steps))
        TimeSeriesGAN(config).fit(
            SERIES,
            directory=tmp_path / "pieces",
            resume=number > 0,
            stop=lambda asked=asked: next(asked, None) is None,  # type: ignore[misc]
        )
    assert timeless(tmp_path / "pieces" / LOG) == timeless(tmp_path / "whole" / LOG)


@pytest.mark.parametrize("steps", [1, 4, 7, 9, 11])
def test_fit_stopped_between_two_looks_writes_the_same_lines(tmp_path: Path, steps: int) -> None:
    config = tiny.config(12, holdout=0.2)  # looks at steps 4, 5, 8, 10 and 12
    config = replace(config, training=replace(config.training, log_every=5))
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")
    asked = iter(range(steps))
    fit = TimeSeriesGAN(config).fit
    fit(SERIES, directory=tmp_path / "cut", stop=lambda: next(asked, None) is None)
    fit(SERIES, directory=tmp_path / "cut", resume=True)
    assert timeless(tmp_path / "cut" / LOG) == timeless(tmp_path / "whole" / LOG)


def test_new_fit_begins_a_new_file(tmp_path: Path) -> None:
    for steps in (6, 3):
        TimeSeriesGAN(tiny.config(steps)).fit(SERIES, directory=tmp_path)
    assert [one["step"] for one in strict(tmp_path / LOG) if one["event"] == "log"] == [1, 2, 3]
