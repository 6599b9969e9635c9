"""The table once more, against returns that the model was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tsgan.bands import measure, noise_bands
from tsgan.metric import Metric, Sample
from tsgan.results import FloatArray, HeldOut
from tsgan.verdicts import held_out_part

BLOCKS = 4
"""A held-out period is bootstrapped in at least so many mean blocks."""


def held_out_parts(
    real: Sample,
    synthetic: Sample,
    training: Sample,
    draw: Callable[[], Sample],
    bootstrap_paths: int,
    metrics: Sequence[Metric],
) -> dict[str, HeldOut]:
    """Return each metric against held-out returns by its name.

    Args:
        real: the held-out returns; synthetic, training: pieces as long, see :func:`cut`.
        draw: returns another bootstrap path of the held-out returns.
        bootstrap_paths: how many of them make the band.
        metrics: the rows.
    """
    values, own = (measure(real, sample, metrics) for sample in (synthetic, training))
    bands = noise_bands(real, draw, bootstrap_paths, metrics=metrics)
    return {
        metric.name: held_out_part(
            metric, real, synthetic, values[metric.name], bands[metric.name], own[metric.name]
        )
        for metric in metrics
    }


def held_out_block(steps: int, mean_block: float) -> float:
    """Return the mean block of the bootstrap of ``steps`` held-out returns, a quarter at most."""
    return max(min(mean_block, steps / BLOCKS), 1.0)


def cut(paths: FloatArray, steps: int) -> FloatArray:
    """Return (paths, steps, …) cut into pieces of ``steps`` steps; shorter paths as they are.

    What is left at the end of each path is dropped.
    """
    pieces = paths.shape[1] // steps
    if pieces < 1:
        return paths
    return paths[:, : pieces * steps].reshape(-1, steps, *paths.shape[2:])
