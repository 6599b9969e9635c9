"""Numbers of synthetic paths to log returns: what they are, whether they are whole, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tsgan.errors import DataError

FloatArray = npt.NDArray[np.float64]
Kind = Literal["log returns", "prices", ""]

LEAST_PRICE = 0.5
"""Smallest median of values above 0 that are taken for prices where nothing names them."""

LARGEST_RETURN = 1.0
"""Largest median of |r| of anything that is a log return."""

LARGE_RETURN = 0.2
"""Median of |r| above which a note asks whether the returns are in percent."""


@dataclass(frozen=True)
class Block:
    """Numbers of all paths, not yet understood.

    Attributes:
        values: (paths, steps, assets) float64, NaN where a cell is empty.
        kind: what the source calls them, "" where it does not.
        subject: the beginning of a sentence, such as ``"The 200 columns hold"``.
        where: path, step and asset index -> place in the file, for messages.
        mend: what to do where log returns turn out to be prices.
        assets: their names; () of one series without a name.
        notes: what was decided, in plain sentences.
    """

    values: FloatArray
    kind: Kind
    subject: str
    where: Callable[[int, int, int], str]
    mend: str
    assets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def understood(block: Block, source: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Return (paths, steps, assets) log returns, finite, of 2 or more steps; and what was decided.

    A first step without any value is left out, as differences leave one. Values without a name
    are log returns where both signs occur and the median |x| is at most 1; prices where all are
    above 0 and the median is at least 0.5.

    Raises:
        DataError: they are neither, or have gaps; ``source`` begins the message.
    """
    values, notes = block.values, list(block.notes)
    skipped = int(values.shape[1] > 1 and bool(np.isnan(values[:, 0]).all()))
    if skipped:
        values = values[:, 1:]
        notes.append("The first step has no value in any path and is left out.")
    _demand_finite(block, values, skipped)
    kind = _kind(block, values, skipped, source)
    if kind == "prices":
        _demand_positive(block, values, skipped)
        values = np.diff(np.log(values), axis=1)
        notes.insert(0, f"{block.subject} prices; their log returns are compared.")
    else:
        notes.insert(0, f"{block.subject} log returns.")
    paths, steps, assets = values.shape
    if steps < 2:
        raise DataError(
            f"{source}: expected paths of 2 or more steps, found {steps}; generate longer paths"
        )
    of_assets = f" of {assets:,} assets" if assets > 1 else ""
    notes.append(f"Read {paths:,} path{'s' * (paths > 1)} of {steps:,} steps{of_assets}.")
    size = _median_size(values)
    if size > LARGE_RETURN:
        notes.append(
            f"Half of the log returns are beyond ±{size:.2g}, which is large: divide returns in "
            "percent by 100."
        )
    return values, tuple(notes)


def _kind(block: Block, values: FloatArray, skipped: int, source: str) -> Kind:
    """Return what the values are, by their name or by the rule of :func:`understood`."""
    if block.kind == "prices":
        return "prices"
    lowest, highest = float(values.min()), float(values.max())
    size = _median_size(values)
    seen = f"values from {lowest:.4g} to {highest:.4g} with a median size of {size:.4g}"
    if lowest > 0 and size >= LEAST_PRICE:
        if not block.kind:
            return "prices"
        raise DataError(f"{source}: expected log returns, found {seen}, like prices; {block.mend}")
    if size > LARGEST_RETURN:
        place = np.unravel_index(int(np.argmin(values)), values.shape)
        raise DataError(
            f"{_where(block, place, skipped)}: expected log returns, or prices above 0 throughout, "
            f"found {seen}, the lowest here; divide returns in percent by 100, correct prices that "
            "are not above 0"
        )
    if block.kind or lowest < 0 < highest:
        return "log returns"
    raise DataError(
        f"{source}: expected log returns of both signs or prices, found {seen}, which may be "
        "either; multiply prices by 1000, or write a long table whose column is called "
        "log_return or close"
    )


def _demand_finite(block: Block, values: FloatArray, skipped: int) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        place = np.unravel_index(int(np.argmin(finite)), values.shape)
        found = "an empty cell or NaN" if np.isnan(values[place]) else str(values[place])
        raise DataError(
            f"{_where(block, place, skipped)}: expected a finite number, found {found} "
            f"({finite.size - np.count_nonzero(finite):,} in all); paths have no gaps and one "
            "length: complete or cut them"
        )


def _demand_positive(block: Block, values: FloatArray, skipped: int) -> None:
    positive = values > 0
    if not positive.all():
        place = np.unravel_index(int(np.argmin(positive)), values.shape)
        raise DataError(
            f"{_where(block, place, skipped)}: expected a price above 0, found "
            f"{values[place]:g}, which has no log return; correct it, or call the column "
            "log_return if that is what it holds"
        )


def _where(block: Block, place: tuple[np.intp, ...], skipped: int) -> str:
    path, step, asset = (int(index) for index in place)
    return block.where(path, step + skipped, asset)


def _median_size(values: FloatArray) -> float:
    return float(np.median(np.abs(values), overwrite_input=True))
