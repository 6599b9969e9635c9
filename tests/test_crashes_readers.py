"""A model that is replaced while others read it, what a crash leaves, and clocks that jump."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch

from tsgan import TimeSeriesGAN, checkpoint
from tsgan.checkpoint import MANIFEST, SERIES, WEIGHTS, read_model, write_model
from tsgan.errors import CheckpointError
from tsgan.logs import LOG

ROOT = Path(__file__).parents[1]


def model(number: int) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and a manifest that say the same number."""
    return {"a": torch.full((1000,), float(number))}, {"number": number}


def number_in(directory: Path) -> int:
    """Return the number of the model in ``directory``; its two halves must be of one model."""
    manifest, weights = read_model(directory, SERIES)
    (number,) = set(weights["a"].tolist())
    assert number == manifest["number"]
    return int(number)


def at_each(monkeypatch: pytest.MonkeyPatch, look: Callable[[], None]) -> None:
    """Look before and after each change of a name."""
    for name in ("replace", "unlink", "rename"):
        change = getattr(Path, name)

        def changing(self: Path, *found: Any, change: Any = change, **named: Any) -> Any:
            look()
            result = change(self, *found, **named)
            look()
            return result

        monkeypatch.setattr(Path, name, changing)


def test_reader_finds_the_old_or_the_new_model_at_each_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path, *model(1))
    seen: list[int] = []
    with monkeypatch.context() as patch:
        at_each(patch, lambda: seen.append(number_in(tmp_path)))
        write_model(tmp_path, *model(2))
    assert seen == sorted(seen) and {*seen} == {1, 2} and len(seen) > 8
    assert {path.name for path in tmp_path.iterdir()} == {MANIFEST, WEIGHTS}


@pytest.mark.parametrize("reads", [1, 3, checkpoint.ATTEMPTS + 1])
def test_model_that_is_replaced_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    write_model(tmp_path, *model(0))
    read, calls = checkpoint.read_weights, itertools.count(1)

    def replaced_first(*found: Any) -> Any:
        if (call := next(calls)) <= reads:
            write_model(tmp_path, *model(call))
        return read(*found)

    monkeypatch.setattr(checkpoint, "read_weights", replaced_first)
    if reads <= checkpoint.ATTEMPTS:
        assert number_in(tmp_path) == reads
    else:
        with pytest.raises(CheckpointError, match="replaced all the time; try again when"):
            number_in(tmp_path)


def test_readers_beside_a_writer_never_fail(tmp_path: Path) -> None:
    write_model(tmp_path, *model(0))
    over = threading.Event()

    def write() -> None:
        for number in range(1, 60):
            write_model(tmp_path, *model(number))
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = [number_in(tmp_path)]
    while not over.is_set():
        seen.append(number_in(tmp_path))
    writer.join()
    assert seen == sorted(seen)
    assert number_in(tmp_path) == 59


def test_model_whose_weights_have_no_usual_name_yet_is_whole_and_saved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path, *model(1))

    def refuse(self: Path, target: Path) -> Path:
        if target.name == WEIGHTS:
            raise PermissionError("somebody reads it")  # as on Windows
        return rename(self, target)

    with monkeypatch.context() as patch:
        rename = Path.replace
        patch.setattr(Path, "replace", refuse)
        write_model(tmp_path, *model(2))
    names = {path.name for path in tmp_path.iterdir()}
    (new,) = names - {MANIFEST, WEIGHTS}
    assert re.fullmatch(r"generator-[0-9a-f]{16}\.safetensors", new)
    assert checkpoint.foreign_files(tmp_path) == []
    checkpoint.keep_only(tmp_path, MANIFEST, WEIGHTS)
    assert number_in(tmp_path) == 2
    (tmp_path / ".tsgan-0123abcd-generator-0123456789abcdef.safetensors").touch()
    write_model(tmp_path, *model(3))
    assert number_in(tmp_path) == 3
    assert {path.name for path in tmp_path.iterdir()} == {MANIFEST, WEIGHTS}


@pytest.mark.parametrize(
    "digest", ["../../secret", "a" * 63 + "/", "A" * 64, "", None, 3, ["a"], "generator", "0" * 64]
)
def test_hash_that_is_none_names_no_file(tmp_path: Path, digest: object) -> None:
    (tmp_path / "m").mkdir()
    write_model(tmp_path / "m", *model(1))
    weights = (tmp_path / "m" / WEIGHTS).read_bytes()
    for name in (f"generator-{str(digest)[:16]}.safetensors", "secret"):
        if "/" not in name:
            (tmp_path / "m" / name).write_bytes(weights)
    manifest = json.loads((tmp_path / "m" / MANIFEST).read_text())
    (tmp_path / "m" / MANIFEST).write_text(json.dumps(manifest | {"weights_sha256": digest}))
    with pytest.raises(CheckpointError, match="got others"):
        number_in(tmp_path / "m")


def jumping() -> Callable[[], float]:
    """A wall clock that goes back and forth by days."""
    jumps = itertools.cycle([0.0, 86_400.0, -86_400.0, 3600.0, -3600.0, 1e6, -1e6])
    return lambda: 1.7e9 + next(jumps)


def test_clock_that_jumps_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(directory: Path) -> None:
        asked = iter(range(10))
        config = tiny.config(4)
        TimeSeriesGAN(config).fit(tiny.prices(), directory=directory, stop=lambda: next(asked) >= 2)
        TimeSeriesGAN(config).fit(tiny.prices(), directory=directory, resume=True)

    train(tmp_path / "calm")
    monkeypatch.setattr(time, "time", jumping())
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * time.time()))
    train(tmp_path / "jumping")
    calm, jumped = (tmp_path / name for name in ("calm", "jumping"))
    assert (calm / WEIGHTS).read_bytes() == (jumped / WEIGHTS).read_bytes()
    seconds = [json.loads(line)["seconds"] for line in (jumped / LOG).read_text().splitlines()]
    assert seconds == sorted(seconds) and seconds[0] > 0


@pytest.mark.parametrize("limit", [1e-3, 80_000.0])
def test_time_limit_is_of_a_clock_that_does_not_jump(
    monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    monkeypatch.setattr(time, "time", jumping())
    asked = itertools.count()
    config = tiny.config()
    training = replace(config.training, steps=None, max_seconds=limit)
    found = TimeSeriesGAN(replace(config, training=training)).fit(
        tiny.prices(), stop=lambda: limit > 1 and next(asked) >= 3
    )
    assert found.training_.finished == (limit < 1)
    assert limit < 1 or found.training_.steps == 3


def test_nothing_but_dates_and_kept_answers_asks_the_wall_clock() -> None:
    wall = re.compile(
        r"time\.time(_ns)?\(|\.now\(|\.today\(|localtime|gmtime|utcnow|from time import"
    )
    folders = ("tsgan", "tsgan/images", "data", "cli")
    sources = [path for folder in folders for path in (ROOT / folder).glob("*.py")]
    assert len(sources) > 150
    asking = {path.name for path in sources if wall.search(path.read_text())}
    assert asking <= {"price_cache.py", "fetch.py", "dates.py"}, asking
