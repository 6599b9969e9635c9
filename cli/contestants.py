"""What ``tsgan evaluate`` compares with the prices: files of paths, or models that make them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsgan.errors import ConfigError, DataError
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.data.prices import Prices
    from tsgan.model import TimeSeriesGAN
    from tsgan.results import FloatArray
    from tsgan.scenarios import Scenarios


@dataclass(frozen=True)
class Contestant:
    """A set of synthetic paths.

    Attributes:
        name: for tables; no two are the same.
        paths: (paths, steps) log returns, of several assets (paths, steps, assets).
        origin: what is known of the training, see ``tsgan.periods``; None if nothing is.
        notes: how it was read, in plain sentences.
        model, made: of a model directory, the model and the scenarios that the paths are of.
    """

    name: str
    paths: FloatArray
    origin: Mapping[str, Any] | None
    notes: tuple[str, ...]
    model: TimeSeriesGAN | None = None
    made: Scenarios | None = None


def read_contestants(prices: Prices, files: Sequence[Path], seed: int) -> list[Contestant]:
    """Return what is in ``files``, in their order; of a model directory, paths drawn now.

    Raises:
        DataError, CheckpointError: a file or directory cannot be read as paths of these assets.
    """
    from tsgan.synthetic_parquet import is_folder

    names = _names(files)
    return [
        _from_model(prices, file, name, seed)
        if file.is_dir() and not is_folder(file)
        else _from_file(prices, file, name)
        for file, name in zip(files, names, strict=True)
    ]


def recorded_reading(prices: Path, files: Sequence[Path]) -> ReadConfig:
    """Return how this file was read for the first of ``files`` that was made from it."""
    from tsgan.checkpoint import is_model, read_manifest
    from tsgan.errors import TsganError
    from tsgan.periods import recorded_reading as recorded
    from tsgan.synthetic_files import read_origin

    for file in files:
        found, origin = ReadConfig(), dict[str, Any]()
        if file.is_dir() and is_model(file):
            try:
                origin = read_manifest(file)["data"]
                found = ReadConfig.from_dict(origin.get("reading", {}))
            except (TsganError, KeyError, AttributeError, TypeError):
                continue  # said when the model is loaded
        elif file.is_dir() or file.suffix.lower() == ".parquet":
            origin = dict(read_origin(file) or {})
            found = recorded(origin)
        if found != ReadConfig() and origin.get("sha256") == _digest(prices):
            return found
    return ReadConfig()


def wants_bars(files: Sequence[Path]) -> bool:
    """Return whether the first of ``files`` is a model with bars."""
    from tsgan.checkpoint import is_model, read_manifest
    from tsgan.errors import TsganError

    try:
        return is_model(files[0]) and bool(read_manifest(files[0]).get("bars"))
    except TsganError:
        return False  # said when the model is loaded


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""  # said when it is read


def _names(files: Sequence[Path]) -> list[str]:
    """Return the files' names, with their folders where two would be the same."""
    short = [file.name or str(file) for file in files]
    names = [
        name if short.count(name) == 1 else str(file)
        for file, name in zip(files, short, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{name}: expected different files to compare, got it twice")
    return names


def _from_model(prices: Prices, directory: Path, name: str, seed: int) -> Contestant:
    from tsgan.judge import paths_beside
    from tsgan.model import TimeSeriesGAN
    from tsgan.periods import origin_of

    model = TimeSeriesGAN.load(directory)
    if len(prices.names) != model.fitted_.assets:
        raise ConfigError(
            f"{directory}: a model of {', '.join(model.facts_.names)}; expected prices of as many "
            f"assets, got {', '.join(prices.names)}; choose them with --column"
        )
    made = paths_beside(model, len(prices.return_index), seed)
    paths, steps = made.log_returns.shape[:2]
    note = f"{name}: a model; {paths} paths of {steps:,} steps were drawn from it."
    return Contestant(name, made.log_returns, origin_of(model.facts_), (note,), model, made)


def _from_file(prices: Prices, file: Path, name: str) -> Contestant:
    from tsgan.evaluation_input import PANEL_PATHS, PATHS, returns_array
    from tsgan.synthetic_files import read_synthetic

    read = read_synthetic(file)
    paths = read.log_returns
    if paths.ndim == 3 and paths.shape[2] == 1:
        paths = paths[..., 0]
    elif paths.ndim == 3 and len(prices.names) == 1:
        raise DataError(
            f"{file}: expected paths of one asset, as the prices have, got {paths.shape[2]}; name "
            f"{paths.shape[2]} columns of the prices, each with --column"
        )
    elif read.assets and paths.ndim == 3:
        paths = _in_order(file, paths, read.assets, prices.names)
    kind = PATHS if len(prices.names) == 1 else PANEL_PATHS
    return Contestant(name, returns_array(str(file), paths, kind), read.origin, read.notes)


def _in_order(
    file: Path, paths: FloatArray, have: Sequence[str], wanted: Sequence[str]
) -> FloatArray:
    """Return the assets of ``paths`` in the order of the prices' columns."""
    if not set(wanted) <= set(have):
        raise DataError(
            f"{file}: expected the assets of the prices, {', '.join(wanted)}, got "
            f"{', '.join(have)}; choose the prices' columns with --column"
        )
    return paths[..., [list(have).index(name) for name in wanted]]
