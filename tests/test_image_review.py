"""Files and data sets at the edge: few images, classes without any, headers that no array has."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import tiny
import tiny_images

from tsgan import ImageGAN, read_images
from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import ConfigError, DataError
from tsgan.images.arrays import read_array
from tsgan.images.assessment import evaluate_model, unjudged
from tsgan.images.presets import image_config


def lopsided() -> ImageSets:
    """Training has images of the classes 0 and 2 alone."""
    sets = tiny_images.sets()
    labels = 2 * (np.arange(len(sets.training)) % 2)
    training = Images(sets.training.pixels, labels, sets.training.classes, "lopsided")
    return ImageSets(training, sets.test)


def test_classes_without_training_images_are_never_made() -> None:
    model = ImageGAN(tiny_images.config(1, labels=True)).fit(lopsided())
    labels = model.sample_labels(200)
    assert labels is not None and set(labels.tolist()) == {0, 2}
    every = model.sample_labels(40, given="digit=all")
    assert every is not None and every.tolist() == 2 * ([0] * 10 + [2] * 10)
    with pytest.raises(ConfigError, match="digit: expected a class that training had images of"):
        model.sample(1, given="digit=9")


def test_labels_of_one_class_are_refused_before_training() -> None:
    sets = tiny_images.sets()
    one = Images(sets.training.pixels, np.zeros(120, np.int64), sets.training.classes, "ones")
    with pytest.raises(DataError, match="images of one class"):
        ImageGAN(tiny_images.config(1, labels=True)).fit(ImageSets(one, sets.test))


def test_too_few_test_images_are_said_before_anything_is_made() -> None:
    sets = tiny_images.sets(test=40)
    assert "40 to test with, fewer than 50" in unjudged(sets)
    assert unjudged(tiny_images.sets()) == ""
    model = ImageGAN(tiny_images.config(1)).fit(sets)
    with pytest.raises(DataError, match="fewer than 50; add some"):
        evaluate_model(model, sets)


def test_header_of_very_many_small_images_takes_no_memory(tmp_path: Path) -> None:
    count = 2 * 2**20
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, count, 1, 1)
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
        file.write(header + bytes(count))
    with pytest.raises(DataError, match=r"at most 1,369,568 images, found 2,097,152; split"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    "shape", ["(-1, 28, 28)", "(99999999999999999999999, 28, 28)", "(4611686018427387904, 28, 28)"]
)
def test_arrays_of_impossible_shape_are_refused(shape: str, tmp_path: Path) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    file = tmp_path / "x.npy"
    file.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    with pytest.raises(DataError, match="a damaged or another file"):
        read_array(file)


def test_usual_configuration_is_that_of_the_command_line() -> None:
    assert image_config() == ImageGAN().config
    assert image_config(labels=True).groups == 600 and image_config(codes=10).groups == 0
    assert image_config().training.learning_rate == 3.75e-3


def test_folder_that_is_this_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ImageGAN(tiny_images.config(1)).fit(tiny_images.sets(), directory=tmp_path / "m")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = tiny.command("generate", tmp_path / "m", "--images", 3, "--out", "./")
    tiny.demand_refusal(result, "expected a folder of its own")
