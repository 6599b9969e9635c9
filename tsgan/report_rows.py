"""How the rows of an evaluation are worded and placed: numbers, bars, marks, the one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tsgan.results import SEVENTEEN, Evaluation, Row

COPIED = "copied windows"


@dataclass(frozen=True)
class BandBar:
    """Where the marks of a row lie on its bar, in shares of the bar's length.

    The 95 % mark is at the same place in every row, so that bars compare down the table.
    """

    low: float
    middle: float
    high: float
    value: float
    beyond: bool

    HIGH = 0.6


def band_bar(row: Row) -> BandBar | None:
    """Return the bar of ``row``; None where there is no band, no value, or a band of no width."""
    if row.band is None or not math.isfinite(row.value):
        return None
    if not (all(math.isfinite(mark) for mark in row.band) and row.band[2] > 0):
        return None
    low, middle, high, value = (BandBar.HIGH * x / row.band[2] for x in (*row.band, row.value))
    return BandBar(low, middle, high, min(value, 1.0), beyond=value > 1)


def number(value: float | None, decimals: int = 3) -> str:
    """Return ``value`` with three significant digits, but no more than so many decimals.

    What would be rounded to zero is written with a power of ten; what is no number, as a dash.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -decimals or exponent > 6:
        text = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    else:
        text = f"{value:,.{min(max(2 - exponent, 0), decimals)}f}"
    return text.replace("-", "−")


def best(row: Row) -> str | None:
    """Return whose distance is the smallest: "" for the model, else the name of the baseline.

    Bootstraps are no rivals: they reuse the real returns. None where there is nothing to compare,
    or where smaller is not better, as without a band.
    """
    rivals = {"": row.value, **{n: v for n, v in row.baselines.items() if "bootstrap" not in n}}
    finite = {name: value for name, value in rivals.items() if math.isfinite(value)}
    if row.band is None or len(finite) < 2 or "" not in finite:
        return None
    return min(finite, key=lambda name: finite[name])


def baseline_names(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the names of all baselines in the order of their first appearance."""
    return tuple(dict.fromkeys(name for row in rows for name in row.baselines))


def counted(evaluation: Evaluation) -> tuple[Row, ...]:
    """Return those of the seventeen rows that the table has."""
    return tuple(row for row in evaluation.rows if row.name in SEVENTEEN)


def under_mark(rows: Sequence[Row], baseline: str, mark: int) -> int:
    """Return in how many rows ``baseline`` is at or under the band's mark 0, 1 or 2."""
    return sum(
        row.band is not None and row.baselines.get(baseline, math.inf) <= row.band[mark]
        for row in rows
    )


def verdict_sentence(evaluation: Evaluation) -> str:
    """Return the verdict in one plain sentence, and a second one if the paths are copies."""
    total = len(counted(evaluation))
    same = evaluation.count("indistinguishable")
    noise, off = evaluation.count("within noise"), evaluation.count("off")
    skipped = evaluation.count("skipped")
    parts = [
        f"{same} of {total} rows cannot be told from a perfect model"
        if same
        else f"None of {total} rows passes for a perfect model",
        f"{noise or 'none'} {'are' if noise > 1 else 'is'} within noise",
        f"{off or 'none'} {'are' if off > 1 else 'is'} off",
    ]
    if skipped:
        parts.append(f"{skipped} could not be computed")
    copied = copied_windows(evaluation)
    sentence = ", ".join(parts)
    if copied is None:
        return f"{sentence}."
    row, share = copied
    sentence = f"{sentence}; copied windows {100 * share:.2g}\u00a0%."
    others = max((x for x in row.baselines.values() if math.isfinite(x)), default=0.0)
    if row.verdict == "off" and share > 2 * others:  # on a short series chance alone repeats
        sentence += (
            " The paths repeat the training data: the other rows say nothing in their favour."
        )
    return sentence


def copied_windows(evaluation: Evaluation) -> tuple[Row, float] | None:
    """Return the row of copied windows and its share; None where it is missing or skipped."""
    row = next((row for row in evaluation.rows if row.name == COPIED), None)
    if row is None or row.verdict == "skipped":
        return None
    share = row.value if row.synthetic is None else row.synthetic
    return (row, share) if math.isfinite(share) else None
