"""Other learners on the same returns, with the same budget, on one thread.

Each learns windows of 128 returns; what it samples is joined end to end to paths as long as the
series. All three have run here: deepecho 0.8.1 (PAR), gretel-synthetics 0.22.20 (DGAN), tsgm 0.1.0
on Keras' torch backend (VAE), with torch 2.13 and their own sizes of networks and learning rates.
None of them knows a budget of seconds: they are told to train without end, and stopped between two
steps, PAR at a method that is not public. A step is an epoch of PAR, which takes all windows at
once, and a batch of the others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from tsgan.results import FloatArray

WINDOW = 128
ENDLESS = 10**9

Sampler = Callable[[int], FloatArray]
"""From a number to so many windows, (number, WINDOW)."""


class SpentError(Exception):
    """The budget is spent."""


class Clock:
    """Counts the steps of a training and ends it when its budget is spent; ticks when entered."""

    def __init__(self, seconds: float | None, steps: int | None) -> None:
        self.seconds, self.steps, self.done = seconds, steps, 0
        self.started = self.passed = 0.0

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.passed = time.perf_counter() - self.started
        return kind is SpentError

    def check(self) -> None:
        """Raise SpentError, which ends the block, if no further step may be done."""
        over = self.seconds is not None and time.perf_counter() - self.started >= self.seconds
        if over or (self.steps is not None and self.done >= self.steps):
            raise SpentError


@dataclass(frozen=True)
class Peer:
    """Another learner.

    Attributes:
        module: that must be installed; stride: steps between two windows that it learns.
        paths: sampled, 20 at least; learn: from windows (count, WINDOW), a clock and a seed to
            what samples.
    """

    module: str
    stride: int
    paths: int
    learn: Callable[[FloatArray, Clock, int], Sampler]

    @property
    def installed(self) -> bool:
        return find_spec(self.module) is not None


def learn_par(windows: FloatArray, clock: Clock, _: int) -> Sampler:
    base: Any = import_module("deepecho").PARModel

    class Timed(base):  # type: ignore[misc]
        def _compute_loss(self, *batch: Any) -> Any:
            clock.check()
            clock.done += 1
            return super()._compute_loss(*batch)

    model = Timed(epochs=ENDLESS, cuda=False, verbose=False)
    sequences = [{"context": [], "data": [window.tolist()]} for window in windows]
    with clock:
        model.fit_sequences(sequences, [], ["continuous"])
    return lambda count: np.array([model.sample_sequence([], WINDOW)[0] for _ in range(count)])


def learn_dgan(windows: FloatArray, clock: Clock, _: int) -> Sampler:
    config = import_module("gretel_synthetics.timeseries_dgan.config").DGANConfig
    learner = import_module("gretel_synthetics.timeseries_dgan.dgan").DGAN

    def told(_: object) -> None:
        clock.done += 1
        clock.check()

    sizes = {"max_sequence_len": WINDOW, "sample_len": 8, "batch_size": 100}
    model = learner(config(**sizes, epochs=ENDLESS, cuda=False))
    with clock:
        model.train_numpy(windows[..., None].astype(np.float32), progress_callback=told)
    return lambda count: np.asarray(model.generate_numpy(count)[1], dtype=np.float64)[..., 0]


def learn_vae(windows: FloatArray, clock: Clock, seed: int) -> Sampler:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = import_module("keras")
    tsgm: Any = import_module("tsgm")
    callback: Any = keras.callbacks.Callback

    class Timed(callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
            clock.done += 1
            clock.check()

    keras.utils.set_random_seed(seed)
    scaler = tsgm.utils.TSFeatureWiseScaler((0, 1))
    scaled = scaler.fit_transform(windows[..., None]).astype(np.float32)
    architecture = tsgm.models.zoo["vae_conv5"](WINDOW, 1, 10)
    model = tsgm.models.cvae.BetaVAE(architecture.encoder, architecture.decoder)
    model.compile(optimizer=keras.optimizers.Adam())
    with clock:
        model.fit(scaled, epochs=ENDLESS, batch_size=64, verbose=0, callbacks=[Timed()])

    def sampled(count: int) -> FloatArray:
        drawn = keras.ops.convert_to_numpy(model.generate(count))
        return np.asarray(scaler.inverse_transform(drawn), dtype=np.float64)[..., 0]

    return sampled


PEERS: Mapping[str, Peer] = {
    "PAR": Peer("deepecho", WINDOW, 20, learn_par),
    "DGAN": Peer("gretel_synthetics", 16, 200, learn_dgan),
    "tsgm VAE": Peer("tsgm", 16, 200, learn_vae),
}
"""PAR samples a few hundred returns a second, so it samples the fewest paths."""


def joined_paths(sampler: Sampler, paths: int, steps: int) -> FloatArray:
    """Return (paths, steps) of sampled windows joined end to end, the last ones cut."""
    each = -(-steps // WINDOW)
    return sampler(paths * each).reshape(paths, each * WINDOW)[:, :steps]
