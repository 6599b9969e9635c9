"""``tsgan evaluate-images``: how far synthetic images are from real ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsgan.cli import image_options
from tsgan.cli.common import demand_other_files, demand_writable, reports_errors
from tsgan.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tsgan.data.image_sets import ImageSets
    from tsgan.images.pictures import ModelPictures
    from tsgan.images.results import ImageEvaluation

    Pairs: TypeAlias = list[tuple[str, str]]
    Found: TypeAlias = tuple[ImageEvaluation, ModelPictures | None, Pairs, Pairs]
    Told: TypeAlias = Callable[[str, float], None]
    Judged: TypeAlias = Callable[[ImageSets, int, int, Told], Found]

Synthetic = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL|FILE.npy",
        help="Model directory of tsgan fit-images, or images (n, 28, 28) in [0, 1].",
    ),
]


@reports_errors
def evaluate_images(
    synthetic: Synthetic,
    images: image_options.Source,
    asked: Annotated[
        Path | None,
        typer.Option(
            "--asked",
            metavar="FILE.npy",
            help="The class that each image of FILE.npy was asked for, by its place from 0.",
        ),
    ] = None,
    count: image_options.EvaluatedImages = 10_000,
    json: Annotated[Path | None, typer.Option("--json", help="Write the table there.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report there, one HTML file.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of a model's images, of the judge and of choices.")
    ] = 0,
) -> None:
    """Compare synthetic images with real ones by a judge, beside what real images score."""
    targets = [target for target in (json, report) if target is not None]
    for target in targets:
        demand_writable(target)
    demand_other_files(targets, [file for file in (synthetic, asked) if file is not None])
    from tsgan.cli.image_sources import read_sets
    from tsgan.cli.image_tables import print_image_evaluation
    from tsgan.cli.progress import stage_bar

    from_model = not synthetic.is_file()
    if _is_pictures(synthetic):
        raise ConfigError(
            f"{synthetic}: expected a model, or an array of images as FILE.npy, found pictures, "
            "whose pixels have been rounded; write them with tsgan generate --out FILE.npy"
        )
    if from_model and asked is not None:
        raise ConfigError("--asked: expected it beside a file of images; a model knows by itself")
    judged = _of_model(synthetic) if from_model else _of_file(synthetic, asked)
    sets = read_sets(images)
    with stage_bar("evaluating") as told:
        found, pictures, facts, codes = judged(sets, count, seed, told)
    print_image_evaluation(found)
    _write(found, pictures, [("Images", str(synthetic)), *facts], codes, json, report)


def _is_pictures(path: Path) -> bool:
    """Return whether a path is a picture, or a folder of pictures and no model."""
    from tsgan.data.picture_files import SUFFIXES
    from tsgan.model_directory import MANIFEST, PICTURES

    if path.is_file():
        return path.suffix.lower() in SUFFIXES
    if not path.is_dir() or any((path / name).exists() for name in (MANIFEST, *PICTURES)):
        return False
    inner = [path, *(place for place in path.iterdir() if place.is_dir())]
    return any(
        file.suffix.lower() in SUFFIXES and file.name not in PICTURES
        for place in inner
        for file in place.iterdir()
    )


def _of_model(directory: Path) -> Judged:
    """Return what evaluates the model in ``directory``, which is loaded now."""
    from tsgan.images.model import ImageGAN

    model = ImageGAN.load(directory)

    def judged(sets: ImageSets, count: int, seed: int, told: Told) -> Found:
        from dataclasses import replace

        from tsgan.images.assessment import evaluate_model, model_facts, model_pictures
        from tsgan.images.code_meanings import code_meanings

        found = evaluate_model(model, sets, images=count, seed=seed, progress=told)
        if sets.training.sha256 != model.facts_.sha256:
            caution = (
                f"The model was trained on other images ({model.facts_.source}): whether it copies "
                "those is not seen here."
            )
            found = replace(found, warnings=(caution, *found.warnings))
        coded = model.fitted_.recogniser is not None
        codes = code_meanings(model, sets, seed=seed).rows if coded else []
        return found, model_pictures(model, seed), model_facts(model), codes

    return judged


def _of_file(path: Path, asked: Path | None) -> Judged:
    """Return what evaluates the images in a file, which is read now."""
    from tsgan.images.arrays import read_array, read_labels
    from tsgan.images.evaluation import check_samples

    samples = check_samples(read_array(path), str(path))
    labels = None if asked is None else read_labels(asked)

    def judged(sets: ImageSets, count: int, seed: int, told: Told) -> Found:
        from tsgan.images.evaluation import check_asked
        from tsgan.images.evaluation import evaluate_images as compare

        if labels is not None:
            check_asked(labels, len(samples), sets.training.classes)
        found = compare(sets, samples, labels, seed=seed, n=count, progress=told)
        return found, None, [("Seed", str(seed))], []

    return judged


def _write(
    found: ImageEvaluation,
    pictures: ModelPictures | None,
    facts: Pairs,
    codes: Pairs,
    json: Path | None,
    report: Path | None,
) -> None:
    from tsgan.images.report import ReportContext, write_image_report
    from tsgan.images.results import write_image_metrics

    if json is not None:
        write_image_metrics(json, found)
        typer.echo(f"Wrote {json}.")
    if report is None:
        typer.echo("Next: add --report report.html to see the pictures and every definition.")
        return
    title = f"{found.name}: generated images against real ones"
    write_image_report(report, found, ReportContext(title, "", facts), pictures, codes=codes)
    typer.echo(f"Wrote {report}: open it in a browser.")
