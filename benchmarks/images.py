"""The family of GANs on images: each member for the same minutes, over several seeds.

``python benchmarks/images.py --data mnist --minutes 3 --seeds 0 1 2 --out DIR [--members …]``

Each run is on one thread, ``--parallel`` of them at a time, and leaves a JSON file and a sheet of
images in DIR; what has one already is not run again. Minutes are those of one processor, so that
other work on the machine takes none of them. At evenly spaced points, samples of the
averaged generator are judged (that time is not training time), so that the critic's estimate can
be laid beside the Fréchet distance over training. Where the rates are constant, what stands at
half time is what a run of half the minutes ends with, and is judged as well. Of all files it makes
a table, ``images.md``, with medians over the seeds and the worst of them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from tsgan import Callback, ImageConfig, ImageGAN, Progress
from tsgan.data.image_sets import ImageSets
from tsgan.data.images import read_images
from tsgan.device import ieee_float32
from tsgan.errors import TrainingError
from tsgan.files import write_atomically
from tsgan.images.config import ImageNetworkConfig
from tsgan.images.evaluation import evaluate_images
from tsgan.images.fitted import FittedImages
from tsgan.images.image_run import ImageRun
from tsgan.images.judge import train_judge
from tsgan.images.metrics import frechet_distance
from tsgan.images.picture_files import write_sheet
from tsgan.images.presets import GROUPS, preset
from tsgan.images.reference import Reference, make_reference
from tsgan.run import TrainingFacts

CHECKS, CHECKED, JUDGED = 12, 2_000, 10_000
"""Looks at a run, images at each of them, and images at its end."""

SAMPLE_SEED = 7

Judging = Callable[[ImageGAN], dict[str, Any]]


@dataclass(frozen=True)
class Member:
    """A network, an objective, and what is given or found."""

    network: str
    objective: str
    labels: bool = False
    codes: int = 0
    code_numbers: int = 0
    batch_norm: bool = True
    groups: int = 0

    def config(self, seed: int, seconds: float) -> ImageConfig:
        without = {} if self.batch_norm else {"batch_norm": False}
        settings = preset(self.network, self.objective)
        return ImageConfig(
            labels=self.labels,
            groups=self.groups,
            codes=self.codes,
            code_numbers=self.code_numbers,
            seed=seed,
            network=ImageNetworkConfig(kind=self.network, **without),
            training=replace(settings, max_seconds=seconds, check_every=CHECKS),
        )


MEMBERS = {
    "slim, labels": Member("slim", "wgan-gp", labels=True, groups=GROUPS["slim"]),
    "slim, no labels": Member("slim", "wgan-gp", groups=GROUPS["slim"]),
    "classic": Member("wgan", "wgan-gp"),
    "WGAN": Member("slim", "wgan"),
    "WGAN-GP": Member("slim", "wgan-gp"),
    "GAN": Member("slim", "gan"),
    "LSGAN": Member("slim", "lsgan"),
    "InfoGAN": Member("slim", "wgan-gp", codes=10, code_numbers=2),
    "DCGAN": Member("dcgan", "gan"),
    "progressive": Member("progressive", "wgan-gp"),
    "GAN, no norm": Member("dcgan", "gan", batch_norm=False),
    "WGAN-GP, no norm": Member("dcgan", "wgan-gp", batch_norm=False),
}
FAMILY = tuple(MEMBERS)[3:]


class Watch(Callback):
    """Lays the critic's estimate beside the Fréchet distance of the averaged generator."""

    def __init__(self, run: ImageRun, reference: Reference, judge: Judging) -> None:
        self.run, self.reference, self.judge = run, reference, judge
        self.estimates: list[float] = []
        self.half: dict[str, Any] = {}
        self.points: list[dict[str, float]] = []

    def on_log(self, progress: Progress) -> None:
        self.estimates.append(progress.estimate)
        if progress.fraction * CHECKS < len(self.points) + 1:
            return
        model = averaged(self.run)
        features = self.reference.judge.features(model.sample(CHECKED, seed=SAMPLE_SEED))
        distance = frechet_distance(features, self.reference.features)
        self.points.append(
            {
                "seconds": progress.seconds,
                "step": progress.step,
                "estimate": statistics.fmean(self.estimates),
                "ratio": distance / self.reference.floor.value,
            }
        )
        self.estimates = []
        if len(self.points) == CHECKS // 2:
            self.half = self.judge(model) | {
                "steps": progress.step,
                "points": list(self.points),
            }


def averaged(run: ImageRun) -> ImageGAN:
    """The averaged generator as it stands."""
    trainer = run.trainer
    weights = {name: tensor.clone() for name, tensor in trainer.average.state_dict().items()}
    facts = TrainingFacts(trainer.step, trainer.seconds, True, trainer.step, None, "cpu")
    model = ImageGAN(run.config)
    model._become(run.model(facts, weights, final=True), {})
    return model


class Bench:
    """What all runs of a process share: images, and what real ones score."""

    def __init__(self, data: str, minutes: float, out: Path) -> None:
        torch.set_num_threads(1)
        self.minutes, self.out = minutes, out
        self.sets = read_images(data)
        judge = train_judge(self.sets.training)
        self.reference = make_reference(self.sets, judge, n=JUDGED)
        self.small = make_reference(self.sets, judge, n=CHECKED)

    def run(self, name: str, seed: int) -> None:
        """Train one member with one seed; write its figures and a sheet of its images."""
        config = MEMBERS[name].config(seed, 60 * self.minutes)
        found: dict[str, Any] = {"member": name, "seed": seed, "minutes": self.minutes}
        with ieee_float32():
            run = ImageRun(self.sets, config, None)
            run.trainer.clock = time.process_time
            file = self.out / file_name(name, seed)
            watch, kept = Watch(run, self.small, self.judged), list[FittedImages]()
            try:
                run.train([watch], lambda: False, lambda made, _: kept.append(made))
            except TrainingError as error:
                found["failed"] = str(error)
        found |= {"steps": run.trainer.step, "points": watch.points}
        if config.training.schedule == "constant":
            found["half"] = watch.half
        if "failed" not in found:
            model = ImageGAN(config)
            model._become(kept[-1], {})
            found |= self.judged(model)
            rows = model.sample(100, seed=SAMPLE_SEED, given="digit=all" if config.labels else None)
            write_sheet(file.with_suffix(".png"), rows)
        write_atomically(file.with_suffix(".json"), json.dumps(found, indent=1).encode())

    def judged(self, model: ImageGAN) -> dict[str, Any]:
        """Return the rows of the evaluation of ``JUDGED`` images by name."""
        images = model.sample(JUDGED, seed=SAMPLE_SEED)
        asked = model.sample_labels(JUDGED, seed=SAMPLE_SEED)
        evaluation = evaluate_images(self.sets, images, asked, reference=self.reference)
        told: dict[str, Any] = {row.name: row.samples.value for row in evaluation.rows}
        told["ratio"] = evaluation.frechet.value / evaluation.floor.value
        if model.fitted_.recogniser is not None:
            told["code error"] = code_error(model, self.sets)
        return told


BENCHES: list[Bench] = []


def start(data: str, minutes: float, out: Path) -> None:
    BENCHES.append(Bench(data, minutes, out))


def run_job(job: tuple[str, int]) -> tuple[str, int]:
    BENCHES[0].run(*job)
    return job


def code_error(model: ImageGAN, sets: ImageSets) -> float:
    """Share of test images whose code stands for another class than theirs.

    A code stands for the class that most training images with this code have.
    """
    classes = len(sets.training.classes)
    codes = [
        model.recognise(images.pixels / np.float32(255))[0].argmax(axis=1)
        for images in (sets.training, sets.test)
    ]
    stands = np.zeros(model.config.codes, dtype=np.int64)
    for code in range(model.config.codes):
        mine = sets.training.labels[codes[0] == code]
        stands[code] = np.bincount(mine, minlength=classes).argmax()
    return float(np.mean(stands[codes[1]] != sets.test.labels))


def file_name(name: str, seed: int) -> str:
    return f"{name.lower().replace(', ', '-').replace(' ', '-')}-{seed}"


def tracks(points: Sequence[Mapping[str, float]]) -> float:
    """Rank correlation of the critic's estimate with the Fréchet ratio over training."""
    if len(points) < 4:
        return float("nan")
    pairs = [(point["estimate"], point["ratio"]) for point in points]
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


COLUMNS = {
    "Fréchet ratio": ("ratio", "{:.1f}"),
    "score": ("classifier score", "{:.2f}"),
    "asked-for": ("asked-for classes", "{:.1%}"),
    "diversity": ("diversity", "{:.3f}"),
    "copies": ("copied images", "{:.2%}"),
}


def table(out: Path) -> str:
    """Medians over the seeds, and the worst ratio in brackets."""
    found = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    found += [
        {name: run[name] for name in ("member", "seed")}
        | {"minutes": run["minutes"] / 2}
        | run["half"]
        for run in found
        if run.get("half")
    ]
    lines = [
        "| member | minutes | seeds | steps | " + " | ".join(COLUMNS) + " | estimate tracks |",
        "|" + "---|" * (len(COLUMNS) + 5),
    ]
    for name in MEMBERS:
        for minutes in sorted({one["minutes"] for one in found if one["member"] == name}):
            runs = [r for r in found if (r["member"], r["minutes"]) == (name, minutes)]
            whole = [r for r in runs if "failed" not in r]
            cells = [name, f"{minutes:g}", str(len(runs))]
            cells.append(f"{statistics.median(r['steps'] for r in runs):,.0f}")
            for key, form in COLUMNS.values():
                values = [r[key] for r in whole if r.get(key) is not None]
                cells.append(form.format(statistics.median(values)) if values else "–")
            if whole:
                cells[4] += f" ({max(r['ratio'] for r in whole):.1f})"
            cells.append(f"{statistics.median(tracks(r['points']) for r in runs):.2f}")
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--members", nargs="+", default=list(FAMILY), choices=list(MEMBERS))
    parser.add_argument("--out", type=Path, default=Path("runs/images"))
    parser.add_argument("--parallel", type=int, default=2)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    train_judge(read_images(asked.data).training)  # once, before the processes share it
    jobs = [(name, seed) for seed in asked.seeds for name in asked.members]
    jobs = [job for job in jobs if not (asked.out / f"{file_name(*job)}.json").exists()]
    shared = (asked.data, asked.minutes, asked.out)
    if jobs:
        with multiprocessing.get_context("spawn").Pool(asked.parallel, start, shared) as pool:
            for name, seed in pool.imap_unordered(run_job, jobs):
                print(f"{name}, seed {seed}: done", flush=True)
    text = table(asked.out)
    write_atomically(asked.out / "images.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
