"""The options of ``tsgan fit``; those of None take the configuration's default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tsgan.cli.common import duration
from tsgan.config import DEVICES, PRECISIONS, Config

DEFAULTS = Config()
OBJECTIVES = ("wgan-gp", "wgan", "gan", "gan-minimax", "lsgan")
PRESETS = ("tuned", "paper")

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Model directory; default: the file's name and -model."),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window", help=f"Steps whose volatility is given at once; default {DEFAULTS.window}."
    ),
]
MaxTime = Annotated[
    str | None,
    typer.Option(
        "--max-time",
        metavar="DURATION",
        help="Training time, such as 90s, 5m or 1h; default "
        f"{duration(DEFAULTS.training.max_seconds)}.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", help="Generator steps instead of a time: same seed, same weights on a CPU."
    ),
]
Objective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="|".join(OBJECTIVES),
        help=f"Losses of generator and critic; default {DEFAULTS.training.objective}.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="|".join(PRESETS),
        help="Settings of the objective: tsgan's own, or as its paper prints them, several times "
        f"slower; default {PRESETS[0]}.",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        "--patience",
        metavar="N",
        help="Stop after N of a run's "
        f"{DEFAULTS.training.check_every} checks without a lower held-out score, which saves time "
        "and may cost tails and memory; default: never.",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        help="Paths in a batch, and as many windows with a given volatility; default "
        f"{DEFAULTS.training.batch}.",
    ),
]
ClipGradients = Annotated[
    float | None,
    typer.Option(
        "--clip-gradients",
        metavar="NORM",
        help="Scale longer gradients down to this norm; default: none.",
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="|".join(PRECISIONS),
        help="Of the networks' forward passes; default auto: bfloat16 or else float16 on CUDA, "
        "float32 elsewhere.",
    ),
]
Holdout = Annotated[
    str | None,
    typer.Option(
        "--holdout",
        metavar="FRACTION|DATE",
        help="End of the series kept from training to choose the checkpoint: 0.2, or the first "
        "date; 0 keeps the last weights; default: 252 returns of a series of at least 15 times "
        "as many, else nothing.",
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--condition",
        metavar="NAME=COLUMN|NAME=FILE:COLUMN|regime[:N]|regime=found[:N]|trend",
        help="What paths can be given besides a volatility: a column of the price file or of "
        "another one, joined by date, as in vix=vix.csv:CLOSE; regime, thirds (or so many parts) "
        "by volatility; regime=found, so many kinds of windows found without labels; trend, the "
        "annual drift. Repeatable.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=FROM:TO",
        help="A condition that is yes in these days, as in crisis=2007-10:2009-03. Repeatable.",
    ),
]
BarsToo = Annotated[
    bool,
    typer.Option("--bars", help="Learn open, high, low and volume as well, of one asset."),
]
CalendarName = Annotated[
    str | None,
    typer.Option(
        "--calendar",
        metavar="NAME",
        help="How the dates go on: business days, 24/7, or an exchange such as XNYS; default: as "
        "in the file.",
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Default 0.")]
Device = Annotated[
    str | None, typer.Option("--device", metavar="|".join(DEVICES), help="Default auto.")
]
Tensorboard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Write event files to the folder tensorboard of the model directory; needs "
        "tsgan[tensorboard].",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with an interrupted fit, with its settings."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")]
Evaluated = Annotated[
    bool,
    typer.Option(
        "--evaluation/--no-evaluation",
        help="Evaluate the model after its training, and write its report.",
    ),
]
