"""Checks of a setting at birth, each a ConfigError that names it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral

from tsgan.errors import ConfigError


def require(condition: bool, name: str, expected: str, value: object) -> None:
    """Raise ConfigError unless the condition holds."""
    if not condition:
        raise ConfigError(f"{name}: expected {expected}, got {value!r}")


def require_int(name: str, value: object, low: int, high: int) -> None:
    """Demand a whole number in [low, high]."""
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    require(fits, name, f"a whole number from {low} to {high}", value)


def require_count(name: str, value: object, low: int, high: int) -> None:
    """Demand a whole number in [low, high], one of numpy's too."""
    if not isinstance(value, Integral) or not low <= int(value) <= high:
        raise ConfigError(f"{name}: expected a whole number, {low} to {high}, got {value!r}")


def require_numbers(count: int, only: Iterable[int] | None, what: str) -> Sequence[int]:
    """Return the numbers of those that are to be made: all of ``count``, or ``only`` these."""
    numbers = range(count) if only is None else list(only)
    wrong = [] if only is None else [k for k in numbers if not 0 <= k < count]
    if wrong or not len(numbers):
        raise ConfigError(
            f"only: expected numbers of {what} from 0 to {count - 1}, got "
            f"{wrong[0] if wrong else 'none'}"
        )
    return numbers


def require_real(name: str, value: object, low: float, high: float) -> None:
    """Demand a number in [low, high]."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    require(fits, name, f"a number from {low:g} to {high:g}", value)


def require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Demand one of the choices."""
    require(value in choices, name, f"one of {', '.join(choices)}", value)
