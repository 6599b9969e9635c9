"""What is killed, and what must hold afterwards: whole files, and the same bytes in the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.torch
import tiny
from crash_server import Ended, Server
from PIL import Image

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS, read_training
from tsgan.logs import LOG

PATCHES = (("tsgan.fitted.CALIBRATION_PATHS", 8), ("tsgan.fitted.MOST_MEAN_PATHS", 8))
STEPS = 2


@dataclass(frozen=True)
class Case:
    """A command, and how it is given again after it was killed.

    Attributes:
        name: of the case; made: what it writes, a file or a folder.
        arguments: of the command; again: of the one that follows a kill.
        going_on: file whose presence tells that ``again`` is meant, and not the same command.
        once: what it makes appears at once, and is not written over.
    """

    name: str
    made: tuple[str, ...]
    arguments: tuple[object, ...]
    again: tuple[object, ...] = ()
    going_on: str = ""
    once: bool = False

    def next(self, folder: Path) -> tuple[object, ...]:
        """Return the arguments of the command that follows a kill."""
        state, old = folder / self.going_on, folder / "model" / TRAINING
        if not state.is_file() or state.read_bytes() == old.read_bytes():
            return self.arguments  # a run that is replaced stays until the first check
        return self.again


FIT = ("fit", "p.csv", "--out", "m")
GENERATE = ("generate", "model", "--paths", 40, "--horizon", 100, "--out")
EVALUATE = ("evaluate", "p.csv", "x.parquet")
CASES = {
    case.name: case
    for case in (
        Case("fit", ("m",), (*FIT, "--steps", STEPS), (*FIT, "--resume"), f"m/{TRAINING}"),
        Case(
            "fit over a model",
            ("m",),
            (*FIT, "--steps", 1, "--overwrite"),
            (*FIT, "--resume"),
            f"m/{TRAINING}",
        ),
        Case(
            "generate folder",
            ("parts",),
            (*GENERATE, "parts", "--partition", 10),
            (*GENERATE, "parts", "--partition", 10, "--resume"),
            "parts/_request.json",
        ),
        *(
            Case(f"generate {suffix}", (f"y.{suffix}",), (*GENERATE, f"y.{suffix}", "--overwrite"))
            for suffix in ("parquet", "csv", "npy")
        ),
        Case("generate for", ("bt",), (*GENERATE, "bt", "--for", "skfolio"), once=True),
        Case(
            "evaluate", ("r.json", "r.html"), (*EVALUATE, "--report", "r.html", "--json", "r.json")
        ),
    )
}


def prepare(server: Server, folder: Path) -> None:
    """Write the prices, the model and the paths that the commands are given."""
    tiny.write_prices(folder / "p.csv")
    for arguments in (
        ("fit", "p.csv", "--out", "model", "--steps", STEPS, "--seed", 1, "--holdout", 0.2),
        (*GENERATE, "x.parquet"),
    ):
        ended = server.run(folder, *arguments)
        assert ended.code == 0, ended.said


def begun(prepared: Path, folder: Path, case: Case) -> Path:
    """Return a folder in which the command can be given."""
    folder.mkdir()
    for name in ("p.csv", "x.parquet"):
        (folder / name).symlink_to(prepared / name)
    (folder / "model").symlink_to(prepared / "model")
    if case.name == "fit over a model":
        shutil.copytree(prepared / "model", folder / "m")
    return folder


def leftovers(folder: Path) -> list[str]:
    """Return the temporary files and locks below ``folder``."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob(".*"))


def demand_whole(folder: Path) -> None:
    """Demand that each file but those with a dot is whole, and a model can be loaded."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts):
            _demand_file(path)
    if (folder / "m" / MANIFEST).exists():
        TimeSeriesGAN.load(folder / "m")
    if (folder / "m" / TRAINING).exists():
        read_training(folder / "m")


def _demand_file(path: Path) -> None:
    match path.suffix:
        case ".safetensors":
            assert safetensors.torch.load(path.read_bytes())
        case ".json":
            assert json.loads(path.read_text())
        case ".jsonl":
            *lines, end = path.read_text().split("\n")
            assert end == "" and all(json.loads(line)["step"] > 0 for line in lines)
        case ".html":
            assert path.read_text().rstrip().endswith("</html>")
        case ".png":
            Image.open(path).load()
        case ".parquet":
            assert len(pd.read_parquet(path))
        case ".npy":
            assert np.load(path).ndim == 2
        case ".csv":
            assert path.read_bytes().endswith(b"\n")
        case _:
            raise AssertionError(f"a file of no known kind: {path}")


def meaning(folder: Path, made: Sequence[str]) -> dict[str, Any]:
    """Return what the files are worth: all of them, without the time that a training took."""
    found: dict[str, Any] = {}
    for name in made:
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.name != TRAINING:
                found[str(file.relative_to(folder))] = _worth(file)
        if (path / TRAINING).exists():
            tensors, numbers = read_training(path)
            numbers.pop("seconds")
            tensors.pop("history.seconds")
            found[TRAINING] = {k: v.numpy().tobytes() for k, v in tensors.items()} | numbers
    return found


def _worth(file: Path) -> object:
    if file.name == MANIFEST:
        manifest = json.loads(file.read_text())
        manifest["training"].pop("seconds")
        return manifest
    if file.name == LOG:
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]
    if file.name in ("report.html", "training.png"):  # which tell how long it took
        return file.name
    return file.read_bytes()


def recovered(server: Server, folder: Path, case: Case, ended: Ended) -> dict[str, Any]:
    """Demand that a killed command left whole files; give it again; return what it made."""
    try:
        demand_whole(folder)
        if not (case.once and (folder / case.made[0]).exists()):
            after = server.run(folder, *case.next(folder))
            assert after.code == 0, after.said
        assert leftovers(folder) == []
        return meaning(folder, case.made)
    except Exception as error:
        error.add_note(f"{case.name}, killed after {ended.seconds:.3f} s, {ended.said[-300:]}")
        raise


__all__ = ["CASES", "PATCHES", "WEIGHTS", "Case", "begun", "prepare", "recovered"]
