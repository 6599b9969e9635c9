"""What an evaluation found: typed values that report, terminal and JSON render as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tsgan.obeyed import Obedience
from tsgan.pictured import Curves, PanelCurves

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["indistinguishable", "within noise", "off", "skipped"]
Marks = tuple[float, float, float]
"""5 %, 50 % and 95 % of what chance alone gives."""


def verdict(value: float, indistinguishable: float, within_noise: float) -> Verdict:
    """Return the verdict of a value at or under, between, or above the two limits."""
    if value <= indistinguishable:
        return "indistinguishable"
    return "within noise" if value <= within_noise else "off"


Group = Literal[
    "distributions",
    "memory",
    "tails",
    "strategies",
    "dependence",
    "judges",
    "memorisation",
    "forecasts",
    "bars",
]
"""What a row is about; reports show the rows that are not counted group by group."""

SCHEMA = 1
"""Version of ``metrics.json``: raised when a reader of it would have to change."""

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
class HeldOut:
    """A row once more, against the period that the model was not trained on.

    Attributes:
        value: the distance between the held-out returns and the synthetic paths, cut to the
            length of that period; NaN only when skipped.
        band: marks of single stationary-bootstrap paths of the held-out returns.
        verdict: of value in band, as in :class:`Row`.
        training: the distance between the held-out returns and the training returns themselves,
            cut alike; None where it is not defined. A model cannot be asked for less.
        note: the reason of a skip.
    """

    value: float
    band: Marks | None
    verdict: Verdict
    training: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One metric: how far, and whether that is more than chance.

    Attributes:
        name: as in the table of metrics, for example ``"W1(1)/sd"``.
        meaning: one plain sentence for a reader who does not know the metric.
        value: the distance between real and synthetic, at least 0; NaN only when skipped.
        real: the statistic of the real series, None where only a distance exists.
        synthetic: the same statistic of the synthetic paths, None where only a distance exists.
        band: 5 %, 50 % and 95 % of the distance that chance alone gives: of single
            stationary-bootstrap paths of the real series unless ``note`` says of what else;
            None where the row has a fixed limit instead.
        verdict: value at or under the 50 % mark: indistinguishable; under 95 %: within noise;
            above: off; skipped, with the reason in ``note``, where it cannot be computed.
        baselines: the same distance of each baseline model, by its name.
        note: the reason of a skip, a limit that replaces the band, or what the band is made of.
        group: what the row is about.
        others: the same distance of each further set of synthetic paths, by its name.
        spread: 5 % and 95 % of the statistic over single paths, or over seeds; None without one.
        interval: 95 % confidence interval of the real statistic; None without one.
        held_out: the row against the held-out period; None where there is none.
    """

    name: str
    meaning: str
    value: float
    real: float | None
    synthetic: float | None
    band: Marks | None
    verdict: Verdict
    baselines: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    group: Group = "distributions"
    others: Mapping[str, float] = field(default_factory=dict)
    spread: tuple[float, float] | None = None
    interval: tuple[float, float] | None = None
    held_out: HeldOut | None = None


@dataclass(frozen=True)
class Evaluation:
    """The finished comparison of synthetic paths with a real series.

    Attributes:
        name: what the real series is, for titles.
        returns: number of real log returns; paths, horizon: shape of the synthetic ones.
        rows: the table of metrics in its order; of several assets, the rows that see them jointly.
        curves: the data of the pictures; None for several assets, whose pictures are in ``panel``.
        bootstrap_paths, bootstrap_block: how the noise band was made.
        warnings: what a reader must know before the table, in plain sentences.
        held_out: number of held-out returns that ``Row.held_out`` is about; 0 without any.
        assets: of several assets, the evaluation of each by its name, in their order.
        panel: what the pictures of several assets show.
        obedience: of the conditions that paths can be given, asked-for against realised; None
            where paths alone are compared.
    """

    name: str
    returns: int
    paths: int
    horizon: int
    rows: tuple[Row, ...]
    curves: Curves | None
    bootstrap_paths: int
    bootstrap_block: float
    warnings: tuple[str, ...] = ()
    held_out: int = 0
    assets: Mapping[str, Evaluation] = field(default_factory=dict)
    panel: PanelCurves | None = None
    obedience: Obedience | None = None

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
        """Return the content of ``metrics.json``, see docs/metrics.schema.json.

        JSON types; None for what is not a number.
        """
        return {
            "schema": SCHEMA,
            "name": self.name,
            "returns": self.returns,
            "paths": self.paths,
            "horizon": self.horizon,
            "held_out_returns": self.held_out,
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
            "metrics": [_row_to_dict(row) for row in self.rows],
            "assets": {name: found.to_dict() for name, found in self.assets.items()},
            "conditions": None if self.obedience is None else self.obedience.to_dict(),
        }

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the verdict and the table."""
        from tsgan.notebook import evaluation_html

        return evaluation_html(self)


def _row_to_dict(row: Row) -> dict[str, Any]:
    kept = row.held_out
    return {
        "name": row.name,
        "group": row.group,
        "real": _number(row.real),
        "synthetic": _number(row.synthetic),
        "value": _number(row.value),
        "band": _numbers(row.band),
        "verdict": row.verdict,
        "interval": _numbers(row.interval),
        "spread": _numbers(row.spread),
        "baselines": {name: _number(value) for name, value in row.baselines.items()},
        "others": {name: _number(value) for name, value in row.others.items()},
        "held_out": None
        if kept is None
        else {
            "value": _number(kept.value),
            "band": _numbers(kept.band),
            "verdict": kept.verdict,
            "training": _number(kept.training),
            "note": kept.note,
        },
        "meaning": row.meaning,
        "note": row.note,
    }


def _numbers(values: Sequence[float] | None) -> list[float | None] | None:
    return None if values is None else [_number(value) for value in values]


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
