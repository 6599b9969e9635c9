"""Single paths as backtests take them: a frame of bars, and the file that it belongs into.

A model of closes alone knows no opens, highs and lows. A bar then opens at the close before it (the
first one at the start price), and its high and low are the larger and the smaller of the two. An
order that fills at the next open fills at the close that raised it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from tsgan.errors import DataError
from tsgan.scenario_views import index
from tsgan.scenarios import FIELDS, Scenarios

BARS = [field.title() for field in FIELDS]
"""Columns of each frame."""


def bar_frames(scenarios: Scenarios, volume: float) -> Iterator[tuple[int, str, pd.DataFrame]]:
    """Yield the number of a path, the name of an asset and its bars, the assets of a path together.

    Args:
        scenarios: with or without bars.
        volume: of every bar, where the scenarios have none.

    Yields:
        frames of ``Open, High, Low, Close, Volume`` by date, without gaps.
    """
    for number, path in zip(scenarios.numbers, scenarios.paths(), strict=True):
        if scenarios.bars is not None:
            known = path if "Volume" in path else path.assign(Volume=volume)
            yield int(number), scenarios.names[0], known
            continue
        starts = np.atleast_1d(np.asarray(scenarios.start_price, dtype=np.float64))
        for asset, start, closes in zip(scenarios.names, starts, path.to_numpy().T, strict=True):
            opens = np.r_[start, closes[:-1]]
            high, low = np.maximum(opens, closes), np.minimum(opens, closes)
            table = np.stack([opens, high, low, closes, np.full(len(closes), volume)], axis=1)
            yield int(number), asset, pd.DataFrame(table, path.index, BARS)


def path_file(folder: Path, scenarios: Scenarios, number: int, asset: str, suffix: str) -> Path:
    """Return ``path-000000.csv``, or ``path-000000/AAPL.csv`` of several assets.

    Letters that a file name may not have are written as in addresses, such as ``%2F``.
    """
    name = f"path-{number:06d}"
    if not scenarios.several:
        return folder / f"{name}{suffix}"
    (folder / name).mkdir(exist_ok=True)
    return folder / name / f"{quote(asset, safe=' ^=+,()')}{suffix}"


def demand_dates(scenarios: Scenarios, library: str) -> None:
    """Raise DataError if the steps have no dates."""
    if not isinstance(index(scenarios), pd.DatetimeIndex):
        raise DataError(
            f"scenarios for {library}: expected a date at each step, found none; name the first "
            "one as a start date"
        )
