"""``tsgan evaluate``: how far synthetic paths are from real prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli.common import (
    Column,
    PricesFile,
    demand_other_files,
    demand_writable,
    reports_errors,
)
from tsgan.cli.reading_options import options_given, with_reading
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.results import Evaluation

Synthetic = Annotated[
    list[Path],
    typer.Argument(
        metavar="SYNTHETIC...",
        help="File of tsgan generate, a model directory, .npy of log returns, or CSV or Parquet of "
        "prices or log returns, a column per path. Several are compared in one table.",
    ),
]


@reports_errors
@with_reading
def evaluate(
    prices: PricesFile,
    synthetic: Synthetic,
    column: Column = None,
    trained_until: Annotated[
        str | None,
        typer.Option(
            "--trained-until",
            metavar="YYYY-MM-DD",
            help="Last date that the model of the paths was trained on; models and Parquet files "
            "of tsgan know it. What comes after is compared apart.",
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the table there.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report there, one HTML file.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of noise band, baselines and judges.")
    ] = 0,
    reading: ReadConfig = ReadConfig(),  # noqa: B008 - frozen
) -> None:
    """Compare synthetic paths with real prices, beside a noise band and simple models."""
    targets = [target for target in (json, report) if target is not None]
    for target in targets:
        demand_writable(target)
    demand_other_files(targets, [prices, *synthetic])
    from tsgan.cli.contestants import read_contestants, recorded_reading, wants_bars
    from tsgan.cli.progress import stage_bar
    from tsgan.cli.tables import print_evaluation
    from tsgan.data.prices import read_prices
    from tsgan.evaluation import evaluate as compare
    from tsgan.evaluation_input import PANEL_SERIES, SERIES, returns_array
    from tsgan.periods import known_until, other_periods, split_periods

    if reading == ReadConfig():
        reading = recorded_reading(prices, synthetic)
        if options := " ".join(options_given(reading)):
            typer.echo(f"Prices are read as those of the model were: {options}.")
    real = read_prices(prices, column or (), reading, bars=wants_bars(synthetic))
    returns_array(real.source, real, SERIES if len(real.names) == 1 else PANEL_SERIES)
    first, *others = read_contestants(real, synthetic, seed)
    origin = first.origin if trained_until is None else known_until(trained_until, first.origin)
    periods = split_periods(real, origin)
    for note in (*_notes(real), *(note for each in (first, *others) for note in each.notes)):
        typer.echo(note)
    judged_too = first.model is not None and first.made is not None
    with stage_bar("evaluating") as told:
        found = compare(
            real,
            first.paths,
            training=periods.training,
            held_out=periods.held_out,
            others={each.name: each.paths for each in others},
            name=real.source,
            seed=seed,
            progress=lambda message, share: told(message, share * (0.9 if judged_too else 1.0)),
        )
        if first.model is not None and first.made is not None:
            from tsgan.judge import judged

            found = judged(found, first.model, first.made, real, periods, prices, seed, told)
    apart = other_periods(first.name, origin, {each.name: each.origin for each in others})
    found = replace(found, warnings=(*periods.cautions, *apart, *found.warnings))
    print_evaluation(found)
    facts = [
        ("Real prices", f"{real.source}, {', '.join(real.names)}"),
        ("SHA-256", real.sha256),
        *(("Synthetic paths", each.name) for each in (first, *others)),
        ("Seed", str(seed)),
    ]
    _write(found, facts, first.name, real.source, json, report)


def _notes(prices: Prices) -> Iterator[str]:
    """Yield how the prices were read, but not of each asset of a wide file that it is one."""
    from tsgan.cli.announcements import EACH

    for note in prices.notes:
        if len(prices.names) == 1 or not note.endswith(EACH):
            yield note


def _write(
    found: Evaluation,
    facts: list[tuple[str, str]],
    synthetic: str,
    real: str,
    json: Path | None,
    report: Path | None,
) -> None:
    from tsgan.report import ReportContext, write_metrics, write_report

    if json is not None:
        write_metrics(json, found)
        typer.echo(f"Wrote {json}.")
    if report is not None:
        write_report(report, found, ReportContext(f"{synthetic} against {real}", "", facts))
        typer.echo(f"Wrote {report}: open it in a browser.")
    else:
        typer.echo("Next: add --report report.html to see the pictures and every definition.")
