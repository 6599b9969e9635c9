"""The options of the commands about images; those of None take the configuration's default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from tsgan.cli.fit_options import OBJECTIVES, PRESETS
from tsgan.config import TrainingConfig

NETWORKS = ("slim", "wgan", "dcgan", "progressive")
DEFAULT_NETWORK = NETWORKS[0]

COUPLED_OBJECTIVE = "gan"
"""Where the images of a batch hear each other, so that none has a gradient of its own."""

Source = Annotated[
    str,
    typer.Argument(
        metavar="IMAGES",
        help="mnist, which is downloaded once; sample, 1,797 digits that come with tsgan; or a "
        "folder of idx files by MNIST's names (also .gz), or of PNG or JPEG pictures in a folder "
        "for each class.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Model directory; default: the images' name and -model."),
]
Labels = Annotated[
    bool, typer.Option("--labels", help="Learn the classes, so that one can be given.")
]
Groups = Annotated[
    int | None,
    typer.Option(
        "--groups",
        metavar="N",
        help="Put images that look alike into N groups at most before training, within their "
        "classes with --labels, and tell the networks; default: 300 for slim without --codes, "
        "else 0.",
    ),
]
Codes = Annotated[
    str | None,
    typer.Option(
        "--codes",
        metavar="N|N+M",
        help="Find kinds of images without labels (InfoGAN): a code of N classes, and M numbers, "
        "as in 10+2.",
    ),
]
Network = Annotated[
    str,
    typer.Option("--network", metavar="|".join(NETWORKS), help="Pair of networks."),
]
Objective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="|".join(OBJECTIVES),
        help=f"Losses of generator and critic; default {TrainingConfig.objective}, of networks "
        f"with batch normalisation in the critic {COUPLED_OBJECTIVE}.",
    ),
]
BatchNorm = Annotated[
    bool,
    typer.Option("--batch-norm/--no-batch-norm", help="Batch normalisation of dcgan."),
]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        metavar="|".join(PRESETS),
        help="Settings of the objective: tsgan's own, or as its paper prints them.",
    ),
]
MaxTime = Annotated[
    str | None,
    typer.Option(
        "--max-time", metavar="DURATION", help="Training time, such as 90s, 5m or 1h; default 10m."
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", help="Generator steps instead of a time: same seed, same weights on a CPU."
    ),
]
Batch = Annotated[int | None, typer.Option("--batch", help="Images of a step; default 64.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")]
EvaluatedImages = Annotated[
    int,
    typer.Option("--images", min=50, max=1_000_000, help="Images to compare, as many real ones."),
]


def parse_codes(text: str) -> tuple[int, int]:
    """Return the classes of a latent code and its numbers, of ``10`` or ``10+2``.

    Raises:
        typer.BadParameter: for anything else.
    """
    match = re.fullmatch(r"(\d{1,4})(?:\+(\d{1,4}))?", text.strip())
    if match is None:
        raise typer.BadParameter(
            f"expected --codes N or N+M, such as 10+2 (10 classes and 2 numbers), got {text!r}"
        )
    return int(match[1]), int(match[2] or 0)
