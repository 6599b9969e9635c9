"""Critics of return series: several heads, each looking at the paths on a time scale of its own.

A head of scale b sees blocks of b steps: of each the sum and the logarithm of the mean square, or
the returns themselves for b = 1. All but the coarsest are *pooled*: they score every patch of a
path and average, so that a short patch, of which even one series has thousands, is all that can be
learned by heart. A head that sees whole windows instead tells real ones from fakes by recognising
them, and drives the generator to paths that are too calm. The coarsest does look at whole paths,
which are few numbers by then, and brings the long memory.

One more head looks at windows whose condition was given, in units of the given volatility.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import NOTHING_ELSE, SCALE_SIZE, ConditionLayout, in_powers
from tsgan.config import NetworkConfig
from tsgan.draws import integers
from tsgan.layers import NEGATIVE_SLOPE, leaky_relu_slope
from tsgan.strided import StridedStack

LOG_FLOOR = 0.01


class CriticHead(nn.Module):
    """Strided causal convolutions and two dense layers to one score; no normalisation.

    LeakyReLU makes the score piecewise linear in its input, so its gradient can be written out
    (``input_gradient``): one pass of transposed convolutions through the slopes that were met.

    Args:
        inputs: channels, and length: steps, of what it looks at.
        config: sizes.
        layout: conditions that it is told, or None if it looks at the sample alone. A history is
            put before the sample, covariates beside it, all else enters the dense layers.
        pooled: score each position that has its whole past and average the scores; else there is
            one score of all positions together.
    """

    def __init__(
        self,
        inputs: int,
        length: int,
        config: NetworkConfig,
        layout: ConditionLayout | None = None,
        *,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.layout, self.pooled = layout, pooled
        beside, history, static = 0, 0, 0
        if layout is not None:
            beside, history = layout.covariates, layout.history
            static = SCALE_SIZE + layout.static + (1 if history else 0)
        widths = (inputs + beside, *config.critic_channels)
        self.stack = StridedStack(widths, config.critic_kernel)
        unit = self.stack.unit
        self.before = -(-history // unit) * unit
        self.folded = ((self.before + length) // unit, widths[-1])
        self.skip = positions_skipped(config) if pooled else 0
        self.features = widths[-1] if pooled else math.prod(self.folded)
        self.dense = nn.Linear(self.features + static, config.critic_dense)
        self.score = nn.Linear(config.critic_dense, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score ``x``, (batch, inputs, length), given (batch, size), rows of the layout: (batch,).

        The scale is a number to it: ``x`` and the history are taken as they are.
        """
        x, static = self._told(x, condition)
        hidden = self.dense(self._seen(self.stack(x), static))
        scores: Tensor = self.score(F.leaky_relu(hidden, NEGATIVE_SLOPE))
        return scores[..., 0].mean(dim=1)

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

    def _seen(self, y: Tensor, static: Tensor) -> Tensor:
        """Return what the dense layers see: (batch, positions, features + static)."""
        y = y[:, self.skip :] if self.pooled else y.flatten(1)[:, None]
        return torch.cat([y, static[:, None].expand(-1, y.shape[1], -1)], dim=2)

    def input_gradient(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return ∂score/∂x, shape of ``x``, differentiable by the weights.

        Exact almost everywhere: the slopes are constant in a neighbourhood of x. It saves the
        double backward of ``torch.autograd.grad(create_graph=True)``.
        """
        inputs, time = x.shape[1:]
        with torch.no_grad():
            x, static = self._told(x, condition)
            activations = self.stack.activations(x)
            slope = leaky_relu_slope(self.dense(self._seen(activations[-1], static)))
        weight = self.dense.weight[:, : self.features]
        gradient = (slope * self.score.weight / slope.shape[1]) @ weight
        if self.pooled:
            gradient = F.pad(gradient, (0, 0, self.skip, 0))
        gradient = self.stack.slopes(gradient.view(-1, *self.folded), activations)
        return gradient[:, :inputs, -time:]


def positions_skipped(config: NetworkConfig) -> int:
    """Return how many first positions of a pooled head lack a part of their past."""
    unit: int = 2 ** len(config.critic_channels)
    field = 1 + (config.critic_kernel - 1) * (unit - 1)
    return -(-field // unit) - 1


def usable_scales(config: NetworkConfig, path_length: int) -> list[int]:
    """Return the scales of the heads that can look at paths of this length, ascending.

    The coarsest needs a position after its convolutions, the pooled ones one with all its past.
    """
    unit = 2 ** len(config.critic_channels)
    pooled = (positions_skipped(config) + 1) * unit
    fit = [b for b in config.scales if path_length % (b * unit) == 0]
    seen = {b: min(path_length // b, config.stretch) for b in fit}
    return [b for b in fit if b == fit[-1] or seen[b] >= pooled]


class Critic(nn.Module):
    """All heads; ``views`` says what each of them sees of a batch.

    Args:
        config: sizes and scales.
        window: steps of a window; path_length: steps of a long path.
        assets: channels of a path.
        layout: the conditions of the windows; it is not told their latent codes.
        powers: (assets,) how each channel grows with a given volatility; default: as returns do.
    """

    def __init__(
        self,
        config: NetworkConfig,
        window: int,
        path_length: int,
        assets: int = 1,
        layout: ConditionLayout = NOTHING_ELSE,
        powers: Sequence[float] = (),
    ) -> None:
        super().__init__()
        self.layout, self.powers = layout, tuple(powers)
        self.scales = usable_scales(config, path_length)
        self.lengths = [min(path_length, config.stretch * b) for b in self.scales]
        heads = [
            CriticHead(
                assets if b == 1 else 2 * assets, length // b, config, pooled=b != self.scales[-1]
            )
            for b, length in zip(self.scales, self.lengths, strict=True)
        ]
        self.heads = nn.ModuleList([*heads, CriticHead(assets, window, config, layout.observed)])

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: RandomStream
    ) -> list[tuple[Tensor, Tensor]]:
        """Return (input, condition) for each head, in the order of ``heads``.

        Args:
            parts: long paths (batch, assets, path_length) whose condition is not looked at, and
                windows (batch, assets, window) with their condition (batch, size).
            stream: where the random stretches of the paths come from.
        """
        (paths, _), (given_windows, given) = parts
        views = []
        for b, length in zip(self.scales, self.lengths, strict=True):
            seen = random_stretch(paths, length, stream)
            x = seen if b == 1 else block_features(seen, b)
            views.append((x, x.new_zeros(x.shape[0], 0)))
        told = self.layout.observed.in_units(self.layout.told(given))
        return [*views, (self._in_units(given_windows, given), told)]

    def _in_units(self, windows: Tensor, given: Tensor) -> Tensor:
        """Return the windows in units of their scale, (batch, assets, window)."""
        log_scale = self.layout.log_scale_of(given)[..., None]
        return windows * torch.exp(-in_powers(log_scale, self.powers)).transpose(1, 2)


def random_stretch(paths: Tensor, length: int, stream: RandomStream) -> Tensor:
    """Cut one random stretch from each path: (batch, assets, time) -> (batch, assets, length)."""
    batch, assets, time = paths.shape
    if length == time:
        return paths
    first = integers(time - length + 1, (batch, 1), stream)
    index = first + torch.arange(length, device=first.device)
    return paths.gather(2, index[:, None].expand(-1, assets, -1).to(paths.device))


def block_features(paths: Tensor, block: int) -> Tensor:
    """Return what a coarser head sees: (batch, assets, time) -> (batch, 2·assets, time/block).

    Per block of b steps the sum over √b, and ½ ln(mean square + 0.01), both of order one.
    """
    blocks = paths.reshape(*paths.shape[:2], -1, block)
    total = blocks.sum(3) / math.sqrt(block)
    log_volatility = 0.5 * torch.log(blocks.square().mean(3) + LOG_FLOOR)
    return torch.cat([total, log_volatility], dim=1)
