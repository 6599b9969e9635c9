"""Generator and critics of return series.

The generator is ``r_t = μ_t + σ_t (ε_t + h(ε_t))`` (after Wiese et al. 2020, "Quant GANs", eq. 4.3
and its log-return neural process): drift and volatility come from a causal stack over the noise
strictly before t, the innovation from the noise at t, so that clustering and heavy tails each have
their own place, and a shock of today moves the volatility of tomorrow (leverage).

Three critics look at what it makes: the fine one at windows of long paths, step by step; the
coarse one at the same paths whole, in blocks of which it sees the sum and the logarithm of the mean
square, so that memory far beyond a window is learned at a small price; the conditional one at
windows whose volatility was given.

A given volatility is a unit of measurement: the generator multiplies its path by it and the
conditional critic divides by it, so that a quiet window is looked at as closely as a wild one, and
twice the volatility asked for is twice the volatility got. The drift may lean on it besides:
markets fall when they are wild; a tanh keeps that within bounds beyond what training saw.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import SCALE_SIZE, ConditionLayout
from tsgan.config import NetworkConfig
from tsgan.layers import (
    NEGATIVE_SLOPE,
    CausalStack,
    GatedStack,
    StridedCausalConv1d,
    leaky_relu_slope,
    softplus_inverse,
)

INITIAL_VOLATILITY = 0.6
LOG_FLOOR = 0.01

NOTHING_ELSE = ConditionLayout()
"""The layout of a condition that is a scale at most."""

STACKS = {"residual": CausalStack, "gated": GatedStack}


class Generator(nn.Module):
    """Noise and condition to scaled log returns, at any length with the same weights.

    Args:
        config: sizes.
        assets: channels of a path.
        layout: the conditions that it can be given.
    """

    def __init__(
        self, config: NetworkConfig, assets: int = 1, layout: ConditionLayout = NOTHING_ELSE
    ) -> None:
        super().__init__()
        self.assets, self.layout = assets, layout
        self.noise_channels = max(config.noise_channels, assets)
        width = config.innovation_width
        inputs = self.noise_channels + 1 + layout.static + layout.moving
        self.stack = STACKS[config.stack](inputs, config.channels, config.layers, 2 * assets)
        self.tilt = nn.Linear(SCALE_SIZE, assets, bias=False)
        self.innovation = nn.Sequential(
            nn.Linear(self.noise_channels, width),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Linear(width, width),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Linear(width, assets),
        )
        self.memory = self.stack.receptive_field
        with torch.no_grad():
            self.tilt.weight.zero_()
            self.stack.leave.bias[:assets] = 0.0
            self.stack.leave.bias[assets:] = softplus_inverse(INITIAL_VOLATILITY)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Return the paths of ``noise``.

        Args:
            noise: (memory + time, batch, noise_channels) standard normal; the first ``memory``
                steps are the past of the first return.
            condition: (batch, size), rows of the layout; covariates cover the whole path.

        Returns:
            (batch, assets, time) scaled log returns.
        """
        time = noise.shape[0] - self.memory
        return self.paths(noise, condition[:, :SCALE_SIZE], self.context(condition, time))

    def context(self, condition: Tensor, time: int) -> Tensor:
        """Return what the stack hears beside the noise: (memory + time − 1, batch, features)."""
        heard = torch.cat([condition[:, 1:SCALE_SIZE], self.layout.static_of(condition)], dim=1)
        steps = self.memory + time - 1
        static = heard.expand(steps, -1, -1)
        if not self.layout.moving:
            return static
        return torch.cat([static, self.layout.tracks(condition, self.memory, time)], dim=2)

    def paths(self, noise: Tensor, scale: Tensor, context: Tensor) -> Tensor:
        """Return the paths of ``noise`` as in ``forward``, from scale (batch, 2) and context."""
        past, present = noise[:-1], noise[self.memory :]
        heard = self.stack(torch.cat([past, context], dim=2)).to(noise.dtype)
        drift, raw = heard.split(self.assets, dim=2)
        innovation = present[..., : self.assets] + self.innovation(present)
        scaled = drift + self.tilt(torch.tanh(scale)) + F.softplus(raw) * innovation
        paths: Tensor = torch.exp(scale[:, :1]) * scaled
        return paths.permute(1, 2, 0)

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return fresh paths of the shape of ``real``, (batch, assets, time), from ``stream``."""
        batch, _, time = real.shape
        shape = (self.memory + time, batch, self.noise_channels)
        noise = torch.randn(shape, generator=stream, device=stream.device).to(real.device)
        fake: Tensor = self(noise, condition)
        return fake


class CriticHead(nn.Module):
    """Strided causal convolutions and two dense layers to one score; no normalisation.

    LeakyReLU makes the score piecewise linear in its input, so its gradient can be written out
    (``input_gradient``): one pass of transposed convolutions through the slopes that were met.

    Args:
        inputs: channels, and length: steps, of what it looks at.
        config: sizes.
        layout: conditions that it is told, or None if it looks at the sample alone. A history is
            put before the sample, covariates beside it, all else enters the dense layers.
    """

    def __init__(
        self, inputs: int, length: int, config: NetworkConfig, layout: ConditionLayout | None = None
    ) -> None:
        super().__init__()
        self.layout = layout
        beside, history, static = 0, 0, 0
        if layout is not None:
            beside, history = layout.covariates, layout.history
            static = SCALE_SIZE + layout.static + (1 if history else 0)
        unit = 2 ** len(config.critic_channels)
        self.before = -(-history // unit) * unit
        widths = (inputs + beside, *config.critic_channels)
        self.convolutions = nn.ModuleList(
            StridedCausalConv1d(a, b, config.critic_kernel) for a, b in itertools.pairwise(widths)
        )
        self.folded = (widths[-1], (self.before + length) // unit)
        self.dense = nn.Linear(math.prod(self.folded) + static, config.critic_dense)
        self.score = nn.Linear(config.critic_dense, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, inputs, length), given (batch, size), rows of the layout: (batch,).

        The scale is a number to it: ``x`` and the history are taken as they are.
        """
        x, static = self._told(x, condition)
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), NEGATIVE_SLOPE)
        x = torch.cat([x.flatten(1), static], dim=1)
        score: Tensor = self.score(F.leaky_relu(self.dense(x), NEGATIVE_SLOPE))
        return score[:, 0]

    def _told(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the convolutions see, (batch, channels, before + length), and the rest."""
        layout = self.layout
        if layout is None:
            return x, x.new_zeros(x.shape[0], 0)
        static = condition[:, : SCALE_SIZE + layout.static]
        if layout.history:
            past, given = layout.history_of(condition)
            x = torch.cat([F.pad(past, (self.before - layout.history, 0)), x], dim=2)
            static = torch.cat([static, given], dim=1)
        if layout.covariates:
            beside = layout.covariates_of(condition)
            x = torch.cat([x, F.pad(beside, (x.shape[2] - beside.shape[2], 0))], dim=1)
        return x, static

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return ∂score/∂x, shape of ``x``, differentiable by the weights.

        Exact almost everywhere: the slopes are constant in a neighbourhood of x. It saves the
        double backward of ``torch.autograd.grad(create_graph=True)``.
        """
        inputs, time = x.shape[1:]
        with torch.no_grad():
            x, static = self._told(x, condition)
            slopes = []
            for convolution in self.convolutions:
                x = convolution(x)
                slopes.append(leaky_relu_slope(x))
                x = x * slopes[-1]
            dense = self.dense(torch.cat([x.flatten(1), static], dim=1))
            dense_slope = leaky_relu_slope(dense)
        gradient = (dense_slope * self.score.weight) @ self.dense.weight[
            :, : math.prod(self.folded)
        ]
        gradient = gradient.view(-1, *self.folded)
        for convolution, slope in zip(reversed(self.convolutions), reversed(slopes), strict=True):
            gradient = cast(StridedCausalConv1d, convolution).adjoint(gradient * slope)
        return gradient[:, :inputs, -time:]


class Critic(nn.Module):
    """The three critics; ``views`` says what each of them sees of a batch.

    Args:
        config: sizes.
        window: steps of a window; path_length: steps of a long path.
        windows_per_path: windows that the fine critic takes from each path.
        assets: channels of a path.
        layout: the conditions of the windows.
    """

    def __init__(
        self,
        config: NetworkConfig,
        window: int,
        path_length: int,
        windows_per_path: int,
        assets: int = 1,
        layout: ConditionLayout = NOTHING_ELSE,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.window, self.block, self.windows_per_path = window, config.block, windows_per_path
        self.fine = CriticHead(assets, window, config)
        self.coarse = CriticHead(2 * assets, path_length // config.block, config)
        self.conditional = CriticHead(assets, window, config, layout)
        self.heads = (self.fine, self.coarse, self.conditional)

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: RandomStream
    ) -> list[tuple[Tensor, Tensor]]:
        """Return (input, condition) for each head, in the order of ``heads``.

        Args:
            parts: long paths (batch, assets, path_length) whose condition is not looked at, and
                windows (batch, assets, window) with their condition (batch, size).
            stream: where the random windows come from.
        """
        (paths, _), (given_windows, given) = parts
        windows = random_windows(paths, self.window, self.windows_per_path, stream)
        blocks = block_features(paths, self.block)
        return [
            (windows, windows.new_zeros(windows.shape[0], 0)),
            (blocks, blocks.new_zeros(blocks.shape[0], 0)),
            (given_windows * torch.exp(-given[:, :1])[..., None], self.layout.in_units(given)),
        ]


def random_windows(paths: Tensor, window: int, count: int, stream: RandomStream) -> Tensor:
    """Cut ``count`` random windows from each path.

    ``(batch, assets, time) -> (batch · count, assets, window)``
    """
    batch, assets, time = paths.shape
    first = torch.randint(time - window + 1, (batch, count), generator=stream, device=stream.device)
    index = first[..., None] + torch.arange(window, device=first.device)
    index = index[:, :, None].expand(-1, -1, assets, -1).to(paths.device)
    return paths[:, None].expand(-1, count, -1, -1).gather(3, index).flatten(0, 1)


def block_features(paths: Tensor, block: int) -> Tensor:
    """Return what the coarse critic sees: (batch, assets, time) -> (batch, 2·assets, time/block).

    Per block of b steps the sum over √b, and ½ ln(mean square + 0.01), both of order one.
    """
    blocks = paths.reshape(*paths.shape[:2], -1, block)
    total = blocks.sum(3) / math.sqrt(block)
    log_volatility = 0.5 * torch.log(blocks.square().mean(3) + LOG_FLOOR)
    return torch.cat([total, log_volatility], dim=1)
