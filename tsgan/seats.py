"""Who sits where in a batch of fixed size, so that rounding never depends on the company."""

from __future__ import annotations

from collections.abc import Sequence


def seated(numbers: Sequence[int], seats: int) -> list[dict[int, int]]:
    """Return which place among ``numbers`` sits in which seat, round by round.

    The seat of a number follows from itself alone.
    """
    rounds: list[dict[int, int]] = []
    for place, number in enumerate(numbers):
        seat = int(number) % seats
        free = next((taken for taken in rounds if seat not in taken), None)
        if free is None:
            rounds.append(free := {})
        free[seat] = place
    return rounds
