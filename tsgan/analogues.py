"""Where the market stands: moments of the model's own paths that are most like the present.

Approximate Bayesian computation (Beaumont, Zhang & Balding 2002) over the states of a generator:
many paths are sampled, and those of their moments are kept whose past foretells what the real past
foretells, by ``tsgan.moments``. The noise behind such a moment is known, so that new paths go on
from it without a seam. Nothing is scaled: of a market that is wilder, or calmer, than the model has
ever been, the wildest or calmest moments are taken.

What a model foretells is a little slow after large shocks, which it has seen few of, and what its
market does may have changed since. GJR-GARCH, fitted to the last of the history, is a little quick.
Moments are looked for between the two (Bates & Granger 1969; Timmermann 2006). That says where
paths start, not how they go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tsgan import seeding
from tsgan.data.scaling import Scaler
from tsgan.errors import DataError
from tsgan.forecasters import fit_gjr
from tsgan.inference import slow_grid
from tsgan.moment_library import Library
from tsgan.moments import AHEAD, Indices
from tsgan.networks import Generator
from tsgan.sampler import NOT_CALIBRATED, SLOW, Calibrate, FloatArray, Past
from tsgan.slow_noise import GRID, grid_points

LEAST_RETURNS, LOOK_BACK = 100, 752
"""Fewest returns that say where a market stands, and how many of the last ones are looked at."""

FITTED, REFITTED = 1_000, 63
"""Last returns that GJR-GARCH is fitted to, of shorter histories it is not; and after how many more
it is fitted again."""

SHARE = 0.75
"""Of GJR-GARCH in the log volatility that is looked for: as was best where nothing was tested."""


@dataclass(frozen=True, eq=False)
class RollingForecasts:
    """What was foretold of each held-out return before it came, in log returns.

    Of several assets each has one axis more, the last one.

    Attributes:
        next: (n, draws) of the next return.
        vectors: (n − horizon + 1, vector draws, horizon) of the next returns together.
        volatility: (n,) σ of the next return that is looked for.
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
        returns: (n,) log returns, or (n, assets) of all of the generator's; the last LOOK_BACK say
            where the market stands, and the last FITTED how volatility follows returns.
        seed: of the library.
        channel: of the generator, whose returns (n,) are.

    Raises:
        DataError: fewer returns than LEAST_RETURNS, or not finite, or not of the generator's
            assets.
    """
    returns, channels = _by_asset(generator, returns, channel)
    check_history(returns)
    look_back = min(len(returns), LOOK_BACK)
    library = Library.of(generator, scaler, condition, calibration, seed, look_back, channels)
    chosen = library.nearest(expected_volatilities(library, returns, len(returns)))[0]
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

    They are what came after the moments that ``market_past`` would choose, a draw of each, but
    that GJR-GARCH is fitted again only now and then.

    Args:
        generator, scaler, condition, seed, calibration, channel: see ``market_past``.
        history, held_out: log returns that follow each other, (m,) and (n,) or of all assets.
        draws, vector_draws: of the next return, and of the next ``horizon`` returns together, at
            most the neighbours of ``Library.nearest``.

    Raises:
        DataError: too few returns, or not finite.
    """
    one = history.ndim == 1
    history, channels = _by_asset(generator, history, channel)
    held_out, _ = _by_asset(generator, held_out, channel)
    check_history(history)
    check_history(held_out, horizon, "held-out returns")
    look_back = min(len(history), LOOK_BACK)
    library = Library.of(generator, scaler, condition, calibration, seed, look_back, channels)
    together = np.concatenate([history, held_out])
    expected = expected_volatilities(library, together, len(history))[:-1]
    stream = seeding.numpy_generator(seed, seeding.HISTORY)
    alike = stream.permuted(library.nearest(expected), axis=1)
    following = library.came_after(alike[:, :draws], 1)[:, :, 0]
    vectors = library.came_after(alike[: len(held_out) - horizon + 1, :vector_draws], horizon)
    found = following, vectors, np.exp(expected[:, :: len(AHEAD)])
    return RollingForecasts(*(each[..., 0] if one else each for each in found))


def expected_volatilities(library: Library, returns: FloatArray, known: int) -> FloatArray:
    """Return (n − known + 1, assets × len(AHEAD)) log volatilities that moments are looked for by.

    The first knows the first ``known`` of ``returns``, (n, assets), and each further one a return
    more. They are means of what the library foretells and of GJR-GARCH, fitted to the last returns
    that are known; where it cannot be fitted to an asset, what the library foretells.
    """
    expected = library.foretell(returns, np.arange(known - 1, len(returns)))
    for origin in range(known, len(returns) + 1, REFITTED) if known >= FITTED else ():
        following = slice(origin - known, origin - known + REFITTED)
        for asset, series in enumerate(returns[: origin + REFITTED - 1].T):
            try:
                fitted = fit_gjr(series[origin - FITTED : origin])
            except DataError:
                continue
            said = fitted.ahead(fitted.follow(series[origin:]), AHEAD)
            if np.isfinite(said).all():
                own = expected[following, asset * len(AHEAD) : (asset + 1) * len(AHEAD)]
                own += SHARE * (said - own)
    return expected


def _by_asset(generator: Generator, returns: FloatArray, channel: int) -> tuple[FloatArray, slice]:
    """Return (n, assets) of (n,) or (n, assets), and which of the generator's channels they are."""
    if returns.ndim == 1:
        return returns[:, None], slice(channel, channel + 1)
    if returns.ndim != 2 or returns.shape[1] != generator.assets or generator.assets == 1:
        series = "one series" if generator.assets == 1 else f"{generator.assets} assets"
        raise DataError(
            f"history: expected log returns of {series}, got shape {returns.shape}; choose the "
            "columns of the fit"
        )
    return returns, slice(None)


def check_history(
    returns: FloatArray, least: int = LEAST_RETURNS, what: str = "returns of a history"
) -> None:
    """Raise DataError unless ``returns``, (n, assets), are finite, and at least so many."""
    if not np.isfinite(returns).all():
        raise DataError(
            f"history: expected finite log returns, got {np.count_nonzero(~np.isfinite(returns))} "
            "that are not; clean the prices"
        )
    if len(returns) < least:
        raise DataError(
            f"history: expected at least {least} {what}, got {len(returns)}; give at least "
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
