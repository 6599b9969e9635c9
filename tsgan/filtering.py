"""Where the market stands: the generator's noise, inferred from the returns that came.

The generator is a state-space model. Of its state, which is all noise up to t, nothing is seen but
``r_t = μ_t + σ_t ξ_t``; drift and volatility follow from the noise before t, and ``ξ_t`` has one
law at every t. So the weight of a guess at the state (a particle) is multiplied at each step by
``p_ξ((r_t − μ_t) / σ_t) / σ_t``, and its own noise of the step is drawn from the law of ε given
that ξ: the bootstrap filter of Gordon, Salmond & Smith (1993) with the proposal that is best (Pitt
& Shephard 1999), since nothing else is random within a step. Nothing is trained again.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.calibration import Calibration
from tsgan.data.scaling import Scaler
from tsgan.device import threads
from tsgan.innovations import Innovations
from tsgan.networks import Generator
from tsgan.observations import MOST_RETURNS, check_history, seen
from tsgan.sampler import Past
from tsgan.slow_noise import GRID
from tsgan.slow_tracks import SlowTracks
from tsgan.stepping import Stack, StackBranch, SteppedStack

FloatArray = npt.NDArray[np.float64]

PARTICLES = 2_000

DOUBT = 0.5
"""Standard deviation of the log of the factor by which a market's σ may differ from the model's.

At 0 the inference is exact, which is best for returns of the model itself. Of a market it knows too
much: a learned σ has fine structure that the real one has not, and a single return may then decide
for particles that fit nothing else. The value was chosen by the error of one-step forecasts of the
training part of the S&P 500, among 0, 0.2, 0.5, 0.8 and 1.2.
"""

DOUBT_NODES = 9
"""Factors that are tried, by Gauss–Hermite quadrature."""

ENOUGH = 0.5
"""Particles are resampled where fewer than this share of them count (effective sample size)."""

FLOOR_LEVEL, FLOOR_SHARE = 0.001, 0.5
"""No σ counts as smaller than this share of this quantile of σ under no data.

Noise that misfits may take a particle where training never was, with hardly any σ at all; its
density would outweigh all others if one return met it.
"""

SMALLEST, TINY = 1e-6, 1e-300
"""Least σ and least density, so that both have a logarithm."""


class MarketState:
    """Particles and their weights before the next return, all in units of the model.

    Args:
        generator: on the CPU, without gradients; it is given no condition.
        particles: how many.
        stream: of all that is drawn.
        innovations: law of the channel that is seen; None takes a sample of it from ``stream``.
        channel: of the generator's paths, the one whose returns are seen.
        doubt: see DOUBT.
        phase: steps until slow noise reaches a point of its grid, counted from ``memory`` steps
            before the first return.

    Attributes:
        drift, volatility: (particles,) float64 of the next return, given each particle.
        weights: (particles,) float64, sums to 1.
        mean_drift: under no data.
        log_likelihood: of all that was seen.
    """

    def __init__(
        self,
        generator: Generator,
        particles: int,
        stream: np.random.Generator,
        innovations: Innovations | None = None,
        channel: int = 0,
        doubt: float = DOUBT,
        phase: int = 0,
    ) -> None:
        self.generator, self.channel, self._stream = generator, channel, stream
        self.innovations = (
            Innovations.of(generator, stream, channel) if innovations is None else innovations
        )
        nodes, shares = np.polynomial.hermite_e.hermegauss(DOUBT_NODES if doubt else 1)
        self._factors, self._shares = np.exp(doubt * nodes), shares / shares.sum()
        self._stack = SteppedStack(cast(Stack, generator.stack), particles)
        self._slow = SlowTracks(generator.slow, generator.memory, particles, stream, phase)
        self._noise = torch.zeros(generator.memory, particles, generator.noise_channels)
        self.weights: FloatArray = np.full(particles, 1 / particles)
        self.log_likelihood = 0.0
        self.drift: FloatArray
        self.volatility: FloatArray
        self._floor = 0.0
        for _ in range(generator.memory):
            noise = stream.standard_normal((particles, generator.noise_channels), dtype=np.float32)
            self._hear(noise)
        self._floor = FLOOR_SHARE * float(np.quantile(self.volatility, FLOOR_LEVEL)) + SMALLEST
        self.volatility = np.maximum(self.volatility, self._floor)
        self.mean_drift = float(self.drift.mean())

    def observe(self, low: float, high: float) -> None:
        """Learn that the next return lies between ``low`` and ``high``, often one number."""
        value: float | FloatArray = low
        if high > low:
            value = self._stream.uniform(low, high, self.weights.size)
        innovation, logs = self._explained(np.asarray((value - self.drift) / self.volatility))
        logs -= np.log(self.volatility)
        with np.errstate(divide="ignore"):  # a weight that has become 0 stays so
            logs += np.log(self.weights)
        most = logs.max()
        weights = np.exp(logs - most)
        total = weights.sum()
        self.log_likelihood += float(most + np.log(total))
        self.weights = weights / total
        if 1 / np.square(self.weights).sum() < ENOUGH * weights.size:
            parents = chosen(self.weights, weights.size, self._stream)
            self._stack.resample(torch.from_numpy(parents))
            self._slow.resample(torch.from_numpy(parents))
            self.weights = np.full(weights.size, 1 / weights.size)
            innovation = innovation[parents]
        self._hear(self.innovations.noise_given(innovation, self._stream))

    def simulate(self, draws: int, horizon: int, steady: bool = False) -> FloatArray:
        """Return (draws, horizon) ways to go on, each from a particle drawn by its weight.

        With ``steady`` the drift is the model's mean one at every step.
        """
        particles = torch.from_numpy(chosen(self.weights, draws, self._stream))
        drift, volatility = self.drift[particles], self.volatility[particles]
        stack, slow = StackBranch(self._stack, particles), self._slow.branch(particles)
        simulated = np.empty((draws, horizon))
        for step in range(horizon):
            innovation, noise = self.innovations.draw(draws, self._stream)
            centre = self.mean_drift if steady else drift
            simulated[:, step] = centre + volatility * innovation
            if step + 1 < horizon:
                drift, volatility = self._outputs(stack, slow, noise)[1:]
        return simulated

    def _explained(self, shock: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return an innovation (particles,) behind each ``shock``, and the shock's log density.

        A shock is the innovation times a factor about 1, unless there is no doubt.
        """
        innovations = shock[:, None] / self._factors
        densities = np.exp(self.innovations.log_density(innovations)) * self._shares / self._factors
        cumulated = np.cumsum(densities, axis=1)
        level = self._stream.random(shock.size) * cumulated[:, -1]
        which = np.count_nonzero(cumulated[:, :-1] <= level[:, None], axis=1)
        drawn: FloatArray = innovations[np.arange(shock.size), which]
        return drawn, np.log(np.maximum(cumulated[:, -1], TINY))

    def past(self) -> Past:
        """Return the last ``memory`` steps, where slow noise is at a point of its grid now."""
        memory, time = self.generator.memory, self._stack.time
        noise = np.empty(self._noise.shape, dtype=np.float32)
        for k, step in enumerate(range(time - memory, time)):
            own = self._stack.ancestors(step)
            noise[k] = self._noise[step % memory].index_select(0, own).numpy()
        return Past(noise, self._slow.white(), self.weights)

    def _hear(self, noise: npt.NDArray[np.float32]) -> None:
        slot = self._stack.time % self.generator.memory
        self._noise[slot], self.drift, self.volatility = self._outputs(
            self._stack, self._slow, noise
        )

    def _outputs(
        self, stack: SteppedStack | StackBranch, slow: SlowTracks, noise: npt.NDArray[np.float32]
    ) -> tuple[Tensor, FloatArray, FloatArray]:
        """Return the noise, and drift and volatility of the step after it."""
        fast, slowly = torch.from_numpy(noise), slow.step()
        silent = self.generator.stack.enter.in_features - fast.shape[1] - slowly.shape[1]
        with torch.no_grad():
            out = stack.step(torch.cat([fast, fast.new_zeros(len(fast), silent), slowly], dim=1))
            drift, raw = out[:, self.channel], out[:, self.generator.assets + self.channel]
            volatility = F.softplus(raw).clamp_min(self._floor)
        return fast, drift.double().numpy(), volatility.double().numpy()


def chosen(weights: FloatArray, count: int, stream: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return ``count`` particles in ascending order, by systematic resampling (Kitagawa 1996)."""
    levels = (np.arange(count) + stream.random()) / count
    cumulated = np.cumsum(weights)
    places = np.searchsorted(cumulated, levels * cumulated[-1], side="right")
    kept: npt.NDArray[np.int64] = np.minimum(places, weights.size - 1).astype(np.int64)
    return kept


def filter_history(
    generator: Generator,
    scaler: Scaler,
    calibration: Calibration,
    returns: FloatArray,
    stream: np.random.Generator,
    particles: int = PARTICLES,
    channel: int = 0,
    doubt: float = DOUBT,
) -> Past:
    """Return where the market stands after ``returns``.

    Args:
        generator: on the CPU, without gradients.
        scaler, calibration: of the generator's returns; the calibration of this channel.
        returns: (n,) log returns, of which the last MOST_RETURNS are looked at.
        stream: of all that is drawn.
        particles: more are closer to the exact answer.
        channel: of the generator, whose returns these are.
        doubt: see DOUBT.

    Raises:
        DataError: fewer returns than the generator looks back, or not finite.
    """
    check_history(returns, generator.memory)
    returns = returns[-MOST_RETURNS:]
    with threads(1):
        state = MarketState(
            generator,
            particles,
            stream,
            channel=channel,
            doubt=doubt,
            phase=returns.size % GRID,
        )
        for low, high in seen(scaler, calibration, returns, channel):
            state.observe(low, high)
        return state.past()
