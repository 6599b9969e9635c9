"""Forecasts of the returns to come, as draws: by GJR-GARCH, and by what synthetic paths imply.

A forecast made at the origin i knows ``training`` (m,) and the first i of the held-out returns
(h,), and no more; its draws are of the held-out returns i, …, i + horizon − 1. There are
n = h − horizon + 1 origins, so that every forecast has its outcome. All are log returns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsgan import moments
from tsgan.baselines import fit_garch
from tsgan.errors import DataError
from tsgan.moments import Foresight, Indices
from tsgan.results import FloatArray

BURN_IN, LOOK_BACK = 150, 752
"""Fewest and most steps of the past of a moment that are looked at."""

MOST_MOMENTS = 500_000
"""Synthetic moments among which neighbours are looked for: at random where there are more."""

NEIGHBOUR_SHARE, LEAST_NEIGHBOURS = 0.01, 20
"""Neighbours are at most this share of the moments, though never fewer than this number."""

MOST_FITTED = 100_000
"""Moments that the regression is fitted to: evenly spaced where there are more."""


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
    fitted = _fit_gjr(training)
    origins = _origins(held_out, horizon)
    residuals = held_out / fitted.scale - fitted.mu
    at_origin = np.empty(origins)
    variance = np.array(fitted.variance)
    for step in range(origins):
        at_origin[step] = variance
        variance = fitted.next_variance(variance, residuals[step])
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

    At each origin the moments of the paths are found whose past foretells the volatilities that
    the real past foretells, by a regression on the paths themselves, see ``tsgan.moments``; what
    came after them is the forecast. It is taken as it came, not scaled to the volatility of the
    origin: otherwise paths that know no volatility clustering would borrow it from the real series.
    Where paths are too few for so many neighbours, some are drawn several times.

    Raises:
        DataError: the paths, or the training returns, are too short to be described.

    Source: analogue forecasting, Lorenz (1969); nearest-neighbour bootstrap, Lall & Sharma (1996);
    foretold quantities as what moments are compared by, Fearnhead & Prangle (2012).
    """
    origins, steps = _origins(held_out, horizon), paths.shape[1]
    if steps - BURN_IN - horizon < 1 or training.size <= BURN_IN:
        raise DataError(
            f"analogue forecasts: expected more than {BURN_IN + horizon} steps a path and "
            f"{BURN_IN} training returns, got {steps} and {training.size}"
        )
    look_back = max(min(training.size, (steps - horizon) // 2, LOOK_BACK), BURN_IN)
    count = steps - look_back - horizon + 1
    path, step = np.divmod(_choose(paths.shape[0] * count, generator), count)
    step += look_back - 1
    floor = moments.FLOOR * float(np.std(training))
    described = moments.describe(paths, path, step, look_back, floor)
    foresight = _foresight(paths, path, step, described, floor)
    real = np.concatenate([training, held_out])[None]
    now = training.size - 1 + np.arange(origins)
    wanted = foresight(moments.describe(real, np.zeros_like(now), now, look_back, floor))
    share = max(int(NEIGHBOUR_SHARE * path.size), LEAST_NEIGHBOURS)
    alike = moments.nearest(foresight(described), wanted, min(draws, share, path.size))
    if alike.shape[1] < draws:
        again = generator.integers(alike.shape[1], size=(origins, draws))
        alike = np.take_along_axis(alike, again, axis=1)
    return moments.came_after(paths, path[alike], step[alike], horizon)


def _foresight(
    paths: FloatArray, path: Indices, step: Indices, described: FloatArray, floor: float
) -> Foresight:
    """Return what some of the moments say of the steps to come, as many as half of the paths do."""
    left = paths.shape[1] - 1 - step
    ahead = min(max(moments.AHEAD), -(-int(left.max()) // 2))
    usable = np.flatnonzero(left >= ahead)
    usable = usable[:: -(-usable.size // MOST_FITTED)]
    following = moments.came_after(paths, path[usable], step[usable], ahead)
    return Foresight.fit(described[usable], following, floor)


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


def _fit_gjr(training: FloatArray) -> GjrParameters:
    """Fit by maximum likelihood; DataError where that fails."""
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
