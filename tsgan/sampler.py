"""Model, condition and seed to log returns: any number of paths, any horizon.

Path k has a stream of its own and is computed in a seat of its own: neither the number of paths nor
that of the threads changes a bit of it. A long path is computed piece by piece, without a seam. A
path may continue a past; without one it begins where a market is that has run for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan import seeding
from tsgan.calibration import Calibration
from tsgan.data.scaling import Scaler
from tsgan.errors import ConfigError
from tsgan.inference import Float32Array, Inference, Plan, slow_grid, slow_points
from tsgan.networks import Generator
from tsgan.requirements import require_count
from tsgan.seats import seated
from tsgan.workers import in_order

FloatArray = npt.NDArray[np.float64]
Calibrate = Callable[[Float32Array], FloatArray]

MAXIMAL_HORIZON, MAXIMAL_PATHS = 10_000_000, 10**9
STEPS_AT_ONCE = 2**16
"""Steps of all paths of a group, unless a single path has more."""

MOST_AT_ONCE = 512
"""Paths of a group."""

SLOW = 1
"""Last integer of the name of the stream that a path's slow noise comes from."""

NOT_CALIBRATED = Calibration.none()


@dataclass(frozen=True)
class Past:
    """Where the market may stand when paths begin: weighted guesses of the noise until then.

    Attributes:
        noise: (memory, particles, noise channels) float32, the last before the first new return.
        white: (points, particles, slow channels) float32, of which ``slow_noise`` makes slow noise
            from step −memory on; the path's own stream goes on with it. None: all is its own.
        weights: (particles,) float64, summing to 1.
    """

    noise: Float32Array
    white: Float32Array | None
    weights: FloatArray

    def particle(self, stream: np.random.Generator) -> int:
        """Draw the number of a particle."""
        levels = np.cumsum(self.weights)
        return int(np.searchsorted(levels[:-1], stream.random() * levels[-1], side="right"))


def group_size(plan: Plan) -> int:
    """Return how many paths are computed at a time."""
    least = min(STEPS_AT_ONCE // plan.steps, MOST_AT_ONCE)
    return max(least // plan.seats, 1) * plan.seats


def check_request(paths: int, horizon: int, seed: int) -> None:
    """Raise ConfigError unless so many paths of so many steps can be sampled from ``seed``."""
    for name, value, least, most in (
        ("paths", paths, 1, MAXIMAL_PATHS),
        ("horizon", horizon, 1, MAXIMAL_HORIZON),
        ("seed", seed, 0, 2**63 - 1),
    ):
        require_count(name, value, least, most)


def sample_groups(
    generator: Generator,
    scaler: Scaler,
    condition: Tensor,
    paths: Sequence[int],
    horizon: int,
    seed: int,
    purpose: int = seeding.PATHS,
    calibration: Calibrate = NOT_CALIBRATED,
    past: Past | None = None,
) -> Iterator[FloatArray]:
    """Yield the log returns of ``paths`` in groups: (group, horizon, assets), float64.

    As many groups are computed at the same time as torch may use threads; two more, at most, wait
    to be taken.

    Args:
        generator: on the CPU.
        scaler: turns scaled returns back into log returns.
        condition: (size,), a row of the generator's layout, the same for all paths; covariates
            cover the horizon.
        paths: numbers of the paths; path k is the same in whatever company it is asked for.
        horizon: steps of each path.
        seed, purpose: name of the streams, together with each path's number.
        calibration: of the scaled returns.
        past: what the paths continue.

    Raises:
        ConfigError: if the returns overflow, because an absurd volatility is given, or if the past
            is not one of this generator.
    """
    if past is not None:
        _check_past(generator, past)
    plan = Plan.of(generator, horizon)
    size, limit = group_size(plan), torch.get_num_threads()
    wanted = (paths[start : start + size] for start in range(0, len(paths), size))
    sampling = _Sampling(
        generator,
        condition,
        plan,
        horizon,
        voice=lambda path: _Voice((seed, purpose, path), past),
        finish=lambda scaled: scaler.inverse(calibration(scaled)),
    )
    yield from in_order(sampling.group, wanted, min(limit, -(-len(paths) // size)))


def _check_past(generator: Generator, past: Past) -> None:
    particles, slow = past.weights.size, len(generator.slow)
    expected = (generator.memory, particles, generator.noise_channels)
    if past.noise.shape != expected:
        raise ConfigError(f"past: expected noise of shape {expected}, got {past.noise.shape}")
    if not (bool((past.weights >= 0).all()) and 0 < past.weights.sum() < np.inf):
        raise ConfigError(f"past: expected weights from 0 that sum to 1, got {past.weights}")
    if past.white is not None and past.white.shape[1:] != (particles, slow):
        raise ConfigError(
            f"past: expected white numbers of shape (points, {particles}, {slow}), got "
            f"{past.white.shape}"
        )


class _Voice:
    """The noise of a path, from its own streams and from a past."""

    def __init__(self, name: tuple[int, int, int], past: Past | None) -> None:
        self._stream = seeding.numpy_generator(*name)
        self._slow = seeding.numpy_generator(*name, SLOW)
        self._heard = self._known = None
        if past is not None:
            particle = past.particle(self._stream)
            self._heard = past.noise[:, particle]
            self._known = None if past.white is None else past.white[:, particle]

    def hear(self, noise: Float32Array) -> None:
        """Write the next steps of noise, (time, channels)."""
        if self._heard is not None:
            noise[: len(self._heard)] = self._heard
            noise, self._heard = noise[len(self._heard) :], None
        noise[:] = self._stream.standard_normal(noise.shape, dtype=np.float32)

    def white(self, points: int, channels: int) -> Float32Array:
        """Return (points, channels) white numbers, of which slow noise is made."""
        known = np.empty((0, channels), np.float32) if self._known is None else self._known[:points]
        more = self._slow.standard_normal((points - len(known), channels), dtype=np.float32)
        return np.concatenate([known, more])


@dataclass(frozen=True)
class _Sampling:
    """What all groups of a request share; ``group`` may run in several threads at a time.

    Attributes:
        voice: the noise of a path by its number.
        finish: turns scaled into log returns, any shape (…, assets).
        idle: buffers that no thread uses now.
    """

    generator: Generator
    condition: Tensor
    plan: Plan
    horizon: int
    voice: Callable[[int], _Voice]
    finish: Callable[[Float32Array], FloatArray]
    idle: SimpleQueue[Inference] = field(default_factory=SimpleQueue)

    def group(self, paths: Sequence[int]) -> FloatArray:
        """Return the log returns of a group: (group, horizon, assets)."""
        voices = [self.voice(int(path)) for path in paths]
        returns = np.empty((len(voices), self.horizon, self.generator.assets))
        grid = self._slow(voices)
        try:
            inference = self.idle.get_nowait()
        except Empty:
            inference = Inference(self.generator, self.condition, self.plan)
        for places in seated(paths, self.plan.seats):
            self._side_by_side(inference, places, voices, grid, returns)
        self.idle.put(inference)
        if not np.isfinite(returns).all():
            raise ConfigError(
                "expected finite returns, got others: ask for a smaller volatility, or fit again"
            )
        return returns

    def _slow(self, voices: Sequence[_Voice]) -> Tensor | None:
        constants = self.generator.slow
        if not constants:
            return None
        points = slow_points(self.generator, self.plan)
        white = np.stack([voice.white(points, len(constants)) for voice in voices], axis=1)
        return slow_grid(white, constants)

    def _side_by_side(
        self,
        inference: Inference,
        places: Mapping[int, int],
        voices: Sequence[_Voice],
        grid: Tensor | None,
        returns: FloatArray,
    ) -> None:
        """Write the returns of those paths of a group that ``places`` has, by their seats."""

        def hear(noise: Float32Array) -> None:
            for seat, place in places.items():
                voices[place].hear(noise[:, seat])

        def keep(start: int, scaled: Float32Array) -> None:
            steps = slice(start, min(start + len(scaled), self.horizon))
            made = self.finish(scaled[: steps.stop - start])
            for seat, place in places.items():
                returns[place, steps] = made[:, seat]

        anyone = next(iter(places.values()))
        taken = [places.get(seat, anyone) for seat in range(self.plan.seats)]
        inference.run(hear, keep, None if grid is None else grid[:, taken])
