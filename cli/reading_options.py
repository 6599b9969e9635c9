"""The options of every command that reads a price file, one for each setting of ``ReadConfig``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from tsgan.cli.common import parse_duration
from tsgan.reading import DATE_ORDERS, DECIMALS, RETURNS, RULES, SESSIONS, ReadConfig

R = TypeVar("R")

PANEL = "Reading the file"
_HELP = {
    "dates": ("|".join(DATE_ORDERS), "Order of day and month in 01/02/2020."),
    "decimal": ("|".join(DECIMALS), "Mark of decimals, where 1.234 may be a thousand."),
    "returns": ("|".join(RETURNS), "The column holds returns, as fractions or in percent."),
    "sheet": ("NAME", "Sheet of a workbook; default: the first that holds a table."),
    "missing": ("|".join(RULES["missing"]), "Rows without a price."),
    "fill_limit": ("N", "Rows in a row that --missing fill fills at most."),
    "duplicates": ("|".join(RULES["duplicates"]), "Two prices at one time."),
    "nonpositive": ("|".join(RULES["nonpositive"]), "Prices of 0 and below."),
    "glitches": ("|".join(RULES["glitches"]), "One price far off that is back at the next row."),
    "splits": ("|".join(RULES["splits"]), "Steps near 1:2, 3:1, … in a column not adjusted."),
    "stale": ("|".join(RULES["stale"]), "Ten or more equal prices in a row."),
    "weekends": ("|".join(RULES["weekends"]), "Rows on weekdays that the series hardly has."),
    "gaps": ("|".join(RULES["gaps"]), "Rows long after the one before."),
    "break_after": ("DURATION", "No return, no window over longer pauses: 10d, 36h, 90m."),
    "sessions": ("|".join(SESSIONS), "Returns from one day's last row to the next day's first."),
}
"""What is shown for each setting: its values, and what it is about."""

_OPTIONS = {"break_after": "--break"}


def with_reading(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command an option for each setting of its parameter ``reading``."""
    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters.values()
    parameters: list[inspect.Parameter] = []
    for parameter in own:
        if parameter.name == "reading":
            parameters += [_parameter(item.name, item.default) for item in fields(ReadConfig)]
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    @functools.wraps(command)
    def wrapper(**given: Any) -> R:
        asked = {item.name: given.pop(item.name) for item in fields(ReadConfig)}
        settings = {name: value for name, value in asked.items() if value is not None}
        if "break_after" in settings:
            settings["break_after"] = parse_duration(settings["break_after"])
        return command(**given, reading=ReadConfig(**settings))

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def option_of(name: str) -> str:
    """Return the option of a setting of ``ReadConfig``."""
    return _OPTIONS.get(name, "--" + name.replace("_", "-"))


def options_given(reading: ReadConfig) -> list[str]:
    """Return the options, each before its value, of the settings that are not the defaults."""
    parts: list[str] = []
    for item in fields(ReadConfig):
        value = getattr(reading, item.name)
        if value != item.default:
            text = _duration_text(value) if item.name == "break_after" else str(value)
            parts += [option_of(item.name), text]
    return parts


def _duration_text(seconds: float) -> str:
    """Return a time as an option takes it, in whole days where it has these."""
    if seconds % 86_400 == 0:
        return f"{seconds / 86_400:.0f}d"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _parameter(name: str, default: object) -> inspect.Parameter:
    """Return the option of one setting, as a parameter of a command."""
    values, text = _HELP[name]
    kind = int if isinstance(default, int) else str
    shown = f" Default {default}." if default is not None else ""
    option = typer.Option(option_of(name), metavar=values, help=text + shown, rich_help_panel=PANEL)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )
