"""One seed, many independent streams: nothing here touches a global generator.

A stream is named by the seed and a sequence of integers. ``numpy.random.SeedSequence`` turns the
name into a key (O'Neill's seed-sequence hash), so neighbouring seeds and neighbouring paths are
independent, and path ``k`` depends on the seed and ``k`` alone.
"""

from __future__ import annotations

import numpy as np
import torch

INITIAL_WEIGHTS, BATCHES, TRAINING_NOISE, VALIDATION, PATHS, BOOTSTRAP, BASELINES = range(7)
"""First integer of a stream's name: the purpose that it serves."""


def numpy_generator(seed: int, *name: int) -> np.random.Generator:
    """Return the NumPy generator of the stream ``(seed, *name)``."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, *name))))


def torch_generator(seed: int, *name: int) -> torch.Generator:
    """Return the torch generator, on the CPU, of the stream ``(seed, *name)``."""
    state = int(np.random.SeedSequence((seed, *name)).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state & (2**63 - 1))
