"""Real batches for the trainer: long paths without a condition, and windows with theirs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator as RandomStream
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import SCALE_SIZE, ConditionLayout
from tsgan.conditions import trailing_log_volatility
from tsgan.config import TrainingConfig
from tsgan.data.windows import first_steps, sliding_windows, windows_at
from tsgan.draws import integers, normal
from tsgan.errors import ConfigError
from tsgan.information import draw_codes
from tsgan.units import Units


@dataclass(frozen=True)
class SeriesConditions:
    """What is given with the windows of a series.

    Attributes:
        label: (n,) int64 class of each step; a window has that of its last step.
        labels: number of classes.
        numbers: (n, numbers) continuous vector at each step; a window has that of its last step.
        covariates: (n, channels) of conditions that run along with it, side by side, zero where
            not given.
        sizes: channels of each of these conditions. Where told, each of them, and the volatility,
            is left out of every other window at random, so that any of them can be given later.
        held: for each of these, whether a window has that of its last step throughout.
        levelled: for each, whether every other window has its mean instead, or two means one after
            the other: what is asked for later is a level as a rule, while a path that moves day by
            day says something of the returns of these days.
        units: in which a window is looked at where its volatility is left out.
        history: steps before each window that it continues.
        scale: give the volatility of the window as well, in units of which it is then looked at;
            False leaves it to the other conditions.
        measured: so many of the channels, the first ones, have that volatility; default: all.
        latent: classes of a latent code, which runs along half as many windows more, of which
            nothing else is given; 0 for none.
    """

    label: Tensor | None = None
    labels: int = 0
    numbers: Tensor | None = None
    covariates: Tensor | None = None
    sizes: tuple[int, ...] = ()
    held: tuple[bool, ...] = ()
    levelled: tuple[bool, ...] = ()
    units: Units | None = None
    history: int = 0
    scale: bool = True
    measured: int | None = None
    latent: int = 0

    def __post_init__(self) -> None:
        channels = 0 if self.covariates is None else self.covariates.shape[1]
        told = len(self.held) == len(self.levelled) == len(self.sizes) and self.units is not None
        if self.sizes and (sum(self.sizes) != channels or not told):
            raise ConfigError(
                f"conditions: expected {channels} channels in all, each held or not, levelled or "
                f"not, and units, got {self.sizes}, {self.held}, {self.levelled} and {self.units}"
            )

    def layout(self, assets: int = 1) -> ConditionLayout:
        """Return where they stand in the condition of a window."""
        return ConditionLayout(
            labels=self.labels if self.label is not None else 0,
            numbers=0 if self.numbers is None else self.numbers.shape[1],
            history=self.history,
            covariates=self.latent + (0 if self.covariates is None else self.covariates.shape[1]),
            latent=self.latent,
            assets=assets,
        )

    def rows(self, series: Tensor, window: int) -> Tensor:
        """Return the condition of each window of ``series``: (n − history − window + 1, fixed).

        Window i begins at step ``history + i``. What runs along it is not in here, see ``along``.
        """
        first = self.history
        log_scale = trailing_log_volatility(series[:, : self.measured], window)[first:]
        count, last = len(log_scale), first + window - 1
        past = sliding_windows(series, self.history)[:count] if self.history else None
        return self.layout(series.shape[1]).pack(
            count,
            log_scale=log_scale if self.scale else None,
            label=None if self.label is None else self.label[last:],
            numbers=None if self.numbers is None else self.numbers[last:].to(series),
            history=past,
        )

    def along(self, series: Tensor, window: int) -> Tensor | None:
        """Return what runs along each window, a view of it: (windows, channels, window)."""
        if self.covariates is None:
            return None
        return sliding_windows(self.covariates[self.history :].to(series), window)


class SeriesBatches:
    """Draws batches from one scaled training series, on the device of that series.

    Args:
        series: (n, assets) scaled returns of the training part.
        window: steps of a conditional window; path_length: steps of an unconditional path.
        config: how many of each, and the jitter of the given volatility. From a stream that
            several processes share, each draws so many.
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
        self.along = conditions.along(series, window)
        self.tracks, self.units = len(conditions.sizes), conditions.units
        if self.units is not None:
            self.weights = self.units.weights(conditions.sizes).to(series)
        sizes, device = torch.tensor(conditions.sizes, dtype=torch.long), series.device
        self.track = torch.arange(self.tracks).repeat_interleave(sizes).to(device)
        self.held = torch.tensor(conditions.held, dtype=torch.bool, device=device)[self.track]
        self.levelled = torch.tensor(conditions.levelled, dtype=torch.bool, device=device)
        self.bounds = torch.tensor([0, len(series)]) if bounds is None else bounds
        self.path_starts = first_steps(self.bounds, path_length, round=True).to(series.device)
        whole = first_steps(self.bounds, window + conditions.history, round=False)
        self.window_starts = whole.to(series.device)
        self.bounds = self.bounds.to(series.device)

    def __call__(self, stream: RandomStream) -> list[tuple[Tensor, Tensor]]:
        """Return ``[(paths, no condition), (windows, theirs)]``."""
        config = self.config
        paths = windows_at(
            self.series,
            self._drawn(self.path_starts, config.batch, stream),
            self.path_length,
            self.bounds,
        )
        count = config.conditional_windows
        chosen = self._drawn(self.window_starts, count, stream)
        given = self.rows[chosen]
        jitter = normal((count,), stream)
        given[:, 0] += config.condition_jitter * jitter * given[:, 1]
        if self.along is not None:
            given = self._with_tracks(given, self.along[chosen], stream)
        if self.layout.latent:
            chosen, given = self._with_codes(chosen, given, stream)
        none = paths.new_zeros(config.batch, self.layout.fixed)
        return [(paths, none), (self.windows[chosen], given)]

    def _with_tracks(self, given: Tensor, along: Tensor, stream: RandomStream) -> Tensor:
        """Return the rows (count, size) with what runs along, each left out half of the time."""
        if self.units is None:
            units = given[:, :1].expand(-1, along.shape[2])
            return torch.cat([given, units, along.flatten(1)], dim=1)
        along = torch.where(self.held[:, None], along[..., -1:], along)
        shape = len(given), self.tracks
        chosen = integers(2, shape, stream).bool()
        chosen = (chosen & self.levelled)[:, self.track]
        along = torch.where(chosen[..., None], _levels(along, stream), along)
        shape = len(given), 1 + self.tracks
        kept = integers(2, shape, stream)
        choice = (kept[:, 1:] << torch.arange(self.tracks, device=kept.device)).sum(dim=1)
        units = self.units.log_units(along, self.weights[choice])
        scale = kept[:, :1].to(given.dtype)
        units = torch.where(kept[:, :1] > 0, given[:, :1], units)
        first = torch.cat([units.mean(dim=1, keepdim=True), scale * given[:, 1:2]], dim=1)
        along = along * kept[:, 1 + self.track][..., None]
        return torch.cat([first, given[:, SCALE_SIZE:], units, along.flatten(1)], dim=1)

    def _with_codes(
        self, chosen: Tensor, given: Tensor, stream: RandomStream
    ) -> tuple[Tensor, Tensor]:
        """Return starts and rows (count, size) with half as many more windows of a code alone."""
        layout, window, more = self.layout, self.windows.shape[2], -(-len(given) // 2)
        if given.shape[1] == layout.fixed:
            given = torch.cat([given, given[:, :1].expand(-1, window)], dim=1)
        given = F.pad(given, (0, layout.latent * window))
        code, _ = draw_codes(more, layout.latent, 0, stream)
        hot = F.one_hot(code, layout.latent).to(given)  # type: ignore[arg-type]
        along = F.pad(hot, (layout.covariates - layout.latent, 0))[..., None].expand(-1, -1, window)
        coded = layout.pack(more, covariates=along)
        starts = self._drawn(self.window_starts, more, stream)
        return torch.cat([chosen, starts]), torch.cat([given, coded])

    def _drawn(self, starts: Tensor, count: int, stream: RandomStream) -> Tensor:
        """Return (count,) of the steps at which windows may begin."""
        return starts[integers(len(starts), (count,), stream)]


def _levels(along: Tensor, stream: RandomStream) -> Tensor:
    """Return (batch, channels, time) of the mean, or of two means before and from a random step."""
    batch, _, time = along.shape
    cuts = integers(2 * time, (batch, 1, 1), stream)
    before = (torch.arange(time, device=along.device) < cuts).to(along.dtype)
    parts = []
    for part in (before, 1 - before):
        mean = (along * part).sum(dim=2, keepdim=True) / part.sum(dim=2, keepdim=True).clamp_min(1)
        parts.append(mean * part)
    return parts[0] + parts[1]
