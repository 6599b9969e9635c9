"""The options of a fit as settings: of ``tsgan fit``, and of each fit of ``tsgan fit-many``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import typer

from tsgan.cli import fit_options as options
from tsgan.cli.common import parse_duration, parse_holdout
from tsgan.config import Config, TrainingConfig

R = TypeVar("R")

WHOLE = ("window", "holdout", "seed", "device", "conditions", "labels", "bars", "calendar")
"""Options for settings of the whole configuration; the others are of its training."""

_OTHERS = {
    "max_seconds": "max_time",
    "max_gradient_norm": "clip_gradients",
    "conditions": "condition",
    "labels": "label",
}
"""Parameters of a command by the settings that they have another name than."""

_SETTINGS = (
    *("window", "holdout", "seed", "device", "objective", "preset", "steps", "max_seconds"),
    *(
        "patience",
        "batch",
        "max_gradient_norm",
        "precision",
        "conditions",
        "labels",
        "bars",
        "calendar",
    ),
)


def option(name: str) -> str:
    """Return the option of a setting."""
    return "--" + _OTHERS.get(name, name).replace("_", "-")


def asked_settings(**given: Any) -> dict[str, Any]:
    """Return the settings that were given, by name.

    Args:
        given: by parameter of ``tsgan fit``, as typed; None, or False of a flag, where it was not.

    Raises:
        typer.BadParameter: of one that cannot be read, or two that contradict each other.
    """
    if given["steps"] is not None and given["max_time"] is not None:
        raise typer.BadParameter("expected one of --steps and --max-time, got both")
    readers: dict[str, Callable[[Any], Any]] = {
        "max_seconds": parse_duration,
        "holdout": parse_holdout,
        "conditions": tuple,
        "labels": tuple,
    }
    asked = {name: given[_OTHERS.get(name, name)] for name in _SETTINGS}
    return {
        name: readers[name](value) if name in readers else value
        for name, value in asked.items()
        if value is not None and value is not False and value != []
    }


def configuration(given: dict[str, Any]) -> Config:
    """Return the preset of the objective, changed by the settings that were given."""
    from tsgan.objectives import preset

    given = dict(given)
    objective = given.pop("objective", TrainingConfig.objective)
    settings = preset(objective, given.pop("preset", options.PRESETS[0]))
    whole = {name: given.pop(name) for name in WHOLE if name in given}
    if "batch" in given:
        given["conditional_windows"] = given["batch"]
    return Config(**whole, training=TrainingConfig(**{**settings, **given}))


def with_settings(model: Callable[..., object]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command those options of ``model``, which are settings, in place of ``settings``.

    The parameter ``settings`` of the command gets what ``asked_settings`` makes of them.
    """
    there = inspect.signature(model).parameters
    names = [_OTHERS.get(name, name) for name in _SETTINGS]

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        hints = get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for own in inspect.signature(command).parameters.values():
            if own.name == "settings":
                parameters += [there[name] for name in names]
            else:
                parameters.append(own.replace(annotation=hints.get(own.name, own.annotation)))

        @functools.wraps(command)
        def wrapper(**given: Any) -> R:
            asked = {name: given.pop(name) for name in names}
            return command(**given, settings=asked_settings(**asked))

        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapper

    return decorate
