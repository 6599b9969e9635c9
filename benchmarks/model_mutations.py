"""What someone who means harm can do to models, images and scenario files, made from a seed.

``Bases.of(folder)`` makes a whole one of each kind; ``mutated(bases, kind, seed)`` damages it:
bytes are flipped, cut and doubled, entries of JSON replaced, left out and doubled, headers of
tensors rewritten. ``outcome`` loads the result, samples what loads, and demands what always holds.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from mutations import damaged_bytes
from PIL import Image

from tsgan import ImageGAN, TimeSeriesGAN, checkpoint, read_images
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.config import Config, NetworkConfig, TrainingConfig
from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import TsganError
from tsgan.images.config import ImageConfig, ImageNetworkConfig
from tsgan.synthetic_files import read_synthetic
from tsgan.wording import UNSEEN

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1e-300, 1e300, -1e300, 1.7976931348623157e308),
    *(2**31, 2**53, 2**63 - 1, -(2**63), 10**9, 10**15, "", "a", "0", "nan", "../../etc/passwd"),
    *("=1+1", "<script>", "x" * 5000, "\x1b[2J", "\ud800", "auto", "9999-12-31", "0001-01-01"),
    *([], {}, [[]], [0], [0.0, 0.0], ["a"], {"a": 1}, [None], [1e300], list(range(100))),
)
"""What an entry of JSON becomes."""

TOKENS = (b"NaN", b"1e999", b"-", b"[" * 2000, b'{"a":' * 2000, b"1" * 5000, b"\\ud800", b"\x00")


@dataclass(frozen=True)
class Bases:
    """Whole files by kind, and the folders of whole models beside which they lie."""

    files: dict[str, bytes]
    series: Path
    images: Path

    @classmethod
    def of(cls, folder: Path) -> Bases:
        """Fit tiny models in a folder, and write a file of each other kind."""
        series, images = folder / "series", folder / "images"
        _fit_series(folder).save(series)
        _fit_images().save(images)
        files = {
            "series manifest": (series / MANIFEST).read_bytes(),
            "series weights": (series / WEIGHTS).read_bytes(),
            "images manifest": (images / MANIFEST).read_bytes(),
            "images weights": (images / WEIGHTS).read_bytes(),
            "training": (folder / "run" / TRAINING).read_bytes(),
        }
        return cls(files | _scenario_files() | _image_files(), series, images)


def _fit_series(folder: Path) -> TimeSeriesGAN:
    random = np.random.default_rng(0)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (400, 1)), axis=0))
    frame = pd.DataFrame(closes, pd.bdate_range("2020-01-01", periods=400), ["Close"])
    network = NetworkConfig(
        *("residual", 2, 2, 1, (20.0,), 2, (2, 2, 2), 5, 4, (1,), 64),
    )
    training = TrainingConfig(steps=2, batch=2, path_length=128, conditional_windows=2)
    config = Config(network=network, training=training, holdout=0, conditions=("regime:2",))
    return TimeSeriesGAN(config).fit(frame, directory=folder / "run")


def _fit_images() -> ImageGAN:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    some = Images(pixels, np.arange(40) % 2, ("a", "b"), "noise")
    network = ImageNetworkConfig(
        noise=4, embedding=2, generator_dense=2, generator_channels=(2, 2), critic_channels=(2, 2)
    )
    training = TrainingConfig(steps=2, batch=4)
    config = ImageConfig(labels=True, codes=2, network=network, training=training)
    return ImageGAN(config).fit(ImageSets(some, some))


def _scenario_files() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    paths, steps = np.repeat(np.arange(3), 6), np.tile(np.arange(1, 7), 3)
    long = pd.DataFrame({"path": paths, "step": steps, "log_return": random.normal(0, 0.01, 18)})
    wide = pd.DataFrame(random.normal(0, 0.01, (6, 3)), columns=["0", "1", "2"])
    wide.insert(0, "date", pd.bdate_range("2020-01-01", periods=6).date)
    arrow, array = io.BytesIO(), io.BytesIO()
    long.assign(asset="'=x").to_parquet(arrow)
    np.save(array, random.normal(0, 0.01, (3, 6)))
    return {
        "long.csv": long.to_csv(index=False).encode(),
        "wide.csv": wide.to_csv(index=False).encode(),
        "paths.csv.gz": gzip.compress(long.to_csv(index=False).encode(), mtime=0),
        "paths.parquet": arrow.getvalue(),
        "paths.npy": array.getvalue(),
    }


def _image_files() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (30, 28, 28)).astype(np.uint8)
    idx = struct.pack(">IIII", 2051, 30, 28, 28) + pixels.tobytes()
    png, jpeg = io.BytesIO(), io.BytesIO()
    Image.fromarray(pixels[0]).save(png, "png")
    Image.fromarray(pixels[0]).save(jpeg, "jpeg")
    return {
        "idx": idx,
        "idx.gz": gzip.compress(idx, mtime=0),
        "png": png.getvalue(),
        "jpeg": jpeg.getvalue(),
    }


def mutated(bases: Bases, kind: str, seed: int) -> bytes:
    """Return a damaged file of a kind; the same seed gives the same."""
    random = Random(f"{kind} {seed}")
    data = bases.files[kind]
    if kind.endswith("manifest") and random.random() < 0.8:
        return _json(random, data)
    if kind.endswith(("weights", "training")) and random.random() < 0.8:
        return _header(random, data)
    if random.random() < 0.2:
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.choice(TOKENS) + data[at + random.choice([0, 1, 4]) :]
    return damaged_bytes(random, data)


def _json(random: Random, data: bytes) -> bytes:
    value = json.loads(data)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        _change(random, value)
    return json.dumps(value).encode()


def _header(random: Random, data: bytes) -> bytes:
    """Return tensors with another header, whose length is mostly told as it is."""
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    for _ in range(random.choice([1, 1, 2])):
        _change(random, header)
    text = json.dumps(header).encode()
    if random.random() < 0.2:
        text = damaged_bytes(random, text)
    told = len(text) if random.random() < 0.95 else random.choice([0, 1, 2**31, 2**63, len(data)])
    return struct.pack("<Q", told) + text + (body if random.random() < 0.9 else body[:-4])


def _change(random: Random, value: Any) -> None:
    """Replace, leave out, add or double one entry somewhere in a JSON value."""
    while True:
        keys = list(value if isinstance(value, dict) else range(len(value)))
        key = random.choice(keys) if keys else None
        if key is None or not isinstance(value[key], dict | list) or random.random() < 0.3:
            break
        value = value[key]
    how = random.random()
    if key is None or how < 0.05:
        added = deepcopy(random.choice(VALUES))  # it may be changed in turn
        value.append(added) if isinstance(value, list) else value.update({"added": added})
    elif how < 0.15:
        del value[key]
    elif how < 0.25 and isinstance(value, list):
        value *= random.choice([2, 100])
    elif how < 0.4 and type(value[key]) in (int, float):
        value[key] *= random.choice([-1, 2, 0.5, 10, 1e6, 1e-6])
    else:
        value[key] = deepcopy(random.choice(VALUES))


def outcome(bases: Bases, kind: str, data: bytes, folder: Path) -> str:
    """Return what came of a damaged file: ``"read"``, ``"unusable"`` when loaded, ``"refused"``.

    Raises:
        AssertionError: the message is not one line that a terminal can be shown.
        Exception: any other error, or a warning.
    """
    said = "refused"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)  # of tsgan's own, that little is known
        try:
            use = _loaded(bases, kind, data, folder)
            said = "unusable"
            use()
        except TsganError as error:
            text = str(error)
            assert len(text.splitlines()) == 1 and len(text) < 3000, text
            assert UNSEEN.search(text) is None, text
            return said
    return "read"


def _loaded(bases: Bases, kind: str, data: bytes, folder: Path) -> Callable[[], object]:
    """Load a damaged file of a kind; return what uses it."""
    if kind == "training":
        (folder / TRAINING).write_bytes(data)
        checkpoint.read_training(folder)
        return lambda: None
    if kind.startswith(("series", "images")):
        return _loaded_model(bases, kind, data, folder)
    if kind.endswith((".csv", ".gz", ".parquet", ".npy")) and kind != "idx.gz":
        (folder / kind).write_bytes(data)
        read_synthetic(folder / kind)
        return lambda: None
    inner = folder / kind.replace(".", "-")
    inner.mkdir(exist_ok=True)
    gz = ".gz" if kind == "idx.gz" else ""
    names = {"png": "a.png", "jpeg": "a.jpg"}
    (inner / names.get(kind, f"train-images-idx3-ubyte{gz}")).write_bytes(data)
    for place in range(12 if kind in names else 0):  # whole ones beside it
        (inner / f"{place}.png").write_bytes(bases.files["png"])
    read_images(inner)
    return lambda: None


def _loaded_model(bases: Bases, kind: str, data: bytes, folder: Path) -> Callable[[], object]:
    whole = bases.series if kind.startswith("series") else bases.images
    manifest, weights = (whole / MANIFEST).read_bytes(), (whole / WEIGHTS).read_bytes()
    if kind.endswith("weights"):
        told = json.loads(manifest) | {"weights_sha256": hashlib.sha256(data).hexdigest()}
        manifest, weights = json.dumps(told).encode(), data
    else:
        manifest = data
    (folder / MANIFEST).write_bytes(manifest)
    (folder / WEIGHTS).write_bytes(weights)
    if kind.startswith("images"):
        images = ImageGAN.load(folder)
        return lambda: images.sample(2)
    series = TimeSeriesGAN.load(folder)
    return lambda: series.sample(2, 8)
