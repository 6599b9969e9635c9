"""Real batches for the trainer: long paths without a condition, and windows with theirs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator as RandomStream
from torch import Tensor

from tsgan.conditioning import ConditionLayout
from tsgan.conditions import trailing_log_volatility
from tsgan.config import TrainingConfig
from tsgan.data.windows import first_steps, sliding_windows, windows_at


@dataclass(frozen=True)
class SeriesConditions:
    """What is given with the windows of a series.

    Attributes:
        label: (n,) int64 class of each step; a window has that of its last step.
        labels: number of classes.
        numbers: (n, numbers) continuous vector at each step; a window has that of its last step.
        covariates: (n, covariates) series that run along with it.
        history: steps before each window that it continues.
        scale: give the volatility of the window as well, in units of which it is then looked at;
            False leaves it to the other conditions.
    """

    label: Tensor | None = None
    labels: int = 0
    numbers: Tensor | None = None
    covariates: Tensor | None = None
    history: int = 0
    scale: bool = True

    def layout(self, assets: int = 1) -> ConditionLayout:
        """Return where they stand in the condition of a window."""
        return ConditionLayout(
            labels=self.labels if self.label is not None else 0,
            numbers=0 if self.numbers is None else self.numbers.shape[1],
            history=self.history,
            covariates=0 if self.covariates is None else self.covariates.shape[1],
            assets=assets,
        )

    def rows(self, series: Tensor, window: int) -> Tensor:
        """Return the condition of each window of ``series``: (n − history − window + 1, size).

        Window i begins at step ``history + i``.
        """
        first = self.history
        log_scale = trailing_log_volatility(series, window)[first:]
        count, last = len(log_scale), first + window - 1
        past = sliding_windows(series, self.history)[:count] if self.history else None
        along = self.covariates
        return self.layout(series.shape[1]).pack(
            count,
            log_scale=log_scale if self.scale else None,
            label=None if self.label is None else self.label[last:],
            numbers=None if self.numbers is None else self.numbers[last:].to(series),
            history=past,
            covariates=None if along is None else sliding_windows(along[first:].to(series), window),
        )


class SeriesBatches:
    """Draws batches from one scaled training series, on the device of that series.

    Args:
        series: (n, assets) scaled returns of the training part.
        window: steps of a conditional window; path_length: steps of an unconditional path.
        config: how many of each, and the jitter of the given volatility.
        conditions: what is given with a window besides its volatility.
        bounds: (stretches + 1,) of the series' stretches, 0, …, n, one of which is as long as a
            path: no path and no window leaves its own.
    """

    def __init__(
        self,
        series: Tensor,
        window: int,
        path_length: int,
        config: TrainingConfig,
        conditions: SeriesConditions | None = None,
        bounds: Tensor | None = None,
    ) -> None:
        conditions = SeriesConditions() if conditions is None else conditions
        self.series, self.path_length, self.config = series, path_length, config
        self.layout = conditions.layout(series.shape[1])
        self.windows = sliding_windows(series, window)[conditions.history :]
        self.rows = conditions.rows(series, window)
        self.bounds = torch.tensor([0, len(series)]) if bounds is None else bounds
        self.path_starts = first_steps(self.bounds, path_length, round=True).to(series.device)
        whole = first_steps(self.bounds, window + conditions.history, round=False)
        self.window_starts = whole.to(series.device)
        self.bounds = self.bounds.to(series.device)

    def __call__(self, stream: RandomStream) -> list[tuple[Tensor, Tensor]]:
        """Return ``[(paths, no condition), (windows, theirs)]``."""
        config, device = self.config, self.series.device
        paths = windows_at(
            self.series,
            self._drawn(self.path_starts, config.paths, stream),
            self.path_length,
            self.bounds,
        )
        count = config.conditional_windows
        chosen = self._drawn(self.window_starts, count, stream)
        given = self.rows[chosen]
        jitter = torch.randn(count, generator=stream, device=device)
        given[:, 0] += config.condition_jitter * jitter * given[:, 1]
        none = paths.new_zeros(config.paths, self.layout.fixed)
        return [(paths, none), (self.windows[chosen], given)]

    def _drawn(self, starts: Tensor, count: int, stream: RandomStream) -> Tensor:
        """Return (count,) of the steps at which windows may begin."""
        device = self.series.device
        return starts[torch.randint(len(starts), (count,), generator=stream, device=device)]
