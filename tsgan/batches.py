"""Real batches for the trainer: long paths without a condition, and windows with theirs."""

from __future__ import annotations

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.conditions import trailing_log_volatility
from tsgan.config import TrainingConfig
from tsgan.data.windows import sliding_windows, windows_at


class SeriesBatches:
    """Draws batches from one scaled training series, on the device of that series.

    Args:
        series: (n, assets) scaled returns of the training part.
        window: steps of a conditional window; path_length: steps of an unconditional path.
        config: how many of each, and the jitter of the condition.
    """

    def __init__(
        self, series: Tensor, window: int, path_length: int, config: TrainingConfig
    ) -> None:
        self.series, self.window, self.path_length = series, window, path_length
        self.config = config
        self.windows = sliding_windows(series, window)
        self.logs = trailing_log_volatility(series, window)

    def __call__(self, stream: RandomStream) -> list[tuple[Tensor, Tensor]]:
        """Return ``[(paths, no condition), (windows, their volatility)]``."""
        config, device = self.config, self.series.device
        first = torch.randint(
            self.series.shape[0], (config.paths,), generator=stream, device=device
        )
        paths = windows_at(self.series, first, self.path_length)
        count = config.conditional_windows
        chosen = torch.randint(self.windows.shape[0], (count,), generator=stream, device=device)
        jitter = torch.randn(count, generator=stream, device=device)
        logs = self.logs[chosen] + config.condition_jitter * jitter
        given = torch.stack([logs, torch.ones_like(logs)], dim=1)
        return [(paths, paths.new_zeros(config.paths, 2)), (self.windows[chosen], given)]
