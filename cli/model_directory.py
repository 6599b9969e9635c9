"""The directory of a fit before it begins: free to be written to, or of a run that goes on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsgan.config import Config
from tsgan.errors import CheckpointError, ConfigError
from tsgan.reading import ReadConfig

if TYPE_CHECKING:
    from tsgan.images.config import ImageConfig


def resumed_run(directory: Path, asked: Iterable[str]) -> tuple[Config, list[str], ReadConfig]:
    """Return the configuration of the interrupted run, its columns and how its file was read.

    Args:
        directory: of the run.
        asked: options for settings that were given, none of which can be.
    """
    from tsgan.checkpoint import SERIES

    numbers = _numbers(directory, asked, SERIES)
    try:
        columns = [str(name) for name in numbers.get("columns", [numbers["column"]])]
        reading = ReadConfig.from_dict(numbers.get("reading", {}))
        return Config.from_dict(numbers["config"]), columns, reading
    except (KeyError, TypeError, ConfigError) as error:
        raise _foreign(directory, error) from error


def resumed_images(directory: Path, asked: Iterable[str]) -> ImageConfig:
    """Return the configuration of the interrupted run on images.

    Args:
        directory: of the run.
        asked: options for settings that were given, none of which can be.
    """
    from tsgan.checkpoint import IMAGES
    from tsgan.images.config import ImageConfig

    numbers = _numbers(directory, asked, IMAGES)
    try:
        return ImageConfig.from_dict(numbers["config"])
    except (KeyError, TypeError, ConfigError) as error:
        raise _foreign(directory, error) from error


def _numbers(directory: Path, asked: Iterable[str], kind: str) -> dict[str, Any]:
    """Return the numbers in the training state of a run of ``kind``."""
    from tsgan.checkpoint import TRAINING, demand_kind, read_manifest, read_training

    names = ", ".join(asked)
    if names:
        raise ConfigError(
            f"--resume goes on with the settings of the interrupted run, got also {names}; leave "
            "them out, or start anew with --overwrite"
        )
    if not (directory / TRAINING).is_file():
        read_manifest(directory)  # says what is missing where this is no model at all
    numbers = read_training(directory)[1]
    demand_kind(directory, numbers, kind)
    return numbers


def _foreign(directory: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{directory}: expected the settings of an interrupted run, got others ({error}); "
        "start anew with --overwrite"
    )


def demand_free(
    directory: Path, overwrite: bool, replace: str = "replace it with --overwrite"
) -> None:
    """Raise ConfigError unless ``directory`` is new, empty, or a model to be overwritten.

    ``replace`` says how a model is replaced by the command that asks.
    """
    from tsgan.model_directory import foreign_files, is_model

    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    found = "a file" if not directory.is_dir() else next(iter(foreign_files(directory)), None)
    if found is not None:
        raise ConfigError(
            f"{directory}: expected a new directory or one of tsgan fit, found {found}; choose "
            "another --out"
        )
    if is_model(directory) and not overwrite:
        raise ConfigError(
            f"{directory}: holds a model already; go on with --resume, {replace}, or choose "
            "another --out"
        )
