"""Model directories: safetensors and JSON, each file whole or absent, nothing that can be executed.

``generator.safetensors`` and ``manifest.json`` are the model; ``training.safetensors`` is the state
from which an interrupted run goes on, with its numbers in the header of the same file, so that the
two cannot disagree. ``metrics.jsonl`` and the folder ``tensorboard`` are its logs.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tsgan.errors import CheckpointError, DataError
from tsgan.files import replacing, write_atomically
from tsgan.logs import EVENTS, LOG, event_files

Kind = TypeVar("Kind")

FORMAT = 1
SERIES, IMAGES = "series", "images"
MANIFEST, WEIGHTS, TRAINING = "manifest.json", "generator.safetensors", "training.safetensors"
LARGEST_MANIFEST = 32 * 2**20
LARGEST_TENSORS = 2**30


def write_model(
    directory: Path, weights: Mapping[str, Tensor], manifest: Mapping[str, Any]
) -> None:
    """Write the weights and the manifest that holds their hash, renamed one right after the other.

    Args:
        directory: created where it is missing.
        weights: tensors on the CPU by name.
        manifest: JSON values; ``format`` and ``weights_sha256`` are added.
    """
    make_directory(directory)
    data = safetensors.torch.save({name: tensor.contiguous() for name, tensor in weights.items()})
    content = {"format": FORMAT, **manifest, "weights_sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with replacing(directory / MANIFEST) as manifest_file:
        manifest_file.write_text(text, encoding="utf-8")
        write_atomically(directory / WEIGHTS, data)


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a model directory.

    Raises:
        CheckpointError: if the directory is none, or its manifest is damaged or of another format.
    """
    path = directory / MANIFEST
    if not path.is_file():
        what = "is a file" if directory.exists() else "does not exist"
        what = "has no manifest.json" if directory.is_dir() else what
        raise CheckpointError(
            f"{directory}: expected a model directory of tsgan fit, but it {what}; check the path"
        )
    if path.stat().st_size > LARGEST_MANIFEST:
        raise CheckpointError(
            f"{path}: expected at most {LARGEST_MANIFEST} bytes, got more; {_remedy(directory)}"
        )
    try:
        manifest = _parse_json(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: expected JSON, got a damaged file ({error}); {_remedy(directory)}"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        got = repr(manifest.get("format"))[:40] if isinstance(manifest, dict) else None
        raise CheckpointError(
            f"{path}: expected a tsgan manifest of format {FORMAT}, got format {got}; "
            f"{_remedy(directory)}"
        )
    return manifest


def demand_kind(directory: Path, manifest: Mapping[str, Any], kind: str) -> None:
    """Raise CheckpointError unless the manifest is that of a model of ``kind``."""
    told = {
        SERIES: ("of price series", "tsgan fit, generate --paths, evaluate and TimeSeriesGAN"),
        IMAGES: ("of images", "tsgan fit-images, generate --images, evaluate-images and ImageGAN"),
    }
    found = manifest.get("kind", SERIES)  # that of series has none
    if found != kind:
        known = isinstance(found, str) and found in told
        what, commands = told[found] if known else ("of something else", "")
        remedy = f"{commands} take it" if commands else "check the path"
        raise CheckpointError(
            f"{directory}: expected a model {told[kind][0]}, found one {what}; {remedy}"
        )


def read_weights(directory: Path, manifest: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the generator's weights, checked against the hash in the manifest."""
    path = directory / WEIGHTS
    _check_size(path)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != manifest.get("weights_sha256"):
        raise CheckpointError(
            f"{path}: expected the bytes that manifest.json describes, got others (truncated or "
            f"changed); {_remedy(directory)}"
        )
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise CheckpointError(
            f"{path}: expected safetensors, got a damaged file; {_remedy(directory)}"
        ) from error


def write_training(
    directory: Path, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]
) -> None:
    """Write the state of a run: tensors, and JSON numbers with a hash of all in its header."""
    make_directory(directory)
    text = json.dumps(numbers, allow_nan=False)
    metadata = {"tsgan": text, "sha256": _digest(tensors, text)}
    write_atomically(directory / TRAINING, safetensors.torch.save(dict(tensors), metadata))


def read_training(directory: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what ``write_training`` wrote; CheckpointError if there is none or it is damaged."""
    path = directory / TRAINING
    _check_size(path)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
            numbers = _parse_json(metadata["tsgan"])
            if _digest(tensors, metadata["tsgan"]) != metadata["sha256"]:
                raise ValueError("other bytes than were written")
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: expected a training state of tsgan, got a damaged file; fit again with "
            "--overwrite"
        ) from error
    if not isinstance(numbers, dict):
        raise CheckpointError(
            f"{path}: expected a training state of tsgan, got another file; fit again with "
            "--overwrite"
        )
    return tensors, numbers


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """Return the SHA-256 of names, types, shapes and values of CPU tensors, and of ``text``."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def typed(kind: type[Kind], values: object) -> Kind:
    """Return the dataclass ``kind`` of a JSON object; CheckpointError unless names and types fit.

    Its fields are of JSON's own types, unions of them, objects, or tuples of one of these; those
    with a default may be missing.
    """
    hints = get_type_hints(kind)
    needed = {item.name for item in fields(kind) if _needed(item)}  # type: ignore[arg-type]
    if not isinstance(values, dict) or not needed <= values.keys() <= hints.keys():
        raise CheckpointError(f"expected the entries {', '.join(hints)} of {kind.__name__}")
    converted = {}
    for name, value in values.items():
        hint = hints[name]
        if get_origin(hint) is tuple and isinstance(value, list):
            element = get_args(hint)[0]
            element = dict if get_origin(element) is Mapping else element
            fits = all(type(each) is element for each in value)
            value = tuple(value)
        elif get_origin(hint) is Mapping:
            fits = isinstance(value, dict)
        else:
            kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
            fits = type(value) in kinds or (type(value) is int and float in kinds)
        if not fits:
            raise CheckpointError(f"{name}: expected {hint}, got {type(values[name]).__name__}")
        converted[name] = value
    return kind(**converted)


def _needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _parse_json(text: str) -> Any:
    """Return strict JSON; ValueError for NaN, infinities, and whole numbers beyond 64 bits."""

    def whole(digits: str) -> int:
        if abs(value := int(digits)) >= 2**64:
            raise ValueError(f"number out of range: {digits[:40]}")
        return value

    def real(digits: str) -> float:
        if not math.isfinite(value := float(digits)):
            raise ValueError(f"number out of range: {digits[:40]}")
        return value

    return json.loads(text, parse_int=whole, parse_float=real, parse_constant=real)


def make_directory(directory: Path) -> None:
    """Create the directory with its parents where it is missing; DataError if that fails."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot create {directory}: {(error.strerror or str(error)).lower()}; choose another "
            "place"
        ) from error


def _check_size(path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(
            f"{path}: expected this file of a model directory, found none; "
            "restore it, or fit again with --overwrite"
        )
    if path.stat().st_size > LARGEST_TENSORS:
        raise CheckpointError(
            f"{path}: expected at most {LARGEST_TENSORS} bytes, got more; fit again with "
            "--overwrite"
        )


def _remedy(directory: Path) -> str:
    """Return what to do about a damaged model."""
    if (directory / TRAINING).is_file():
        return "write it anew with tsgan fit --resume, or fit again with --overwrite"
    return "restore the directory, or fit again with --overwrite"


FILES = (MANIFEST, WEIGHTS, TRAINING, LOG, "metrics.json", "report.html", "training.png")
"""Of a model directory, besides the folder ``EVENTS``."""

PICTURES = ("samples.png", "strip.png", "interpolation.png")
"""Of that of an image model, besides."""

ALL_FILES = (*FILES, *PICTURES)


def is_model(directory: Path) -> bool:
    """Return whether ``directory`` holds a model, whole or interrupted."""
    return any((directory / name).is_file() for name in (MANIFEST, TRAINING))


def foreign_files(directory: Path) -> list[str]:
    """Return the names in ``directory`` that tsgan fit did not write, sorted."""
    own = {*ALL_FILES, *(path.name for path in _left_over(directory)), ".DS_Store"}
    found = [path.name for path in directory.iterdir() if path.name not in own]
    events = directory / EVENTS
    if events.is_dir() and not events.is_symlink():
        inside = {*events.iterdir()} - {*event_files(events), events / ".DS_Store"}
        found.remove(EVENTS)
        found += [f"{EVENTS}/{path.name}" for path in inside]
    return sorted(found)


def keep_only(directory: Path, *names: str) -> None:
    """Remove the files of a model that was here before, but for ``names``.

    The folder of event files goes with those in it, unless it holds others.
    """
    for path in (*(directory / name for name in ALL_FILES), *_left_over(directory)):
        if path.name not in names:
            path.unlink(missing_ok=True)
    events = directory / EVENTS
    if EVENTS not in names and events.is_dir() and not events.is_symlink():
        with suppress(OSError):  # it holds files of others, or a TensorBoard holds one open
            for path in event_files(events):
                path.unlink()
            events.rmdir()


def _left_over(directory: Path) -> Iterator[Path]:
    """Yield the half-written files of a process that was killed while it saved a model."""
    for name in ALL_FILES:
        pattern = re.compile(r"\.[0-9a-f]{8}-" + re.escape(name))
        yield from (path for path in directory.glob(".*") if pattern.fullmatch(path.name))
