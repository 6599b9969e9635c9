"""What a sample may be given, as one row of numbers for the networks.

The trainer hands conditions on without looking into them; ``ConditionLayout`` says where in the row
each kind stands. Zeros everywhere mean that nothing is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.errors import ConfigError

SCALE_SIZE = 2


@dataclass(frozen=True)
class ConditionLayout:
    """Which conditions there are, and where in a row: each is optional, several go together.

    A row is ``[log scale, given | one-hot label | numbers, given | one-hot code | code numbers |
    history, given]``, and then, where something runs along the sample, ``[log scale at each step |
    covariates]``.

    A latent code is drawn, not observed: the generator hears it, the critic is not told (``told``),
    and a recogniser finds it again in the samples (Chen et al. 2016, InfoGAN).

    Attributes:
        labels: number of classes of the label; 0 for no label.
        numbers: length of the continuous vector.
        history: real steps before the sample, which it continues.
        covariates: channels that run along the sample. Those of one condition say themselves where
            it is given: a number z as (z, 1), a class as a one-hot vector, nothing as zeros.
        latent: so many of the covariates, the last ones, are a latent code.
        codes: number of classes of a latent code of whole samples.
        code_numbers: its continuous numbers.
        assets: channels of the sample, and so of its history.
    """

    labels: int = 0
    numbers: int = 0
    history: int = 0
    covariates: int = 0
    assets: int = 1
    latent: int = 0
    codes: int = 0
    code_numbers: int = 0

    @property
    def fixed(self) -> int:
        """Return the length of a row without what runs along the sample."""
        return sum(self._sizes)

    @property
    def static(self) -> int:
        """Return how many features of label, numbers and code the generator hears."""
        return sum(self._sizes[1:5])

    @property
    def moving(self) -> int:
        """Return how many channels of history and covariates run along time."""
        return (self.assets + 1 if self.history else 0) + self.covariates

    @property
    def _sizes(self) -> tuple[int, int, int, int, int, int]:
        return (
            SCALE_SIZE,
            self.labels,
            self.numbers + 1 if self.numbers else 0,
            self.codes,
            self.code_numbers,
            self.history * self.assets + 1 if self.history else 0,
        )

    def pack(
        self,
        batch: int,
        *,
        log_scale: Tensor | None = None,
        label: Tensor | None = None,
        numbers: Tensor | None = None,
        code: Tensor | None = None,
        code_numbers: Tensor | None = None,
        history: Tensor | None = None,
        covariates: Tensor | None = None,
        units: Tensor | None = None,
    ) -> Tensor:
        """Return the rows of a batch, (batch, size); what is None is not given.

        Args:
            batch: rows.
            log_scale: (batch,) logarithm of the unit in which the sample is measured.
            label: (batch,) int64, from 0 to ``labels`` − 1.
            numbers: (batch, numbers).
            code: (batch,) int64, from 0 to ``codes`` − 1.
            code_numbers: (batch, code_numbers).
            history: (batch, assets, history).
            covariates: (batch, covariates, time); a time of 1 holds throughout.
            units: (batch, time) the log scale at each step, where it changes along the sample, or
                is not itself given; left out, it is ``log_scale`` throughout.

        Raises:
            ConfigError: if something is given that the layout has no place for, or in other sizes.
        """
        told = {
            "log scale": (None if log_scale is None else log_scale[:, None], (1,)),
            "label": (None if label is None else _one_hot(label, self.labels), (self.labels,)),
            "numbers": (numbers, (self.numbers,)),
            "code": (None if code is None else _one_hot(code, self.codes, "code"), (self.codes,)),
            "code numbers": (code_numbers, (self.code_numbers,)),
            "history": (history, (self.assets, self.history)),
        }
        given = [covariates, *(x for x, _ in told.values())]
        devices = [x.device for x in given if x is not None]
        columns = []
        for (name, (tensor, shape)), size in zip(told.items(), self._sizes, strict=True):
            if tensor is None:
                columns.append(torch.zeros(batch, size, device=devices[0] if devices else None))
                continue
            _demand_shape(name, tensor, (batch, *shape))
            columns.append(tensor.flatten(1))
            if name in ("log scale", "numbers", "history"):
                columns.append(torch.ones(batch, 1, device=tensor.device))
        if covariates is not None:
            shape = (self.covariates, covariates.shape[-1])
            _demand_shape("covariates", covariates, (batch, *shape))
            if units is None:
                units = columns[0][:, :1].expand(-1, covariates.shape[-1])
            columns += [units, covariates.flatten(1)]
        elif units is not None:
            columns.append(units)
        if units is not None and log_scale is None:
            columns[0] = F.pad(units.mean(dim=1, keepdim=True), (0, 1))
        return torch.cat(columns, dim=1)

    def static_of(self, rows: Tensor) -> Tensor:
        """Return what holds for a whole sample besides its scale: (batch, static)."""
        return rows[:, SCALE_SIZE : SCALE_SIZE + self.static]

    def label_of(self, rows: Tensor) -> Tensor:
        """Return the one-hot label, zeros where it is not given: (batch, labels)."""
        return rows[:, SCALE_SIZE : SCALE_SIZE + self.labels]

    def codes_of(self, rows: Tensor) -> Tensor:
        """Return the one-hot code and its numbers: (batch, codes + code_numbers)."""
        last = SCALE_SIZE + self.static
        return rows[:, last - self.codes - self.code_numbers : last]

    def told(self, rows: Tensor) -> Tensor:
        """Return the rows as a critic may know them: those of a layout without latent codes."""
        first, last = SCALE_SIZE + self.static - self.codes - self.code_numbers, self.fixed
        rows = torch.cat([rows[:, :first], rows[:, SCALE_SIZE + self.static :]], dim=1)
        if not self.latent:
            return rows
        last -= self.codes + self.code_numbers
        along = rows[:, last:].reshape(len(rows), 1 + self.covariates, -1)
        return torch.cat([rows[:, :last], along[:, : -self.latent].flatten(1)], dim=1)

    def latent_of(self, rows: Tensor) -> Tensor:
        """Return the latent code that runs along, at its first step: (batch, latent).

        Zeros where there is none; only of rows that have covariates.
        """
        return self._along(rows)[:, 1 + self.covariates - self.latent :, 0]

    @property
    def observed(self) -> ConditionLayout:
        """Return the layout of ``told``: the same without latent codes."""
        shown = self.covariates - self.latent
        return replace(self, codes=0, code_numbers=0, covariates=shown, latent=0)

    def history_of(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return (batch, assets, history) and whether it is given, (batch, 1)."""
        first = SCALE_SIZE + self.static
        values, given = rows[:, first : self.fixed - 1], rows[:, self.fixed - 1 : self.fixed]
        return values.reshape(-1, self.assets, self.history), given

    def covariates_of(self, rows: Tensor) -> Tensor:
        """Return what runs along the sample: (batch, covariates, time), time 0 if not given."""
        return self._along(rows)[:, 1:]

    def log_scale_of(self, rows: Tensor) -> Tensor:
        """Return the log scale of each step, (batch, time), or of the whole sample, (batch, 1)."""
        along = self._along(rows)
        return along[:, 0] if along.shape[2] else rows[:, :1]

    def scale_of(self, rows: Tensor, time: int) -> Tensor:
        """Return log scale and whether it is given: (batch, 2), or (time, batch, 2) of each step.

        After the last step that is given, the log scale is held.
        """
        logs = self.log_scale_of(rows)
        if logs.shape[1] == 1:
            return torch.cat([logs, rows[:, 1:SCALE_SIZE]], dim=1)
        steps = torch.arange(time, device=rows.device).clamp_max(logs.shape[1] - 1)
        logs = logs[:, steps].T
        return torch.stack([logs, rows[:, 1].expand_as(logs)], dim=2)

    def rescaled(self, rows: Tensor, log_factor: float) -> Tensor:
        """Return the same rows with a larger scale, at each step."""
        steps = self._along(rows).shape[2]
        where = torch.zeros_like(rows)
        where[:, 0] = 1.0
        where[:, self.fixed : self.fixed + steps] = 1.0
        return rows + log_factor * where

    def _along(self, rows: Tensor) -> Tensor:
        """Return (batch, 1 + covariates, time), the log scale first; time 0 if nothing runs."""
        return rows[:, self.fixed :].reshape(len(rows), 1 + self.covariates, -1)

    def in_units(self, rows: Tensor) -> Tensor:
        """Return the same rows with the history in units of the scale."""
        if not self.history:
            return rows
        first, last = SCALE_SIZE + self.static, self.fixed - 1
        past = rows[:, first:last] * torch.exp(-rows[:, :1])
        return torch.cat([rows[:, :first], past, rows[:, last:]], dim=1)

    def tracks(self, rows: Tensor, before: int, time: int) -> Tensor:
        """Return what a causal network hears at each step while it makes a sample.

        Its step p hears what the market was at the start of step p + 1: the return of step p where
        that is history, with a channel that says so, and the covariates of step p + 1. The history
        is in units of the scale. Before the sample the covariates are what they are at its first
        step, so that a sample begins as one that has been under its conditions all along, and after
        the last step that is given they are held.

        Args:
            rows: (batch, size).
            before: steps of the network before the sample, at least ``history``.
            time: steps of the sample.

        Returns:
            (before + time − 1, batch, moving), from step −before to step time − 2.
        """
        tracks = []
        if self.history:
            past, given = self.history_of(self.in_units(rows))
            heard = torch.cat([past, given[..., None].expand(-1, 1, self.history)], dim=1)
            tracks.append(F.pad(heard, (before - self.history, time - 1)))
        if self.covariates:
            along = self.covariates_of(rows)
            steps = torch.arange(1 - before, time, device=rows.device)
            if along.shape[2]:
                tracks.append(along[..., steps.clamp(0, along.shape[2] - 1)])
            else:
                tracks.append(along.new_zeros(*along.shape[:2], len(steps)))
        return torch.cat(tracks, dim=1).permute(2, 0, 1)


NOTHING_ELSE = ConditionLayout()
"""The layout of a condition that is a scale at most."""


def in_powers(log_scale: Tensor, powers: Sequence[float]) -> Tensor:
    """Return the log scale of each channel: (…, 1) -> (…, channels), or as it is without powers."""
    return log_scale * log_scale.new_tensor(powers) if powers else log_scale


def _one_hot(label: Tensor, classes: int, name: str = "label") -> Tensor:
    low, high = int(label.min()), int(label.max())
    if not 0 <= low <= high < classes:
        raise ConfigError(f"{name}: expected classes from 0 to {classes - 1}, got {low} to {high}")
    return F.one_hot(label, classes)


def _demand_shape(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape or 0 in shape:
        raise ConfigError(f"{name}: the layout expects {shape}, got {tuple(tensor.shape)}")
