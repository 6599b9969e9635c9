"""What the commands share: errors as one line, durations, options."""

from __future__ import annotations

import functools
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, ParamSpec, TypeVar

import typer

from tsgan.cli.several import speaker
from tsgan.errors import ConfigError, TsganError
from tsgan.wording import printable

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED = 130

PricesFile = Annotated[
    Path,
    typer.Argument(
        metavar="PRICES", help="Price file: CSV (also .gz, .zip, .xz), Parquet, Feather or Excel."
    ),
]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="Price column, or ticker of a file that has several below one another; default: the "
        "adjusted close, else the close.",
    ),
]


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Print a TsganError, or one of the system, as a line on stderr, exit code 1; Ctrl-C: 130."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return command(*args, **kwargs)
        except TsganError as error:
            _tell(error, " ".join(map(str, error.args)))
            raise typer.Exit(1) from error
        except KeyboardInterrupt as interrupt:
            _tell(interrupt, "interrupted; nothing was left half written")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            _tell(error, _of_the_system(error))
            raise typer.Exit(1) from error
        finally:
            signal.signal(signal.SIGTERM, before)

    return wrapper


def _tell(error: BaseException, text: str) -> None:
    """Print what is said of an error, unless another process of the same run does."""
    if (told_by := speaker(error)) is not None:
        typer.echo(told_by + _with_notes(error, text), err=True)


def _with_notes(error: BaseException, text: str) -> str:
    """Return what is said of an error and what was noted on its way, in one line."""
    return printable(" ".join("; ".join((text, *getattr(error, "__notes__", ()))).split()))


def _of_the_system(error: OSError) -> str:
    """Return what is said of a name, a disk or a right that nobody asked for before."""
    where = "" if error.filename is None else f"{error.filename}: "
    reason = (error.strerror or str(error)).lower()
    return f"{where}{reason}; choose another name or place, or see what is wrong with this one"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C, so that files in the making are removed."""
    raise KeyboardInterrupt


def parse_duration(text: str) -> float:
    """Return the seconds of ``90``, ``90s``, ``5m``, ``1.5h``, ``1h30m``, ``10d``.

    Raises:
        typer.BadParameter: for anything else, or nothing above 0.
    """
    units = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    elif re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        seconds = sum(
            float(number) * units[unit]
            for number, _, unit in re.findall(r"(\d+(\.\d+)?)([dhms])", text)
        )
    else:
        seconds = 0.0
    if seconds <= 0:
        raise typer.BadParameter(f"expected a duration such as 90s, 5m, 1h30m or 10d, got {text!r}")
    return seconds


def duration(seconds: float) -> str:
    """Return ``seconds`` as ``42 s``, ``4 min 10 s`` or ``1 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    large, small = ("min", "s") if whole < 3600 else ("h", "min")
    first, second = divmod(whole if whole < 3600 else whole // 60, 60)
    return f"{first} {large} {second} {small}" if second else f"{first} {large}"


def parse_holdout(text: str) -> float | str:
    """Return a fraction, or the text itself where it is a date or ``auto``."""
    try:
        return float(text)
    except ValueError:
        pass
    if text == "auto" or re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return text
    raise typer.BadParameter(
        f"expected a fraction such as 0.2 or a date as YYYY-MM-DD, got {text!r}"
    )


def demand_writable(path: Path) -> None:
    """Raise ConfigError before any work unless ``path`` lies in a folder that may be written to."""
    from tsgan.scenario_targets import demand_folder

    demand_folder(path)


def demand_other_files(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Raise ConfigError before any work if an output would replace an input or another output."""
    taken = {file.resolve() for file in inputs}
    for path in outputs:
        if path.is_dir():
            raise ConfigError(f"{path}: expected a file to write, this is a folder; name a file")
        if path.resolve() in taken:
            raise ConfigError(
                f"{path}: expected a file of its own, it would replace another one of this "
                "command; choose another name"
            )
        taken.add(path.resolve())
