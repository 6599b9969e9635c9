"""Options of ``tsgan generate``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

OF_PATHS, OF_MARKET, OF_FILES = "Paths", "The market they are in", "Files"


class Shape(StrEnum):
    """How a table holds paths."""

    long = "long"
    wide = "wide"


class Values(StrEnum):
    """What a wide table holds."""

    close = "close"
    log_return = "log_return"


class Library(StrEnum):
    """Libraries that scenarios are written for."""

    backtesting = "backtesting"
    backtrader = "backtrader"
    vectorbt = "vectorbt"
    zipline = "zipline"
    skfolio = "skfolio"


Paths = Annotated[
    int | None, typer.Option("--paths", min=1, help="Number of paths.", rich_help_panel=OF_PATHS)
]
Images = Annotated[
    int | None,
    typer.Option(
        "--images",
        min=1,
        max=10**9,
        help="Number of images, of a model of tsgan fit-images. Takes --seed, --only, --overwrite, "
        "--given digit=7 (class=NAME, code=3, c1=-0.5; digit=all: a row of each) and --out "
        "x.png (a sheet), x.npy or a folder.",
        rich_help_panel=OF_PATHS,
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon", min=1, max=10_000_000, help="Steps of each path.", rich_help_panel=OF_PATHS
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        help="Path k depends on the seed and k alone.",
        rich_help_panel=OF_PATHS,
    ),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="K|K-L",
        help="Make path K alone, or K to L, as they are among --paths.",
        rich_help_panel=OF_PATHS,
    ),
]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--given",
        metavar="NAME=VALUE|FILE.csv",
        help="What the paths are under: vol=low, mid, high or an annualised volatility such as "
        "vol=0.35; another condition of the model, as in crisis=yes; or a schedule with a column "
        "for each and a column step or date. Repeatable. Default: paths move through all states "
        "as the series does.",
        rich_help_panel=OF_MARKET,
    ),
]
Extrapolate = Annotated[
    bool,
    typer.Option(
        "--extrapolate",
        help="Do not warn of given values that training did not see.",
        rich_help_panel=OF_MARKET,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(
        "--from-history",
        metavar="PRICES",
        help="Continue these prices, from the market's state at their end.",
        rich_help_panel=OF_MARKET,
    ),
]
Drift = Annotated[
    str | None,
    typer.Option(
        "--drift",
        metavar="real|zero|NUMBER",
        help="Mean of the log returns: that of training, none, or so much a year; default: the "
        "model's own.",
        rich_help_panel=OF_MARKET,
    ),
]
StartPrice = Annotated[
    float | None,
    typer.Option(
        "--start-price",
        help="Price before the first step; default: the last real one.",
        rich_help_panel=OF_MARKET,
    ),
]
StartDate = Annotated[
    str | None,
    typer.Option(
        "--start-date",
        metavar="YYYY-MM-DD",
        help="First date; default: after the last real one.",
        rich_help_panel=OF_MARKET,
    ),
]
CalendarName = Annotated[
    str,
    typer.Option(
        "--calendar",
        metavar="NAME",
        help="Days of daily paths: business days, 24/7, or an exchange such as XNYS; default: as "
        "the series was.",
        rich_help_panel=OF_MARKET,
    ),
]
Tick = Annotated[
    float | None,
    typer.Option(
        "--tick",
        help="Prices are rounded to its multiples, such as 0.01.",
        rich_help_panel=OF_MARKET,
    ),
]
Out = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        help="File to write: .parquet, .csv, or .npy of log returns; a folder/ of Parquet files; "
        "or an address such as s3://bucket/paths.parquet.",
        rich_help_panel=OF_FILES,
    ),
]
ShapeOption = Annotated[
    Shape,
    typer.Option(
        "--shape",
        help="A row for each step of a path, or a column for each path, and each asset of it.",
        rich_help_panel=OF_FILES,
    ),
]
ValuesOption = Annotated[
    Values, typer.Option("--values", help="What a wide table holds.", rich_help_panel=OF_FILES)
]
Partition = Annotated[
    int | None,
    typer.Option(
        "--partition",
        metavar="PATHS",
        min=1,
        help="Write a folder of files with so many paths each.",
        rich_help_panel=OF_FILES,
    ),
]
For = Annotated[
    Library | None,
    typer.Option(
        "--for",
        help="Write a folder with what this backtesting library takes, and print a script that "
        "runs it.",
        rich_help_panel=OF_FILES,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with what an interrupted run of the same command has left.",
        rich_help_panel=OF_FILES,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the file in --out; a folder never is.",
        rich_help_panel=OF_FILES,
    ),
]
