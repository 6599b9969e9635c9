"""The generator at work, without gradients: each step is computed once, and few numbers move.

Time goes piece by piece, in buffers that are used again. Rows are time-major, ``(time × seats,
channels)``: short paths are computed side by side, each in a seat. Two paths in the same seat are
rounded alike, whoever sits beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, cast

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import lfilter
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import SCALE_SIZE
from tsgan.layers import NEGATIVE_SLOPE, CausalStack, GatedStack
from tsgan.networks import Generator
from tsgan.queues import LayerQueues
from tsgan.slow_noise import GRID, grid_points

Float32Array = npt.NDArray[np.float32]
Hear = Callable[[Float32Array], None]
"""Writes the next steps of noise into (time, seats, noise channels)."""
Keep = Callable[[int, Float32Array], None]
"""Takes the first step and the scaled log returns of a piece, (time, seats, assets)."""

ACTIVATIONS = 2**19
"""Numbers that a layer holds at a time: 2 MiB. Less would stay in the cache of a core, but threads
would meet in Python more often, which costs as much.
"""

MOST_SEATS = 8
"""Few, so that a request for a single path is quick."""


@dataclass(frozen=True)
class Plan:
    """How paths are computed: ``seats`` at a time, in ``pieces`` of ``length`` steps."""

    seats: int
    length: int
    pieces: int

    @classmethod
    def of(cls, generator: Generator, horizon: int) -> Self:
        """Return the plan, a function of the generator's sizes and the horizon alone."""
        rows = ACTIVATIONS // generator.stack.leave.in_features
        abreast = min(max(rows // (generator.memory + horizon), 1), MOST_SEATS)
        seats = 1 << (abreast.bit_length() - 1)
        longest = max(rows // seats, generator.memory // 2, GRID)
        pieces = -(-horizon // longest)
        return cls(seats, -(-horizon // (pieces * GRID)) * GRID, pieces)

    @property
    def steps(self) -> int:
        """Return how many steps are computed: the horizon, rounded up."""
        return self.length * self.pieces


def slow_points(generator: Generator, plan: Plan) -> int:
    """Return how many white numbers of each slow channel a path needs."""
    return grid_points(generator.memory + plan.steps - 1)


def slow_grid(white: Float32Array, time_constants: Sequence[float]) -> Tensor:
    """Return slow noise at every ``GRID`` steps from white numbers, (points, paths, channels).

    It is that of ``slow_noise``, to rounding, but each path's is the same in any company.
    """
    grid = np.empty_like(white)
    for channel, constant in enumerate(time_constants):
        coefficient = np.float32(math.exp(-GRID / constant))
        shocks = white[..., channel] * np.sqrt(1 - coefficient**2)
        shocks[0] = white[0, :, channel]
        recursion = np.array([1, -coefficient], np.float32)
        grid[..., channel] = lfilter(np.ones(1, np.float32), recursion, shocks, axis=0)
    return torch.from_numpy(grid)


class Inference:
    """Weights and buffers for paths under one condition; for one thread at a time.

    Args:
        generator: on the CPU.
        condition: (size,), a row of its layout.
        plan: of the generator and the horizon.
    """

    @torch.inference_mode()
    def __init__(self, generator: Generator, condition: Tensor, plan: Plan) -> None:
        self.generator, self.plan = generator, plan
        stack = cast(CausalStack | GatedStack, generator.stack)
        context = generator.context(condition[None], plan.steps)[:, 0]  # the same for all paths
        sizes = [generator.noise_channels, context.shape[1], len(generator.slow)]
        self._of_noise, of_context, self._of_slow = torch.split(stack.enter.weight.t(), sizes)
        moving = generator.layout.moving > 0
        self._tracks, self._of_context = context if moving else None, of_context
        still = torch.zeros_like(context[0]) if moving else context[0]
        self._enter_bias = stack.enter.bias + still @ of_context
        scale = generator.layout.scale_of(condition[None], plan.steps).view(-1, 1, SCALE_SIZE)
        self._tilt = generator.tilt(torch.tanh(scale)).permute(2, 0, 1)
        self._unit = generator.unit(scale).permute(2, 0, 1)
        self._between = _between_points(plan.seats * len(generator.slow))
        self._noise = torch.zeros(sum(self._spans()), plan.seats, generator.noise_channels)
        self._layers = LayerQueues(stack, plan.seats, plan.length)
        self._bends = [layer for layer in generator.innovation if isinstance(layer, nn.Linear)]
        rows = plan.length * plan.seats
        self._hidden = [torch.empty(rows, layer.out_features) for layer in self._bends]

    def _spans(self) -> tuple[int, int]:
        return self.generator.memory, self.plan.length

    @torch.inference_mode()
    def run(self, hear: Hear, keep: Keep, grid: Tensor | None) -> None:
        """Compute paths, one in each seat.

        Args:
            hear: called for each piece, the first of which has ``memory`` steps more.
            keep: called for each piece; the array is used again afterwards.
            grid: (points, seats, slow channels), slow noise at every ``GRID`` steps.
        """
        memory, length = self._spans()
        for piece in range(self.plan.pieces):
            if piece:
                self._noise[memory - 1] = self._noise[-1]
            hear(self._noise[memory if piece else 0 :].numpy())
            begin = memory - 1 + piece * length if piece else 0
            end = memory - 1 + (piece + 1) * length
            self._enter(begin, end, grid)
            skips = self._layers.run(piece == 0, piece + 1 == self.plan.pieces)
            keep(piece * length, self._leave(skips, piece * length).numpy())

    def _enter(self, begin: int, end: int, grid: Tensor | None) -> None:
        """Let the first layer hear steps ``begin`` to ``end``, counted from the first noise."""
        seats, rows = self.plan.seats, (end - begin) * self.plan.seats
        x = self._layers.x[-rows:]
        noise = self._noise[-(end - begin) - 1 : -1].view(rows, -1)
        torch.addmm(self._enter_bias, noise, self._of_noise, out=x)
        if grid is not None:
            cells, wide = slice(begin // GRID, -(-end // GRID)), grid[0].numel()
            ends = grid.view(-1, wide).as_strided((len(grid) - 1, 2 * wide), (wide, 1))[cells]
            slow = (ends @ self._between).view(-1, len(self._of_slow))
            skipped = begin % GRID * seats
            x.addmm_(slow[skipped : skipped + rows], self._of_slow)
        if self._tracks is not None:
            x.view(-1, seats, x.shape[1]).add_(
                (self._tracks[begin:end] @ self._of_context)[:, None]
            )

    def _leave(self, skips: Tensor, start: int) -> Tensor:
        """Return scaled log returns, (time, seats, assets), of the sum of skips."""
        (_, length), seats, assets = self._spans(), self.plan.seats, self.generator.assets
        leave = self.generator.stack.leave
        heard = leave.weight @ F.leaky_relu_(skips, NEGATIVE_SLOPE).t()
        heard += leave.bias[:, None]
        made = F.softplus(heard[assets:]).mul_(self._shocks(self._noise[-length:]).t())
        scaled = made.add_(heard[:assets]).view(assets, length, seats)
        steps = slice(start, start + length) if self._tilt.shape[1] > 1 else slice(None)
        return scaled.add_(self._tilt[:, steps]).mul_(self._unit[:, steps]).permute(1, 2, 0)

    def _shocks(self, present: Tensor) -> Tensor:
        """Return ``Generator.shocks`` of (time, seats, channels): (rows, assets)."""
        rows = present.flatten(0, 1)
        if self.generator.assets > 1:
            return self.generator.shocks(rows)
        made = rows
        for i, (layer, hidden) in enumerate(zip(self._bends, self._hidden, strict=True)):
            heard = F.leaky_relu_(made, NEGATIVE_SLOPE) if i else made
            made = torch.addmm(layer.bias, heard, layer.weight.t(), out=hidden)
        return made.add_(rows[:, :1])


def _between_points(numbers: int) -> Tensor:
    """Return the matrix of straight lines: two neighbours of the grid to ``GRID`` steps.

    (2 × numbers, GRID × numbers), for so many numbers at each point, those of all seats.
    """
    part = torch.arange(GRID, dtype=torch.float32) / GRID
    return torch.kron(torch.stack([1 - part, part]), torch.eye(numbers))
