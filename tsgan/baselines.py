"""Simulators to beat: the GARCH family, fitted by ``arch``, and bootstraps of the series itself."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from tsgan.errors import ConfigError, DataError
from tsgan.results import FloatArray

if TYPE_CHECKING:
    from arch.univariate.base import ARCHModelResult

GARCH_MODELS = {
    "GARCH-n": (0, "Normal"),
    "GARCH-t": (0, "StudentsT"),
    "GJR-t": (1, "StudentsT"),
    "GJR-skew-t": (1, "SkewStudent"),
}
"""Order of the asymmetric term and distribution of the shocks, by name."""

BOOTSTRAP_BLOCKS = {"iid bootstrap": 1.0, "bootstrap 20": 20.0}
"""Mean block length of the bootstraps that can stand as a baseline, by name."""

BASELINES = (*GARCH_MODELS, *BOOTSTRAP_BLOCKS)
"""Names that :func:`simulate_baseline` knows."""

LEAST_RETURNS = 100
"""Fewest training returns from which a GARCH model is fitted."""

BURN_IN = 500
"""Steps simulated and dropped before a GARCH path begins."""


def simulate_baseline(
    name: str, training: FloatArray, paths: int, steps: int, generator: np.random.Generator
) -> FloatArray:
    """Fit the baseline ``name`` to the returns ``training`` (m,) and simulate (paths, steps).

    Raises:
        ConfigError: there is no such baseline.
        DataError: it cannot be fitted to these returns, or what it simulates is not finite.
    """
    if name in BOOTSTRAP_BLOCKS:
        return stationary_bootstrap(training, paths, steps, BOOTSTRAP_BLOCKS[name], generator)
    if name not in GARCH_MODELS:
        raise ConfigError(f"expected a baseline among {', '.join(BASELINES)}, got {name!r}")
    return _simulate_garch(name, training, paths, steps, generator)


def stationary_bootstrap(
    series: FloatArray, paths: int, steps: int, mean_block: float, generator: np.random.Generator
) -> FloatArray:
    """Return (paths, steps) values in blocks of geometric length from the circular ``series`` (n,).

    With probability 1 / mean_block a new block begins at a uniformly drawn place of the series;
    otherwise the step after the last one follows. ``mean_block=1`` draws every value on its own.

    Source: Politis & Romano (1994).
    """
    begins = generator.random((paths, steps)) < 1 / mean_block
    begins[:, 0] = True
    place = generator.integers(series.size, size=(paths, steps))
    step = np.arange(steps)
    begin = np.maximum.accumulate(np.where(begins, step, 0), axis=1)
    taken: FloatArray = series[
        (np.take_along_axis(place, begin, axis=1) + step - begin) % series.size
    ]
    return taken


def garch_residuals(
    shocks: FloatArray, omega: float, alpha: float, gamma: float, beta: float
) -> FloatArray:
    """Return ``e_t = σ_t z_t``, ``σ²_{t+1} = ω + (α + γ 1[e_t < 0]) e_t² + β σ_t²``.

    Args:
        shocks: (steps, paths) z, of mean 0 and variance 1.
        omega: ω in the unit of the residuals squared; alpha, gamma, beta: without unit.

    Returns:
        (steps, paths) residuals. Paths begin at the variance ω / (1 − α − γ/2 − β), or at ω
        where that is not finite (as ``arch`` does).

    Source: Bollerslev (1986); Glosten, Jagannathan & Runkle (1993).
    """
    persistence = alpha + gamma / 2 + beta
    variance = np.full(shocks.shape[1], omega / (1 - persistence) if persistence < 1 else omega)
    residuals = np.empty_like(shocks)
    for t, shock in enumerate(shocks):
        residuals[t] = np.sqrt(variance) * shock
        news = np.square(residuals[t])
        variance = omega + (alpha + gamma * (shock < 0)) * news + beta * variance
    return residuals


def _simulate_garch(
    name: str, training: FloatArray, paths: int, steps: int, generator: np.random.Generator
) -> FloatArray:
    scale = float(np.std(training))  # the likelihood is well scaled at variance 1
    fitted = fit_garch(name, training / scale)
    parameters = {str(key): float(value) for key, value in fitted.params.items()}
    distribution = _distribution(name, generator)
    shape = [parameters[key] for key in distribution.parameter_names()]
    shocks = distribution.simulate(shape)((BURN_IN + steps, paths))
    with np.errstate(over="ignore", invalid="ignore"):
        residuals = garch_residuals(
            shocks,
            parameters["omega"],
            parameters["alpha[1]"],
            parameters.get("gamma[1]", 0.0),
            parameters["beta[1]"],
        )
    simulated = scale * (parameters["mu"] + residuals[BURN_IN:].T)
    if not np.isfinite(simulated).all():
        raise DataError(f"{name}: expected a stationary fit, but the simulated paths explode")
    return np.ascontiguousarray(simulated)


def fit_garch(name: str, series: FloatArray) -> ARCHModelResult:
    """Fit one of GARCH_MODELS to (n,) returns of about variance 1, with a constant mean.

    Raises:
        DataError: for too few returns, and for whatever ``arch`` warns of or stumbles over.
    """
    if series.size < LEAST_RETURNS:
        raise DataError(f"{name}: expected at least {LEAST_RETURNS} returns, got {series.size}")
    from arch.univariate import GARCH, ConstantMean

    volatility = GARCH(p=1, o=GARCH_MODELS[name][0], q=1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ConstantMean(
                series, volatility=volatility, distribution=_distribution(name), rescale=False
            )
            fitted: ARCHModelResult = model.fit(disp="off", show_warning=False)
    except Exception as error:  # an optimiser can fail in many ways
        raise DataError(f"{name}: cannot be fitted to {series.size} returns: {error}") from error
    if fitted.convergence_flag != 0 or not np.isfinite(fitted.params).all():
        raise DataError(f"{name}: its likelihood has no clear maximum on {series.size} returns")
    return fitted


def _distribution(name: str, generator: np.random.Generator | None = None) -> Any:
    """Return arch's distribution of the shocks, drawing from ``generator``."""
    import arch.univariate

    return getattr(arch.univariate, GARCH_MODELS[name][1])(seed=generator)
