"""``tsgan evaluate``: how far scenarios are from real prices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tsgan.cli.common import Column, PricesFile, demand_writable, reports_errors


@reports_errors
def evaluate(
    prices: PricesFile,
    synthetic: Annotated[
        Path,
        typer.Argument(
            metavar="SYNTHETIC",
            help="File of tsgan generate, or .npy of log returns (paths, horizon).",
        ),
    ],
    column: Column = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the table there.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report there, one HTML file.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of noise band and baselines.")] = 0,
) -> None:
    """Compare synthetic paths with real prices, beside a noise band and GARCH models."""
    for target in (json, report):
        if target is not None:
            demand_writable(target)
    from tsgan.cli.progress import stage_bar
    from tsgan.cli.tables import print_evaluation
    from tsgan.data.prices import read_prices
    from tsgan.data.returns import log_returns
    from tsgan.errors import ConfigError
    from tsgan.evaluation import evaluate as compare
    from tsgan.report import ReportContext, write_metrics, write_report
    from tsgan.scenario_files import read_log_returns

    real = read_prices(prices, column or ())
    if len(real.names) != 1:
        raise ConfigError(
            f"--column: expected one column to compare with, got {', '.join(real.names)}"
        )
    paths = read_log_returns(synthetic)
    with stage_bar("evaluating") as told:
        found = compare(log_returns(real)[:, 0], paths, name=real.source, seed=seed, progress=told)
    print_evaluation(found)
    if json is not None:
        write_metrics(json, found)
        typer.echo(f"Wrote {json}.")
    if report is not None:
        facts = [
            ("Real prices", f"{real.source}, column {real.names[0]}"),
            ("SHA-256", real.sha256),
            ("Synthetic paths", synthetic.name),
        ]
        context = ReportContext(f"{synthetic.name} against {real.source}", "tsgan evaluate", facts)
        write_report(report, found, context)
        typer.echo(f"Wrote {report}: open it in a browser.")
