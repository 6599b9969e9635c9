"""What an evaluation found: typed values that report, terminal and JSON render as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["indistinguishable", "within noise", "off", "skipped"]

SEVENTEEN = (
    "W1(1)/sd",
    "W1(5)/sd",
    "W1(20)/sd",
    "W1(100)/sd",
    "DY(1)",
    "DY(5)",
    "DY(20)",
    "DY(100)",
    "ACF(id)",
    "ACF(abs)",
    "ACF(sq)",
    "Lev",
    "sd",
    "Hill 5%",
    "ES 1%",
    "ES 99%",
    "vol dispersion",
)
"""The rows that are counted together; the others of a table are shown beside them."""


@dataclass(frozen=True)
class Row:
    """One metric: how far, and whether that is more than chance.

    Attributes:
        name: as in the table of metrics, for example ``"W1(1)/sd"``.
        meaning: one plain sentence for a reader who does not know the metric.
        value: the distance between real and synthetic, at least 0; NaN only when skipped.
        real: the statistic of the real series, None where only a distance exists.
        synthetic: the same statistic of the synthetic paths, None where only a distance exists.
        band: 5 %, 50 % and 95 % of the distance of single stationary-bootstrap paths of the real
            series; None where the row has a fixed limit instead.
        verdict: value at or under the 50 % mark: indistinguishable; under 95 %: within noise;
            above: off; skipped, with the reason in ``note``, where it cannot be computed.
        baselines: the same distance of each baseline model, by its name.
        note: the reason of a skip, or a limit that replaces the band.
    """

    name: str
    meaning: str
    value: float
    real: float | None
    synthetic: float | None
    band: tuple[float, float, float] | None
    verdict: Verdict
    baselines: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class LagCurve:
    """A statistic over lags 1..L: the real series, the mean of the paths, 5 % and 95 % of them.

    All arrays have shape (L,).
    """

    real: FloatArray
    synthetic: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Curves:
    """Everything that the pictures of the report show, already computed.

    Attributes:
        acf: by ``"id"``, ``"abs"``, ``"sq"``: autocorrelation of r, |r|, r².
        leverage: Corr(r_t, r²_{t+lag}).
        density_x: (bins,) centres of equal bins of one-step log returns.
        density_real, density_synthetic: (bins,) densities over those bins, 0 where empty.
        quantile_p: (points,) probabilities; quantile_real, quantile_synthetic: log returns there.
        real_path: (n + 1,) cumulative log return of the real series, starting at 0.
        synthetic_paths: (k, horizon + 1) the same of the first few synthetic paths.
        fan_p: (m,) probabilities; fan: (m, horizon + 1) their quantiles over all paths, by step.
    """

    acf: Mapping[str, LagCurve]
    leverage: LagCurve
    density_x: FloatArray
    density_real: FloatArray
    density_synthetic: FloatArray
    quantile_p: FloatArray
    quantile_real: FloatArray
    quantile_synthetic: FloatArray
    real_path: FloatArray
    synthetic_paths: FloatArray
    fan_p: FloatArray
    fan: FloatArray


@dataclass(frozen=True)
class Evaluation:
    """The finished comparison of synthetic paths with a real series.

    Attributes:
        name: what the real series is, for titles.
        returns: number of real log returns; paths, horizon: shape of the synthetic ones.
        rows: the table of metrics in its order.
        curves: the data of the pictures.
        bootstrap_paths, bootstrap_block: how the noise band was made.
        warnings: what a reader must know before the table, in plain sentences.
    """

    name: str
    returns: int
    paths: int
    horizon: int
    rows: tuple[Row, ...]
    curves: Curves
    bootstrap_paths: int
    bootstrap_block: float
    warnings: tuple[str, ...] = ()

    def row(self, name: str) -> Row:
        """Return the row called ``name``; KeyError if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def count(self, *verdicts: Verdict) -> int:
        """Return how many of the seventeen rows ended in one of ``verdicts``."""
        return sum(row.verdict in verdicts for row in self.rows if row.name in SEVENTEEN)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``metrics.json``: JSON types, None for what is not a number."""
        return {
            "name": self.name,
            "returns": self.returns,
            "paths": self.paths,
            "horizon": self.horizon,
            "band": {
                "method": "stationary bootstrap",
                "paths": self.bootstrap_paths,
                "mean_block": self.bootstrap_block,
                "quantiles": [0.05, 0.5, 0.95],
            },
            "rows_of_seventeen": {
                "indistinguishable": self.count("indistinguishable"),
                "within_noise": self.count("within noise"),
                "off": self.count("off"),
                "skipped": self.count("skipped"),
            },
            "warnings": list(self.warnings),
            "metrics": [
                {
                    "name": row.name,
                    "real": _number(row.real),
                    "synthetic": _number(row.synthetic),
                    "value": _number(row.value),
                    "band": None if row.band is None else [_number(mark) for mark in row.band],
                    "verdict": row.verdict,
                    "baselines": {name: _number(v) for name, v in row.baselines.items()},
                    "note": row.note,
                }
                for row in self.rows
            ],
        }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
