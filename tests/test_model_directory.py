"""Model directories among other folders: what is told apart, removed and left."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tsgan import TimeSeriesGAN, checkpoint
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.errors import DataError
from tsgan.logs import EVENTS, LOG

TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(1.5)}


@pytest.mark.parametrize("below", ["", "deeper"])
def test_directory_that_cannot_be_made_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot create .*file.*choose another place"):
        checkpoint.write_model(tmp_path / "file" / below, TENSORS, {})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], False),
        ([MANIFEST], True),
        ([TRAINING], True),
        ([MANIFEST, WEIGHTS, TRAINING, LOG, "metrics.json", "report.html", "training.png"], True),
        ([MANIFEST, f".tsgan-0123abcd-{LOG}"], True),
        ([LOG], False),
        ([MANIFEST, f".tsgan-0123abcd-{WEIGHTS}"], True),
        ([WEIGHTS], False),
        (["metrics.json"], False),
    ],
)
def test_model_is_told_from_other_folders(tmp_path: Path, names: list[str], expected: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert checkpoint.is_model(tmp_path) is expected
    assert checkpoint.foreign_files(tmp_path) == []


FOREIGN = [".git", ".tsgan-0123abcd-thesis.tex", "thesis.tex"]


def test_files_of_others_are_named_and_left(tmp_path: Path) -> None:
    for name in (
        MANIFEST,
        WEIGHTS,
        "report.html",
        f".tsgan-0123abcd-{WEIGHTS}",
        ".DS_Store",
        *FOREIGN,
    ):
        (tmp_path / name).touch()
    assert checkpoint.foreign_files(tmp_path) == FOREIGN
    checkpoint.keep_only(tmp_path, MANIFEST)
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {MANIFEST, ".DS_Store", *FOREIGN}
    checkpoint.keep_only(tmp_path / "missing")


EVENT_FILE = "events.out.tfevents.1700000000.host.7.0.tsgan"


def test_event_files_of_a_fit_are_not_foreign_and_go_with_their_folder(tmp_path: Path) -> None:
    (tmp_path / EVENTS).mkdir()
    assert checkpoint.foreign_files(tmp_path) == []
    (tmp_path / EVENTS / EVENT_FILE).touch()
    assert checkpoint.foreign_files(tmp_path) == []
    assert not checkpoint.is_model(tmp_path)
    checkpoint.keep_only(tmp_path, MANIFEST, EVENTS)
    assert (tmp_path / EVENTS / EVENT_FILE).exists()
    checkpoint.keep_only(tmp_path, MANIFEST)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["notes.txt", EVENT_FILE.removesuffix(".tsgan"), EVENT_FILE + ".v2", "x" + EVENT_FILE]
)
def test_other_files_among_the_event_files_are_foreign_and_left(tmp_path: Path, name: str) -> None:
    (tmp_path / EVENTS).mkdir()
    for other in (name, EVENT_FILE):
        (tmp_path / EVENTS / other).touch()
    assert checkpoint.foreign_files(tmp_path) == [f"{EVENTS}/{name}"]
    checkpoint.keep_only(tmp_path)
    assert [path.name for path in (tmp_path / EVENTS).iterdir()] == [name]


def test_folder_or_file_of_that_name_that_is_no_such_folder_is_foreign(tmp_path: Path) -> None:
    model, elsewhere = tmp_path / "model", tmp_path / "elsewhere"
    model.mkdir()
    elsewhere.mkdir()
    (elsewhere / EVENT_FILE).touch()
    (model / EVENTS).symlink_to(elsewhere, target_is_directory=True)
    assert checkpoint.foreign_files(model) == [EVENTS]
    checkpoint.keep_only(model)
    assert (elsewhere / EVENT_FILE).exists() and (model / EVENTS).is_symlink()
    (model / EVENTS).unlink()
    (model / EVENTS).touch()
    assert checkpoint.foreign_files(model) == [EVENTS]
    checkpoint.keep_only(model)
    assert (model / EVENTS).exists()


@pytest.mark.parametrize("place", ["safetensors.torch.save", "tsgan.files._flush"])
def test_failure_while_saving_leaves_the_old_model(
    tmp_path: Path, fitted: TimeSeriesGAN, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    old = {MANIFEST: b"old", WEIGHTS: b"old"}
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)

    def fail(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, fail)
    with pytest.raises(KeyboardInterrupt):
        fitted.save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == old
