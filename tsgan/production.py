"""A model and what is asked of it to scenarios: start, dates, conditions, history, drift, tick."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tsgan.analogues import LEAST_RETURNS, market_past
from tsgan.calendar_learning import iso_date
from tsgan.calendars import AUTO
from tsgan.calibration import Calibration
from tsgan.conditions import VOLATILITY
from tsgan.data.prices import Prices
from tsgan.data.returns import log_returns
from tsgan.errors import ConfigError, DataError
from tsgan.fitted import MEAN_STEPS, Fitted
from tsgan.given import Asked, Given, read_given
from tsgan.panel_calibration import PanelCalibration
from tsgan.sampler import Past, check_request, sample_groups
from tsgan.scenarios import Bars, Scenarios

FloatArray = npt.NDArray[np.float64]

REAL, ZERO = "real", "zero"
LARGEST_DRIFT = 10.0
CLOCK = "Times of day are by the clock of the price file; in UTC where it has a time zone."


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of a model.

    Attributes:
        numbers: of the paths; path k depends on the seed and k alone.
        horizon: steps of each.
        seed: of the paths.
        given: what the paths are under, see ``given.Asked``; extrapolate: do not warn of what
            training did not see.
        history: prices that the paths continue; None for a market anywhere in its ups and downs.
        drift: annual, of log prices; ``real``, ``zero``, or None for the model's own.
        start_price: before the first step; None for the last real one, or that of the history.
        start_date: ``YYYY-MM-DD``; None for the one after the last real one.
        calendar: ``auto`` for the model's own, or another, see ``Calendar.of``.
        tick: prices are rounded to its multiples.
    """

    numbers: Sequence[int]
    horizon: int
    seed: int = 0
    given: Asked = None
    extrapolate: bool = False
    history: Prices | None = None
    drift: float | str | None = None
    start_price: float | Sequence[float] | None = None
    start_date: str | None = None
    calendar: str = AUTO
    tick: float | None = None


class Production:
    """A request that a model can fulfil: checked, but nothing is made yet.

    Attributes:
        dates: (horizon,) of the steps.
        given: what is asked for, in words too.
        warnings: what a user should know before.

    Raises:
        ConfigError, DataError: at birth, where the model cannot do what is asked.
    """

    def __init__(self, fitted: Fitted, request: Request) -> None:
        check_request(len(request.numbers), request.horizon, request.seed)
        self.fitted, self.request = fitted, request
        self.start = _start_price(fitted, request)
        calendar = fitted.facts.calendar.of(request.calendar)
        if request.history is not None and request.history.has_dates:
            last = iso_date(request.history.values.index[-1])
            calendar = replace(calendar, last=last)
        self.dates = calendar.after(request.horizon, request.start_date)
        self.given: Given = read_given(
            request.given,
            fitted.conditions,
            request.horizon,
            self.dates,
            extrapolate=request.extrapolate,
        )
        remark = calendar.remark(self.dates)
        self.warnings = (*self.given.warnings, *(() if remark is None else (remark,)))
        self._drift = _per_step(request.drift, fitted)
        self._slots = calendar.slots_of_dates(self.dates, request.start_date)
        _check_tick(request.tick)
        self._history = None if request.history is None else self._returns_of(request.history)

    @property
    def said(self) -> tuple[str, ...]:
        """Return what the paths are under, and by which clock, in sentences."""
        told = []
        if self.given.said:
            told.append(f"Given: {'; '.join(self.given.said)}.")
        if self.request.history is not None:
            history = self.request.history
            last = f" on {history.values.index[-1]:%Y-%m-%d}" if history.has_dates else ""
            told.append(f"Continuing {history.source}, which ends{last}.")
        if self.dates.dtype != np.dtype("datetime64[D]"):
            told.append(CLOCK)
        return tuple(told)

    @property
    def identity(self) -> dict[str, str | int | float | None]:
        """Return what decides the numbers beside the model, as texts and numbers."""
        request, history = self.request, self.request.history
        return {
            "seed": request.seed,
            "first": int(request.numbers[0]),
            "given": json.dumps(
                {name: np.asarray(value).tolist() for name, value in self.given.values.items()}
            ),
            "history": None if history is None else history.sha256,
            "drift": None if request.drift is None else str(request.drift),
            "start_price": json.dumps(np.asarray(self.start).tolist()),
            "start_date": str(self.dates[0]),
            "calendar": request.calendar,
            "tick": request.tick,
        }

    def groups(self, wanted: range | None = None) -> Iterator[Scenarios]:
        """Yield scenarios in groups of paths, so that memory stays small.

        Args:
            wanted: numbers of consecutive paths; default: all of the request.
        """
        fitted, request = self.fitted, self.request
        paths = request.numbers if wanted is None else wanted
        row = fitted.condition(self.given.values, request.horizon)
        free = not self.given.values
        calibration = fitted.calibration if free else fitted.calibration_given
        shift = self._shift(row, calibration)
        made = sample_groups(
            fitted.generator,
            fitted.scaler,
            row,
            paths,
            request.horizon,
            request.seed,
            calibration=calibration,
            past=self._past,
        )
        first = 0
        for group in made:
            numbers = np.asarray(paths[first : first + len(group)], dtype=np.int64)
            first += len(group)
            if fitted.profile is not None:
                group = fitted.profile.multiply(group, self._slots)
            if shift is not None:
                group = group + shift
            yield self._scenarios(group, numbers)

    def _scenarios(self, group: FloatArray, numbers: npt.NDArray[np.int64]) -> Scenarios:
        """Return (paths, horizon, channels) as scenarios."""
        fitted, tick = self.fitted, self.request.tick
        if fitted.bars is not None:
            start = float(np.asarray(self.start))
            made = fitted.bars.bars(group, start, fitted.facts.last_volume, tick)
            bars = Bars(made.open, made.high, made.low, made.volume)
            return Scenarios(made.log_returns, start, self.dates, numbers, bars=bars, tick=tick)
        if fitted.assets > 1:
            return Scenarios(
                group, self.start, self.dates, numbers, fitted.facts.names, tick=tick
            ).rounded()
        return Scenarios(
            group[..., 0], float(np.asarray(self.start)), self.dates, numbers, tick=tick
        ).rounded()

    def _returns_of(self, history: Prices) -> FloatArray:
        """Return log returns of the history, without the profile of the time of day.

        They are (n,), or (n, assets) of several.
        """
        fitted = self.fitted
        if history.names != fitted.facts.names and len(history.names) != fitted.assets:
            raise DataError(
                f"{history.source}: expected prices of {', '.join(fitted.facts.names)}, got "
                f"{', '.join(history.names)}; give a file with these columns"
            )
        if VOLATILITY in self.given.values:
            raise ConfigError(
                "history: expected no given volatility, since the history says how volatile the "
                "market is; leave out one of the two"
            )
        returns = log_returns(history)
        least = max(fitted.generator.memory, LEAST_RETURNS)
        if len(returns) < least:
            raise DataError(
                f"{history.source}: expected a history of at least {least} log returns, as far as "
                f"the model looks back, got {len(returns)}; give a longer file"
            )
        if fitted.profile is not None:
            slots = fitted.facts.calendar.slots_of_returns(history)
            returns = returns / fitted.profile.factors[slots, : fitted.assets]
        return np.ascontiguousarray(returns if fitted.assets > 1 else returns[:, 0])

    @cached_property
    def _past(self) -> Past | None:
        """What the paths continue, None for nothing."""
        if self._history is None:
            return None
        fitted = self.fitted
        return market_past(
            fitted.generator,
            fitted.scaler,
            fitted.conditions.row({}, 1),
            self._history,
            self.request.seed,
            fitted.calibration,
        )

    def _shift(self, row: Tensor, calibration: Calibration | PanelCalibration) -> FloatArray | None:
        """Return what each step's returns are raised by, (channels,), None for nothing."""
        if self._drift is None:
            return None
        fitted, horizon = self.fitted, self.request.horizon
        changes = any(np.ndim(value) for value in self.given.values.values())
        mean = fitted.mean_path(row, calibration, horizon if changes else MEAN_STEPS)
        if not changes:
            mean = mean.mean(axis=0, keepdims=True)
        if fitted.profile is not None:
            mean = mean * fitted.profile.factors[self._slots]
        shift = self._drift - mean.mean(axis=0)
        if fitted.bars is not None:  # the close alone: gaps and wicks stay as they are
            shift = np.r_[shift[0], np.zeros(len(shift) - 1)]
        return np.asarray(shift)


def _check_tick(tick: float | None) -> None:
    real = isinstance(tick, int | float | np.number) and not isinstance(tick, bool)
    if tick is not None and not (real and np.isfinite(tick) and tick > 0):
        raise ConfigError(f"tick: expected a number above 0 such as 0.01, got {tick!r}")


def _start_price(fitted: Fitted, request: Request) -> float | FloatArray:
    """Return the price before the first step, of several assets (assets,)."""
    facts, assets = fitted.facts, fitted.assets
    asked = request.start_price
    if asked is None:
        if request.history is not None:
            last = request.history.values.to_numpy()[-1]
            return last.copy() if assets > 1 else float(last[0])
        return np.array(facts.last_prices) if assets > 1 else facts.last_price
    try:
        given = np.array(asked, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.array(np.nan)
    if assets > 1 and given.ndim == 0:
        given = np.full(assets, given)
    if given.shape != ((assets,) if assets > 1 else ()) or not bool(
        ((given > 0) & np.isfinite(given)).all()
    ):
        expected = f"one, or {assets} prices" if assets > 1 else "a number"
        raise ConfigError(f"start price: expected {expected} above 0, got {asked!r}")
    return given if assets > 1 else float(given)


def _per_step(drift: float | str | None, fitted: Fitted) -> FloatArray | None:
    """Return the mean log return that is asked for, (channels,), None for the model's own."""
    if drift is None:
        return None
    if isinstance(drift, str) and drift == REAL:
        known = fitted.facts.means or fitted.scaler.mean[: fitted.assets]
        return np.resize(np.asarray(known, dtype=np.float64), fitted.channels)
    try:
        annual = 0.0 if drift == ZERO else float(drift)
    except (TypeError, ValueError):
        annual = np.nan
    if not abs(annual) <= LARGEST_DRIFT:
        raise ConfigError(
            f"drift: expected real, zero, or an annual drift of log prices such as 0.05, at most "
            f"{LARGEST_DRIFT:g}, got {drift!r}"
        )
    return np.full(fitted.channels, annual / fitted.facts.periods_per_year)
