"""Processes that train one model together, by torch.distributed.

Each has the same weights and its share of every batch. What is averaged over them are the
gradients, in one buffer for each step of a network: the hooks of DistributedDataParallel do not see
gradients that ``torch.autograd.grad`` returns. What decides how the run goes on is agreed in a
group of its own, which does not wait for a GPU.
"""

from __future__ import annotations

import hashlib
import os
import socket
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Generator as RandomStream
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from tsgan.device import resolve_device
from tsgan.draws import SharedStream
from tsgan.errors import ConfigError, RankError
from tsgan.launch import Launch, launched
from tsgan.ranks import ALONE, Ranks

TIMEOUT = timedelta(minutes=5)
"""So long the others are waited for: longer than the first of them needs to score and to save."""

HEARING = 10.0
"""Seconds in which it is found out which process is gone; as a rule it takes a tenth of one."""


@contextmanager
def joined(device: str, timeout: timedelta = TIMEOUT) -> Iterator[Ranks]:
    """Join the processes that torchrun has started for as long as the block lasts.

    Args:
        device: as in ``Config``; on CUDA each process takes the GPU of its local rank.
        timeout: how long one waits for another.

    Yields:
        The processes; ``ALONE`` where torchrun has not started several.

    Raises:
        ConfigError: if a process has no GPU of its own, or there is no way to average there.
        RankError: if the others do not come, or, from within the block, are gone.
    """
    launch = launched()
    if launch is None:
        yield ALONE
        return
    group = Group(launch, _own_device(device, launch), timeout)
    try:
        yield group
    except RankError:
        raise
    except BaseException as error:
        group.leave(str(error) or type(error).__name__)
        raise
    if dist.is_initialized():
        dist.destroy_process_group()


class Group(Ranks):
    """This process among those that train a model together.

    Args:
        launch: its place.
        device: where the networks are, ``cpu`` or ``cuda``.
        timeout: how long one waits for another.
    """

    def __init__(self, launch: Launch, device: torch.device, timeout: timedelta = TIMEOUT) -> None:
        self.rank, self.count = launch.rank, launch.ranks
        backend = "nccl" if device.type == "cuda" else "gloo"
        self.store: Any = None
        with self._answered():
            self.store, _, _ = next(rendezvous("env://", timeout=timeout))
            self.store.set(f"tsgan/place/{self.rank}", f"{os.getpid()} {socket.gethostname()}")
            # a GPU's collectives are given up later, so that the error is that of the agreement
            dist.init_process_group(
                backend,
                store=self.store,
                rank=self.rank,
                world_size=self.count,
                timeout=2 * timeout,
            )
            self.agreement = dist.new_group(backend="gloo", timeout=timeout)

    def shared(self, stream: RandomStream) -> RandomStream:
        """Return the stream from which each process draws its share of a batch."""
        return SharedStream.of(stream, self.rank, self.count)

    def mean(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the means over the processes of tensors of one type, by way of one buffer."""
        buffer = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with self._answered():
            dist.all_reduce(buffer)
        buffer /= self.count
        parts = torch.split(buffer, [tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def of_first(self, number: Callable[[], float]) -> float:
        """Return the first process's ``number()``."""
        told = torch.tensor(number() if self.first else 0.0, dtype=torch.float64)
        with self._answered():
            dist.broadcast(told, 0, group=self.agreement)
        return told.item()

    def any(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""
        raised = torch.tensor(int(flag))
        with self._answered():
            dist.all_reduce(raised, dist.ReduceOp.MAX, group=self.agreement)
        return bool(raised)

    def demand_same(self, what: str, value: Callable[[], str]) -> None:
        """Raise RankError in all processes unless ``value()`` is the same in each."""
        own = torch.frombuffer(
            bytearray(hashlib.sha256(value().encode()).digest()), dtype=torch.uint8
        )
        found = [torch.empty_like(own) for _ in range(self.count)]
        with self._answered():
            dist.all_gather(found, own, group=self.agreement)
        others = [k for k, digest in enumerate(found) if not torch.equal(digest, found[0])]
        if others:
            raise RankError(f"expected {what}, but {_named(others)} differ from rank 0")

    def leave(self, reason: str) -> None:
        """Tell the others why this process ends early."""
        with suppress(RuntimeError):  # the store may be gone as well, with the process of it
            self.store.set(f"tsgan/left/{self.rank}", reason)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Turn an error of torch.distributed within the block into a RankError."""
        started = time.monotonic()
        try:
            yield
        except RuntimeError as error:
            waited = time.monotonic() - started
            reason = textwrap.shorten(str(error), 160, placeholder=" …")
            teller, text = self.rank, f"where the ranks meet, nobody answers ({reason})"
            with suppress(RuntimeError):
                teller, text = self._missing(f"no word for {waited:.0f} s ({reason})")
            raise RankError(f"training stopped: {text}", teller) from error

    def _missing(self, otherwise: str) -> tuple[int, str]:
        """Return who tells that ranks are gone, or else silent, and what is known of them."""
        if self.store is None:
            raise RuntimeError("no store")
        self.store.set(f"tsgan/heard/{self.rank}", "")
        others = [k for k in range(self.count) if k != self.rank]
        until = time.monotonic() + HEARING
        while time.monotonic() < until:
            for k in others:
                if self.store.check([f"tsgan/left/{k}"]):
                    return k, f"rank {k} ended with: {self.store.get(f'tsgan/left/{k}').decode()}"
            silent = [k for k in others if not self.store.check([f"tsgan/heard/{k}"])]
            if gone := [k for k in silent if self._dead(k)]:
                text = " and ".join(f"rank {self._told(k)} is gone" for k in gone)
                return self._teller(gone), text
            time.sleep(0.1)
        named = ", ".join(map(self._told, silent)) or "none of them"
        return self._teller(silent), f"{otherwise}, from rank {named}"

    def _teller(self, missing: Sequence[int]) -> int:
        return next(k for k in range(self.count) if k not in missing)

    def _place(self, rank: int) -> tuple[int, str]:
        """Return process and machine of a rank, 0 if it has not come yet."""
        if not self.store.check([f"tsgan/place/{rank}"]):
            return 0, ""
        process, _, machine = self.store.get(f"tsgan/place/{rank}").decode().partition(" ")
        return int(process), machine

    def _told(self, rank: int) -> str:
        process, machine = self._place(rank)
        return f"{rank} (process {process} on {machine})" if process else f"{rank}"

    def _dead(self, rank: int) -> bool:
        """Return whether a rank was on this machine and has ended."""
        process, machine = self._place(rank)
        if not process or machine != socket.gethostname() or os.name != "posix":
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False


def _named(ranks: Sequence[int]) -> str:
    return ("rank " if len(ranks) == 1 else "ranks ") + ", ".join(map(str, ranks))


def _own_device(name: str, launch: Launch) -> torch.device:
    """Return the device of this process, and make a GPU the current one."""
    device = resolve_device(name)
    if device.type == "mps":
        raise ConfigError(
            "device: expected cpu or cuda where several processes train together, got mps; use "
            "--device cpu, or start without torchrun"
        )
    if device.type == "cuda":
        if launch.local_rank >= torch.cuda.device_count():
            raise ConfigError(
                f"device: expected a GPU for each of the {launch.local_ranks} processes on this "
                f"machine, found {torch.cuda.device_count()}; start so many with "
                "--nproc-per-node, or use --device cpu"
            )
        torch.cuda.set_device(launch.local_rank)
    return device
