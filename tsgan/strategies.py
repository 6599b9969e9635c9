"""Simple trading strategies: does a rule earn on synthetic paths what it earns on the real one.

Returns are log returns, not in percent, (paths, steps), one path a row. A position is a multiple of
the wealth, negative when short; the position of step t is decided on the returns before t, and the
first :data:`WARM_UP` steps have none, so that all strategies are judged on the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from tsgan.results import FloatArray

WARM_UP = 252
"""Steps at the start of a path without positions: no strategy looks back further."""

TRADING_YEAR = 252
"""Steps in a year of daily returns."""

ROUNDING = 1e-12
"""Log prices nearer than this are equal, as on a market that stands still."""

LARGEST_POSITION = 2.0
"""Of volatility targeting."""


def buy_and_hold(paths: FloatArray) -> FloatArray:
    """Return positions (paths, steps): 1 always."""
    return _held(np.ones_like(paths[:, WARM_UP:]), paths)


def moving_average_cross(paths: FloatArray) -> FloatArray:
    """Return positions (paths, steps): long where the last 20 prices are above the last 100.

    1 where the geometric mean of the last 20 prices is above that of the last 100, −1 where it is
    below, 0 where they are equal.

    Source: variable-length moving average of Brock, Lakonishok & LeBaron (1992), on log prices.
    """
    prices = np.cumsum(paths, axis=1)
    gap = _trailing_mean(prices, 20) - _trailing_mean(prices, 100)
    return _held(np.sign(np.where(np.abs(gap) > ROUNDING, gap, 0.0)), paths)


def momentum(paths: FloatArray) -> FloatArray:
    """Return positions (paths, steps): the sign of the return over the last 250 steps.

    Source: time-series momentum of Moskowitz, Ooi & Pedersen (2012), over their twelve months.
    """
    return _held(np.sign(_trailing_mean(paths, 250)), paths)


def mean_reversion(paths: FloatArray) -> FloatArray:
    """Return positions (paths, steps): against a large move of the last 5 steps.

    −1 after a 5-step return above √5 σ, 1 after one below −√5 σ, 0 in between; σ is the root mean
    square of the last 100 returns.

    Source: short-term reversal, Lehmann (1990), as a rule for one asset.
    """
    move = 5 * _trailing_mean(paths, 5)
    beyond = np.abs(move) > math.sqrt(5) * _trailing_volatility(paths, 100)
    return _held(np.where(beyond, -np.sign(move), 0.0), paths)


def volatility_targeting(paths: FloatArray) -> FloatArray:
    """Return positions (paths, steps): long-run over recent volatility, at most 2.

    The root mean square of the last 252 returns over that of the last 20; 2 after 20 steps
    in which nothing moved.

    Source: Moreira & Muir (2017), with volatility for variance as Harvey et al. (2018).
    """
    target, recent = _trailing_volatility(paths, WARM_UP), _trailing_volatility(paths, 20)
    position = np.full_like(target, LARGEST_POSITION)
    np.divide(target, recent, out=position, where=recent * LARGEST_POSITION > target)
    return _held(position, paths)


STRATEGIES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "buy-and-hold": buy_and_hold,
    "moving-average cross": moving_average_cross,
    "momentum": momentum,
    "mean reversion": mean_reversion,
    "volatility targeting": volatility_targeting,
}
"""Log returns (paths, steps) -> positions (paths, steps), by the name of the strategy."""


def strategy_returns(paths: FloatArray, positions: FloatArray) -> FloatArray:
    """Return the simple profit of each step after the warm-up, ``position · (exp(r) − 1)``.

    ``(paths, steps), (paths, steps) -> (paths, steps − WARM_UP)``, a share of the wealth before
    the step; without costs or interest.
    """
    return positions[:, WARM_UP:] * np.expm1(paths[:, WARM_UP:])


def outcomes(
    profits: FloatArray, positions: FloatArray, periods_per_year: int = TRADING_YEAR
) -> Mapping[str, FloatArray]:
    """Return what strategies came to, by measure, (paths,) each.

    ``"profit"``: mean a year. ``"Sharpe"``: mean over standard deviation, annualised; 0 where the
    profits do not vary. ``"drawdown"``: largest fall from a peak of wealth that starts at 1 and
    grows by ``1 + profit``, as a share of the peak; 1 once wealth is lost. ``"turnover"``: mean
    absolute change of position a year, the first position not counted.

    Args:
        profits: (paths, outcomes) of :func:`strategy_returns`, at least 2 outcomes.
        positions: (paths, steps), of which the last ``outcomes`` columns count.
        periods_per_year: steps in a year.
    """
    mean, deviation = profits.mean(axis=1), profits.std(axis=1)
    varies = deviation > 1e-12 * np.abs(mean)
    sharpe = np.divide(mean, deviation, out=np.zeros_like(mean), where=varies)
    change = np.abs(np.diff(positions[:, -profits.shape[1] :], axis=1))
    return {
        "profit": periods_per_year * mean,
        "Sharpe": math.sqrt(periods_per_year) * sharpe,
        "drawdown": _drawdown(profits),
        "turnover": periods_per_year * change.mean(axis=1),
    }


def _drawdown(profits: FloatArray) -> FloatArray:
    """Return (paths,) largest falls of compounded wealth from its peak; 1 from ruin on."""
    with np.errstate(divide="ignore"):
        growth = np.log1p(np.maximum(profits, -1))
    wealth = np.cumsum(np.pad(growth, ((0, 0), (1, 0))), axis=1)
    depth: FloatArray = np.max(np.maximum.accumulate(wealth, axis=1) - wealth, axis=1)
    return -np.expm1(-depth)


def _held(positions: FloatArray, paths: FloatArray) -> FloatArray:
    """Return (paths, steps) positions from those of the steps after the warm-up."""
    result = np.zeros_like(paths)
    result[:, WARM_UP:] = positions
    return result


def _trailing_volatility(paths: FloatArray, window: int) -> FloatArray:
    """Return the root mean square of the ``window`` returns before each step after the warm-up."""
    return np.sqrt(_trailing_mean(np.square(paths), window))


def _trailing_mean(values: FloatArray, window: int) -> FloatArray:
    """Return the mean of the ``window`` values before each step after the warm-up.

    ``(paths, steps) -> (paths, steps − WARM_UP)``; window ≤ WARM_UP.
    """
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)  # [t] is of the values before t
    upper = total[:, WARM_UP:-1]
    lower = total[:, WARM_UP - window :][:, : upper.shape[1]]
    mean: FloatArray = (upper - lower) / window
    return mean
