"""The other shapes of scenarios: long and wide frames, datasets, single paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.errors import ConfigError
from tsgan.scenarios import FIELDS, DateArray, Scenarios

if TYPE_CHECKING:
    import xarray

FloatArray = npt.NDArray[np.float64]


def frame(scenarios: Scenarios, shape: str) -> pd.DataFrame:
    """Return the frame of all paths that ``Scenarios.to_frame`` tells of.

    Raises:
        ConfigError: for another shape than ``long`` or ``wide``.
    """
    if shape not in ("long", "wide"):
        raise ConfigError(f"shape: expected long or wide, got {shape!r}")
    return _long(scenarios) if shape == "long" else _wide(scenarios)


def fields(scenarios: Scenarios) -> dict[str, FloatArray]:
    """Return the closes, or those fields that the bars have, in the order of ``FIELDS``."""
    closes = scenarios.closes()
    if scenarios.bars is None:
        return {"close": closes}
    found = {name: getattr(scenarios.bars, name, closes) for name in FIELDS}
    return {name: values for name, values in found.items() if values is not None}


def index(scenarios: Scenarios) -> pd.Index:
    """Return the dates of the steps; the steps from 1 on where there are none."""
    if np.isnat(scenarios.dates).any():
        return pd.RangeIndex(1, len(scenarios.dates) + 1, name="step")
    return pd.DatetimeIndex(for_pandas(scenarios.dates), name="date")


def for_pandas(dates: DateArray) -> DateArray:
    """Whole seconds: pandas keeps them, and they reach beyond the year 2262."""
    return dates.astype("datetime64[s]")


def each_path(scenarios: Scenarios) -> Iterator[pd.DataFrame]:
    """Yield the frames that ``Scenarios.paths`` tells of."""
    if not scenarios.several:
        columns = fields(scenarios)
        names = list(columns) if scenarios.bars is None else [name.title() for name in columns]
        blocks = np.stack(list(columns.values()), axis=-1)
    else:
        names, blocks = list(scenarios.names), scenarios.closes()
    steps = index(scenarios)
    for block in blocks:
        yield pd.DataFrame(block, index=steps, columns=names)


def _long(scenarios: Scenarios) -> pd.DataFrame:
    count, horizon = scenarios.log_returns.shape[:2]
    assets = len(scenarios.names)
    columns: dict[str, npt.ArrayLike | pd.Categorical] = {
        "path": np.repeat(scenarios.numbers, horizon * assets),
        "step": np.tile(np.repeat(np.arange(1, horizon + 1), assets), count),
        "date": np.tile(np.repeat(for_pandas(scenarios.dates), assets), count),
    }
    if scenarios.several:
        columns["asset"] = np.tile(np.array(scenarios.names, dtype=object), count * horizon)
    columns["log_return"] = scenarios.log_returns.ravel()
    values = fields(scenarios)
    columns["close"] = values.pop("close").ravel()
    return pd.DataFrame(columns | {name: each.ravel() for name, each in values.items()})


def _wide(scenarios: Scenarios) -> pd.DataFrame:
    values = fields(scenarios)
    steps = index(scenarios)
    paths = pd.Index(scenarios.numbers, name="path")
    if not scenarios.several and scenarios.bars is None:
        return pd.DataFrame(values["close"].T, index=steps, columns=paths)
    if scenarios.several:
        second, name, block = list(scenarios.names), "asset", values["close"]
    else:
        second, name = [field.title() for field in values], "field"
        block = np.stack(list(values.values()), axis=-1)
    columns = pd.MultiIndex.from_product([paths, second], names=["path", name])
    return pd.DataFrame(
        block.transpose(1, 0, 2).reshape(len(steps), len(columns)), index=steps, columns=columns
    )


def dataset(scenarios: Scenarios) -> xarray.Dataset:
    """Return the dataset that ``Scenarios.to_xarray`` tells of.

    Raises:
        ConfigError: if xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise ConfigError(
            "to_xarray: expected the package xarray, it is not installed; "
            "install it with pip install 'tsgan[xarray]'"
        ) from None
    dimensions = ("path", "step", "asset")[: scenarios.log_returns.ndim]
    values = {"log_return": scenarios.log_returns} | fields(scenarios)
    coordinates: dict[str, Any] = {
        "path": scenarios.numbers,
        "step": np.arange(1, len(scenarios.dates) + 1),
        "date": ("step", for_pandas(scenarios.dates)),
        "start_price": (dimensions[2:], np.asarray(scenarios.start_price, dtype=np.float64)),
    }
    if scenarios.several:
        coordinates["asset"] = np.array(scenarios.names, dtype=object)
    return xarray.Dataset(
        {name: (dimensions, each) for name, each in values.items()}, coords=coordinates
    )
