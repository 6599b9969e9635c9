"""Scenario folders in the layout that a backtesting library reads, written path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tsgan import backtest_scripts as scripts
from tsgan.backtest_bars import bar_frames, demand_dates, path_file
from tsgan.errors import ConfigError
from tsgan.files import appearing
from tsgan.scenario_views import fields, index
from tsgan.scenarios import Scenarios
from tsgan.zipline_bundle import write_zipline

TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Backtester:
    """One library.

    Attributes:
        write: groups of scenarios into an empty folder.
        script: Python that reads what lies in ``{folder}`` and hands it to the library.
    """

    write: Callable[[Path, Iterable[Scenarios]], None]
    script: str


def write_for(library: str, folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write ``groups`` to ``folder`` as ``library`` reads them; it appears when it is complete.

    Args:
        library: a name in ``BACKTESTERS``.
        folder: one that does not exist or is empty; the folder around it exists.
        groups: of scenarios; one is held in memory at a time.

    Raises:
        ConfigError: for another library, or a folder that is in use.
        DataError: if the library cannot take these scenarios, or the folder cannot be written.
    """
    check_folder(library, folder)
    with appearing(folder) as made:
        BACKTESTERS[library].write(made, groups)


def reading(library: str, folder: Path) -> str:
    """Return a Python script that reads all of ``folder`` and runs ``library`` on it."""
    return BACKTESTERS[library].script.format(folder=folder.as_posix())


def check_folder(library: str, folder: Path) -> None:
    """Raise ConfigError unless ``library`` is known and ``folder`` is free."""
    if library not in BACKTESTERS:
        raise ConfigError(f"library: expected one of {', '.join(BACKTESTERS)}, got {library!r}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder}: expected a new or empty folder, it holds something; delete it or choose "
            "another name"
        )
    if not folder.absolute().parent.is_dir():
        raise ConfigError(
            f"{folder}: expected a folder that exists, {folder.parent} does not; create it or "
            "choose another path"
        )


def write_backtesting(folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write a Parquet file per path for backtesting.py: Open, High, Low, Close, Volume by date.

    Several assets get a file each in a folder per path. Volume is 0 where none is known.

    Raises:
        DataError: if there are no dates.
    """
    for group in groups:
        demand_dates(group, "backtesting.py")
        for number, asset, bars in bar_frames(group, 0):
            bars.to_parquet(path_file(folder, group, number, asset, ".parquet"))


def write_backtrader(folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write a CSV file per path as backtrader's ``GenericCSVData`` reads it unasked.

    Columns: date with time, open, high, low, close, volume, openinterest; the last is 0, and so is
    the volume where none is known. Several assets get a file each in a folder per path.

    Raises:
        DataError: if there are no dates.
    """
    for group in groups:
        demand_dates(group, "backtrader")
        for number, asset, bars in bar_frames(group, 0):
            table = bars.rename(columns=str.lower).assign(openinterest=0)
            table.to_csv(path_file(folder, group, number, asset, ".csv"), date_format=TIME)


def write_vectorbt(folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write wide Parquet files for vectorbt: dates by (path, asset), one file per group of paths.

    ``close-000000.parquet`` holds the closes of the group that begins with path 0; bars add such
    files of ``open, high, low, volume``.
    """
    for group in groups:
        columns = pd.MultiIndex.from_product([group.numbers, group.names], names=["path", "asset"])
        steps = index(group)
        for field, values in fields(group).items():
            table = values.reshape(*group.log_returns.shape[:2], -1).transpose(1, 0, 2)
            wide = pd.DataFrame(table.reshape(len(steps), -1), index=steps, columns=columns)
            wide.to_parquet(folder / f"{field}-{group.numbers[0]:06d}.parquet")


def write_skfolio(folder: Path, groups: Iterable[Scenarios]) -> None:
    """Write a Parquet file of linear returns per path for skfolio: (n_observations, n_assets)."""
    for group in groups:
        returns = np.expm1(group.rounded().log_returns).reshape(*group.log_returns.shape[:2], -1)
        steps = index(group)
        for number, path in zip(group.numbers, returns, strict=True):
            frame = pd.DataFrame(path, index=steps, columns=list(group.names))
            frame.to_parquet(folder / f"returns-{number:06d}.parquet")


BACKTESTERS = {
    "backtesting": Backtester(write_backtesting, scripts.BACKTESTING),
    "backtrader": Backtester(write_backtrader, scripts.BACKTRADER),
    "vectorbt": Backtester(write_vectorbt, scripts.VECTORBT),
    "zipline": Backtester(write_zipline, scripts.ZIPLINE),
    "skfolio": Backtester(write_skfolio, scripts.SKFOLIO),
}
"""By the name that ``tsgan generate --for`` takes."""
