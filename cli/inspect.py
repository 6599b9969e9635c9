"""``tsgan inspect``: what the reader understands of a price file, before anyone trains on it."""

from __future__ import annotations

import json as json_format
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli.common import Column, PricesFile, demand_other_files, demand_writable, reports_errors
from tsgan.cli.reading_options import options_given, with_reading
from tsgan.config import Config
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.data.prices import Prices

STRETCHES, NAMED = 8, 5
"""Stretches of lines that the terminal shows of a finding whose sentence does not name all."""

FEWEST = 2 * Config().window
"""Returns that a fit needs."""

ENDS = 3
"""Rows at each end that are shown."""

WIDE = 6
"""Assets that are shown side by side."""


@reports_errors
@with_reading
def inspect(
    prices: PricesFile,
    column: Column = None,
    everything: Annotated[bool, typer.Option("--all", help="List every line.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write all of it there.")] = None,
    reading: ReadConfig = ReadConfig(),  # noqa: B008 - frozen
) -> None:
    """Show what is read of a price file: columns, dates, doubtful rows and their lines."""
    if json is not None:
        demand_writable(json)
        demand_other_files([json], [prices])
    from tsgan.data.prices import read_prices

    read = read_prices(prices, column or (), reading)
    for title, text in _summary(read):
        typer.echo(f"{title:<9}{text}")
    for note in read.notes[: len(read.notes) - len(read.findings)]:
        typer.echo(f"{'':<9}{note}")
    typer.echo()
    typer.echo(_ends(read))
    typer.echo()
    for finding in read.findings:
        typer.echo(f"{finding.kind:<12}{finding.action:<9}{finding.count:>7,}  {finding.text}")
        if finding.count > NAMED:
            lines = finding.listed(None if everything else STRETCHES)
            typer.echo(f"{'':<30}lines {lines}")
    if not everything and any(len(finding.lines) > STRETCHES for finding in read.findings):
        typer.echo("All lines: --all")
    if not read.findings:
        typer.echo("Nothing was left out, and nothing looks odd.")
    if json is not None:
        from tsgan.files import write_atomically

        text = json_format.dumps(_account(read), indent=2, ensure_ascii=False) + "\n"
        write_atomically(json, text.encode())
        typer.echo(f"Wrote {json}.")
    typer.echo(f"Next: {_next(read, prices, column or [])}")


def _summary(prices: Prices) -> list[tuple[str, str]]:
    """Return the heads of the account."""
    from tsgan.data.findings import DROPPED
    from tsgan.data.returns import log_returns, periods_per_year

    returns = log_returns(prices)
    per_year = periods_per_year(prices.values.index)
    dropped = sum(finding.count for finding in prices.findings if finding.action == DROPPED)
    used = prices.rows_read - dropped
    names = ", ".join(prices.names[:WIDE]) + (", …" if len(prices.names) > WIDE else "")
    assets = f"{len(prices.names)} assets" if len(prices.names) > 1 else "column"
    index = prices.values.index
    dates = f"{index[0]} … {index[-1]}".replace(" 00:00:00", "")
    if not prices.has_dates:
        dates = "none; rows in the order in which they stand"
    sd = returns.std(axis=0)
    spread = f"{sd.min():.2%}" if len(sd) == 1 else f"{sd.min():.2%} … {sd.max():.2%}"
    yearly = (sd * per_year**0.5).max()
    return [
        ("file", f"{prices.source}, SHA-256 {prices.sha256}"),
        ("prices", f"{len(prices):,} of {assets} {names}"),
        ("dates", dates),
        ("rows", f"{prices.rows_read:,} read = {used:,} used + {dropped:,} left out"),
        (
            "returns",
            f"{len(returns):,} log returns, sd {spread} a step ({yearly:.1%} a year of "
            f"{per_year:g} steps), from {returns.min():+.2%} to {returns.max():+.2%}",
        ),
    ]


def _ends(prices: Prices) -> str:
    """Return the first and the last rows as a table."""
    import pandas as pd

    shown = prices.values.iloc[:, :WIDE]
    if len(shown) > 2 * ENDS:
        text = pd.concat([shown.head(ENDS), shown.tail(ENDS)]).to_string().splitlines()
        return "\n".join([*text[: len(text) - ENDS], "…", *text[len(text) - ENDS :]])
    return str(shown.to_string())


def _account(prices: Prices) -> dict[str, object]:
    """Return everything as JSON types."""
    index = prices.values.index
    return {
        "source": prices.source,
        "sha256": prices.sha256,
        "assets": list(prices.names),
        "prices": len(prices),
        "rows_read": prices.rows_read,
        "first": str(index[0]) if prices.has_dates else None,
        "last": str(index[-1]) if prices.has_dates else None,
        "notes": list(prices.notes),
        "findings": [finding.to_dict(None) for finding in prices.findings],
        "reading": prices.reading.to_dict(),
    }


def _next(prices: Prices, path: Path, columns: list[str]) -> str:
    """Return the command that fits a model to the file, read in the same way."""
    from tsgan.data.returns import log_returns

    if len(log_returns(prices)) < FEWEST:
        return f"give a longer file: tsgan fit needs {FEWEST + 1} prices at least"
    asked = [prices.names[0]] if len(prices.names) > 1 else columns
    options = [part for name in asked[:1] for part in ("--column", name)]
    command = ["tsgan", "fit", str(path), *options]
    return shlex.join([*command, *options_given(prices.reading)])
