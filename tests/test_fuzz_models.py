"""Damaged models, images and scenario files of every kind: usable, or refused in one line."""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import model_mutations

INPUTS = 40
CORPUS = sorted(Path(__file__).with_name("corpus").iterdir())
"""Inputs that once failed: ``kind-why``; what ends in .json is put into a whole manifest."""

KINDS = [
    *("series manifest", "series weights", "images manifest", "images weights", "training"),
    *("long.csv", "wide.csv", "paths.csv.gz", "paths.parquet", "paths.npy"),
    *("idx", "idx.gz", "png", "jpeg"),
]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> model_mutations.Bases:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few prices are little to learn from
        return model_mutations.Bases.of(tmp_path_factory.mktemp("whole"))


def test_whole_files_are_read(bases: model_mutations.Bases, tmp_path: Path) -> None:
    assert list(bases.files) == KINDS
    for kind, data in bases.files.items():
        assert model_mutations.outcome(bases, kind, data, tmp_path) == "read", kind


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(
    bases: model_mutations.Bases, tmp_path: Path, kind: str
) -> None:
    outcomes = Counter[str]()
    for seed in range(INPUTS):
        try:
            data = model_mutations.mutated(bases, kind, seed)
            outcomes[model_mutations.outcome(bases, kind, data, tmp_path)] += 1
        except BaseException as error:
            error.add_note(f"{kind}, seed {seed}")
            raise
    assert outcomes["refused"] > 5


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_once_failed_is_read_or_refused(
    bases: model_mutations.Bases, tmp_path: Path, path: Path
) -> None:
    kind, data = path.name.partition("-")[0].replace("_", " "), path.read_bytes()
    if path.suffix == ".json":
        manifest = json.loads(bases.files[kind])
        for section, values in json.loads(data).items():
            manifest[section] |= values
        data = json.dumps(manifest).encode()
    assert model_mutations.outcome(bases, kind, data, tmp_path) == "refused"
