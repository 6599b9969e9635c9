"""Runs that are listened to, end early, are cut and resumed, and end with the same bytes."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import Callback, Progress, TimeSeriesGAN, read_prices
from tsgan.checkpoint import TRAINING, WEIGHTS, read_training, write_training
from tsgan.errors import CheckpointError, ConfigError
from tsgan.logs import LOG
from tsgan.validation import HeldOutScore

SERIES = tiny.prices()


class Listener(Callback):
    """Keeps what it is told of the steps."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    def on_log(self, progress: Progress) -> None:
        self.told.append(progress)


def stop_after(calls: int) -> Callable[[], bool]:
    """A ``stop`` that is asked before each step, and says yes from then on."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= calls


def test_run_is_reproducible_to_the_byte_and_depends_on_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        TimeSeriesGAN(tiny.config(3, seed=seed)).fit(SERIES, directory=tmp_path / name)
    a, b, c = ((tmp_path / name / WEIGHTS).read_bytes() for name in "abc")
    assert a == b != c


def test_steps_are_told_in_order() -> None:
    listener = Listener()
    TimeSeriesGAN(tiny.config(6, holdout=0.2)).fit(SERIES, callbacks=[listener])
    told = listener.told
    assert [progress.step for progress in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1].fraction == 1 and told[-1].score is not None
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(told))


def test_event_of_each_kind_reaches_the_callbacks_in_order() -> None:
    heard: list[str] = []

    class All(Callback):
        def on_start(self, step: int) -> None:
            heard.append(f"start {step}")

        def on_log(self, progress: Progress) -> None:
            heard.append(f"log {progress.step}")

        def on_check(self, progress: Progress) -> None:
            assert progress.score is not None
            heard.append(f"check {progress.step}")

        def on_end(self) -> None:
            heard.append("end")

    TimeSeriesGAN(tiny.config(3, holdout=0.2)).fit(SERIES, callbacks=[All(), Callback()])
    told = [f"{event} {step}" for step in (1, 2, 3) for event in ("log", "check")]
    assert heard == ["start 0", *told, "end"]


def test_run_that_is_out_of_patience_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([3.0, 1.0, 2.0, 4.0, *[0.0] * 9])
    monkeypatch.setattr(HeldOutScore, "__call__", lambda *_: next(scores))
    config = tiny.config(9, holdout=0.2)
    config = replace(config, training=replace(config.training, check_every=9, patience=2))
    model = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path)
    assert model.training_.finished
    assert (model.training_.steps, model.training_.best_step) == (4, 2)
    assert TimeSeriesGAN.load(tmp_path).training_.finished
    again = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path, resume=True)
    assert again.training_.steps == 4, "there is nothing to go on with"


def test_killed_fit_that_diverged_before_writes_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config(8, holdout=0.2)
    config = replace(config, training=replace(config.training, check_every=8))

    def fit(name: str, *, diverging: int, resume: bool = False, callback: Callback) -> None:
        calls = itertools.count(1)
        score = lambda *_: math.nan if next(calls) == diverging else 1.0  # noqa: E731
        monkeypatch.setattr(HeldOutScore, "__call__", score)
        TimeSeriesGAN(config).fit(
            SERIES, directory=tmp_path / name, resume=resume, callbacks=[callback]
        )

    class Kill(Callback):
        def on_log(self, progress: Progress) -> None:
            if progress.step == 6:
                raise KeyboardInterrupt

    fit("whole", diverging=3, callback=Callback())
    with pytest.raises(KeyboardInterrupt):
        fit("killed", diverging=3, callback=Kill())
    fit("killed", diverging=0, resume=True, callback=Callback())
    whole, killed = (
        re.sub('"seconds": [^,]+', "", (tmp_path / name / LOG).read_text()).splitlines()
        for name in ("whole", "killed")
    )
    assert [line for line in whole if "return" in line] == ['{"event": "return", "step": 2}']
    assert killed == whole and len(whole) == 8 + 8 + 1


def test_patience_needs_something_to_wait_for(tmp_path: Path) -> None:
    config = tiny.config(3, holdout=0)
    config = replace(config, training=replace(config.training, patience=2))
    with pytest.raises(ConfigError, match="patience: expected a held-out end"):
        TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_training_is_in_full_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[bool] = []

    @contextmanager
    def watched() -> Iterator[None]:
        entered.append(True)
        yield
        entered.pop()

    class Look(Callback):
        def on_log(self, progress: Progress) -> None:
            assert entered == [True]

        on_check = on_log

    monkeypatch.setattr("tsgan.model.ieee_float32", watched)
    listener = Listener()
    TimeSeriesGAN(tiny.config(2)).fit(SERIES, callbacks=[Look(), listener])
    assert len(listener.told) == 2 and entered == []


def test_best_checkpoint_by_held_out_score_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.config(6, holdout=0.2)  # three checks, at steps 2, 4 and 6
    config = replace(config, training=replace(config.training, score_from=0.0))
    kept = {}
    for best in (2, 4, 6):
        scores = iter([float(step != best) for step in (2, 4, 6)])
        monkeypatch.setattr(HeldOutScore, "__call__", lambda *_, told=scores: next(told))
        kept[best] = TimeSeriesGAN(config).fit(SERIES)
        stopped = TimeSeriesGAN(config)
        monkeypatch.setattr(HeldOutScore, "__call__", lambda *_: 0.0)
        stopped.fit(SERIES, stop=stop_after(best))
        assert (kept[best].training_.best_step, kept[best].training_.best_score) == (best, 0)
        for one, other in zip(
            kept[best].fitted_.generator.parameters(),
            stopped.fitted_.generator.parameters(),
            strict=True,
        ):
            assert torch.equal(one, other)


@pytest.mark.parametrize("holdout", [0, 0.2])
@pytest.mark.parametrize("pieces", [[0], [1], [4], [2, 3], [3, 1, 1]])
def test_resumed_run_ends_with_the_bytes_of_an_uninterrupted_one(
    tmp_path: Path, holdout: float, pieces: list[int]
) -> None:
    config = tiny.config(7, holdout=holdout)
    whole = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")
    directory, done = tmp_path / "pieces", 0
    for number, steps in enumerate(pieces):
        part = TimeSeriesGAN(config).fit(
            SERIES, directory=directory, resume=number > 0, stop=stop_after(steps)
        )
        done += steps
        assert part.training_.steps == done and not part.training_.finished
        loaded = TimeSeriesGAN.load(directory)  # an interrupted model is a model
        assert loaded.sample(1, 3).log_returns.shape == (1, 3)
        assert loaded.fitted_.calibration.made.size > 2
    resumed = TimeSeriesGAN(config).fit(SERIES, directory=directory, resume=True)
    assert resumed.training_.finished
    assert (directory / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    assert resumed.volatility_ == whole.volatility_
    maps = [model.fitted_.calibration.to_dict() for model in (resumed, whole)]
    assert maps[0] == maps[1] and len(maps[0]["made"]) > 2
    assert (resumed.training_.best_step, resumed.training_.best_score) == (
        whole.training_.best_step,
        whole.training_.best_score,
    )
    for name in set(whole.history_) - {"seconds"}:
        assert np.array_equal(resumed.history_[name], whole.history_[name]), name


def test_only_what_is_saved_at_the_end_is_calibrated(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Look(Callback):
        def on_log(self, progress: Progress) -> None:
            if progress.step in (4, 7):
                sizes.append(TimeSeriesGAN.load(tmp_path).fitted_.calibration.made.size)

    model = TimeSeriesGAN(tiny.config(8)).fit(SERIES, directory=tmp_path, callbacks=[Look()])
    assert sizes == [0, 0]
    saved = TimeSeriesGAN.load(tmp_path).fitted_.calibration
    assert saved.made.size > 2 and saved.to_dict() == model.fitted_.calibration.to_dict()


def test_resuming_a_finished_run_changes_no_weight(tmp_path: Path) -> None:
    config = tiny.config(2)
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path)
    before = (tmp_path / WEIGHTS).read_bytes()
    listener = Listener()
    again = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path, resume=True, callbacks=[listener])
    assert (tmp_path / WEIGHTS).read_bytes() == before
    assert listener.told == [] and again.training_.steps == 2 and len(again.history_["step"]) == 2


@pytest.mark.parametrize("killed_after", [TRAINING, "generator-"])
def test_run_killed_between_two_files_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_after: str
) -> None:
    config = tiny.config(6)
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")

    from tsgan import checkpoint

    write = checkpoint.write_atomically

    def kill_after(path: Path, content: bytes | str) -> None:
        write(path, content)
        if path.name.startswith(killed_after):
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write_atomically", kill_after)
    with pytest.raises(KeyboardInterrupt):
        TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "killed")
    monkeypatch.undo()
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "killed", resume=True)
    one, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("whole", "killed"))
    assert one == other


def test_only_the_same_run_can_be_resumed(tmp_path: Path) -> None:
    config = tiny.config(4)
    frame = pd.DataFrame({"Close": SERIES, "Open": SERIES * 2})
    TimeSeriesGAN(config).fit(frame, directory=tmp_path, stop=stop_after(2))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for source, other in (
        (frame * 1.5, config),
        (frame.iloc[:-1], config),
        (read_prices(frame, ["Open"]), config),
        (frame, replace(config, seed=1)),
        (frame, tiny.config(5)),
    ):
        with pytest.raises(CheckpointError, match=r"expected the (prices|settings).*--overwrite"):
            TimeSeriesGAN(other).fit(source, directory=tmp_path, resume=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("config", [None, {}, [], {"network": 3}])
def test_run_with_other_settings_than_any_is_refused(tmp_path: Path, config: object) -> None:
    TimeSeriesGAN(tiny.config(4)).fit(SERIES, directory=tmp_path, stop=stop_after(2))
    tensors, numbers = read_training(tmp_path)
    write_training(tmp_path, tensors, numbers | {"config": config})
    with pytest.raises(CheckpointError, match="expected the settings"):
        TimeSeriesGAN(tiny.config(4)).fit(SERIES, directory=tmp_path, resume=True)


def test_column_of_the_same_file_is_part_of_the_run(price_file: Path, tmp_path: Path) -> None:
    config = tiny.config(4)
    opens = read_prices(price_file, ["Open"])
    TimeSeriesGAN(config).fit(opens, directory=tmp_path, stop=stop_after(2))
    with pytest.raises(CheckpointError, match=r"expected the prices \(column\)"):
        TimeSeriesGAN(config).fit(price_file, directory=tmp_path, resume=True)
    assert TimeSeriesGAN(config).fit(opens, directory=tmp_path, resume=True).training_.finished


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=TRAINING):
        TimeSeriesGAN(tiny.config()).fit(SERIES, directory=tmp_path, resume=True)
    with pytest.raises(ConfigError, match="resume: expected the directory"):
        TimeSeriesGAN(tiny.config()).fit(SERIES, resume=True)
