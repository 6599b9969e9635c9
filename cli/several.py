"""The command line where torchrun has started several processes: only a fit is shared by them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import typer

from tsgan.errors import ConfigError, RankError, TrainingError
from tsgan.launch import launched

if TYPE_CHECKING:
    from tsgan.ranks import Ranks

SHARED = "fit"
"""The command that several processes do together."""

WHY = {
    "fit-images": "batch normalisation couples the images of a batch",
}
OTHERWISE = "each of them would do all of it, and write the same files"


def demand_alone(command: str | None) -> None:
    """End all processes, the first with an error, unless they can do the command together."""
    try:
        launch = launched()
    except ConfigError as error:
        typer.echo(f"tsgan: {error}", err=True)
        raise typer.Exit(1) from error
    if launch is None or command in (None, SHARED):
        return
    if launch.rank:  # it ends well, so that the first is not stopped before it has told
        raise typer.Exit
    typer.echo(
        f"tsgan: {command}: expected one process, torchrun has started {launch.ranks}: "
        f"{WHY.get(str(command), OTHERWISE)}; start it without torchrun, by which only "
        f"tsgan {SHARED} is divided",
        err=True,
    )
    raise typer.Exit(1)


def is_first() -> bool:
    """Return whether this process is the one that writes and tells."""
    launch = launched()
    return launch is None or launch.rank == 0


def command() -> str:
    """Return the command that starts as many processes of tsgan."""
    launch = launched()
    return "tsgan" if launch is None else launch.command


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Let the processes train together within the block; see ``distributed.joined``."""
    if launched() is None:
        from tsgan.ranks import ALONE

        yield ALONE
        return
    from tsgan.distributed import joined

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_DFL) for number in signals]
    try:  # while it waits for the others, a process would not come to a handler
        with ExitStack() as together:
            ranks = together.enter_context(joined(device))
            _restore(signals, before)
            yield ranks
    finally:
        _restore(signals, before)


def _restore(signals: Sequence[signal.Signals], handlers: Sequence[Any]) -> None:
    for number, handler in zip(signals, handlers, strict=True):
        signal.signal(number, handler)


def speaker(error: BaseException) -> str | None:
    """Return who tells of an error, before what is told; None if another process does."""
    try:
        launch = launched()
    except ConfigError:
        launch = None
    if launch is None or launch.rank == 0:
        return "tsgan: "
    teller = error.teller if isinstance(error, RankError) else launch.rank
    known = isinstance(error, TrainingError | KeyboardInterrupt)
    return None if known or teller != launch.rank else f"tsgan: rank {launch.rank}: "
