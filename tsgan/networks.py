"""The generator of return series; tsgan/critics.py has what looks at them.

The generator is ``r_t = μ_t + σ_t (ε_t + h(ε_t))`` (after Wiese et al. 2020, "Quant GANs", eq. 4.3
and its log-return neural process): drift and volatility come from a causal stack over the noise
strictly before t and noise that changes slowly, the innovation from the noise at t, so that
clustering and heavy tails each have their own place, and a shock of today moves the volatility of
tomorrow (leverage).

A given volatility is a unit of measurement: the generator multiplies its path by it and the
conditional critic divides by it, so that a quiet window is looked at as closely as a wild one, and
twice the volatility asked for is twice the volatility got. The drift may lean on it besides:
markets fall when they are wild; a tanh keeps that within bounds beyond what training saw.

Of several assets, one stack makes all drifts and volatilities, so that they are wild together. Each
has a shock of its own, bent by one innovation network that they share and that hears a few common
shocks besides; the shocks are then mixed by a root of the real correlation matrix, as in the
constant conditional correlations of Bollerslev 1990, so that nothing of it is left to be learned.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import NOTHING_ELSE, SCALE_SIZE, ConditionLayout, in_powers
from tsgan.config import NetworkConfig
from tsgan.draws import normal
from tsgan.layers import (
    NEGATIVE_SLOPE,
    CausalStack,
    GatedStack,
    softplus_inverse,
)
from tsgan.slow_noise import grid_points, slow_noise

INITIAL_VOLATILITY = 0.6

WIDTH_STEP = 8
"""The stack of several assets is wider by their number, rounded up to a multiple of this."""

STACKS = {"residual": CausalStack, "gated": GatedStack}


class Generator(nn.Module):
    """Noise and condition to scaled log returns, at any length with the same weights.

    Args:
        config: sizes.
        assets: channels of a path.
        layout: the conditions that it can be given.
        mixing: (assets, assets) of the shocks of several assets; default: they are not mixed.
        powers: (assets,) how each channel grows with a given volatility v, as v**power; default: 1,
            as returns do.
    """

    def __init__(
        self,
        config: NetworkConfig,
        assets: int = 1,
        layout: ConditionLayout = NOTHING_ELSE,
        mixing: Tensor | None = None,
        powers: Sequence[float] = (),
    ) -> None:
        super().__init__()
        self.assets, self.layout = assets, layout
        self.powers = tuple(powers)
        self.noise_channels = config.noise_channels + assets - 1
        width = config.innovation_width
        self.slow = config.slow_noise
        inputs = self.noise_channels + 1 + layout.static + layout.moving + len(self.slow)
        channels = stack_width(config.channels, assets)
        self.stack = STACKS[config.stack](inputs, channels, config.layers, 2 * assets)
        self.tilt = nn.Linear(SCALE_SIZE, assets, bias=False)
        self.innovation = nn.Sequential(
            nn.Linear(config.noise_channels, width),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Linear(width, width),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Linear(width, 1),
        )
        if assets > 1:
            self.register_buffer("mixing", torch.eye(assets) if mixing is None else mixing)
        self.memory = self.stack.receptive_field
        with torch.no_grad():
            self.tilt.weight.zero_()
            self.stack.leave.bias[:assets] = 0.0
            self.stack.leave.bias[assets:] = softplus_inverse(INITIAL_VOLATILITY)

    def forward(self, noise: Tensor, condition: Tensor, white: Tensor | None = None) -> Tensor:
        """Return the paths of ``noise``.

        Args:
            noise: (memory + time, batch, noise_channels) standard normal; the first ``memory``
                steps are the past of the first return.
            condition: (batch, size), rows of the layout; covariates cover the whole path.
            white: (grid_points(memory + time − 1), batch, slow channels) standard normal, of which
                the slow noise is made; None where there is none.

        Returns:
            (batch, assets, time) scaled log returns.
        """
        time = noise.shape[0] - self.memory
        context = self.context(condition, time, white)
        return self.paths(noise, self.layout.scale_of(condition, time), context)

    def context(self, condition: Tensor, time: int, white: Tensor | None = None) -> Tensor:
        """Return what the stack hears beside the noise: (memory + time − 1, batch, features)."""
        heard = torch.cat([condition[:, 1:SCALE_SIZE], self.layout.static_of(condition)], dim=1)
        steps = self.memory + time - 1
        tracks = [heard.expand(steps, -1, -1)]
        if self.layout.moving:
            tracks.append(self.layout.tracks(condition, self.memory, time))
        if self.slow and white is not None:
            tracks.append(slow_noise(white, self.slow, steps))
        return torch.cat(tracks, dim=2)

    def paths(self, noise: Tensor, scale: Tensor, context: Tensor) -> Tensor:
        """Return the paths of ``noise`` as in ``forward``.

        Args:
            noise: as in ``forward``.
            scale: log scale and whether it is given, (batch, 2), or (time, batch, 2) of each step.
            context: what ``context`` returns.
        """
        past, present = noise[:-1], noise[self.memory :]
        heard = self.stack(torch.cat([past, context], dim=2)).to(noise.dtype)
        drift, raw = heard.split(self.assets, dim=2)
        scaled = drift + self.tilt(torch.tanh(scale)) + F.softplus(raw) * self.shocks(present)
        paths: Tensor = self.unit(scale) * scaled
        return paths.permute(1, 2, 0)

    def shocks(self, present: Tensor) -> Tensor:
        """Return ``ε + h(ε)`` of the noise of each step: (…, noise_channels) -> (…, assets).

        The first channels are the assets' own shocks, the others are common to all.
        """
        if self.assets == 1:
            alone: Tensor = present[..., :1] + self.innovation(present)
            return alone
        own, common = present[..., : self.assets], present[..., self.assets :]
        heard = common[..., None, :].expand(*own.shape, common.shape[-1])
        bent = own + self.innovation(torch.cat([own[..., None], heard], dim=-1))[..., 0]
        mixed: Tensor = bent @ self.mixing.T
        return mixed

    def unit(self, scale: Tensor) -> Tensor:
        """Return by what the channels are multiplied: (…, 2) -> (…, 1) or (…, assets)."""
        return torch.exp(in_powers(scale[..., :1], self.powers))

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return fresh paths of the shape of ``real``, (batch, assets, time), from ``stream``."""
        batch, _, time = real.shape
        shape = (self.memory + time, batch, self.noise_channels)
        noise = normal(shape, stream, batch=1).to(real.device)
        white = None
        if self.slow:
            points = grid_points(self.memory + time - 1), batch, len(self.slow)
            white = normal(points, stream, batch=1).to(real.device)
        fake: Tensor = self(noise, condition, white)
        return fake


def stack_width(channels: int, assets: int) -> int:
    """Return the width of the generator's stack: of several assets, wider by their number."""
    return channels if assets == 1 else channels + -(-assets // WIDTH_STEP) * WIDTH_STEP
