"""What a model remembers of the data it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tsgan.bar_channels import base_volume
from tsgan.calendar_learning import iso_date
from tsgan.calendars import Calendar
from tsgan.data.prices import Prices


@dataclass(frozen=True)
class DataFacts:
    """What a model remembers of the data it was fitted on.

    Attributes:
        source, column, sha256: the file's name, its price column or columns, the hash of its bytes.
        prices: prices used; returns: their log returns; training: how many of them were trained on.
        first_date, last_date: of the prices; training_end: date of the last training return.
        last_price: the anchor of generated paths, of the first asset.
        periods_per_year: what annualises a volatility.
        step: how dates follow each other, see ``Calendar``.
        notes: what the reader decided.
        findings: rows that were left out, changed or look odd, see ``Finding.to_dict``.
        reading, columns: how the file was read, to read it so again, see ``ReadConfig``.
        breaks: where windows ended within the training part.
        assets, last_prices: of several assets, their names and the anchors of their paths.
        dates: how they follow each other besides, see ``Calendar.to_dict``.
        last_volume: of bars, what the volumes of generated ones begin at, None without.
        sources: hashes of the files that conditions come from, by the conditions' names.
        means: mean training return of each asset; earlier models have none.
    """

    source: str
    column: str
    sha256: str
    prices: int
    returns: int
    training: int
    first_date: str | None
    last_date: str | None
    training_end: str | None
    last_price: float
    periods_per_year: float
    step: str | int
    notes: tuple[str, ...]
    findings: tuple[Mapping[str, Any], ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    breaks: int = 0
    assets: tuple[str, ...] = ()
    last_prices: tuple[float, ...] = ()
    dates: Mapping[str, Any] = field(default_factory=dict)
    last_volume: float | None = None
    sources: Mapping[str, Any] = field(default_factory=dict)
    means: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        prices: Prices,
        returns: int,
        training: int,
        per_year: float,
        calendar: Calendar,
        sources: Mapping[str, str],
        means: tuple[float, ...],
    ) -> Self:
        """Return the facts of ``prices``, of whose ``returns`` the first ``training`` are learned.

        Args:
            prices: of one asset or several.
            returns, training: numbers of log returns.
            per_year: periods per year.
            calendar: how the dates go on.
            sources: hashes of further files that conditions come from, by the conditions' names.
            means: mean training return of each asset.
        """
        index, dated = prices.values.index, prices.has_dates
        last = tuple(float(price) for price in prices.values.to_numpy()[-1])
        several = len(last) > 1
        return cls(
            source=prices.source,
            column=", ".join(prices.names),
            sha256=prices.sha256,
            prices=len(prices),
            returns=returns,
            training=training,
            first_date=iso_date(index[0]) if dated else None,
            last_date=iso_date(index[-1]) if dated else None,
            training_end=iso_date(prices.return_index[training - 1]) if dated else None,
            last_price=last[0],
            periods_per_year=per_year,
            step=calendar.step,
            notes=prices.notes,
            findings=tuple(finding.to_dict() for finding in prices.findings),
            reading=prices.reading.to_dict(),
            columns=prices.columns,
            breaks=len(prices.breaks),
            assets=prices.names if several else (),
            last_prices=last if several else (),
            dates=calendar.to_dict(),
            sources=dict(sources),
            means=means,
            last_volume=None if prices.bars is None else base_volume(prices.bars),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each asset."""
        return self.assets or (self.column,)

    @property
    def calendar(self) -> Calendar:
        """Return how the dates go on."""
        return Calendar.from_dict(self.last_date, self.step, self.dates)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON types."""
        lists = {"notes": list(self.notes), "findings": list(self.findings)}
        tuples = ("columns", "assets", "last_prices", "means")
        return asdict(self) | lists | {name: list(getattr(self, name)) for name in tuples}
