"""Runs on images: cut and resumed with the same bytes, their frames, what they are saved with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_images
import torch

from tsgan import Callback, ImageGAN, Progress
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS, read_training
from tsgan.errors import CheckpointError, ConfigError
from tsgan.images.config import NETWORKS
from tsgan.images.image_run import ImageRun
from tsgan.logs import LOG

SETS = tiny_images.sets()
CODES = {"labels": True, "codes": 3, "code_numbers": 1}


def stop_after(calls: int) -> Callable[[], bool]:
    """A ``stop`` that is asked before each step, and says yes from then on."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= calls


def test_run_is_reproducible_to_the_byte_and_depends_on_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        config = tiny_images.config(3, seed=seed, labels=True)
        ImageGAN(config).fit(SETS, directory=tmp_path / name)
    a, b, c = ((tmp_path / name / WEIGHTS).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("calls", [1, 4])
@pytest.mark.parametrize("settings", [{}, CODES], ids=["plain", "codes"])
def test_stopped_run_goes_on_to_the_same_bytes(
    tmp_path: Path, calls: int, settings: dict[str, Any]
) -> None:
    config = tiny_images.config(6, **settings)
    whole = ImageGAN(config).fit(SETS, directory=tmp_path / "whole")
    cut = ImageGAN(config).fit(SETS, directory=tmp_path / "cut", stop=stop_after(calls))
    assert not cut.training_.finished and cut.training_.steps == calls
    assert not ImageGAN.load(tmp_path / "cut").training_.finished
    resumed = ImageGAN(config).fit(SETS, directory=tmp_path / "cut", resume=True)
    assert resumed.training_.finished and resumed.training_.steps == 6
    cut_weights, weights = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("cut", "whole"))
    assert cut_weights == weights
    assert whole.strip_ is not None and resumed.strip_ is not None
    assert np.array_equal(whole.strip_.pixels, resumed.strip_.pixels)
    assert resumed.strip_.steps.tolist() == [0, 2, 4, 6]


def test_killed_run_goes_on_from_its_last_check(tmp_path: Path) -> None:
    class Kill(Callback):
        def on_log(self, progress: Progress) -> None:
            if progress.step == 5:
                raise KeyboardInterrupt

    config = tiny_images.config(6, labels=True)
    whole = ImageGAN(config).fit(SETS)
    with pytest.raises(KeyboardInterrupt):
        ImageGAN(config).fit(SETS, directory=tmp_path, callbacks=[Kill()])
    assert read_training(tmp_path)[1]["step"] == 4
    resumed = ImageGAN(config).fit(SETS, directory=tmp_path, resume=True)
    assert np.array_equal(resumed.sample(5), whole.sample(5))


def test_directory_holds_the_model_its_state_and_its_log(tmp_path: Path) -> None:
    ImageGAN(tiny_images.config(3)).fit(SETS, directory=tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {MANIFEST, WEIGHTS, TRAINING, LOG}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: (tiny_images.sets(seed=5), tiny_images.config(6, labels=True)), "sha256"),
        (lambda: (tiny_images.unlabelled(), tiny_images.config(6)), "images|settings"),
        (lambda: (SETS, tiny_images.config(6, labels=True, seed=3)), "settings"),
        (lambda: (SETS, tiny_images.config(6)), "settings"),
        (
            lambda: (SETS, tiny_images.config(6, labels=True, training={"batch": 9})),
            r"settings that this run was started with, got training.batch 9, not 8; resume",
        ),
    ],
)
def test_resume_refuses_other_images_and_settings(
    tmp_path: Path, change: Callable[[], tuple[Any, Any]], words: str
) -> None:
    config = tiny_images.config(6, labels=True)
    ImageGAN(config).fit(SETS, directory=tmp_path, stop=stop_after(2))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    sets, other = change()
    with pytest.raises(
        CheckpointError, match=f"expected the ({words}|images).*start anew in its place"
    ):
        ImageGAN(other).fit(sets, directory=tmp_path, resume=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_resume_needs_a_directory_and_a_state(tmp_path: Path) -> None:
    model = ImageGAN(tiny_images.config(3))
    with pytest.raises(ConfigError, match="resume"):
        model.fit(SETS, resume=True)
    with pytest.raises(CheckpointError, match=TRAINING):
        model.fit(SETS, directory=tmp_path, resume=True)


def test_damaged_frames_are_refused(tmp_path: Path) -> None:
    run = ImageRun(SETS, tiny_images.config(3), None)
    run.train([run.frames], lambda: False, lambda *_: None)
    tensors, numbers = run.trainer.state()
    run.trainer.load_state(tensors, numbers)
    for name, tensor in (
        ("frames.pixels", tensors["frames.pixels"][1:]),
        ("frames.pixels", tensors["frames.pixels"].float()),
        ("frames.steps", tensors["frames.steps"][1:]),
    ):
        with pytest.raises(CheckpointError, match="does not fit"):
            run.trainer.load_state({**tensors, name: tensor}, numbers)


def test_frames_show_the_same_noise_as_it_is_learned() -> None:
    config = tiny_images.config(6, labels=True, training={"learning_rate": 0.01, "average": 0.0})
    model = ImageGAN(config).fit(SETS)
    strip = model.strip_
    assert strip is not None
    assert strip.pixels.shape == (4, 100, 28, 28) and strip.pixels.dtype == np.uint8
    apart = np.abs(np.diff(strip.pixels.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert (apart > 0.1).all()
    last = model.sample(100, given="digit=all")
    assert np.corrcoef(last.ravel(), strip.pixels[-1].ravel())[0, 1] > 0.95


def test_frames_change_nothing_of_the_run(tmp_path: Path) -> None:
    config = tiny_images.config(4, labels=True)
    run = ImageRun(SETS, config, tmp_path / "silent")
    run.train([], lambda: False, lambda *_: None)
    ImageGAN(config).fit(SETS, directory=tmp_path / "seen")
    silent, seen = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("silent", "seen"))
    assert silent == seen


def test_final_model_has_statistics_of_its_own() -> None:
    config = tiny_images.config(3, labels=True)
    run = ImageRun(SETS, config, None)
    made = []
    run.train([], lambda: False, lambda model, _: made.append(model.generator.state_dict()))
    settled, passing = made[-1], made[-2]
    names = [name for name in settled if name.endswith("running_var")]
    assert names and all(not torch.equal(settled[name], passing[name]) for name in names)
    learned = [name for name in settled if name.endswith("weight")]
    assert all(torch.equal(settled[name], passing[name]) for name in learned)


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_network_can_be_fitted_saved_and_resumed(kind: str, tmp_path: Path) -> None:
    settings = {"batch": 4, "check_every": 1, "objective": "lsgan"}
    config = tiny_images.config(2, labels=True, network={"kind": kind}, training=settings)
    run = ImageRun(SETS, config, tmp_path)
    run.train([], stop_after(1), lambda *_: None)
    again = ImageRun(SETS, config, tmp_path)
    again.resume()
    again.train([], lambda: False, lambda *_: None)
    loaded = ImageGAN.load(tmp_path)
    made = loaded.sample(2)
    assert made.shape == (2, 28, 28) and np.isfinite(made).all()
