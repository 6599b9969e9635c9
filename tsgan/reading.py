"""How a price file is read: what it leaves open, and what happens to rows that are not in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from tsgan.errors import ConfigError
from tsgan.requirements import require, require_choice, require_int, require_real

DATE_ORDERS = ("auto", "day-first", "month-first")
DECIMALS = ("auto", "point", "comma")
RETURNS = ("log", "simple", "percent")
SESSIONS = ("join", "cut")
RULES: Mapping[str, tuple[str, ...]] = {
    "missing": ("drop", "fill", "refuse"),
    "duplicates": ("refuse", "first", "last"),
    "nonpositive": ("refuse", "drop"),
    "glitches": ("refuse", "drop", "keep"),
    "splits": ("keep", "adjust", "refuse"),
    "stale": ("keep", "drop", "refuse"),
    "weekends": ("keep", "drop", "refuse"),
    "gaps": ("keep", "refuse"),
}
"""What can be done with each kind of row; the first is the default."""


@dataclass(frozen=True)
class ReadConfig:
    """Choices that a file may leave open, and a rule for each kind of doubtful row.

    What cannot be a price is refused or left out; what may be the market is kept and said.

    Attributes:
        dates: order of day and month in dates such as 01/02/2020: ``day-first``, ``month-first``,
            or ``auto``, which refuses a column that leaves it open.
        decimal: the mark of decimals, ``point`` or ``comma``; ``auto`` refuses a column that leaves
            open whether 1.234 is a thousand or one.
        returns: the column holds returns, not prices: ``log`` or ``simple`` ones as fractions, or
            simple ones in ``percent``.
        sheet: of a workbook; None takes the first that holds a table.
        missing: rows without a price: left out, filled with the last price, or refused.
        fill_limit: rows in a row that are filled at most; the rest is left out.
        duplicates: two prices at one time: refused, or the first or last in the file taken.
        nonpositive: prices of 0 and below, which have no log return.
        glitches: one price far off that is back at the next row, such as a hundredfold typo.
        splits: a step near 1:2, 3:1, … in a column that is not adjusted.
        stale: long runs of one price.
        weekends: rows on days of the week that the series hardly ever has.
        gaps: long times between rows.
        break_after: seconds between rows after which windows do not go on; None never breaks.
        sessions: ``join`` keeps the returns from one day's last row to the next day's first, where
            there are several rows a day; ``cut`` leaves these returns out.
    """

    dates: str = "auto"
    decimal: str = "auto"
    returns: str | None = None
    sheet: str | None = None
    missing: str = "drop"
    fill_limit: int = 5
    duplicates: str = "refuse"
    nonpositive: str = "refuse"
    glitches: str = "refuse"
    splits: str = "keep"
    stale: str = "keep"
    weekends: str = "keep"
    gaps: str = "keep"
    break_after: float | None = None
    sessions: str = "join"

    def __post_init__(self) -> None:
        require_choice("dates", self.dates, DATE_ORDERS)
        require_choice("decimal", self.decimal, DECIMALS)
        if self.returns is not None:
            require_choice("returns", self.returns, RETURNS)
        if self.sheet is not None:
            require(isinstance(self.sheet, str), "sheet", "a name", self.sheet)
        require_int("fill_limit", self.fill_limit, 1, 1000)
        for name, choices in RULES.items():
            require_choice(name, getattr(self, name), choices)
        if self.break_after is not None:
            require_real("break_after", self.break_after, 1e-6, 1e11)
        require_choice("sessions", self.sessions, SESSIONS)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the settings of ``to_dict``; those that it lacks have their defaults.

        Raises:
            ConfigError: for settings that are unknown or not as described.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f"reading: expected a JSON object, got {type(values).__name__}")
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise ConfigError(f"reading: unknown {sorted(map(str, unknown))}")
        return cls(**values)
