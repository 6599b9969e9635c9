"""The image model as its users see it: sample, save, load; damaged and foreign directories."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import tiny_images
import torch

import tsgan
from tsgan import TimeSeriesGAN
from tsgan.checkpoint import MANIFEST, WEIGHTS
from tsgan.device import threads
from tsgan.errors import CheckpointError, ConfigError, DataError
from tsgan.images.config import ImageConfig
from tsgan.images.model import ImageGAN
from tsgan.images.sampler import SEATS

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "labels": {"labels": True},
    "codes": {"codes": 3, "code_numbers": 2},
}


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest) -> ImageGAN:
    return ImageGAN(tiny_images.config(4, **KINDS[request.param])).fit(tiny_images.sets())


@pytest.fixture(scope="module")
def labelled() -> ImageGAN:
    return ImageGAN(tiny_images.config(4, labels=True, seed=2)).fit(tiny_images.sets())


@pytest.fixture
def directory(labelled: ImageGAN, tmp_path: Path) -> Path:
    """A whole model, to be damaged."""
    labelled.save(tmp_path / "model")
    return tmp_path / "model"


def test_names_are_public() -> None:
    assert tsgan.ImageGAN is ImageGAN and tsgan.ImageConfig is ImageConfig
    assert {"ImageGAN", "ImageConfig", "read_images"} <= set(tsgan.__all__)


def test_sample_is_images(model: ImageGAN) -> None:
    made = model.sample(7)
    assert made.shape == (7, 28, 28) and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1 and made.std() > 0.01
    assert len({image.tobytes() for image in made}) == 7


def test_image_depends_on_seed_and_number_alone(model: ImageGAN) -> None:
    many = model.sample(2 * SEATS + 7)
    assert len({image.tobytes() for image in many}) == len(many)
    assert model.sample(3).tobytes() == many[:3].tobytes()
    for only in ([5], [57, 7, 106, 7], range(60, 80)):
        assert model.sample(10**6, only=only).tobytes() == many[list(only)].tobytes()
    assert not np.array_equal(model.sample(3, seed=1), many[:3])


@pytest.mark.parametrize("count", [2, 3])
def test_threads_change_no_bit(labelled: ImageGAN, count: int) -> None:
    with threads(1):
        alone = labelled.sample(3 * SEATS)
    with threads(count):
        assert labelled.sample(3 * SEATS).tobytes() == alone.tobytes()


def test_image_is_that_of_the_networks(labelled: ImageGAN) -> None:
    generator, layout = labelled.fitted_.generator, labelled.fitted_.generator.layout
    noise = tsgan.seeding.numpy_generator(9, tsgan.seeding.PATHS, 4)
    z = torch.from_numpy(noise.standard_normal(generator.noise, np.float32))[None]
    row = layout.pack(1, label=torch.tensor([6]))
    expected = (generator(z, row)[0, 0].numpy() + 1) / 2
    made = labelled.sample(5, seed=9, given="digit=6", only=[4])[0]
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_groups_are_the_sample_in_little_memory(labelled: ImageGAN) -> None:
    groups = labelled.sample_groups(10**9)
    first = next(groups)
    assert len(first) <= SEATS
    assert np.array_equal(first, labelled.sample(len(first)))
    groups.close()


def test_labels_are_those_of_the_images(labelled: ImageGAN) -> None:
    labels = labelled.sample_labels(40)
    assert labels is not None and labels.shape == (40,) and len(set(labels)) > 5
    made = labelled.sample(40)
    for label in set(labels):
        places = np.flatnonzero(labels == label)
        same = labelled.sample(40, given=int(label), only=list(places))
        assert np.array_equal(same, made[places])
        other = labelled.sample(40, given=int(label + 1) % 10, only=list(places))
        assert not np.array_equal(other, made[places])
    assert labelled.sample_labels(40, given="digit=all").tolist() == [k // 10 for k in range(40)]


def test_labels_of_a_model_without_are_none() -> None:
    model = ImageGAN(tiny_images.config(1)).fit(tiny_images.unlabelled())
    assert model.sample_labels(3) is None and model.facts_.classes == ()


def test_interpolation_goes_from_one_image_to_another(model: ImageGAN) -> None:
    way = model.interpolate(2, 5, seed=3)
    assert way.shape == (2, 5, 28, 28)
    np.testing.assert_allclose(way[:, 0], model.sample(2, seed=3), atol=1e-5)
    steps = np.abs(np.diff(way, axis=1)).max(axis=(2, 3))
    assert (steps > 0).all()
    assert model.interpolate(1, 1).shape == (1, 1, 28, 28)


def test_codes_are_recognised_with_the_weights_that_were_saved(tmp_path: Path) -> None:
    model = ImageGAN(tiny_images.config(4, **KINDS["codes"])).fit(tiny_images.sets())
    known, numbers = model.recognise(model.sample(6))
    assert known.shape == (6, 3) and numbers.shape == (6, 2)
    np.testing.assert_allclose(known.sum(axis=1), 1, rtol=1e-5)
    model.save(tmp_path)
    again = ImageGAN.load(tmp_path).recognise(model.sample(6))
    assert np.array_equal(again[0], known) and np.array_equal(again[1], numbers)
    with pytest.raises(DataError, match=r"\(n, 28, 28\)"):
        model.recognise(np.zeros((28, 28)))


def test_model_without_codes_recognises_nothing(labelled: ImageGAN) -> None:
    with pytest.raises(ConfigError, match="--codes"):
        labelled.recognise(labelled.sample(2))


def test_saved_model_is_the_same(model: ImageGAN, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    assert {file.name for file in (tmp_path / "m").iterdir()} == {MANIFEST, WEIGHTS}
    loaded = ImageGAN.load(tmp_path / "m")
    assert loaded.config == model.config and loaded.facts_ == model.facts_
    assert loaded.training_ == model.training_ and loaded.conditions_ == model.conditions_
    assert np.array_equal(loaded.sample(12, seed=4), model.sample(12, seed=4))
    loaded.save(tmp_path / "again")
    for name in (MANIFEST, WEIGHTS):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "m" / name).read_bytes()


def test_facts_are_those_of_the_images(labelled: ImageGAN) -> None:
    facts = labelled.facts_
    assert (facts.images, facts.test_images, facts.source) == (120, 80, "squares")
    assert facts.classes == tiny_images.CLASSES and facts.counts == (12,) * 10
    assert facts.sha256 == tiny_images.sets().training.sha256
    assert facts.notes == ("Made of squares.",)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.sample(0), "n_samples"),
        (lambda m: m.sample(1.5), "n_samples"),
        (lambda m: m.sample(2, seed=-1), "seed"),
        (lambda m: m.sample(2, only=[2]), "only: .*0 to 1, got 2"),
        (lambda m: m.sample(2, only=[]), "only: .*got none"),
        (lambda m: m.sample_groups(2, given="digit=11"), "digit"),
        (lambda m: m.sample_labels(2, given="digit=11"), "digit"),
        (lambda m: m.interpolate(0), "rows"),
        (lambda m: m.interpolate(1, 0), "steps"),
        (lambda m: ImageGAN().sample(2), "call fit or load"),
        (lambda m: ImageGAN().save("m"), "call fit or load"),
    ],
)
def test_bad_requests_are_refused_at_the_call(
    labelled: ImageGAN, call: Callable[[ImageGAN], object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        call(labelled)


def test_labels_need_classes() -> None:
    config = tiny_images.config(1, labels=True)
    with pytest.raises(DataError, match="without classes; leave --labels out"):
        ImageGAN(config).fit(tiny_images.unlabelled())


def test_misspelt_source_is_said() -> None:
    with pytest.raises(DataError, match="mnsit: expected a folder of images, mnist or sample"):
        ImageGAN(tiny_images.config(1)).fit("mnsit")


def change(model: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((model / MANIFEST).read_text())
    edit(manifest)
    (model / MANIFEST).write_text(json.dumps(manifest))


def change_weights(model: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Edit the weights, and let the manifest vouch for them."""
    weights = safetensors.torch.load((model / WEIGHTS).read_bytes())
    edit(weights)
    data = safetensors.torch.save(weights)
    (model / WEIGHTS).write_bytes(data)
    change(model, lambda m: m.update(weights_sha256=hashlib.sha256(data).hexdigest()))


def refusal(load: Callable[[Path], object], model: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(model)
    message = str(caught.value)
    assert "\n" not in message and "expected" in message and len(message) < 1000
    return message


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.pop("config"),
        lambda m: m.pop("data"),
        lambda m: m.pop("training"),
        lambda m: m.pop("versions"),
        lambda m: m["config"].update(labels="yes"),
        lambda m: m["config"].update(labels=False),
        lambda m: m["config"].update(codes=5),
        lambda m: m["config"]["network"].update(kind="secret"),
        lambda m: m["config"]["network"].update(noise=9),
        lambda m: m["config"]["network"].update(noise=10**12),
        lambda m: m["config"]["network"].update(generator_channels=[1024, 1024]),
        lambda m: m["config"].update(network=[]),
        lambda m: m["data"].update(classes=["0"] * 10),
        lambda m: m["data"].update(classes=[*map(str, range(9)), ""]),
        lambda m: m["data"].update(classes=list(map(str, range(9))), counts=[12] * 9),
        lambda m: m["data"].update(classes=[f"{k}" for k in range(10**5)]),
        lambda m: m["data"].update(counts=[12] * 9),
        lambda m: m["data"].update(counts=[-12, 36, *[12] * 8]),
        lambda m: m["data"].update(counts=[0] * 10),
        lambda m: m["data"].update(images=7),
        lambda m: m["data"].update(images=0),
        lambda m: m["data"].update(source=7),
        lambda m: m["training"].update(steps="many"),
        lambda m: m.update(versions=3),
    ],
)
def test_hostile_manifest_is_refused(
    directory: Path, edit: Callable[[dict[str, Any]], Any]
) -> None:
    change(directory, edit)
    assert "do not fit together" in refusal(ImageGAN.load, directory)


@pytest.mark.parametrize(
    "edit",
    [
        lambda w: w.popitem(),
        lambda w: w.update(more=torch.zeros(3)),
        lambda w: w.update({"recogniser.first.weight": torch.zeros(3)}),
        lambda w: w.update({next(iter(w)): torch.zeros(3)}),
        lambda w: w.update({name: tensor.double() for name, tensor in w.items()}),
        lambda w: next(iter(w.values())).fill_(torch.nan),
        lambda w: w.clear(),
    ],
)
def test_hostile_weights_are_refused(
    directory: Path, edit: Callable[[dict[str, Any]], Any]
) -> None:
    change_weights(directory, edit)
    assert "do not fit together" in refusal(ImageGAN.load, directory)


def test_truncated_weights_are_refused(directory: Path) -> None:
    data = (directory / WEIGHTS).read_bytes()
    (directory / WEIGHTS).write_bytes(data[:-5])
    assert "the bytes that manifest.json describes" in refusal(ImageGAN.load, directory)


def test_other_kind_of_model_is_told(directory: Path, model_directory: Path) -> None:
    message = refusal(TimeSeriesGAN.load, directory)
    assert "expected a model of price series, found one of images" in message
    assert "tsgan fit-images, generate --images" in message
    message = refusal(ImageGAN.load, model_directory)
    assert "expected a model of images, found one of price series" in message
    assert "generate --paths" in message


@pytest.mark.parametrize("kind", ["sounds", 7, None, ["images"]])
def test_kind_that_is_none_is_refused(directory: Path, kind: object) -> None:
    change(directory, lambda m: m.update(kind=kind))
    for load in (ImageGAN.load, TimeSeriesGAN.load):
        assert "found one of something else; check the path" in refusal(load, directory)


def test_directory_that_is_none_is_refused(tmp_path: Path, directory: Path) -> None:
    assert "does not exist" in refusal(ImageGAN.load, tmp_path / "nowhere")
    shutil.copy(directory / MANIFEST, tmp_path / MANIFEST)
    assert WEIGHTS in refusal(ImageGAN.load, tmp_path)
