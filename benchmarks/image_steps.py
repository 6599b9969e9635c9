"""How long the steps of the default pair of image networks take, over those of the classic pair.

``python benchmarks/image_steps.py``: batches of 64, one thread, the pairs take turns, medians. A
critic step makes its fakes first; ``alone`` is without that.
"""

from __future__ import annotations

import statistics
import time

import torch

from tsgan import ImageConfig
from tsgan.data.images import read_images
from tsgan.device import Precision, threads
from tsgan.images.config import ImageNetworkConfig
from tsgan.images.image_run import ImageRun
from tsgan.images.presets import preset
from tsgan.objectives import make_objective
from tsgan.steps import critic_step, generator_step, make_fakes

NETWORKS = ("slim", "wgan")


def step_times(rounds: int = 15) -> dict[str, float]:
    """Seconds of each kind of step of both pairs, medians of steps that take turns."""
    sets = read_images("sample")
    times: dict[str, list[float]] = {}
    games = {}
    for network in NETWORKS:
        config = ImageConfig(
            labels=True, network=ImageNetworkConfig(kind=network), training=preset(network)
        )
        games[network] = ImageRun(sets, config, None).trainer
    objective = make_objective(preset("slim"))
    with threads(1):
        for _ in range(rounds):
            for network, game in games.items():
                stream, precision = game.stream, Precision()
                batch = game.batches(stream)
                start = time.perf_counter()
                with torch.no_grad():
                    fakes = make_fakes(game.generator, batch, precision, stream)
                began = time.perf_counter()
                critic_step(
                    game.critic, batch, fakes, objective, precision, game.descents["critic"], stream
                )
                middle = time.perf_counter()
                fakes = make_fakes(game.generator, batch, precision, stream)
                generator_step(
                    game.critic, fakes, objective, precision, game.descents["generator"], stream
                )
                times.setdefault(f"{network} critic", []).append(middle - start)
                times.setdefault(f"{network} critic alone", []).append(middle - began)
                times.setdefault(f"{network} generator", []).append(time.perf_counter() - middle)
    return {name: statistics.median(values[2:]) for name, values in times.items()}


def main() -> None:
    found = step_times()
    for name, seconds in found.items():
        print(f"{name:<20}{1000 * seconds:8.1f} ms")
    for kind in ("critic", "critic alone", "generator"):
        print(f"{kind:<14} slim / classic {found[f'slim {kind}'] / found[f'wgan {kind}']:.2f}")


if __name__ == "__main__":
    main()
