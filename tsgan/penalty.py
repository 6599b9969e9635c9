"""The gradient penalty of Gulrajani et al. 2017: what keeps a critic's slopes near one."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.draws import uniform


class Head(Protocol):
    """What an objective asks of a critic: a score per sample given a condition."""

    def __call__(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return the scores, (batch,)."""
        ...


def gradient_penalty(
    head: Head, real: Tensor, fake: Tensor, condition: Tensor, stream: RandomStream
) -> Tensor:
    """Return ``E (‖∇ₓ D(x̂ | c)‖₂ − 1)²`` at ``x̂ = ε real + (1 − ε) fake``.

    Two-sided; the norm is per sample over channels and time; one ε ~ U(0, 1) per sample; the
    condition is the same at both ends (Gulrajani et al. 2017, algorithm 1).

    Args:
        head: the critic; its own ``input_gradient`` is used where it has one.
        real, fake: (batch, channels, time), the ends of the line, both without gradient.
        condition: (batch, conditions).
        stream: where ε comes from.

    Returns:
        ().
    """
    shape = (real.shape[0],) + (1,) * (real.ndim - 1)
    epsilon = uniform(shape, stream).to(real.device, real.dtype)
    between = fake + epsilon * (real - fake)
    norm = torch.linalg.vector_norm(input_gradient(head, between, condition).flatten(1), dim=1)
    return torch.mean((norm - 1) ** 2)


def input_gradient(head: Head, x: Tensor, condition: Tensor) -> Tensor:
    """Return ∂D/∂x per sample, shape of ``x``, differentiable by the weights of ``head``."""
    written_out = getattr(head, "input_gradient", None)
    if written_out is not None:
        gradient: Tensor = written_out(x, condition)
        return gradient
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(head(x, condition).sum(), x, create_graph=True)
    return gradient
