"""The same game as a good notebook plays it: what tsgan's training step is timed against.

The same networks, sizes, batches and losses as ``tsgan.networks``, ``tsgan.critics`` and
``tsgan.steps``, from torch's own parts: padded ``nn.Conv1d``, slow noise step by step,
``torch.optim.Adam`` as it comes, the gradient penalty by double backward, and a backward pass of
its own for the fake, the real and the penalty term. Batches and the views of the critics are
tsgan's, so that only networks, losses and optimisers are compared.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.config import NetworkConfig, TrainingConfig
from tsgan.critics import block_features, random_stretch, usable_scales

SLOPE = 0.1
GRID = 16

Batch = Sequence[tuple[Tensor, Tensor]]
Views = list[tuple[Tensor, Tensor]]


class CausalConv1d(nn.Conv1d):
    """A convolution that is padded on the left, so that no output sees a later input."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, time) to (batch, outputs, time / stride)."""
        left = (self.kernel_size[0] - 1) * self.dilation[0] - self.stride[0] + 1
        return super().forward(F.pad(x, (left, 0)))


class PlainGenerator(nn.Module):
    """Noise (batch, channels, time) to returns, by a stack of dilated causal convolutions."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, hidden, noise = config.channels, config.innovation_width, config.noise_channels
        self.memory = 2**config.layers
        self.noise_channels = noise
        self.time_constants = config.slow_noise
        self.enter = nn.Conv1d(noise + 1 + len(self.time_constants), width, 1)
        self.layers = nn.ModuleList(
            CausalConv1d(width, width, 2, dilation=2**i) for i in range(config.layers)
        )
        self.skips = nn.ModuleList(
            nn.Conv1d(width, width, 1, bias=i == 0) for i in range(config.layers)
        )
        self.leave = nn.Conv1d(width, 2, 1)
        self.tilt = nn.Linear(2, 1, bias=False)
        self.innovation = nn.Sequential(
            nn.Conv1d(noise, hidden, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(hidden, hidden, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(hidden, 1, 1),
        )

    def forward(self, noise: Tensor, condition: Tensor, white: Tensor) -> Tensor:
        """Return the paths of ``noise``.

        Args:
            noise: (batch, channels, memory + time).
            condition: (batch, 2).
            white: (batch, slow channels, points), of which the slow noise is made.

        Returns:
            (batch, 1, time).
        """
        past, time = noise.shape[2] - 1, noise.shape[2] - self.memory
        present = noise[:, :, self.memory :]
        given = condition[:, 1:, None].expand(-1, 1, past)
        slow = slow_noise(white, self.time_constants)[:, :, :past]
        x = self.enter(torch.cat([noise[:, :, :-1], given, slow], dim=1))
        total: Tensor | float = 0.0
        for layer, skip in zip(self.layers, self.skips, strict=True):
            y = F.leaky_relu(layer(x), SLOPE)
            total = total + skip(y)
            x = x + y
        heard = self.leave(F.leaky_relu(total, SLOPE))[:, :, -time:]
        drift, raw = heard.chunk(2, dim=1)
        innovation = present[:, :1] + self.innovation(present)
        drift = drift + self.tilt(torch.tanh(condition))[:, :, None]
        return torch.exp(condition[:, :1, None]) * (drift + F.softplus(raw) * innovation)

    def sample_like(self, real: Tensor, condition: Tensor, stream: RandomStream) -> Tensor:
        """Return fresh returns of the shape of ``real``."""
        batch, steps = real.shape[0], self.memory + real.shape[2]
        noise = torch.randn((batch, self.noise_channels, steps), generator=stream)
        points = (batch, len(self.time_constants), (steps - 2) // GRID + 2)
        fake: Tensor = self(noise, condition, torch.randn(points, generator=stream))
        return fake


def slow_noise(white: Tensor, time_constants: Sequence[float]) -> Tensor:
    """Map (batch, channels, points) to (batch, channels, GRID · (points − 1) + 1).

    A stationary autoregression of each channel, with straight lines between its points.
    """
    constants = torch.tensor(time_constants, dtype=white.dtype)
    coefficient = torch.exp(-GRID / constants)
    size = torch.sqrt(1 - coefficient**2)
    points = [white[:, :, 0]]
    for j in range(1, white.shape[2]):
        points.append(coefficient * points[-1] + size * white[:, :, j])
    steps = GRID * (len(points) - 1) + 1
    return F.interpolate(torch.stack(points, dim=2), steps, mode="linear", align_corners=True)


class PlainHead(nn.Module):
    """Padded strided convolutions and two dense layers to one score.

    A pooled head scores each position that has its whole past and takes the mean.
    """

    def __init__(
        self, inputs: int, length: int, conditions: int, config: NetworkConfig, pooled: bool
    ) -> None:
        super().__init__()
        unit = 2 ** len(config.critic_channels)
        field = 1 + (config.critic_kernel - 1) * (unit - 1)
        self.pooled, self.first = pooled, math.ceil(field / unit) - 1
        widths = (inputs, *config.critic_channels)
        self.convolutions = nn.ModuleList(
            CausalConv1d(a, b, config.critic_kernel, stride=2)
            for a, b in itertools.pairwise(widths)
        )
        folded = widths[-1] * (1 if pooled else length // unit)
        self.dense = nn.Linear(folded + conditions, config.critic_dense)
        self.score = nn.Linear(config.critic_dense, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map (batch, inputs, length) and (batch, conditions) to scores, (batch,)."""
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), SLOPE)
        x = x.transpose(1, 2)
        x = x[:, self.first :] if self.pooled else x.flatten(1)[:, None]
        x = torch.cat([x, condition[:, None].expand(-1, x.shape[1], -1)], dim=2)
        scores: Tensor = self.score(F.leaky_relu(self.dense(x), SLOPE))
        return scores[:, :, 0].mean(dim=1)


class PlainCritic(nn.Module):
    """A head for each time scale and the conditional one, and what each of them looks at."""

    def __init__(self, network: NetworkConfig, window: int, training: TrainingConfig) -> None:
        super().__init__()
        self.scales = usable_scales(network, training.path_length)
        self.lengths = [min(training.path_length, network.stretch * b) for b in self.scales]
        heads = [
            PlainHead(1 if b == 1 else 2, length // b, 0, network, pooled=b != self.scales[-1])
            for b, length in zip(self.scales, self.lengths, strict=True)
        ]
        self.heads = nn.ModuleList([*heads, PlainHead(1, window, 2, network, pooled=False)])

    def views(self, parts: Batch, stream: RandomStream) -> Views:
        """Return (input, condition) for each head."""
        (paths, _), (given_windows, given) = parts
        views = []
        for b, length in zip(self.scales, self.lengths, strict=True):
            seen = random_stretch(paths, length, stream)
            views.append(
                (seen if b == 1 else block_features(seen, b), paths.new_zeros(len(seen), 0))
            )
        return [*views, (given_windows * torch.exp(-given[:, :1, None]), given)]

    def score(self, views: Views) -> Tensor:
        """Return the mean score of the views, summed over the heads, ()."""
        means = [head(*view).mean() for head, view in zip(self.heads, views, strict=True)]
        return torch.stack(means).sum()

    def penalty(self, reals: Views, fakes: Views, stream: RandomStream) -> Tensor:
        """Return ``E (‖∇D(x̂)‖₂ − 1)²`` by double backward, summed over the heads, ()."""
        total = torch.zeros(())
        for head, (real, condition), (fake, _) in zip(self.heads, reals, fakes, strict=True):
            epsilon = torch.rand((len(real), 1, 1), generator=stream)
            between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
            scores = head(between, condition)
            (gradient,) = torch.autograd.grad(
                scores, between, grad_outputs=torch.ones_like(scores), create_graph=True
            )
            total = total + ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        return total


class PlainTraining:
    """The two networks, their optimisers, and the steps of the game.

    Args:
        network, window, training: the sizes, as tsgan has them.
        batches: draws a real batch from a stream.
        stream: the random stream of the run.
        separate: one backward pass and one step of Adam for each of the critic's three terms, as
            the usual notebook has it; otherwise one of each for their sum.
    """

    def __init__(
        self,
        network: NetworkConfig,
        window: int,
        training: TrainingConfig,
        batches: Callable[[RandomStream], Batch],
        stream: RandomStream,
        separate: bool = True,
    ) -> None:
        self.config, self.batches, self.stream = training, batches, stream
        self.separate, self.step = separate, 0
        self.generator = PlainGenerator(network)
        self.critic = PlainCritic(network, window, training)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        betas = (training.beta1, training.beta2)
        rate = training.learning_rate
        self.of_generator = torch.optim.Adam(self.generator.parameters(), lr=rate, betas=betas)
        faster = rate * training.critic_rate
        self.of_critic = torch.optim.Adam(self.critic.parameters(), lr=faster, betas=betas)

    def critic_step(self, batch: Batch) -> None:
        """Improve the critic on a real batch and as many fresh fakes."""
        critic, stream = self.critic, self.stream
        with torch.no_grad():
            fakes = [(self.generator.sample_like(x, c, stream), c) for x, c in batch]
        reals, fakes = critic.views(batch, stream), critic.views(fakes, stream)
        weight = self.config.penalty_weight
        terms: list[Callable[[], Tensor]] = [
            lambda: critic.score(fakes),
            lambda: -critic.score(reals),
            lambda: weight * critic.penalty(reals, fakes, stream),
        ]
        if not self.separate:
            descend(self.of_critic, torch.stack([term() for term in terms]).sum())
            return
        for term in terms:
            descend(self.of_critic, term())

    def generator_step(self, batch: Batch) -> None:
        """Improve the generator; only shapes and conditions of ``batch`` count."""
        fakes = [(self.generator.sample_like(x, c, self.stream), c) for x, c in batch]
        descend(self.of_generator, -self.critic.score(self.critic.views(fakes, self.stream)))

    def iterate(self) -> None:
        """Do one generator step with its critic steps, and move the average of the weights."""
        for _ in range(self.config.critic_steps):
            batch = self.batches(self.stream)
            self.critic_step(batch)
        self.generator_step(batch)
        self.step += 1
        decay = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, weight in zip(
                self.average.parameters(), self.generator.parameters(), strict=True
            ):
                mean.lerp_(weight, 1 - decay)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step down the gradient of ``loss``, ()."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
