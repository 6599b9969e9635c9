"""``tsgan fetch``: a price file from Yahoo."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli.common import reports_errors

if TYPE_CHECKING:
    from tsgan.data.fetched import Fetched

PATIENCE = 2.0
"""Seconds after which a wait for Yahoo is announced."""


@reports_errors
def fetch(
    tickers: Annotated[
        list[str],
        typer.Argument(
            metavar="TICKER", help="As Yahoo writes them: AAPL, ^GSPC, EURUSD=X, BTC-USD."
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="YYYY-MM-DD", help="First day; default: all there are."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--end", metavar="YYYY-MM-DD", help="Last day, included; default: yesterday in UTC."
        ),
    ] = None,
    interval: Annotated[
        str,
        typer.Option(
            "--interval",
            metavar="1d|1h|5m",
            help="Yahoo has 1h for two years back, 5m for two months.",
        ),
    ] = "1d",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .csv or .parquet.")
    ] = Path("prices.csv"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file in --out.")
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Ask Yahoo again, even for what was asked today already."),
    ] = False,
) -> None:
    """Write prices from Yahoo: the bars of one ticker, or adjusted closes of several.

    Needs tsgan[fetch]. Several tickers are joined on the dates that all of them have.
    """
    from tsgan.data.cache_folder import cache_folder
    from tsgan.data.fetch import fetch_prices
    from tsgan.data.fetched import demand_target, write_fetched

    demand_target(out, overwrite)
    with _announced(f"waiting for Yahoo's prices of {', '.join(tickers)}"):
        fetched = fetch_prices(
            tickers,
            start,
            end,
            interval,
            cache=cache_folder(),
            refresh=no_cache,
            say=lambda text: typer.echo(f"tsgan: {text}", err=True),
        )
    write_fetched(out, fetched)
    _say_written(out, fetched)


@contextmanager
def _announced(text: str) -> Iterator[None]:
    """Say what is being waited for on stderr, if it takes more than a moment."""
    timer = threading.Timer(PATIENCE, lambda: typer.echo(f"tsgan: {text}", err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _say_written(out: Path, fetched: Fetched) -> None:
    from tsgan.data.fetched import side_file

    names = ", ".join(fetched.tickers)
    typer.echo(
        f"Wrote {len(fetched):,} {fetched.span.interval} prices of {names} to {out}, "
        f"{fetched.first} to {fetched.last}."
    )
    kept = sum(bool(one["cached"]) for one in fetched.series)
    if kept:
        count = f"{kept} of {len(fetched.tickers)} answers"
        typer.echo(f"Kept since {fetched.fetched}: {count}; --no-cache asks again.")
    typer.echo(f"Their source, terms and digest are in {side_file(out)}.")
    one_series = ["--column", fetched.tickers[0]] if len(fetched.tickers) > 1 else []
    typer.echo(f"Next: {shlex.join(['tsgan', 'fit', str(out), *one_series])}")
