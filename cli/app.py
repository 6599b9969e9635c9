"""The command ``tsgan``; each command's heavy imports sit in its body."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from tsgan.cli.evaluate import evaluate
from tsgan.cli.evaluate_images import evaluate_images
from tsgan.cli.fetch import fetch
from tsgan.cli.fit import fit
from tsgan.cli.fit_images import fit_images
from tsgan.cli.fit_many import fit_many
from tsgan.cli.generate import generate
from tsgan.cli.info import info
from tsgan.cli.inspect import inspect
from tsgan.cli.several import demand_alone

app = typer.Typer(
    name="tsgan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(inspect)
app.command()(fit)
app.command()(fit_many)
app.command()(generate)
app.command()(evaluate)
app.command()(info)
app.command()(fetch)
app.command()(fit_images)
app.command()(evaluate_images)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tsgan {version('tsgan')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Synthetic price paths for backtests from one price file, with an honest report.

    Begin with: tsgan fit prices.csv
    """
    demand_alone(context.invoked_subcommand)


def main() -> None:
    """Run the command line; what a terminal cannot write becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
