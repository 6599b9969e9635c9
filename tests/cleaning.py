"""Tables with a doubtful row or two, and how they are read, from files and from frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan import read_prices
from tsgan.data.prices import Prices
from tsgan.reading import ReadConfig

COUNT = 300
DAYS = pd.bdate_range("2020-01-01", periods=COUNT)
WALK = np.round(100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, COUNT))), 4)

Found = tuple[str, str, tuple[int, ...]]
"""Kind and action of a finding, and its rows from 1."""


def table(close: npt.ArrayLike = WALK, days: pd.DatetimeIndex = DAYS, **more: Any) -> pd.DataFrame:
    """Return a table with dates as text, as files have them."""
    return pd.DataFrame({"Date": days.astype(str), "Close": close, **more})


def changed(**values: float) -> npt.NDArray[np.float64]:
    """Return the walk with other prices in some rows: ``row_5=np.nan`` is row 5, from 1."""
    prices = WALK.copy()
    for name, value in values.items():
        prices[int(name.removeprefix("row_")) - 1] = value
    return prices


def read(
    folder: Path, frame: pd.DataFrame, columns: tuple[str, ...] = (), **reading: Any
) -> Prices:
    """Read a table from a file and as a frame, which must agree, with an account that adds up."""
    path = folder / "prices.csv"
    frame.to_csv(path, index=False)
    config = ReadConfig(**reading)
    prices, same = (read_prices(source, columns, config) for source in (path, frame))
    pd.testing.assert_frame_equal(prices.values, same.values)
    assert (prices.breaks, prices.cuts) == (same.breaks, same.cuts)
    assert [(f.kind, f.action, f.count) for f in same.findings] == [
        (f.kind, f.action, f.count) for f in prices.findings
    ]
    lines = [n - 1 for f in prices.findings for span in f.lines for n in span]
    assert lines == [n for f in same.findings for span in f.lines for n in span]
    dropped = sum(f.count for f in prices.findings if f.action == "dropped")
    made = config.returns is not None
    assert prices.rows_read == len(frame) == len(prices) - made + dropped
    return prices


def found(prices: Prices) -> list[Found]:
    """Return the findings, with rows of the table from 1."""
    rows = [
        tuple(n - 1 for first, last in f.lines for n in range(first, last + 1))
        for f in prices.findings
    ]
    return [(f.kind, f.action, r) for f, r in zip(prices.findings, rows, strict=True)]


def closes(prices: Prices) -> npt.NDArray[np.float64]:
    return prices.values.to_numpy()[:, 0]


def without(*rows: int) -> npt.NDArray[np.float64]:
    return np.delete(WALK, [row - 1 for row in rows])
