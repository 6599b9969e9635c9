"""A causal stack one step at a time, for many particles that may take each other's place.

A dilated layer needs its input of ``2**i`` steps ago, so each keeps a queue of that length and a
step costs one step (Le Paine et al. 2016, "Fast WaveNet Generation Algorithm"). Particles that are
resampled leave their queues where they are: only a table of ancestors is permuted, which says whose
entry of each past step is a particle's own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.layers import NEGATIVE_SLOPE, CausalStack, GatedStack

Stack = CausalStack | GatedStack

Earlier = Callable[[int], Tensor]
"""From the number of a layer to its input (particles, channels) of ``2**layer`` steps ago."""


class StackStep:
    """The weights of a stack, laid out for products of one step."""

    def __init__(self, stack: Stack) -> None:
        self.layers, self.channels = stack.skip.shape[:2]
        self.memory = stack.receptive_field
        self.enter, self.leave = stack.enter, stack.leave
        self.now = stack.now.detach().transpose(-1, -2).contiguous()
        self.past = stack.past.detach().transpose(-1, -2).contiguous()
        self.bias, self.skip_bias = stack.bias.detach(), stack.skip_bias.detach()
        self.skip = stack.skip.detach().transpose(-1, -2).reshape(-1, self.channels).contiguous()
        self.residual = (
            [weight.detach().t().contiguous() for weight in stack.residual]
            if isinstance(stack, GatedStack)
            else None
        )

    def __call__(self, heard: Tensor, earlier: Earlier) -> tuple[list[Tensor], Tensor]:
        """Return each layer's input, (particles, channels), and the output, (particles, outputs).

        Args:
            heard: (particles, inputs) what the stack hears at this step.
            earlier: what each layer heard before.
        """
        x = F.linear(heard, self.enter.weight, self.enter.bias)
        inputs, outputs = [], []
        for i in range(self.layers):
            inputs.append(x)
            y = self._layer(i, x, earlier(i))
            outputs.append(y)
            x = self._onward(i, x, y)
        skips = torch.addmm(self.skip_bias, torch.cat(outputs, dim=1), self.skip)
        return inputs, F.linear(
            F.leaky_relu_(skips, NEGATIVE_SLOPE), self.leave.weight, self.leave.bias
        )

    def _layer(self, i: int, x: Tensor, before: Tensor) -> Tensor:
        if self.residual is None:
            y = torch.addmm(self.bias[i], x, self.now[i]).addmm_(before, self.past[i])
            return F.leaky_relu_(y, NEGATIVE_SLOPE)
        signal, gate = (
            torch.addmm(self.bias[i, k], x, self.now[i, k]).addmm_(before, self.past[i, k])
            for k in range(2)
        )
        return signal.tanh_() * gate.sigmoid_()

    def _onward(self, i: int, x: Tensor, y: Tensor) -> Tensor:
        if self.residual is None:
            return x + y
        return torch.addmm(x, y, self.residual[i]) if i < len(self.residual) else x


class SteppedStack:
    """The state of ``particles`` copies of a stack; what it hears at first has no past but zeros.

    Attributes:
        time: steps that were heard; outputs are the stack's own from the step ``memory`` on.
    """

    def __init__(self, stack: Stack, particles: int) -> None:
        self.weights = StackStep(stack)
        self.time, self.particles = 0, particles
        self._queues = [
            torch.zeros(2**i, particles, self.weights.channels) for i in range(self.weights.layers)
        ]
        own = torch.arange(particles, dtype=torch.int32)
        self._own, self._ancestors = own, own.repeat(self.weights.memory, 1)

    def ancestors(self, time: int) -> Tensor:
        """Return (particles,) int32: whose entry of a step of the last ``memory`` is whose."""
        return self._ancestors[time % self.weights.memory]

    def step(self, heard: Tensor) -> Tensor:
        """Return the output (particles, outputs) once ``heard`` (particles, inputs) is heard."""
        inputs, out = self.weights(heard, lambda i: self.input_of(i, self.time - 2**i))
        for queue, x in zip(self._queues, inputs, strict=True):
            queue[self.time % len(queue)] = x
        self._ancestors[self.time % self.weights.memory] = self._own
        self.time += 1
        return out

    def input_of(self, layer: int, time: int) -> Tensor:
        """Return what ``layer`` heard at one of the last ``2**layer`` steps."""
        queue = self._queues[layer]
        return queue[time % len(queue)].index_select(0, self.ancestors(time))

    def resample(self, parents: Tensor) -> None:
        """Let particle k become what ``parents[k]`` is, (particles,) int64."""
        self._ancestors = self._ancestors.index_select(1, parents)


class StackBranch:
    """Copies of some particles that go on by themselves, and leave the particles as they are.

    Args:
        trunk: is not stepped while the branch is in use.
        chosen: (copies,) int64 particles, each as often as one likes.
    """

    def __init__(self, trunk: SteppedStack, chosen: Tensor) -> None:
        self._trunk, self._chosen = trunk, chosen
        self._heard: list[list[Tensor]] = []

    def step(self, heard: Tensor) -> Tensor:
        """Return the output (copies, outputs) once ``heard`` (copies, inputs) is heard."""
        inputs, out = self._trunk.weights(heard, self._earlier)
        self._heard.append(inputs)
        return out

    def _earlier(self, layer: int) -> Tensor:
        back = len(self._heard) - (1 << layer)
        if back >= 0:
            return self._heard[back][layer]
        trunk = self._trunk.input_of(layer, self._trunk.time + back)
        return trunk.index_select(0, self._chosen)
