"""Networks of a few weights that a step and a trainer take for a generator and a critic."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Affine(nn.Module):
    """Generator ``shift + scale · noise``; it records the conditions that it was given."""

    def __init__(self, scale: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.shift = nn.Parameter(torch.tensor(shift))
        self.conditions: list[Tensor] = []

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        self.conditions.append(condition)
        return self.shift + self.scale * torch.randn(real.shape, generator=stream)


class Linear(nn.Module):
    """Head ``⟨w, x⟩``; it records the conditions that it was given."""

    def __init__(self, weight: Sequence[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.conditions: list[Tensor] = []

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        self.conditions.append(condition)
        return x.flatten(1) @ self.weight


class Perceptron(nn.Module):
    """Head with one hidden layer over the sample and its condition."""

    def __init__(self, inputs: int, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), nn.LeakyReLU(0.1), nn.Linear(width, 1)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.layers(torch.cat([x.flatten(1), condition], dim=1))[:, 0]


class Heads(nn.Module):
    """Critic whose heads see one part of the batch each, as it is."""

    def __init__(self, *heads: nn.Module) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def views(
        self, parts: Sequence[tuple[Tensor, Tensor]], stream: torch.Generator
    ) -> Sequence[tuple[Tensor, Tensor]]:
        return parts
