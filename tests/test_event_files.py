"""What TensorBoard reads of a run is what metrics.jsonl says of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer
from test_logs import PROGRESS, SERIES, Saved, run_of, strict

from tsgan import ConfigError, DataError, TimeSeriesGAN
from tsgan.logs import EVENTS, LOG, EventFiles, MetricsFile, event_files

TAGS = {
    "score/real": ("log", "real_score"),
    "score/fake": ("log", "fake_score"),
    "estimate/Wasserstein": ("log", "estimate"),
    "penalty": ("log", "penalty"),
    "learning_rate": ("log", "learning_rate"),
    "heldout/score": ("check", "heldout_score"),
}


def scalars(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a folder: steps and values by tag."""
    shown = EventAccumulator(str(directory)).Reload()
    return {tag: [(e.step, e.value) for e in shown.Scalars(tag)] for tag in shown.Tags()["scalars"]}


def demand_same(directory: Path, lines: list[dict[str, Any]], tags: dict[str, Any] = TAGS) -> None:
    """Demand that TensorBoard shows those lines that no return made void."""
    valid: list[dict[str, Any]] = []
    for one in lines:
        if one["event"] == "return":
            valid = [other for other in valid if other["step"] <= one["step"]]
        else:
            valid.append(one)
    shown = scalars(directory)
    assert set(shown) == set(tags)
    for tag, (event, name) in tags.items():
        expected = [(one["step"], one[name]) for one in valid if one["event"] == event]
        assert shown[tag] == [(step, pytest.approx(x, rel=1e-6)) for step, x in expected], tag


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number event files from 0: within a second TensorBoard reads them in the order of text."""
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))


@pytest.mark.usefixtures("numbered")
def test_tensorboard_shows_the_lines_of_a_resumed_fit(tmp_path: Path) -> None:
    config = tiny.config(7, holdout=0.2)
    events = EventFiles(tmp_path / EVENTS, "Wasserstein")
    asked = iter(range(4))
    fit = TimeSeriesGAN(config).fit
    fit(SERIES, directory=tmp_path, callbacks=[events], stop=lambda: next(asked, None) is None)
    demand_same(tmp_path / EVENTS, strict(tmp_path / LOG))
    events.on_start(4)
    events.on_log(replace(PROGRESS, step=5))  # of a process that was killed
    events.on_end()
    fit(SERIES, directory=tmp_path, callbacks=[events], resume=True)
    demand_same(tmp_path / EVENTS, strict(tmp_path / LOG))
    assert len(event_files(tmp_path / EVENTS)) == 3
    fit(SERIES, directory=tmp_path, callbacks=[events])
    assert len(event_files(tmp_path / EVENTS)) == 1, "those of the earlier run are gone"
    demand_same(tmp_path / EVENTS, strict(tmp_path / LOG))


@pytest.mark.usefixtures("numbered")
def test_tensorboard_shows_no_steps_that_were_lost(tmp_path: Path) -> None:
    files = [MetricsFile(tmp_path / LOG), EventFiles(tmp_path / EVENTS, "Wasserstein")]
    run_of(Saved(), lambda trainer: files)
    lines = strict(tmp_path / LOG)
    assert [one["event"] for one in lines].count("return") >= 2
    demand_same(tmp_path / EVENTS, lines, {k: v for k, v in TAGS.items() if k != "heldout/score"})


@pytest.mark.parametrize(
    ("distance", "tag"),
    [
        ("", "estimate"),
        ("Jensen–Shannon", "estimate/Jensen-Shannon"),
        ("Vincze–Le Cam", "estimate/Vincze-Le-Cam"),
    ],
)
def test_estimate_is_named_after_its_distance(tmp_path: Path, distance: str, tag: str) -> None:
    events = EventFiles(tmp_path, distance)
    events.on_start(0)
    events.on_log(PROGRESS)
    events.on_end()
    assert scalars(tmp_path)[tag] == [(30, 3.0)]
    assert not any("Wasserstein" in name for name in scalars(tmp_path))


def test_event_files_of_others_stay(tmp_path: Path) -> None:
    foreign = ["events.out.tfevents.1.host.2.3", "events.out.tfevents.1.host.2.3.tsgan.bak", "a"]
    for name in foreign:
        (tmp_path / name).touch()
    (tmp_path / "events.out.tfevents.1.host.2.4.tsgan").touch()
    (tmp_path / "events.out.tfevents.1.host.2.5.tsgan").mkdir()
    for _ in range(2):
        events = EventFiles(tmp_path)
        events.on_start(0)
        events.on_end()
    left = {path.name for path in tmp_path.iterdir()}
    assert len(left) == 5 and left > {*foreign, "events.out.tfevents.1.host.2.5.tsgan"}
    assert "events.out.tfevents.1.host.2.4.tsgan" not in left


def test_missing_package_is_said_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if "tensorboard" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'tsgan\[tensorboard\]'"):
        EventFiles(tmp_path / EVENTS)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_is_a_domain_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write event files to .*file.*another folder"):
        EventFiles(tmp_path / "file" / "deep").on_start(0)


def test_event_file_that_cannot_be_written_is_a_data_error(tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    events = EventFiles(tmp_path / EVENTS)
    events.on_start(0)
    with monkeypatch.context() as patch:
        patch.setattr(type(events._writer), "add_scalar", full)
        with pytest.raises(DataError, match=r"cannot write event files to .*No space left"):
            events.on_log(PROGRESS)
        patch.setattr(type(events._writer), "close", full)
        with pytest.raises(DataError, match="cannot write event files"):
            events.on_end()
    events.on_end()


def test_event_file_that_is_held_open_is_said(tmp_path, monkeypatch) -> None:
    def held(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for _ in range(2):
        events = EventFiles(tmp_path / EVENTS)
        events.on_start(0)
        events.on_log(PROGRESS)
        events.on_end()
        assert len(event_files(tmp_path / EVENTS)) == 1
    monkeypatch.setattr(Path, "unlink", held)
    with pytest.raises(DataError, match=r"cannot remove .*end the TensorBoard"):
        EventFiles(tmp_path / EVENTS).on_start(0)
