"""Forecasts at each step of a period, by the particles that have seen all before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tsgan.calibration import Calibration
from tsgan.data.scaling import Scaler
from tsgan.device import threads
from tsgan.errors import DataError
from tsgan.filtering import DOUBT, PARTICLES, MarketState
from tsgan.networks import Generator
from tsgan.observations import MOST_RETURNS, check_history, seen

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RollingForecasts:
    """What was foretold of each held-out return before it came, in log returns.

    Attributes:
        next: (n, draws) of the next return.
        vectors: (n − horizon + 1, vector draws, horizon) of the next returns together.
        volatility: (n,) mean σ of the next return over the particles, in units of the model.
        log_likelihood: (n,) log density of each return, in units of the model.
    """

    next: FloatArray
    vectors: FloatArray
    volatility: FloatArray
    log_likelihood: FloatArray


def rolling_forecasts(
    generator: Generator,
    scaler: Scaler,
    calibration: Calibration,
    history: FloatArray,
    held_out: FloatArray,
    stream: np.random.Generator,
    *,
    particles: int = PARTICLES,
    draws: int = 500,
    vector_draws: int = 100,
    horizon: int = 10,
    channel: int = 0,
    doubt: float = DOUBT,
    steady: bool = False,
) -> RollingForecasts:
    """Return forecasts of each of ``held_out`` (n,) that know ``history`` (m,) and those before.

    Args:
        generator, scaler, calibration, stream, particles, channel, doubt: see ``filter_history``.
        history, held_out: log returns that follow each other.
        steady: forecast with the model's mean drift, whatever the particles say of it.
        draws, vector_draws: of the next return, and of the next ``horizon`` returns together.

    Raises:
        DataError: too few returns, or not finite.
    """
    check_history(history, generator.memory)
    check_history(held_out, 1)
    if held_out.size < horizon:
        raise DataError(
            f"forecasts: expected at least {horizon} held-out returns, got {held_out.size}; hold "
            "out more"
        )
    history = history[-MOST_RETURNS:]
    origins, scale, mean = held_out.size, scaler.scale[channel], scaler.mean[channel]
    following = np.empty((origins, draws))
    vectors = np.empty((origins - horizon + 1, vector_draws, horizon))
    volatility, logs = np.empty(origins), np.empty(origins)
    with threads(1):
        state = MarketState(generator, particles, stream, channel=channel, doubt=doubt)
        for low, high in seen(scaler, calibration, history, channel):
            state.observe(low, high)
        for step, (low, high) in enumerate(seen(scaler, calibration, held_out, channel)):
            following[step] = state.simulate(draws, 1, steady)[:, 0]
            if step < len(vectors):
                vectors[step] = state.simulate(vector_draws, horizon, steady)
            volatility[step] = state.weights @ state.volatility
            before = state.log_likelihood
            state.observe(low, high)
            logs[step] = state.log_likelihood - before
    following, vectors = (mean + scale * calibration(x) for x in (following, vectors))
    return RollingForecasts(following, vectors, volatility, logs)
