"""Where tasks are done: by processes of this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from tsgan.errors import ConfigError
from tsgan.requirements import require_choice, require_int
from tsgan.tasks import Workers

LOCAL, RAY = "local", "ray"
MOST_WORKERS = 100_000


@dataclass(frozen=True)
class Engine:
    """What does tasks.

    Attributes:
        name: ``"local"`` or ``"ray"``.
        workers: most tasks at a time; None: one for each processor.
        address: of a Ray cluster, see ``ray_engine.ray_workers``.

    Raises:
        ConfigError: for a setting out of its range, or two that contradict each other.
    """

    name: Literal["local", "ray"] = "local"
    workers: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        require_choice("engine", self.name, (LOCAL, RAY))
        if self.workers is not None:
            require_int("workers", self.workers, 1, MOST_WORKERS)
        if self.address is not None and self.name != RAY:
            raise ConfigError(
                f"address: expected --engine ray beside it, got {self.name}; leave the address "
                "out, or ask for that engine"
            )


@contextmanager
def opened(engine: Engine) -> Iterator[Workers]:
    """Give the workers of an engine for the length of the block.

    Raises:
        ConfigError: if it is not installed, or cannot be reached.
    """
    if engine.name == RAY:
        from tsgan.ray_engine import ray_workers

        with ray_workers(engine.address, engine.workers) as workers:
            yield workers
        return
    from tsgan.local_engine import LocalWorkers

    yield LocalWorkers(engine.workers)
