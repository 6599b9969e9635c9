"""What regimes found without labels mean is measured, and they are called from the calmest on."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import regime_meanings
from tsgan.conditions import Conditions
from tsgan.data.prices import read_prices
from tsgan.networks import Generator
from tsgan.preparation import Prepared, prepare


def market(n: int = 1500, stay: int = 300) -> tuple[pd.Series, np.ndarray]:
    """Closes of a market that is wild and calm in turn, 32 % and 8 % a year, and its states."""
    wild = (np.arange(n) // stay + 1) % 2
    returns = np.where(wild, 0.02, 0.005) * np.random.default_rng(0).standard_normal(n) + 4e-4 * (
        1 - wild
    )
    days = pd.bdate_range("2010-01-01", periods=n + 1, name="Date")
    return pd.Series(100 * np.exp(np.cumsum(np.r_[0, returns])), index=days, name="Close"), wild


class ByVolatility:
    """A recogniser that takes windows above a volatility, in scaled units, for code 0, not 1."""

    def __init__(self, sure: float = 20.0) -> None:
        self.sure = sure

    def logits(self, windows: torch.Tensor) -> torch.Tensor:
        level = windows.square().mean(dim=(1, 2)).sqrt()
        return self.sure * torch.stack([level - 0.75, 0.75 - level], dim=1)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(read_prices(market()[0]), tiny.config(conditions=("regime=found:2",), holdout=0))


def meant(prepared: Prepared, monkeypatch: pytest.MonkeyPatch, sure: float = 20.0) -> Conditions:
    """Conditions whose code 0 makes windows of 1.4, code 1 of .35 times the usual volatility."""

    def made(_: Generator, row: torch.Tensor, prepared: Prepared, seed: int) -> np.ndarray:
        code = int(prepared.conditions.layout().covariates_of(row[None])[0, :, 0].argmax())
        shape = (regime_meanings.MADE, prepared.known.window, 1)
        return (1.4, 0.35)[code] * np.random.default_rng(seed).standard_normal(shape)

    monkeypatch.setattr(regime_meanings, "_made", made)
    index = read_prices(market()[0]).return_index
    return regime_meanings.with_meanings(None, ByVolatility(sure), prepared, index, 0)  # type: ignore[arg-type]


def test_regimes_are_measured_and_called_from_the_calmest_on(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions = meant(prepared, monkeypatch)
    track, regimes = conditions.found, conditions.regimes
    assert track is not None and regimes is not None
    assert track.classes == ("2", "1") and track.value(1) == 1.0  # code 1 is the calm one
    calm, wild = regimes.each
    unit, facts = prepared.conditions.volatility.unit, prepared.known
    assert calm.volatility == pytest.approx(0.35 * unit, rel=0.01)
    assert wild.volatility == pytest.approx(1.4 * unit, rel=0.01)
    assert abs(calm.skewness) < 0.05 and abs(calm.kurtosis) < 0.1 and abs(calm.memory) < 0.05
    drift = prepared.scaler.mean[0] * facts.periods_per_year
    assert calm.drift == pytest.approx(drift, abs=4 * calm.volatility / math.sqrt(400 * 128 / 252))
    realised = facts.volatilities()[facts.starts + facts.window - 1]
    own = realised / unit > 0.75
    assert wild.windows == own.sum() and wild.share == pytest.approx(own.mean())
    assert calm.windows == len(own) - own.sum()
    assert wild.real_volatility == pytest.approx(realised[own].mean())
    assert calm.real_volatility == pytest.approx(realised[~own].mean())
    assert regimes.usual == prepared.conditions.volatility.mid and regimes.latest == 1 + int(
        own[-1]
    )
    assert regimes.information == pytest.approx(math.log(2), abs=0.01) and not regimes.ignored


def test_episodes_are_when_the_market_was_so(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five stays of 300 returns, wild first: the borders are found within half a window."""
    conditions = meant(prepared, monkeypatch)
    assert conditions.regimes is not None
    days = read_prices(market()[0]).return_index
    for regime, stays in zip(conditions.regimes.each, ((1, 3), (0, 2, 4)), strict=True):
        assert len(regime.episodes) == len(stays)
        found = sorted(pd.Timestamp(first) for first, _ in regime.episodes)
        for first, stay in zip(found, stays, strict=True):
            begin = days[max(300 * stay, 64)]
            assert abs((first - begin).days) < 75, (first, begin)


def test_windows_that_tell_nothing_are_said_to(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions = meant(prepared, monkeypatch, sure=0.0)
    assert conditions.regimes is not None and conditions.regimes.ignored
    assert conditions.regimes.information == pytest.approx(0, abs=1e-6)
    (doubt,) = conditions.regimes.doubts("regime")
    assert "mean nothing that can be seen" in doubt and "0.00 of 0.69 nats" in doubt
