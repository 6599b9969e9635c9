"""How long a training step takes, of tsgan and of a plain implementation of the same game.

``python benchmarks/steps.py`` prints the table of docs/speed.md; ``--grid`` that of the threads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from plain import PlainTraining
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from tsgan.batches import SeriesBatches
from tsgan.config import Config, NetworkConfig, TrainingConfig
from tsgan.critics import Critic
from tsgan.networks import Generator
from tsgan.steps import Batch, critic_step, generator_step, make_fakes
from tsgan.trainer import Trainer

SERIES = 4_096
WINDOW = Config().window
STEPS = ("critic step", "generator step", "iteration")
PLAIN, JOINT = "plain", "plain, one backward pass"
GRID = ((16, 12), (16, 32), (32, 12), (32, 32), (64, 12), (64, 32), (128, 12))
"""Channels and paths."""

BUSY = """
import os, sys, torch
torch.set_num_threads(1)
a = torch.randn(512, 512)
while os.getppid() == int(sys.argv[1]):
    torch.mm(a, a)
"""

Calls = Mapping[str, Callable[[], Any]]
Seconds = dict[tuple[str, str, int], list[float]]
"""Seconds of a call by implementation, step and threads: one number for each round."""


@dataclass(frozen=True)
class Sizes:
    """What is trained."""

    network: NetworkConfig = NetworkConfig()  # noqa: RUF009 - frozen
    training: TrainingConfig = TrainingConfig(precision="float32")  # noqa: RUF009 - frozen

    def returns(self, step: str) -> int:
        """Return how many synthetic returns a step judges; tsgan's generator learns by the same."""
        training = self.training
        once = training.batch * training.path_length + training.conditional_windows * WINDOW
        return training.critic_steps * once if step == "iteration" else once

    def batches(self) -> SeriesBatches:
        """Return batches of Gaussian returns: what they are makes no difference to the time."""
        series = torch.randn(SERIES, 1, generator=torch.Generator().manual_seed(0))
        return SeriesBatches(series, WINDOW, self.training.path_length, self.training)


def tsgan_calls(sizes: Sizes) -> Calls:
    """Return the steps of tsgan."""
    network, training = sizes.network, sizes.training
    critic = Critic(network, WINDOW, training.path_length)
    stream = torch.Generator().manual_seed(0)
    batches = sizes.batches()
    trainer = Trainer(Generator(network), critic, batches, training, stream)
    batch = batches(stream)

    game = trainer.objective, trainer.precision

    def fakes() -> Batch:
        return make_fakes(trainer.generator, batch, trainer.precision, stream)

    def improve_critic() -> None:
        with torch.no_grad():
            made = fakes()
        critic_step(trainer.critic, batch, made, *game, trainer.descents["critic"], stream)

    def improve_generator() -> None:
        generator_step(trainer.critic, fakes(), *game, trainer.descents["generator"], stream)

    return {
        "critic step": improve_critic,
        "generator step": improve_generator,
        "iteration": trainer._iterate,
    }


def plain_calls(sizes: Sizes, separate: bool) -> Calls:
    """Return the steps of the plain implementation."""
    stream, batches = torch.Generator().manual_seed(0), sizes.batches()
    game = PlainTraining(sizes.network, WINDOW, sizes.training, batches, stream, separate)
    batch = batches(stream)
    return {
        "critic step": lambda: game.critic_step(batch),
        "generator step": lambda: game.generator_step(batch),
        "iteration": game.iterate,
    }


def measure(
    calls: Mapping[tuple[str, str, int], Callable[[], Any]],
    rounds: int,
    repeats: int,
    clock: Callable[[], float],
) -> Seconds:
    """Time all calls in turn, so that what else the machine does meets all of them alike."""
    seconds: Seconds = {key: [] for key in calls}
    for number in range(rounds + 1):
        for key, call in calls.items():
            torch.set_num_threads(key[2])
            call()
            started = clock()
            for _ in range(repeats):
                call()
            if number:  # the first round warms up
                seconds[key].append((clock() - started) / repeats)
    return seconds


class Flops(TorchDispatchMode):
    """Adds up the floating point operations of matrix products and convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        packet = torch.ops.aten.addmm if packet is torch.ops.aten.addmm_ else packet
        if packet in flop_registry:
            self.total += flop_registry[packet](*args, **(kwargs or {}), out_val=out)
        return out


def flops(call: Callable[[], Any]) -> int:
    """Return the floating point operations of a call."""
    with Flops() as counter:
        call()
    return counter.total


def matmul(side: int = 1024) -> tuple[Callable[[], Any], int]:
    """Return a large float32 matrix product, and its operations."""
    left, right = torch.randn(side, side), torch.randn(side, side)
    return lambda: torch.mm(left, right), 2 * side**3


def compare(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the table: tsgan beside the plain implementation."""
    sizes, threads = Sizes(), arguments.threads
    tsgan, product = tsgan_calls(sizes), matmul()
    plain = {PLAIN: plain_calls(sizes, True), JOINT: plain_calls(sizes, False)}
    counts = {1} if arguments.processor_time else {1, arguments.default_threads}
    calls: dict[tuple[str, str, int], Callable[[], Any]] = {("matmul", "", threads): product[0]}
    for step in STEPS:
        calls["tsgan", step, threads] = tsgan[step]
        for name in plain:
            calls |= {(name, step, count): plain[name][step] for count in sorted(counts)}
    clock = time.process_time if arguments.processor_time else time.perf_counter
    seconds = measure(calls, arguments.rounds, arguments.repeats, clock)
    rate = product[1] / statistics.median(seconds["matmul", "", threads])
    yield f"{machine()}; threads of tsgan: {threads}; matmul {rate / 1e9:.0f} GFLOP/s"
    yield ""
    yield "| step | implementation | threads | ms | returns/s | of matmul rate | tsgan faster by |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for step in STEPS:
        work = {"tsgan": flops(tsgan[step])} | {name: flops(plain[name][step]) for name in plain}
        own = seconds["tsgan", step, threads]
        for (name, of, count), taken in seconds.items():
            if of == step:
                median = statistics.median(taken)
                ratio = statistics.median(a / b for a, b in zip(taken, own, strict=True))
                share = f"{work[name] / median / rate:.0%}" if count == threads else ""
                yield (
                    f"| {step} | {name} | {count} | {1e3 * median:.1f} "
                    f"| {sizes.returns(step) / median:,.0f} | {share} "
                    f"| {'' if name == 'tsgan' else f'{ratio:.2f}'} |"
                )


def grid(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the table: tsgan's iteration by sizes and threads."""
    yield machine()
    yield ""
    yield "| channels | paths | 1 thread, ms | 2 threads, ms | beside: 1, ms | beside: 2, ms |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for channels, paths in GRID:
        if arguments.channels not in (None, channels):
            continue
        call = tsgan_calls(scaled(channels, paths))["iteration"]
        calls = {("tsgan", "iteration", count): call for count in (1, 2)}
        cells = []
        for busy in (contextlib.nullcontext(), busy_process()):
            with busy:
                found = measure(calls, arguments.rounds, arguments.repeats, time.perf_counter)
            cells += [f"{1e3 * statistics.median(taken):.0f}" for taken in found.values()]
        yield f"| {channels} | {paths} | {' | '.join(cells)} |"


def scaled(channels: int, paths: int) -> Sizes:
    """Return sizes of this width and batch, the critics as wide in proportion."""
    default = Sizes()
    network, wider = default.network, channels // default.network.channels
    return Sizes(
        replace(
            network,
            channels=channels,
            innovation_width=channels,
            critic_channels=tuple(wider * width for width in network.critic_channels),
            critic_dense=wider * network.critic_dense,
        ),
        replace(default.training, paths=paths, conditional_windows=paths),
    )


@contextlib.contextmanager
def busy_process() -> Iterator[None]:
    """Keep one processor busy with matrix products within the block."""
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(os.getpid())])
    try:
        time.sleep(3.0)  # torch is being imported
        yield
    finally:
        process.kill()
        process.wait()


def machine() -> str:
    """Return what the figures were measured on."""
    return (
        f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, "
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}"
    )


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="medians are of this many rounds")
    parser.add_argument("--repeats", type=int, default=3, help="calls that are timed in a round")
    parser.add_argument("--threads", type=int, default=1, help="threads of tsgan")
    parser.add_argument("--grid", action="store_true", help="time tsgan by sizes and threads")
    parser.add_argument("--channels", type=int, help="the grid at this width only")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count the time on the processor, on one thread: for a machine that others use",
    )
    arguments = parser.parse_args()
    arguments.default_threads = torch.get_num_threads()
    for line in (grid if arguments.grid else compare)(arguments):
        print(line, flush=True)


if __name__ == "__main__":
    main()
