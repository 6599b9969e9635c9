"""Model directories: safetensors and JSON, each file whole or absent, nothing that can be executed.

``generator.safetensors`` and ``manifest.json`` are the model; ``training.safetensors`` is the state
from which an interrupted run goes on, with its numbers in the header of the same file, so that the
two cannot disagree. ``metrics.jsonl`` and the folder ``tensorboard`` are its logs.

A model is replaced at once: its new weights lie under a name of their hash when the manifest that
holds that hash is renamed over the old one, and get their usual name after. So whoever reads, and
whoever comes after a crash or a power cut, finds the old model or the new one. One process writes
at a time, see ``locks``; readers need not ask.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import safetensors.torch
import torch
from torch import Tensor

from tsgan import model_files
from tsgan.errors import CheckpointError, TsganError
from tsgan.files import flush_folder, sweep, write_atomically
from tsgan.locks import alone
from tsgan.model_directory import FILES as FILES
from tsgan.model_directory import MANIFEST as MANIFEST
from tsgan.model_directory import NEW, is_own
from tsgan.model_directory import PICTURES as PICTURES
from tsgan.model_directory import TRAINING as TRAINING
from tsgan.model_directory import WEIGHTS as WEIGHTS
from tsgan.model_directory import foreign_files as foreign_files
from tsgan.model_directory import is_model as is_model
from tsgan.model_directory import keep_only as keep_only
from tsgan.model_directory import make_directory as make_directory
from tsgan.versions import versions

Kind = TypeVar("Kind")

FORMAT = 1
SERIES, IMAGES = "series", "images"
LARGEST_MANIFEST = 32 * 2**20
LARGEST_TENSORS = 2**30

ATTEMPTS = 20
"""Of reading a model that is replaced meanwhile."""

_SHA256 = re.compile("[0-9a-f]{64}")


def write_model(
    directory: Path, weights: Mapping[str, Tensor], manifest: Mapping[str, Any]
) -> None:
    """Replace the model in a directory, at once for whoever reads it.

    Args:
        directory: created where it is missing.
        weights: tensors on the CPU by name.
        manifest: JSON values; ``format`` and ``weights_sha256`` are added.

    Raises:
        ConfigError: another process writes to the directory.
        DataError: it cannot be written; the old model stays.
    """
    make_directory(directory)
    data = safetensors.torch.save({name: tensor.contiguous() for name, tensor in weights.items()})
    digest = hashlib.sha256(data).hexdigest()
    content = {"format": FORMAT, **manifest, "weights_sha256": digest}
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    new = directory / _named(digest)
    with alone(directory):
        try:
            write_atomically(new, data)
            write_atomically(directory / MANIFEST, text)
        except BaseException:
            if _digest_told(directory) != digest:  # the manifest was not replaced
                with suppress(OSError):
                    new.unlink()
            raise
        with suppress(OSError):  # it is found by this name where a file that is read stays
            new.replace(directory / WEIGHTS)
        flush_folder(directory)
        _sweep(directory, new.name)


def save_alone(directory: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` put a model into the directory, and remove what another model left there."""
    make_directory(directory)
    with alone(directory):
        write(directory)
        keep_only(directory, WEIGHTS, MANIFEST)


def _named(digest: str) -> str:
    """Return the name of weights until the manifest that knows them is in place."""
    return f"generator-{digest[:16]}.safetensors"


def _digest_told(directory: Path) -> str:
    """Return the hash in the manifest, "" where there is none."""
    try:
        return str(read_manifest(directory)["weights_sha256"])
    except (CheckpointError, KeyError):
        return ""


def _sweep(directory: Path, kept: str) -> None:
    """Remove what processes that were killed while they saved a model have left half done."""
    sweep(directory, is_own)
    for path in directory.glob("generator-*"):
        if NEW.fullmatch(path.name) and path.name != kept:
            with suppress(OSError):
                path.unlink()


def read_model(directory: Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the manifest of a model of ``kind`` and its weights, also while it is replaced.

    Raises:
        CheckpointError: if the directory holds no such model, or it is damaged.
    """
    for _ in range(ATTEMPTS):
        manifest = read_manifest(directory)
        demand_kind(directory, manifest, kind)
        try:
            return manifest, read_weights(directory, manifest)
        except CheckpointError:
            if read_manifest(directory) == manifest:
                raise
    raise CheckpointError(
        f"{directory}: expected a model, found one that is replaced all the time; try again when "
        "the fit is over"
    )


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
    data = model_files.read_bytes(path, LARGEST_MANIFEST)
    try:
        manifest = model_files.parse_json(data)
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
    path, data = _weights(directory, manifest.get("weights_sha256"))
    try:
        return model_files.read_tensors(data)[0]
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: expected safetensors, got a damaged file; {_remedy(directory)}"
        ) from error


@contextmanager
def fitting_together(directory: Path) -> Iterator[None]:
    """Tell, as a CheckpointError, what manifest and weights raise that do not fit together."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, TsganError) as error:
        reason = textwrap.shorten(str(error), 300, placeholder=" …")
        raise CheckpointError(
            f"{directory}: expected a model of tsgan {versions()['tsgan']}, but its manifest.json "
            f"and weights do not fit together ({reason}); restore the directory, or fit again with "
            "--overwrite"
        ) from error


def demand_weights(weights: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless all are finite numbers of 32 bits, as every fit writes them."""
    for name, tensor in weights.items():
        if tensor.dtype != torch.float32 or not bool(tensor.isfinite().all()):
            raise CheckpointError(f"{name}: expected finite float32 weights, got others")


def _weights(directory: Path, digest: object) -> tuple[Path, bytes]:
    """Return the file whose bytes have this hash, and the bytes; the newer name comes first."""
    names = [WEIGHTS]
    if isinstance(digest, str) and _SHA256.fullmatch(digest):
        names.insert(0, _named(digest))
    for name in names:
        path = directory / name
        if name != WEIGHTS and not path.is_file():
            continue
        try:
            data = model_files.read_bytes(path, LARGEST_TENSORS)
        except CheckpointError as error:
            if name != WEIGHTS and isinstance(error.__cause__, FileNotFoundError):
                continue  # renamed meanwhile
            raise
        if hashlib.sha256(data).hexdigest() == digest:
            return path, data
    raise CheckpointError(
        f"{path}: expected the bytes that manifest.json describes, got others (truncated or "
        f"changed); {_remedy(directory)}"
    )


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
    data = model_files.read_bytes(path, LARGEST_TENSORS)
    try:
        tensors, metadata = model_files.read_tensors(data)
        numbers = model_files.parse_json(metadata["tsgan"])
        if _digest(tensors, metadata["tsgan"]) != metadata["sha256"]:
            raise ValueError("other bytes than were written")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
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


def _remedy(directory: Path) -> str:
    """Return what to do about a damaged model."""
    if (directory / TRAINING).is_file():
        return "write it anew with tsgan fit --resume, or fit again with --overwrite"
    return "restore the directory, or fit again with --overwrite"
