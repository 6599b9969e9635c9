"""What a long series is spared, that it is said, and that a shorter one is spared nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tsgan import comparison
from tsgan.comparison import LONG_SERIES, Settings, affordable
from tsgan.evaluation import evaluate

ASKED = Settings("series", 0, 200, 250.0, (), 200)


@pytest.mark.parametrize("returns", [2, 5_030, LONG_SERIES])
def test_nothing_changes_for_a_series_of_up_to_20_000_returns(returns: int) -> None:
    assert LONG_SERIES == 20_000
    assert affordable(ASKED, returns) is ASKED


@pytest.mark.parametrize(
    ("returns", "band", "baseline"),
    [(20_001, 199, 199), (40_000, 100, 100), (100_000, 50, 40), (1_000_000, 50, 4), (10**7, 50, 4)],
)
def test_a_longer_series_has_fewer_paths(returns: int, band: int, baseline: int) -> None:
    found = affordable(ASKED, returns)
    assert (found.bootstrap_paths, found.baseline_paths) == (band, baseline)
    few = Settings("series", 0, 20, 250.0, (), 2)
    assert affordable(few, returns) == few


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """A series and paths of 1,000 returns, which count as many from here on."""
    monkeypatch.setattr(comparison, "LONG_SERIES", 900)
    monkeypatch.setattr(comparison, "LARGEST_SAMPLE", 10_000)
    returns = np.random.default_rng(1).standard_t(4, size=(9, 1_000)) * 0.01
    return returns[0], returns[1:]


def test_what_is_spared_is_said(long: tuple[np.ndarray, np.ndarray]) -> None:
    settings = {"baselines": ("iid bootstrap",), "baseline_paths": 30}
    found = evaluate(*long, bootstrap_paths=60, **settings)
    assert found.bootstrap_paths == 50
    [told] = [warning for warning in found.warnings if "is long" in warning]
    assert "1,000 returns" in told and "50 bootstrap paths instead of 60" in told
    assert "10 paths of each baseline instead of 30" in told
    few = evaluate(*long, bootstrap_paths=50, **{**settings, "baseline_paths": 10})
    assert not [warning for warning in few.warnings if "is long" in warning]
    assert [row.band for row in few.rows] == [row.band for row in found.rows]
    assert [row.baselines for row in few.rows] == [row.baselines for row in found.rows]


def test_a_short_held_out_period_has_all_its_paths(
    long: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, paths = long
    parts = {"training": real[:600], "held_out": real[600:], "baselines": ()}
    spared = evaluate(real, paths, bootstrap_paths=60, **parts)
    monkeypatch.setattr(comparison, "LONG_SERIES", 1_000)
    whole = evaluate(real, paths, bootstrap_paths=60, **parts)
    assert (spared.bootstrap_paths, whole.bootstrap_paths) == (50, 60)
    assert spared.row("sd").band != whole.row("sd").band
    assert spared.row("sd").held_out == whole.row("sd").held_out
