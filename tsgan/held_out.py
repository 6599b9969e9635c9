"""The table once more, against returns that the model was not trained on."""

from __future__ import annotations

import numpy as np

from tsgan.bands import bootstrapped, measure, noise_bands
from tsgan.metric import Sample
from tsgan.metrics import METRICS
from tsgan.results import FloatArray, HeldOut
from tsgan.verdicts import held_out_part

BLOCKS = 4
"""A held-out period is bootstrapped in at least so many mean blocks."""


def held_out_parts(
    held_out: FloatArray,
    training: FloatArray,
    paths: FloatArray,
    bootstrap_paths: int,
    mean_block: float,
    generator: np.random.Generator,
) -> dict[str, HeldOut]:
    """Return each metric against ``held_out`` by its name.

    Args:
        held_out: (h,) log returns after the training part; training: (m,) that part.
        paths: (paths, steps) synthetic; both are cut into pieces of h steps, so that lengths match.
        bootstrap_paths, mean_block: of the noise band; the block is at most a quarter of h.
        generator: draws the band's paths.
    """
    real = Sample(held_out[None])
    synthetic, own = (Sample(cut(p, held_out.size)) for p in (paths, training[None]))
    values, trained = measure(real, synthetic), measure(real, own)
    block = max(min(mean_block, held_out.size / BLOCKS), 1.0)
    bands = noise_bands(real, bootstrapped(held_out, block, generator), bootstrap_paths)
    return {
        metric.name: held_out_part(
            metric,
            real,
            synthetic,
            values[metric.name],
            bands[metric.name],
            trained[metric.name],
        )
        for metric in METRICS
    }


def cut(paths: FloatArray, steps: int) -> FloatArray:
    """Return (paths, steps) cut into pieces of ``steps`` steps; shorter paths as they are.

    What is left at the end of each path is dropped.
    """
    pieces = paths.shape[1] // steps
    if pieces < 1:
        return paths
    return paths[:, : pieces * steps].reshape(-1, steps)
