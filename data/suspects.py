"""Rows that look wrong beside their neighbours: glitches, splits, stale runs, odd days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from tsgan.data.columns import is_adjusted
from tsgan.data.findings import DROPPED, Finding
from tsgan.data.rows import BoolArray, Rows, Sheet, counted
from tsgan.data.tables import FloatArray
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

FAR, FAR_AT_LEAST, BACK = 20.0, 0.1, 0.1
"""A glitch is a step of over 20 robust sd and over 10 % that the next step undoes to a tenth."""

LEAP, LEAP_AT_END, STRAY = float(np.log(5.0)), float(np.log(60.0)), 5
"""So is a step of over fivefold undone within 5 rows, or of over sixtyfold as near to an end."""

RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0)
NEAR, NEAR_AT_OPEN = 0.05, 0.02
"""How near a step is to the log of a split's ratio: from close to close, from close to open."""

SHOWN = 3
"""Steps that are told with their prices."""

STALE = 10
"""Equal prices in a row that are a stale run."""

FEW_STEPS = 20
"""Steps that change, below which nothing can be called usual."""

MICROSECONDS, THURSDAY, SATURDAY = 86_400_000_000, 3, 5
"""Of a day; weekdays from 0 on Monday, such as that of 1970-01-01."""

RARE_DAY, ENOUGH_DAYS = 0.02, 50
"""A weekday that is seen less than a fiftieth as often as the busiest one, seen on 50 days."""


Column: TypeAlias = Callable[[], FloatArray | None]


@dataclass(frozen=True)
class Beside:
    """Other columns of the same asset, read when they are asked for.

    Attributes:
        opens: gives the opening prices, one for each row of the table; None if there are none.
        adjusted: gives the adjusted closes.
    """

    opens: Column = lambda: None
    adjusted: Column = lambda: None


def plausible_days(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> Sheet:
    """Find rows on days of the week that the series hardly ever has.

    Raises:
        DataError: if ``weekends`` is ``refuse``.
    """
    if sheet.times is None or len(sheet) < ENOUGH_DAYS:
        return sheet
    days = sheet.times.asi8 // MICROSECONDS
    weekday = (days + THURSDAY) % 7
    counts = np.bincount(weekday[np.r_[True, days[1:] != days[:-1]]], minlength=7)
    if counts.max() < ENOUGH_DAYS:
        return sheet
    rare = (counts < RARE_DAY * counts.max()) & (np.arange(7) >= SATURDAY)
    return _settled(sheet, rare[weekday], "weekends", reading.weekends, "on weekends", found)


def without_glitches(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> Sheet:
    """Find single prices that are far off and back at the next row.

    Raises:
        DataError: if ``glitches`` is ``refuse``.
    """
    logs = np.log(sheet.values)
    hits = np.column_stack([_glitches(column) for column in logs.T])
    wrong = np.asarray(hits.any(axis=1))
    if wrong.any() and reading.glitches == "refuse":
        row = int(np.flatnonzero(wrong)[0])
        asset = int(np.flatnonzero(hits[row])[0])
        value, column = sheet.values[row, asset], sheet.values[:, asset]
        usual = [f"{column[k]:g}" for k in (row - 1, row + 1) if 0 <= k < len(column)]
        raise DataError(
            f"{sheet.where(row, asset)}: expected a price near its neighbours "
            f"{' and '.join(usual)}, found {value:g}{sheet.day(row)} "
            f"({counted(int(wrong.sum()))} like it in all); correct it, leave such "
            "rows out with --glitches drop, or accept them with --glitches keep"
        )
    what = "with a price far off that does not last"
    return _settled(sheet, wrong, "glitches", reading.glitches, what, found)


def _glitches(logs: FloatArray) -> BoolArray:
    steps = np.diff(logs)
    far = np.abs(steps) > FAR_AT_LEAST
    if not far.any():
        return np.zeros(logs.size, dtype=bool)
    far &= np.abs(steps) > FAR * _robust_sd(steps)
    back = np.abs(steps[:-1] + steps[1:]) < BACK * np.abs(steps[:-1])
    hits: BoolArray = np.r_[False, far[:-1] & back, False][: logs.size]
    for step in np.flatnonzero(far & (np.abs(steps) > LEAP)):
        if not (hits[step] or hits[step + 1]):
            hits[_strayed(logs, int(step))] = True
    return hits


def _strayed(logs: FloatArray, step: int) -> slice:
    """Return the few rows beside a leap that are not of the series: none where it goes on so."""
    first, last = step + 1, min(step + 1 + STRAY, logs.size)
    after = np.abs(logs[first + 1 : last + 1] - logs[step])
    back = np.flatnonzero(after < BACK * abs(logs[first] - logs[step]))
    if back.size:
        return slice(first, first + 1 + int(back[0]))
    if abs(logs[first] - logs[step]) < LEAP_AT_END:
        return slice(0)
    if logs.size - first <= STRAY:
        return slice(first, logs.size)
    return slice(0, first if first <= STRAY else 0)


def _robust_sd(steps: FloatArray) -> float:
    """Return the sd of a normal law with the median distance of the steps that change."""
    moved = steps[steps != 0]
    if moved.size < FEW_STEPS:
        return float("inf")
    return float(1.4826 * np.median(np.abs(moved - np.median(moved))))


def without_splits(
    sheet: Sheet, beside: Beside, reading: ReadConfig, found: list[Finding]
) -> Sheet:
    """Find steps such as a split makes in columns that are not adjusted; adjust them if asked.

    Raises:
        DataError: if ``splits`` is ``refuse``.
    """
    values = sheet.values.copy()
    hits = np.zeros(len(sheet), dtype=bool)
    steps = list[str]()
    for asset, name in enumerate(sheet.table.names[k] for k in sheet.columns):
        if is_adjusted(name):
            continue
        at, factors = _splits(sheet.values[:, asset], sheet.rows, beside)
        hits[at] = True
        for row, factor in zip(at, factors, strict=True):
            values[:row, asset] *= factor
            steps.append(_step(sheet, int(row), asset))
    if not hits.any():
        return sheet
    if reading.splits == "refuse":
        row = int(np.flatnonzero(hits)[0])
        raise DataError(
            f"{sheet.where(row)}: expected prices without splits, found a step near a split's "
            f"ratio{sheet.day(row)} ({int(hits.sum())} in all); give an adjusted column, or use "
            "--splits adjust or keep"
        )
    count = counted(len(steps), "step")
    shown = "; ".join(steps[:SHOWN]) + ("; …" if len(steps) > SHOWN else "")
    if reading.splits == "adjust":
        text = f"Adjusted the prices before {count} ({shown}) near the ratio of a split: {{}}."
        found.append(sheet.finding("splits", "adjusted", hits, text))
        return replace(sheet, values=values)
    text = f"Kept {count} ({shown}) near 1:2, 2:3 or another ratio of a split, in a column that "
    text += "is not adjusted by its name: {}; if it is one, name an adjusted column or use "
    text += "--splits adjust."
    found.append(sheet.finding("splits", "kept", hits, text))
    return sheet


def _step(sheet: Sheet, row: int, asset: int) -> str:
    """Return for example ``AAPL on 2005-02-28: 88.99 to 44.86``."""
    before, after = sheet.values[row - 1 : row + 1, asset]
    name = sheet.assets[asset] if len(sheet.assets) > 1 else ""
    place = f"{name}{sheet.day(row)}".strip().removeprefix("on ")
    return f"{place}: {before:g} to {after:g}" if place else f"{before:g} to {after:g}"


def _splits(prices: FloatArray, rows: Rows, beside: Beside) -> tuple[Rows, list[float]]:
    """Return the positions at which the unit changes, and the factor of the prices before each."""
    least = np.log(RATIOS[0]) - NEAR
    adjusted = beside.adjusted()
    if adjusted is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            change = np.diff(np.log(prices / adjusted[rows]))
        at = np.flatnonzero(np.abs(change) > least)
        at = at[_distance(change[at]) < NEAR_AT_OPEN]
        return at + 1, [float(np.exp(_nearest(change[row]))) for row in at]
    steps = np.diff(np.log(prices))
    far: BoolArray = np.abs(steps) > least
    if far.any():
        far &= np.abs(steps) > FAR * _robust_sd(steps)
    returned = np.abs(steps[:-1] + steps[1:]) < BACK * np.abs(steps[:-1])
    far[:-1] &= ~returned
    far[1:] &= ~returned
    at = np.flatnonzero(far)
    seen, near, opens = steps[at], NEAR, beside.opens() if at.size else None
    if opens is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            seen, near = np.log(opens[rows[at + 1]] / prices[at]), NEAR_AT_OPEN
    close = _distance(seen) < near
    return at[close] + 1, [float(np.exp(_nearest(step))) for step in seen[close]]


def _distance(steps: FloatArray) -> FloatArray:
    """Return how far log steps are from the nearest ratio of a split, infinite where not finite."""
    logs = np.log(RATIOS)
    far = np.abs(np.abs(steps)[:, None] - logs).min(axis=1)
    return np.where(np.isfinite(far), far, np.inf)


def _nearest(step: float) -> float:
    logs = np.log(RATIOS)
    return float(np.sign(step) * logs[np.argmin(np.abs(abs(step) - logs))])


def without_stale(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> Sheet:
    """Find long runs of one price; what is dropped of a run is all but its first row.

    Raises:
        DataError: if ``stale`` is ``refuse``.
    """
    runs = np.zeros(len(sheet), dtype=bool)
    for column in sheet.values.T:
        repeats = np.r_[False, column[1:] == column[:-1]]
        begin = np.flatnonzero(~repeats)
        length = np.diff(np.r_[begin, column.size])
        runs |= np.repeat((length >= STALE) & (column.size > STALE), length) & repeats
    what = f"that repeat the price before, in runs of {STALE} or more"
    return _settled(sheet, runs, "stale", reading.stale, what, found)


def _settled(
    sheet: Sheet, which: BoolArray, kind: str, rule: str, what: str, found: list[Finding]
) -> Sheet:
    """Keep, drop or refuse rows, and say so."""
    if not which.any():
        return sheet
    count = counted(int(which.sum()))
    if rule == "refuse":
        row = int(np.flatnonzero(which)[0])
        raise DataError(
            f"{sheet.where(row)}: expected no rows {what}, found {count}, the first{sheet.day(row)}"
            f"; correct them, or use --{kind} keep or drop"
        )
    if rule == "keep":
        text = f"Kept {count} {what}: {{}}; --{kind} drop leaves them out."
        found.append(sheet.finding(kind, "kept", which, text))
        return sheet
    found.append(sheet.finding(kind, DROPPED, which, f"Dropped {count} {what}: {{}}."))
    return sheet.taken(~which)
