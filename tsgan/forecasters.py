"""Forecasts of the returns to come, as draws: by GJR-GARCH, and by what synthetic paths imply.

A forecast made at the origin i knows ``training`` (m,) and the first i of the held-out returns
(h,), and no more; its draws are of the held-out returns i, …, i + horizon − 1. There are
n = h − horizon + 1 origins, so that every forecast has its outcome. All are log returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tsgan.baselines import fit_garch
from tsgan.errors import DataError
from tsgan.results import FloatArray

HALF_LIVES = (3.0, 10.0, 40.0)
"""Half-lives, in steps, of the volatilities that describe a moment of a path."""

DIRECTION_HALF_LIFE = 5.0
"""Half-life of the recent mean return that describes a moment of a path, beside the last one."""

BURN_IN = 150
"""Steps of a path before its first moment is described: the longest memory is filled by then."""

MOST_MOMENTS = 500_000
"""Synthetic moments among which neighbours are looked for: at random where there are more."""

NEIGHBOUR_SHARE, LEAST_NEIGHBOURS = 0.01, 20
"""Neighbours are at most this share of the moments, though never fewer than this number."""

BATCH_VALUES = 1 << 20
"""Values of paths that are described at a time: bounds the memory, not the result."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GjrParameters:
    """GJR-GARCH(1,1) with Student-t shocks, of returns divided by ``scale``.

    ``r_t / scale = μ + e_t``, ``e_t = σ_t z_t``,
    ``σ²_{t+1} = ω + (α + γ 1[e_t < 0]) e_t² + β σ_t²``; ``variance`` is σ² of the step that
    follows the training returns.
    """

    scale: float
    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    degrees: float
    variance: float

    def next_variance(self, variance: FloatArray, residual: FloatArray) -> FloatArray:
        """Return σ² of the next step from σ² and e of this one, element by element."""
        news = (self.alpha + self.gamma * (residual < 0)) * np.square(residual)
        following: FloatArray = self.omega + news + self.beta * variance
        return following

    def follow(self, returns: FloatArray) -> FloatArray:
        """Return σ² of the step after training, and after each of ``returns``: (1 + n,)."""
        variances = np.empty(1 + returns.size)
        variance = np.array(self.variance)
        for step, residual in enumerate(returns / self.scale - self.mu):
            variances[step] = variance
            variance = self.next_variance(variance, residual)
        variances[-1] = variance
        return variances

    def ahead(self, variances: FloatArray, steps: Sequence[int]) -> FloatArray:
        """Return (n, len(steps)) log volatilities of returns over so many next steps.

        Args:
            variances: (n,) σ² of the next step alone.
        """
        kept = self.alpha + self.gamma / 2 + self.beta  # as many gains as losses
        expected = np.empty((max(steps), variances.size))
        expected[0] = variances
        for step in range(1, len(expected)):
            expected[step] = self.omega + kept * expected[step - 1]
        means = np.stack([expected[:count].mean(axis=0) for count in steps], axis=1)
        logs: FloatArray = np.log(self.scale) + 0.5 * np.log(means)
        return logs


def gjr_forecasts(
    training: FloatArray,
    held_out: FloatArray,
    draws: int,
    horizon: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return (n, draws, horizon) draws of GJR-GARCH(1,1)-t, fitted once to ``training``.

    Its variance follows the held-out returns with the parameters held fixed.

    Raises:
        DataError: the model cannot be fitted to these returns, or what it draws is not finite.

    Source: Glosten, Jagannathan & Runkle (1993); Bollerslev (1987) for the shocks.
    """
    fitted = fit_gjr(training)
    origins = _origins(held_out, horizon)
    at_origin = fitted.follow(held_out[: origins - 1])
    nu = fitted.degrees
    shocks = generator.standard_t(nu, (horizon, origins, draws)) * np.sqrt((nu - 2) / nu)
    simulated = np.empty((origins, draws, horizon))
    variances = np.repeat(at_origin[:, None], draws, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        for step, shock in enumerate(shocks):
            residual = np.sqrt(variances) * shock
            simulated[:, :, step] = fitted.scale * (fitted.mu + residual)
            variances = fitted.next_variance(variances, residual)
    if not np.isfinite(simulated).all():
        raise DataError("GJR-t: expected a stationary fit, but its forecasts explode")
    return simulated


def analogue_forecasts(
    paths: FloatArray,
    training: FloatArray,
    held_out: FloatArray,
    draws: int,
    horizon: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return (n, draws, horizon) draws that ``paths`` (p, steps) imply, whoever made them.

    At each origin the moments of the paths are found whose past is most like the real past, by
    :func:`describe_moments` in units of their standard deviation over the paths; what came after
    them is the forecast. It is taken as it came, not scaled to the volatility of the origin:
    otherwise paths that know no volatility clustering would borrow it from the real series. Where
    paths are too few for so many neighbours, some are drawn several times.

    Raises:
        DataError: the paths, or the training returns, are too short to be described.

    Source: analogue forecasting, Lorenz (1969); nearest-neighbour bootstrap, Lall & Sharma (1996).
    """
    from scipy.spatial import cKDTree  # slow to import

    origins, moments = _origins(held_out, horizon), paths.shape[1] - BURN_IN - horizon
    if moments < 1 or training.size <= BURN_IN:
        raise DataError(
            f"analogue forecasts: expected more than {BURN_IN + horizon} steps a path and "
            f"{BURN_IN} training returns, got {paths.shape[1]} and {training.size}"
        )
    floor = 1e-4 * float(np.std(training))
    path, step = np.divmod(_choose(paths.shape[0] * moments, generator), moments)
    step += BURN_IN
    library = _described(paths, path, step, floor)
    real = np.concatenate([training, held_out])[None]
    now = training.size - 1 + np.arange(origins)
    queries = _described(real, np.zeros_like(now), now, floor)
    spread = np.maximum(library.std(axis=0), 1e-12)
    share = max(int(NEIGHBOUR_SHARE * path.size), LEAST_NEIGHBOURS)
    tree = cKDTree(library / spread)
    nearest = tree.query(queries / spread, k=np.arange(min(draws, share, path.size)) + 1)[1]
    if nearest.shape[1] < draws:
        again = generator.integers(nearest.shape[1], size=(origins, draws))
        nearest = np.take_along_axis(nearest, again, axis=1)
    following = step[nearest][:, :, None] + np.arange(1, horizon + 1)
    taken: FloatArray = paths[path[nearest][:, :, None], following]
    return taken


def describe_moments(paths: FloatArray, floor: float) -> list[FloatArray]:
    """Return the features of each moment of each path, from its past alone, (paths, steps) each.

    Logs of exponentially weighted volatilities of half-lives 3, 10 and 40 steps; and for the
    leverage effect the last return, and the exponentially weighted mean return of half-life 5,
    over the middle one of the volatilities.

    Args:
        paths: (paths, steps) log returns.
        floor: added in square to each variance, so that a path without a move has a logarithm.
    """
    square = np.square(paths)
    logs = [0.5 * np.log(_weighted_mean(square, life) + floor**2) for life in HALF_LIVES]
    current = np.exp(logs[1])
    return [*logs, paths / current, _weighted_mean(paths, DIRECTION_HALF_LIFE) / current]


def _described(paths: FloatArray, path: Indices, step: Indices, floor: float) -> FloatArray:
    """Return (moments, features) at ``step`` of row ``path``, path ascending; rows in batches."""
    described = np.empty((path.size, len(HALF_LIVES) + 2))
    rows = max(BATCH_VALUES // paths.shape[1], 1)
    for first in range(0, paths.shape[0], rows):
        low, high = np.searchsorted(path, (first, first + rows))
        place = path[low:high] - first, step[low:high]
        features = describe_moments(paths[first : first + rows], floor)
        described[low:high] = np.stack([feature[place] for feature in features], axis=1)
    return described


def _weighted_mean(values: FloatArray, half_life: float) -> FloatArray:
    """Return the exponentially weighted mean of (paths, steps) up to each step, this one included.

    Weights halve every ``half_life`` steps back, and add up to 1 from the first step on.
    """
    from scipy.signal import lfilter  # slow to import

    decay = 0.5 ** (1 / half_life)
    mean: FloatArray = lfilter([1 - decay], [1, -decay], values, axis=-1)
    mean /= 1 - decay ** np.arange(1, values.shape[-1] + 1)
    return mean


def _choose(count: int, generator: np.random.Generator) -> Indices:
    """Return all indices below ``count``, or MOST_MOMENTS of them, in ascending order."""
    if count <= MOST_MOMENTS:
        return np.arange(count)
    return np.sort(generator.choice(count, MOST_MOMENTS, replace=False, shuffle=False))


def _origins(held_out: FloatArray, horizon: int) -> int:
    if held_out.size < horizon:
        raise DataError(
            f"forecasts: expected at least {horizon} held-out returns, got {held_out.size}"
        )
    return held_out.size - horizon + 1


def fit_gjr(training: FloatArray) -> GjrParameters:
    """Return what has the largest likelihood of (n,) log returns; DataError where that fails."""
    scale = float(np.std(training))  # the likelihood is well scaled at variance 1
    if scale == 0:
        raise DataError(f"GJR-t: expected returns that vary, got {training.size} equal ones")
    fitted = fit_garch("GJR-t", training / scale)
    last = GjrParameters(
        scale=scale,
        mu=float(fitted.params["mu"]),
        omega=float(fitted.params["omega"]),
        alpha=float(fitted.params["alpha[1]"]),
        gamma=float(fitted.params["gamma[1]"]),
        beta=float(fitted.params["beta[1]"]),
        degrees=float(fitted.params["nu"]),
        variance=float(fitted.conditional_volatility[-1]) ** 2,
    )
    ahead = last.next_variance(np.array(last.variance), np.array(float(fitted.resid[-1])))
    return replace(last, variance=float(ahead))
