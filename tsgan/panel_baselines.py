"""Simulators of several assets to beat: a joint bootstrap, and GARCH with constant correlation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsgan.baselines import BURN_IN, LEAST_RETURNS, fit_garch, stationary_bootstrap
from tsgan.errors import ConfigError, DataError
from tsgan.results import FloatArray

PANEL_BASELINES = ("CCC-GARCH", "joint bootstrap 20")
"""Names that :func:`simulate_panel_baseline` knows."""

BOOTSTRAP_BLOCK = 20.0
"""Mean block length of the joint bootstrap that stands as a baseline."""


def simulate_panel_baseline(
    name: str,
    training: FloatArray,
    paths: int,
    steps: int,
    generator: np.random.Generator,
    assets: Sequence[str] = (),
) -> FloatArray:
    """Fit the baseline ``name`` to returns (n, assets) and simulate (paths, steps, assets).

    Raises:
        ConfigError: there is no such baseline.
        DataError: it cannot be fitted to these returns, or what it simulates is not finite.
    """
    if name not in PANEL_BASELINES:
        raise ConfigError(f"expected a baseline among {', '.join(PANEL_BASELINES)}, got {name!r}")
    if name == "CCC-GARCH":
        return ccc_garch(training, paths, steps, generator, assets)
    return joint_bootstrap(training, paths, steps, BOOTSTRAP_BLOCK, generator)


def joint_bootstrap(
    series: FloatArray, paths: int, steps: int, mean_block: float, generator: np.random.Generator
) -> FloatArray:
    """Return paths in blocks of whole rows of ``series``, so that assets stay together.

    Args:
        series: (n, assets) returns.
        paths: number of paths; steps: of each.
        mean_block: mean length of a block, in steps, as in
            :func:`tsgan.baselines.stationary_bootstrap`.
        generator: of the random draws.

    Returns:
        (paths, steps, assets), each row one of ``series``.

    Source: Politis & Romano (1994).
    """
    place = np.arange(len(series), dtype=np.float64)
    drawn = stationary_bootstrap(place, paths, steps, mean_block, generator)
    taken: FloatArray = series[drawn.astype(np.intp)]
    return taken


def ccc_garch(
    series: FloatArray,
    paths: int,
    steps: int,
    generator: np.random.Generator,
    names: Sequence[str] = (),
) -> FloatArray:
    """Fit GARCH(1,1) to every asset and a constant correlation to their shocks, and simulate.

    ``r_it = μ_i + σ_it z_it``, ``σ²_i,t+1 = ω_i + α_i (σ_it z_it)² + β_i σ²_it``, z_t normal with
    the correlation of the fitted shocks. Every asset is fitted on its own, then the correlation.

    Args:
        series: (n, assets) returns.
        paths: number of paths; steps: of each.
        generator: of the random draws.
        names: (assets,) for messages; left out, assets are called 1, 2, 3, …

    Returns:
        (paths, steps, assets) returns.

    Raises:
        DataError: naming the asset to which GARCH cannot be fitted, or whose paths explode.

    Source: Bollerslev (1990).
    """
    called = [str(name) for name in names] or [str(k + 1) for k in range(series.shape[1])]
    fits = [_fit(series[:, k], f"CCC-GARCH, asset {name}") for k, name in enumerate(called)]
    parameters = np.array([fit for fit, _ in fits])
    shocks = np.column_stack([shock for _, shock in fits])
    factor = _root(np.corrcoef(shocks, rowvar=False).reshape(len(called), -1))
    simulated = _simulate(parameters, factor, paths, steps, generator)
    for k, name in enumerate(called):
        if not np.isfinite(simulated[:, -1, k]).all():  # a variance that overflowed stays so
            raise DataError(
                f"CCC-GARCH, asset {name}: expected a stationary fit, but its paths explode"
            )
    return simulated


def _fit(series: FloatArray, asset: str) -> tuple[tuple[float, ...], FloatArray]:
    """Return μ, ω, α, β in the unit of the returns, and the (n,) standardised residuals."""
    if series.size < LEAST_RETURNS:
        raise DataError(f"{asset}: expected at least {LEAST_RETURNS} returns, got {series.size}")
    if series.min() == series.max():
        raise DataError(f"{asset}: expected returns that vary, got {series[0]:g} at every step")
    scale = float(np.std(series))  # the likelihood is well scaled at variance 1
    try:
        fitted = fit_garch("GARCH-n", series / scale)
    except DataError as error:
        raise DataError(f"{asset}: {error}") from error
    mean, omega, alpha, beta = (float(value) for value in fitted.params)
    residuals = np.asarray(fitted.std_resid, dtype=np.float64)
    if not np.isfinite(residuals).all() or residuals.min() == residuals.max():
        raise DataError(f"{asset}: GARCH-n has no residuals that vary; is it a constant series?")
    return (scale * mean, scale**2 * omega, alpha, beta), residuals


def _root(correlation: FloatArray) -> FloatArray:
    """Return F with F Fᵀ = ``correlation``, (assets, assets), which may be singular."""
    eigenvalues, vectors = np.linalg.eigh(correlation)
    root: FloatArray = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return root


def _simulate(
    parameters: FloatArray,
    factor: FloatArray,
    paths: int,
    steps: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return (paths, steps, assets) returns of ``parameters`` (assets, 4) = μ, ω, α, β."""
    mean, omega, alpha, beta = parameters.T
    persistence = alpha + beta
    stationary = persistence < 1
    start = omega / np.where(stationary, 1 - persistence, 1.0)
    variance = np.tile(start, (paths, 1))
    simulated = np.empty((paths, steps, len(parameters)))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(-BURN_IN, steps):
            normal = generator.standard_normal(variance.shape)
            residual = np.sqrt(variance) * (normal @ factor.T)
            if t >= 0:
                simulated[:, t] = mean + residual
            variance = omega + alpha * np.square(residual) + beta * variance
    return simulated
