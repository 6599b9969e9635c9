"""What an evaluation accepts: arrays and settings are checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from tsgan.baselines import BASELINES
from tsgan.errors import ConfigError, DataError
from tsgan.results import FloatArray

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.scenarios import Scenarios

Returns: TypeAlias = "npt.ArrayLike | Prices | Scenarios"

LEAST_BOOTSTRAP_PATHS = 20
"""Fewest paths that have a 5 % and a 95 % mark."""

LARGEST_RETURN = 700.0
"""exp of more overflows: no price can follow."""

SERIES, PATHS, PANEL_SERIES, PANEL_PATHS = "series", "paths", "panel series", "panel paths"
SHAPES = {
    SERIES: ("one dimension, (n,)", "pass the returns of a single series"),
    PATHS: ("two dimensions, (paths, horizon)", "a single path is values[None, :]"),
    PANEL_SERIES: ("two dimensions, (n, assets)", "pass a column for each asset"),
    PANEL_PATHS: ("three dimensions, (paths, horizon, assets)", "the last one is the asset"),
}
"""What each kind of array has, and the remedy where it has not."""

PERCENT = 0.2
"""A larger typical |r| is rather one in percent."""

ALL_POSITIVE = 20
"""So many returns without a single one below 0 are prices."""


@dataclass(frozen=True)
class Arrays:
    """Checked log returns; of several assets, these are the last axis of every array.

    Attributes:
        series: (n,) or (n, assets) real returns; paths: (paths, horizon) or (…, assets).
        training, held_out: as ``series``; others: as ``paths``, by name.
    """

    series: FloatArray
    paths: FloatArray
    training: FloatArray
    held_out: FloatArray | None
    others: Mapping[str, FloatArray]

    @property
    def assets(self) -> int:
        """How many assets there are."""
        return 1 if self.series.ndim == 1 else self.series.shape[1]

    def doubts(self) -> list[str]:
        """Return a caution for every array whose returns look as if they were in percent."""
        named = {"real": self.series, "synthetic": self.paths, **self.others}
        return [doubt for what, array in named.items() for doubt in _percent(what, array)]


def check_arrays(
    real: Returns,
    synthetic: Returns,
    training: Returns | None,
    held_out: Returns | None,
    others: Mapping[str, Returns],
) -> Arrays:
    """Return the arguments of an evaluation as log returns.

    A real series of two dimensions holds several assets; a single one in two is taken as one.

    Raises:
        DataError: see :func:`returns_array`; or where the numbers of assets differ.
    """
    several = _dimensions(real) == 2
    one, many = (PANEL_SERIES, PANEL_PATHS) if several else (SERIES, PATHS)
    series = returns_array("real", real, one)
    arrays = Arrays(
        series=series,
        paths=returns_array("synthetic", synthetic, many),
        training=series if training is None else returns_array("training", training, one),
        held_out=None if held_out is None else returns_array("held_out", held_out, one),
        others={name: returns_array(name, paths, many) for name, paths in others.items()},
    )
    if several:
        _demand_same_assets(arrays)
    return arrays


def _dimensions(values: Returns) -> int:
    try:
        return np.ndim(_log_returns(values))
    except ValueError:  # rows of different lengths
        return 0


def _demand_same_assets(arrays: Arrays) -> None:
    named = {"synthetic": arrays.paths, "training": arrays.training, **arrays.others}
    if arrays.held_out is not None:
        named["held_out"] = arrays.held_out
    for what, array in named.items():
        if array.shape[-1] != arrays.assets:
            raise DataError(
                f"{what}: expected {arrays.assets} assets as the real series has, got "
                f"{array.shape[-1]}; pass the same assets in the same order"
            )


def returns_array(what: str, values: Returns, kind: str) -> FloatArray:
    """Return ``values`` as float64 log returns of one ``kind`` of SHAPES, 2 steps or longer.

    ``Prices`` and ``Scenarios`` stand for their log returns.

    Raises:
        DataError: they are not numbers, not finite, constant, too short, or look like prices.
    """
    values = _log_returns(values, kind)
    try:
        if np.iscomplexobj(values):
            raise TypeError("complex numbers")
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what}: expected an array of numbers, got {type(values).__name__} "
            f"({error}); pass numbers in equal rows"
        ) from error
    shape, remedy = SHAPES[kind]
    dimensions = {SERIES: 1, PANEL_PATHS: 3}.get(kind, 2)
    if array.ndim != dimensions or np.ndim(values) != dimensions:
        raise DataError(f"{what}: expected {shape}, got shape {np.shape(values)}; {remedy}")
    steps = array.shape[0 if kind in (SERIES, PANEL_SERIES) else 1]
    if array.size == 0 or steps < 2:
        raise DataError(
            f"{what}: expected at least 2 log returns, got shape {array.shape}; "
            "pass a longer series"
        )
    _check_values(what, array)
    if kind == PANEL_SERIES and (np.ptp(array, axis=0) == 0).any():
        asset = int(np.argmin(np.ptp(array, axis=0))) + 1
        raise DataError(
            f"{what}: expected log returns that vary, but those of asset {asset} of "
            f"{array.shape[1]} are all {array[0, asset - 1]:g}; leave that asset out"
        )
    return array


def _log_returns(values: Returns, kind: str = "") -> npt.ArrayLike:
    """Return the log returns that tsgan's own types stand for; anything else as it is."""
    if isinstance(values, np.ndarray | list | tuple):
        return values
    import pandas as pd  # not on import

    from tsgan.data.prices import Prices
    from tsgan.data.returns import log_returns
    from tsgan.scenarios import Scenarios

    if isinstance(values, Scenarios):
        return values.log_returns
    if isinstance(values, pd.DataFrame) and kind == PATHS:
        return values.to_numpy().T  # a column per path, as in a backtest
    if not isinstance(values, Prices):
        return values
    returns: FloatArray = log_returns(values)
    return returns[:, 0] if len(values.names) == 1 else returns


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
    if typical > 1 or (array.size >= ALL_POSITIVE and array.min() > 0):
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


def _percent(what: str, array: FloatArray) -> list[str]:
    typical = float(np.median(np.abs(array)))
    if typical <= PERCENT:
        return []
    return [
        f"{what}: half of the log returns are larger than {typical:.3g}; if they are in percent, "
        "divide them by 100."
    ]


def check_settings(
    bootstrap_paths: int,
    bootstrap_block: float,
    baselines: Sequence[str],
    baseline_paths: int,
    seed: int = 0,
) -> None:
    """Raise ConfigError where a setting of the evaluation is outside its range."""
    for name, number in (("bootstrap_paths", bootstrap_paths), ("baseline_paths", baseline_paths)):
        if not isinstance(number, int | np.integer):
            raise ConfigError(f"{name}: expected a whole number, got {number!r}")
    if bootstrap_paths < LEAST_BOOTSTRAP_PATHS:
        raise ConfigError(
            f"bootstrap_paths: expected at least {LEAST_BOOTSTRAP_PATHS}, "
            f"which have a 5 % and a 95 % mark, got {bootstrap_paths}"
        )
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise ConfigError(f"seed: expected a whole number of at least 0, got {seed!r}")
    if not 1 <= bootstrap_block < float("inf"):
        raise ConfigError(f"bootstrap_block: expected at least 1 step, got {bootstrap_block}")
    if baseline_paths < 1:
        raise ConfigError(f"baseline_paths: expected at least 1, got {baseline_paths}")
    unknown = [name for name in baselines if name not in BASELINES]
    if unknown:
        raise ConfigError(
            f"baselines: expected names among {', '.join(BASELINES)}, got {unknown[0]!r}"
        )
