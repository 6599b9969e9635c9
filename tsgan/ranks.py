"""The processes that train one model together, as the trainer sees them; here there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Generator as RandomStream
from torch import Tensor


class Ranks:
    """One process, which agrees with itself; ``distributed.Group`` is several.

    Each method is called by all processes at the same point of their run, or by none.

    Attributes:
        rank: number of this process, from 0; the first alone writes and tells.
        count: of the processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Return whether this process is the one that writes and tells."""
        return self.rank == 0

    def shared(self, stream: RandomStream) -> RandomStream:
        """Return the stream from which each process draws its share of a batch."""
        return stream

    def mean(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the means over the processes, shape by shape, in the order given."""
        return tensors

    def of_first(self, number: Callable[[], float]) -> float:
        """Return the first process's ``number()``; the others do not compute it."""
        return number()

    def any(self, flag: bool) -> bool:
        """Return whether the flag is true in any process."""
        return flag

    def demand_same(self, what: str, value: Callable[[], str]) -> None:
        """Raise RankError in all processes unless ``value()`` is the same in each.

        Args:
            what: it stands for, and what to do, in words.
        """


ALONE = Ranks()
