"""Fetched prices and their provenance, and the two files that hold them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from tsgan.data.spans import Span
from tsgan.errors import ConfigError
from tsgan.files import write_atomically

FORMATS = (".csv", ".parquet")
TERMS = (
    "The data are Yahoo's and stand under its terms; see "
    "https://legal.yahoo.com/us/en/yahoo/terms/otos/index.html before you pass them on."
)
ADJUSTED = "the adjusted close, for splits and dividends"
ADJUSTED_WITHIN_A_DAY = "for splits; within a day Yahoo adjusts no price for dividends"


@dataclass(frozen=True)
class Fetched:
    """Prices, and what is known of them.

    Attributes:
        frame: ``Date``, or ``Datetime`` in UTC within a day, then Open, High, Low, Close, Adj Close
            and Volume of one ticker, or one adjusted close per ticker.
        tickers: in the order of the columns.
        span: what was asked for.
        series: of each ticker its currency, time zone, rows, those that others lack (``lost``),
            when Yahoo was asked (``fetched``), by which ``yfinance``, and whether the answer had
            been kept (``cached``).
        notes: what was left out, in plain sentences.
    """

    frame: pd.DataFrame
    tickers: tuple[str, ...]
    span: Span
    series: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    @property
    def first(self) -> str:
        """The first date, or time in UTC."""
        return self._time(0)

    @property
    def last(self) -> str:
        """The last date, or time in UTC."""
        return self._time(-1)

    @property
    def fetched(self) -> str:
        """When Yahoo was asked, in UTC; the earliest answer counts."""
        return min(str(one["fetched"]) for one in self.series)

    def __len__(self) -> int:
        return len(self.frame)

    def _time(self, row: int) -> str:
        moment = pd.DatetimeIndex(self.frame.iloc[:, 0])[row]
        return moment.isoformat() if self.span.intraday else moment.date().isoformat()

    def provenance(self, file: str, sha256: str) -> dict[str, Any]:
        """Return where the prices come from, as JSON types, beside a ``file`` of such a digest."""
        return {
            "file": file,
            "sha256": sha256,
            "source": "Yahoo Finance, through yfinance",
            "yfinance": ", ".join(sorted({str(one["yfinance"]) for one in self.series})),
            "fetched": self.fetched,
            "tickers": list(self.tickers),
            "interval": self.span.interval,
            "asked": {"first": str(self.span.first), "last": str(self.span.last)},
            "first": self.first,
            "last": self.last,
            "rows": len(self),
            "adjusted": ADJUSTED_WITHIN_A_DAY if self.span.intraday else ADJUSTED,
            "series": [dict(one) for one in self.series],
            "notes": list(self.notes),
            "terms": TERMS,
        }


def demand_target(path: Path, overwrite: bool = False) -> None:
    """Raise ConfigError, before anything is asked, if prices cannot be written to ``path``."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: expected a name that ends in .csv or .parquet; choose another")
    if not path.parent.is_dir():
        raise ConfigError(
            f"{path}: expected a folder that exists, {path.parent} does not; create it or choose "
            "another path"
        )
    for file in (path, side_file(path)):
        if file.is_dir():
            raise ConfigError(f"{file}: expected a file to write, this is a folder; name a file")
        if file.exists() and not overwrite:
            raise ConfigError(
                f"{file}: expected a new file, it exists; choose another --out, or replace it with "
                "--overwrite"
            )
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a folder that can be written to, {path.parent} cannot "
            f"({error.strerror}); choose another path"
        ) from None


def side_file(path: Path) -> Path:
    """Return where the provenance of the prices at ``path`` is written."""
    return path.with_name(path.name + ".json")


def write_fetched(path: Path, fetched: Fetched) -> None:
    """Write the prices as CSV or Parquet, and their provenance to ``side_file(path)``.

    Raises:
        ConfigError: the name ends otherwise.
        DataError: the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: expected a name that ends in .csv or .parquet; choose another")
    if path.suffix.lower() == ".csv":
        content = fetched.frame.to_csv(index=False, lineterminator="\n").encode()
    else:
        buffer = BytesIO()
        fetched.frame.to_parquet(buffer, index=False)
        content = buffer.getvalue()
    facts = fetched.provenance(path.name, hashlib.sha256(content).hexdigest())
    write_atomically(path, content)
    write_atomically(side_file(path), json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
