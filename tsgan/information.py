"""What a sample tells of the latent code that it was made from (Chen et al. 2016, InfoGAN).

The mutual information of code c and sample G(z, c) is at least
``L_I = E log Q(c | G(z, c)) + H(c)`` for any guess Q (their eq. 4 and 5). The generator and Q
maximise it together, so that each code comes to mean something that can be seen in the sample. H(c)
depends on neither: what is minimised is the surprise ``−E log Q``.
"""

from __future__ import annotations

import math

import torch
from torch import Generator as RandomStream
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.draws import integers, uniform

LOG_SD_BOUND = 3.0
"""The guessed logarithm of a standard deviation is within ± this, so that no guess is certain."""

NUMBER_RANGE = 1.0
"""Continuous codes are uniform within ± this."""


def guess_size(classes: int, numbers: int) -> int:
    """Return how many outputs a recogniser has: logits, means, logarithms of sds."""
    return classes + 2 * numbers


def draw_codes(
    count: int, classes: int, numbers: int, stream: RandomStream
) -> tuple[Tensor | None, Tensor | None]:
    """Return (count,) uniform classes and (count, numbers) in [−1, 1], None where there are none.

    They are on the device of ``stream``.
    """
    code = values = None
    if classes:
        code = integers(classes, (count,), stream)
    if numbers:
        values = NUMBER_RANGE * (2 * uniform((count, numbers), stream) - 1)
    return code, values


def surprise(guess: Tensor, codes: Tensor, classes: int) -> Tensor:
    """Return ``−log Q(c | x)`` of each sample in nats, summed over its codes: (batch,).

    Args:
        guess: (batch, guess_size) of the recogniser: Q is a softmax over the classes, and a normal
            law of its own for each number.
        codes: (batch, classes + numbers): one-hot class and numbers, as
            ``ConditionLayout.codes_of`` returns them.
        classes: of the code; 0 for none.
    """
    logits, rest = guess[:, :classes], guess[:, classes:]
    total = guess.new_zeros(len(guess))
    if classes:
        total = total - (codes[:, :classes] * F.log_softmax(logits, dim=1)).sum(dim=1)
    mean, log_sd = rest.chunk(2, dim=1)
    log_sd = log_sd.clamp(-LOG_SD_BOUND, LOG_SD_BOUND)
    apart = (codes[:, classes:] - mean) * torch.exp(-log_sd)
    normal = 0.5 * apart.square() + log_sd + 0.5 * math.log(2 * math.pi)
    return total + normal.sum(dim=1)


def entropy(classes: int, numbers: int) -> float:
    """Return H(c) in nats of a uniform class and uniform numbers."""
    return (math.log(classes) if classes else 0.0) + numbers * math.log(2 * NUMBER_RANGE)
