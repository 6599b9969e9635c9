"""The benchmark of growth: its series, what it tells of a fit and of a refusal, its table."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsgan import read_prices
from tsgan.data.returns import periods_per_year

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import growth


def test_series_have_the_volatility_and_tails_of_a_market() -> None:
    returns = np.diff(np.log(growth.simulated_prices(50_000, 3)))
    assert returns.std() * np.sqrt(252) == pytest.approx(0.2, rel=0.15)
    assert pd.Series(returns).kurt() > 5
    assert pd.Series(returns**2).autocorr(10) > 0.1 > abs(pd.Series(returns).autocorr(1))
    assert np.array_equal(returns[:10], np.diff(np.log(growth.simulated_prices(10, 3))))
    assert not np.array_equal(returns[:10], np.diff(np.log(growth.simulated_prices(10, 4))))


@pytest.mark.parametrize(("intraday", "per_year"), [(10_000, 252), (500, 252 * 601)])
def test_files_are_read_as_they_were_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, intraday: int, per_year: float
) -> None:
    monkeypatch.setattr(growth, "INTRADAY", intraday)
    path = tmp_path / "prices.csv"
    growth.write_prices(path, 600, 0)
    prices = read_prices(path)
    assert len(prices) == 601 and prices.has_dates and len(prices.notes) == 2
    made = growth.simulated_prices(600, 0)
    np.testing.assert_allclose(prices.values.to_numpy()[:, 0], made, rtol=1e-7)
    assert periods_per_year(prices.values.index) == pytest.approx(per_year, rel=0.05)


def told_of(path: Path, returns: int) -> dict[str, Any]:
    growth.write_prices(path, returns, 0)
    row: dict[str, Any] = {}
    growth.measure(path, 2, row.update)
    return row


def test_every_stage_of_a_fit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tsgan.judge.evaluate_model",
        lambda model, prices: SimpleNamespace(paths=7, bootstrap_paths=50),
    )
    row = told_of(tmp_path / "prices.csv", 600)
    stages = {name for name in growth.HEAD if name not in ("returns", "of 10,000")}
    assert stages <= set(row)
    assert row["ms per step"] > 0 < row["CPU ms"] and row["MiB in all"] >= row["MiB after fit"] > 50
    assert row["remarks"] == "7 paths, 50 of the bootstrap"


def test_a_refusal_is_told_in_one_line(tmp_path: Path) -> None:
    row = told_of(tmp_path / "prices.csv", 100)
    assert "expected at least 257 prices" in row["remarks"] and "\n" not in row["remarks"]
    assert "fit s" not in row


def test_a_process_of_its_own_tells_the_same() -> None:
    row = growth.in_its_own_process(10, 1, 0, 100)
    assert row["returns"] == 10 and row["read s"] >= 0
    assert "expected at least 257 prices" in row["remarks"]


def test_what_takes_too_long_is_stopped() -> None:
    row = growth.in_its_own_process(10, 1, 0, 0.01)
    assert row == {"returns": 10, "remarks": "stopped after 0.01 s"}


def test_table_compares_steps_with_those_of_10_000_returns() -> None:
    rows = [
        {"returns": 100, "read s": 0.01, "remarks": "too | short"},
        {"returns": 10_000, "ms per step": 90.0, "CPU ms": 80.0, "MiB in all": 812.4},
        {"returns": 1_000_000, "CPU ms": 100.0},
    ]
    lines = growth.table(rows).splitlines()
    assert len(lines) == 5 and lines[0].count("|") == lines[1].count("|") == len(growth.HEAD) + 1
    assert "| 100 | 0.0 |" in lines[2] and lines[2].endswith("| too \\| short |")
    assert "| 90.0 | 80.0 | 1.00 |" in lines[3] and "| 812 |" in lines[3]
    assert lines[4].startswith("| 1,000,000 |") and "| 100.0 | 1.25 |" in lines[4]
    assert "1.25" not in growth.table(rows[2:])
