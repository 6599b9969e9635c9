"""What an evaluation says of conditions: asked-for against realised."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ObedienceRow:
    """One thing that was asked for.

    Attributes:
        condition: its name; asked: what of it, as ``--given`` takes it.
        volatility, drift: mean over the paths of what each realised, annualised.
        real_volatility, real_drift: the same of the real windows.
        windows: how many these are, overlapping; 0 where none is, and then NaN.
    """

    condition: str
    asked: str
    volatility: float
    drift: float
    real_volatility: float
    real_drift: float
    windows: int


@dataclass(frozen=True, eq=False)
class Curve:
    """Levels of a number that can be measured, and what was realised of it.

    Attributes:
        condition: its name.
        asked, realised: (levels,) annualised; realised is the mean over the paths.
        rank: Spearman's rank correlation of the two, 0 where all is realised alike.
    """

    condition: str
    asked: FloatArray
    realised: FloatArray
    rank: float


@dataclass(frozen=True, eq=False)
class Obedience:
    """What is asked for against what is realised."""

    rows: tuple[ObedienceRow, ...]
    curves: tuple[Curve, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return rows and curves as JSON types; None for what is not a number."""
        rows = [
            {name: None if value != value else value for name, value in asdict(row).items()}
            for row in self.rows
        ]
        curves = [
            {
                "condition": curve.condition,
                "asked": curve.asked.tolist(),
                "realised": curve.realised.tolist(),
                "rank_correlation": curve.rank,
            }
            for curve in self.curves
        ]
        return {"rows": rows, "curves": curves}
