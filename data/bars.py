"""Bars of one asset: the open, high, low and volume beside the closes that are used."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsgan.data.columns import bar_columns
from tsgan.data.findings import Finding
from tsgan.data.rows import BoolArray, Sheet, counted
from tsgan.data.sheets import Choice, sheet_of
from tsgan.data.tables import FloatArray
from tsgan.data.volumes import volumes
from tsgan.errors import DataError
from tsgan.reading import ReadConfig

ROUNDING = 1e-6
"""A high that is so little below the close, as a share of it, is so by rounding alone."""

FAR = 5.0
"""A high or low that is so many times away from open and close is told."""

LEAST_SHARE = 0.5
"""Of the rows, at least this share are bars that hold their close."""

SAME_FACTOR = 5e-5
"""Factors that differ by less are the same but for the digits of an adjusted close: no dividend."""

FIELDS = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class BarPrices:
    """Bars in order of time, one for each price of :class:`tsgan.data.prices.Prices`.

    Attributes:
        open, high, low, close: (n,) float64, finite and above 0, in the unit of the prices;
            ``low <= min(open, close)`` and ``max(open, close) <= high``.
        volume: (n,) float64 of 0 and above, as it stands in the file; NaN where the file has none
            of a row. None where there is no volume to speak of.

    Raises:
        DataError: at birth, where they are not as described.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None = None

    def __post_init__(self) -> None:
        columns = [getattr(self, name) for name in FIELDS]
        shape = self.close.shape
        if len(shape) != 1 or any(column.shape != shape for column in columns):
            raise DataError(
                f"expected open, high, low and close of one shape (n,), found "
                f"{', '.join(str(column.shape) for column in columns)}"
            )
        if not all(bool(np.all(np.isfinite(column) & (column > 0))) for column in columns):
            raise DataError("expected finite prices above 0 in every bar, found others")
        bottom, top = np.minimum(self.open, self.close), np.maximum(self.open, self.close)
        wrong = np.flatnonzero((self.low > bottom) | (self.high < top))
        if wrong.size:
            row = int(wrong[0])
            shown = ", ".join(f"{name} {getattr(self, name)[row]:g}" for name in FIELDS)
            raise DataError(
                f"bar {row}: expected open and close between low and high, found {shown}"
            )
        if self.volume is not None:
            self._check_volume(self.volume)

    def _check_volume(self, volume: FloatArray) -> None:
        if volume.shape != self.close.shape:
            raise DataError(
                f"expected {self.close.shape} volumes, one for each bar, found {volume.shape}"
            )
        if not bool(np.all(np.isnan(volume) | (np.isfinite(volume) & (volume >= 0)))):
            raise DataError("expected finite volumes of 0 or above, found others")
        if not bool(np.any(volume > 0)):
            raise DataError("expected a volume above 0 in some bar, found none; leave volume out")

    def __len__(self) -> int:
        return len(self.close)


def bars_beside(
    sheets: list[Sheet], reading: ReadConfig, found: list[Finding], said: list[str]
) -> BarPrices:
    """Return the bars of the rows that are used, as many as there are closes.

    Opens, highs and lows are scaled by close over unadjusted close, row by row, where the prices
    are adjusted and these are not. A bar that does not hold its open and close is widened until it
    does; what a bar lacks is taken from its neighbour: the open from the close before, highs and
    lows from open and close.

    Args:
        sheets: of each asset, the rows in use; there must be one of one asset.
        reading: how the columns are read.
        found, said: told what was repaired, and which columns were taken.

    Raises:
        DataError: several assets, returns instead of prices, no columns of open, high and low, or
            such as do not belong to the closes.
    """
    sheet, columns = sheets[0], _columns(sheets, reading)
    close = sheet.values[:, 0]
    raw = {name: _column(sheet, columns[name], reading) for name in columns if name != "volume"}
    own = _own_closes(sheet, raw, close)
    bars = _scaled(_repaired(sheet, raw, own, found), own, close)
    volume, missing = None, ""
    if "volume" in columns:
        volume, missing = volumes(sheet.table, columns["volume"], sheet.rows, reading)
    taken = [*FIELDS[:3], *(() if volume is None else ("volume",))]
    listed = ", ".join(sheet.table.named(columns[name]) for name in taken)
    scaled = (
        "" if np.allclose(own, close, rtol=1e-9, atol=0) else ", scaled as the close is adjusted"
    )
    said.append(f"Columns {listed} give the bars{scaled}.")
    said.extend([missing] if missing else [])
    return replace(bars, volume=volume)


def _columns(sheets: list[Sheet], reading: ReadConfig) -> dict[str, int]:
    """Return the columns of the bars by field, or raise DataError."""
    sheet = sheets[0]
    source = sheet.table.source
    names = [name for one in sheets for name in one.assets]
    if len(names) != 1:
        more = ", …" if len(names) > 5 else ""
        raise DataError(
            f"{source}: expected one asset to read bars of, found {len(names)} "
            f"({', '.join(names[:5])}{more}); name one with --column"
        )
    if reading.returns is not None:
        raise DataError(
            f"{source}: expected prices to read bars of, found returns; read a file "
            "with open, high, low and close, without --returns"
        )
    columns = bar_columns(sheet.table, sheet.columns[0])
    lacking = [name for name in ("open", "high", "low") if name not in columns]
    if lacking:
        raise DataError(
            f"{source}: expected columns of open, high and low beside "
            f"{sheet.table.named(sheet.columns[0])}, found no {' and no '.join(lacking)} among "
            f"{sheet.table.columns_listed()}; rename them so, or learn the closes alone"
        )
    return columns


def _column(sheet: Sheet, column: int, reading: ReadConfig) -> FloatArray:
    """Return (k,) numbers of another column in the rows that are used, NaN where missing."""
    whole, _ = sheet_of(sheet.table, Choice(None, None, (column,), ""), reading, [])
    numbers: FloatArray = whole.values[sheet.rows, 0]
    return numbers


def _own_closes(sheet: Sheet, raw: dict[str, FloatArray], close: FloatArray) -> FloatArray:
    """Return (k,) closes in the unit of the bars: unadjusted ones, or those that are used.

    Some files adjust the whole bar, others the close alone: the one holds that puts more closes
    between their low and high.

    Raises:
        DataError: fewer than half of the bars hold their close either way.
    """
    candidates = [raw["close"], close] if "close" in raw else [close]
    slack = ROUNDING * close
    with np.errstate(invalid="ignore"):
        held = [(raw["low"] <= own + slack) & (own <= raw["high"] + slack) for own in candidates]
        known = np.isfinite(raw["low"]) & np.isfinite(raw["high"]) & (raw["low"] > 0)
    shares = [int(np.sum(inside & known)) for inside in held]
    if max(shares) < LEAST_SHARE * len(close):
        raise DataError(
            f"{sheet.table.source}: expected most closes between the low and the high of their "
            f"row, found {max(shares):,} of {len(close):,}; name the close of these bars with "
            "--column, or learn the closes alone"
        )
    best = candidates[shares.index(max(shares))]
    return np.where(np.isfinite(best) & (best > 0), best, close)


def _repaired(
    sheet: Sheet, raw: dict[str, FloatArray], own: FloatArray, found: list[Finding]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return open, high and low that make bars with their own closes, and tell what was mended."""
    opens, high, low = (
        np.where(np.isfinite(raw[name]) & (raw[name] > 0), raw[name], np.nan) for name in FIELDS[:3]
    )
    gone = np.isnan(opens) | np.isnan(high) | np.isnan(low)
    before = np.clip(np.r_[own[:1], own[:-1]], low, high)  # NaN where there is no range
    opens = np.where(np.isnan(opens), np.where(np.isnan(before), own, before), opens)
    corners = opens, high, low, own
    top, bottom = np.fmax.reduce(corners), np.fmin.reduce(corners)
    slack = ROUNDING * own
    wrong = ~gone & ((top > high + slack) | (bottom < low - slack))
    far = (top > FAR * np.maximum(opens, own)) | (FAR * bottom < np.minimum(opens, own))
    _tell(sheet, found, gone, "completed", "Completed {} without an open, high or low above 0")
    _tell(sheet, found, wrong, "widened", "Widened {} whose high or low did not hold the others")
    _tell(sheet, found, far, "kept", f"Kept {{}} whose high or low is over {FAR:g} times away")
    return opens, top, bottom


def _scaled(
    bars: tuple[FloatArray, FloatArray, FloatArray], own: FloatArray, close: FloatArray
) -> BarPrices:
    """Return the bars in the unit of ``close``; what is equal in the file is equal afterwards."""
    opens, high, low = bars
    factor = close / own
    scaled = opens * factor
    same = (opens[1:] == own[:-1]) & (np.abs(np.diff(np.log(factor))) < SAME_FACTOR)
    scaled[1:] = np.where(same, close[:-1], scaled[1:])
    scaled = np.where(opens == own, close, scaled)
    top, bottom = np.maximum(scaled, close), np.minimum(scaled, close)
    above, below = high / np.maximum(opens, own), low / np.minimum(opens, own)
    return BarPrices(scaled, top * above, bottom * below, close)


def _tell(sheet: Sheet, found: list[Finding], which: BoolArray, action: str, sentence: str) -> None:
    if which.any():
        text = sentence.format(counted(int(which.sum()), "bar")) + ": {}."
        found.append(sheet.finding("bars", action, which, text))
