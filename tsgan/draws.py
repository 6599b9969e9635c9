"""Random numbers of a batch, which several processes may share.

Of a stream that is shared, every process draws what the whole batch needs and keeps every n-th
sample of it, beginning with its own rank. So all streams stay in the same state, and what the
processes have together is, number by number, what one process would have. Two batches put one after
the other are shared in the same way, if the size of the first is a multiple of their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator as RandomStream
from torch import Tensor


class SharedStream(RandomStream):
    """A stream that ``ranks`` processes have in the same state; this one is number ``rank``."""

    rank: int
    ranks: int

    @classmethod
    def of(cls, stream: RandomStream, rank: int, ranks: int) -> SharedStream:
        """Return the stream with the seed of ``stream``, shared; ``stream`` is left alone."""
        shared = cls(stream.device)
        shared.manual_seed(stream.initial_seed())
        shared.rank, shared.ranks = rank, ranks
        return shared


def normal(shape: Sequence[int], stream: RandomStream, batch: int = 0) -> Tensor:
    """Return standard normal numbers of ``shape``, on the device of ``stream``.

    Args:
        shape: of this process's share of the batch, which is all of it unless ``stream`` is shared.
        stream: where they come from.
        batch: the dimension along which the samples lie.
    """
    return _own(torch.randn, shape, stream, batch)


def uniform(shape: Sequence[int], stream: RandomStream, batch: int = 0) -> Tensor:
    """Return numbers in [0, 1); the arguments are those of ``normal``."""
    return _own(torch.rand, shape, stream, batch)


def integers(below: int, shape: Sequence[int], stream: RandomStream, batch: int = 0) -> Tensor:
    """Return whole numbers from 0 to ``below`` − 1; the others are those of ``normal``."""

    def draw(shape: Sequence[int], *, generator: RandomStream, device: torch.device) -> Tensor:
        return torch.randint(below, tuple(shape), generator=generator, device=device)

    return _own(draw, shape, stream, batch)


def _own(
    draw: Callable[..., Tensor], shape: Sequence[int], stream: RandomStream, batch: int
) -> Tensor:
    """Draw the whole batch and return this process's share of it."""
    if not isinstance(stream, SharedStream):
        return draw(shape, generator=stream, device=stream.device)
    whole = [size * stream.ranks if k == batch else size for k, size in enumerate(shape)]
    samples = draw(whole, generator=stream, device=stream.device)
    own = [slice(None)] * batch + [slice(stream.rank, None, stream.ranks)]
    return samples[tuple(own)].contiguous()
