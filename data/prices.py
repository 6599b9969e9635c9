"""The only reader of price files: a file or frame in, checked prices and an account of them out."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from tsgan.data.bars import BarPrices
from tsgan.data.delimited import table_from_plain_text, table_from_text
from tsgan.data.files import Content, decode, demand_table, read_content
from tsgan.data.findings import Finding
from tsgan.data.interpretation import Interpreted, interpret
from tsgan.data.tables import Table, table_from_frame
from tsgan.data.workbook import table_from_workbook
from tsgan.errors import DataError
from tsgan.reading import ReadConfig
from tsgan.wording import LONGEST_NAME, is_name, printable

_HEAD = 65_536
_DAMAGE = (OSError, ValueError, TypeError, LookupError, NotImplementedError, MemoryError)
"""What pandas and pyarrow raise, among others, where a Parquet or Feather file is damaged."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices in order of time, with the account of how they were read.

    Attributes:
        values: (n, assets) float64, finite and above 0, one column per asset; the index ascends
            without repeats: times of microsecond resolution, tz-naive or UTC, or 0, 1, 2, … where
            the source has no dates.
        source: the file's name, or ``"DataFrame"``.
        sha256: of the file's bytes, or of a frame's values and index.
        rows_read: rows of data in the source; those that are not in ``values`` are in
            ``findings`` as dropped.
        notes: every decision in one plain sentence, those of ``findings`` among them.
        findings: rows that were left out, changed, or look odd, by kind, with their lines.
        breaks: rows before which windows end, and no return is taken.
        cuts: rows without a return from the row before: ``breaks``, and starts of sessions.
        columns, reading: how it was read, to read it so again.
        bars: open, high, low and volume of the same rows, where they were asked for.

    Raises:
        DataError: at birth, where the values are not as described.
    """

    values: pd.DataFrame
    source: str
    sha256: str
    rows_read: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    breaks: tuple[int, ...] = ()
    cuts: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    reading: ReadConfig = field(default_factory=ReadConfig)
    bars: BarPrices | None = None

    def __post_init__(self) -> None:
        array = self.values.to_numpy()
        index = self.values.index
        if array.dtype != np.float64 or not bool(np.all(np.isfinite(array) & (array > 0))):
            raise DataError(f"{self.source}: expected finite float64 prices above 0, found others")
        if not index.is_monotonic_increasing or not index.is_unique or len(index) < 2:
            raise DataError(f"{self.source}: expected 2 or more prices at ascending times")
        if self.bars is not None and not np.array_equal(self.bars.close, array[:, 0]):
            raise DataError(f"{self.source}: expected bars whose closes are the prices, got others")

    @property
    def names(self) -> tuple[str, ...]:
        """The assets' names, in the order of the columns."""
        return tuple(str(name) for name in self.values.columns)

    @property
    def has_dates(self) -> bool:
        """Whether the prices are dated."""
        return isinstance(self.values.index, pd.DatetimeIndex)

    @property
    def return_index(self) -> pd.Index:
        """The time at which each return ends: that of its row, those of ``cuts`` left out."""
        return self.values.index.delete([0, *self.cuts])

    def __len__(self) -> int:
        return len(self.values)


def read_prices(
    source: str | Path | pd.DataFrame | pd.Series,
    columns: Sequence[str] = (),
    reading: ReadConfig | None = None,
    *,
    bars: bool = False,
) -> Prices:
    """Read prices from a file, a DataFrame or a Series.

    CSV and other delimited text, also as .gz, .zip, .bz2 or .xz, Parquet, Feather, and with the
    extra ``tsgan[excel]`` workbooks (.xlsx, .xls).

    Args:
        source: the path, or the data themselves.
        columns: the price columns, one per asset: exact names, else without regard to case. Left
            out, an adjusted close is preferred to a close, and columns of numbers that have no
            such name are assets each. Of a file with a column of tickers, these tickers, or
            ``TICKER:Column``; left out, all of them. Several assets are joined on common times.
        reading: what the file leaves open, and the rule for each kind of doubtful row.
        bars: read open, high, low and volume as well; of one asset.

    Returns:
        The prices; ``notes`` and ``findings`` list every row that was dropped or looks odd, and
        every choice that was made.

    Raises:
        DataError: the source is no table of prices, or leaves open which number is a price, what
            it is worth, or when it held, or has no bars that were asked for; the message says
            where, and the remedy.
    """
    requested = (columns,) if isinstance(columns, str) else tuple(columns)
    reading = reading or ReadConfig()
    if isinstance(source, (pd.DataFrame, pd.Series)):
        found = interpret(table_from_frame(source, "DataFrame"), requested, reading, bars=bars)
        return _prices(found, requested, reading, found.digest())
    if not isinstance(source, (str, os.PathLike)):
        raise DataError(
            f"expected a path, DataFrame or Series of prices, found {type(source).__name__}"
        )
    content = read_content(Path(source))
    table, notes = table_of(content, reading)
    digest = content.digest
    del content  # not needed beside its table
    found = interpret(table, requested, reading, notes, bars=bars)
    return _prices(found, requested, reading, digest())


def table_of(content: Content, reading: ReadConfig) -> tuple[Table, tuple[str, ...]]:
    """Return the table of a file, and a note on its encoding."""
    if content.kind in ("parquet", "feather"):
        return _table_from_arrow(content), ()
    if content.kind == "workbook":
        return table_from_workbook(content.data, content.name, reading.sheet), ()
    if content.data.startswith(BOM_UTF8):
        content = replace(content, data=content.data[len(BOM_UTF8) :])
    head = content.data[:_HEAD]
    if head.isascii() and head.strip():
        demand_table(head.decode("ascii"), content.name)
        table = table_from_plain_text(content.data, content.name)
        if table is not None:
            return table, ()
    text, encoding = decode(content)
    table = table_from_text(text, content.name)
    return table, (
        () if encoding == "UTF-8" else (f"The file is not UTF-8 and was read as {encoding}.",)
    )


def _table_from_arrow(content: Content) -> Table:
    from pyarrow import feather, parquet

    stream = BytesIO(content.data)
    try:
        parquet_file = content.kind == "parquet"
        whole = parquet.ParquetFile(stream).read() if parquet_file else feather.read_table(stream)
        whole.validate(full=True)  # else strings of a damaged file may be read beyond their end
        return table_from_frame(whole.to_pandas(), content.name)
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            f"{content.name}: expected a whole {content.kind.capitalize()} file, found a damaged "
            f"one ({reason}); write it again"
        ) from None


def _prices(
    found: Interpreted, columns: tuple[str, ...], reading: ReadConfig, digest: str
) -> Prices:
    _demand_names(found)
    findings = [replace(finding, text=printable(finding.text)) for finding in found.findings]
    said = (*map(printable, found.said), *(finding.text for finding in findings))
    return Prices(
        values=found.values,
        source=printable(found.source),
        sha256=digest,
        rows_read=found.rows_read,
        notes=said,
        findings=tuple(findings),
        breaks=tuple(int(row) for row in found.breaks),
        cuts=tuple(int(row) for row in found.cuts),
        columns=columns,
        reading=reading,
        bars=found.bars,
    )


def _demand_names(found: Interpreted) -> None:
    """Raise DataError for a name that hides something from whoever reads it, or never ends."""
    odd = next((name for name in map(str, found.values.columns) if not is_name(name)), None)
    if odd is not None:
        shown = ascii(odd) if len(odd) < 50 else f"{odd[:40]!a} and {len(odd) - 40:,} more"
        raise DataError(
            f"{printable(found.source)}: expected names of at most {LONGEST_NAME} characters "
            f"without control characters, found {shown}; rename the column"
        )
