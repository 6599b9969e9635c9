"""Prices with bars, and a column that conditions may name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import tiny


def bar_frame() -> pd.DataFrame:
    """The closes of ``tiny.prices`` with Open, High, Low and Volume; and Fear, from 10 to 20."""
    random = np.random.default_rng(1)
    close = tiny.prices()
    wicks = np.exp(np.abs(random.normal(0, 0.003, (2, len(close)))))
    opens = close.shift(fill_value=100.0) * np.exp(random.normal(0, 0.002, len(close)))
    ends = pd.concat([opens, close], axis=1)
    return pd.DataFrame(
        {
            "Open": opens,
            "High": ends.max(axis=1) * wicks[0],
            "Low": ends.min(axis=1) / wicks[1],
            "Close": close,
            "Volume": np.round(np.exp(random.normal(10, 0.5, len(close)))),
            "Fear": np.round(15 + 5 * np.sin(np.arange(len(close)) / 50), 1),
        }
    )
