"""``tsgan generate``: synthetic paths from a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli.common import demand_space, demand_writable, reports_errors
from tsgan.cli.info import ModelDirectory

if TYPE_CHECKING:
    from tsgan.model import TimeSeriesGAN
    from tsgan.scenarios import Scenarios


@reports_errors
def generate(
    model: ModelDirectory,
    paths: Annotated[int, typer.Option("--paths", min=1, help="Number of paths.")],
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, max=100_000, help="Steps of each path.")
    ],
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Path k depends on the seed and k alone.")
    ] = 0,
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            metavar="vol=low|mid|high|NUMBER",
            help="Annualised volatility that each path shall realise, such as vol=0.35; default: "
            "paths move through all states as the series does.",
        ),
    ] = None,
    start_price: Annotated[
        float | None,
        typer.Option(
            "--start-price", help="Price before the first step; default: the last real one."
        ),
    ] = None,
    start_date: Annotated[
        str | None,
        typer.Option(
            "--start-date",
            metavar="YYYY-MM-DD",
            help="First date; default: after the last real one.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .parquet, .csv, or .npy of log returns."),
    ] = Path("scenarios.parquet"),
) -> None:
    """Write synthetic paths: path, step, date, log_return, close."""
    from tsgan.cli.progress import progress_bar
    from tsgan.conditions import parse_given
    from tsgan.model import TimeSeriesGAN
    from tsgan.periods import origin_of
    from tsgan.scenario_files import check_suffix, write_scenarios

    check_suffix(out)
    demand_writable(out)
    level = None if given is None else parse_given(given)
    loaded = TimeSeriesGAN.load(model)
    groups = loaded.sample_groups(
        paths, horizon, seed=seed, given=level, start_price=start_price, start_date=start_date
    )
    demand_space(out, paths, horizon)
    if not loaded.training_.finished:
        typer.echo("tsgan: warning: this model's fit was interrupted; see tsgan info", err=True)
    if level is not None:
        _say_condition(loaded, level)
    with progress_bar(f"writing {paths:,} paths of {horizon:,} steps", paths) as advance:

        def told() -> Iterator[Scenarios]:
            for group in groups:
                yield group
                advance(len(group.paths))

        write_scenarios(out, told(), paths, horizon, origin_of(loaded.facts_))
    typer.echo(f"Wrote {paths:,} paths of {horizon:,} steps to {out} (seed {seed}).")
    typer.echo("Next: read it with pandas and run your backtest; paths as long as the real series,")
    typer.echo(f"      and only these, can be judged in full: tsgan evaluate PRICES {model}")


def _say_condition(model: TimeSeriesGAN, level: str) -> None:
    """Say which volatility is asked for, and warn where training saw no such window."""
    levels = model.volatility_
    volatility = levels.volatility(level)
    typer.echo(f"Given: {volatility:.1%} annualised volatility, the median of paths of a year.")
    if not levels.seen(volatility):
        typer.echo(
            f"tsgan: warning: training saw windows of {levels.smallest:.1%} to "
            f"{levels.largest:.1%}; {volatility:.1%} is an extrapolation",
            err=True,
        )
