"""What ``--given`` asks of the paths: values of conditions, for all the horizon or by schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tsgan.conditions import LEVELS, VOLATILITY, Conditions
from tsgan.errors import ConfigError
from tsgan.schedules import read_schedule
from tsgan.tracks import FOUND, FloatArray

MOST_SAID = 5
"""So many levels of a schedule are said one by one."""

Value: TypeAlias = str | float
Asked: TypeAlias = Value | Path | Sequence[str] | Mapping[str, Value | Sequence[Value]] | None
"""A volatility; ``NAME=VALUE`` or a schedule's file, or several; or values by name, each one or
as many as there are steps; or nothing."""


@dataclass(frozen=True, eq=False)
class Given:
    """What is asked of the paths, as ``Conditions`` takes it.

    Attributes:
        values: by name, a number for the whole horizon or (horizon,): an annualised volatility, a
            number, or the place of a class.
        said: what is asked for, one plain line of each condition.
        warnings: what training did not see, and steps that a schedule does not say.
    """

    values: Mapping[str, float | FloatArray]
    said: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_given(
    asked: Asked,
    conditions: Conditions,
    horizon: int,
    dates: npt.NDArray[np.datetime64],
    *,
    extrapolate: bool = False,
) -> Given:
    """Return what is asked for.

    Args:
        asked: see ``Asked``.
        conditions: of the model.
        horizon: steps of the paths.
        dates: (horizon,) of the steps, for a schedule by date; NaT where there are none.
        extrapolate: do not warn of values that training did not see, or made nothing of.

    Raises:
        ConfigError: for a condition that the model does not have, a value that it cannot take, or
            something beside a regime found without labels.
        DataError: if a schedule's file is none.
    """
    warnings = list[str]()
    series = dict[str, list[Value]]()
    for name, value in _pairs(asked, warnings, horizon, dates):
        if name not in conditions.names:
            raise ConfigError(
                f"--given: expected a condition of this model, {', '.join(conditions.names)}, got "
                f"{name!r}; others are set when a model is fitted, with --condition and --label"
            )
        if name in series:
            raise ConfigError(f"--given: expected each condition once, got {name!r} again")
        series[name] = _each(name, value)
        if len(series[name]) not in (1, horizon):
            raise ConfigError(
                f"{name}: expected one value or {horizon}, one of each step, got "
                f"{len(series[name])}"
            )
    _demand_alone(conditions, list(series))
    found, regimes = conditions.found, conditions.regimes
    if found is not None and regimes is not None and found.name in series and not extrapolate:
        warnings += regimes.doubts(found.name)
    values, said = dict[str, float | FloatArray](), list[str]()
    for name, each in series.items():
        numbers = {text: _number(conditions, name, text) for text in dict.fromkeys(each)}
        if not extrapolate:
            warnings += _extrapolations(conditions, name, list(numbers.values()))
        said.append(_said(conditions, name, [numbers[text] for text in each]))
        several = len(numbers) > 1
        along = np.array([numbers[text] for text in each], dtype=np.float64)
        values[name] = along if several else float(along[0])
    return Given(values, tuple(said), tuple(warnings))


def _each(name: str, value: object) -> list[Value]:
    """Return one value, or one of each step."""
    if isinstance(value, str | int | float | np.number):
        return [value if isinstance(value, str) else float(value)]
    if isinstance(value, Iterable) and np.ndim(np.asarray(value, dtype=object)) == 1:
        return [each if isinstance(each, str) else float(each) for each in value]
    raise ConfigError(
        f"{name}: expected a value, or as many in a row as there are steps, got "
        f"{type(value).__name__}"
    )


def _pairs(
    asked: Asked, warnings: list[str], horizon: int, dates: npt.NDArray[np.datetime64]
) -> list[tuple[str, Value | Sequence[Value]]]:
    """Return names and values; those of a schedule are one of each step."""
    if asked is None:
        return []
    if isinstance(asked, Mapping):
        return list(asked.items())
    if isinstance(asked, int | float | np.number):
        return [(VOLATILITY, float(asked))]
    pairs = list[tuple[str, Value | Sequence[Value]]]()
    if isinstance(asked, Path):
        asked = [str(asked)]
    for text in [asked] if isinstance(asked, str) else map(str, asked):
        name, separator, value = (part.strip() for part in text.partition("="))
        if separator and name and value:
            pairs.append((name, value))
        elif isinstance(asked, str) and (text in LEVELS or _is_number(text)):
            pairs.append((VOLATILITY, text))
        elif not separator and Path(text).suffix:
            schedule = read_schedule(Path(text), horizon, dates)
            warnings += schedule.warnings
            pairs += schedule.values.items()
        else:
            raise ConfigError(
                f"--given: expected NAME=VALUE such as vol=high or vol=0.35, or a schedule's CSV "
                f"file, got {text!r}"
            )
    return pairs


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _demand_alone(conditions: Conditions, names: Sequence[str]) -> None:
    """Refuse what is asked for beside a regime that training saw alone."""
    found = conditions.found
    if found is not None and found.name in names and len(names) > 1:
        others = ", ".join(name for name in names if name != found.name)
        raise ConfigError(
            f"{found.name}: a regime found without labels was learned alone, expected nothing "
            f"beside it, got {others}; leave out one or the other"
        )


def _number(conditions: Conditions, name: str, value: Value) -> float:
    """Return the value as a number: a volatility, a number, or the place of a class."""
    if name == VOLATILITY:
        return conditions.volatility.volatility(value)
    track = conditions.track(name)
    try:
        return track.value(value)
    except ConfigError as error:
        if track.kind != FOUND or conditions.regimes is None:
            raise
        raise ConfigError(f"{name}: expected {conditions.regimes.listed}, got {value!r}") from error


def _extrapolations(conditions: Conditions, name: str, values: Sequence[float]) -> list[str]:
    """Return what to say of values that training did not see: nothing, or one sentence."""
    if name == VOLATILITY:
        seen = conditions.volatility
        outside = [f"{value:.1%}" for value in values if not seen.seen(value)]
        low, high = f"{seen.smallest:.1%}", f"{seen.largest:.1%}"
    else:
        track = conditions.track(name)
        outside = [track.shown(value) for value in values if not track.seen(value)]
        low, high = f"{track.smallest:.6g}", f"{track.largest:.6g}"
    if not outside:
        return []
    more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
    verb = "is an extrapolation" if len(outside) == 1 else "are extrapolations"
    return [f"{name}: training saw {low} to {high}; {', '.join(outside[:3])}{more} {verb}"]


def _said(conditions: Conditions, name: str, values: Sequence[float]) -> str:
    """Return what is asked of one condition, in words."""
    show = _show(conditions, name)
    levels = [values[0], *(b for a, b in pairwise(values) if a != b)]
    if len(levels) <= MOST_SAID:
        return f"{name} {', then '.join(map(show, levels))}"
    if name != VOLATILITY and conditions.track(name).labelled:
        return f"{name} changing {len(levels) - 1} times"
    return f"{name} of {show(min(levels))} to {show(max(levels))}, changing {len(levels) - 1} times"


def _show(conditions: Conditions, name: str) -> Callable[[float], str]:
    """Return how a value of one condition is written."""
    if name == VOLATILITY:
        return "{:.1%}".format
    track, regimes = conditions.track(name), conditions.regimes
    if track.kind == FOUND and regimes is not None:
        return regimes.shown(track.shown)
    return track.shown
