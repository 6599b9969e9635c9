"""``tsgan`` with small defaults and without its evaluation: ``rank_command.py EVENT fit …``.

The event is ``none``, or ``SIGKILL:1:5``: rank 1 sends itself this signal after step 5.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys

import tiny

from tsgan.trainer import Trainer


def signal_at(name: str, rank: int, step: int) -> None:
    """Let the process of a rank send itself a signal after a step."""
    iterate = Trainer._timed_iteration

    def timed(self: Trainer) -> None:
        iterate(self)
        if (self.ranks.rank, self.step) == (rank, step):
            os.kill(os.getpid(), getattr(signal, name))

    Trainer._timed_iteration = timed  # type: ignore[method-assign]


def main() -> None:
    event = sys.argv.pop(1)
    for owner, name, value in tiny.defaults():
        setattr(owner, name, value)
    importlib.import_module("tsgan.cli.fit")._evaluate = lambda *_: None
    if event != "none":
        name, rank, step = event.split(":")
        signal_at(name, int(rank), int(step))
    importlib.import_module("tsgan.cli.app").main()


if __name__ == "__main__":
    main()
