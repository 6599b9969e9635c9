"""Long paths: no seam where pieces meet, no change of volatility, no drift of the mean.

    python benchmarks/horizon.py MODEL [--paths 64] [--steps 100000] [--seed 0]

A path is computed piece by piece. At the borders of pieces, the rank of |r| within its path, from 0
to 1, its square about the middle, and its product with the rank one step before are compared with
the same at all other steps, in standard errors over the paths. Ranks, since a border that meets a
crash would outweigh all others. The volatility of the last tenth of the steps is compared with that
of the first, and the mean return with that of the training part, in the real mean's standard
error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tsgan import TimeSeriesGAN
from tsgan.inference import Plan

FloatArray = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--paths", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    model = TimeSeriesGAN.load(asked.model)
    length = Plan.of(model.fitted_.generator, asked.steps).length
    groups = model.sample_groups(asked.paths, asked.steps, seed=asked.seed)
    figures = [
        [*seam(path, length), *level(path)]
        for group in groups
        for path in group.log_returns.reshape(len(group.numbers), asked.steps, -1)[..., 0]
    ]
    tell(np.array(figures), length, asked.steps, model)


def seam(path: FloatArray, length: int) -> list[float]:
    """Return three statistics of the ranks of |r| at borders, each less the same elsewhere."""
    ranks = np.argsort(np.argsort(np.abs(path))) / len(path) - 0.5
    at = np.zeros(len(path), dtype=bool)
    at[length::length] = True
    inside = ~at
    inside[0] = False
    products = np.r_[0.0, ranks[1:] * ranks[:-1]]
    parts = ranks, np.square(ranks), products
    return [float(part[at].mean() - part[inside].mean()) for part in parts]


def level(path: FloatArray) -> list[float]:
    """Return the log ratio of the last tenth's volatility to the first's, and the mean return."""
    tenth = len(path) // 10
    return [float(np.log(path[-tenth:].std() / path[:tenth].std())), float(path.mean())]


def tell(figures: FloatArray, length: int, steps: int, model: TimeSeriesGAN) -> None:
    """Print means over paths and their standard errors; figures: (paths, 5)."""
    paths = len(figures)
    means, errors = figures.mean(axis=0), figures.std(axis=0, ddof=1) / np.sqrt(paths)
    print(f"{paths} paths of {steps:,} steps, pieces of {length:,}")
    names = ["rank of |r| at borders, less", "its variance, less", "its lag 1, less"]
    names += ["ln sd, last / first tenth"]
    for name, mean, error in zip(names, means, errors, strict=False):
        print(f"{name:28} {mean:+.4f} ± {error:.4f}   {mean / error:+.1f} standard errors")
    scaler, returns = model.fitted_.scaler, model.facts_.training
    real, own = float(scaler.mean[0]), float(scaler.scale[0]) / np.sqrt(returns)
    gap = means[-1] - real
    print(
        f"mean return {means[-1]:.3e} against {real:.3e} in training: {gap / own:+.2f} of the real "
        f"mean's standard error {own:.1e}"
    )


if __name__ == "__main__":
    main()
