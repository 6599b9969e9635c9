"""What the images of a model can be given, and what each of it is called."""

from __future__ import annotations

from dataclasses import dataclass

from tsgan.information import NUMBER_RANGE

CLASS, DIGIT, CODE, NUMBER = "class", "digit", "code", "c"
DIGITS = tuple("0123456789")

EVERY = "all"
"""Asks for each class in turn, for ``IN_A_ROW`` images: one row of a sheet."""

IN_A_ROW = 10

LEARNED = "training"
"""Draws the classes in the shares that they have in training."""


@dataclass(frozen=True)
class Conditions:
    """What images of a model can be given.

    Attributes:
        classes: names of the classes that it learned; () without labels.
        codes: classes of its latent code; numbers: continuous codes.
        shares: of the classes in training.
        groups: training images of each group, class by class; () where networks are told none.
    """

    classes: tuple[str, ...] = ()
    codes: int = 0
    numbers: int = 0
    shares: tuple[float, ...] = ()
    groups: tuple[int, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Return the values of each condition, by its name, in words."""
        named: dict[str, str] = {}
        if self.classes:
            shown = ", ".join(self.classes[:12]) + (", …" if len(self.classes) > 12 else "")
            named[self.class_name] = f"{shown}, {EVERY} or {LEARNED}"
        if self.codes:
            named[CODE] = f"0 to {self.codes - 1} or {EVERY}"
        named |= {
            f"{NUMBER}{k + 1}": f"a number, {-NUMBER_RANGE:g} to {NUMBER_RANGE:g}"
            for k in range(self.numbers)
        }
        return named

    @property
    def equal_shares(self) -> tuple[float, ...]:
        """Return 1 for each class that training has, 0 for others; () where it has all."""
        return () if all(self.shares) else tuple(float(share > 0) for share in self.shares)

    @property
    def class_name(self) -> str:
        """Return what the class is called: ``digit`` of ten digits."""
        return DIGIT if self.classes == DIGITS else CLASS
