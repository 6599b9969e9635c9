"""Where the market stands: moments of the model's own paths that are most like the present.

Approximate Bayesian computation (Beaumont, Zhang & Balding 2002) over the states of a generator:
many paths are sampled, and those of their moments are kept whose past foretells what the real past
foretells, by ``tsgan.moments``. The noise behind such a moment is known, so that new paths go on
from it without a seam. Nothing is scaled: of a market that is wilder, or calmer, than the model has
ever been, the wildest or calmest moments are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tsgan import moments, seeding
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError
from tsgan.inference import slow_grid
from tsgan.moments import AHEAD, Foresight, Indices
from tsgan.networks import Generator
from tsgan.sampler import NOT_CALIBRATED, SLOW, Calibrate, FloatArray, Past, sample_groups
from tsgan.slow_noise import GRID, grid_points

LEAST_RETURNS, LOOK_BACK = 100, 752
"""Fewest returns that say where a market stands, and how many of the last ones are looked at."""

PATHS, MOMENTS = 2_000, 96
"""Paths in the library, and moments of each: at every point of the grid of slow noise."""

NEIGHBOURS = 1_000
"""Moments that are kept: about one in two hundred."""


@dataclass(frozen=True, eq=False)
class Library:
    """Paths of a generator, and what is foretold at some of their moments.

    Attributes:
        returns: (paths, steps) log returns.
        path, step: (moments,), the last return that is known at each moment.
        foresight: learned from them.
        foretold: (moments, len(AHEAD)) log volatilities.
        look_back: returns that are looked at.
        floor: see ``moments.describe``.
    """

    returns: FloatArray
    path: Indices
    step: Indices
    foresight: Foresight
    foretold: FloatArray
    look_back: int
    floor: float

    @classmethod
    def of(
        cls,
        generator: Generator,
        scaler: Scaler,
        condition: Tensor,
        calibration: Calibrate,
        seed: int,
        look_back: int,
        channel: int = 0,
    ) -> Self:
        """Return the library of ``seed``; arguments as of ``market_past``."""
        first = -(-look_back // GRID) * GRID - 1
        steps = np.arange(first, first + MOMENTS * GRID, GRID)
        horizon = int(steps[-1]) + 1 + max(AHEAD)
        groups = sample_groups(
            generator,
            scaler,
            condition,
            range(PATHS),
            horizon,
            seed,
            seeding.HISTORY,
            calibration,
        )
        returns = np.concatenate([group[..., channel] for group in groups])
        path, step = np.repeat(np.arange(PATHS), MOMENTS), np.tile(steps, PATHS)
        floor = moments.FLOOR * float(returns.std())
        described = moments.describe(returns, path, step, look_back, floor)
        following = moments.came_after(returns, path, step, max(AHEAD))
        foresight = Foresight.fit(described, following, floor)
        return cls(returns, path, step, foresight, foresight(described), look_back, floor)

    def foretell(self, returns: FloatArray, steps: Indices) -> FloatArray:
        """Return (moments, len(AHEAD)) log volatilities after ``steps`` of real returns (n,)."""
        place = np.zeros_like(steps)
        described = moments.describe(returns[None], place, steps, self.look_back, self.floor)
        return self.foresight(described)

    def nearest(self, foretold: FloatArray) -> Indices:
        """Return (queries, NEIGHBOURS) moments most like those that foretell this."""
        return moments.nearest(self.foretold, foretold, NEIGHBOURS)


@dataclass(frozen=True, eq=False)
class RollingForecasts:
    """What was foretold of each held-out return before it came, in log returns.

    Attributes:
        next: (n, draws) of the next return.
        vectors: (n − horizon + 1, vector draws, horizon) of the next returns together.
        volatility: (n,) σ of the next return, by the regression.
    """

    next: FloatArray
    vectors: FloatArray
    volatility: FloatArray


def market_past(
    generator: Generator,
    scaler: Scaler,
    condition: Tensor,
    returns: FloatArray,
    seed: int,
    calibration: Calibrate = NOT_CALIBRATED,
    channel: int = 0,
) -> Past:
    """Return where the market may stand after ``returns``, each guess as likely as the others.

    Args:
        generator: on the CPU.
        scaler, condition, calibration: as of ``sample_groups``; covariates are not needed.
        returns: (n,) log returns, of which the last LOOK_BACK are looked at.
        seed: of the library.
        channel: of the generator, whose returns these are.

    Raises:
        DataError: fewer returns than LEAST_RETURNS, or not finite.
    """
    check_history(returns)
    look_back = min(returns.size, LOOK_BACK)
    library = Library.of(generator, scaler, condition, calibration, seed, look_back, channel)
    chosen = library.nearest(library.foretell(returns, np.array([returns.size - 1])))[0]
    begin = library.step[chosen] + 1  # the noise of the step before return t is at memory + t − 1
    noise, white = _noise_behind(generator, seed, library.path[chosen], begin)
    return Past(noise, white, np.full(chosen.size, 1 / chosen.size))


def rolling_forecasts(
    generator: Generator,
    scaler: Scaler,
    condition: Tensor,
    history: FloatArray,
    held_out: FloatArray,
    seed: int,
    calibration: Calibrate = NOT_CALIBRATED,
    *,
    draws: int = 500,
    vector_draws: int = 100,
    horizon: int = 10,
    channel: int = 0,
) -> RollingForecasts:
    """Return forecasts of each of ``held_out`` (n,) that know ``history`` (m,) and those before.

    They are what came after the moments that ``market_past`` would choose: a draw of each.

    Args:
        generator, scaler, condition, seed, calibration, channel: see ``market_past``.
        history, held_out: log returns that follow each other.
        draws, vector_draws: of the next return, and of the next ``horizon`` returns together, at
            most NEIGHBOURS.

    Raises:
        DataError: too few returns, or not finite.
    """
    check_history(history)
    check_history(held_out, horizon, "held-out returns")
    look_back = min(history.size, LOOK_BACK)
    library = Library.of(generator, scaler, condition, calibration, seed, look_back, channel)
    origins = history.size - 1 + np.arange(held_out.size)
    foretold = library.foretell(np.concatenate([history, held_out]), origins)
    stream = seeding.numpy_generator(seed, seeding.HISTORY)
    alike = stream.permuted(library.nearest(foretold), axis=1)

    def came(rows: int, count: int, steps: int) -> FloatArray:
        chosen = alike[:rows, :count]
        path, step = library.path[chosen], library.step[chosen]
        return moments.came_after(library.returns, path, step, steps)

    return RollingForecasts(
        came(held_out.size, draws, 1)[..., 0],
        came(held_out.size - horizon + 1, vector_draws, horizon),
        np.exp(foretold[:, 0]),
    )


def check_history(
    returns: FloatArray, least: int = LEAST_RETURNS, what: str = "returns of a history"
) -> None:
    """Raise DataError unless ``returns`` are finite, (n,), and at least so many."""
    if returns.ndim != 1 or not np.isfinite(returns).all():
        raise DataError(
            f"history: expected finite log returns of one series, got shape {returns.shape} with "
            f"{np.count_nonzero(~np.isfinite(returns))} that are not; clean the prices"
        )
    if returns.size < least:
        raise DataError(
            f"history: expected at least {least} {what}, got {returns.size}; give at least "
            f"{least + 1} prices up to today, or start without a history"
        )


def _noise_behind(
    generator: Generator, seed: int, path: Indices, begin: Indices
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    """Return the noise and the white numbers of ``Past``.

    Args:
        path, begin: (particles,) paths of the library, and the step of their noise from which on
            ``memory`` steps are wanted, at a point of the grid.
    """
    memory, channels, slow = generator.memory, generator.noise_channels, generator.slow
    noise = np.empty((memory, path.size, channels), np.float32)
    points = int(begin.max()) // GRID + grid_points(memory)
    white = np.empty((points, path.size, len(slow)), np.float32)
    for number in np.unique(path).tolist():
        own = np.flatnonzero(path == number)
        name = seed, seeding.HISTORY, number
        stream = seeding.numpy_generator(*name)
        all_noise = stream.standard_normal((int(begin[own].max()) + memory, channels), np.float32)
        for particle in own:
            noise[:, particle] = all_noise[begin[particle] :][:memory]
        stream = seeding.numpy_generator(*name, SLOW)
        white[:, own] = stream.standard_normal((points, 1, len(slow)), np.float32)
    if not slow:
        return noise, None
    grid, particles = slow_grid(white, slow).numpy(), np.arange(path.size)
    later = begin // GRID + np.arange(grid_points(memory))[:, None]
    known = white[later, particles]
    known[0] = grid[later[0], particles]
    return noise, known
