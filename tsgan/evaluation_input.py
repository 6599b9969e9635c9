"""What an evaluation accepts: arrays and settings are checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tsgan.baselines import BASELINES
from tsgan.errors import ConfigError, DataError
from tsgan.results import FloatArray

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.scenarios import Scenarios

LEAST_BOOTSTRAP_PATHS = 20
"""Fewest paths that have a 5 % and a 95 % mark."""

LARGEST_RETURN = 700.0
"""exp of more overflows: no price can follow."""

SHAPES = {
    1: ("one dimension, (n,)", "pass the returns of a single series"),
    2: ("two dimensions, (paths, horizon)", "a single path is values[None, :]"),
}


def returns_array(
    what: str, values: npt.ArrayLike | Prices | Scenarios, dimensions: int
) -> FloatArray:
    """Return ``values`` as float64 log returns of 1 or 2 dimensions, at least 2 steps long.

    ``Prices`` of one asset and ``Scenarios`` stand for their log returns.

    Raises:
        DataError: they are not numbers, not finite, constant, too short, or look like prices.
    """
    values = _log_returns(what, values)
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what}: expected an array of numbers, got {type(values).__name__} "
            f"({error}); pass numbers in equal rows"
        ) from error
    shape, remedy = SHAPES[dimensions]
    if array.ndim != dimensions or np.ndim(values) != dimensions:
        raise DataError(f"{what}: expected {shape}, got shape {np.shape(values)}; {remedy}")
    if array.shape[0] < 1 or array.shape[-1] < 2:
        raise DataError(
            f"{what}: expected at least 2 log returns, got shape {array.shape}; "
            "pass a longer series"
        )
    _check_values(what, array)
    return array


def _log_returns(what: str, values: npt.ArrayLike | Prices | Scenarios) -> npt.ArrayLike:
    """Return the log returns that tsgan's own types stand for; anything else as it is."""
    if isinstance(values, np.ndarray | list | tuple):
        return values
    from tsgan.data.prices import Prices  # bring pandas: not on import
    from tsgan.data.returns import log_returns
    from tsgan.scenarios import Scenarios

    if isinstance(values, Scenarios):
        return values.log_returns
    if not isinstance(values, Prices):
        return values
    if len(values.names) != 1:
        raise DataError(
            f"{what}: expected prices of one asset, got {', '.join(values.names)}; "
            "read one column of them"
        )
    return log_returns(values)[:, 0]


def _check_values(what: str, array: FloatArray) -> None:
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(str(index) for index in wrong[0])
        raise DataError(
            f"{what}: expected finite log returns, got {len(wrong)} that are NaN or infinite, "
            f"the first at [{place}]; remove or fill them first"
        )
    if np.ptp(array) == 0:
        raise DataError(
            f"{what}: expected log returns that vary, got {array.size} times {array.flat[0]:g}; "
            "check the column, or the model that wrote them"
        )
    typical = float(np.median(np.abs(array)))
    if typical > 1:
        raise DataError(
            f"{what}: expected log returns, got values around {typical:,.4g}, "
            "which look like prices; pass numpy.diff(numpy.log(prices))"
        )
    largest = float(np.max(np.abs(array)))
    if largest > LARGEST_RETURN:
        raise DataError(
            f"{what}: expected log returns, got one of size {largest:.4g}, beyond any price; "
            "check the unit, or the model that wrote them"
        )


def check_settings(
    bootstrap_paths: int, bootstrap_block: float, baselines: Sequence[str], baseline_paths: int
) -> None:
    """Raise ConfigError where a setting of the evaluation is outside its range."""
    if bootstrap_paths < LEAST_BOOTSTRAP_PATHS:
        raise ConfigError(
            f"bootstrap_paths: expected at least {LEAST_BOOTSTRAP_PATHS}, "
            f"which have a 5 % and a 95 % mark, got {bootstrap_paths}"
        )
    if not 1 <= bootstrap_block < float("inf"):
        raise ConfigError(f"bootstrap_block: expected at least 1 step, got {bootstrap_block}")
    if baseline_paths < 1:
        raise ConfigError(f"baseline_paths: expected at least 1, got {baseline_paths}")
    unknown = [name for name in baselines if name not in BASELINES]
    if unknown:
        raise ConfigError(
            f"baselines: expected names among {', '.join(BASELINES)}, got {unknown[0]!r}"
        )
