"""One seed, many independent streams: nothing here touches a global generator.

A stream is named by the seed and a sequence of integers. ``numpy.random.SeedSequence`` turns the
name into a key (O'Neill's seed-sequence hash), so neighbouring seeds and neighbouring paths are
independent, and path ``k`` depends on the seed and ``k`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

WEIGHTS, TRAINING, VALIDATION, PATHS, RESPONSE = range(5)
BOOTSTRAP, BASELINES, FORECASTS, CALIBRATION, HISTORY, GROUPS = range(5, 11)
"""First integers of a stream's name: the purpose that it serves."""


def numpy_generator(seed: int, *name: int) -> np.random.Generator:
    """Return the NumPy generator of the stream ``(seed, *name)``."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=name)))


def torch_generator(seed: int, *name: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the torch generator on ``device`` of the stream ``(seed, *name)``."""
    return torch.Generator(device).manual_seed(_state(seed, *name))


@contextmanager
def initial_weights(seed: int, *name: int) -> Iterator[None]:
    """Let networks built within the block draw their weights from the stream ``(seed, *name)``.

    torch's layers draw from the global generator when they are built; its state is put back.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_state(seed, *name))
        yield


def _state(seed: int, *name: int) -> int:
    sequence = np.random.SeedSequence(seed, spawn_key=name)
    return int(sequence.generate_state(1, np.uint64)[0]) & (2**63 - 1)
