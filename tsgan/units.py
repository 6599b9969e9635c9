"""In which unit a path is measured where its volatility is not given, but other conditions are.

A given volatility is a unit: the generator multiplies by it and the critic divides by it. Without
it, a crisis would be looked at in the unit of the whole series, and a quiet year hardly at all. So
the unit is then what a linear regression of the log volatility of windows on what is given
foretells; the networks learn the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tsgan.errors import ConfigError
from tsgan.requirements import require_real

RIDGE = 1e-6
"""Of the mean variance of the channels: the classes of a label add up to one."""

BEYOND = float(np.log(2))
"""How far the log of a unit may lie beyond those of the training windows."""

LARGEST = 1e6


@dataclass(frozen=True)
class Units:
    """Moments of the channels of all tracks, over windows, and of the log volatility.

    Attributes:
        means: (channels,) of the channels' means over a window.
        covariances: (channels, channels) of these.
        products: (channels,) their covariances with the log volatility.
        smallest, largest: log volatility of windows, less its mean.
    """

    means: tuple[float, ...]
    covariances: tuple[tuple[float, ...], ...]
    products: tuple[float, ...]
    smallest: float
    largest: float

    def __post_init__(self) -> None:
        lengths = {len(self.means), len(self.products), len(self.covariances)}
        if len(lengths | {len(row) for row in self.covariances}) != 1:
            raise ConfigError("units: expected moments of one number of channels, got several")
        for row in (self.means, self.products, *self.covariances):
            for moment in row:
                require_real("units", moment, -LARGEST, LARGEST)
        require_real("units, smallest", self.smallest, -LARGEST, 0)
        require_real("units, largest", self.largest, 0, LARGEST)

    @classmethod
    def fit(cls, channels: npt.NDArray[np.floating[Any]], logs: npt.NDArray[Any]) -> Self:
        """Return the moments.

        Args:
            channels: (windows, channels) means over each window.
            logs: (windows,) log volatilities.
        """
        means = channels.mean(axis=0, dtype=np.float64)
        centred, logs = channels - means, logs - logs.mean()
        covariances = centred.T @ centred / len(logs)
        products = centred.T @ logs / len(logs)
        return cls(
            tuple(means.tolist()),
            tuple(tuple(row) for row in covariances.tolist()),
            tuple(products.tolist()),
            min(float(logs.min()), 0.0),
            max(float(logs.max()), 0.0),
        )

    def weights(self, sizes: Sequence[int]) -> Tensor:
        """Return the regression on each choice of tracks, (2 ** tracks, channels), 0 of others.

        Row Σ 2^k over the tracks k that are given is theirs.

        Args:
            sizes: channels of each track.
        """
        covariances, products = np.array(self.covariances), np.array(self.products)
        ridge = RIDGE * max(float(np.trace(covariances)) / max(len(products), 1), RIDGE)
        rows = []
        for choice in product((False, True), repeat=len(sizes)):
            given = np.repeat(choice[::-1], sizes)
            row = np.zeros(len(products))
            own = covariances[np.ix_(given, given)] + ridge * np.eye(int(given.sum()))
            row[given] = np.linalg.lstsq(own, products[given], rcond=None)[0]
            rows.append(row)
        return torch.from_numpy(np.array(rows, dtype=np.float32))

    def log_units(self, channels: Tensor, weights: Tensor) -> Tensor:
        """Return the log unit at each step, (batch, time).

        Args:
            channels: (batch, channels, time) of what is given; others do not count.
            weights: (batch, channels), a row of ``weights`` for each.
        """
        means = torch.tensor(self.means, dtype=channels.dtype, device=channels.device)
        logs = torch.einsum("bct,bc->bt", channels - means[:, None], weights)
        return logs.clamp(self.smallest - BEYOND, self.largest + BEYOND)

    def to_dict(self) -> dict[str, Any]:
        """Return the moments as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Return the units of ``to_dict``.

        Raises:
            ConfigError: if an entry is missing, unknown, or not as described.
        """
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ConfigError(f"units: expected an object of {', '.join(sorted(names))}")
        try:
            rows = tuple(tuple(row) for row in values["covariances"])
            means, products = tuple(values["means"]), tuple(values["products"])
        except TypeError:
            raise ConfigError("units: expected lists of moments, got others") from None
        return cls(means, rows, products, values["smallest"], values["largest"])
