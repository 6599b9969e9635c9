"""What a fitted image model comes to: its evaluation, its pictures, and their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tsgan.canvas import save_figure
from tsgan.data.image_sets import ImageSets
from tsgan.errors import DataError
from tsgan.images.conditions import EVERY, LEARNED
from tsgan.images.config import SIZE
from tsgan.images.evaluation import evaluate_images
from tsgan.images.frames import COLUMNS
from tsgan.images.given import Given
from tsgan.images.model import ImageGAN
from tsgan.images.picture_files import write_sheet
from tsgan.images.pictures import ModelPictures, strip_figure
from tsgan.images.reference import FEWEST
from tsgan.images.report import ReportContext, write_image_report
from tsgan.images.results import ImageEvaluation, write_image_metrics
from tsgan.images.sampler import Pixels, sample_groups
from tsgan.images.scaling import to_unit
from tsgan.objectives import make_objective
from tsgan.training_plots import training_figure

IMAGES = 10_000
"""Images that are judged."""

SHEET, ROWS, STEPS = 100, 5, 10
"""Images of a sheet; rows of ways between noises, and images of each."""

Progress = Callable[[str, float], None]


def unjudged(sets: ImageSets) -> str:
    """Return why images cannot be judged by these; empty where they can."""
    training, test = sets.training, sets.test
    if training.labels is None or len(np.unique(training.labels)) < 2:
        return "the training images have no classes to tell apart"
    if min(len(training), len(test)) < FEWEST:
        return (
            f"there are {len(training):,} images to learn from and {len(test):,} to test with, "
            f"fewer than {FEWEST}"
        )
    return ""


def evaluate_model(
    model: ImageGAN,
    sets: ImageSets,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: Progress | None = None,
) -> ImageEvaluation:
    """Compare the images of a model with real ones, their classes in the shares of training.

    Args:
        model: fitted.
        sets: with labels.
        images: to make, at most as many as there are to test with.
        seed: of the images, the judge, and the choice of real images.
        progress: told what is being done and the share that is done, 0..1.

    Raises:
        DataError: without labels, or of too few images.
    """
    report = progress or (lambda _message, _share: None)
    if reason := unjudged(sets):
        raise DataError(f"{sets.test.source}: expected images to judge by, but {reason}; add some")
    count = min(images, len(sets.test), len(sets.training))
    conditions = model.conditions_
    given = Given(conditions, label=LEARNED if conditions.classes else None)
    samples = np.empty((count, SIZE, SIZE), np.float32)
    done = 0
    for group in sample_groups(model.fitted_.generator, given, range(count), seed):
        samples[done : done + len(group)] = group
        done += len(group)
        report("generating images", 0.2 * done / count)
    return evaluate_images(
        sets,
        samples,
        _asked(given, sets, count, seed),
        seed=seed,
        n=count,
        progress=lambda text, share: report(text, 0.2 + 0.8 * share),
    )


def _asked(given: Given, sets: ImageSets, count: int, seed: int) -> npt.NDArray[np.int64] | None:
    """Return the places of the asked-for classes among those of ``sets``; None if it lacks one."""
    labels, names = given.draw(range(count), seed).labels, given.conditions.classes
    known = {name: place for place, name in enumerate(sets.training.classes)}
    if labels is None or not set(names) <= known.keys():
        return None
    return np.array([known[name] for name in names], dtype=np.int64)[labels]


def model_pictures(model: ImageGAN, seed: int = 0) -> ModelPictures:
    """Return what only the model can show: its strip over training, the way between noises."""
    strip = model.strip_
    way = model.interpolate(ROWS, STEPS, seed=seed)
    if strip is None or not len(strip.steps):
        return ModelPictures(interpolation=way)
    return ModelPictures(
        strip=to_unit(strip.pixels[:, ::COLUMNS]),
        checks=tuple(f"{step:,}" for step in strip.steps),
        interpolation=way,
    )


def sheet(model: ImageGAN, seed: int = 0) -> Pixels:
    """Return 100 images, rows of ten: of each class or code one, where the model has any."""
    conditions = model.conditions_
    given = Given(
        conditions,
        label=EVERY if conditions.classes else None,
        code=EVERY if conditions.codes and not conditions.classes else None,
    )
    return np.concatenate(list(sample_groups(model.fitted_.generator, given, range(SHEET), seed)))


def write_pictures(directory: Path, model: ImageGAN, pictures: ModelPictures) -> None:
    """Write ``samples.png``, ``strip.png``, ``interpolation.png`` and ``training.png``.

    Raises:
        DataError: if one cannot be written.
    """
    write_sheet(directory / "samples.png", sheet(model))
    if pictures.strip is not None:
        save_figure(strip_figure(pictures.strip, pictures.checks), directory / "strip.png")
    if pictures.interpolation is not None:
        frames = pictures.interpolation
        write_sheet(directory / "interpolation.png", frames.reshape(-1, *frames.shape[2:]), STEPS)
    distance = make_objective(model.config.training).distance
    save_figure(training_figure(model.history_, distance), directory / "training.png")


def write_evaluation(
    directory: Path,
    model: ImageGAN,
    found: ImageEvaluation,
    codes: Sequence[tuple[str, str]] = (),
) -> None:
    """Write ``metrics.json``, ``report.html`` and the pictures into the model directory.

    Args:
        directory: of the model; model: fitted; found: its evaluation.
        codes: what its codes mean, as ``CodeMeanings.rows``.

    Raises:
        DataError: if one cannot be written.
    """
    pictures = model_pictures(model)
    write_image_metrics(directory / "metrics.json", found)
    write_pictures(directory, model, pictures)
    write_image_report(
        directory / "report.html",
        found,
        ReportContext(f"{found.name}: generated images against real ones", "", model_facts(model)),
        pictures,
        model.history_,
        make_objective(model.config.training).distance,
        codes,
    )


def model_facts(model: ImageGAN) -> list[tuple[str, str]]:
    """Return names and values of what is known of a model, for a report."""
    facts, training, config = model.facts_, model.training_, model.config
    return [
        ("Images", facts.source),
        ("SHA-256", facts.sha256),
        ("Trained on", f"{facts.images:,} images"),
        ("Conditions", ", ".join(model.conditions_.names) or "none"),
        ("Network", config.network.kind),
        ("Objective", config.training.objective),
        ("Steps", f"{training.steps:,} in {training.seconds:.0f} s on {training.device}"),
        ("Seed", str(config.seed)),
        *((name, text) for name, text in model.fitted_.versions.items()),
    ]
