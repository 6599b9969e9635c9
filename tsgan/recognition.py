"""Regimes without labels: a network that finds the latent code of a window again.

The generator hears the code along the window. This network guesses it from the window alone, and
the two are trained together to make the guess good (Chen et al. 2016, InfoGAN, eq. 6), while the
critic demands that the windows of all codes together are as the real ones. So each code comes to
mean a kind of window that can be told from the others.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig
from tsgan.critics import block_features
from tsgan.information import guess_size, surprise
from tsgan.layers import NEGATIVE_SLOPE
from tsgan.steps import Batch
from tsgan.strided import StridedStack

BLOCKS = (4, 2, 1)
"""Steps that it sees as one: the most of these that fits into a window."""


class RegimeRecogniser(nn.Module):
    """Log mean squares of blocks, strided convolutions, and two dense layers.

    The dense layers see the log mean square of the whole window as well. What returns sum up to is
    not seen: it is chance more than a state of the market, and codes that can be told by it come to
    mean windows that happened to rise or to fall.

    Args:
        config: sizes, those of the critic's heads.
        window: steps of a window.
        layout: of the conditions, whose latent code it guesses.
        volatile: so many channels of a window, the first ones, are looked at.
        weight: of the mutual information in the generator's loss.
    """

    def __init__(
        self,
        config: NetworkConfig,
        window: int,
        layout: ConditionLayout,
        volatile: int = 1,
        weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.layout, self.volatile, self.weight = layout, volatile, weight
        halved = 2 ** len(config.critic_channels)
        self.block = next(block for block in BLOCKS if window % (block * halved) == 0)
        self.stack = StridedStack((volatile, *config.critic_channels), config.critic_kernel)
        self.dense = nn.Linear(config.critic_channels[-1] + volatile, config.critic_dense)
        self.guess = nn.Linear(config.critic_dense, guess_size(layout.latent, 0))

    def logits(self, windows: Tensor) -> Tensor:
        """Return the guess on windows (batch, channels, window) in scaled units: (batch, codes)."""
        shape = self.stack(self._levels(windows, self.block)).mean(dim=1)
        whole = self._levels(windows, windows.shape[2])[..., 0]
        hidden = self.dense(torch.cat([shape, whole], dim=1))
        guess: Tensor = self.guess(F.leaky_relu(hidden, NEGATIVE_SLOPE))
        return guess

    def _levels(self, windows: Tensor, block: int) -> Tensor:
        """Return ½ ln of the mean square of each block, (batch, volatile, blocks)."""
        return block_features(windows[:, : self.volatile], block)[:, self.volatile :]

    def forward(self, fakes: Batch) -> Tensor:
        """Return the surprise at the codes of a batch of paths and windows, weighted: ().

        It is summed over the windows that have one and divided by the number of all, as the
        critic's verdict on them is: otherwise the codes drive windows apart that lie between two.
        """
        windows, rows = fakes[1]
        codes = self.layout.latent_of(rows)
        unheard = surprise(self.logits(windows).float(), codes, self.layout.latent)
        return self.weight * unheard.sum() / len(rows)

    @torch.no_grad()
    def shares(self, windows: Tensor) -> Tensor:
        """Return the probability of each code, (batch, codes)."""
        return torch.softmax(self.logits(windows), dim=1)
