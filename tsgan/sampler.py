"""Model, condition and seed to log returns: any number of paths, any horizon.

Path k has a stream of its own, and paths are computed in groups of a size that depends on the
horizon alone, on one thread: neither the number of paths nor that of the processors changes a bit
of path k. A long path is computed piece by piece; each piece hears the noise that the one before it
heard last, so that there is no seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan import seeding
from tsgan.calibration import Calibration
from tsgan.conditioning import SCALE_SIZE
from tsgan.data.scaling import Scaler
from tsgan.device import threads
from tsgan.errors import ConfigError
from tsgan.networks import Generator
from tsgan.slow_noise import grid_points

FloatArray = npt.NDArray[np.float64]

MAXIMAL_HORIZON, MAXIMAL_PATHS = 100_000, 10**9
LONGEST_PIECE = 2048
STEPS_AT_ONCE = 2**15
SLOW = 1
"""Last integer of the name of the stream that a path's slow noise comes from."""

NOT_CALIBRATED = Calibration.none()


def group_size(horizon: int) -> int:
    """Return how many paths are computed at a time: a function of the horizon alone."""
    return int(np.clip(STEPS_AT_ONCE // _piece_length(horizon), 16, 512))


def _piece_length(horizon: int) -> int:
    return min(LONGEST_PIECE, 1 << (horizon - 1).bit_length())


def check_request(paths: int, horizon: int, seed: int) -> None:
    """Raise ConfigError unless so many paths of so many steps can be sampled from ``seed``."""
    for name, value, least, most in (
        ("paths", paths, 1, MAXIMAL_PATHS),
        ("horizon", horizon, 1, MAXIMAL_HORIZON),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not isinstance(value, int | np.integer) or not least <= value <= most:
            raise ConfigError(f"{name}: expected a whole number, {least} to {most}, got {value!r}")


def sample_groups(
    generator: Generator,
    scaler: Scaler,
    condition: Tensor,
    paths: Sequence[int],
    horizon: int,
    seed: int,
    purpose: int = seeding.PATHS,
    calibration: Calibration = NOT_CALIBRATED,
) -> Iterator[FloatArray]:
    """Yield the log returns of ``paths`` in groups: (group, horizon, assets), float64.

    Args:
        generator: on the CPU.
        scaler: turns scaled returns back into log returns.
        condition: (size,), a row of the generator's layout, the same for all paths; covariates
            cover the horizon.
        paths: numbers of the paths; path k is the same in whatever company it is asked for.
        horizon: steps of each path.
        seed, purpose: name of the streams, together with each path's number.
        calibration: of the scaled returns.

    Raises:
        ConfigError: if the returns overflow, because an absurd volatility is given.
    """
    size = group_size(horizon)
    for start in range(0, len(paths), size):
        wanted = list(paths[start : start + size])
        filled = wanted + [wanted[-1]] * (size - len(wanted))
        streams = [seeding.numpy_generator(seed, purpose, path) for path in filled]
        slow = [seeding.numpy_generator(seed, purpose, path, SLOW) for path in filled]
        scaled = _group(generator, condition, streams, slow, horizon)
        returns = scaler.inverse(calibration(scaled[: len(wanted)]))
        if not np.isfinite(returns).all():
            raise ConfigError(
                "expected finite returns, got others: ask for a smaller volatility, or fit again"
            )
        yield returns


def _group(
    generator: Generator,
    condition: Tensor,
    streams: Sequence[np.random.Generator],
    slow: Sequence[np.random.Generator],
    horizon: int,
) -> FloatArray:
    """Return scaled returns, one path from each stream: (paths, horizon, assets)."""
    length = _piece_length(horizon)
    whole = -(-horizon // length) * length
    heard = _noise(streams, generator.memory, generator.noise_channels)
    points = grid_points(generator.memory + whole - 1)
    white = _noise(slow, points, len(generator.slow)) if generator.slow else None
    pieces = []
    with torch.no_grad(), threads(1):
        given = condition.expand(len(streams), -1)
        scale = given[:, :SCALE_SIZE]
        context = generator.context(given, whole, white)
        for start in range(0, horizon, length):
            heard = torch.cat([heard, _noise(streams, length, generator.noise_channels)])
            steps = slice(start, start + len(heard) - 1)
            piece = generator.paths(heard, scale, context[steps])
            pieces.append(piece.transpose(1, 2).double().numpy())
            heard = heard[-generator.memory :]
    return np.concatenate(pieces, axis=1)[:, :horizon]


def _noise(streams: Sequence[np.random.Generator], time: int, channels: int) -> Tensor:
    """Return the next ``time`` steps of each path's noise: (time, paths, channels)."""
    drawn = [stream.standard_normal((time, channels), dtype=np.float32) for stream in streams]
    return torch.from_numpy(np.stack(drawn, axis=1))
