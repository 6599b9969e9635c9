"""From an evaluation and its paths to the figures that the quality benchmark records, JSON types.

Beside the rows of the table of metrics: the memory of volatility beyond 100 steps, which windows of
128 cannot teach, and how far the wildest paths go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tsgan.bands import BAND_MARKS
from tsgan.baselines import stationary_bootstrap
from tsgan.results import SEVENTEEN, Evaluation, FloatArray, Row
from tsgan.seeding import BOOTSTRAP, numpy_generator
from tsgan.stylized import TRADING_YEAR, autocorrelation, overlapping_sums

BASELINES = ("GARCH-n", "GARCH-t", "GJR-t")
RELATIVE = ("sd", "ES 1%", "ES 99%", "vol dispersion")
FIRST_LAG, LAST_LAG = 100, 250
BOOTSTRAP_PATHS, BLOCK, STREAM = 200, 250.0, 100
"""Of the long memory's own band, made as the evaluation's are; no other stream has this number."""
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


def measure(found: Evaluation, real: FloatArray, paths: FloatArray, seed: int) -> dict[str, Any]:
    """Return all figures of ``paths`` (paths, steps) beside the ``real`` returns (n,)."""
    rows = [row for row in found.rows if row.name in SEVENTEEN and row.verdict != "skipped"]
    return {
        "returns": found.returns,
        "paths": found.paths,
        **counts(rows, lambda row: row.value),
        "at_or_below_garch": sum(
            row.value <= min(others)
            for row in rows
            if (others := [row.baselines[name] for name in BASELINES if name in row.baselines])
        ),
        "off": [row.name for row in rows if row.verdict == "off"],
        "held_out": held_out(rows),
        "copied_windows": copied_windows(found),
        "relative": {
            row.name: row.synthetic / row.real - 1
            for row in rows
            if row.name in RELATIVE and row.synthetic is not None and row.real
        },
        "over_garch_n": {
            row.name: row.value / row.baselines["GARCH-n"]
            for row in rows
            if row.name.startswith("W1") and "GARCH-n" in row.baselines
        },
        "long_memory": long_memory(real, paths, seed),
        "largest_move": largest_moves(real, paths),
        "largest_sd": largest_sd(real, paths),
        "tails": tails(found.rows),
        "garch": {name: counts(rows, baseline(name)) for name in BASELINES},
        "rows": {row.name: figures(row) for row in rows},
    }


def counts(rows: Sequence[Row], value: Callable[[Row], float | None]) -> dict[str, int]:
    """Return how many rows have a ``value`` at or under the 50 % mark, the 95 % mark, or at all."""
    given = [(value(row), row.band) for row in rows]
    known = [(v, band) for v, band in given if v is not None and band is not None]
    return {
        "at_half": sum(v <= band[1] for v, band in known),
        "inside": sum(v <= band[2] for v, band in known),
        "counted": len(known),
    }


def baseline(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.baselines.get(name)


def figures(row: Row) -> dict[str, Any]:
    return {
        "value": row.value,
        "band": row.band,
        "verdict": row.verdict,
        "baselines": {name: row.baselines.get(name) for name in BASELINES},
    }


def held_out(rows: Sequence[Row]) -> dict[str, int] | None:
    """Return in how many rows held-out returns are as near to the paths as to the training part.

    None where nothing is held out.
    """
    kept = [row.held_out for row in rows if row.held_out is not None]
    pairs = [(one.value, one.training) for one in kept if one.verdict != "skipped"]
    comparable = [(value, own) for value, own in pairs if own is not None]
    near = sum(value <= own for value, own in comparable)
    return {"at_or_below_training": near, "comparable": len(comparable)} if kept else None


def copied_windows(found: Evaluation) -> float | None:
    rows = [row for row in found.rows if row.name == "copied windows" and row.verdict != "skipped"]
    return rows[0].value if rows else None


def tails(rows: Sequence[Row]) -> dict[str, Any]:
    """Return which tail indices of the paths are inside the real ones' 95 % intervals."""
    inside = {
        row.name: row.interval[0] <= row.synthetic <= row.interval[1]
        for row in rows
        if row.name.startswith(("Hill", "GPD"))
        and row.interval is not None
        and row.synthetic is not None
    }
    return {"inside": sum(inside.values()), "counted": len(inside), "rows": inside}


def long_memory_distance(real: FloatArray, paths: FloatArray) -> float:
    """Return the root mean square gap between mean autocorrelations of |r| at lags 100 to 250.

    Of ``paths`` (paths, steps) and of ``real`` returns (n,), each path on its own.
    """
    one, mean = (
        autocorrelation(np.abs(x), LAST_LAG)[:, FIRST_LAG - 1 :].mean(axis=0)
        for x in (real[None], paths)
    )
    return float(np.sqrt(np.mean(np.square(one - mean))))


def long_memory(real: FloatArray, paths: FloatArray, seed: int) -> dict[str, Any]:
    """Return that distance, and its 5 %, 50 % and 95 % over single bootstrap paths."""
    stream = numpy_generator(seed, BOOTSTRAP, STREAM)
    chance = [
        long_memory_distance(real, stationary_bootstrap(real, 1, real.size, BLOCK, stream))
        for _ in range(BOOTSTRAP_PATHS)
    ]
    marks = np.quantile(chance, BAND_MARKS).tolist()
    return {"value": long_memory_distance(real, paths), "band": marks}


def largest_moves(real: FloatArray, paths: FloatArray) -> list[float]:
    """Return QUANTILES over paths of the largest ``|r|``, over the largest real one."""
    ratios = np.abs(paths).max(axis=1) / np.abs(real).max()
    return [float(ratio) for ratio in np.quantile(ratios, QUANTILES)]


def largest_sd(real: FloatArray, paths: FloatArray) -> float:
    """Return the largest standard deviation of a whole path, over that of the wildest real year."""
    year = min(TRADING_YEAR, real.size)
    first, second = (overlapping_sums(real[None] ** power, year) / year for power in (1, 2))
    return float(paths.std(axis=1).max() / np.sqrt(np.max(second - first**2)))
