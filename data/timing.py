"""Times between rows: gaps, breaks at which windows end, and sessions within a day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tsgan.data.findings import Finding
from tsgan.data.rows import Rows, Sheet, counted
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

LONGEST_PAUSE = 10 * 86_400.0
USUAL_STEPS, DAILY = 5.0, 2 * 86_400.0
"""A gap is over 10 days in daily and intraday data, over 5 usual steps where these are longer."""

SESSION_PAUSE, SESSION_STEPS = 4 * 3600.0, 3.0
"""Within a day's data, a pause of 4 hours and 3 usual steps ends a session."""


def usual_step(times: pd.DatetimeIndex) -> float:
    """Return the median time between rows, in seconds."""
    return float(np.median(np.diff(times.asi8))) / 1e6 if len(times) > 1 else 0.0


def note_gaps(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> None:
    """Say where rows are long apart.

    Raises:
        DataError: if ``gaps`` is ``refuse``.
    """
    if sheet.times is None or len(sheet) < 2:
        return
    usual = usual_step(sheet.times)
    longest = LONGEST_PAUSE if usual < DAILY else USUAL_STEPS * usual
    pauses = np.diff(sheet.times.asi8) / 1e6
    broken = np.inf if reading.break_after is None else reading.break_after
    after = np.r_[False, (pauses > longest) & (pauses <= broken)]
    if not after.any():
        return
    days = f"{pauses[after[1:]].max() / 86_400:.0f} days at most"
    if reading.gaps == "refuse":
        row = int(np.flatnonzero(after)[0])
        raise DataError(
            f"{sheet.where(row)}: expected rows at most {longest / 86_400:g} days apart, found "
            f"{pauses[row - 1] / 86_400:.0f} days before this one{sheet.day(row)}; complete the "
            "file, or use --gaps keep"
        )
    text = f"Kept {counted(int(after.sum()), 'gap')} ({days}) as one step each, before {{}}; "
    text += "--break 10d would end the windows there."
    found.append(sheet.finding("gaps", "kept", after, text))


def pauses(sheet: Sheet, reading: ReadConfig, found: list[Finding]) -> tuple[Rows, Rows]:
    """Return the positions of rows after a break, and of those whose return is left out at all."""
    none: Rows = np.zeros(0, dtype=np.intp)
    if sheet.times is None or len(sheet) < 2:
        return none, none
    apart = np.r_[0.0, np.diff(sheet.times.asi8) / 1e6]
    usual = usual_step(sheet.times)
    breaks = np.zeros(len(sheet), dtype=bool)
    if reading.break_after is not None:
        breaks = apart > reading.break_after
        if breaks.any():
            over = counted(int(breaks.sum()), "break")
            text = f"No return is taken, and no window goes on, over {over}, before {{}}."
            found.append(sheet.finding("breaks", "cut", breaks, text))
    nights = np.zeros(len(sheet), dtype=bool)
    if usual < SESSION_PAUSE:
        nights = (apart > max(SESSION_PAUSE, SESSION_STEPS * usual)) & ~breaks
    if nights.any():
        what = counted(int(nights.sum()), "return")
        if reading.sessions == "cut":
            text = f"Left out {what} from one session to the next, before {{}}."
            found.append(sheet.finding("sessions", "cut", nights, text))
            return np.flatnonzero(breaks), np.flatnonzero(breaks | nights)
        text = f"Kept {what} from one session to the next as steps like all others, before {{}}; "
        found.append(
            sheet.finding("sessions", "kept", nights, text + "--sessions cut leaves them out.")
        )
    return np.flatnonzero(breaks), np.flatnonzero(breaks)
