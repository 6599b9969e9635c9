"""The judge of generated images: a small classifier of the training images, trained once and kept.

No weights are downloaded. The judge sees the training images with their labels and nothing else;
its penultimate layer are the features of the Fréchet distance.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tsgan import seeding
from tsgan.data.cache_folder import cache_folder
from tsgan.data.image_sets import Images
from tsgan.device import threads
from tsgan.errors import DataError
from tsgan.files import write_atomically
from tsgan.images.judge_training import FEATURES, JudgeNetwork, Progress, train
from tsgan.images.metrics import FloatArray, Pixels, Places

VERSION = 1
"""Of the network and its training: another one makes every kept judge a stranger."""

FEWEST = 20
"""Fewest training images."""

AT_ONCE = 500
"""Images that are looked at together."""


@dataclass(frozen=True)
class Judge:
    """A trained classifier of 28 × 28 images.

    Attributes:
        network: in evaluation mode.
        classes: names of the classes that it tells apart, in the order of their places.
        seconds: that its training took; those of the first time where it was kept.
        notes: what a reader must know, in plain sentences.
    """

    network: JudgeNetwork
    classes: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    def look(self, pixels: Pixels) -> tuple[FloatArray, FloatArray]:
        """Return features (n, d) and probabilities (n, classes) of pixels (n, 28, 28) in [0, 1]."""
        features, probabilities = [np.empty((0, FEATURES))], [np.empty((0, len(self.classes)))]
        with threads(1), torch.inference_mode():
            for start in range(0, len(pixels), AT_ONCE):
                block = np.ascontiguousarray(pixels[start : start + AT_ONCE], np.float32)
                seen = self.network.features(torch.from_numpy(block))
                features.append(seen.double().numpy())
                scores = self.network.last(seen).double()
                probabilities.append(torch.softmax(scores, dim=1).numpy())
        return np.concatenate(features), np.concatenate(probabilities)

    def features(self, pixels: Pixels) -> FloatArray:
        """Return the penultimate features (n, d), at least 0, of pixels (n, 28, 28) in [0, 1]."""
        return self.look(pixels)[0]

    def probabilities(self, pixels: Pixels) -> FloatArray:
        """Return the probability (n, classes) of each class, of pixels (n, 28, 28) in [0, 1]."""
        return self.look(pixels)[1]

    def predicted(self, pixels: Pixels) -> Places:
        """Return the place (n,) of the likeliest class, of pixels (n, 28, 28) in [0, 1]."""
        return likeliest(self.probabilities(pixels))


def likeliest(probabilities: FloatArray) -> Places:
    """Return the place (n,) of the largest of the probabilities (n, classes) of each image."""
    return np.asarray(probabilities.argmax(axis=1), np.int64)


def train_judge(
    training: Images,
    *,
    seed: int = 0,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Judge:
    """Return the judge of the training images: the one that was kept, or a new one.

    The same images and seed give the same judge. It is trained on one thread of the CPU.

    Args:
        training: at least ``FEWEST`` images, with labels of at least two classes.
        seed: of weights, order and shifts.
        cache: folder in which judges are kept; default: ``judges`` in the user's cache folder.
        progress: told what is being done and the share that is done, 0..1.

    Raises:
        DataError: if there are no labels, one class only, or too few images.
    """
    labels = _check(training)
    folder = cache_folder() / "judges" if cache is None else cache
    file = folder / f"{training.sha256[:32]}-{VERSION}-{seed}.safetensors"
    identity = f"{VERSION} {seed} {training.sha256} {training.classes}"
    kept = _load(file, training.classes, identity)
    if kept is not None:
        return kept
    started = time.perf_counter()
    with threads(1):
        network = train(training.pixels, labels, len(training.classes), seed, progress)
    seconds = time.perf_counter() - started
    trouble = _store(file, network, seconds, identity)
    notes = (f"The judge could not be kept and is trained anew each time: {trouble}.",)
    return Judge(network, training.classes, seconds, notes if trouble else ())


def _check(training: Images) -> Places:
    """Return the labels, which are there and differ."""
    if training.labels is None or not training.classes:
        raise DataError(
            f"{training.source}: expected training images with labels, found none; the judge is a "
            "classifier and needs them: add the labels file, or sort PNGs into a folder per class"
        )
    there = len(np.unique(training.labels))
    if len(training) < FEWEST or there < 2:
        raise DataError(
            f"{training.source}: expected at least {FEWEST} training images of 2 classes for the "
            f"judge, found {len(training):,} of {there}; add images"
        )
    return training.labels


def _store(file: Path, network: JudgeNetwork, seconds: float, identity: str) -> str:
    """Keep the judge; return why that was not possible, or ""."""
    weights = dict(network.state_dict())
    facts = {"identity": identity, "seconds": repr(seconds), "sha256": _digest(weights)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, safetensors.torch.save(weights, facts))
    except (OSError, DataError) as error:
        return " ".join(str(error).split())
    return ""


def _load(file: Path, classes: tuple[str, ...], identity: str) -> Judge | None:
    """Return the kept judge; None where there is none, it is damaged or of something else."""
    try:
        with safe_open(file, framework="pt") as kept:
            facts = kept.metadata() or {}
            weights = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        if (facts["identity"], facts["sha256"]) != (identity, _digest(weights)):
            return None
        with seeding.initial_weights(0):  # they are replaced; the global generator stays
            network = JudgeNetwork(len(classes))
        network.load_state_dict(weights)
        return Judge(network.eval(), classes, float(facts["seconds"]))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None


def _digest(weights: Mapping[str, Tensor]) -> str:
    """Return the hash of names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
