"""What ``--given`` asks of images: a class, a latent code, or its numbers, for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tsgan import seeding
from tsgan.errors import ConfigError
from tsgan.images.conditions import (
    CLASS,
    CODE,
    DIGIT,
    EVERY,
    IN_A_ROW,
    LEARNED,
    NUMBER,
    Conditions,
)
from tsgan.information import NUMBER_RANGE

Value: TypeAlias = str | float
Asked: TypeAlias = Value | Iterable[str] | Mapping[str, Value] | None
"""``NAME=VALUE`` or several of them, values by name, or a class alone; or nothing."""

FARTHEST = 5.0
"""Beyond this a continuous code is a slip of the pen."""

CHOICE = 1
"""Last integer of the name of the stream that what is not given is drawn from."""


@dataclass(frozen=True)
class Drawn:
    """What each of some images is made under.

    Attributes:
        labels: (n,) places in the classes; None without classes.
        told: (n,) what the networks are told: the same, or groups; None without either.
        codes: (n,) classes of the latent code; None without.
        numbers: (n, numbers) continuous codes.
    """

    labels: npt.NDArray[np.int64] | None
    told: npt.NDArray[np.int64] | None
    codes: npt.NDArray[np.int64] | None
    numbers: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Given:
    """What is asked for, and how the rest is drawn: image k depends on the seed and k alone.

    Attributes:
        conditions: of the model.
        label, code: a place, ``EVERY``, or None: uniform; of a label ``LEARNED`` as well.
        numbers: by place, those given; the others are uniform.
    """

    conditions: Conditions
    label: int | str | None = None
    code: int | str | None = None
    numbers: Mapping[int, float] | None = None

    def draw(self, images: Iterable[int], seed: int, purpose: int = seeding.PATHS) -> Drawn:
        """Return what the images of these numbers are made under."""
        conditions = self.conditions
        labels, groups, codes = list[int](), list[int](), list[int]()
        numbers = list[npt.NDArray[np.float32]]()
        counts = np.reshape(conditions.groups, (max(len(conditions.classes), 1), -1))
        shares = conditions.shares if self.label == LEARNED else conditions.equal_shares
        for image in images:
            stream = seeding.numpy_generator(seed, purpose, int(image), CHOICE)
            labels.append(_place(self.label, len(conditions.classes), image, stream, shares))
            codes.append(_place(self.code, conditions.codes, image, stream))
            drawn = stream.uniform(-NUMBER_RANGE, NUMBER_RANGE, conditions.numbers)
            for place, value in (self.numbers or {}).items():
                drawn[place] = value
            numbers.append(drawn.astype(np.float32))
            if counts.size:
                own = counts[labels[-1]]
                group = _place(None, len(own), image, stream, own)
                groups.append(labels[-1] * len(own) + group)
        classes = np.array(labels, dtype=np.int64) if conditions.classes else None
        return Drawn(
            classes,
            np.array(groups, dtype=np.int64) if counts.size else classes,
            np.array(codes, dtype=np.int64) if conditions.codes else None,
            np.array(numbers, dtype=np.float32).reshape(len(numbers), conditions.numbers),
        )

    @property
    def said(self) -> list[str]:
        """Return what is asked for, in words, and how the rest is drawn."""
        conditions = self.conditions
        told = []
        if conditions.classes:
            name = conditions.class_name
            shown = None if not isinstance(self.label, int) else conditions.classes[self.label]
            told.append(f"{name} {_said(self.label, shown)}")
        if conditions.codes:
            told.append(f"{CODE} {_said(self.code, str(self.code))}")
        for place in range(conditions.numbers):
            value = (self.numbers or {}).get(place)
            told.append(f"{NUMBER}{place + 1} {'drawn' if value is None else f'{value:g}'}")
        return told

    @property
    def warnings(self) -> list[str]:
        """Return what training never saw."""
        return [
            f"{NUMBER}{place + 1}: training saw {-NUMBER_RANGE:g} to {NUMBER_RANGE:g}; {value:g} "
            "is an extrapolation"
            for place, value in (self.numbers or {}).items()
            if abs(value) > NUMBER_RANGE
        ]


def read_given(asked: Asked, conditions: Conditions) -> Given:
    """Return what is asked for.

    Args:
        asked: see ``Asked``.
        conditions: of the model.

    Raises:
        ConfigError: for a condition that the model does not have, or a value that it cannot take.
    """
    found: dict[str, Value] = {}
    for name, value in _pairs(asked, conditions):
        name = conditions.class_name if name in (CLASS, DIGIT) and conditions.classes else name
        if name not in conditions.names:
            raise ConfigError(_unknown(name, conditions))
        if name in found:
            raise ConfigError(f"--given: expected each condition once, got {name!r} again")
        found[name] = value
    label, code = found.pop(conditions.class_name, None), found.pop(CODE, None)
    places = {str(place): place for place in range(conditions.codes)}
    return Given(
        conditions,
        None if label is None else _class(conditions, str(label)),
        None if code is None else _choice(CODE, str(code), places, conditions.names[CODE]),
        {int(name[1:]) - 1: _number(name, value) for name, value in found.items()},
    )


def _pairs(asked: Asked, conditions: Conditions) -> list[tuple[str, Value]]:
    if asked is None:
        return []
    if isinstance(asked, Mapping):
        return [(str(name), value) for name, value in asked.items()]
    if isinstance(asked, int | float | np.number):
        return [(conditions.class_name, f"{asked:g}")]
    pairs: list[tuple[str, Value]] = []
    for text in [asked] if isinstance(asked, str) else map(str, asked):
        name, separator, value = (part.strip() for part in text.partition("="))
        if separator and name and value:
            pairs.append((name, value))
        elif isinstance(asked, str) and not separator and text in (*conditions.classes, EVERY):
            pairs.append((conditions.class_name, text))
        else:
            raise ConfigError(
                "--given: expected NAME=VALUE such as digit=7, code=3 or c1=-0.5, got " + repr(text)
            )
    return pairs


def _unknown(name: str, conditions: Conditions) -> str:
    names = "; ".join(f"{known}: {values}" for known, values in conditions.names.items())
    if not names:
        return (
            f"--given: this model's images have no conditions, got {name!r}; fit one with --labels "
            "or --codes"
        )
    return f"--given: expected a condition of this model ({names}), got {name!r}"


def _class(conditions: Conditions, text: str) -> int | str:
    places = {name: place for place, name in enumerate(conditions.classes)}
    expected = conditions.names[conditions.class_name]
    found = _choice(conditions.class_name, text, places, expected)
    if isinstance(found, int) and conditions.shares and not conditions.shares[found]:
        raise ConfigError(
            f"{conditions.class_name}: expected a class that training had images of, got {text!r}, "
            "of which it had none"
        )
    return found


def _choice(name: str, text: str, places: Mapping[str, int], expected: str) -> int | str:
    if text in places:
        return places[text]
    if text == EVERY or (text == LEARNED and name != CODE):
        return text
    raise ConfigError(f"{name}: expected {expected}, got {text!r}")


def _number(name: str, value: Value) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not abs(number) <= FARTHEST:
        raise ConfigError(
            f"{name}: expected a number, {-FARTHEST:g} to {FARTHEST:g}, got {value!r}; training "
            f"saw {-NUMBER_RANGE:g} to {NUMBER_RANGE:g}"
        )
    return number


def _place(
    asked: int | str | None,
    classes: int,
    image: int,
    stream: np.random.Generator,
    shares: Sequence[float] | npt.NDArray[np.int64] = (),
) -> int:
    """Return the class of an image; one is drawn in any case, so that what comes after stays."""
    level = float(stream.random())
    if asked == EVERY and classes:
        there = np.flatnonzero(shares) if len(shares) else np.arange(classes)
        return int(there[(int(image) // IN_A_ROW) % len(there)])
    if isinstance(asked, int):
        return asked
    if not len(shares):
        return int(level * classes)
    levels = np.cumsum(shares)
    return int(np.searchsorted(levels[:-1], level * levels[-1], side="right"))


def _said(asked: int | str | None, shown: str | None) -> str:
    if asked is None:
        return "drawn, each as likely"
    if asked == LEARNED:
        return "drawn in the shares of training"
    return f"each in turn for {IN_A_ROW} images" if asked == EVERY else str(shown)
